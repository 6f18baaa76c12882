import { expect, test } from "vitest";
import type { Activity, AuditLine } from "../../src/api";
import { AUDIT_KEPT, backoff, EMPTY, parseEvent, reduce, type Channel, type StreamEvent } from "../../src/stream";

const activity = (id: string, text: string): Activity => ({
  id,
  from: { id: "28:argus", name: "Argus", kind: "bot" },
  at: "2026-11-20T14:02:00Z",
  text,
});

const line = (seq: number): AuditLine => ({ seq, at: "2026-11-20T14:02:00Z", kind: "done", text: `line ${seq}` });

const fold = (events: StreamEvent[], from: Channel = EMPTY): Channel => events.reduce(reduce, from);

const added = (id: string, text: string): StreamEvent => ({ type: "activity", activity: activity(id, text), updated: false });
const changed = (id: string, text: string): StreamEvent => ({ type: "activity", activity: activity(id, text), updated: true });

test("an update changes the card in its place and marks it as edited", () => {
  const channel = fold([added("1", "queued"), added("2", "other"), changed("1", "isolated")]);
  expect(channel.activities.map(({ id, text, edited }) => [id, text, edited])).toEqual([
    ["1", "isolated", true],
    ["2", "other", false],
  ]);
  expect(channel.revisions).toEqual({ "1": 1 });
});

test("the same event twice is the same event once", () => {
  const events: StreamEvent[] = [
    added("1", "a"),
    changed("1", "b"),
    { type: "audit", line: line(1) },
    { type: "effects", effects: { "defender.isolate/ws-114": 1 } },
  ];
  const once = fold(events);
  const twice = fold(events.flatMap((event) => [event, event]));
  expect(twice).toEqual(once);
});

test("a repeated snapshot keeps the drawings of what did not change", () => {
  const before = fold([added("1", "a"), added("2", "b")]);
  const snapshot = { activities: [activity("1", "a"), { ...activity("2", "c"), edited: true }] };
  const after = fold([{ type: "snapshot", snapshot }], before);
  expect(after.activities[0]).toBe(before.activities[0]);
  expect(after.activities[1]?.text).toBe("c");
  expect(after.revisions).toEqual({ "2": 1 });
});

test("what a snapshot does not name was removed while we were away", () => {
  const before = fold([added("1", "a"), added("2", "b")]);
  const after = fold([{ type: "snapshot", snapshot: { activities: [activity("2", "b")] } }], before);
  expect(after.activities.map(({ id }) => id)).toEqual(["2"]);
});

test("a removed activity is gone and the others stay", () => {
  const channel = fold([added("1", "a"), added("2", "b"), { type: "removed", id: "1" }]);
  expect(channel.activities.map(({ id }) => id)).toEqual(["2"]);
});

test("audit lines are in order, once each, and bounded", () => {
  const many = Array.from({ length: AUDIT_KEPT + 20 }, (_, index) => line(index + 1));
  const shuffled = [...many.slice(300), ...many.slice(0, 310)];
  const channel = fold(shuffled.map((one) => ({ type: "audit", line: one })));
  const seqs = channel.audit.map(({ seq }) => seq);
  expect(seqs).toHaveLength(AUDIT_KEPT);
  expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  expect(seqs.at(-1)).toBe(AUDIT_KEPT + 20);
});

test("events are read, and what is not one of ours is let go", () => {
  const check = (name: string, data: string, expected: StreamEvent | undefined) =>
    expect(parseEvent(name, data), `${name} ${data}`).toEqual(expected);
  check("status", '{"text":"Teams is down"}', { type: "status", text: "Teams is down" });
  check("removed", '{"id":"7"}', { type: "removed", id: "7" });
  check("effects", '{"a.b/c":2}', { type: "effects", effects: { "a.b/c": 2 } });
  check("activity", '{"activity":{"id":"1"},"updated":true}', {
    type: "activity",
    activity: { id: "1" } as Activity,
    updated: true,
  });
  check("activity", "{}", undefined);
  check("audit", '{"text":"no number"}', undefined);
  check("removed", "null", undefined);
  check("removed", "{broken", undefined);
  check("heartbeat", "{}", undefined);
});

test("reconnecting is quick at first and never slower than eight seconds", () => {
  expect([1, 2, 3, 4, 5, 6, 60].map(backoff)).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
});
