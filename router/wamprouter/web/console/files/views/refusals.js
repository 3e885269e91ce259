/** What the router has refused, by reason, and how often of late. */

import { h, say } from "../lib/dom.js";
import { explain } from "../lib/errors.js";
import { count } from "../lib/format.js";
import { poll } from "../lib/polling.js";
import { Table } from "../parts/table.js";

/**
 * @typedef {import("../app.js").Context} Context
 * @typedef {{reason: string, count: number, fresh: number}} Refusal
 */

export const title = "Refusals";

/** @param {Context} context @returns {Node[]} */
export function show({ admin, signal }) {
  /** @type {Map<string, number> | null} */
  let first = null; // as it was when the view was opened
  const trouble = h("p.notice", { hidden: true, role: "status" });
  /** @type {Table<Refusal>} */
  const table = new Table(title, [
    { title: "Reason", text: (row) => row.reason.replaceAll("_", " ") },
    { title: "Since the start", kind: "number", text: (row) => count(row.count) },
    { title: "Since you look", kind: "number", text: (row) => (row.fresh ? `+${count(row.fresh)}` : "0"), tone: (row) => (row.fresh ? "warn" : "") },
  ], (row) => row.reason, "Nothing has been refused.");

  poll(async () => {
    try {
      const found = /** @type {Refusal[]} */ (await admin.call("router.refusals"));
      first ??= new Map(found.map((one) => [one.reason, one.count]));
      const rows = found.map((one) => ({ ...one, fresh: one.count - (first?.get(one.reason) ?? 0) }));
      table.show(rows.sort((a, b) => b.count - a.count || a.reason.localeCompare(b.reason)));
      trouble.hidden = true;
    } catch (error) {
      say(trouble, explain(error, "see refusals"));
      trouble.hidden = signal.aborted;
    }
  }, 2000, signal);

  return [
    h("header.view", {}, h("h1", {}, title), h("p.facts", {}, "of the whole router")), trouble,
    h("div.card.flush", {}, table.element),
  ];
}
