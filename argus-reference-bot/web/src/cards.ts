/** An Adaptive Card's JSON as an element, drawn by the official renderer. */

import {
  Action,
  AdaptiveCard,
  ExecuteAction,
  GlobalRegistry,
  HostConfig,
  OpenUrlAction,
  SubmitAction,
  Table,
  Versions,
} from "adaptivecards";
import type { CardJson } from "./api";
import { h } from "./dom";
import { hostConfig, type Theme } from "./hostconfig";
import { renderMarkdown } from "./markdown";
import { openable, withoutRemoteMedia } from "./safety";

/** A button that was pressed and goes to the bot. */
export interface Press {
  type: "Action.Execute" | "Action.Submit";
  /** Only an `Action.Execute` has one. */
  verb?: string;
  title: string;
  data: unknown;
  /** Shows the button as busy until the promise ends. */
  during: (work: Promise<unknown>) => void;
}

export interface CardEvents {
  onPress: (press: Press) => void;
  /** Says why a button does nothing. */
  onRefused: (why: string) => void;
}

// The package says that its modules have no side effects, so the bundler drops the one in which a
// table registers itself.
GlobalRegistry.elements.register("Table", Table, Versions.v1_5);

AdaptiveCard.onProcessMarkdown = (text, result) => {
  result.outputHtml = renderMarkdown(text);
  result.didProcess = true;
};

/** Draws a card; what cannot be drawn becomes the card's fallback text. */
export function renderCard(json: CardJson, theme: Theme, events: CardEvents): HTMLElement {
  const frame = h("div", { class: isFullWidth(json) ? "card full" : "card" });
  const card = new AdaptiveCard();
  card.hostConfig = new HostConfig(hostConfig(theme));
  card.onExecuteAction = (action) => execute(action, events);
  try {
    card.parse(withoutRemoteMedia(json));
    const drawn = card.render();
    if (drawn) frame.append(drawn);
  } catch (error) {
    console.warn("a card could not be drawn", error);
  }
  if (frame.childElementCount === 0) frame.append(fallback(json));
  return frame;
}

function execute(action: Action, events: CardEvents): void {
  if (action instanceof OpenUrlAction) {
    const url = openable(action.url);
    if (url === undefined) events.onRefused("This button's address is not https, so it was not opened.");
    else window.open(url, "_blank", "noopener,noreferrer");
    return;
  }
  if (!(action instanceof ExecuteAction) && !(action instanceof SubmitAction)) return;
  events.onPress({
    ...(action instanceof ExecuteAction
      ? { type: "Action.Execute", verb: action.verb ?? "" }
      : { type: "Action.Submit" }),
    title: action.title ?? "",
    data: action.data ?? {},
    during: (work) => showBusy(action.renderedElement, work),
  });
}

/** The button keeps its place and its focus, says that it is busy, and takes no second press. */
function showBusy(button: HTMLElement | undefined, work: Promise<unknown>): void {
  if (button === undefined) return;
  const stop = (event: Event): void => {
    event.stopImmediatePropagation();
    event.preventDefault();
  };
  button.setAttribute("aria-busy", "true");
  button.setAttribute("aria-disabled", "true");
  button.addEventListener("click", stop, { capture: true });
  const done = (): void => {
    button.removeAttribute("aria-busy");
    button.removeAttribute("aria-disabled");
    button.removeEventListener("click", stop, { capture: true });
  };
  work.then(done, done);
}

function isFullWidth(json: CardJson): boolean {
  const teams = json["msteams"];
  return typeof teams === "object" && teams !== null && (teams as CardJson)["width"] === "Full";
}

function fallback(json: CardJson): HTMLElement {
  const text = json["fallbackText"] ?? json["speak"];
  return h("p", { class: "card-fallback" }, typeof text === "string" ? text : "This card cannot be shown.");
}
