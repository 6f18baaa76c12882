#!/usr/bin/env node
// Opens a running demo page, waits for the first card, says what is there, takes a picture.

import { parseArgs } from "node:util";
import { launch } from "./chromium.mjs";

const HELP = `usage: node test/drive.mjs URL [options]
  --shot FILE        write a PNG of the page
  --theme NAME       light (default) or dark
  --size WxH         window, 1360x900 by default
  --as NAME          be this person (part of the name) before anything else
  --alert NAME       send this sample alert first and wait for one more card
  --say TEXT         write this to the bot and wait for one more message
  --press TITLE      press this button on the last card that has it, and wait for what comes of it
  --timeout SECONDS  how long to wait for the first card, 30 by default
Exit code 0: a card is drawn and the console is clean. 1: not so. 2: wrong usage.`;

const options = {
  shot: { type: "string" },
  theme: { type: "string", default: "light" },
  size: { type: "string", default: "1360x900" },
  as: { type: "string" },
  alert: { type: "string" },
  say: { type: "string" },
  press: { type: "string" },
  timeout: { type: "string", default: "30" },
  help: { type: "boolean", default: false },
};

function usage(problem) {
  console.error(problem ? `${problem}\n${HELP}` : HELP);
  process.exit(problem ? 2 : 0);
}

let parsed;
try {
  parsed = parseArgs({ options, allowPositionals: true });
} catch (error) {
  usage(error.message);
}
const { values, positionals } = parsed;
if (values.help) usage();
if (positionals.length !== 1) usage("one URL is needed");
const [width, height] = values.size.split("x").map(Number);
if (!width || !height) usage("--size is WIDTHxHEIGHT");
const timeout = Number(values.timeout) * 1000;

const browser = await launch();
const problems = [];
try {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: values.theme === "dark" ? "dark" : "light" });
  page.on("console", (message) => message.type() === "error" && problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`page: ${error.message}`));
  page.on("request", (request) => {
    if (new URL(request.url()).host !== new URL(positionals[0]).host) problems.push(`other host: ${request.url()}`);
  });
  await page.goto(positionals[0]);
  await page.locator("#you b").waitFor({ state: "attached", timeout });
  if (values.as) {
    await page.locator("#you").click();
    await page.locator(".menu-item", { hasText: values.as }).first().click();
  }
  const more = async (selector, act) => {
    const before = await page.locator(selector).count();
    await act();
    await page.locator(selector).nth(before).waitFor({ timeout });
  };
  if (values.alert) await more(".card", () => page.locator(`[data-alert="${values.alert}"]`).click());
  await page.locator(".card").first().waitFor({ timeout });
  if (values.say) {
    await more(".message:not(.own)", async () => {
      await page.locator("#composer").fill(values.say);
      await page.locator("#composer").press("Enter");
    });
  }
  if (values.press) {
    await page.getByRole("button", { name: values.press }).last().click();
    await page.locator("[aria-busy=true]").waitFor({ state: "detached", timeout });
    await page.waitForTimeout(300);
  }
  const cards = await page.locator(".card").count();
  const buttons = await page.locator(".card").last().getByRole("button").allInnerTexts();
  const notices = await page.locator(".notice-words").allInnerTexts();
  const audit = await page.locator(".audit .line").count();
  console.log(JSON.stringify({ cards, buttons, notices, audit }));
  if (values.shot) await page.screenshot({ path: values.shot });
} catch (error) {
  problems.push(error.message.split("\n")[0]);
  if (values.shot) await browser.contexts()[0]?.pages()[0]?.screenshot({ path: values.shot });
} finally {
  await browser.close();
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
