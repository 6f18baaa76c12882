/** The preview: one wish, drawn side by side in Teams' themes, again after each save. */

import "../styles/page.css";
import "../styles/cards.css";
import "../styles/preview.css";
import type { CardJson } from "../api";
import { renderCard } from "../cards";
import { h } from "../dom";
import type { Theme } from "../hostconfig";
import { startTheme } from "../theme";
import { adapt, locales, WIDTHS, type Width } from "./adapt";
import { language, segments, templates } from "./controls";
import { card, follow, hashOf, possible, wishOf, type Desk, type Drawn, type Wish } from "./desk";
import { registerPlaceholder } from "./placeholder";
import { overlay, warnings } from "./problems";

const THEMES: readonly { theme: Theme; title: string }[] = [
  { theme: "light", title: "Light" },
  { theme: "dark", title: "Dark" },
  { theme: "contrast", title: "High contrast" },
];
const TITLES: Record<Width, string> = { veryNarrow: "Very narrow", narrow: "Narrow", standard: "Standard", wide: "Wide" };
const ALL = "all";
/** Teams refuses messages above about this many bytes. */
const TEAMS_BYTES = 100_000;

let desk: Desk | undefined;
let wish: Wish = wishOf(location.hash);
/** The last card that could be drawn, and of what. */
let last: { of: string; card: CardJson } | undefined;
let asked = 0;

const side = h("nav", { class: "side", "aria-label": "Templates" });
const controls = h("div", { class: "controls" });
const notes = h("div", { class: "notes" });
const stage = h("main", { class: "stage" });
const status = h("p", { class: "status", role: "status" }, "connecting …");

registerPlaceholder();
const theme = startTheme(() => undefined);
document.getElementById("studio")?.append(
  h("aside", { class: "bar" }, h("h1", {}, "Card preview"), side, h("footer", {}, status, theme)),
  h("div", { class: "room" }, controls, notes, stage),
);
addEventListener("hashchange", () => choose(wishOf(location.hash)));
follow(
  (next) => {
    desk = next;
    choose({});
  },
  (connected) => {
    document.body.classList.toggle("offline", !connected);
    if (!connected) status.textContent = "the preview's server does not answer";
  },
);

/** Takes a choice, and draws. */
function choose(change: Partial<Wish>): void {
  if (desk === undefined) return;
  wish = possible({ ...wish, ...change }, desk);
  history.replaceState(null, "", hashOf(wish));
  void draw();
}

async function draw(): Promise<void> {
  const begun = performance.now();
  asked += 1;
  const mine = asked;
  try {
    const drawn = await card(wish);
    // Of two that were asked for, the later one is shown.
    if (mine !== asked || desk === undefined) return;
    show(desk, drawn);
    const took = Math.max(1, Math.round(performance.now() - begun));
    status.textContent = `${desk.folder} · change ${desk.change} · drawn in ${took} ms`;
    document.body.dataset["change"] = String(desk.change);
  } catch (error) {
    status.textContent = error instanceof Error ? error.message : "the card could not be fetched";
  }
}

function show(desk: Desk, drawn: Drawn): void {
  const of = JSON.stringify([wish.template, wish.sample, wish.twist, wish.locale]);
  if (drawn.card !== null) last = { of, card: drawn.card };
  const old = last?.of === of ? last.card : undefined;
  side.replaceChildren(templates(desk, wish, choose));
  showControls(desk, drawn.card ?? old);
  const isBroken = drawn.card === null;
  notes.replaceChildren(
    isBroken ? overlay(drawn.problems, old !== undefined) : warnings(drawn.problems),
    tooLarge(drawn),
  );
  stage.classList.toggle("old", isBroken);
  const shown = drawn.card ?? old;
  stage.replaceChildren(...(shown === undefined ? [] : rows(shown)));
}

function tooLarge(drawn: Drawn): HTMLElement {
  const bytes = drawn.bytes ?? 0;
  const isTooLarge = drawn.card !== null && bytes > TEAMS_BYTES;
  const words = `This card has ${Math.round(bytes / 1000)} KB; Teams takes about ${TEAMS_BYTES / 1000} KB.`;
  return h("p", { class: "too-large", hidden: !isTooLarge }, words);
}

function showControls(desk: Desk, shown: CardJson | undefined): void {
  const widths = [...Object.entries(TITLES).map(([value, title]) => ({ value, title })), { value: ALL, title: "All" }];
  const twists = desk.twists.map(({ name, title }) => ({ value: name, title }));
  const directions = [
    { value: "ltr", title: "→" },
    { value: "rtl", title: "←" },
  ];
  controls.replaceChildren(
    segments("Data", twists, wish.twist, (twist) => choose({ twist })),
    segments("Width", widths, wish.width, (width) => choose({ width })),
    segments("Direction", directions, wish.rtl ? "rtl" : "ltr", (direction) => choose({ rtl: direction === "rtl" })),
    language(shown === undefined ? [] : locales(shown), wish.locale, (locale) => choose({ locale })),
  );
}

/** One row for each width, one pane in it for each theme. */
function rows(shown: CardJson): HTMLElement[] {
  const one = wish.width in WIDTHS ? [wish.width as Width] : (Object.keys(WIDTHS) as Width[]);
  return one.map((width) =>
    h(
      "section",
      { class: "row", "data-row": width },
      h("h2", { class: "row-title" }, `${TITLES[width]} · ${WIDTHS[width]} px`),
      h("div", { class: "panes" }, ...THEMES.map(({ theme, title }) => pane(shown, width, theme, title))),
    ),
  );
}

function pane(shown: CardJson, width: Width, theme: Theme, title: string): HTMLElement {
  const adapted = adapt(shown, { width, locale: wish.locale });
  const drawn = renderCard(adapted, theme, { onPress: () => undefined, onRefused: () => undefined });
  drawn.style.width = `${WIDTHS[width]}px`;
  return h(
    "figure",
    { class: "pane", "data-theme": theme, dir: wish.rtl ? "rtl" : "ltr", lang: wish.locale === "" ? undefined : wish.locale },
    h("figcaption", { dir: "ltr" }, title),
    drawn,
  );
}
