import { expect, test } from "vitest";
import { initials } from "../../src/dom";
import { FAULTS } from "../../src/faults";
import { COLOURS, hostConfig, STYLES, type Theme } from "../../src/hostconfig";
import { renderMarkdown, splitMentions } from "../../src/markdown";
import { effectParts, tone } from "../../src/panel";
import { openable, withoutRemoteMedia } from "../../src/safety";
import { contrast, hex } from "../contrast";

test.each<Theme>(["light", "dark", "contrast"])("every colour reaches 4.5:1 on every surface: %s", (theme) => {
  const styles = hostConfig(theme).containerStyles;
  const low: string[] = [];
  for (const style of STYLES) {
    for (const colour of COLOURS) {
      const container = styles[style];
      const shades = container?.foregroundColors[colour];
      for (const shade of ["default", "subtle"] as const) {
        const ratio = contrast(hex(shades?.[shade] ?? "#000000"), hex(container?.backgroundColor ?? "#000000"));
        if (ratio < 4.5) low.push(`${style}/${colour}/${shade}: ${ratio.toFixed(2)}`);
      }
    }
  }
  expect(low).toEqual([]);
});

test("the measure of contrast is right at its ends", () => {
  expect(contrast(hex("#000000"), hex("#ffffff"))).toBeCloseTo(21, 5);
  expect(contrast(hex("#777777"), hex("#ffffff"))).toBeCloseTo(4.48, 2);
});

test("Markdown draws emphasis and lists, and nothing that loads or leads away", () => {
  const check = (source: string, expected: string) => expect(renderMarkdown(source).trim(), source).toBe(expected);
  check("**a** *b* `c`", "<p><strong>a</strong> <em>b</em> <code>c</code></p>");
  check("- a", "<ul>\n<li>a</li>\n</ul>");
  check("[words](https://evil.example/x)", '<p><span class="md-link">words</span> <span class="md-host">(evil.example)</span></p>');
  check("[words](javascript:alert(1))", "<p>[words](javascript:alert(1))</p>");
  check("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>");
});

test("no hostile text becomes a link, a picture or a script", () => {
  const hostile = [
    "![x](https://evil.example/x.png)",
    "[![x](https://evil.example/x.png)](https://evil.example)",
    "<https://evil.example>",
    "[x][1]\n\n[1]: https://evil.example '\"><img src=x>'",
    '[x](https://evil.example/"onmouseover="alert(1))',
    "[x](https://a@evil.example\"><script>alert(1)</script>)",
    "<img src=x onerror=alert(1)>",
    "<a href=https://evil.example>x</a>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
  ];
  for (const text of hostile) {
    expect(renderMarkdown(text), text).not.toMatch(/<(?:a|img|script|iframe|object)\b|<[^>]*\son\w+=/i);
  }
});

test("mentions are parts of their own", () => {
  expect(splitMentions("<at>Argus</at> list <at id=\"1\">Dana</at>!")).toEqual([
    { mention: true, text: "Argus" },
    { mention: false, text: " list " },
    { mention: true, text: "Dana" },
    { mention: false, text: "!" },
  ]);
  expect(splitMentions("@Argus list a@b")).toEqual([
    { mention: true, text: "Argus" },
    { mention: false, text: " list a@b" },
  ]);
});

test("remote media leaves the card and its words stay", () => {
  const inline = "data:image/png;base64,AAAA";
  const card = {
    type: "AdaptiveCard",
    backgroundImage: { url: "https://evil.example/b.png" },
    body: [
      { type: "Image", url: "https://evil.example/t.png", altText: "map" },
      { type: "Image", url: inline },
      { type: "Container", backgroundImage: inline, items: [{ type: "Image", url: "//evil.example/x.png" }] },
    ],
    actions: [{ type: "Action.Execute", title: "A", iconUrl: "https://evil.example/i.png", data: { list: [1, null] } }],
  };
  const sent = { type: "Action.Execute", data: { type: "Image", url: "https://example.com/", iconUrl: "x" } };
  expect(withoutRemoteMedia(sent)).toEqual(sent);
  const set = { type: "ImageSet", images: [{ url: "https://evil.example/1.png" }, { url: inline }] };
  expect(withoutRemoteMedia(set)).toEqual({ type: "ImageSet", images: [{ url: inline }] });
  const clean = JSON.stringify(withoutRemoteMedia(card));
  expect(clean).not.toContain("evil.example");
  expect(clean).toContain('"text":"map"');
  expect(clean.split(inline)).toHaveLength(3);
  expect(clean).toContain('{"type":"Action.Execute","title":"A","data":{"list":[1,null]}}');
});

test("only plain https addresses open", () => {
  const check = (url: unknown, expected: string | undefined) => expect(openable(url), String(url)).toBe(expected);
  check("https://security.example.com/7", "https://security.example.com/7");
  check("http://example.com/", undefined);
  check("javascript:alert(1)", undefined);
  check("https://user:word@example.com/", undefined);
  check("/relative", undefined);
  check(undefined, undefined);
});

test("initials are two letters of the first and the last name", () => {
  expect(["Alice Berg", "Argus", "Ana de la Cruz", ""].map(initials)).toEqual(["AB", "A", "AC", "?"]);
});

test("an effect's name is read as system, operation and key", () => {
  const check = (name: string, ...[system, operation, key]: string[]) =>
    expect(effectParts(name), name).toEqual({ system, operation, key });
  check("defender.isolate/ws-114", "defender", "isolate", "ws-114");
  check("teams.send/19:a.b@thread.tacv2/x", "teams", "send", "19:a.b@thread.tacv2/x");
  check("teams.send", "teams", "send", "");
  check("plain", "plain", "", "");
});

test("refusals, failures and successes stand out in the trail", () => {
  expect(["refused", "effect_failed", "approval.denied", "done", "permitted", "received"].map(tone)).toEqual([
    "bad", "bad", "bad", "good", "good", "plain",
  ]);
});

test("each offered fault is its own order", () => {
  const orders = FAULTS.map(({ order }) => JSON.stringify(order));
  expect(new Set(orders).size).toBe(FAULTS.length);
  for (const { order } of FAULTS) expect(Object.keys(order)).toEqual(expect.arrayContaining(["system", "operation", "fault"]));
});
