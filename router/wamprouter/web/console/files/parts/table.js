/**
 * Tables. Rows are kept by key and only what has changed in them is written again, so that a table that is fetched every two
 * seconds neither flickers nor loses the focus. Only one page is fetched, however long the list at the router is.
 */

import { h, say } from "../lib/dom.js";
import { count } from "../lib/format.js";
import { explain } from "../lib/errors.js";
import { poll, settled } from "../lib/polling.js";

/**
 * @template Row
 * @typedef {{
 *   title: string,
 *   text: (row: Row) => string,
 *   link?: (row: Row) => string,
 *   make?: (row: Row) => Node,
 *   kind?: string,
 *   order?: string,
 *   tone?: (row: Row) => string,
 *   update?: (element: any, row: Row) => void,
 * }} Column `kind` has classes: "number", "uri", and when there is no room for it: "spare" first, then "extra", then "minor";
 *   `link` an address; `make` an element that is made once for each row, and `update` what it shows; `order` the router's name
 *   for ordering by it; `tone` a class
 */

const PER_PAGE = 50; // rows, unless the view has forms beside them

/** @template Row */
export class Table {
  /**
   * @param {string} name what it is a table of
   * @param {Column<Row>[]} columns the first is the head of its row
   * @param {(row: Row) => string} key
   * @param {string} nothing said when there are no rows
   * @param {(order: string) => void} [onOrder]
   */
  constructor(name, columns, key, nothing, onOrder) {
    this._columns = columns;
    this._key = key;
    /** @type {Map<string, {element: HTMLTableRowElement, cells: HTMLElement[]}>} */
    this._rows = new Map();
    this._body = h("tbody");
    this._heads = columns.map((column) => this._head(column, onOrder));
    this._nothing = h("p.nothing", { hidden: true }, nothing);
    this.element = h("div.table", { role: "region", "aria-label": name, tabindex: 0 },
      h("table", {}, h("thead", {}, h("tr", {}, this._heads)), this._body), this._nothing);
  }

  /**
   * @param {Column<Row>} column
   * @param {((order: string) => void) | undefined} onOrder
   */
  _head(column, onOrder) {
    const { order } = column;
    const label = order && onOrder ? h("button.order", { type: "button", onclick: () => onOrder(order) }, column.title) : column.title;
    return h("th", { scope: "col", class: column.kind ?? "" }, label);
  }

  /**
   * @param {string} order
   * @param {boolean} isDescending
   */
  ordered(order, isDescending) {
    this._columns.forEach((column, index) => {
      if (column.order === order) this._heads[index].setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      else this._heads[index].removeAttribute("aria-sort");
    });
  }

  /** @param {Row[]} rows */
  show(rows) {
    const keys = rows.map((row) => this._key(row));
    const wanted = new Set(keys);
    for (const [key, { element }] of this._rows) {
      if (!wanted.has(key)) {
        element.remove();
        this._rows.delete(key);
      }
    }
    rows.forEach((row, index) => {
      const { element, cells } = this._rows.get(keys[index]) ?? this._make(keys[index], row);
      this._columns.forEach((column, at) => this._write(column, cells[at], row));
      if (this._body.children[index] !== element) this._body.insertBefore(element, this._body.children[index] ?? null);
    });
    this._nothing.hidden = rows.length > 0;
    this.element.classList.toggle("is-empty", rows.length === 0);
  }

  /**
   * @param {string} key
   * @param {Row} row
   */
  _make(key, row) {
    const cells = this._columns.map((column, index) => {
      const inner = column.make ? column.make(row) : h(column.link ? "a" : "span", {});
      return h(index ? "td" : "th", { class: column.kind ?? "", scope: index ? null : "row" }, inner);
    });
    const made = { element: h("tr", {}, cells), cells };
    this._rows.set(key, made);
    return made;
  }

  /**
   * @param {Column<Row>} column
   * @param {HTMLElement} cell
   * @param {Row} row
   */
  _write(column, cell, row) {
    if (column.make) {
      column.update?.(cell.firstChild, row);
      return;
    }
    const inner = /** @type {HTMLElement} */ (cell.firstChild);
    say(inner, column.text(row));
    if (column.link && inner.getAttribute("href") !== column.link(row)) inner.setAttribute("href", column.link(row));
    if (column.tone && inner.className !== column.tone(row)) inner.className = column.tone(row);
  }
}

/**
 * A table with a search field, an order and pages, of which the router sends one at a time.
 * @template Row
 * @param {{
 *   name: string, columns: Column<Row>[], key: (row: Row) => string, nothing: string, signal: AbortSignal, pause?: number,
 *   fetch: (query: {search: string | null, offset: number, limit: number, order: string, descending: boolean}) => Promise<{total: number | null, rows: Row[]}>,
 *   search?: string, more?: Node, perPage?: number, order?: string, descending?: boolean, deed: string,
 * }} options `search` is the label of the field, `more` stands beside it;
 *   `deed` is what is not permitted if it is not;
 *   `fetch` returns null for a total that nobody knows
 * @returns {{element: HTMLElement, refresh: () => void}}
 */
export function pagedTable(options) {
  const perPage = options.perPage ?? PER_PAGE;
  const query = { search: /** @type {string | null} */ (null), offset: 0, limit: perPage, order: options.order ?? "", descending: options.descending ?? true };
  let newest = 0;

  const table = new Table(options.name, options.columns, options.key, options.nothing, (order) => {
    query.descending = order === query.order ? !query.descending : true;
    query.order = order;
    query.offset = 0;
    refresh();
  });
  const field = h("input", { type: "search", placeholder: options.search, "aria-label": options.search, autocomplete: "off", spellcheck: "false" });
  const range = h("span.range", { role: "status" });
  const turn = (/** @type {number} */ pages) => () => {
    query.offset = Math.max(0, query.offset + pages * perPage);
    refresh();
  };
  const back = h("button.page", { type: "button", "aria-label": "Previous page", onclick: turn(-1) }, "‹");
  const on = h("button.page", { type: "button", "aria-label": "Next page", onclick: turn(1) }, "›");
  const trouble = h("p.notice", { hidden: true, role: "status" });

  async function load() {
    const mine = ++newest;
    try {
      const { total, rows } = await options.fetch({ ...query });
      if (mine !== newest || options.signal.aborted) return; // a later question is on its way
      if (rows.length === 0 && query.offset > 0 && total) {
        query.offset = Math.floor((total - 1) / perPage) * perPage;
        refresh();
        return;
      }
      table.ordered(query.order, query.descending);
      table.show(rows);
      const shown = `${count(query.offset + 1)}–${count(query.offset + rows.length)}`;
      say(range, rows.length === 0 ? "none" : total === null ? shown : `${shown} of ${count(total)}`);
      back.disabled = query.offset === 0;
      on.disabled = total === null ? rows.length < perPage : query.offset + rows.length >= total;
      trouble.hidden = true;
    } catch (error) {
      if (mine !== newest || options.signal.aborted) return;
      say(trouble, explain(error, options.deed));
      trouble.hidden = false;
    }
  }

  const refresh = poll(load, options.pause ?? 2000, options.signal);
  field.addEventListener("input", settled(() => {
    query.search = field.value.trim() || null;
    query.offset = 0;
    refresh();
  }, 200));
  const tools = h("div.tools", {}, options.search ? h("div.search", {}, field) : null, options.more, h("div.pages", {}, range, back, on));
  return { element: h("div.card.flush", {}, tools, trouble, table.element), refresh };
}
