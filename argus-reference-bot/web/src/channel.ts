/** The message list: threads, updates in place, and what only the present viewer sees. */

import { click, type Activity, type CardJson, type Person } from "./api";
import type { Press } from "./cards";
import { h, icon } from "./dom";
import type { Theme } from "./hostconfig";
import { renderMessage } from "./message";
import { outcomeOf, type Outcome } from "./reply";
import type { Channel } from "./stream";
import { Views } from "./views";

/** What a message was last drawn from: the same parts draw the same message. */
interface Drawn {
  parts: readonly unknown[];
  element: HTMLElement;
}

interface Thread {
  root: string;
  post: HTMLElement;
  replies: HTMLElement;
}

/** The page's settings that decide how messages look and what a press sends. */
export interface Scene {
  viewer: Person | undefined;
  theme: Theme;
  /** How often each click is delivered. */
  repeat: number;
}

export class ChannelView {
  readonly element: HTMLElement;
  readonly #log = h("div", { class: "posts", role: "log", "aria-label": "Messages", "aria-live": "polite" });
  readonly #scroller: HTMLElement;
  readonly #newer: HTMLButtonElement;
  readonly #drawn = new Map<string, Drawn>();
  /** The thread that each activity is in; the one whose id is `root` began it. */
  readonly #threads = new Map<string, Thread>();
  readonly #views = new Views();
  #channel: Channel | undefined;
  #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#scroller = h("div", { class: "scroller", tabindex: "0", "aria-label": "Channel", role: "region" }, this.#log);
    this.#newer = h(
      "button",
      { type: "button", class: "newer", hidden: true, onclick: () => this.#toBottom() },
      icon("chevron"),
      "New activity",
    );
    this.#scroller.addEventListener("scroll", () => {
      if (this.#atBottom()) this.#newer.hidden = true;
    });
    this.element = h("div", { class: "channel" }, this.#scroller, this.#newer);
  }

  /** Draws what changed. */
  show(channel: Channel, scene: Scene): void {
    const follow = this.#atBottom();
    const first = this.#channel === undefined;
    const before = this.#channel?.activities.length ?? 0;
    const sameViewer = this.#scene.viewer?.id === scene.viewer?.id && this.#scene.theme === scene.theme;
    this.#channel = channel;
    this.#scene = scene;
    this.#forget(channel);
    for (const activity of channel.activities) this.#draw(activity, !first && sameViewer);
    this.#log.classList.toggle("empty", channel.activities.length === 0);
    if (follow) this.#toBottom();
    else if (channel.activities.length > before) this.#newer.hidden = false;
  }

  #draw(activity: Activity, flash: boolean): void {
    const viewer = this.#scene.viewer?.id ?? "";
    const revision = this.#revision(activity.id);
    const personal = this.#views.card(viewer, activity.id, revision);
    const notice = this.#views.notice(viewer, activity.id);
    const parts = [activity, this.#scene.theme, viewer, personal, notice];
    const drawn = this.#drawn.get(activity.id);
    if (drawn && drawn.parts.every((part, index) => part === parts[index])) return;
    const element = renderMessage(
      { activity, viewer: this.#scene.viewer, theme: this.#scene.theme, personal, notice },
      {
        onPress: (press) => this.#press(activity.id, press),
        onRefused: (text) => this.#settle(viewer, activity.id, { notice: { kind: "error", text } }),
        onShared: () => {
          this.#views.share(viewer, activity.id);
          this.#redraw();
        },
        onDismiss: () => {
          this.#views.dismiss(viewer, activity.id);
          this.#redraw();
        },
      },
    );
    if (drawn) {
      replaceKeepingFocus(drawn.element, element);
      if (flash && drawn.parts[0] !== activity) element.classList.add("changed");
    } else {
      this.#place(activity, element);
    }
    this.#drawn.set(activity.id, { parts, element });
  }

  #place(activity: Activity, element: HTMLElement): void {
    const thread = activity.reply_to ? this.#threads.get(activity.reply_to) : undefined;
    if (thread) {
      thread.replies.append(element);
      this.#threads.set(activity.id, thread);
      return;
    }
    const replies = h("div", { class: "replies" });
    const post = h("article", { class: "post", "aria-label": `Post by ${activity.from.name}` }, element, replies);
    this.#threads.set(activity.id, { root: activity.id, post, replies });
    this.#log.append(post);
  }

  #forget(channel: Channel): void {
    const known = new Set(channel.activities.map((activity) => activity.id));
    for (const [id, drawn] of this.#drawn) {
      if (known.has(id)) continue;
      const thread = this.#threads.get(id);
      const isRoot = thread?.root === id;
      // A deleted post with replies leaves a line where it was, as in Teams; else all of it goes.
      if (isRoot && thread.replies.childElementCount > 0) {
        drawn.element.replaceWith(h("p", { class: "gone" }, "This message has been deleted."));
      } else {
        (isRoot ? thread.post : drawn.element).remove();
        this.#threads.delete(id);
      }
      this.#drawn.delete(id);
    }
  }

  #press(activity: string, press: Press): void {
    const { viewer, repeat } = this.#scene;
    if (viewer === undefined) return;
    const { during, ...action } = press;
    const order = { who: viewer.id, activity_id: activity, action };
    const work = click(repeat > 1 ? { ...order, repeat } : order).then(outcomeOf, (error: Error): Outcome => {
      return { notice: { kind: "error", text: error.message } };
    });
    during(work);
    const clicked = this.#revision(activity);
    void work.then((outcome) => this.#settle(viewer.id, activity, outcome, clicked));
  }

  #settle(viewer: string, activity: string, outcome: Outcome, clicked?: number): void {
    const { card, ...rest } = outcome;
    // An answer that everybody sees already needs no version of one's own.
    const own = card !== undefined && !this.#isShared(activity, card);
    this.#views.put(viewer, activity, own ? outcome : rest, this.#revision(activity), clicked);
    this.#redraw();
    if (outcome.notice) this.#drawn.get(activity)?.element.querySelector(".notice")?.scrollIntoView({ block: "nearest" });
  }

  #isShared(id: string, card: CardJson): boolean {
    const activity = this.#channel?.activities.find((one) => one.id === id);
    return JSON.stringify(activity?.cards?.[0]) === JSON.stringify(card);
  }

  #redraw(): void {
    if (this.#channel) this.show(this.#channel, this.#scene);
  }

  #revision(activity: string): number {
    return this.#channel?.revisions[activity] ?? 0;
  }

  #atBottom(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < 60;
  }

  #toBottom(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#newer.hidden = true;
  }
}

/**
 * Puts a message's new drawing in the place of the old.
 *
 * A keyboard user who had just pressed a button of the old card finds the focus on the button of
 * the same name, or on the message when there is none any more, and not at the top of the page.
 */
function replaceKeepingFocus(before: HTMLElement, after: HTMLElement): void {
  const focused = document.activeElement;
  const held = focused instanceof HTMLElement && before.contains(focused) ? focused : undefined;
  before.replaceWith(after);
  if (held === undefined) return;
  const same = [...after.querySelectorAll<HTMLElement>("button, input, select, textarea, [role=button]")].find(
    (one) => one.tagName === held.tagName && label(one) === label(held),
  );
  if (same) same.focus({ preventScroll: true });
  else {
    after.tabIndex = -1;
    after.focus({ preventScroll: true });
  }
}

const label = (element: HTMLElement): string =>
  element.getAttribute("aria-label") ?? (element.textContent || element.id);
