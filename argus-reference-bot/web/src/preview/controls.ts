/** What the designer chooses: template and sample at the side, data, width and language above. */

import { h } from "../dom";
import type { Desk, Template, Wish } from "./desk";

type Choose = (change: Partial<Wish>) => void;

/** The templates, and the samples of the chosen one. */
export function templates(desk: Desk, wish: Wish, choose: Choose): HTMLElement {
  const one = (template: Template): HTMLElement => {
    const isChosen = template.name === wish.template;
    const button = h(
      "button",
      { type: "button", class: "template", "aria-current": isChosen ? "true" : undefined, "data-template": template.name, onclick: () => choose({ template: template.name, sample: "" }) },
      h("span", { class: "template-name" }, template.name),
      mark(template),
    );
    const samples = template.samples.map((sample) =>
      h(
        "button",
        { type: "button", class: "sample", "aria-current": sample === wish.sample ? "true" : undefined, "data-sample": sample, onclick: () => choose({ sample }) },
        sample,
      ),
    );
    const none = h("p", { class: "no-samples" }, "no samples");
    return h("li", {}, button, isChosen && h("div", { class: "samples" }, ...(samples.length > 0 ? samples : [none])));
  };
  return h("ul", { class: "templates" }, ...desk.templates.map(one));
}

function mark(template: Template): HTMLElement {
  if (template.errors > 0) return h("span", { class: "mark error", title: "cannot be used" }, String(template.errors));
  if (template.warnings > 0) return h("span", { class: "mark warning", title: "remarks" }, String(template.warnings));
  return h("span", { class: "mark good", title: "all samples are drawn" }, "✓");
}

/** A choice of a few. */
export function segments(
  name: string,
  options: readonly { value: string; title: string }[],
  chosen: string,
  choose: (value: string) => void,
): HTMLElement {
  const buttons = options.map(({ value, title }) =>
    h(
      "button",
      { type: "button", class: "segment", "aria-pressed": String(value === chosen), [`data-${name.toLowerCase()}`]: value, onclick: () => choose(value) },
      title,
    ),
  );
  return h("div", { class: "control", role: "group", "aria-label": name }, h("span", { class: "control-name" }, name), h("div", { class: "segments" }, ...buttons));
}

/** The language of texts and numbers. */
export function language(known: readonly string[], chosen: string, choose: (locale: string) => void): HTMLElement {
  const all = [...new Set(["", ...known, "en-US", "de-DE", "fr-FR", "ar-SA", "ja-JP", ...(chosen === "" ? [] : [chosen])])];
  const title = (locale: string): string => {
    if (locale === "") return "Default";
    return known.includes(locale) ? `${locale} (texts)` : locale;
  };
  const options = all.map((locale) => h("option", { value: locale, selected: locale === chosen }, title(locale)));
  const select = h("select", { class: "language", "aria-label": "Language", onchange: () => choose(select.value) }, ...options);
  return h("div", { class: "control" }, h("span", { class: "control-name" }, "Language"), select);
}
