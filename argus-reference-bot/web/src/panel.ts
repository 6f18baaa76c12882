/** The side panel: what the viewer can cause, and what came of it. */

import { sendAlert, setFault, type AuditLine, type Effects, type SampleAlert } from "./api";
import { clock, h, icon } from "./dom";
import { FAULTS, type FaultOffer } from "./faults";
import { EMPTY, type Channel } from "./stream";
import { tabs } from "./tabs";

export interface PanelEvents {
  /** Tells the viewer that something was done or could not be. */
  say: (text: string, failed?: boolean) => void;
  onRepeat: (repeat: number) => void;
}

/** Deliveries of a click while "five times at once" is on. */
export const REPEAT = 5;

export class Panel {
  readonly element: HTMLElement;
  readonly #alerts = h("div", { class: "pane alerts" }, h("p", { class: "hint" }, "Loading the samples…"));
  readonly #effects = h("dl", { class: "effects" });
  readonly #audit = h("ol", { class: "audit", "aria-label": "Audit trail, newest first" });
  readonly #events: PanelEvents;
  readonly #lines = new Map<number, HTMLElement>();
  #counts: Effects | undefined;

  constructor(events: PanelEvents) {
    this.#events = events;
    this.element = h(
      "aside",
      { class: "panel", id: "panel", "aria-label": "Demo controls and evidence" },
      h(
        "section",
        { class: "section controls" },
        tabs("Demo controls", [
          { title: "Send an alert", pane: this.#alerts },
          { title: "Faults", pane: this.#faultPane() },
        ]),
      ),
      h("section", { class: "section world" }, h("h2", {}, "Effects in the outside world"), this.#effects),
      h("section", { class: "section trail" }, h("h2", {}, "Audit trail"), this.#audit),
    );
  }

  offer(alerts: readonly SampleAlert[]): void {
    const none = h("p", { class: "hint" }, "This demo has no sample alerts.");
    this.#alerts.replaceChildren(...(alerts.length === 0 ? [none] : alerts.map((alert) => this.#alert(alert))));
  }

  show(channel: Channel): void {
    this.#showEffects(channel.effects);
    this.#showAudit(channel.audit);
  }

  #alert(alert: SampleAlert): HTMLElement {
    const button = h(
      "button",
      { type: "button", class: "order", "data-alert": alert.name },
      icon("bolt"),
      h("span", { class: "order-title" }, alert.title),
      alert.product !== undefined && h("span", { class: "order-about" }, alert.product),
    );
    button.addEventListener("click", () => void this.#run(button, () => sendAlert(alert.name), `Sent: ${alert.title}`));
    return button;
  }

  #faultPane(): HTMLElement {
    const repeat = h("input", { type: "checkbox", id: "repeat" });
    repeat.addEventListener("change", () => this.#events.onRepeat(repeat.checked ? REPEAT : 1));
    return h(
      "div",
      { class: "pane" },
      ...FAULTS.map((offer) => this.#fault(offer)),
      h("label", { class: "check", for: "repeat" }, repeat, "Deliver my clicks five times at once"),
    );
  }

  #fault(offer: FaultOffer): HTMLElement {
    const button = h(
      "button",
      { type: "button", class: "order fault" },
      icon("warning"),
      h("span", { class: "order-title" }, offer.title),
      h("span", { class: "order-about" }, offer.about),
    );
    button.addEventListener("click", () => void this.#run(button, () => setFault(offer.order), offer.armed));
    return button;
  }

  async #run(button: HTMLButtonElement, work: () => Promise<unknown>, done: string): Promise<void> {
    button.disabled = true;
    try {
      await work();
      this.#events.say(done);
    } catch (error) {
      this.#events.say(error instanceof Error ? error.message : "That did not work.", true);
    } finally {
      button.disabled = false;
      button.focus({ preventScroll: true });
    }
  }

  #showEffects(effects: Effects): void {
    if (effects === this.#counts) return;
    // Before the first look at the world nothing in it can be news.
    const known = this.#counts ?? EMPTY.effects;
    const rows = Object.entries(effects)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, count]) => {
        const row = effectRow(name, count);
        if (known !== EMPTY.effects && (known[name] ?? 0) !== count) row.classList.add("changed");
        return row;
      });
    this.#counts = effects;
    const none = h("div", { class: "hint" }, "Nothing has been changed out there yet.");
    this.#effects.replaceChildren(...(rows.length === 0 ? [none] : rows));
  }

  #showAudit(lines: readonly AuditLine[]): void {
    const kept = new Set(lines.map((line) => line.seq));
    for (const [seq, element] of this.#lines) {
      if (kept.has(seq)) continue;
      element.remove();
      this.#lines.delete(seq);
    }
    // Lines come sorted; a late one still finds its place before the first that is older.
    for (const line of lines) {
      if (this.#lines.has(line.seq)) continue;
      const element = auditLine(line);
      const older = [...this.#lines].filter(([seq]) => seq < line.seq).sort(([a], [b]) => b - a)[0];
      this.#audit.insertBefore(element, older?.[1] ?? null);
      this.#lines.set(line.seq, element);
    }
  }
}

/** `defender.isolate/ws-114` in three readable parts. */
export function effectParts(name: string): { system: string; operation: string; key: string } {
  const slash = name.indexOf("/");
  const what = slash < 0 ? name : name.slice(0, slash);
  const dot = what.indexOf(".");
  return {
    system: dot < 0 ? what : what.slice(0, dot),
    operation: dot < 0 ? "" : what.slice(dot + 1),
    key: slash < 0 ? "" : name.slice(slash + 1),
  };
}

function effectRow(name: string, count: number): HTMLElement {
  const { system, operation, key } = effectParts(name);
  return h(
    "div",
    { class: "effect", "data-effect": name },
    h("dt", {}, h("b", {}, system), ` ${operation}`, key !== "" && h("code", { title: key }, key)),
    h("dd", {}, `${count}×`),
  );
}

function auditLine(line: AuditLine): HTMLElement {
  const details = [line.correlation, line.hash && line.hash.slice(0, 10)].filter(Boolean).join(" · ");
  return h(
    "li",
    { class: "line", "data-seq": line.seq },
    h(
      "div",
      { class: "line-head" },
      h("span", { class: "seq" }, `#${line.seq}`),
      h("span", { class: `kind ${tone(line.kind)}` }, line.kind),
      h("time", { datetime: line.at }, clock(line.at, true)),
    ),
    h("p", {}, line.who ? h("b", {}, line.who) : false, line.who ? " " : "", line.text),
    details !== "" && h("code", { class: "proof", title: line.hash ?? "" }, details),
  );
}

/** Refusals and failures stand out in the trail; the kind's name is the bot's, so only hints are read. */
export function tone(kind: string): "bad" | "good" | "plain" {
  if (/refus|den|fail|reject|invalid|error/i.test(kind)) return "bad";
  return /done|succe|permit|approv|complet|isolated|confirm/i.test(kind) ? "good" : "plain";
}
