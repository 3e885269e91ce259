// autobahn-js and wampy.js behind one interface, so that the facts of interop.cjs are written once.
//
// Values are what the application sees: {args, kwargs}. Every WebSocket is recorded, because "the client closed the
// connection, as the router broke the protocol" is not an error that either library hands to the application.
"use strict";

const WebSocket = require("ws");

class RecordedWebSocket extends WebSocket {
  static deflate = false;

  // wampy passes (url, protocols, origin, headers, options), browsers (url, protocols)
  constructor(url, protocols) {
    super(url, protocols, { perMessageDeflate: RecordedWebSocket.deflate });
    RecordedWebSocket.newest = this;
    this.on("error", () => {}); // a browser's WebSocket does not throw when nobody listens, as this one does
    this.ended = new Promise((resolve) => {
      this.on("close", (code, reason) => resolve({ byRouter: { code, reason: String(reason) }, byClient: this.closing }));
    });
    this.ended.then((end) => { this.end = end; });
  }

  close(code, reason) {
    this.closing = this.closing || { code: code || 1000, reason: reason || "" };
    super.close(code, reason);
  }
}

globalThis.WebSocket = RecordedWebSocket; // for autobahn-js, which takes Node's own from Node 22 on

const autobahn = require("autobahn");
const { Wampy } = require("wampy");
const { JsonSerializer } = require("wampy/JsonSerializer.js");
const { MsgpackSerializer } = require("wampy/MsgpackSerializer.js");
const { CborSerializer } = require("wampy/CborSerializer.js");

class Failure extends Error {
  constructor(uri, args = [], kwargs = {}) {
    super(`${uri} ${JSON.stringify(args)}`);
    Object.assign(this, { uri, args, kwargs });
  }
}

class AutobahnPeer {
  static serializers = {
    json: autobahn.serializer.JSONSerializer,
    msgpack: autobahn.serializer.MsgpackSerializer,
    cbor: autobahn.serializer.CBORSerializer,
  };

  /* What a call that is cancelled fails with: the library does not wait for the router, unless the mode is `kill`. */
  static cancelled(mode) {
    return mode === "kill" ? "wamp.error.canceled" : "Cancelled";
  }

  static join(url, serializer, { reconnects = false } = {}) {
    return new Promise((resolve, reject) => {
      const connection = new autobahn.Connection({
        url,
        realm: "realm1",
        serializers: [new AutobahnPeer.serializers[serializer]()],
        max_retries: reconnects ? 50 : 0,
        initial_retry_delay: 0.05,
        max_retry_delay: 0.2,
        on_user_error: () => {}, // what procedures throw on purpose
        on_internal_error: (error) => { socket.complaint = String(error); },
      });
      connection.onopen = (session, details) => resolve(new AutobahnPeer(connection, session, details, socket));
      connection.onclose = (reason, details) => reject(new Error(`not joined: ${reason} ${details.reason}`));
      connection.open();
      const socket = RecordedWebSocket.newest;
    });
  }

  constructor(connection, session, details, socket) {
    Object.assign(this, { connection, session, details, socket, id: session.id });
    this.protocol = details.transport.protocol;
    this.closed = new Promise((resolve) => {
      connection.onclose = (_, { reason, message, will_retry: returns }) => resolve({ reason, message, returns });
    });
  }

  /* Calls back with each session after the next one, which the application then has to set up anew. */
  onReturn(callback) {
    this.connection.onopen = (session, details) => callback(
      new AutobahnPeer(this.connection, session, details, RecordedWebSocket.newest),
    );
  }

  call(procedure, args = [], kwargs = {}, options = {}, onProgress = undefined) {
    const call = this.session.call(procedure, args, kwargs, onProgress ? { ...options, receive_progress: true } : options);
    const progress = onProgress && ((result) => onProgress(unpack(result)));
    const answer = Promise.resolve(call.then(unpack, refuse, progress));
    answer.cancel = (mode) => call.cancel(mode ? { mode } : undefined);
    return answer;
  }

  register(procedure, endpoint, options = {}) {
    const wrapped = async (args, kwargs, { procedure: called, caller, progress }) => {
      try {
        const payload = { args: args || [], kwargs: kwargs || {} };
        const { args: results = [], kwargs: named = {} } = await endpoint(payload, { procedure: called, caller, progress });
        return new autobahn.Result(results, named);
      } catch (failure) {
        throw new autobahn.Error(failure.uri, failure.args, failure.kwargs);
      }
    };
    return Promise.resolve(this.session.register(procedure, wrapped, options)).catch(refuse);
  }

  unregister(registration) {
    return this.session.unregister(registration);
  }

  subscribe(topic, handler, options = {}) {
    const wrapped = (args, kwargs, details) => handler({ args: args || [], kwargs: kwargs || {}, topic: details.topic }, details);
    return this.session.subscribe(topic, wrapped, options);
  }

  unsubscribe(subscription) {
    return this.session.unsubscribe(subscription);
  }

  async publish(topic, args = [], kwargs = {}, options = {}) {
    const publication = await this.session.publish(topic, args, kwargs, { acknowledge: true, ...options });
    return publication.id;
  }

  /* Resolves with the reason for which the router takes a registration or subscription away. */
  static revoked(taken) {
    return taken.on_unregister || taken.on_unsubscribe;
  }

  leave() {
    this.connection.onclose = () => {};
    this.connection.close();
    return this.socket.ended;
  }
}

// A single positional result is bare, everything else an autobahn.Result.
function unpack(result) {
  return result instanceof autobahn.Result
    ? { args: result.args, kwargs: result.kwargs }
    : { args: result === null || result === undefined ? [] : [result], kwargs: {} };
}

function refuse(error) {
  throw error instanceof autobahn.Error ? new Failure(error.error, error.args, error.kwargs) : error;
}

class WampyPeer {
  static serializers = { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer };

  static cancelled() {
    return "wamp.error.canceled";
  }

  static async join(url, serializer, { reconnects = false } = {}) {
    const client = new Wampy(url, {
      realm: "realm1",
      ws: RecordedWebSocket,
      serializer: new WampyPeer.serializers[serializer](),
      autoReconnect: reconnects,
      reconnectInterval: 50,
      maxRetries: 100,
    });
    const connecting = client.connect();
    const socket = RecordedWebSocket.newest;
    client.setOptions({ onError: (error) => { socket.complaint = String(error.message); } });
    return new WampyPeer(client, await connecting, socket);
  }

  constructor(client, details, socket) {
    Object.assign(this, { client, details, socket, id: client.getSessionId() });
    this.protocol = socket.protocol;
    // The library tells nobody the reason of a GOODBYE; it calls back only if it does not try to come back.
    this.closed = new Promise((resolve) => { client.setOptions({ onClose: () => resolve({ returns: false }) }); });
  }

  /* Calls back with each session after the next one. The library has then begun to set it up anew. */
  onReturn(callback) {
    this.client.setOptions({
      onReconnectSuccess: (details) => { callback(new WampyPeer(this.client, details, RecordedWebSocket.newest)); },
    });
  }

  call(procedure, args = [], kwargs = {}, options = {}, onProgress = undefined) {
    const advanced = onProgress ? { ...options, progress_callback: (data) => onProgress(plain(data)) } : options;
    const call = this.client.call(procedure, { argsList: args, argsDict: kwargs }, advanced);
    const { reqId } = this.client.getOpStatus();
    const answer = call.then(plain, (error) => {
      throw error.errorUri ? new Failure(error.errorUri, error.argsList, error.argsDict) : error;
    });
    answer.cancel = (mode) => this.client.cancel(reqId, mode ? { mode } : {});
    return answer;
  }

  async register(procedure, endpoint, options = {}) {
    const wrapped = async (invocation) => {
      try {
        const { procedure: called, caller } = invocation.details;
        const progress = (args) => invocation.result_handler({ argsList: args, options: { progress: true } });
        const { args = [], kwargs = {} } = await endpoint(plain(invocation), { procedure: called, caller, progress });
        return { argsList: args, argsDict: kwargs };
      } catch ({ uri, args, kwargs }) {
        throw { error: uri, argsList: args, argsDict: kwargs };
      }
    };
    try {
      await this.client.register(procedure, wrapped, options);
    } catch (error) {
      throw new Failure(error.errorUri);
    }
    return procedure;
  }

  unregister(procedure) {
    return this.client.unregister(procedure);
  }

  // wampy cannot unsubscribe what was subscribed with options, even empty ones: it throws at UNSUBSCRIBED.
  async subscribe(topic, handler, options = undefined) {
    const wrapped = (event) => handler({ ...plain(event), topic: event.details.topic }, event.details);
    const { subscriptionKey } = await this.client.subscribe(topic, wrapped, options);
    return subscriptionKey;
  }

  unsubscribe(key) {
    return this.client.unsubscribe(key);
  }

  async publish(topic, args = [], kwargs = {}, options = {}) {
    const { publicationId } = await this.client.publish(topic, { argsList: args, argsDict: kwargs }, options);
    return publicationId;
  }

  /* The library has not announced revocation, and so is not told. */
  static revoked() {
    return undefined;
  }

  leave() {
    this.client.disconnect();
    return this.socket.ended;
  }
}

const plain = ({ argsList, argsDict }) => ({ args: argsList || [], kwargs: argsDict || {} });

module.exports = { RecordedWebSocket, Failure, libraries: { "autobahn-js": AutobahnPeer, "wampy.js": WampyPeer } };
