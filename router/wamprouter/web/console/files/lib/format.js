/** Numbers as people read them. What is not known is a dash. */

const NOTHING = "–";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** @param {number | null | undefined} value @returns {boolean} */
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** @param {number | null | undefined} value @returns {string} 1234 → "1,234" */
export const count = (value) => (isNumber(value) ? whole.format(/** @type {number} */ (value)) : NOTHING);

/** @param {number | null | undefined} value a second @returns {string} 0.25 → "0.3", 12345 → "12.3 k" */
export function rate(value) {
  if (!isNumber(value)) return NOTHING;
  const number = /** @type {number} */ (value);
  if (number >= 1e6) return `${(number / 1e6).toFixed(1)} M`;
  if (number >= 1e4) return `${(number / 1e3).toFixed(1)} k`;
  return number >= 10 || number === 0 ? whole.format(number) : number.toFixed(1);
}

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** @param {number | null | undefined} value @returns {string} 73400320 → "73.4 MB" */
export function bytes(value) {
  if (!isNumber(value)) return NOTHING;
  let number = /** @type {number} */ (value);
  let unit = 0;
  while (number >= 1000 && unit < UNITS.length - 1) {
    number /= 1000;
    unit += 1;
  }
  return `${unit === 0 || number >= 100 ? whole.format(number) : Number(number.toFixed(1))} ${UNITS[unit]}`;
}

/** @param {number | null | undefined} seconds @returns {string} 0.00123 → "1.2 ms" */
export function latency(seconds) {
  if (!isNumber(seconds)) return NOTHING;
  const value = /** @type {number} */ (seconds);
  if (value >= 10) return `${value.toFixed(0)} s`;
  if (value >= 1) return `${value.toFixed(1)} s`;
  const milliseconds = value * 1000;
  return `${milliseconds.toFixed(milliseconds >= 10 || milliseconds === 0 ? 0 : milliseconds >= 1 ? 1 : 2)} ms`;
}

/** @param {number | null | undefined} seconds @returns {string} 3700 → "1 h 1 min" */
export function duration(seconds) {
  if (!isNumber(seconds)) return NOTHING;
  const value = Math.max(0, Math.floor(/** @type {number} */ (seconds)));
  if (value < 60) return `${value} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min ${value % 60} s`;
  if (value < 86400) return `${Math.floor(value / 3600)} h ${Math.floor((value % 3600) / 60)} min`;
  return `${Math.floor(value / 86400)} d ${Math.floor((value % 86400) / 3600)} h`;
}

/** @param {number | null} at seconds since 1970 @returns {string} how long ago that is, as "12 s" */
export const since = (at) => (at ? duration(Date.now() / 1000 - at) : NOTHING);

/** @param {number} at seconds since 1970 @returns {string} the time of day with milliseconds */
export function clock(at) {
  const date = new Date(at * 1000);
  return `${date.toLocaleTimeString("en-GB")}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** @param {number | null} at seconds since 1970 @returns {string} date and time */
export const moment = (at) => (at ? new Date(at * 1000).toLocaleString("en-GB") : NOTHING);

/**
 * @param {any} value what JSON has brought
 * @param {number} most characters
 * @returns {string} JSON on one line, shortened
 */
export function brief(value, most = 300) {
  const text = JSON.stringify(value) ?? "";
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
