/** Sessions that read more slowly than the router has something for them. */

import { h } from "../lib/dom.js";
import { bytes, since } from "../lib/format.js";
import { pagedTable } from "../parts/table.js";
import { addressOf } from "./sessions.js";

/**
 * @typedef {import("../app.js").Context} Context
 * @typedef {import("./sessions.js").Session} Session
 */

export const title = "Slow consumers";

/** @param {Session} row @returns {Node} how full its queue is, to compare */
function filling({ queue_limit: limit, authid }) {
  const full = limit || 1;
  return h("meter", { min: 0, max: full, low: full / 4, high: full / 2, optimum: 0, "aria-label": `Queue of ${authid}` });
}

/** @param {Context} context @returns {Node[]} */
export function show({ admin, realm, signal }) {
  const { element } = pagedTable({
    name: title, signal, pause: 1000, deed: "list sessions", search: "Search session, authid, role or address", order: "queued",
    key: (/** @type {Session} */ row) => String(row.session), nothing: "Every session reads what it is sent.",
    columns: [
      { title: "Name", text: (row) => row.authid, link: addressOf },
      { title: "Role", kind: "minor", text: (row) => row.authrole },
      { title: "Realm", kind: "minor", text: (row) => row.realm },
      { title: "Address", kind: "spare", text: (row) => row.peer },
      { title: "Here for", kind: "number extra", text: (row) => since(row.joined_at) },
      { title: "Queued", kind: "number", text: (row) => bytes(row.queued), tone: (row) => (row.is_throttled ? "warn" : "") },
      { title: "Of", kind: "number minor", text: (row) => bytes(row.queue_limit) },
      { title: "Full", kind: "act", text: () => "", make: filling, update: (meter, row) => { meter.value = row.queued; } },
      { title: "Feeders", kind: "minor", text: (row) => (row.is_throttled ? "paused" : "go on") },
    ],
    fetch: async (query) => {
      const { sessions } = await admin.call("router.session.list", { ...query, realm: realm || null });
      const rows = sessions.filter((/** @type {Session} */ row) => row.queued > 0);
      return { total: null, rows };
    },
  });
  return [
    h("header.view", {}, h("h1", {}, title), h("p.facts", {}, `the longest queue first${realm ? `, in ${realm}` : ""}`)),
    element,
    h("p.hint", {}, "What a session does not read waits in its queue. A long queue pauses those who feed it; a full one ends the session, or loses events, as its realm says."),
  ];
}
