/** What is around every view: the navigation, the realm that is looked at, the state of the connection, light and dark. */

import { h, icon, say, fill } from "./dom.js";
import { leaveButton } from "./login.js";
import { recolour } from "../parts/chart.js";

/**
 * @typedef {import("./link.js").Link} Link
 * @typedef {{name: string, title: string, group: string}} Place
 */

const THEME = "wamprouter.theme";

/** @returns {HTMLElement} */
function themeButton() {
  const root = document.documentElement;
  const other = () => (root.dataset.theme === "dark" ? "light" : "dark");
  const button = h("button.tool", { type: "button", onclick: () => {
    root.dataset.theme = other();
    localStorage.setItem(THEME, root.dataset.theme);
    show();
  } });
  const show = () => {
    fill(button, icon(other()));
    button.title = `Use ${other()} colours`;
    button.setAttribute("aria-label", button.title);
    recolour();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show); // theme.js has been told before
  show();
  return button;
}

export class Frame {
  /**
   * @param {Place[]} places
   * @param {Link} link
   * @param {{onRealm: (realm: string) => void, onLeave: () => void}} acts
   * @param {AbortSignal} signal the end of all that
   */
  constructor(places, link, acts, signal) {
    this._link = link;
    this._realm = h("select", { id: "realm", onchange: () => acts.onRealm(this._realm.value) }, h("option", { value: "" }, "All realms"));
    this._state = h("span", { id: "state" });
    this._retry = h("button.retry", { type: "button", hidden: true, onclick: () => link.retry() }, "Connect now");
    this._links = places.map((place) => [place.name, h("a", { href: `#/${place.name}`, dataset: { view: place.name } }, icon(place.name), place.title)]);
    const menu = h("button.tool.menu", { type: "button", "aria-label": "Menu", "aria-expanded": "false", "aria-controls": "nav", onclick: () => this._unfold(!this._isUnfolded) }, icon("menu"));
    this._menu = menu;
    this._isUnfolded = false;
    /** The place of the view. */
    this.main = h("main", { id: "main", tabindex: -1 });
    const groups = [...new Set(places.map((place) => place.group))];
    this._nav = h("nav", { id: "nav", "aria-label": "Views" }, groups.map((group) => [
      h("h2", {}, group),
      h("ul", {}, places.filter((place) => place.group === group).map((place) =>
        h("li", {}, /** @type {any} */ (this._links.find(([name]) => name === place.name))[1]))),
    ]).flat());
    this.element = h("div.frame", {},
      h("a.skip", { href: "#main", onclick: (/** @type {Event} */ event) => { event.preventDefault(); this.main.focus(); } }, "Skip to the view"),
      h("header.top", {},
        menu,
        h("a.brand", { href: "#/overview", "aria-label": "wamprouter console, overview" }, h("img", { src: "icon.svg", alt: "", width: 26, height: 26 }), h("span", {}, "wamprouter")),
        h("label.realm", {}, h("span.unseen", {}, "Realm"), this._realm),
        h("p.state", { role: "status" }, h("i.lamp", { "aria-hidden": "true" }), this._state, this._retry),
        h("div.tools", {}, themeButton(), leaveButton(acts.onLeave))),
      this._nav, this.main);
    this._nav.addEventListener("click", () => this._unfold(false));
    this._nav.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") { this._unfold(false); menu.focus(); }
    });
    link.addEventListener("change", () => this.tell(), { signal });
    const timer = setInterval(() => this.tell(), 500); // the seconds until the next attempt
    signal.addEventListener("abort", () => clearInterval(timer));
    this.tell();
  }

  /** @param {boolean} isUnfolded */
  _unfold(isUnfolded) {
    this._isUnfolded = isUnfolded;
    this.element.classList.toggle("is-unfolded", isUnfolded);
    this._menu.setAttribute("aria-expanded", String(isUnfolded));
  }

  /** Show the state of the connection. */
  tell() {
    const { state, reason, retryAt } = this._link;
    document.body.dataset.state = state;
    const left = Math.max(0, Math.ceil((retryAt - performance.now()) / 1000));
    const words = {
      connecting: "Connecting", open: "Connected", refused: "Not logged in", closed: reason,
      lost: left ? `${reason}, again in ${left} s` : reason,
    };
    say(this._state, words[state]);
    this._retry.hidden = state !== "lost" && state !== "closed";
  }

  /** @param {string} name */
  mark(name) {
    for (const [own, link] of this._links) {
      if (own === name) /** @type {HTMLElement} */ (link).setAttribute("aria-current", "page");
      else /** @type {HTMLElement} */ (link).removeAttribute("aria-current");
    }
  }

  /**
   * @param {string[]} realms
   * @param {string} chosen
   */
  offer(realms, chosen) {
    const names = chosen && !realms.includes(chosen) ? [...realms, chosen] : realms;
    fill(this._realm, h("option", { value: "" }, "All realms"), names.map((name) => h("option", { value: name }, name)));
    this._realm.value = chosen;
  }
}
