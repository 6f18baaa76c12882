import { expect, test } from "vitest";
import { adapt, fits, locales, type Width } from "../../src/preview/adapt";
import { hashOf, possible, wishOf, type Desk } from "../../src/preview/desk";

const setting = { width: "standard" as Width, locale: "" };

test("an element is for the widths that it names", () => {
  const seen = (target: unknown): string =>
    (["veryNarrow", "narrow", "standard", "wide"] as const).map((width) => (fits(target, width) ? "x" : "-")).join("");
  expect(seen(undefined)).toBe("xxxx");
  expect(seen("narrow")).toBe("-x--");
  expect(seen("VeryNarrow")).toBe("x---");
  expect(seen("atLeast:standard")).toBe("--xx");
  expect(seen("atMost:narrow")).toBe("xx--");
  expect(seen("somewhere")).toBe("xxxx");
  const card = { type: "AdaptiveCard", body: [{ type: "TextBlock", targetWidth: "wide" }, { type: "Container", items: [{ type: "TextBlock", targetWidth: "atMost:standard" }] }] };
  expect(adapt(card, setting)).toEqual({
    type: "AdaptiveCard",
    body: [{ type: "Container", items: [{ type: "TextBlock", targetWidth: "atMost:standard" }] }],
  });
});

test("texts come in the language, or in one like it, or as they are", () => {
  const strings = { hello: { defaultValue: "Hello", localizedValues: { "de-DE": "Hallo", fr: "Bonjour" } } };
  const card = { type: "AdaptiveCard", resources: { strings }, body: [{ type: "TextBlock", text: "${rs:hello}, ${rs:nobody}" }] };
  const said = (locale: string): unknown => (adapt(card, { ...setting, locale })["body"] as { text: string }[])[0]?.text;
  expect(said("")).toBe("Hello, ${rs:nobody}");
  expect(said("de-DE")).toBe("Hallo, ${rs:nobody}");
  expect(said("de-AT")).toBe("Hallo, ${rs:nobody}");
  expect(said("fr-FR")).toBe("Bonjour, ${rs:nobody}");
  expect(said("ja-JP")).toBe("Hello, ${rs:nobody}");
  expect(locales(card)).toEqual(["de-DE", "fr"]);
});

test("what the renderer does not draw has a placeholder that says so", () => {
  const card = {
    type: "AdaptiveCard",
    body: [
      { type: "Chart.Donut", title: "Alerts", id: "c", data: [1] },
      { type: "TextBlok", text: "a typo" },
      { type: "RichTextBlock", inlines: ["a", { type: "TextRun", text: "b" }, { type: "IconRun", name: "x" }] },
      { type: "Container", selectAction: { type: "Action.Popover" }, items: [] },
    ],
    actions: [{ type: "Action.Popover", title: "More" }, { type: "Action.ShowCard", card: { type: "AdaptiveCard", body: [{ type: "Badge", text: "new" }] } }],
  };
  const adapted = adapt(card, setting) as { body: Record<string, unknown>[]; actions: Record<string, unknown>[] };
  expect(adapted.body[0]).toEqual({ type: "Argus.Placeholder", kind: "Chart.Donut", known: true, words: "Alerts", id: "c" });
  expect(adapted.body[1]).toMatchObject({ kind: "TextBlok", known: false, words: "a typo" });
  expect(adapted.body[2]?.["inlines"]).toMatchObject(["a", { text: "b" }, { text: "[IconRun]" }]);
  expect(adapted.body[3]).toEqual({ type: "Container", items: [] });
  expect(adapted.actions[0]).toMatchObject({ type: "Action.Submit", title: "More ⟨Action.Popover⟩", isEnabled: false });
  expect(adapted.actions[1]?.["card"]).toMatchObject({ body: [{ kind: "Badge", words: "new" }] });
});

test("the address keeps what is shown, as far as it is there", () => {
  const wish = { template: "alert", sample: "queued", twist: "long", locale: "de-DE", width: "narrow", rtl: true };
  expect(wishOf(hashOf(wish))).toEqual(wish);
  expect(wishOf("")).toEqual({ template: "", sample: "", twist: "plain", locale: "", width: "standard", rtl: false });
  const desk: Desk = {
    folder: "x",
    change: 1,
    twists: [],
    templates: [
      { name: "a", file: "a", samples: ["one", "two"], errors: 0, warnings: 0 },
      { name: "b", file: "b", samples: [], errors: 0, warnings: 0 },
    ],
  };
  expect(possible(wish, desk)).toMatchObject({ template: "a", sample: "one", twist: "long" });
  expect(possible({ ...wish, template: "a", sample: "two" }, desk)).toMatchObject({ template: "a", sample: "two" });
  expect(possible({ ...wish, template: "b" }, desk)).toMatchObject({ template: "b", sample: "" });
  expect(possible(wish, { ...desk, templates: [] })).toMatchObject({ template: "", sample: "" });
});
