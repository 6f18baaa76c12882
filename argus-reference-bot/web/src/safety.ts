/** What is taken out of a card before it is drawn, so that drawing it asks no other host. */

import type { CardJson } from "./api";

/** Where the card language names something to load. */
const LOADING = ["backgroundImage", "iconUrl", "poster"];
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|svg\+xml)[;,]/i;

/**
 * A copy of the card without pictures and media from elsewhere.
 *
 * The content security policy would block them too, but late and silently; a picture that is not
 * drawn is replaced by its alternative text, as Teams does for a picture that does not load.
 */
export function withoutRemoteMedia(card: CardJson): CardJson {
  return cleaned(card) as CardJson;
}

function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  const source = value as Record<string, unknown>;
  if (source["type"] === "Image" && !isLocal(source["url"])) return replaced(source);
  if (source["type"] === "Media") return replaced(source);
  const entries = Object.entries(source).filter(([name, one]) => !LOADING.includes(name) || isLocalPicture(one));
  return Object.fromEntries(entries.map(([name, one]) => [name, cleanedField(name, one)]));
}

function cleanedField(name: string, value: unknown): unknown {
  // What a button sends is the bot's own and goes back untouched.
  if (name === "data") return value;
  // In an ImageSet the pictures need not say that they are pictures.
  if (name === "images" && Array.isArray(value)) return value.filter(isLocalPicture);
  return cleaned(value);
}

function replaced(source: Record<string, unknown>): unknown {
  const words = typeof source["altText"] === "string" ? source["altText"] : "";
  // `text` runs through Markdown, so the words are made plain by a run of their own.
  return {
    type: "RichTextBlock",
    isVisible: words !== "",
    inlines: [{ type: "TextRun", text: words === "" ? " " : words, isSubtle: true, italic: true }],
  };
}

function isLocalPicture(value: unknown): boolean {
  if (typeof value === "string") return isLocal(value);
  return typeof value === "object" && value !== null && isLocal((value as Record<string, unknown>)["url"]);
}

function isLocal(url: unknown): boolean {
  return typeof url === "string" && PICTURE.test(url);
}

/** The address that a button may open, or nothing: https only, and without a password in it. */
export function openable(url: unknown): string | undefined {
  if (typeof url !== "string") return undefined;
  try {
    const parsed = new URL(url);
    const plain = parsed.username === "" && parsed.password === "";
    return parsed.protocol === "https:" && plain ? parsed.href : undefined;
  } catch {
    return undefined;
  }
}
