// Chromium, driven by lines of JSON on standard input; each is answered by one line on standard output:
//
//     {"tab": 1, "do": "click", "with": ["#do-call"]}     →     {"value": null} or {"error": "…"}
//
// `do` is a method of playwright's Page, or one of OWN below. Ends with its input. tests/browser/conftest.py is the other end.
"use strict";

const fs = require("node:fs");
const readline = require("node:readline");
const { chromium } = require("playwright-core");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const PATIENCE = 10_000; // milliseconds for whatever a test waits for

const AXE = require.resolve("axe-core/axe.min.js");
const SERIOUS = ["serious", "critical"];

const tabs = new Map(); // number -> {page, complaints, requests}
let browser;

const OWN = {
  async open(tab, url, options) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complaints = [];
    page.setDefaultTimeout(PATIENCE);
    page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
    page.on("pageerror", (error) => complaints.push(String(error)));
    const requests = []; // WebSockets too
    page.on("request", (request) => requests.push(request.url()));
    page.on("websocket", (socket) => requests.push(socket.url()));
    tabs.set(tab, { page, complaints, requests });
    await page.goto(url);
  },
  complaints: async (tab) => tabs.get(tab).complaints,
  close: async (tab) => { await tabs.get(tab).page.context().close(); tabs.delete(tab); },
  requests: async (tab) => tabs.get(tab).requests,
  // By the browser's debugger again and again: playwright's waitForFunction evaluates in the page, which its policy may forbid.
  async until(tab, condition) {
    const { page } = tabs.get(tab);
    const end = Date.now() + PATIENCE;
    while (!await page.evaluate(condition).catch(() => false)) { // false while another page loads
      if (Date.now() > end) throw new Error(`still not true: ${condition}\n${await page.evaluate("document.body.innerText")}`);
      await page.waitForTimeout(20);
    }
  },
  // What axe-core finds that keeps people out: one line for each fault.
  async faults(tab, rules) {
    const { page } = tabs.get(tab);
    if (!await page.evaluate("'axe' in globalThis")) await page.evaluate(fs.readFileSync(AXE, "utf8"));
    const options = { resultTypes: ["violations"], ...(rules && { runOnly: { type: "rule", values: rules } }) };
    const { violations } = await page.evaluate(`axe.run(${JSON.stringify(options)})`);
    return violations.filter(({ impact }) => SERIOUS.includes(impact))
      .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
  },
  press: async (tab, key) => { await tabs.get(tab).page.keyboard.press(key); },
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
