/** What can be turned while the router runs: its limits, and how much it logs. */

import { fill, h } from "../lib/dom.js";
import { explain } from "../lib/errors.js";
import { Answer, choice, field } from "../parts/forms.js";

/** @typedef {import("../app.js").Context} Context */

export const title = "Limits and log";

const LEVELS = ["critical", "error", "warn", "info", "debug"];

/** @param {Context} context @returns {Node[]} */
export function show(context) {
  return [
    h("header.view", {}, h("h1", {}, title), h("p.facts", {}, "until the next reload or restart: what is to stay belongs into the file")),
    h("div.aside", {}, limitsForm(context), levelForm(context)),
  ];
}

/** @param {Context} context @returns {HTMLElement} */
function limitsForm({ admin, signal }) {
  const answer = new Answer();
  const list = h("div.limits", {}, h("p.nothing", {}, "Loading"));
  const submit = h("button.primary", { type: "submit", disabled: true }, "Set");
  /** @type {Map<string, {input: any, was: any}>} */
  const inputs = new Map();

  function draw(/** @type {Record<string, any>} */ limits) {
    inputs.clear();
    fill(list, Object.entries(limits).map(([name, value]) => {
      const isFlag = typeof value === "boolean";
      const input = h("input", isFlag ? { type: "checkbox", checked: value } : typeof value === "number" ? { type: "number", step: "any", value } : { value: JSON.stringify(value) });
      inputs.set(name, { input, was: value });
      return field(name.replaceAll("_", " "), input, isFlag ? "flag" : "");
    }));
    submit.disabled = false;
  }

  const read = (/** @type {any} */ input, /** @type {any} */ was) => {
    if (typeof was === "boolean") return input.checked;
    return typeof was === "number" ? input.valueAsNumber : JSON.parse(input.value);
  };

  async function set(/** @type {Event} */ event) {
    event.preventDefault();
    try {
      const changed = Object.fromEntries([...inputs].map(([name, { input, was }]) => [name, read(input, was), was]).filter(([, now, was]) => JSON.stringify(now) !== JSON.stringify(was)));
      if (!Object.keys(changed).length) {
        answer.show("none", "Nothing is different.");
        return;
      }
      draw(await admin.call("router.limits.set", changed));
      answer.show("result", `Set: ${Object.entries(changed).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(", ")}`);
    } catch (error) {
      answer.fail(error, "set limits");
    }
  }

  admin.ready().then(() => admin.call("router.limits.get")).then((limits) => { if (!signal.aborted) draw(limits); }, (error) => {
    if (!signal.aborted) fill(list, h("p.notice", {}, explain(error, "see limits")));
  });
  return h("section.card", { "aria-labelledby": "limits-title" }, h("h2", { id: "limits-title" }, "Limits of the router"),
    h("p.hint", {}, "0 means no limit, where that is possible."),
    h("form.stack", { onsubmit: set }, list, h("div.row", {}, submit)), answer.element);
}

/** @param {Context} context @returns {HTMLElement} */
function levelForm({ admin, signal }) {
  const answer = new Answer();
  const level = choice("Level", LEVELS, "info");
  const submit = h("button.primary", { type: "submit" }, "Set level");

  async function set(/** @type {Event} */ event) {
    event.preventDefault();
    try {
      await admin.call("router.log.level.set", { level: level.input.value });
      answer.show("result", `The router logs ${level.input.value} and what is more important.`);
    } catch (error) {
      answer.fail(error, "set the log level");
    }
  }

  admin.ready().then(() => admin.call("router.log.level.get")).then((now) => { level.input.value = now; }, (error) => {
    if (!signal.aborted) answer.fail(error, "see the log level");
  });
  return h("section.card", { "aria-labelledby": "level-title" }, h("h2", { id: "level-title" }, "Log level"),
    h("form.row", { onsubmit: set }, level.element, submit), answer.element);
}
