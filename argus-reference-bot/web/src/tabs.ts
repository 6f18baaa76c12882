/** Two or more panes of which one is shown, as the ARIA practice for tabs has it. */

import { h } from "./dom";

/** Builds the tabs; the first pane is shown. */
export function tabs(name: string, panes: readonly { title: string; pane: HTMLElement }[]): HTMLElement {
  const buttons = panes.map(({ title, pane }, index) => {
    const id = `${name}-${index}`;
    pane.setAttribute("role", "tabpanel");
    pane.setAttribute("aria-labelledby", id);
    pane.id = `${id}-pane`;
    return h("button", { type: "button", role: "tab", class: "tab", id, "aria-controls": pane.id }, title);
  });
  const choose = (chosen: number): void => {
    panes.forEach(({ pane }, index) => {
      pane.hidden = index !== chosen;
      buttons[index]?.setAttribute("aria-selected", String(index === chosen));
      buttons[index]?.setAttribute("tabindex", index === chosen ? "0" : "-1");
    });
  };
  buttons.forEach((button, index) => {
    button.addEventListener("click", () => choose(index));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step === undefined) return;
      const next = (index + step + buttons.length) % buttons.length;
      choose(next);
      buttons[next]?.focus();
    });
  });
  choose(0);
  return h(
    "div",
    { class: "tabs" },
    h("div", { class: "tab-list", role: "tablist", "aria-label": name }, ...buttons),
    ...panes.map(({ pane }) => pane),
  );
}
