/** A list of what arrives, newest first: bounded, and it can be held and filtered. */

import { h, say } from "../lib/dom.js";
import { count } from "../lib/format.js";
import { framed } from "../lib/polling.js";

const MOST = 200; // lines that are kept; more than a screen is for searching back

/**
 * @template Item
 */
export class Feed {
  /**
   * @param {string} name
   * @param {(item: Item) => HTMLElement} line
   * @param {(item: Item) => string} text what is searched by the filter
   * @param {string} nothing
   */
  constructor(name, line, text, nothing) {
    this._line = line;
    this._text = text;
    /** @type {Item[]} */
    this._items = [];
    /** @type {Item[]} */
    this._fresh = []; // not drawn yet
    this._seen = 0;
    this._isHeld = false;
    this._list = h("ol.feed", { role: "log", "aria-label": name, "aria-live": "off", tabindex: 0 });
    this._list.dataset.nothing = nothing;
    this._filter = h("input", { type: "search", placeholder: "Filter", "aria-label": `Filter ${name}`, autocomplete: "off", spellcheck: "false", oninput: () => this._redraw() });
    this._hold = h("button.small", { type: "button", "aria-pressed": "false", onclick: () => this._toggle() }, "Pause");
    this._counter = h("span.range", {}, "");
    this._draw = framed(() => this._append());
    const clear = h("button.small", { type: "button", onclick: () => this.clear() }, "Clear");
    this.element = h("div.feedbox", {}, h("div.tools", {}, h("div.search", {}, this._filter), this._counter, this._hold, clear), this._list);
  }

  /** @param {...Item} items oldest first */
  add(...items) {
    this._seen += items.length;
    this._items = [...this._items, ...items].slice(-MOST);
    this._fresh = [...this._fresh, ...items].slice(-MOST);
    this._draw();
  }

  clear() {
    this._items = [];
    this._fresh = [];
    this._seen = 0;
    this._redraw();
  }

  _toggle() {
    this._isHeld = !this._isHeld;
    this._hold.setAttribute("aria-pressed", String(this._isHeld));
    say(this._hold, this._isHeld ? "Go on" : "Pause");
    if (!this._isHeld) this._redraw();
  }

  _redraw() {
    this._fresh = [...this._items];
    this._list.replaceChildren();
    this._append();
  }

  _append() {
    say(this._counter, this._seen ? `${count(this._seen)} seen` : "");
    if (this._isHeld) return;
    const wanted = this._filter.value.toLowerCase();
    const fresh = this._fresh.filter((item) => !wanted || this._text(item).toLowerCase().includes(wanted));
    this._fresh = [];
    this._list.prepend(...fresh.map((item) => this._line(item)).reverse());
    while (this._list.children.length > MOST) this._list.lastChild?.remove();
  }
}
