/** What the bot's answer to a click means for the person who clicked. */

import type { CardJson, ClickReply, InvokeReply } from "./api";

/** A line under a card that only one viewer sees. */
export interface Notice {
  readonly kind: "private" | "error";
  readonly text: string;
}

/** What changes for the viewer: at most one card, at most one notice. */
export interface Outcome {
  readonly card?: CardJson;
  readonly notice?: Notice;
}

const CARD = "application/vnd.microsoft.card.adaptive";
const MESSAGE = "application/vnd.microsoft.activity.message";
const ERROR = "application/vnd.microsoft.error";
const SIGN_IN = "application/vnd.microsoft.activity.loginRequest";

/** Reads the answer to a click, one delivery or many. */
export function outcomeOf(reply: ClickReply | undefined): Outcome {
  const replies = reply?.replies;
  if (replies === undefined || replies.length === 0) return outcomeOfOne(reply ?? {});
  return outcomeOfMany(replies);
}

function outcomeOfOne(reply: InvokeReply): Outcome {
  const status = reply.statusCode ?? 200;
  if (reply.type === CARD && isCard(reply.value)) return { card: reply.value };
  if (reply.type === ERROR || status >= 400) return { notice: { kind: "error", text: errorText(reply) } };
  if (reply.type === MESSAGE) {
    const text = textOf(reply.value);
    return text === "" ? {} : { notice: { kind: "private", text } };
  }
  if (reply.type === SIGN_IN) {
    return { notice: { kind: "error", text: "The bot asks you to sign in; the demo has no sign-in." } };
  }
  return {};
}

/**
 * Reads several answers to one click.
 *
 * A bot that suppresses duplicates gives the same answer each time. What differs is counted, so
 * that the viewer sees both that one delivery did the work and what the others were told.
 */
function outcomeOfMany(replies: readonly InvokeReply[]): Outcome {
  const outcomes = replies.map(outcomeOfOne);
  const counts = new Map<string, number>();
  for (const outcome of outcomes) {
    const words = outcome.notice?.text ?? (outcome.card ? "a new card" : "an empty answer");
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const parts = [...counts].map(([words, count]) => `${count} × ${words}`);
  const text = `Delivered ${replies.length} times at once. The answers: ${parts.join("; ")}`;
  const card = outcomes.find((outcome) => outcome.card)?.card;
  const kind = outcomes.every((outcome) => outcome.notice?.kind === "error") ? "error" : "private";
  return { ...(card && { card }), notice: { kind, text } };
}

function errorText(reply: InvokeReply): string {
  const text = textOf(reply.value);
  return text === "" ? `The bot answered ${reply.statusCode ?? 500}.` : text;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  const { message, text, error } = value as Record<string, unknown>;
  for (const candidate of [message, text]) {
    if (typeof candidate === "string") return candidate;
  }
  return error === undefined ? "" : textOf(error);
}

function isCard(value: unknown): value is CardJson {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
