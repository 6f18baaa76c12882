/** The line above the composer that says what just happened. */

import { h } from "./dom";

/** Long enough to read twice. */
const SHOWN_MS = 6000;

export class Toast {
  readonly element = h("div", { class: "toast", role: "status", "aria-live": "polite" });
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string, failed = false): void {
    clearTimeout(this.#timer);
    this.element.textContent = text;
    this.element.classList.toggle("failed", failed);
    this.element.classList.add("shown");
    this.#timer = setTimeout(() => this.element.classList.remove("shown"), SHOWN_MS);
  }
}
