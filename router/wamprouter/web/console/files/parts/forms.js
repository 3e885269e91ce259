/** Fields, JSON that a person types, and where answers are shown. */

import { h, fill } from "../lib/dom.js";
import { explain } from "../lib/errors.js";

let fields = 0;

/**
 * A labelled field.
 * @param {string} label
 * @param {HTMLElement} input
 * @param {string} [kind] classes: "wide", "narrow"
 * @returns {HTMLElement}
 */
export function field(label, input, kind = "") {
  input.id ||= `field-${++fields}`;
  return h("div", { class: `field ${kind}` }, h("label", { for: input.id }, label), input);
}

/**
 * @param {string} label
 * @param {(string | [string, string])[]} choices values, or values with what is shown of them
 * @param {string} [chosen]
 * @returns {{element: HTMLElement, input: HTMLSelectElement}}
 */
export function choice(label, choices, chosen) {
  const input = h("select", {}, choices.map((one) => {
    const [value, text] = Array.isArray(one) ? one : [one, one];
    return h("option", { value, selected: value === chosen }, text);
  }));
  return { element: field(label, input, "narrow"), input };
}

/**
 * @param {string} label
 * @param {boolean} isChecked
 * @returns {{element: HTMLElement, input: HTMLInputElement}}
 */
export function check(label, isChecked) {
  const input = h("input", { type: "checkbox", checked: isChecked });
  return { element: h("label.check", {}, input, label), input };
}

/**
 * @param {string} text
 * @param {"list" | "object"} kind
 * @returns {any} what the JSON says; an empty one if there is none. Throws an Error with a sentence.
 */
function parsed(text, kind) {
  if (!text.trim()) return kind === "list" ? [] : {};
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is no JSON: ${/** @type {Error} */ (error).message}`);
  }
  const isRight = kind === "list" ? Array.isArray(value) : value !== null && typeof value === "object" && !Array.isArray(value);
  if (!isRight) throw new Error(kind === "list" ? "Expected a list, such as [1, \"two\"]" : "Expected an object, such as {\"name\": \"value\"}");
  return value;
}

/**
 * The two fields of a payload: positional and keyword arguments, as JSON.
 * @returns {{elements: HTMLElement[], read: () => {args: any[], kwargs: Record<string, any>} | null}} `read` marks what is wrong
 *   and then returns null
 */
export function payload() {
  const make = (/** @type {string} */ label, /** @type {"list" | "object"} */ kind) => {
    const input = h("textarea.code", { rows: 2, spellcheck: "false", autocomplete: "off", placeholder: kind === "list" ? "[]" : "{}" });
    const problem = h("p.problem", { role: "alert" });
    const element = field(label, input, "wide");
    problem.id = `${input.id}-problem`;
    element.append(problem);
    const read = () => {
      try {
        fill(problem);
        input.removeAttribute("aria-invalid");
        input.removeAttribute("aria-describedby");
        return parsed(input.value, kind);
      } catch (error) {
        fill(problem, /** @type {Error} */ (error).message);
        input.setAttribute("aria-invalid", "true");
        input.setAttribute("aria-describedby", problem.id);
        input.focus();
        return null;
      }
    };
    return { element, read };
  };
  const [args, kwargs] = [make("Arguments (a JSON list)", "list"), make("Keyword arguments (a JSON object)", "object")];
  return {
    elements: [args.element, kwargs.element],
    read: () => {
      const [list, object] = [args.read(), kwargs.read()];
      return list === null || object === null ? null : { args: list, kwargs: object };
    },
  };
}

const LONGEST = 20_000; // characters of an answer that are shown: laying out a megabyte takes seconds

/**
 * @param {any} result of autobahn-js: a value, or args and kwargs if it is more than one
 * @returns {string}
 */
export function written(result) {
  const isMany = result && Array.isArray(result.args) && result.kwargs !== undefined && result.constructor !== Object;
  const value = isMany ? { args: result.args, kwargs: result.kwargs } : result;
  const text = JSON.stringify(value, null, 2) ?? "null";
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}\n… ${text.length - LONGEST} characters more` : text;
}

/** Where the answer to something is shown, and read out. */
export class Answer {
  constructor() {
    this.element = h("div.answer", { role: "status", "aria-live": "polite", dataset: { kind: "none" } });
  }

  /**
   * @param {"none" | "waiting" | "progress" | "result" | "error"} kind
   * @param {string} note
   * @param {string} [text]
   */
  show(kind, note, text) {
    this.element.dataset.kind = kind;
    fill(this.element, h("p", {}, note), text === undefined ? null : h("pre", { tabindex: 0 }, text));
  }

  /**
   * @param {unknown} error
   * @param {string} deed
   */
  fail(error, deed) {
    this.show("error", explain(error, deed));
  }
}
