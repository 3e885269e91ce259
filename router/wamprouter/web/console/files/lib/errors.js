/** What goes wrong, in words for whoever runs the router. */

/** What a request was answered with, or why it was not. */
export class RequestFailed extends Error {
  /**
   * @param {string} uri of the error
   * @param {string} message what the other side says of it
   */
  constructor(uri, message) {
    super(message || uri);
    this.uri = uri;
  }

  /** @returns {boolean} whether the role of this console may not do that */
  get isForbidden() {
    return this.uri === "wamp.error.not_authorized";
  }

  /** @returns {boolean} whether this router does not have that */
  get isMissing() {
    return this.uri === "wamp.error.no_such_procedure";
  }
}

/**
 * @param {any} error what autobahn-js rejects with, or throws
 * @returns {RequestFailed}
 */
export function failure(error) {
  if (error instanceof RequestFailed) return error;
  if (error && typeof error.error === "string") {
    const words = [...(error.args ?? [])].map((word) => (typeof word === "string" ? word : JSON.stringify(word)));
    return new RequestFailed(error.error, words.join(" ") || error.kwargs?.message || "");
  }
  return new RequestFailed("", typeof error === "string" ? error : String(error?.message ?? error));
}

export const NOT_CONNECTED = "not connected";

/**
 * Say what became of something that was asked for.
 * @param {unknown} error
 * @param {string} deed what was tried: "end sessions"
 * @returns {string}
 */
export function explain(error, deed) {
  const failed = failure(error);
  if (failed.isForbidden) return `Your role may not ${deed}: its permissions do not allow it.`;
  if (failed.isMissing) return `This router does not offer to ${deed}.`;
  return failed.uri ? `${failed.message} (${failed.uri})` : failed.message;
}

const REFUSALS = [
  [/wamp\.error\.(authentication_(denied|failed)|not_authorized|cannot_authenticate|no_such_principal)/,
    "The router does not know this name with this ticket or secret."],
  [/wamp\.error\.(no_matching_auth_method|no_such_auth_?method)/, "The router asks for another way to log in than ticket or WAMP-CRA."],
  [/wamp\.error\.no_such_role/, "The router has no role for this name."],
  [/wamp\.error\.no_such_realm/, "The router has no such realm."],
];

/**
 * @param {string} uri of an ABORT
 * @returns {string | null} why one may not come in; null if trying again may help
 */
export function refusal(uri) {
  const found = REFUSALS.find(([pattern]) => /** @type {RegExp} */ (pattern).test(uri));
  return found ? /** @type {string} */ (found[1]) : null;
}
