/**
 * A session that comes back: it connects again by itself, and subscribes again to what is followed.
 *
 * autobahn-js speaks WAMP; its own reconnection is not used, because it ends with the first ABORT or GOODBYE, and leaves calls
 * that were in flight without an answer.
 */

import { NOT_CONNECTED, RequestFailed, failure, refusal } from "./errors.js";

/** @type {any} */
const autobahn = /** @type {any} */ (globalThis).autobahn;

const ADDRESS = new URL("../ws", document.baseURI);
ADDRESS.protocol = ADDRESS.protocol === "https:" ? "wss:" : "ws:";

const METHODS = ["ticket", "wampcra"];

const FIRST_PAUSE = 500; // milliseconds before it is tried again; twice as long each time
const LONGEST_PAUSE = 8000;

/**
 * @typedef {{authid: string, secret: string, method?: string}} Credentials `method` is the one that has let it in before
 * @typedef {"connecting" | "open" | "lost" | "refused" | "closed"} State
 * @typedef {(args: any[], kwargs: Record<string, any>, details: Record<string, any>) => void} OnEvent
 * @typedef {{topic: string, options: Record<string, any>, onEvent: OnEvent, handle: any}} Followed
 */

export class Link extends EventTarget {
  /**
   * @param {string} realm
   * @param {Credentials} credentials
   */
  constructor(realm, credentials) {
    super();
    this.realm = realm;
    this._credentials = credentials;
    this._methods = credentials.method ? [credentials.method] : METHODS;
    this._asked = ""; // the method that the router has chosen
    this._firstRefusal = "";
    /** @type {State} */
    this.state = "connecting";
    /** Why it is not open, for people. */
    this.reason = "";
    /** When it will be tried again, in milliseconds of performance.now(). */
    this.retryAt = 0;
    /** @type {Record<string, any>} */
    this.welcome = {};
    /** @type {any} */
    this._session = null;
    /** @type {Set<Followed>} */
    this._followed = new Set();
    /** @type {Map<string, Promise<void>>} */
    this._turns = new Map(); // topic -> the end of what is being done about it
    /** @type {Set<(reason: RequestFailed) => void>} */
    this._pending = new Set();
    this._pause = FIRST_PAUSE;
    this._timer = 0;
    this._isWanted = true;
    this._connect();
  }

  /** The number of the session; 0 while there is none. */
  get id() {
    return this._session ? this._session.id : 0;
  }

  /** @returns {Promise<void>} done when it is open; rejects with RequestFailed if it will not be by itself */
  ready() {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.state === "open") resolve();
        else if (this.state === "refused" || this.state === "closed") reject(new RequestFailed("", this.reason));
        else return;
        this.removeEventListener("change", look);
      };
      this.addEventListener("change", look);
      look();
    });
  }

  /** Try now, and not only later. */
  retry() {
    if (this.state === "open" || this.state === "connecting") return;
    clearTimeout(this._timer);
    this._pause = FIRST_PAUSE;
    this._isWanted = true;
    this._connect();
  }

  /** Leave, and come back no more. */
  close() {
    this._isWanted = false;
    clearTimeout(this._timer);
    const connection = this._connection;
    this._drop("the console has left");
    try {
      connection.close();
    } catch {
      // autobahn-js throws if it is closed already
    }
  }

  /**
   * @param {string} procedure
   * @param {Record<string, any>} [kwargs]
   * @param {any[]} [args]
   * @param {Record<string, any>} [options]
   * @param {(progress: any) => void} [onProgress]
   * @returns {Promise<any>} the result; rejects with RequestFailed
   */
  call(procedure, kwargs = {}, args = [], options = {}, onProgress) {
    return this._ask((session) => session.call(procedure, args, kwargs, options), onProgress);
  }

  /**
   * @param {string} topic
   * @param {any[]} args
   * @param {Record<string, any>} kwargs
   * @param {Record<string, any>} options
   * @returns {Promise<any>}
   */
  publish(topic, args, kwargs, options) {
    return this._ask((session) => session.publish(topic, args, kwargs, { ...options, acknowledge: true }));
  }

  /**
   * Follow a topic until the signal ends it, over reconnections too.
   * @param {string} topic
   * @param {Record<string, any>} options
   * @param {OnEvent} onEvent
   * @param {AbortSignal} signal
   * @returns {Promise<void>} done once the router knows; rejects with RequestFailed, and then nothing is followed
   */
  async follow(topic, options, onEvent, signal) {
    if (signal.aborted) return;
    const followed = { topic, options, onEvent, handle: null };
    this._followed.add(followed);
    signal.addEventListener("abort", () => this._unfollow(followed));
    try {
      if (this._session) await this._subscribe(followed);
    } catch (error) {
      this._followed.delete(followed);
      throw error;
    }
  }

  /** @param {Followed} followed */
  _subscribe(followed) {
    return this._inTurn(followed.topic, async () => {
      if (!this._followed.has(followed)) return;
      followed.handle = await this._ask((session) => session.subscribe(followed.topic, followed.onEvent, followed.options));
    });
  }

  /** @param {Followed} followed */
  _unfollow(followed) {
    this._followed.delete(followed);
    this._inTurn(followed.topic, async () => {
      const { handle } = followed;
      if (handle?.active && handle.session === this._session) await this._ask(() => handle.unsubscribe());
    }).catch(() => {}); // the router has it no more
  }

  /**
   * Do something about a topic when all before it is done. autobahn-js sends UNSUBSCRIBE when it knows of no other handler, and it knows
   * of one only once SUBSCRIBED has come: a view that opens while another one closes would be left without events.
   * @param {string} topic
   * @param {() => Promise<void>} action
   * @returns {Promise<void>}
   */
  _inTurn(topic, action) {
    const done = (this._turns.get(topic) ?? Promise.resolve()).then(action);
    const settled = done.catch(() => {}).finally(() => {
      if (this._turns.get(topic) === settled) this._turns.delete(topic);
    });
    this._turns.set(topic, settled);
    return done;
  }

  /**
   * @param {(session: any) => any} action
   * @param {(progress: any) => void} [onProgress]
   * @returns {Promise<any>}
   */
  _ask(action, onProgress) {
    return new Promise((resolve, reject) => {
      if (!this._session) {
        reject(new RequestFailed("", NOT_CONNECTED));
        return;
      }
      const lose = (/** @type {RequestFailed} */ reason) => reject(reason);
      this._pending.add(lose);
      const done = () => this._pending.delete(lose);
      try {
        action(this._session).then(
          (/** @type {any} */ result) => { done(); resolve(result); },
          (/** @type {any} */ error) => { done(); reject(failure(error)); },
          onProgress,
        );
      } catch (error) {
        done();
        reject(failure(error));
      }
    });
  }

  // -- coming and going

  _connect() {
    this._become("connecting", "");
    const connection = new autobahn.Connection({
      url: ADDRESS.href,
      realm: this.realm,
      authid: this._credentials.authid,
      authmethods: this._methods,
      onchallenge: (/** @type {any} */ _session, /** @type {string} */ method, /** @type {any} */ extra) => this._answer(method, extra),
      max_retries: 0,
    });
    connection.onopen = (/** @type {any} */ session, /** @type {any} */ welcome) => {
      if (connection === this._connection) this._opened(session, welcome);
    };
    connection.onclose = (/** @type {string} */ _how, /** @type {any} */ details) => {
      if (connection === this._connection && this._isWanted) this._lost(details.reason ?? "", details.message ?? "");
      return true;
    };
    this._connection = connection;
    connection.open();
  }

  /**
   * @param {string} method
   * @param {any} extra
   * @returns {string}
   */
  _answer(method, extra) {
    const { secret } = this._credentials;
    this._asked = method;
    if (method === "ticket") return secret;
    const { salt, iterations, keylen, challenge } = extra;
    // Not the browser's own cryptography, which is there on https and localhost only.
    return autobahn.auth_cra.sign(salt ? autobahn.auth_cra.derive_key(secret, salt, iterations, keylen) : secret, challenge);
  }

  /**
   * @param {any} session
   * @param {Record<string, any>} welcome
   */
  _opened(session, welcome) {
    this._session = session;
    this._credentials.method = this._asked || undefined;
    this._methods = this._asked ? [this._asked] : METHODS;
    this.welcome = welcome;
    this._pause = FIRST_PAUSE;
    for (const followed of this._followed) this._subscribe(followed).catch(() => {}); // its view says so by showing nothing
    this._become("open", "");
  }

  /**
   * @param {string} uri of an ABORT or a GOODBYE; empty if the connection was lost
   * @param {string} message
   */
  _lost(uri, message) {
    const wasOpen = this._session !== null;
    this._drop("the connection is lost");
    const words = message || uri;
    const refused = wasOpen ? null : refusal(uri);
    if (refused !== null && this._methods.length > 1 && this._asked) {
      // Where the router has both, a name may be known to the one that it has not chosen.
      this._methods = METHODS.filter((method) => method !== this._asked);
      this._firstRefusal = refused;
      this._connect();
    } else if (refused !== null) {
      this._become("refused", this._firstRefusal || refused);
    } else if (wasOpen && uri && uri !== "wamp.close.system_shutdown") {
      this._become("closed", `The router has ended this session: ${words}`);
    } else {
      this.retryAt = performance.now() + this._pause;
      this._timer = setTimeout(() => this._connect(), this._pause);
      this._pause = Math.min(2 * this._pause, LONGEST_PAUSE);
      this._become("lost", words || (wasOpen ? "Connection lost" : "No answer from the router"));
    }
  }

  /** @param {string} reason */
  _drop(reason) {
    this._session = null;
    const pending = [...this._pending];
    this._pending.clear();
    for (const lose of pending) lose(new RequestFailed("", reason));
  }

  /**
   * @param {State} state
   * @param {string} reason
   */
  _become(state, reason) {
    this.state = state;
    this.reason = reason;
    this.dispatchEvent(new Event("change"));
  }
}
