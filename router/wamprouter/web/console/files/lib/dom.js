/**
 * Elements, made from names and text. Nothing here, and nothing elsewhere in the console, parses HTML: what comes from the
 * network is put into text nodes only, so that it can be anything.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element.
 * @param {string} name the tag, with classes behind dots: `"p.note.small"`
 * @param {Record<string, any>} [attributes] `on…` are listeners, `dataset` is an object, true and false switch an attribute
 * @param {...(Child | Child[])} children
 * @returns {any} the element
 */
export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  set(element, attributes);
  append(element, children);
  return element;
}

/**
 * @param {Element} element
 * @param {Record<string, any>} attributes
 */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(/** @type {HTMLElement} */ (element).dataset, value);
    else if (name === "value") /** @type {HTMLInputElement} */ (element).value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
}

/**
 * @param {Element} element
 * @param {(Child | Child[])[]} children
 */
function append(element, children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Replace what an element holds.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/**
 * Set an element's text, if it is another one: a browser lays out again only what has changed.
 * @param {Element} element
 * @param {string | number} text
 */
export function say(element, text) {
  if (element.textContent !== String(text)) element.textContent = String(text);
}

/** Icons by name: the path of each in a box of 24 by 24. */
const ICONS = {
  overview: "M4 19V9m5 10V5m5 14v-7m5 7V8",
  sessions: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zm-6 9c0-3.3 2.7-6 6-6s6 2.7 6 6m1-15.5a3.5 3.5 0 0 1 0 6.4m2 3.6c2 .9 3 3 3 5.5",
  procedures: "M8 5L3 12l5 7m8-14l5 7-5 7m-3-15l-2 16",
  topics: "M12 13a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zm0 0v7M8 15.5a5.5 5.5 0 1 1 8 0M5.5 18a9 9 0 1 1 13 0",
  calls: "M4 9h13m0 0l-4-4m4 4l-4 4M20 15H7m0 0l4-4m-4 4l4 4",
  consumers: "M7 3h10M7 21h10M8 3v4l4 5 4-5V3M8 21v-4l4-5 4 5v4",
  refusals: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM5.6 5.6l12.8 12.8",
  tap: "M3 12h4l3-8 4 16 3-8h4",
  configuration: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  limits: "M4 18a8 8 0 1 1 16 0M12 18l4-6",
  menu: "M4 7h16M4 12h16M4 17h16",
  light: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4m11.2 11.2L19 19M5 19l1.4-1.4M17.6 6.4L19 5",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  leave: "M14 4H5v16h9M10 12h11m0 0l-4-4m4 4l-4 4",
};

/**
 * @param {string} name one of ICONS
 * @returns {SVGElement} a drawing that assistive technology passes over
 */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", /** @type {Record<string, string>} */ (ICONS)[name]);
  set(drawing, { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" });
  drawing.append(path);
  return drawing;
}
