/** What Teams does with a card before it draws it, and what the official renderer does not know. */

import type { CardJson } from "../api";
import { ACTIONS, DRAWN, TEAMS } from "./types";

/** Teams' widths, and how wide a card of each is here, in pixels. */
export const WIDTHS = { veryNarrow: 160, narrow: 300, standard: 420, wide: 800 } as const;
export type Width = keyof typeof WIDTHS;
const ORDER = Object.keys(WIDTHS) as Width[];

export interface Setting {
  width: Width;
  /** Empty for the texts that the card has by default. */
  locale: string;
}

/** Where a card has a list of elements. */
const LISTS = ["body", "items", "columns", "rows", "cells", "pages", "images"];

/**
 * The card as it is drawn: texts in the language, elements for this width only, and a placeholder
 * for each element that Teams draws and this renderer does not.
 */
export function adapt(card: CardJson, setting: Setting): CardJson {
  const words = strings(card, setting.locale);
  return element(translated(card, words) as CardJson, setting);
}

/** The languages in which a card has texts. */
export function locales(card: CardJson): string[] {
  const found = new Set<string>();
  for (const resource of Object.values(resources(card))) {
    for (const locale of Object.keys(record(record(resource)["localizedValues"]))) found.add(locale);
  }
  return [...found].sort();
}

function resources(card: CardJson): CardJson {
  return record(record(card["resources"])["strings"]);
}

function record(value: unknown): CardJson {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as CardJson) : {};
}

/** Each text by its name: in the language, else in one like it, else as it is by default. */
function strings(card: CardJson, locale: string): Map<string, string> {
  const language = locale.split("-")[0]?.toLowerCase() ?? "";
  const words = new Map<string, string>();
  for (const [name, resource] of Object.entries(resources(card))) {
    const values = Object.entries(record(record(resource)["localizedValues"]));
    const exact = values.find(([key]) => key.toLowerCase() === locale.toLowerCase());
    const near = values.find(([key]) => language !== "" && key.split("-")[0]?.toLowerCase() === language);
    const word = (exact ?? near)?.[1] ?? record(resource)["defaultValue"];
    if (typeof word === "string") words.set(name, word);
  }
  return words;
}

function translated(value: unknown, words: Map<string, string>): unknown {
  if (typeof value === "string") {
    return value.replace(/\$\{rs:([^}]+)\}/g, (all, name: string) => words.get(name.trim()) ?? all);
  }
  if (Array.isArray(value)) return value.map((item) => translated(item, words));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, one]) => [name, name === "resources" ? one : translated(one, words)]);
  return Object.fromEntries(entries);
}

/** Whether an element is for cards of this width: `narrow`, `atLeast:standard`, `atMost:narrow`. */
export function fits(target: unknown, width: Width): boolean {
  if (typeof target !== "string") return true;
  const [first, second] = target.includes(":") ? target.split(":") : ["", target];
  const wanted = ORDER.findIndex((name) => name.toLowerCase() === second?.trim().toLowerCase());
  if (wanted < 0) return true;
  const here = ORDER.indexOf(width);
  switch (first?.trim().toLowerCase()) {
    case "atleast":
      return here >= wanted;
    case "atmost":
      return here <= wanted;
    default:
      return here === wanted;
  }
}

function element(source: CardJson, setting: Setting): CardJson {
  const type = source["type"];
  if (typeof type === "string" && !DRAWN.has(type)) return placeholder(source, type);
  const adapted: CardJson = {};
  for (const [name, value] of Object.entries(source)) {
    if (LISTS.includes(name) && Array.isArray(value)) adapted[name] = list(value, setting);
    else if (name === "inlines" && Array.isArray(value)) adapted[name] = value.map(inline);
    else if (name === "actions" && Array.isArray(value)) adapted[name] = value.map((one) => action(one, setting));
    else if (name === "selectAction" || name === "inlineAction") {
      if (isDrawn(value)) adapted[name] = value;
    } else adapted[name] = value;
  }
  return adapted;
}

function list(items: unknown[], setting: Setting): unknown[] {
  return items
    .filter((item) => fits(record(item)["targetWidth"], setting.width))
    .map((item) => (typeof item === "object" && item !== null ? element(item as CardJson, setting) : item));
}

function placeholder(source: CardJson, type: string): CardJson {
  const words = [source["title"], source["text"], source["label"], source["altText"], source["name"]];
  const keep = ["id", "isVisible", "separator", "spacing", "height"].filter((name) => name in source);
  return {
    type: "Argus.Placeholder",
    kind: type,
    known: TEAMS.has(type),
    words: words.find((word) => typeof word === "string" && word !== "") ?? "",
    ...Object.fromEntries(keep.map((name) => [name, source[name]])),
  };
}

/** A part of a text: a word for what is not text. */
function inline(source: unknown): unknown {
  const type = record(source)["type"];
  if (typeof source === "string" || type === "TextRun") return source;
  return { type: "TextRun", text: `[${String(type)}]`, isSubtle: true, italic: true };
}

function isDrawn(value: unknown): boolean {
  return ACTIONS.has(String(record(value)["type"]));
}

function action(source: unknown, setting: Setting): unknown {
  const fields = record(source);
  if (isDrawn(source)) {
    const card = fields["card"];
    return typeof card === "object" && card !== null ? { ...fields, card: element(card as CardJson, setting) } : source;
  }
  const title = `${String(fields["title"] ?? "")} ⟨${String(fields["type"])}⟩`.trim();
  return { type: "Action.Submit", title, tooltip: "Teams draws this action; this preview does not.", isEnabled: false };
}
