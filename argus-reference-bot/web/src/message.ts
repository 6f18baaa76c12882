/** One message of the channel as an element. */

import type { Activity, CardJson, Person } from "./api";
import { renderCard, type CardEvents } from "./cards";
import { clock, h, hue, icon, initials } from "./dom";
import type { Theme } from "./hostconfig";
import { renderMarkdown, splitMentions } from "./markdown";
import type { Notice } from "./reply";

/** Everything that a message looks like to one viewer at one moment. */
export interface MessageView {
  activity: Activity;
  viewer: Person | undefined;
  theme: Theme;
  personal: CardJson | undefined;
  notice: Notice | undefined;
}

export interface MessageEvents extends CardEvents {
  onShared: () => void;
  onDismiss: () => void;
}

/** Draws the message anew. */
export function renderMessage(view: MessageView, events: MessageEvents): HTMLElement {
  const { activity } = view;
  const own = activity.from.id === view.viewer?.id;
  const name = activity.from.name || (activity.from.kind === "bot" ? "Argus" : "Somebody");
  return h(
    "div",
    { class: own ? "message own" : "message", "data-id": activity.id },
    avatar(activity.from.id, name, activity.from.kind),
    h(
      "div",
      { class: "message-body" },
      h(
        "div",
        { class: "message-head" },
        h("span", { class: "name" }, name),
        activity.from.kind === "bot" && h("span", { class: "badge" }, "App"),
        h("time", { datetime: activity.at }, clock(activity.at)),
        activity.edited === true && h("span", { class: "edited" }, "Edited"),
      ),
      ...text(activity),
      ...cards(view, events),
      view.notice && notice(view.notice, events.onDismiss),
    ),
  );
}

/** A round picture with initials, or the bot's mark. */
export function avatar(id: string, name: string, kind: "bot" | "user"): HTMLElement {
  return kind === "bot"
    ? h("span", { class: "avatar bot", "aria-hidden": "true" }, icon("shield"))
    : h("span", { class: `avatar hue-${hue(id)}`, "aria-hidden": "true" }, initials(name));
}

function text(activity: Activity): HTMLElement[] {
  const words = activity.text ?? "";
  if (words.trim() === "") return [];
  const isPlain = activity.text_format === "plain" || activity.from.kind === "user";
  const block = h("div", { class: "text" });
  for (const part of splitMentions(words)) {
    if (part.mention) block.append(h("span", { class: "mention" }, part.text));
    else if (isPlain) block.append(h("span", { class: "typed" }, part.text));
    else block.append(markdown(part.text));
  }
  return [block];
}

/** The only place that reads HTML; `renderMarkdown` makes it from text with HTML switched off. */
function markdown(source: string): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = renderMarkdown(source);
  return template.content;
}

function cards(view: MessageView, events: MessageEvents): (HTMLElement | false)[] {
  const shown = view.personal ? [view.personal] : (view.activity.cards ?? []);
  return [
    view.personal !== undefined &&
      h(
        "p",
        { class: "personal" },
        icon("lock"),
        "Only you see this version.",
        h("button", { type: "button", class: "link", onclick: events.onShared }, "Show everyone’s version"),
      ),
    ...shown.map((card) => renderCard(card, view.theme, events)),
  ];
}

function notice(notice: Notice, onDismiss: () => void): HTMLElement {
  const failed = notice.kind === "error";
  return h(
    "div",
    { class: failed ? "notice error" : "notice", role: failed ? "alert" : "status" },
    icon(failed ? "warning" : "lock"),
    h(
      "div",
      { class: "notice-words" },
      h("span", { class: "notice-for" }, failed ? "That did not work" : "Only you can see this"),
      h("p", {}, notice.text),
    ),
    h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss", onclick: onDismiss }, icon("close")),
  );
}
