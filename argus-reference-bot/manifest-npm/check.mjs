// Asks Microsoft's own JSON schema (npm @microsoft/app-manifest, MIT) whether Teams would take the
// manifests that `argus teams manifest` makes, and whether it refuses what our own check refuses.
//
//   node check.mjs --argus ../../target/debug/argus

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import Ajv from "ajv-draft-04";
import formats from "ajv-formats";

const { values } = parseArgs({ options: { argus: { type: "string" } } });
if (!values.argus) {
  console.error("say which program: node check.mjs --argus PATH");
  process.exit(2);
}

const schemas = join(
  dirname(createRequire(import.meta.url).resolve("@microsoft/app-manifest/package.json")),
  "build/json-schemas/teams",
);

/** The schema that a manifest names by its version. */
function schemaOf(manifest) {
  const file = join(schemas, `v${manifest.manifestVersion}`, "MicrosoftTeams.schema.json");
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats(ajv);
  return ajv.compile(JSON.parse(readFileSync(file, "utf8")));
}

function made(...more) {
  const fixed = ["--app-id", "0f0e0d0c-1111-4222-8333-444455556666", "--host", "bot.contoso.example"];
  const said = execFileSync(values.argus, ["teams", "manifest", ...fixed, ...more], {
    encoding: "utf8",
  });
  return JSON.parse(said);
}

const failures = [];
function must(holds, what, why) {
  if (!holds) failures.push(`${what}: ${JSON.stringify(why)}`);
}

const good = {
  "as it comes": made(),
  "named": made("--name", "Contoso SOC", "--developer", "Contoso", "--app-version", "2.10.0"),
  "pages of its own": made(
    "--website", "https://contoso.example/argus", "--privacy", "https://contoso.example/p",
    "--terms", "https://contoso.example/t",
  ),
  "permissions": made("--rsc", "TeamMember.Read.Group", "--rsc", "ChannelMessage.Read.Group"),
};
for (const [what, manifest] of Object.entries(good)) {
  const valid = schemaOf(manifest);
  must(valid(manifest), what, valid.errors);
}

// What the schema lets pass would prove nothing, so it has to refuse these.
const bad = {
  "a long name": (it) => (it.name.short = "x".repeat(31)),
  "no description": (it) => delete it.description,
  "an id that is none": (it) => (it.bots[0].botId = "argus"),
  "a colour's name": (it) => (it.accentColor = "blue"),
  "a page that is none": (it) => (it.developer.websiteUrl = "contoso.example"),
  "an unknown scope": (it) => (it.bots[0].scopes = ["everywhere"]),
  "an unknown member": (it) => (it.surprise = true),
};
for (const [what, spoil] of Object.entries(bad)) {
  const manifest = structuredClone(good["as it comes"]);
  spoil(manifest);
  must(!schemaOf(manifest)(manifest), what, "the schema takes it");
}

for (const failure of failures) console.error(failure);
console.log(
  `${Object.keys(good).length} manifests and ${Object.keys(bad).length} spoilt ones, ` +
    `schema ${good["as it comes"].manifestVersion}: ${failures.length} failures`,
);
process.exit(failures.length > 0 ? 1 : 0);
