/** Who uses the console: from its address, from this tab's memory, or from a form. */

import { h, icon } from "./dom.js";
import { field } from "../parts/forms.js";

const KEY = "wamprouter.credentials"; // of sessionStorage: this tab only, and gone when it is closed
const NAME = "admin"; // who the ticket of the console's address is for

/** @typedef {import("./link.js").Credentials} Credentials */

/**
 * Take the ticket off the console's address, so that nobody reads it there or in the history.
 * @returns {Credentials | null}
 */
function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const ticket = given.get("ticket");
  if (!ticket) return null;
  history.replaceState(null, "", `${location.pathname}${location.search}#/overview`);
  return { authid: given.get("authid") || NAME, secret: ticket };
}

/** @returns {Credentials | null} */
function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

/** @returns {Credentials | null} what there is without asking */
export const known = () => fromAddress() ?? remembered();

/** @param {Credentials} credentials */
export const remember = (credentials) => sessionStorage.setItem(KEY, JSON.stringify(credentials));

export const forget = () => sessionStorage.removeItem(KEY);

/**
 * @param {string} problem why one is asked; empty at first
 * @param {(credentials: Credentials) => void} onSubmit
 * @returns {HTMLElement}
 */
export function loginForm(problem, onSubmit) {
  const authid = h("input", { name: "authid", autocomplete: "username", required: true, value: remembered()?.authid ?? NAME, spellcheck: "false", autocapitalize: "off" });
  const secret = h("input", { name: "secret", type: "password", autocomplete: "current-password", required: true, autofocus: true });
  const submit = h("button.primary", { type: "submit" }, "Log in");
  const form = h("form.card", { onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    submit.disabled = true;
    onSubmit({ authid: authid.value, secret: secret.value });
  } },
    h("div.brand", {}, h("img", { src: "icon.svg", alt: "", width: 36, height: 36 }), h("h1", {}, "wamprouter console")),
    h("p.problem", { role: "alert", id: "login-problem" }, problem),
    field("Name (authid)", authid, "wide"),
    field("Ticket or secret", secret, "wide"),
    submit,
    h("p.hint", {}, "The router prints the console's address with a ticket in it each time it starts. Open that, or copy the ticket " +
      "from it. ", h("code", {}, "admin.auth"), " of its configuration gives people names and tickets of their own."));
  return h("main.login", {}, form);
}

/**
 * @param {() => void} onLeave
 * @returns {HTMLElement}
 */
export function leaveButton(onLeave) {
  return h("button.tool", { type: "button", title: "Log out", "aria-label": "Log out", onclick: onLeave }, icon("leave"));
}
