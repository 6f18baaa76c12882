import { expect, test } from "vitest";
import type { ClickReply, InvokeReply } from "../../src/api";
import { problem } from "../../src/api";
import { outcomeOf, type Outcome } from "../../src/reply";
import { Views } from "../../src/views";

const CARD = "application/vnd.microsoft.card.adaptive";
const MESSAGE = "application/vnd.microsoft.activity.message";
const ERROR = "application/vnd.microsoft.error";

const card = { type: "AdaptiveCard", version: "1.5" };
const message = (value: string): InvokeReply => ({ statusCode: 200, type: MESSAGE, value });

test("each kind of answer becomes a card, a notice or nothing", () => {
  const check = (reply: ClickReply | undefined, expected: Outcome) =>
    expect(outcomeOf(reply), JSON.stringify(reply)).toEqual(expected);
  check({ statusCode: 200, type: CARD, value: card }, { card });
  check(message("Ask Alice."), { notice: { kind: "private", text: "Ask Alice." } });
  check(message(""), {});
  check({ statusCode: 400, type: ERROR, value: { code: "Bad", message: "stale card" } }, {
    notice: { kind: "error", text: "stale card" },
  });
  check({ statusCode: 500, type: ERROR, value: { error: { message: "inner" } } }, {
    notice: { kind: "error", text: "inner" },
  });
  check({ statusCode: 412, type: ERROR }, { notice: { kind: "error", text: "The bot answered 412." } });
  check({ statusCode: 403, type: MESSAGE, value: "no" }, { notice: { kind: "error", text: "no" } });
  check({ statusCode: 200 }, {});
  check(undefined, {});
  // A card that is no object cannot be drawn and must not replace one that can.
  check({ statusCode: 200, type: CARD, value: "text" }, {});
});

test("five answers to one click are counted by what they say", () => {
  const replies = [{ type: CARD, value: card }, ...Array.from({ length: 4 }, () => message("Already being done."))];
  const outcome = outcomeOf({ replies });
  expect(outcome.card).toBe(card);
  expect(outcome.notice?.kind).toBe("private");
  expect(outcome.notice?.text).toBe(
    "Delivered 5 times at once. The answers: 1 × a new card; 4 × Already being done.",
  );
});

test("five failures are an error", () => {
  const replies = Array.from({ length: 5 }, () => ({ statusCode: 500, type: ERROR, value: { message: "down" } }));
  expect(outcomeOf({ replies }).notice).toEqual({
    kind: "error",
    text: "Delivered 5 times at once. The answers: 5 × down",
  });
});

test("a personal view is for one person and ends with the next change for all", () => {
  const views = new Views();
  views.put("alice", "1", { card, notice: { kind: "private", text: "sure?" } }, 0);
  expect(views.card("alice", "1", 0)).toBe(card);
  expect(views.card("bob", "1", 0)).toBeUndefined();
  expect(views.notice("bob", "1")).toBeUndefined();
  expect(views.card("alice", "1", 1)).toBeUndefined();
  expect(views.notice("alice", "1")?.text).toBe("sure?");
  views.dismiss("alice", "1");
  expect(views.notice("alice", "1")).toBeUndefined();
  expect(views.card("alice", "1", 0)).toBe(card);
});

test("an answer without a card keeps the personal card of the same revision only", () => {
  const views = new Views();
  views.put("alice", "1", { card }, 0);
  views.put("alice", "1", { notice: { kind: "private", text: "give a reason" } }, 0);
  expect(views.card("alice", "1", 0)).toBe(card);
  views.put("alice", "1", { notice: { kind: "private", text: "late" } }, 1);
  expect(views.card("alice", "1", 1)).toBeUndefined();
});

test("an answer that the shared card has overtaken is not shown", () => {
  const shown = (clicked: number, answered: number) => {
    const views = new Views();
    views.put("alice", "1", { card }, answered, clicked);
    return views.card("alice", "1", answered) === card;
  };
  expect([shown(0, 0), shown(0, 1), shown(0, 2), shown(3, 9)]).toEqual([true, true, false, false]);
});

test("an error body says its most telling words", () => {
  const check = (body: string, expected: string) => expect(problem(body, 502)).toBe(expected);
  check('{"title":"bad","detail":"the bot does not answer"}', "the bot does not answer");
  check('{"title":"bad"}', "bad");
  check("plain words", "plain words");
  check("<html>gateway</html>", "The demo answered 502.");
  check("", "The demo answered 502.");
});
