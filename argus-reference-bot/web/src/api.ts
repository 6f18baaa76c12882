/** The JSON API of the page's own server, and nothing else: no other host is ever asked. */

/** Somebody the viewer can be. */
export interface Person {
  id: string;
  name: string;
  title: string;
  tenant?: string;
  description?: string;
}

/** A message in the channel as Teams would hand it to a client. */
export interface Activity {
  id: string;
  from: { id: string; name: string; kind: "bot" | "user" };
  at: string;
  text?: string | null;
  text_format?: string | null;
  cards?: CardJson[];
  reply_to?: string | null;
  edited?: boolean;
}

/** An Adaptive Card as JSON; the renderer is the judge of what is in it. */
export type CardJson = Record<string, unknown>;

/** One line of the bot's audit trail. */
export interface AuditLine {
  seq: number;
  at: string;
  kind: string;
  who?: string | null;
  text: string;
  correlation?: string | null;
  hash?: string | null;
}

/** What the outside world counted: `system.operation/key` to a number of times. */
export type Effects = Record<string, number>;

export interface Snapshot {
  conversation: { id: string; name: string };
  activities: Activity[];
  audit: AuditLine[];
  effects: Effects;
}

/** An alert that the demo can send through the bot's front door. */
export interface SampleAlert {
  name: string;
  title: string;
  product?: string;
}

/** What a person did on a card. */
export interface Click {
  who: string;
  activity_id: string;
  action: { type: string; verb?: string; title: string; data: unknown };
  repeat?: number;
}

/** The bot's answer to one delivery of a click. */
export interface InvokeReply {
  statusCode?: number;
  type?: string;
  value?: unknown;
}

/** The bot's answers; `replies` has one for each delivery when the click was repeated. */
export interface ClickReply extends InvokeReply {
  replies?: InvokeReply[];
}

/** A fault for the small Microsoft that the demo runs. */
export interface FaultOrder {
  system: string;
  operation: string;
  fault: unknown;
  /** For this long; without it, for the next call. */
  for_ms?: number;
}

/** The page's server refused or could not be reached; `message` is fit for the viewer. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export const people = (): Promise<Person[]> => get("/api/people");
export const state = (): Promise<Snapshot> => get("/api/state");
export const alerts = (): Promise<SampleAlert[]> => get("/api/alerts");
export const say = (who: string, text: string): Promise<unknown> =>
  post("/api/messages", { who, text });
export const click = (body: Click): Promise<ClickReply> => post("/api/click", body);
export const sendAlert = (name: string): Promise<unknown> =>
  post(`/api/alerts/${encodeURIComponent(name)}`, {});
export const setFault = (order: FaultOrder): Promise<unknown> => post("/api/faults", order);

const get = <T>(path: string): Promise<T> => call<T>(path, { headers: { accept: "application/json" } });

const post = <T>(path: string, body: unknown): Promise<T> =>
  call<T>(path, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
  });

async function call<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, redirect: "error", credentials: "same-origin" });
  } catch {
    throw new ApiError("The demo does not answer. Is it still running?", 0);
  }
  const text = await response.text();
  if (!response.ok) throw new ApiError(problem(text, response.status), response.status);
  if (text === "") return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError("The demo's answer is not JSON.", response.status);
  }
}

/** The most telling words in an error body: problem+json first, then a plain `error`. */
export function problem(body: string, status: number): string {
  try {
    const json = JSON.parse(body) as Record<string, unknown>;
    for (const key of ["detail", "title", "error", "message"]) {
      const value = json[key];
      if (typeof value === "string" && value !== "") return value;
    }
  } catch {
    if (body.trim() !== "" && body.length <= 200 && !body.includes("<")) return body.trim();
  }
  return `The demo answered ${status}.`;
}
