/** Calls that callees work on now, the oldest first. */

import { h } from "../lib/dom.js";
import { latency } from "../lib/format.js";
import { pagedTable } from "../parts/table.js";
import { addressOf } from "./sessions.js";

/**
 * @typedef {import("../app.js").Context} Context
 * @typedef {{realm: string, procedure: string, registration: number, caller: number, caller_authid: string, callee: number,
 *   callee_authid: string, request: number, age_ms: number | null, state: string}} Call
 */

export const title = "Calls in flight";

const LONG = 10_000; // milliseconds after which a call is marked

/** @param {Context} context @returns {Node[]} */
export function show({ admin, realm, signal }) {
  const { element } = pagedTable({
    name: title, signal, pause: 1000, deed: "list calls in flight", search: "Search procedures and names",
    key: (/** @type {Call} */ row) => `${row.realm} ${row.caller} ${row.request}`, nothing: "No call is in flight.",
    columns: [
      { title: "Procedure", kind: "uri", text: (row) => row.procedure },
      { title: "Realm", kind: "extra", text: (row) => row.realm },
      { title: "Caller", text: (row) => row.caller_authid || String(row.caller), link: (row) => addressOf({ realm: row.realm, session: row.caller }) },
      { title: "Callee", kind: "minor", text: (row) => row.callee_authid || String(row.callee), link: (row) => addressOf({ realm: row.realm, session: row.callee }) },
      { title: "State", kind: "minor", text: (row) => row.state },
      { title: "Age", kind: "number", text: (row) => latency(row.age_ms === null ? null : row.age_ms / 1000), tone: (row) => ((row.age_ms ?? 0) > LONG ? "warn" : "") },
    ],
    fetch: async ({ search, offset, limit }) => {
      const { total, calls } = await admin.call("router.call.list", { realm: realm || null, search, offset, limit });
      return { total, rows: calls };
    },
  });
  return [h("header.view", {}, h("h1", {}, title), h("p.facts", {}, `oldest first${realm ? `, in ${realm}` : ""}`)), element];
}
