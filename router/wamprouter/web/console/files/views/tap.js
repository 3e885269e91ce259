/** Messages on their way through the router, as they are: with filters, within limits, and for a while only. */

import { h } from "../lib/dom.js";
import { brief, bytes, clock, count } from "../lib/format.js";
import { Feed } from "../parts/feed.js";
import { Answer, choice, field } from "../parts/forms.js";
import { realmField } from "./procedures.js";
import { addressOf } from "./sessions.js";

/**
 * @typedef {import("../app.js").Context} Context
 * @typedef {{at: number, direction: string, session: number, authid: string, type: string, request?: number, uri?: string,
 *   size: number, args?: any, kwargs?: any, options?: any, error?: string, reason?: string, excerpt?: string}} Message
 */

export const title = "Tap";

const TYPES = ["CALL", "RESULT", "INVOCATION", "YIELD", "ERROR", "PUBLISH", "EVENT", "SUBSCRIBE", "REGISTER"];

/** @param {Context} context @returns {Node[]} */
export function show(context) {
  const { admin, signal } = context;
  const realm = realmField(context);
  const session = h("input", { inputmode: "numeric", pattern: "[0-9, ]*", placeholder: "all", autocomplete: "off", value: context.query.get("session") ?? "" });
  const uri = h("input.code", { placeholder: "all", autocomplete: "off", spellcheck: "false", autocapitalize: "off" });
  const match = choice("Match", ["prefix", "exact", "wildcard"], "prefix");
  const direction = choice("Direction", [["", "both"], ["in", "from clients"], ["out", "to clients"]]);
  const type = choice("Messages", [["", "all"], ...TYPES.map((/** @type {string} */ one) => /** @type {[string, string]} */ ([one, one]))]);
  const detail = choice("Payload", [["redacted", "redacted"], ["none", "none"], ["full", "in full"]], "redacted");
  const seconds = h("input", { type: "number", min: 1, max: 3600, value: 300, required: true });
  const submit = h("button.primary", { type: "submit" }, "Start");
  const answer = new Answer();
  const feed = new Feed("Messages", (/** @type {Message} */ one) => lineOf(one, realm.input.value), (one) => `${one.type} ${one.uri ?? ""} ${one.authid} ${one.session} ${brief(one.args, 2000)}`, "Messages appear here, newest first.");
  let dropped = 0;
  /** @type {{tap: number, end: AbortController} | null} */
  let running = null;

  const filters = () => ({
    realm: realm.input.value,
    sessions: session.value.trim() ? session.value.split(/[ ,]+/).filter(Boolean).map(Number) : null,
    uris: uri.value.trim() ? [{ uri: uri.value.trim(), match: match.input.value }] : null,
    directions: direction.input.value ? [direction.input.value] : null,
    types: type.input.value ? [type.input.value] : null,
    payload: detail.input.value,
    duration: Number(seconds.value),
  });

  async function start() {
    answer.show("waiting", "Starting");
    const { tap, topic } = await admin.call("router.tap.start", filters());
    const mine = running = { tap, end: new AbortController() };
    dropped = 0;
    submit.textContent = "Stop";
    await admin.follow(topic, {}, (args, kwargs) => take(args?.[0] ?? [], kwargs?.dropped), mine.end.signal);
    answer.show("result", `Tapping ${realm.input.value} for ${count(Number(seconds.value))} s`);
  }

  /**
   * @param {any[]} batch
   * @param {number | undefined} more dropped
   */
  function take(batch, more) {
    const messages = batch.filter((one) => one.type);
    dropped += (more ?? 0) + batch.reduce((sum, one) => sum + (one.type ? 0 : one.dropped ?? 0), 0);
    feed.add(...messages);
    const last = batch.find((one) => one.ended);
    if (last) stop(`The tap has ended: ${last.ended}`);
    else if (dropped) answer.show("progress", `${count(dropped)} messages were more than the limit, and are not shown`);
  }

  async function stop(/** @type {string} */ text) {
    const was = running;
    running = null;
    was?.end.abort();
    submit.textContent = "Start";
    answer.show("none", text);
    if (was) await admin.call("router.tap.stop", { tap: was.tap }).catch(() => {}); // it has ended by itself
  }

  async function submitted(/** @type {Event} */ event) {
    event.preventDefault();
    try {
      await (running ? stop("Stopped.") : start());
    } catch (error) {
      stop("");
      answer.fail(error, detail.input.value === "full" ? "tap payloads in full" : "tap messages");
    }
  }

  signal.addEventListener("abort", () => { if (running) stop(""); });
  admin.addEventListener("change", () => {
    if (running && admin.state !== "open") stop("The connection was lost, and the tap has ended with it.");
  }, { signal });
  return [
    h("header.view", {}, h("h1", {}, title), h("p.facts", {}, "who taps is in the router's log")),
    h("section.card", { "aria-label": "What to tap" },
      h("form.row.grid", { onsubmit: submitted }, realm.element, field("URI or pattern", uri, "wide"), match.element, field("Sessions", session), direction.element, type.element, detail.element, field("Seconds", seconds, "narrow"), submit),
      answer.element),
    h("section.card", { "aria-label": "Messages" }, feed.element),
  ];
}

/**
 * @param {Message} one
 * @param {string} realm
 * @returns {HTMLElement}
 */
function lineOf(one, realm) {
  const payload = one.excerpt ?? [one.args, one.kwargs].filter((part) => part !== undefined && part !== null).map((part) => brief(part)).join(" ");
  return h(`li.${one.direction === "in" ? "in" : "out"}`, {},
    h("time", {}, clock(one.at)), h("span.way", {}, one.direction === "in" ? "in" : "out"), h("span.type", {}, one.type),
    h("a.who", { href: addressOf({ realm, session: one.session }) }, one.authid || String(one.session)),
    h("b.uri", {}, one.uri ?? one.error ?? one.reason ?? ""), h("span.size", {}, bytes(one.size)), payload ? h("code", {}, payload) : null);
}
