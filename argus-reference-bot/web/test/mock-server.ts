/** A stand-in for the demo's JSON API with one small story: Alice may, Bob may not. */

import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Activity, AuditLine, Click, InvokeReply, Person } from "../src/api";
import { alertCard, confirmCard, hostileCard, submitCard, type Incident } from "./mock-cards";

const PEOPLE: Person[] = [
  { id: "alice", name: "Alice Berg", title: "SOC engineer", tenant: "Fjordbank", description: "May acknowledge, isolate hosts and open tickets." },
  { id: "dana", name: "Dana Ortiz", title: "SOC engineer", tenant: "Fjordbank", description: "May do the same, and give the second approval." },
  { id: "bob", name: "Bob Lind", title: "Colleague", tenant: "Fjordbank", description: "Is in the channel but has no role: may only read." },
  { id: "carol", name: "Carol Reyes", title: "Partner analyst", tenant: "Contoso", description: "A guest of the shared channel: may acknowledge, never isolate." },
];

const ALERTS = [
  { name: "ransomware", title: "Ransomware on WS-114", product: "Microsoft Defender for Endpoint" },
  { name: "sign-in", title: "Impossible travel of m.osei", product: "Microsoft Entra ID Protection" },
  { name: "trail", title: "CloudTrail logging stopped", product: "AWS CloudTrail" },
  { name: "hostile", title: "Alert with a hostile file name", product: "Sample of an attack on the card" },
];

const MESSAGE = "application/vnd.microsoft.activity.message";
const CARD = "application/vnd.microsoft.card.adaptive";

export class MockServer {
  /** Every POST that was made, so that tests can see what the page sent. */
  readonly posts: { path: string; body: unknown }[] = [];
  /** How long a click takes. */
  clickMs = 150;
  readonly #streams = new Set<ServerResponse>();
  readonly #activities: Activity[] = [];
  readonly #audit: AuditLine[] = [];
  readonly #effects: Record<string, number> = {};
  readonly #incidents = new Map<string, Incident>();
  readonly #inFlight = new Set<string>();
  #next = 1;

  constructor() {
    this.#alert("ransomware");
  }

  /** Answers one request under `/api/`. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? "").split("?")[0] ?? "";
    if (request.method === "GET") this.#get(path, response);
    else void this.#post(path, request, response);
  }

  /** Cuts every stream, as a restart of the demo would. */
  cutStreams(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  /** Deletes an activity for everybody. */
  remove(id: string): void {
    const at = this.#activities.findIndex((one) => one.id === id);
    this.#activities.splice(at, 1);
    this.#tell("removed", { id });
  }

  /** Puts a card into the channel. */
  card(card: Record<string, unknown>): string {
    return this.#add({ from: BOT, cards: [card] }).id;
  }

  #get(path: string, response: ServerResponse): void {
    const state = {
      conversation: { id: "19:soc-alerts@thread.tacv2", name: "SOC alerts" },
      activities: this.#activities,
      audit: this.#audit,
      effects: this.#effects,
    };
    if (path === "/api/people") json(response, 200, PEOPLE);
    else if (path === "/api/alerts") json(response, 200, ALERTS);
    else if (path === "/api/state") json(response, 200, state);
    else if (path === "/api/stream") {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(`event: snapshot\ndata: ${JSON.stringify(state)}\n\n`);
      this.#streams.add(response);
      response.on("close", () => this.#streams.delete(response));
    } else json(response, 404, { title: "no such page" });
  }

  async #post(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    let raw = "";
    for await (const chunk of request) raw += String(chunk);
    const body = JSON.parse(raw || "{}") as Record<string, unknown>;
    this.posts.push({ path, body });
    if (path === "/api/messages") this.#message(body as { who: string; text: string }, response);
    else if (path === "/api/click") await this.#click(body as unknown as Click, response);
    else if (path === "/api/faults") json(response, 200, {});
    else if (path.startsWith("/api/alerts/")) {
      this.#alert(path.slice("/api/alerts/".length));
      json(response, 202, {});
    } else json(response, 404, { title: "no such page" });
  }

  #message(body: { who: string; text: string }, response: ServerResponse): void {
    const person = PEOPLE.find((one) => one.id === body.who);
    if (!person) return json(response, 400, { title: "nobody has this id" });
    const from = { id: person.id, name: person.name, kind: "user" as const };
    const asked = this.#add({ from, text: `<at>Argus</at> ${body.text}` });
    json(response, 202, {});
    setTimeout(() => {
      const cards = body.text === "feedback" ? [submitCard()] : undefined;
      this.#add({
        from: BOT,
        reply_to: asked.id,
        text: `You said **${body.text}**. One incident is open: \`INC-7\`.`,
        text_format: "markdown",
        ...(cards && { cards }),
      });
    }, 100);
  }

  async #click(click: Click, response: ServerResponse): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.clickMs));
    if (click.action.verb === "crash") return json(response, 502, { title: "the bot does not answer" });
    if (click.repeat === undefined) return json(response, 200, this.#invoke(click));
    const replies = Array.from({ length: click.repeat }, () => this.#invoke(click));
    json(response, 200, { ...replies[0], replies });
  }

  #invoke({ who, activity_id, action }: Click): InvokeReply {
    const person = PEOPLE.find((one) => one.id === who);
    const incident = this.#incidents.get(activity_id);
    const name = person?.name ?? "Somebody";
    if (action.type === "Action.Submit") return message(`Thank you, ${name}.`);
    if (!incident) return { statusCode: 404, type: "application/vnd.microsoft.error", value: { code: "NotFound", message: "This card is no longer known." } };
    if (who === "bob") {
      this.#record("refused", name, `may not ${action.verb ?? ""} ${incident.host}`);
      return message("This needs the role SOC engineer. Ask @Alice Berg; your attempt was recorded.");
    }
    if (action.verb === "isolate") return { statusCode: 200, type: CARD, value: confirmCard(incident) };
    if (action.verb === "isolate.cancel") return { statusCode: 200, type: CARD, value: alertCard(incident) };
    if (action.verb === "isolate.confirm") return this.#isolate(incident, activity_id, name);
    if (action.verb === "ack") return this.#acknowledge(incident, activity_id, name);
    this.#effect(`servicenow.create/${incident.key}`);
    return message("Ticket INC0010001 was opened.");
  }

  #acknowledge(incident: Incident, id: string, name: string): InvokeReply {
    if (incident.acknowledgedBy) return message(`${incident.acknowledgedBy} acknowledged this already.`);
    incident.acknowledgedBy = name;
    incident.timeline.push([now(), `${name} acknowledged`]);
    this.#record("acknowledged", name, `acknowledged ${incident.key}`);
    this.#update(id, incident);
    return { statusCode: 200, type: CARD, value: alertCard(incident) };
  }

  #isolate(incident: Incident, id: string, name: string): InvokeReply {
    if (this.#inFlight.has(id)) return message("This is already being done.");
    this.#inFlight.add(id);
    incident.effect = { status: "Queued", style: "warning", detail: `Isolation of ${incident.host}, asked for by ${name}` };
    incident.timeline.push([now(), `${name} isolated ${incident.host}`]);
    this.#record("permitted", name, `isolate ${incident.host}`);
    this.#update(id, incident);
    setTimeout(() => {
      this.#effect(`defender.isolate/${incident.host.toLowerCase()}`);
      incident.effect = { status: "Isolated", style: "good", detail: "Machine action 53f1 succeeded. Undo for 24 hours." };
      incident.state = "Contained";
      incident.timeline.push([now(), `${incident.host} is isolated`]);
      this.#record("done", "", `isolated ${incident.host}`);
      this.#update(id, incident);
    }, 800);
    return { statusCode: 200, type: CARD, value: alertCard(incident) };
  }

  #alert(name: string): void {
    if (name === "hostile") {
      this.card(hostileCard());
      return;
    }
    const first = name === "ransomware";
    const incident: Incident = {
      key: `INC-${this.#next + 6}`,
      title: first ? "Ransomware activity on a finance workstation" : (ALERTS.find((one) => one.name === name)?.title ?? name),
      host: first ? "WS-114" : "WS-220",
      severity: first ? { label: "High", style: "attention" } : { label: "Medium", style: "warning" },
      points: first ? 90 : 62,
      state: "Open",
      version: 1,
      timeline: [[now(), "Alert received and scored"]],
    };
    this.#record("received", "", `${incident.key} from ${name}, score ${incident.points}`);
    const activity = this.#add({ from: BOT, cards: [alertCard(incident)] });
    this.#incidents.set(activity.id, incident);
    this.#effect("teams.send/soc-alerts");
  }

  #add(activity: Omit<Activity, "id" | "at">): Activity {
    const whole = { id: String(1_700_000_000_000 + this.#next++), at: new Date().toISOString(), ...activity };
    this.#activities.push(whole);
    this.#tell("activity", { activity: whole, updated: false });
    return whole;
  }

  #update(id: string, incident: Incident): void {
    incident.version += 1;
    const at = this.#activities.findIndex((one) => one.id === id);
    const before = this.#activities[at];
    if (!before) return;
    const after = { ...before, edited: true, cards: [alertCard(incident)] };
    this.#activities[at] = after;
    this.#tell("activity", { activity: after, updated: true });
  }

  #record(kind: string, who: string, text: string): void {
    const seq = this.#audit.length + 1;
    const hash = createHash("sha256").update(`${seq}${kind}${who}${text}`).digest("hex");
    const line = { seq, at: new Date().toISOString(), kind, who, text, correlation: "7f3a-91c2", hash };
    this.#audit.push(line);
    this.#tell("audit", line);
  }

  #effect(name: string): void {
    this.#effects[name] = (this.#effects[name] ?? 0) + 1;
    this.#tell("effects", this.#effects);
  }

  #tell(event: string, data: unknown): void {
    for (const stream of this.#streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}

const BOT = { id: "28:argus", name: "Argus", kind: "bot" as const };

const message = (value: string): InvokeReply => ({ statusCode: 200, type: MESSAGE, value });

const now = (): string => new Date().toTimeString().slice(0, 5);

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
