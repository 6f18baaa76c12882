/** Cards such as the bot's templates make, written for the page's own tests. */

import type { CardJson } from "../src/api";

/** What the mock incident is going through. */
export interface Incident {
  key: string;
  title: string;
  host: string;
  severity: { label: string; style: "attention" | "warning" | "accent" };
  points: number;
  state: string;
  version: number;
  effect?: { status: string; style: "good" | "warning" | "attention" | "default"; detail: string };
  acknowledgedBy?: string;
  timeline: [at: string, text: string][];
}

const text = (words: string, more: CardJson = {}): CardJson => ({ type: "TextBlock", text: words, wrap: true, ...more });

const execute = (verb: string, title: string, more: CardJson = {}): CardJson => ({
  type: "Action.Execute",
  verb,
  title,
  data: { v: 1, inc: "opaque", nonce: "n", sig: "s" },
  ...more,
});

const column = (width: string, items: CardJson[], more: CardJson = {}): CardJson => ({ type: "Column", width, items, ...more });

/** The living card of an incident. */
export function alertCard(incident: Incident): CardJson {
  const { severity, effect } = incident;
  return {
    type: "AdaptiveCard",
    version: "1.5",
    msteams: { width: "Full" },
    fallbackText: `${incident.key}: ${incident.title}`,
    body: [
      {
        type: "Container",
        style: severity.style,
        bleed: true,
        items: [
          {
            type: "ColumnSet",
            columns: [
              column("stretch", [
                text(`${severity.label.toUpperCase()} · ${incident.key}`, { color: severity.style, weight: "Bolder", size: "Small" }),
                text(incident.title, { style: "heading", size: "Large", weight: "Bolder", spacing: "None" }),
                text("Microsoft Defender for Endpoint · first seen 14:02, 6 events", { isSubtle: true, spacing: "Small", size: "Small" }),
              ]),
              column("auto", [
                text(String(incident.points), { size: "ExtraLarge", weight: "Bolder", color: severity.style, horizontalAlignment: "Right" }),
                text("score", { size: "Small", isSubtle: true, spacing: "None", horizontalAlignment: "Right" }),
              ], { verticalContentAlignment: "Center" }),
            ],
          },
        ],
      },
      {
        type: "ColumnSet",
        columns: [
          column("stretch", [
            text("Entities", { weight: "Bolder", size: "Small", isSubtle: true }),
            { type: "FactSet", spacing: "Small", facts: [
              { title: "Host", value: `**${incident.host}** (tier 2)` },
              { title: "User", value: "m.osei" },
              { title: "File", value: "invoice\\_0311.exe" },
              { title: "ATT&CK", value: "T1486 Data Encrypted for Impact" },
            ] },
          ]),
          column("stretch", [
            text("Why this score", { weight: "Bolder", size: "Small", isSubtle: true }),
            { type: "FactSet", spacing: "Small", facts: [
              { title: "+40", value: "severity is high" },
              { title: "+25", value: "file hash is known ransomware" },
              { title: "+15", value: "asset is a workstation in finance" },
              { title: "+10", value: "three related alerts in 10 minutes" },
            ] },
          ]),
        ],
      },
      {
        type: "Container",
        style: effect ? effect.style : "emphasis",
        items: [
          {
            type: "ColumnSet",
            columns: [
              column("stretch", [text(effect ? `**${effect.status}**` : `**${incident.state}**`), text(effect?.detail ?? "Nobody has acted on this incident yet.", { isSubtle: true, spacing: "None", size: "Small" })]),
              column("auto", [text(incident.acknowledgedBy ? `Acknowledged by ${incident.acknowledgedBy}` : "Not acknowledged", { isSubtle: true, size: "Small" })], { verticalContentAlignment: "Center" }),
            ],
          },
        ],
      },
      ...incident.timeline.slice(-3).map(([at, words], index) => ({
        type: "ColumnSet",
        spacing: index === 0 ? "Medium" : "Small",
        columns: [column("56px", [text(at, { isSubtle: true, size: "Small" })]), column("stretch", [text(words, { size: "Small" })])],
      })),
      text(`${incident.key} · v${incident.version} · correlation 7f3a-91c2 · rendered from seq ${40 + incident.version}`, { isSubtle: true, size: "Small", separator: true, spacing: "Medium" }),
    ],
    actions: [
      execute("isolate", `Isolate ${incident.host}`, { style: "destructive" }),
      execute("ack", "Acknowledge", { style: "positive" }),
      execute("ticket", "Create ticket"),
      { type: "Action.OpenUrl", title: "Open in Defender", url: "https://security.example.com/incidents/7" },
    ],
  };
}

/** What the person who pressed "Isolate" sees before anything happens. */
export function confirmCard(incident: Incident): CardJson {
  return {
    type: "AdaptiveCard",
    version: "1.5",
    body: [
      text(`Isolate ${incident.host}?`, { size: "Large", weight: "Bolder" }),
      text("The host loses its network, except for Defender. Can be undone for 24 hours."),
      { type: "FactSet", facts: [
        { title: "Effect", value: "defender.isolate, full" },
        { title: "Digest", value: "`ab12c0ffee`" },
        { title: "Expires", value: "14:17" },
      ] },
      { type: "Input.Text", id: "reason", label: "Reason", placeholder: "For the audit trail", isMultiline: false },
    ],
    actions: [execute("isolate.confirm", "Isolate now", { style: "destructive" }), execute("isolate.cancel", "Cancel")],
  };
}

/** A card as if the bot had not escaped anything: everything in it wants to escape from the card. */
export function hostileCard(): CardJson {
  return {
    type: "AdaptiveCard",
    version: "1.5",
    backgroundImage: "https://evil.example/background.png",
    body: [
      text("Hostile sample", { weight: "Bolder" }),
      text("[press me](https://evil.example/phish) and [me](javascript:alert(1)) <https://evil.example/auto>"),
      text("![pixel](https://evil.example/pixel.png) <img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script>"),
      text("<a href='https://evil.example'>html</a> https://evil.example/bare"),
      { type: "Image", url: "https://evil.example/track.png", altText: "A map of the network" },
      { type: "FactSet", facts: [{ title: "[t](https://evil.example)", value: "![v](https://evil.example/v.png)" }] },
    ],
    actions: [
      { type: "Action.OpenUrl", title: "Run", url: "javascript:document.title='owned'" },
      { type: "Action.OpenUrl", title: "Plain http", url: "http://evil.example/", iconUrl: "https://evil.example/icon.png" },
    ],
  };
}

/** A form sent with Action.Submit, as older bots do. */
export function submitCard(): CardJson {
  return {
    type: "AdaptiveCard",
    version: "1.4",
    body: [text("How did Argus do?", { weight: "Bolder" }), { type: "Input.Text", id: "words", label: "Your words" }],
    actions: [{ type: "Action.Submit", title: "Send feedback", data: { form: "feedback" } }],
  };
}

/** A list as the bot's `list` answers it: a table. */
export function listCard(): CardJson {
  const cell = (text: string) => ({ type: "TableCell", items: [{ type: "TextBlock", text, wrap: true }] });
  const row = (...texts: string[]) => ({ type: "TableRow", cells: texts.map(cell) });
  return {
    type: "AdaptiveCard",
    version: "1.5",
    body: [
      {
        type: "Table",
        firstRowAsHeaders: true,
        columns: [{ width: 1 }, { width: 3 }],
        rows: [row("Incident", "Title"), row("INC-7", "Ransomware on a workstation")],
      },
    ],
  };
}
