/** What can be called, and a form that calls it. */

import { fill, h } from "../lib/dom.js";
import { explain, failure } from "../lib/errors.js";
import { count, latency, since } from "../lib/format.js";
import { Answer, check, choice, field, payload, written } from "../parts/forms.js";
import { pagedTable } from "../parts/table.js";

/**
 * @typedef {import("../app.js").Context} Context
 * @typedef {{registration: number, realm: string, procedure: string, match: string, invoke: string, callees: number,
 *   created_at: number, calls: number | null, in_flight: number}} Registration
 */

export const title = "Procedures";

/** @param {Context} context @returns {Node[]} */
export function show(context) {
  const { admin, realm, signal } = context;
  const form = callForm(context);
  const own = check("The router's own too", false);
  const { element, refresh } = pagedTable({
    name: title, signal, deed: "list procedures", search: "Search procedures", perPage: 20, more: own.element,
    key: (/** @type {Registration} */ row) => `${row.realm} ${row.registration}`, nothing: "No procedure is registered that matches.",
    columns: [
      { title: "Procedure", kind: "uri", text: (row) => row.procedure },
      { title: "Realm", kind: "minor", text: (row) => row.realm },
      { title: "Match", kind: "extra", text: (row) => row.match },
      { title: "Callees", kind: "number minor", text: (row) => (row.invoke === "single" ? count(row.callees) : `${count(row.callees)} ${row.invoke}`) },
      { title: "Calls", kind: "number minor", text: (row) => count(row.calls) },
      { title: "In flight", kind: "number minor", text: (row) => count(row.in_flight) },
      { title: "For", kind: "number extra", text: (row) => since(row.created_at) },
      { title: "", kind: "act", text: () => "", make: (row) => h("button.small", { type: "button", "aria-label": `Call ${row.procedure}`, onclick: () => form.take(row.realm, row.procedure) }, "Call") },
    ],
    fetch: async ({ search, offset, limit }) => {
      const { total, registrations } = await admin.call("router.registration.list", { realm: realm || null, search, offset, limit, reserved: own.input.checked });
      return { total, rows: registrations };
    },
  });
  own.input.addEventListener("change", refresh);
  return [h("header.view", {}, h("h1", {}, title), h("p.facts", {}, realm ? `in ${realm}` : "in all realms")), h("div.aside", {}, element, form.element)];
}

/**
 * @param {Context} context
 * @returns {{element: HTMLElement, take: (realm: string, procedure: string) => void}}
 */
function callForm(context) {
  const realm = realmField(context);
  const uri = h("input.code", { required: true, spellcheck: "false", autocomplete: "off", autocapitalize: "off", value: context.query.get("call") ?? "" });
  const timeout = h("input", { type: "number", min: 0, step: 1, placeholder: "none" });
  const { elements, read } = payload();
  const progress = check("Progressive results", true);
  const answer = new Answer();
  const submit = h("button.primary", { type: "submit" }, "Call");

  async function call(/** @type {Event} */ event) {
    event.preventDefault();
    const given = read();
    if (!given) return;
    const options = { ...(progress.input.checked && { receive_progress: true }), ...(timeout.value && { timeout: 1000 * Number(timeout.value) }) };
    answer.show("waiting", "Calling");
    submit.disabled = true;
    let parts = 0;
    let start = performance.now();
    const took = () => latency((performance.now() - start) / 1000);
    try {
      const link = context.application(realm.input.value);
      await link.ready();
      start = performance.now(); // joining the realm is no part of the call
      const result = await link.call(uri.value, given.kwargs, given.args, options, (part) => {
        parts += 1;
        answer.show("progress", `Part ${parts} after ${took()}`, written(part));
      });
      answer.show("result", `Result after ${took()}${parts ? `, and ${parts} parts before` : ""}`, written(result));
    } catch (error) {
      const failed = failure(error);
      const text = failed.isForbidden ? explain(failed, `call ${uri.value}`) : [failed.uri, failed.message].filter(Boolean).join("\n");
      answer.show("error", `Failed after ${took()}`, text);
    } finally {
      submit.disabled = false;
    }
  }

  const element = h("section.card", { "aria-labelledby": "call-title" },
    h("h2", { id: "call-title" }, "Call a procedure"),
    h("form.stack", { onsubmit: call },
      realm.element, field("Procedure", uri, "wide"), elements,
      h("div.row", {}, field("Time-out, seconds", timeout, "narrow"), progress.element, submit)),
    answer.element);
  return {
    element,
    take: (name, procedure) => {
      realm.input.value = name;
      uri.value = procedure;
      element.scrollIntoView({ block: "nearest" });
      element.querySelector("textarea")?.focus();
    },
  };
}

/**
 * @param {Context} context
 * @returns {{element: HTMLElement, input: HTMLSelectElement}} the realm to work in: the chosen one, or the first of the application's
 */
export function realmField({ admin, realm, realms, own, query, signal }) {
  const wanted = query.get("realm") || realm || realms.find((name) => name !== own) || "";
  const made = choice("Realm", realms.length ? realms : [wanted || own], wanted);
  if (!realms.length) {
    admin.ready().then(() => admin.call("router.realm.list")).then((found) => {
      if (signal.aborted) return;
      const names = found.map((/** @type {{name: string}} */ one) => one.name);
      fill(made.input, names.map((/** @type {string} */ name) => h("option", { value: name }, name)));
      made.input.value = wanted || names.find((/** @type {string} */ name) => name !== own) || own;
    }, () => {}); // not permitted: the chosen realm is all that there is
  }
  return made;
}
