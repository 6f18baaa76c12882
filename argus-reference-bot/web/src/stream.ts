/** The channel as a fold over the server's events, and the wire that brings them. */

import type { Activity, AuditLine, Effects, Snapshot } from "./api";

/** Audit lines kept in the page; the whole trail is in the bot. */
export const AUDIT_KEPT = 500;

/** Everything that the server tells the page. */
export type StreamEvent =
  | { type: "snapshot"; snapshot: Partial<Snapshot> }
  | { type: "activity"; activity: Activity; updated: boolean }
  | { type: "removed"; id: string }
  | { type: "audit"; line: AuditLine }
  | { type: "effects"; effects: Effects }
  | { type: "status"; text: string };

/** What the page knows. A new value for each event, so that "did it change?" is `!==`. */
export interface Channel {
  readonly conversation: { readonly id: string; readonly name: string };
  readonly activities: readonly Activity[];
  /** How often each activity was changed: a view made from an older revision is stale. */
  readonly revisions: Readonly<Record<string, number>>;
  readonly audit: readonly AuditLine[];
  readonly effects: Effects;
  readonly status: string;
}

export const EMPTY: Channel = {
  conversation: { id: "", name: "" },
  activities: [],
  revisions: {},
  audit: [],
  effects: {},
  status: "",
};

/** The next state. Every event may come twice (a reconnect repeats), so each one is idempotent. */
export function reduce(channel: Channel, event: StreamEvent): Channel {
  switch (event.type) {
    case "snapshot":
      return withSnapshot(channel, event.snapshot);
    case "activity":
      return withActivity(channel, event.activity, event.updated);
    case "removed":
      return { ...channel, activities: channel.activities.filter((one) => one.id !== event.id) };
    case "audit":
      return { ...channel, audit: withLines(channel.audit, [event.line]) };
    case "effects":
      return { ...channel, effects: event.effects };
    case "status":
      return { ...channel, status: event.text };
  }
}

function withSnapshot(channel: Channel, snapshot: Partial<Snapshot>): Channel {
  const activities = snapshot.activities;
  // What a snapshot does not name was deleted while we were away, so it replaces; what it does
  // name goes through the ordinary path, so that an unchanged card keeps its drawing.
  const kept = activities
    ? channel.activities.filter((one) => activities.some((other) => other.id === one.id))
    : channel.activities;
  const merged = (activities ?? []).reduce(
    (next, activity) => withActivity(next, activity, activity.edited === true),
    { ...channel, activities: kept },
  );
  return {
    ...merged,
    conversation: snapshot.conversation ?? channel.conversation,
    audit: withLines(channel.audit, snapshot.audit ?? []),
    effects: snapshot.effects ?? channel.effects,
  };
}

function withActivity(channel: Channel, activity: Activity, updated: boolean): Channel {
  const at = channel.activities.findIndex((one) => one.id === activity.id);
  const before = channel.activities[at];
  const next = { ...activity, edited: (activity.edited ?? false) || updated };
  if (before === undefined) {
    return { ...channel, activities: [...channel.activities, next] };
  }
  // A snapshot repeats what we have; only a real change may count as a new revision.
  if (sameContent(before, next)) return channel;
  return {
    ...channel,
    activities: channel.activities.with(at, next),
    revisions: { ...channel.revisions, [activity.id]: (channel.revisions[activity.id] ?? 0) + 1 },
  };
}

function sameContent(before: Activity, after: Activity): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}

function withLines(lines: readonly AuditLine[], more: readonly AuditLine[]): readonly AuditLine[] {
  const known = new Set(lines.map((line) => line.seq));
  const fresh = more.filter((line) => !known.has(line.seq));
  if (fresh.length === 0) return lines;
  return [...lines, ...fresh].sort((a, b) => a.seq - b.seq).slice(-AUDIT_KEPT);
}

/** Reads one server-sent event, or nothing if it is not one of ours. */
export function parseEvent(name: string, data: string): StreamEvent | undefined {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const value = json as Record<string, unknown>;
  switch (name) {
    case "snapshot":
      return { type: "snapshot", snapshot: value as Partial<Snapshot> };
    case "activity": {
      const activity = value["activity"] as Activity | undefined;
      if (typeof activity?.id !== "string") return undefined;
      return { type: "activity", activity, updated: value["updated"] === true };
    }
    case "removed":
      return typeof value["id"] === "string" ? { type: "removed", id: value["id"] } : undefined;
    case "audit":
      return typeof value["seq"] === "number"
        ? { type: "audit", line: value as unknown as AuditLine }
        : undefined;
    case "effects":
      return { type: "effects", effects: value as Effects };
    case "status":
      return { type: "status", text: String(value["text"] ?? "") };
    default:
      return undefined;
  }
}

const NAMES = ["snapshot", "activity", "removed", "audit", "effects", "status"] as const;

export type Connection = "connecting" | "live" | "lost";

/** Milliseconds before the n-th attempt (from 1): quick at first, never slower than 8 s. */
export function backoff(attempt: number): number {
  return Math.min(8000, 500 * 2 ** Math.max(0, attempt - 1));
}

/**
 * Listens to the server until the page goes away; reconnects by itself.
 *
 * After each (re)connection `resync` brings the whole state, so that nothing that happened in a
 * gap is missed. Events that arrive meanwhile wait their turn behind it.
 */
export function listen(options: {
  url: string;
  resync: () => Promise<Snapshot>;
  onEvent: (event: StreamEvent) => void;
  onConnection: (connection: Connection) => void;
}): void {
  let attempt = 0;
  const open = (): void => {
    const source = new EventSource(options.url);
    let waiting: StreamEvent[] | undefined = [];
    let closed = false;
    const again = (): void => {
      if (closed) return;
      closed = true;
      source.close();
      attempt += 1;
      options.onConnection("lost");
      setTimeout(open, backoff(attempt));
    };
    source.onopen = () => {
      options.resync().then(
        (snapshot) => {
          if (closed) return;
          attempt = 0;
          options.onEvent({ type: "snapshot", snapshot });
          waiting?.forEach(options.onEvent);
          waiting = undefined;
          options.onConnection("live");
        },
        again,
      );
    };
    source.onerror = again;
    for (const name of NAMES) {
      source.addEventListener(name, (message) => {
        const event = parseEvent(name, String((message as MessageEvent).data));
        if (event === undefined) return;
        if (waiting === undefined) options.onEvent(event);
        // The stream's own snapshot is older than the one that we are waiting for.
        else if (event.type !== "snapshot") waiting.push(event);
      });
    }
  };
  options.onConnection("connecting");
  open();
}
