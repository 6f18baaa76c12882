/** The box at the bottom in which the viewer writes to the bot. */

import { h, icon } from "./dom";

/** Commands worth one press in a demo; the bot knows more, and `help` names them. */
const SUGGESTIONS = ["help", "list open", "whoami"];

export class Composer {
  readonly element: HTMLElement;
  readonly #input: HTMLTextAreaElement;
  readonly #send: HTMLButtonElement;
  readonly #onSend: (text: string) => Promise<unknown>;

  constructor(onSend: (text: string) => Promise<unknown>) {
    this.#onSend = onSend;
    this.#input = h("textarea", {
      rows: 1,
      id: "composer",
      placeholder: "Message @Argus",
      "aria-label": "Message Argus",
      oninput: () => this.#resize(),
      onkeydown: (event: KeyboardEvent) => {
        // While an input method composes a word, Enter chooses the word.
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        void this.#submit(this.#input.value);
      },
    });
    this.#send = h("button", { type: "submit", class: "icon-button", "aria-label": "Send" }, icon("send"));
    this.element = h(
      "div",
      { class: "composer" },
      h(
        "div",
        { class: "suggestions", role: "group", "aria-label": "Suggested commands" },
        ...SUGGESTIONS.map((text) =>
          h("button", { type: "button", class: "chip", onclick: () => void this.#submit(text) }, text),
        ),
      ),
      h(
        "form",
        {
          class: "composer-box",
          onsubmit: (event: Event) => {
            event.preventDefault();
            void this.#submit(this.#input.value);
          },
        },
        this.#input,
        this.#send,
      ),
    );
  }

  /** Names the person who would be speaking. */
  speakAs(name: string): void {
    this.#input.placeholder = `Message @Argus as ${name}`;
  }

  /** A text that could not be sent stays in the box. */
  async #submit(text: string): Promise<void> {
    const words = text.trim();
    if (words === "" || this.#send.disabled) return;
    this.#send.disabled = true;
    const typed = this.#input.value;
    if (typed.trim() === words) this.#input.value = "";
    try {
      await this.#onSend(words);
    } catch {
      if (this.#input.value === "") this.#input.value = typed;
    } finally {
      this.#send.disabled = false;
      this.#resize();
    }
  }

  #resize(): void {
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(this.#input.scrollHeight, 140)}px`;
  }
}
