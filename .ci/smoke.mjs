// The demo of a fresh clone, from the outside: started as a person would, clicked as people do, proven
// afterwards. `./check smoke` builds the program and calls this with node --test.
//
// ARGUS_BIN is the program, ARGUS_DATA a folder that may be written.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("..", import.meta.url));
const { ARGUS_BIN: bin, ARGUS_DATA: data } = process.env;
assert.ok(bin && data, "ARGUS_BIN and ARGUS_DATA are needed; ./check smoke sets them");
mkdirSync(data, { recursive: true });

let demo;
let url;
let printed = "";

before(async () => {
  demo = spawn(bin, ["demo", "--port", "0", "--data-dir", data], { cwd: repository });
  demo.on("exit", (code) => (printed += `\n(the demo ended with ${code})`));
  for (const stream of [demo.stdout, demo.stderr]) stream.on("data", (chunk) => (printed += chunk));
  // The first start installs and builds the page.
  url = await until("the demo prints its address", 300, () => /The channel\s+(http\S+)/.exec(printed)?.[1]);
});

after(async () => {
  await end();
});

async function end() {
  if (demo.exitCode !== null || demo.signalCode !== null) return;
  const gone = once(demo, "exit");
  demo.kill("SIGTERM");
  const late = setTimeout(() => demo.kill("SIGKILL"), 25_000);
  await gone;
  clearTimeout(late);
}

/** What `probe` finds, as soon as it finds something; fails after so many seconds. */
async function until(what, seconds, probe) {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (demo.exitCode !== null) assert.fail(`the demo ended before ${what}:\n${printed}`);
    if (performance.now() > deadline) assert.fail(`not within ${seconds} s: ${what}\n${printed}`);
    await sleep(50);
  }
}

async function ask(path, body, method = body ? "POST" : "GET") {
  const headers = body ? { "content-type": "application/json" } : {};
  const answer = await fetch(`${url}${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** All actions in a card, however deep. */
function actions(part) {
  if (Array.isArray(part)) return part.flatMap(actions);
  if (part === null || typeof part !== "object") return [];
  const own = part.type === "Action.Execute" ? [part] : [];
  return own.concat(Object.values(part).flatMap(actions));
}

/** The alert card of `host` that can be isolated, with its button. */
async function isolatable(host) {
  const { activities } = await ask("/api/state");
  for (const activity of activities) {
    if (!JSON.stringify(activity.cards ?? []).includes(host)) continue;
    const action = actions(activity.cards).find((it) => it.verb === "isolate");
    if (action) return { activity, action };
  }
  return undefined;
}

const host = "ws-114";
const isolations = async () => {
  const { effects } = await ask("/api/state");
  const counted = Object.entries(effects).filter(([name]) => name.startsWith(`defender.isolate/${host}`));
  return counted.reduce((sum, [, count]) => sum + count, 0);
};

test("the first card comes", async (t) => {
  const began = performance.now();
  await until("a card is in the channel", 30, async () => {
    const { activities } = await ask("/api/state");
    return activities.some((activity) => (activity.cards ?? []).length > 0);
  });
  t.diagnostic(`first card ${Math.round(performance.now() - began)} ms after the address was printed (debug build)`);
});

test("Chromium draws it without a complaint", async () => {
  const drive = join(repository, "argus-reference-bot/web/test/drive.mjs");
  const { stdout } = await run(process.execPath, [drive, url, "--as", "Alice", "--say", "whoami"]);
  const seen = JSON.parse(stdout);
  assert.ok(seen.cards > 0, stdout);
  assert.ok(seen.audit > 0, stdout);
});

test("a colleague without a role is refused, with a reason, and nothing happens", async () => {
  const { activity, action } = await until("a card offers to isolate", 30, () => isolatable(host));
  const answer = await ask("/api/click", { who: "bob", activity_id: activity.id, action });
  assert.equal(answer.statusCode, 403, JSON.stringify(answer));
  assert.match(JSON.stringify(answer.value), /SOC Engineers/);
  await sleep(500);
  assert.equal(await isolations(), 0);
});

test("five deliveries and a lost answer isolate once", async () => {
  const { activity, action } = await until("a card offers to isolate", 10, () => isolatable(host));
  await ask("/api/faults", { system: "defender", operation: "isolate", fault: "lose_response" });
  const answer = await ask("/api/click", { who: "alice", activity_id: activity.id, action, repeat: 5 });
  assert.equal(answer.replies.length, 5);
  for (const reply of answer.replies) assert.equal(reply.statusCode, 200, JSON.stringify(reply));
  assert.match(JSON.stringify(answer.value), /Queued|Isolated/);
  await until("the card says Isolated", 60, async () => {
    const { activities } = await ask("/api/state");
    const card = activities.find((it) => it.id === activity.id);
    return /Isolated/.test(JSON.stringify(card?.cards));
  });
  assert.equal(await isolations(), 1);
  await sleep(3_000);
  assert.equal(await isolations(), 1, "and it stays at one");
});

test("it ends when it is asked to", async () => {
  await end();
  assert.equal(demo.exitCode, 0, printed);
});

test("the audit trail is intact, and one changed byte is found", async () => {
  const { stdout } = await run(bin, ["audit", "verify", "--data", data]);
  assert.match(stdout, /^intact: \d+ records/);

  const exported = await run(bin, ["audit", "export", "--data", data], { maxBuffer: 1 << 28 });
  const records = exported.stdout.trim().split("\n").map((line) => JSON.parse(line));
  const text = (record) => (typeof record.payload === "string" ? record.payload : JSON.stringify(record.payload));
  // Long records continue on other pages of a file; a short one lies in one piece. What is in the
  // log file hides what is in the other one.
  const found = [];
  for (const name of ["argus.db-wal", "argus.db"]) {
    const file = join(data, name);
    if (!existsSync(file)) continue;
    const bytes = readFileSync(file);
    const record = records.find((it) => text(it).length < 600 && bytes.includes(text(it)));
    if (record) found.push({ name, file, bytes, record });
  }
  assert.ok(found.length > 0, "no record was found in the store's files");
  const [{ name, file, bytes, record }] = found;
  bytes[bytes.lastIndexOf(text(record)) + text(record).indexOf(":") + 2] ^= 1;
  writeFileSync(file, bytes);

  const verdict = await run(bin, ["audit", "verify", "--data", data]).catch((error) => error);
  assert.equal(verdict.code, 1, verdict.stdout);
  assert.match(verdict.stdout, /^NOT intact/);
  // A damaged log ends where it is damaged, so there the finding is the first record that is lost.
  const place = name === "argus.db" ? new RegExp(`record ${record.seq}\\b`) : /record \d+/;
  assert.match(verdict.stdout, place);
});
