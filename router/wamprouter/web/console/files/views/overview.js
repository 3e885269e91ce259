/** What the router does now, and did in the last five minutes. */

import { fill, h, say } from "../lib/dom.js";
import { explain } from "../lib/errors.js";
import { bytes, count, duration, latency, rate } from "../lib/format.js";
import { poll, whileSeen } from "../lib/polling.js";
import { BOUNDS, History } from "../lib/statistics.js";
import { Chart, sparkline } from "../parts/chart.js";
import { Table } from "../parts/table.js";

/**
 * @typedef {import("../app.js").Context} Context
 * @typedef {import("../lib/statistics.js").Point} Point
 * @typedef {import("../lib/statistics.js").Busy} Busy
 * @typedef {{name: string, is_on_demand: boolean, sessions: number, registrations: number, subscriptions: number, calls_in_flight: number}} Realm
 * @typedef {{label: string, value: (point: Point) => string, more: (point: Point, history: History) => string,
 *   key?: keyof Point, color?: string, tone?: (point: Point) => string, isGlobal?: boolean}} Tile
 *   `isGlobal`: of the whole router, also where one realm is looked at
 */

export const title = "Overview";

/** @type {Map<string, History>} */
const histories = new Map(); // of the realms that were looked at, so that coming back shows what was there

/** @param {number | null} seconds @returns {string} */
const quick = (seconds) => (seconds !== null && seconds <= BOUNDS[0] ? "< 0.5 ms" : latency(seconds)); // the first bucket says no more

/** @type {Tile[]} */
const TILES = [
  { label: "Calls a second", value: (p) => rate(p.calls), more: (p) => `${count(p.inFlight)} in flight`, key: "calls", color: "--calls" },
  { label: "Events a second", value: (p) => rate(p.events), more: (p) => `${rate(p.publications)} published`, key: "events", color: "--events" },
  { label: "Sessions", value: (p) => count(p.sessions), more: (p) => `${rate(p.joined)} joins a second`, key: "sessions", color: "--calm" },
  { label: "Latency, median", value: (p) => quick(p.p50), more: (p) => `p95 ${quick(p.p95)} · p99 ${quick(p.p99)}`, key: "p95", color: "--calls" },
  { label: "Errors a second", value: (p) => rate(p.errors), more: (p, history) => errorsOf(history), key: "errors", color: "--bad", tone: (p) => (p.errors > 0 ? "bad" : "") },
  { label: "Traffic", isGlobal: true, value: (p) => `${bytes(p.received + p.sent)}/s`, more: (p) => `${bytes(p.received)} in · ${bytes(p.sent)} out`, key: "sent", color: "--calm" },
  { label: "Memory", isGlobal: true, value: (p) => bytes(p.memory), more: (p) => `${bytes(p.queued)} queued`, key: "memory", color: "--calm" },
  { label: "Event loop delay", isGlobal: true, value: (p) => latency(p.lag), more: (p) => `CPU ${(100 * p.cpu).toFixed(0)} %`, key: "lag", color: "--calm", tone: (p) => (p.lag > 0.1 ? "bad" : "") },
];

/** @param {History} history @returns {string} */
function errorsOf(history) {
  const total = history.latest?.realms.filter((/** @type {any} */ one) => !history.realm || one.realm === history.realm)
    .flatMap((/** @type {any} */ one) => Object.values(one.errors)).reduce((/** @type {number} */ all, /** @type {number} */ one) => all + one, 0);
  return `${count(total)} since the start`;
}

/**
 * @param {Context} context
 * @returns {Node[]}
 */
export function show({ admin, realm, own, signal }) {
  if (!histories.has(realm)) histories.set(realm, new History(realm, own));
  const history = /** @type {History} */ (histories.get(realm));
  const notice = h("p.notice", { hidden: true, role: "status" });
  const facts = h("p.facts");
  const tiles = TILES.map((tile) => tileOf(tile, realm, signal));
  const charts = chartsOf(signal);
  const busiest = busiestTable();
  const realms = realmTable();
  const notYet = h("p.nothing", {}, "The first numbers come within two seconds.");

  function draw() {
    const point = history.points[history.points.length - 1];
    notYet.hidden = point !== undefined;
    if (!point) return;
    for (const tile of tiles) tile.draw(history, point);
    for (const chart of charts) chart.draw(history.points);
    busiest.show(history.busiest(8));
  }

  const trouble = (/** @type {unknown} */ error, /** @type {string} */ deed) => {
    if (signal.aborted) return;
    say(notice, explain(error, deed));
    notice.hidden = false;
  };
  whileSeen((seen) => {
    admin.ready().then(() => admin.follow("router.statistics", {}, ([snapshot]) => { if (snapshot.realms) history.add(snapshot); draw(); }, seen))
      .catch((error) => trouble(error, "follow the statistics"));
  }, signal);
  poll(async () => {
    try {
      realms.show(await admin.call("router.realm.list"));
      showFacts(facts, await admin.call("router.info"));
    } catch {
      // the state of the connection is said above, and what is not permitted by the tables that stay empty
    }
  }, 3000, signal);
  admin.addEventListener("change", () => { if (admin.state === "open") notice.hidden = true; }, { signal });
  draw();

  return [
    h("header.view", {}, h("h1", {}, title), facts), notice,
    h("section.tiles", { "aria-label": "Now" }, tiles.map((tile) => tile.element)), notYet,
    h("div.charts", {}, charts.map((chart) => chart.element)),
    h("div.pair", {},
      h("section.card.flush", {}, h("h2", {}, "Busiest procedures"), busiest.element),
      h("section.card.flush", {}, h("h2", {}, "Realms"), realms.element)),
  ];
}

/**
 * @param {Tile} tile
 * @param {string} realm
 * @param {AbortSignal} signal
 */
function tileOf({ label, value, more, key, color, tone, isGlobal }, realm, signal) {
  const [shown, note] = [h("b", {}, "–"), h("span.more", {}, "")];
  const spark = key && color ? sparkline(key, color, signal) : null;
  const element = h("div.tile", {}, h("h3", {}, realm && isGlobal ? `${label}, whole router` : label), shown, note, spark?.element);
  return {
    element,
    draw: (/** @type {History} */ history, /** @type {Point} */ point) => {
      say(shown, value(point));
      say(note, more(point, history));
      element.dataset.tone = tone?.(point) ?? "";
      spark?.draw(history.points);
    },
  };
}

/** @param {AbortSignal} signal @returns {Chart[]} */
function chartsOf(signal) {
  return [
    new Chart("Calls and events a second", [
      { name: "calls", key: "calls", color: "--calls", isFilled: true }, { name: "events", key: "events", color: "--events", isFilled: true },
    ], rate, signal),
    new Chart("Latency of calls", [
      { name: "p99", key: "p99", color: "--bad" }, { name: "p95", key: "p95", color: "--events" }, { name: "p50", key: "p50", color: "--calls" },
    ], latency, signal),
    new Chart("Calls in flight", [{ name: "in flight", key: "inFlight", color: "--calls", isFilled: true }], count, signal),
    new Chart("Bytes a second", [
      { name: "out", key: "sent", color: "--events", isFilled: true }, { name: "in", key: "received", color: "--calls", isFilled: true },
    ], bytes, signal),
  ];
}

/** @returns {Table<Busy>} */
function busiestTable() {
  return new Table("Busiest procedures", [
    { title: "Procedure", kind: "uri", text: (row) => row.procedure, link: (row) => `#/procedures?call=${encodeURIComponent(row.procedure)}&realm=${encodeURIComponent(row.realm)}` },
    { title: "Calls/s", kind: "number", text: (row) => rate(row.calls) },
    { title: "Mean", kind: "number", text: (row) => latency(row.mean) },
    { title: "p95", kind: "number", text: (row) => quick(row.p95) },
  ], (row) => `${row.realm} ${row.procedure}`, "No calls in the last seconds.");
}

/** @returns {Table<Realm>} */
function realmTable() {
  return new Table("Realms", [
    { title: "Realm", text: (row) => row.name },
    { title: "Sessions", kind: "number", text: (row) => count(row.sessions) },
    { title: "Procedures", kind: "number minor", text: (row) => count(row.registrations) },
    { title: "Topics", kind: "number minor", text: (row) => count(row.subscriptions) },
    { title: "In flight", kind: "number", text: (row) => count(row.calls_in_flight) },
    { title: "Made", kind: "minor", text: (row) => (row.is_on_demand ? "on demand" : "by the file") },
  ], (row) => row.name, "No realms.");
}

/**
 * @param {HTMLElement} element
 * @param {Record<string, any>} info
 */
function showFacts(element, info) {
  const addresses = info.transports.map((/** @type {{address: string}} */ transport) => transport.address).filter(Boolean).join(", ");
  fill(element, h("b", {}, `${info.product} ${info.version}`), ` up ${duration(info.uptime)} · process ${info.pid} · Python ${info.python} · ${addresses}`);
}
