/** The console: logs in, then shows the view that the address names. */

import { fill, h } from "./lib/dom.js";
import { Frame } from "./lib/frame.js";
import { Link } from "./lib/link.js";
import { forget, known, loginForm, remember } from "./lib/login.js";
import * as calls from "./views/calls.js";
import * as configuration from "./views/configuration.js";
import * as consumers from "./views/consumers.js";
import * as limits from "./views/limits.js";
import * as overview from "./views/overview.js";
import * as procedures from "./views/procedures.js";
import * as refusals from "./views/refusals.js";
import * as sessions from "./views/sessions.js";
import * as tap from "./views/tap.js";
import * as topics from "./views/topics.js";

/**
 * What a view is given.
 * @typedef {{
 *   admin: Link, realm: string, realms: string[], application: (realm: string) => Link,
 *   signal: AbortSignal, path: string[], query: URLSearchParams, own: string, isOwn: (session: number) => boolean,
 * }} Context `realm` is the chosen one, "" for all; `own` the admin realm; `signal` ends when the view is left
 * @typedef {{title: string, show: (context: Context) => Node[]}} View
 */

/** @type {Record<string, {view: View, group: string}>} */
const VIEWS = {
  overview: { view: overview, group: "Watch" },
  sessions: { view: sessions, group: "Watch" },
  procedures: { view: procedures, group: "Watch" },
  topics: { view: topics, group: "Watch" },
  calls: { view: calls, group: "Watch" },
  consumers: { view: consumers, group: "Watch" },
  refusals: { view: refusals, group: "Watch" },
  tap: { view: tap, group: "Watch" },
  configuration: { view: configuration, group: "Adjust" },
  limits: { view: limits, group: "Adjust" },
};
const PLACES = Object.entries(VIEWS).map(([name, { view, group }]) => ({ name, title: view.title, group }));
const REALM = "wamprouter.realm"; // of sessionStorage

/** The admin realm. @type {string} */
const ADMIN_REALM = await fetch("settings.json").then((answer) => answer.json()).then(({ realm }) => realm, () => "admin");

/** Everything between logging in and out. */
class Console {
  /** @param {import("./lib/link.js").Credentials} credentials */
  constructor(credentials) {
    this._credentials = credentials;
    this._admin = new Link(ADMIN_REALM, credentials);
    /** @type {Map<string, Link>} */
    this._applications = new Map(); // realm -> the session in it, while a view works there
    this._end = new AbortController();
    this._view = new AbortController();
    /** @type {string[]} */
    this._realms = [];
    this._realm = sessionStorage.getItem(REALM) ?? "";
    this._frame = new Frame(PLACES, this._admin, {
      onRealm: (realm) => this._choose(realm),
      onLeave: () => { forget(); this.leave(""); },
    }, this._end.signal);
    this._isShown = false;
    this._admin.addEventListener("change", () => this._changed(), { signal: this._end.signal });
    addEventListener("hashchange", () => { if (this._isShown) this._route(); }, { signal: this._end.signal });
  }

  _changed() {
    const { state, reason } = this._admin;
    if (state === "refused") {
      const isOld = this._isShown; // it was right before
      this.leave(isOld ? "The router does not know this ticket any more. Has it been started again? It prints the new address." : reason);
    } else if (state === "open") {
      remember(this._credentials);
      this._learnRealms();
      if (!this._isShown) this._show();
    } else if (!this._isShown && state === "lost") {
      this._show(); // with the state in view
    }
  }

  _show() {
    this._isShown = true;
    fill(document.body, this._frame.element);
    this._route();
  }

  /**
   * Log out.
   * @param {string} problem shown in the form that is next
   */
  leave(problem) {
    this._view.abort();
    this._end.abort();
    this._admin.close();
    this._part();
    askIn(problem);
  }

  async _learnRealms() {
    try {
      const realms = await this._admin.call("router.realm.list");
      this._realms = realms.map((/** @type {{name: string}} */ realm) => realm.name);
    } catch {
      this._realms = []; // not permitted: then there is nothing to choose from, and each view says what it may not
    }
    this._frame.offer(this._realms, this._realm);
  }

  /** @param {string} realm */
  _choose(realm) {
    this._realm = realm;
    sessionStorage.setItem(REALM, realm);
    this._route();
  }

  /**
   * @param {string} realm
   * @returns {Link} a session there, the same until the view is left or the router has ended it
   */
  _join(realm) {
    let link = this._applications.get(realm);
    if (!link || link.state === "closed" || link.state === "refused") {
      link = new Link(realm, this._credentials);
      this._applications.set(realm, link);
    }
    return link;
  }

  /** End the sessions in the applications' realms. */
  _part() {
    for (const link of this._applications.values()) link.close();
    this._applications.clear();
  }

  _route() {
    const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
    const [name, ...rest] = path.split("/").map(decodeURIComponent);
    const known = Object.hasOwn(VIEWS, name) ? name : "overview";
    this._view.abort();
    this._view = new AbortController();
    this._part();
    const { view } = VIEWS[known];
    const elements = view.show({
      admin: this._admin, realm: this._realm, realms: this._realms, own: ADMIN_REALM,
      application: (realm) => this._join(realm),
      isOwn: (session) => session === this._admin.id || [...this._applications.values()].some((link) => link.id === session),
      signal: this._view.signal, path: rest, query: new URLSearchParams(query),
    });
    document.title = `${view.title} · wamprouter`;
    this._frame.mark(known);
    fill(this._frame.main, ...elements);
    this._frame.main.dataset.view = known;
    scrollTo(0, 0);
  }
}

/** @param {string} problem */
function askIn(problem) {
  document.title = "wamprouter console";
  document.body.dataset.state = "asking";
  fill(document.body, loginForm(problem, (credentials) => begin(credentials)));
  /** @type {HTMLElement} */ (document.querySelector("input[name=secret]")).focus();
}

/** @param {import("./lib/link.js").Credentials} credentials */
function begin(credentials) {
  if (!document.body.children.length) fill(document.body, h("p.starting", { role: "status" }, "Connecting"));
  new Console(credentials);
}

const credentials = known();
if (credentials) begin(credentials);
else askIn("");

// An address with another ticket, opened in the same tab.
addEventListener("hashchange", () => { if (location.hash.includes("ticket=")) location.reload(); });
