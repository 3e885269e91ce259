/** Questions before something is done that cannot be undone. */

import { h } from "../lib/dom.js";

/**
 * Ask, and wait for the answer; Escape means no.
 * @param {string} title
 * @param {string} text
 * @param {string} deed the label of the button that does it
 * @returns {Promise<boolean>}
 */
export function confirmed(title, text, deed) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-labelledby": "dialog-title", "aria-describedby": "dialog-text", onclose: () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    } },
      h("h2", { id: "dialog-title" }, title),
      h("p", { id: "dialog-text" }, text),
      h("div.buttons", {},
        h("button.quiet", { type: "button", autofocus: true, onclick: () => dialog.close("no") }, "Cancel"),
        h("button.danger", { type: "button", onclick: () => dialog.close("yes") }, deed)));
    document.body.append(dialog);
    dialog.showModal();
  });
}
