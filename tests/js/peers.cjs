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

  static join(url, serializer) {
    return new Promise((resolve, reject) => {
      const connection = new autobahn.Connection({
        url,
        realm: "realm1",
        serializers: [new AutobahnPeer.serializers[serializer]()],
        max_retries: 0,
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
    Object.assign(this, { connection, session, details, socket });
    this.protocol = details.transport.protocol;
  }

  call(procedure, args = [], kwargs = {}, options = {}, onProgress = undefined) {
    const call = this.session.call(procedure, args, kwargs, onProgress ? { ...options, receive_progress: true } : options);
    const progress = onProgress && ((result) => onProgress(unpack(result)));
    const answer = Promise.resolve(call.then(unpack, refuse, progress));
    answer.cancel = (mode) => call.cancel(mode ? { mode } : undefined);
    return answer;
  }

  register(procedure, endpoint, options = {}) {
    const wrapped = async (args, kwargs) => {
      try {
        const { args: results = [], kwargs: named = {} } = await endpoint({ args: args || [], kwargs: kwargs || {} });
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
    const wrapped = (args, kwargs, details) => handler({ args: args || [], kwargs: kwargs || {}, topic: details.topic });
    return this.session.subscribe(topic, wrapped, options);
  }

  unsubscribe(subscription) {
    return this.session.unsubscribe(subscription);
  }

  async publish(topic, args = [], kwargs = {}) {
    const publication = await this.session.publish(topic, args, kwargs, { acknowledge: true });
    return publication.id;
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

  static async join(url, serializer) {
    const client = new Wampy(url, {
      realm: "realm1",
      ws: RecordedWebSocket,
      serializer: new WampyPeer.serializers[serializer](),
      autoReconnect: false,
    });
    const connecting = client.connect();
    const socket = RecordedWebSocket.newest;
    client.setOptions({ onError: (error) => { socket.complaint = String(error.message); } });
    return new WampyPeer(client, await connecting, socket);
  }

  constructor(client, details, socket) {
    Object.assign(this, { client, details, socket });
    this.protocol = socket.protocol;
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
        const { args = [], kwargs = {} } = await endpoint(plain(invocation));
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
    const wrapped = (event) => handler({ ...plain(event), topic: event.details.topic });
    const { subscriptionKey } = await this.client.subscribe(topic, wrapped, options);
    return subscriptionKey;
  }

  unsubscribe(key) {
    return this.client.unsubscribe(key);
  }

  async publish(topic, args = [], kwargs = {}) {
    const { publicationId } = await this.client.publish(topic, { argsList: args, argsDict: kwargs });
    return publicationId;
  }

  leave() {
    this.client.disconnect();
    return this.socket.ended;
  }
}

const plain = ({ argsList, argsDict }) => ({ args: argsList || [], kwargs: argsDict || {} });

module.exports = { RecordedWebSocket, Failure, libraries: { "autobahn-js": AutobahnPeer, "wampy.js": WampyPeer } };
