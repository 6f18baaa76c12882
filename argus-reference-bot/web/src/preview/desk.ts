/** What `argus cards dev` says: the templates on the desk, and one card. */

import type { CardJson } from "../api";

export interface Template {
  name: string;
  file: string;
  samples: string[];
  /** With all samples. */
  errors: number;
  warnings: number;
}

export interface Desk {
  folder: string;
  /** Counts the changes. */
  change: number;
  templates: Template[];
  /** What can be done to a sample. */
  twists: { name: string; title: string }[];
}

export interface Problem {
  level: "error" | "warning";
  file: string;
  line: number | null;
  column: number | null;
  pointer: string | null;
  message: string;
  hint: string | null;
  /** The rule of `argus cards lint`, if one says it. */
  rule?: string | null;
  /** The line and a caret below it. */
  source: string | null;
}

export interface Drawn {
  card: CardJson | null;
  data?: unknown;
  /** As Teams counts: in UTF-16. */
  bytes?: number;
  problems: Problem[];
  /** The template is not on the desk any more. */
  gone?: boolean;
}

/** What to draw, and how. */
export interface Wish {
  template: string;
  sample: string;
  twist: string;
  locale: string;
  width: string;
  rtl: boolean;
}

export async function card(wish: Wish): Promise<Drawn> {
  const { template, sample, twist, locale } = wish;
  const answer = await fetch(`./api/card?${new URLSearchParams({ template, sample, twist, locale })}`);
  if (!answer.ok) throw new Error(`the preview's server answered ${answer.status}`);
  return (await answer.json()) as Drawn;
}

/** Calls back with the desk now and after each save; says whether the server is there. */
export function follow(onDesk: (desk: Desk) => void, onState: (connected: boolean) => void): void {
  const stream = new EventSource("./api/stream");
  stream.addEventListener("open", () => onState(true));
  stream.addEventListener("error", () => onState(false));
  stream.addEventListener("desk", (event) => onDesk(JSON.parse((event as MessageEvent<string>).data) as Desk));
}

/** What is in the address, so that a reload shows the same. */
export function wishOf(hash: string): Wish {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  return {
    template: said.get("template") ?? "",
    sample: said.get("sample") ?? "",
    twist: said.get("twist") ?? "plain",
    locale: said.get("locale") ?? "",
    width: said.get("width") ?? "standard",
    rtl: said.get("rtl") === "1",
  };
}

export function hashOf(wish: Wish): string {
  const { rtl, ...rest } = wish;
  return `#${new URLSearchParams({ ...rest, ...(rtl && { rtl: "1" }) })}`;
}

/** The wish with a template and a sample that are there. */
export function possible(wish: Wish, desk: Desk): Wish {
  const template = desk.templates.find((it) => it.name === wish.template) ?? desk.templates[0];
  const sample = template?.samples.includes(wish.sample) ? wish.sample : (template?.samples[0] ?? "");
  return { ...wish, template: template?.name ?? "", sample };
}
