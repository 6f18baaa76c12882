/** The switch between the people that the viewer can be. */

import type { Person } from "./api";
import { h, icon } from "./dom";
import { avatar } from "./message";

export class PeopleSwitch {
  readonly element: HTMLElement;
  readonly #button: HTMLButtonElement;
  readonly #menu: HTMLElement;
  readonly #onChange: (person: Person) => void;
  #people: readonly Person[] = [];
  #chosen: Person | undefined;

  constructor(onChange: (person: Person) => void) {
    this.#onChange = onChange;
    this.#button = h("button", {
      type: "button",
      class: "you",
      id: "you",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      onclick: () => this.#toggle(this.#menu.hidden),
      onkeydown: (event: KeyboardEvent) => {
        if (event.key !== "ArrowDown") return;
        event.preventDefault();
        this.#toggle(true);
      },
    });
    this.#menu = h("div", {
      class: "menu",
      role: "menu",
      hidden: true,
      "aria-label": "Who are you?",
      onkeydown: (event: KeyboardEvent) => this.#onKey(event),
    });
    this.element = h("div", { class: "people" }, this.#button, this.#menu);
    document.addEventListener("pointerdown", (event) => {
      if (!this.element.contains(event.target as Node)) this.#toggle(false);
    });
    this.element.addEventListener("focusout", (event) => {
      const next = event.relatedTarget;
      if (next instanceof Node && !this.element.contains(next)) this.#toggle(false);
    });
  }

  /** Offers these people; the first one is chosen. */
  offer(people: readonly Person[]): void {
    this.#people = people;
    const first = people[0];
    if (first) this.#choose(first);
  }

  #choose(person: Person): void {
    this.#chosen = person;
    this.#button.replaceChildren(
      avatar(person.id, person.name, "user"),
      h("span", { class: "you-words" }, h("span", { class: "you-are" }, "You are: "), h("b", {}, person.name), h("span", { class: "you-title" }, `, ${person.title}`)),
      icon("chevron"),
    );
    this.#menu.replaceChildren(...this.#people.map((one) => this.#item(one)));
    this.#onChange(person);
  }

  #item(person: Person): HTMLElement {
    const chosen = person.id === this.#chosen?.id;
    return h(
      "button",
      {
        type: "button",
        class: "menu-item",
        role: "menuitemradio",
        "aria-checked": String(chosen),
        tabindex: "-1",
        "data-person": person.id,
        onclick: () => {
          this.#toggle(false);
          this.#choose(person);
          this.#button.focus();
        },
      },
      avatar(person.id, person.name, "user"),
      h(
        "span",
        { class: "menu-words" },
        h("span", { class: "menu-name" }, h("b", {}, person.name), ` ${person.title}`),
        person.tenant !== undefined && h("span", { class: "menu-tenant" }, person.tenant),
        person.description !== undefined && h("span", { class: "menu-about" }, person.description),
      ),
      chosen && icon("check"),
    );
  }

  #toggle(open: boolean): void {
    if (this.#menu.hidden === !open) return;
    this.#menu.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
    if (open) this.#items().find((item) => item.getAttribute("aria-checked") === "true")?.focus();
  }

  #items(): HTMLElement[] {
    return [...this.#menu.querySelectorAll<HTMLElement>(".menu-item")];
  }

  #onKey(event: KeyboardEvent): void {
    const items = this.#items();
    const at = items.indexOf(document.activeElement as HTMLElement);
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
    const to = moves[event.key];
    if (event.key === "Escape") {
      this.#toggle(false);
      this.#button.focus();
    } else if (to !== undefined) items.at(to % items.length)?.focus();
    else return;
    event.preventDefault();
  }
}
