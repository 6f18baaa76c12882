// Starts the system's Chromium so that it talks to loopback and to nothing else.

import { chromium } from "playwright-core";

/** A headless browser; `CHROMIUM_PATH` names another binary than Debian's. */
export function launch() {
  return chromium.launch({
    executablePath: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
