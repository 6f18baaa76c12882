/** The built preview in a real browser, against a small stand-in for `argus cards dev`. */

import { readFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launch } from "../chromium.mjs";
import type { Desk, Drawn } from "../../src/preview/desk";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

let browser: Browser;
let server: Server;
let page: Page;
let problems: string[] = [];
let asked: URL[] = [];
let streams: ServerResponse[] = [];
let desk: Desk;
let drawn: Drawn;

const words = (text: string): Drawn => ({
  card: {
    type: "AdaptiveCard",
    resources: { strings: { hi: { defaultValue: "Hello", localizedValues: { "de-DE": "Hallo" } } } },
    body: [
      { type: "TextBlock", text: `\${rs:hi}, ${text}`, wrap: true },
      { type: "TextBlock", text: "only when wide", targetWidth: "wide" },
      { type: "Badge", text: "new" },
    ],
    actions: [{ type: "Action.Execute", title: "Isolate" }],
  },
  bytes: 300,
  problems: [],
});

function save(next: Drawn, errors = 0): void {
  drawn = next;
  desk = { ...desk, change: desk.change + 1, templates: desk.templates.map((it) => ({ ...it, errors })) };
  for (const stream of streams) stream.write(`event: desk\ndata: ${JSON.stringify(desk)}\n\n`);
}

async function answer(url: URL, response: ServerResponse): Promise<void> {
  if (url.pathname === "/api/stream") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`event: desk\ndata: ${JSON.stringify(desk)}\n\n`);
    streams.push(response);
  } else if (url.pathname === "/api/card") {
    asked.push(url);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(drawn));
  } else {
    const body = await readFile(DIST + url.pathname.slice(1)).catch(() => undefined);
    const type = TYPES[extname(url.pathname)] ?? "text/plain";
    response.writeHead(body === undefined ? 404 : 200, { "content-type": type, "content-security-policy": POLICY }).end(body);
  }
}

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

beforeEach(async () => {
  [problems, asked, streams] = [[], [], []];
  drawn = words("one");
  desk = {
    folder: "card-templates",
    change: 1,
    templates: [
      { name: "alert", file: "alert/alert.card.json", samples: ["first", "second"], errors: 0, warnings: 0 },
      { name: "plain", file: "plain.card.json", samples: [], errors: 0, warnings: 2 },
    ],
    twists: [
      { name: "plain", title: "As it is" },
      { name: "long", title: "Long" },
    ],
  };
  server = createServer((request, response) => void answer(new URL(request.url ?? "/", "http://localhost"), response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  page = await browser.newPage({ viewport: { width: 1680, height: 1000 } });
  page.setDefaultTimeout(8000);
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(`http://127.0.0.1:${port}/preview.html`);
  await page.locator(".pane").first().waitFor();
});
afterEach(async () => {
  await page.close();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  expect(problems).toEqual([]);
});

const press = (name: string) => page.getByRole("button", { name, exact: true }).click();

test("a card is drawn side by side in three themes, and again after a save", async () => {
  expect(await page.locator(".pane").count()).toBe(3);
  const backs = await page.locator(".pane .card").evaluateAll((cards) => cards.map((card) => getComputedStyle(card).backgroundColor));
  expect(new Set(backs).size).toBe(3);
  expect(await page.locator(".pane").first().innerText()).toContain("Hello, one");
  save(words("two"));
  await page.locator(".pane", { hasText: "Hello, two" }).nth(2).waitFor();
  expect(await page.locator(".placeholder").first().innerText()).toContain("Teams draws this; the preview cannot");
});

test("data, width, direction and language can be chosen, and a reload keeps them", async () => {
  await press("Long");
  await expect.poll(() => asked.at(-1)?.searchParams.get("twist")).toBe("long");
  expect(await page.locator(".pane").first().innerText()).not.toContain("only when wide");
  await press("Wide");
  await page.locator(".pane", { hasText: "only when wide" }).first().waitFor();
  await press("All");
  await expect.poll(() => page.locator(".pane").count()).toBe(12);
  await press("Narrow");
  await press("←");
  await page.locator(".pane[dir=rtl]").first().waitFor();
  await page.locator(".language").selectOption("de-DE");
  await page.locator(".pane", { hasText: "Hallo, one" }).first().waitFor();
  await press("second");
  await page.reload();
  await page.locator(".pane[dir=rtl]", { hasText: "Hallo" }).first().waitFor();
  expect(asked.at(-1)?.search).toBe("?template=alert&sample=second&twist=long&locale=de-DE");
  const width = await page.locator(".pane .card").first().evaluate((card) => card.getBoundingClientRect().width);
  expect(width).toBe(300);
});

test("a mistake stands over the last card, with its place and what may have been meant", async () => {
  const source = "    2 |   \"text\": \"${1 +}\"\n      |                 ^";
  const place = { file: "alert/alert.card.json", line: 2, column: 17, pointer: "/body/0/text" };
  const mistake = { ...place, level: "error" as const, message: "the expression ends too early", hint: "did you mean `title`?", source };
  save({ card: null, problems: [mistake] }, 1);
  const overlay = page.locator(".overlay");
  await overlay.waitFor();
  const said = await overlay.innerText();
  for (const part of ["alert/alert.card.json:2:17", "/body/0/text", "ends too early", "did you mean `title`?", "^"]) {
    expect(said).toContain(part);
  }
  expect(await page.locator(".stage.old .pane").count()).toBe(3);
  expect(await page.locator(".mark.error").count()).toBe(2);
  save({ ...words("mended"), problems: [{ ...mistake, level: "warning" }] });
  await page.locator(".pane", { hasText: "mended" }).first().waitFor();
  expect(await overlay.count()).toBe(0);
  expect(await page.locator(".warnings summary").innerText()).toContain("1 remark");
});
