/** The configuration that is in force, and taking another one. */

import { fill, h } from "../lib/dom.js";
import { explain } from "../lib/errors.js";
import { confirmed } from "../parts/dialog.js";
import { Answer } from "../parts/forms.js";

/** @typedef {import("../app.js").Context} Context */

export const title = "Configuration";

/** @param {Context} context @returns {Node[]} */
export function show({ admin, signal }) {
  const answer = new Answer();
  const tree = h("div.config", {}, h("p.nothing", {}, "Loading"));
  const button = h("button.primary", { type: "button", onclick: () => reload() }, "Reload the file");

  async function load() {
    try {
      await admin.ready();
      const config = await admin.call("router.config.get");
      if (!signal.aborted) fill(tree, Object.entries(config).map(([name, value]) => section(name, value)));
    } catch (error) {
      if (!signal.aborted) fill(tree, h("p.notice", {}, explain(error, "see the configuration")));
    }
  }

  async function reload() {
    if (!(await confirmed("Reload the configuration?", "The router reads its file again and applies it at once. If something is wrong with it, nothing changes.", "Reload"))) return;
    button.disabled = true;
    answer.show("waiting", "Reloading");
    try {
      const { done, lines } = await admin.call("router.config.reload");
      answer.show(done ? "result" : "error", done ? "Reloaded" : "Nothing has changed", lines.length ? lines.join("\n") : undefined);
      await load();
    } catch (error) {
      answer.fail(error, "reload the configuration");
    } finally {
      button.disabled = false;
    }
  }

  load();
  return [
    h("header.view", {}, h("h1", {}, title), h("p.facts", {}, "as it is in force; secrets are not shown"), h("div.buttons", {}, button)),
    answer.element,
    h("section.card.flush", { "aria-label": "In force" }, tree),
  ];
}

/**
 * @param {string} name
 * @param {any} value
 * @returns {HTMLElement} closed where it is long
 */
function section(name, value) {
  const isPlain = value === null || typeof value !== "object";
  const size = isPlain ? "" : Array.isArray(value) ? `${value.length}` : `${Object.keys(value).length}`;
  if (isPlain) return h("p.plain", {}, h("b", {}, name), h("code", {}, JSON.stringify(value)));
  return h("details", { open: name === "realms" || name === "transports" }, h("summary", {}, h("b", {}, name), h("span.range", {}, size)),
    h("pre", { tabindex: 0, role: "region", "aria-label": name }, JSON.stringify(value, null, 2)));
}
