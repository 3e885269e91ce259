/** What is subscribed to; a form that publishes; and a topic, or a pattern of topics, followed live. */

import { h } from "../lib/dom.js";
import { brief, clock, count, latency, since } from "../lib/format.js";
import { Feed } from "../parts/feed.js";
import { Answer, check, choice, field, payload } from "../parts/forms.js";
import { pagedTable } from "../parts/table.js";
import { realmField } from "./procedures.js";

/**
 * @typedef {import("../app.js").Context} Context
 * @typedef {{subscription: number, realm: string, topic: string, match: string, subscribers: number, created_at: number}} Subscription
 * @typedef {{at: number, topic: string, args: any[], kwargs: Record<string, any>, publisher: string}} Heard
 */

export const title = "Topics";

/** @param {Context} context @returns {Node[]} */
export function show(context) {
  const { admin, realm, signal } = context;
  const follow = followForm(context);
  const publish = publishForm(context);
  const { element } = pagedTable({
    name: "Subscriptions", signal, deed: "list subscriptions", search: "Search topics", perPage: 20,
    key: (/** @type {Subscription} */ row) => `${row.realm} ${row.subscription}`, nothing: "Nobody subscribes to a topic that matches.",
    columns: [
      { title: "Topic", kind: "uri", text: (row) => row.topic || "(every topic)" },
      { title: "Realm", kind: "minor", text: (row) => row.realm },
      { title: "Match", kind: "minor", text: (row) => row.match },
      { title: "Subscribers", kind: "number", text: (row) => count(row.subscribers) },
      { title: "For", kind: "number extra", text: (row) => since(row.created_at) },
      { title: "", kind: "act", text: () => "", make: (row) => h("button.small", { type: "button", "aria-label": `Follow ${row.topic}`, onclick: () => follow.take(row) }, "Follow") },
    ],
    fetch: async ({ search, offset, limit }) => {
      const { total, subscriptions } = await admin.call("router.subscription.list", { realm: realm || null, search, offset, limit });
      return { total, rows: subscriptions };
    },
  });
  return [
    h("header.view", {}, h("h1", {}, title), h("p.facts", {}, realm ? `in ${realm}` : "in all realms")),
    follow.element, h("div.aside", {}, element, publish),
  ];
}

/**
 * @param {Context} context
 * @returns {{element: HTMLElement, take: (row: Subscription) => void}}
 */
function followForm(context) {
  const realm = realmField(context);
  const topic = h("input.code", { spellcheck: "false", autocomplete: "off", autocapitalize: "off", value: context.query.get("follow") ?? "" });
  const match = choice("Match", ["exact", "prefix", "wildcard"], "exact");
  const answer = new Answer();
  const feed = new Feed("Events", lineOf, (/** @type {Heard} */ one) => `${one.topic} ${brief(one.args, 5000)} ${brief(one.kwargs, 5000)} ${one.publisher}`, "Events appear here, newest first.");
  const submit = h("button.primary", { type: "submit" }, "Follow");
  feed.element.hidden = true; // until there is something to wait for
  /** @type {AbortController | null} */
  let following = null;
  context.signal.addEventListener("abort", () => following?.abort());

  function stop() {
    following?.abort();
    following = null;
    submit.textContent = "Follow";
    answer.show("none", "");
  }

  async function begin(/** @type {Event} */ event) {
    event.preventDefault();
    if (following) {
      stop();
      return;
    }
    const mine = following = new AbortController();
    submit.textContent = "Stop";
    try {
      const link = context.application(realm.input.value);
      await link.ready();
      await link.follow(topic.value, { match: match.input.value }, (args, kwargs, details) => feed.add({
        at: Date.now() / 1000, topic: details.topic ?? topic.value, args, kwargs,
        publisher: details.publisher_authid ?? (details.publisher ? String(details.publisher) : ""),
      }), mine.signal);
      feed.element.hidden = false;
      answer.show("result", `Following ${topic.value || "every topic"} in ${realm.input.value}`);
    } catch (error) {
      if (following === mine) stop();
      answer.fail(error, `subscribe to ${topic.value}`);
    }
  }

  const form = h("form.row", { onsubmit: begin }, realm.element, field("Topic or pattern", topic, "wide"), match.element, submit);
  const element = h("section.card", { "aria-labelledby": "follow-title" }, h("h2", { id: "follow-title" }, "Follow"), form, answer.element, feed.element);
  return {
    element,
    take: (row) => {
      stop();
      realm.input.value = row.realm;
      topic.value = row.topic;
      match.input.value = row.match;
      form.requestSubmit();
      element.scrollIntoView({ block: "nearest" });
    },
  };
}

/** @param {Heard} heard @returns {HTMLElement} */
function lineOf({ at, topic, args, kwargs, publisher }) {
  const more = [args?.length ? brief(args) : "", Object.keys(kwargs ?? {}).length ? brief(kwargs) : ""].filter(Boolean).join(" ");
  return h("li", {}, h("time", {}, clock(at)), h("b.uri", {}, topic), publisher ? h("span.who", {}, publisher) : null, h("code", {}, more));
}

/** @param {Context} context @returns {HTMLElement} */
function publishForm(context) {
  const realm = realmField(context);
  const topic = h("input.code", { required: true, spellcheck: "false", autocomplete: "off", autocapitalize: "off" });
  const { elements, read } = payload();
  const retain = check("Retain for later subscribers", false);
  const back = check("Receive it here too", true);
  const answer = new Answer();
  const submit = h("button.primary", { type: "submit" }, "Publish");

  async function publish(/** @type {Event} */ event) {
    event.preventDefault();
    const given = read();
    if (!given) return;
    submit.disabled = true;
    try {
      const link = context.application(realm.input.value);
      await link.ready();
      const start = performance.now();
      await link.publish(topic.value, given.args, given.kwargs, { exclude_me: !back.input.checked, ...(retain.input.checked && { retain: true }) });
      answer.show("result", `Published: the router acknowledged it after ${latency((performance.now() - start) / 1000)}`);
    } catch (error) {
      answer.fail(error, `publish to ${topic.value}`);
    } finally {
      submit.disabled = false;
    }
  }

  return h("section.card", { "aria-labelledby": "publish-title" }, h("h2", { id: "publish-title" }, "Publish"),
    h("form.stack", { onsubmit: publish }, realm.element, field("Topic", topic, "wide"), elements, retain.element, h("div.row", {}, back.element, submit)),
    answer.element);
}
