/** Light or dark: as the system says until the viewer says otherwise. */

import { h, icon } from "./dom";
import type { Theme } from "./hostconfig";

const KEY = "argus-theme";

/** Applies the theme now and at each change; gives the button that toggles it. */
export function startTheme(onChange: (theme: Theme) => void): HTMLElement {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = remembered();
  const current = (): Theme => chosen ?? (system.matches ? "dark" : "light");
  const button = h("button", { type: "button", class: "rail-button", id: "theme" });
  const apply = (): void => {
    document.documentElement.dataset["theme"] = current();
    const other = current() === "dark" ? "light" : "dark";
    button.setAttribute("aria-label", `Use the ${other} theme`);
    button.replaceChildren(icon(other === "dark" ? "moon" : "sun"), h("span", {}, other === "dark" ? "Dark" : "Light"));
    onChange(current());
  };
  button.addEventListener("click", () => {
    chosen = current() === "dark" ? "light" : "dark";
    remember(chosen);
    apply();
  });
  system.addEventListener("change", apply);
  apply();
  return button;
}

function remembered(): Theme | undefined {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "light" || theme === "dark" ? theme : undefined;
  } catch {
    return undefined;
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // A browser without storage still has a theme, it only forgets it.
  }
}
