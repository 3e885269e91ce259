// Chromium, driven by lines of JSON on standard input; each is answered by one line on standard output:
//
//     {"tab": 1, "do": "click", "with": ["#do-call"]}     →     {"value": null} or {"error": "…"}
//
// `do` is a method of playwright's Page, or one of OWN below. Ends with its input. tests/browser/conftest.py is the other end.
"use strict";

const readline = require("node:readline");
const { chromium } = require("playwright-core");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const PATIENCE = 10_000; // milliseconds for whatever a test waits for

const tabs = new Map(); // number -> {page, complaints}
let browser;

const OWN = {
  async open(tab, url, options) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complaints = [];
    page.setDefaultTimeout(PATIENCE);
    page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
    page.on("pageerror", (error) => complaints.push(String(error)));
    tabs.set(tab, { page, complaints });
    await page.goto(url);
  },
  complaints: async (tab) => tabs.get(tab).complaints,
  close: async (tab) => { await tabs.get(tab).page.context().close(); tabs.delete(tab); },
  until: async (tab, condition) => { await tabs.get(tab).page.waitForFunction(condition); },
};

(async () => {
  // playwright gives every launch a profile folder of its own.
  browser = await chromium.launch({ executablePath: process.argv[2], headless: true, args: FLAGS });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { tab, do: action, with: given } = JSON.parse(line);
    let answer;
    try {
      const page = tabs.has(tab) ? tabs.get(tab).page : null;
      const value = await (OWN[action] ? OWN[action](tab, ...given) : page[action](...given));
      answer = { value: Buffer.isBuffer(value) ? value.toString("base64") : value ?? null };
    } catch (error) {
      answer = { error: String(error.stack || error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  await browser.close();
})();
