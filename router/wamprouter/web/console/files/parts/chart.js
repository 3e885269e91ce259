/**
 * Charts of the last five minutes, drawn on canvas: four lines of 300 points take a fraction of a millisecond, and colours come
 * from the style sheet. A library would be more to load and to dress up than this is to read.
 */

import { h, say } from "../lib/dom.js";
import { framed } from "../lib/polling.js";
import { GAP, KEPT } from "../lib/statistics.js";

/**
 * @typedef {import("../lib/statistics.js").Point} Point
 * @typedef {{name: string, key: keyof Point, color: string, isFilled?: boolean}} Series `color` is a custom property of the style sheet
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 */

const MARGIN = { left: 52, right: 10, top: 10, bottom: 20 };
const MOMENT = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const SPANS = [60, 120, KEPT]; // seconds that are shown: as many as are needed for what there is

/** @param {Point[]} points @returns {number} seconds */
function spanOf(points) {
  const [first, last] = [points[0], points[points.length - 1]];
  return SPANS.find((span) => !first || last.at - first.at <= span) ?? KEPT;
}

/** @type {Set<() => void>} */
const drawn = new Set(); // what has to be drawn again when colours change

/** Draw all charts again, as the theme is another one. */
export function recolour() {
  for (const draw of drawn) draw();
}

/**
 * A canvas as sharp as the screen that calls `paint` when its size, its colours or its data have changed.
 * @param {HTMLCanvasElement} canvas
 * @param {AbortSignal} signal the end of the view that it is in
 * @param {(context: CanvasRenderingContext2D, box: Box, colour: (name: string) => string) => void} paint
 * @returns {() => void} asks for it to be painted
 */
function painted(canvas, signal, paint) {
  const draw = framed(() => {
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height) return;
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.scale(ratio, ratio);
    const style = getComputedStyle(canvas);
    paint(context, { left: 0, top: 0, width, height }, (name) => style.getPropertyValue(name).trim());
  });
  const observer = new ResizeObserver(draw);
  observer.observe(canvas);
  drawn.add(draw);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    drawn.delete(draw);
  });
  return draw;
}

/**
 * @param {Point[]} points
 * @param {Series} series
 * @returns {[number, number][][]} stretches of [second, value] without gaps
 */
function stretches(points, series) {
  /** @type {[number, number][][]} */
  const found = [];
  let last = -Infinity;
  for (const point of points) {
    const value = point[series.key];
    if (value === null) continue;
    if (point.at - last > GAP) found.push([]);
    found[found.length - 1].push([point.at, value]);
    last = point.at;
  }
  return found;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number][]} stretch in pixels
 * @param {string} colour
 * @param {number | null} floor where the area below the line ends; null for a line only
 */
function trace(context, stretch, colour, floor) {
  context.beginPath();
  for (const [x, y] of stretch) context.lineTo(x, y);
  context.strokeStyle = colour;
  context.lineWidth = 1.75;
  context.lineJoin = "round";
  context.stroke();
  if (floor === null) return;
  context.lineTo(stretch[stretch.length - 1][0], floor);
  context.lineTo(stretch[0][0], floor);
  context.globalAlpha = 0.13;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
}

/** @param {number} highest @returns {number} the next one of 1, 2, 2.5, 5, 10, … that has room for it */
export function ceiling(highest) {
  if (!(highest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(highest));
  const step = [1, 2, 2.5, 4, 5, 8, 10].find((one) => one * power >= highest) ?? 10;
  return step * power;
}

/**
 * A small line without axes, for a tile.
 * @param {keyof Point} key
 * @param {string} color
 * @param {AbortSignal} signal
 * @returns {{element: HTMLElement, draw: (points: Point[]) => void}}
 */
export function sparkline(key, color, signal) {
  /** @type {Point[]} */
  let shown = [];
  const canvas = h("canvas.spark", { "aria-hidden": "true" });
  const draw = painted(canvas, signal, (context, box, colour) => {
    const recent = shown.slice(-60);
    const highest = Math.max(...recent.map((point) => point[key] ?? 0), Number.MIN_VALUE);
    const end = recent.length ? recent[recent.length - 1].at : 0;
    const place = (/** @type {[number, number]} */ [at, value]) => /** @type {[number, number]} */ ([
      box.width - ((end - at) * box.width) / 60, box.height - 2 - (value / highest) * (box.height - 5),
    ]);
    for (const stretch of stretches(recent, { name: "", key, color })) trace(context, stretch.map(place), colour(color), box.height);
  });
  return { element: canvas, draw: (points) => { shown = points; draw(); } };
}

export class Chart {
  /**
   * @param {string} title
   * @param {Series[]} series
   * @param {(value: number | null) => string} format
   * @param {AbortSignal} signal
   */
  constructor(title, series, format, signal) {
    this._title = title;
    this._series = series;
    this._format = format;
    /** @type {Point[]} */
    this._points = [];
    /** @type {Point | null} */
    this._pointed = null;
    this._when = h("span.when");
    this._values = series.map(() => h("b"));
    this._canvas = h("canvas", { role: "img", "aria-label": title });
    this.element = h("section.card.chart", {},
      h("header", {}, h("h3", {}, title), this._when,
        h("ul.legend", {}, series.map((one, index) => h(`li.${one.color.slice(2)}`, {}, h("i"), `${one.name} `, this._values[index])))),
      this._canvas);
    this._paint = painted(this._canvas, signal, (context, box, colour) => this._draw(context, box, colour));
    this._canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this._point(event.offsetX));
    this._canvas.addEventListener("pointerleave", () => this._point(null));
  }

  /** @param {Point[]} points */
  draw(points) {
    this._points = points;
    this._legend();
    this._paint();
  }

  /** @param {number | null} x where the pointer is, in pixels */
  _point(x) {
    const box = this._box();
    const end = this._points[this._points.length - 1]?.at ?? 0;
    const at = x === null ? null : end - ((box.left + box.width - x) / box.width) * spanOf(this._points);
    const near = at === null ? null : this._points.reduce((/** @type {Point | null} */ best, point) =>
      (best && Math.abs(best.at - at) <= Math.abs(point.at - at) ? best : point), null);
    this._pointed = near && at !== null && Math.abs(near.at - at) < GAP ? near : null;
    this._legend();
    this._paint();
  }

  _legend() {
    const point = this._pointed ?? this._points[this._points.length - 1];
    this._series.forEach((one, index) => say(this._values[index], point ? this._format(point[one.key]) : "–"));
    say(this._when, this._pointed ? MOMENT.format(this._pointed.at * 1000) : "");
    const words = this._series.map((one, index) => `${one.name} ${this._values[index].textContent}`);
    this._canvas.setAttribute("aria-label", `${this._title}: ${words.join(", ")}`);
  }

  /** @returns {Box} */
  _box() {
    const { clientWidth, clientHeight } = this._canvas;
    return {
      left: MARGIN.left, top: MARGIN.top,
      width: clientWidth - MARGIN.left - MARGIN.right, height: clientHeight - MARGIN.top - MARGIN.bottom,
    };
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Box} whole
   * @param {(name: string) => string} colour
   */
  _draw(context, whole, colour) {
    const box = this._box();
    const bottom = box.top + box.height;
    const right = box.left + box.width;
    const end = this._points[this._points.length - 1]?.at ?? Date.now() / 1000;
    const highest = ceiling(Math.max(0, ...this._series.flatMap((one) => this._points.map((point) => point[one.key] ?? 0))));
    const span = spanOf(this._points);
    const x = (/** @type {number} */ at) => right - ((end - at) * box.width) / span;
    const y = (/** @type {number} */ value) => bottom - (value / highest) * box.height;

    context.font = `11px ${getComputedStyle(this._canvas).fontFamily}`;
    context.fillStyle = colour("--soft");
    context.strokeStyle = colour("--line");
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const part of [0, 0.5, 1]) {
      const level = Math.round(y(part * highest)) + 0.5;
      context.beginPath();
      context.moveTo(box.left, level);
      context.lineTo(right, level);
      context.stroke();
      context.fillText(part ? this._format(part * highest) : "0", box.left - 8, level);
    }
    context.textBaseline = "top";
    const steps = span > 120 ? 5 : 4;
    for (let step = 0; step <= steps; step += 1) {
      const ago = (span * step) / steps;
      context.textAlign = step === steps ? "left" : step ? "center" : "right";
      const words = span > 120 ? `${ago / 60} min` : `${ago} s`;
      if (box.width > 260 || step === 0 || step === steps) context.fillText(ago ? words : "now", x(end - ago), bottom + 6);
    }

    context.save();
    context.beginPath();
    context.rect(box.left, 0, box.width + 2, whole.height);
    context.clip();
    for (const one of this._series) {
      const lines = stretches(this._points, one).map((stretch) => stretch.map(([at, value]) => /** @type {[number, number]} */ ([x(at), y(value)])));
      for (const line of lines) trace(context, line, colour(one.color), one.isFilled ? bottom : null);
    }
    context.restore();
    if (this._pointed) this._mark(context, x(this._pointed.at), y, box, colour);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} x
   * @param {(value: number) => number} y
   * @param {Box} box
   * @param {(name: string) => string} colour
   */
  _mark(context, x, y, box, colour) {
    context.fillStyle = colour("--field");
    context.fillRect(Math.round(x), box.top, 1, box.height);
    for (const one of this._series) {
      const value = /** @type {Point} */ (this._pointed)[one.key];
      if (value === null) continue;
      context.beginPath();
      context.arc(x, y(value), 3.5, 0, 7);
      context.fillStyle = colour(one.color);
      context.fill();
    }
  }
}
