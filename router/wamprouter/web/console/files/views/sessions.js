/** Who is connected; one of them in full; and how to end a session. */

import { fill, h, say } from "../lib/dom.js";
import { explain, failure } from "../lib/errors.js";
import { bytes, count, moment, since } from "../lib/format.js";
import { poll } from "../lib/polling.js";
import { confirmed } from "../parts/dialog.js";
import { Answer } from "../parts/forms.js";
import { Table, pagedTable } from "../parts/table.js";

/**
 * @typedef {import("../app.js").Context} Context
 * @typedef {{session: number, realm: string, authid: string, authrole: string, authmethod: string, authprovider: string,
 *   transport: string, serializer: string, peer: string, agent?: string, joined_at: number, received: number, sent: number,
 *   queued: number, queue_limit: number, is_throttled: boolean, calls: number, invocations: number, subscriptions: number,
 *   registrations: number}} Session
 */

export const title = "Sessions";

/** @param {{realm: string, session: number}} row @returns {string} the address of a session's own view */
export const addressOf = (row) => `#/sessions/${encodeURIComponent(row.realm)}/${row.session}`;

/** @param {Context} context @returns {Node[]} */
export function show(context) {
  return context.path.length === 2 ? detail(context, context.path[0], Number(context.path[1])) : list(context);
}

/** @param {Context} context @returns {Node[]} */
function list({ admin, realm, signal, isOwn }) {
  const { element } = pagedTable({
    name: title, signal, deed: "list sessions", search: "Search session, authid, role or address", order: "joined",
    key: (/** @type {Session} */ row) => String(row.session), nothing: "No session matches.",
    columns: [
      { title: "Name", text: (row) => row.authid, link: addressOf },
      { title: "Role", text: (row) => (isOwn(row.session) ? `${row.authrole} (you)` : row.authrole) },
      { title: "Realm", kind: "minor", text: (row) => row.realm },
      { title: "Address", kind: "extra", text: (row) => row.peer },
      { title: "By", kind: "spare", text: (row) => `${row.transport} ${row.serializer}` },
      { title: "Here for", kind: "number", order: "joined", text: (row) => since(row.joined_at) },
      { title: "Received", kind: "number minor", order: "received", text: (row) => count(row.received) },
      { title: "Sent", kind: "number minor", order: "sent", text: (row) => count(row.sent) },
      { title: "Queued", kind: "number minor", order: "queued", text: (row) => bytes(row.queued), tone: (row) => (row.is_throttled ? "warn" : "") },
      { title: "Calls", kind: "number minor", order: "calls", text: (row) => count(row.calls) },
    ],
    fetch: async (query) => {
      const { total, sessions } = await admin.call("router.session.list", { ...query, realm: realm || null });
      return { total, rows: sessions };
    },
  });
  return [h("header.view", {}, h("h1", {}, title), h("p.facts", {}, realm ? `in ${realm}` : "in all realms")), element];
}

/** @type {[string, (session: Session) => string][]} */
const FACTS = [
  ["Session", (one) => String(one.session)],
  ["Realm", (one) => one.realm],
  ["Role", (one) => one.authrole],
  ["Logged in by", (one) => [one.authmethod, one.authprovider].filter(Boolean).join(", ")],
  ["Address", (one) => one.peer],
  ["Transport", (one) => `${one.transport}, ${one.serializer}`],
  ["Library", (one) => one.agent || "not told"],
  ["Joined", (one) => `${moment(one.joined_at)} (${since(one.joined_at)} ago)`],
  ["Messages", (one) => `${count(one.received)} received, ${count(one.sent)} sent`],
  ["Queue", (one) => `${bytes(one.queued)} of ${bytes(one.queue_limit)}${one.is_throttled ? ", throttled" : ""}`],
  ["Calls in flight", (one) => `${count(one.calls)} as caller, ${count(one.invocations)} as callee`],
];

/**
 * @param {Context} context
 * @param {string} realm
 * @param {number} number
 * @returns {Node[]}
 */
function detail({ admin, signal, isOwn }, realm, number) {
  const name = h("h1", {}, `Session ${number}`);
  const values = FACTS.map(() => h("dd", {}, "–"));
  const features = h("dd", {}, "–");
  const answer = new Answer();
  const subscriptions = uriTable("Subscriptions", "topic", "Subscribes to nothing.");
  const registrations = uriTable("Registrations", "procedure", "Offers no procedures.");
  const end = h("button.danger", { type: "button", hidden: isOwn(number), onclick: () => kick() }, "End session");
  const endAll = h("button.danger", { type: "button", hidden: isOwn(number), onclick: () => kickAll() }, "End all of this name");
  const ending = new AbortController(); // of asking: the session is gone
  signal.addEventListener("abort", () => ending.abort());
  let who = "";

  async function kick() {
    if (!(await confirmed("End this session?", `The router sends ${who || number} a GOODBYE and closes. Most clients connect again by themselves.`, "End session"))) return;
    try {
      await admin.call("router.session.kick", { realm, session: number });
      gone("The session has been ended.");
    } catch (error) {
      answer.fail(error, "end sessions");
    }
  }

  async function kickAll() {
    if (!(await confirmed(`End all sessions of ${who}?`, `The router ends each session in ${realm} that has this name.`, "End all"))) return;
    try {
      const ended = await admin.call("router.session.kick_by_authid", { realm, authid: who });
      answer.show("result", `${count(ended.length)} sessions have been ended.`);
    } catch (error) {
      answer.fail(error, "end sessions");
    }
  }

  function gone(/** @type {string} */ text) {
    ending.abort();
    end.disabled = endAll.disabled = true;
    answer.show("result", text);
  }

  poll(async () => {
    try {
      const found = await admin.call("router.session.get", { realm, session: number });
      who = found.authid;
      say(name, found.authid);
      FACTS.forEach(([, text], index) => say(values[index], text(found)));
      say(features, found.features?.filter((/** @type {string} */ one) => !one.endsWith(".")).join(", ") || "none");
      subscriptions.show(found.subscriptions);
      registrations.show(found.registrations);
    } catch (error) {
      if (ending.signal.aborted) return;
      if (failure(error).uri === "wamp.error.no_such_session") gone("There is no such session any more.");
      else answer.show("error", explain(error, "look at sessions"));
    }
  }, 2000, ending.signal);

  return [
    h("header.view", {}, h("p.back", {}, h("a", { href: "#/sessions" }, "Sessions")), name,
      h("div.buttons", {}, h("a.button", { href: `#/tap?session=${number}&realm=${encodeURIComponent(realm)}` }, "Tap"), end, endAll)),
    answer.element,
    h("section.card", { "aria-label": "Facts" }, h("dl.facts", {}, FACTS.map(([label], index) => h("div", {}, h("dt", {}, label), values[index])),
      h("div.wide", {}, h("dt", {}, "Features"), features))),
    h("div.pair", {},
      h("section.card.flush", {}, h("h2", {}, "Subscriptions"), subscriptions.element),
      h("section.card.flush", {}, h("h2", {}, "Registrations"), registrations.element)),
  ];
}

/**
 * @param {string} name
 * @param {"topic" | "procedure"} key
 * @param {string} nothing
 * @returns {Table<any>}
 */
function uriTable(name, key, nothing) {
  return new Table(name, [
    { title: key === "topic" ? "Topic" : "Procedure", kind: "uri", text: (row) => row[key] },
    { title: "Match", text: (row) => (row.invoke && row.invoke !== "single" ? `${row.match}, ${row.invoke}` : row.match) },
  ], (row) => String(row.subscription ?? row.registration), nothing);
}
