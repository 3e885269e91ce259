// One JavaScript library with one serializer against a running router:
//
//     node interop.cjs URL LIBRARY SERIALIZER deflate|plain PYTHON_PREFIX,PYTHON_PREFIX,… FACT FACT …
//
// prints one line of JSON for each fact: {"fact": …, "error": null or a text}. test_javascript.py says what they mean.
"use strict";

const assert = require("node:assert/strict");
const { RecordedWebSocket, Failure, libraries } = require("./peers.cjs");

const [url, library, serializer, compression, prefixes, ...wanted] = process.argv.slice(2);
const python = prefixes.split(",");
const Peer = libraries[library];
RecordedWebSocket.deflate = compression === "deflate" ? { threshold: 0 } : false;

const PATIENCE = 5000; // milliseconds for one fact
const NUMBERS = [0, -1, 255, 2 ** 31, 2 ** 32, 2 ** 40 + 1, -(2 ** 40) - 1, Number.MAX_SAFE_INTEGER, 1.5, -1e300];
const TEXT = "Grüße, 世界, 🎉, \u200f, \u0001, \"quoted\", back\\slash";
const NESTED = { list: [1, [2, { three: null }]], yes: true, no: false, "": "no name" };
const BYTES = Buffer.from([0, 1, 127, 128, 255, 0x1e, 0x18, 0]);
const LARGE = "x".repeat(200_000);

let joined = []; // the sessions of the fact that runs
let uris = 0;

const uri = () => `com.js.fact${++uris}`;

async function join() {
  const peer = await Peer.join(url, serializer);
  joined.push(peer);
  return peer;
}

/* What a library gives for an integer depends on its serializer: a number or a BigInt. Bytes: Buffer or Uint8Array. */
function normal(value) {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return value.map(normal);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, normal(v)]));
  return value;
}

const same = (actual, expected) => assert.deepEqual(normal(actual), normal(expected));

/* JSON has no bytes: there the application writes WAMP's form of them. */
const binary = () => (serializer === "json" ? `\0${BYTES.toString("base64")}` : BYTES);

async function refused(promise) {
  try {
    await promise;
  } catch (failure) {
    if (failure instanceof Failure) return failure;
    throw failure;
  }
  throw new Error("it did not fail");
}

/* Collects events; `next` waits for one. */
class Inbox {
  constructor() {
    this.events = [];
    this.waiting = [];
    this.take = (event) => {
      this.events.push(event);
      const resolve = this.waiting.shift();
      if (resolve) resolve();
    };
  }

  async until(count) {
    while (this.events.length < count) await new Promise((resolve) => { this.waiting.push(resolve); });
    return this.events;
  }
}

async function echoes(callee, caller) {
  const procedure = uri();
  await callee.register(procedure, (payload) => payload);
  return (args, kwargs) => caller.call(procedure, args, kwargs);
}

const FACTS = {
  async join() {
    const peer = await join();
    assert.equal(peer.protocol, `wamp.2.${serializer}`);
    assert.equal(typeof peer.details.roles.broker.features, "object");
    assert.equal(typeof peer.details.roles.dealer.features, "object");
    assert.match(peer.details.agent, /^wamprouter/);
    assert.equal(peer.socket.extensions.includes("permessage-deflate"), compression === "deflate");
  },

  async call() {
    const echo = await echoes(await join(), await join());
    same(await echo([1, "two"], { three: 3 }), { args: [1, "two"], kwargs: { three: 3 } });
    same(await echo([7]), { args: [7], kwargs: {} });
    same(await echo([], { only: "named" }), { args: [], kwargs: { only: "named" } });
  },

  async call_itself() {
    const peer = await join();
    const echo = await echoes(peer, peer);
    same(await echo([1]), { args: [1], kwargs: {} });
  },

  async many_calls() {
    const echo = await echoes(await join(), await join());
    const results = await Promise.all(Array.from({ length: 200 }, (_, number) => echo([number])));
    same(results.map(({ args }) => args[0]), Array.from({ length: 200 }, (_, number) => number));
  },

  async call_error() {
    const [callee, caller] = [await join(), await join()];
    const procedure = uri();
    await callee.register(procedure, () => { throw new Failure("com.js.error.no", [1, "why"], { how: "so" }); });
    const failure = await refused(caller.call(procedure));
    same([failure.uri, failure.args, failure.kwargs], ["com.js.error.no", [1, "why"], { how: "so" }]);
  },

  async no_such_procedure() {
    assert.equal((await refused((await join()).call(uri()))).uri, "wamp.error.no_such_procedure");
  },

  async register_twice() {
    const [first, second] = [await join(), await join()];
    const procedure = uri();
    await first.register(procedure, (payload) => payload);
    assert.equal((await refused(second.register(procedure, (payload) => payload))).uri, "wamp.error.procedure_already_exists");
  },

  async unregister() {
    const [callee, caller] = [await join(), await join()];
    const procedure = uri();
    for (const round of [1, 2]) {
      const registration = await callee.register(procedure, () => ({ args: [round] }));
      same(await caller.call(procedure), { args: [round], kwargs: {} });
      await callee.unregister(registration);
      assert.equal((await refused(caller.call(procedure))).uri, "wamp.error.no_such_procedure");
    }
  },

  async values() {
    const echo = await echoes(await join(), await join());
    same(await echo([NUMBERS, TEXT, NESTED], { [TEXT]: NUMBERS }), { args: [NUMBERS, TEXT, NESTED], kwargs: { [TEXT]: NUMBERS } });
  },

  async bytes() {
    const echo = await echoes(await join(), await join());
    same(await echo([binary()], { inside: [binary()] }), { args: [binary()], kwargs: { inside: [binary()] } });
  },

  async large() {
    const echo = await echoes(await join(), await join());
    same(await echo([LARGE], { more: LARGE }), { args: [LARGE], kwargs: { more: LARGE } });
  },

  async events() {
    const [subscriber, publisher] = [await join(), await join()];
    const [topic, inbox] = [uri(), new Inbox()];
    await subscriber.subscribe(topic, inbox.take);
    const first = await publisher.publish(topic, [NUMBERS, TEXT, binary()], { named: NESTED });
    const second = await publisher.publish(topic);
    assert.notEqual(first, second);
    const [full, empty] = await inbox.until(2);
    same([full.args, full.kwargs], [[NUMBERS, TEXT, binary()], { named: NESTED }]);
    same([empty.args, empty.kwargs], [[], {}]);
  },

  async publisher_gets_no_event() {
    const [one, other] = [await join(), await join()];
    const [topic, own, others] = [uri(), new Inbox(), new Inbox()];
    await one.subscribe(topic, own.take);
    await other.subscribe(topic, others.take);
    await one.publish(topic, ["from one"]);
    await other.publish(topic, ["from other"]);
    same((await others.until(1)).map(({ args }) => args[0]), ["from one"]);
    same((await own.until(1)).map(({ args }) => args[0]), ["from other"]);
  },

  async prefix() {
    const [subscriber, publisher] = [await join(), await join()];
    const [topic, inbox] = [uri(), new Inbox()];
    await subscriber.subscribe(topic, inbox.take, { match: "prefix" });
    await publisher.publish(`com.other.${topic}`, ["elsewhere"]);
    await publisher.publish(`${topic}.deep.er`, ["below"]);
    same(await inbox.until(1), [{ args: ["below"], kwargs: {}, topic: `${topic}.deep.er` }]);
  },

  async wildcard() {
    const [subscriber, publisher] = [await join(), await join()];
    const [topic, inbox] = [uri(), new Inbox()];
    await subscriber.subscribe(`${topic}..end`, inbox.take, { match: "wildcard" });
    await publisher.publish(`${topic}.any.other`, ["other end"]);
    await publisher.publish(`${topic}.any.end`, ["fits"]);
    same(await inbox.until(1), [{ args: ["fits"], kwargs: {}, topic: `${topic}.any.end` }]);
  },

  async unsubscribe() {
    const [subscriber, publisher] = [await join(), await join()];
    const [topic, left, kept] = [uri(), new Inbox(), new Inbox()];
    const subscription = await subscriber.subscribe(topic, left.take);
    await subscriber.subscribe(topic, kept.take, { match: "prefix" });
    await publisher.publish(topic, [1]);
    await left.until(1);
    await subscriber.unsubscribe(subscription);
    await publisher.publish(topic, [2]);
    await kept.until(2);
    assert.equal(left.events.length, 1);
  },

  async progress() {
    const caller = await join();
    for (const prefix of python) {
      const steps = [];
      const result = await caller.call(`${prefix}.count`, [3], {}, {}, ({ args }) => steps.push(args[0]));
      same([steps, result.args], [[0, 1, 2], ["counted"]]);
    }
  },

  async python_callee() {
    const caller = await join();
    const payload = { args: [NUMBERS, TEXT, NESTED, binary()], kwargs: { named: LARGE } };
    for (const prefix of python) same(await caller.call(`${prefix}.echo`, payload.args, payload.kwargs), payload);
  },

  async python_gets_bytes() {
    const caller = await join();
    for (const prefix of python) {
      same((await caller.call(`${prefix}.hex`, [binary()])).args, [BYTES.toString("hex")]);
      same((await caller.call(`${prefix}.types`, [1, 2 ** 40, 1.5, "text", binary(), null])).args[0].slice(3), ["str", "bytes", "NoneType"]);
    }
  },

  async python_error() {
    const caller = await join();
    for (const prefix of python) {
      const failure = await refused(caller.call(`${prefix}.fail`, ["why"]));
      same([failure.uri, failure.args, failure.kwargs], ["com.python.error.no", ["why"], { at: prefix }]);
    }
  },

  async python_caller() {
    const callee = await join();
    const payload = { args: [NUMBERS, TEXT, binary()], kwargs: { named: NESTED } };
    const procedure = uri();
    await callee.register(procedure, (got) => got);
    for (const prefix of python) same(await callee.call(`${prefix}.call`, [procedure, ...payload.args], payload.kwargs), payload);
  },

  async python_publisher() {
    const subscriber = await join();
    const [topic, inbox] = [uri(), new Inbox()];
    await subscriber.subscribe(topic, inbox.take);
    for (const prefix of python) await subscriber.call(`${prefix}.publish`, [topic, prefix, NUMBERS, TEXT, binary()], { named: NESTED });
    const events = await inbox.until(python.length);
    same(events.map(({ args, kwargs }) => [args, kwargs]), python.map((prefix) => [[prefix, NUMBERS, TEXT, binary()], { named: NESTED }]));
  },

  async python_subscriber() {
    const publisher = await join();
    const payload = { args: [NUMBERS, TEXT, binary()], kwargs: { named: NESTED } };
    for (const prefix of python) {
      await publisher.publish(`${prefix}.topic`, payload.args, payload.kwargs);
      same(await publisher.call(`${prefix}.heard`), payload); // the call comes after the event: WAMP keeps the order
    }
  },

  async cancel_kill() {
    const [callee, caller] = [await join(), await join()];
    const answers = [];
    for (const prefix of python) {
      const call = caller.call(`${prefix}.sleep`);
      call.cancel("kill");
      answers.push((await refused(call)).uri);
    }
    const procedure = uri();
    await callee.register(procedure, () => new Promise(() => {})); // a JavaScript callee cannot be interrupted
    const call = caller.call(procedure);
    call.cancel("kill");
    answers.push((await refused(call)).uri);
    same(answers, answers.map(() => "wamp.error.canceled"));
  },

  async cancel_other_modes() {
    const caller = await join();
    for (const mode of [undefined, "skip", "killnowait"]) {
      const call = caller.call(`${python[0]}.sleep`);
      call.cancel(mode);
      assert.equal((await refused(call)).uri, "wamp.error.canceled");
    }
    same((await caller.call(`${python[0]}.echo`, ["still here"])).args, ["still here"]);
  },

  async leave() {
    const peer = await join();
    joined = [];
    const { byRouter, byClient } = await peer.leave();
    assert.equal(byClient.code, 1000, `closed with ${byClient.code} ${byClient.reason}`);
    assert.ok([1000, 1005].includes(byRouter.code), `the router closed with ${byRouter.code} ${byRouter.reason}`);
    assert.equal(peer.socket.complaint, undefined);
  },
};

/* No session may have ended, nor complained, during a fact. */
function check(peers) {
  for (const { socket } of peers) {
    const end = socket.closing || (socket.end && socket.end.byRouter);
    if (end) throw new Error(`the connection was closed with ${end.code} ${end.reason}`);
    if (socket.complaint) throw new Error(`the client complained: ${socket.complaint}`);
  }
}

async function state(name) {
  joined = [];
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`no answer after ${PATIENCE} ms`)), PATIENCE); });
  let error = null;
  try {
    await Promise.race([FACTS[name](), late]);
  } catch (failure) {
    error = failure;
  }
  clearTimeout(timer);
  try {
    check(joined); // the reason for an error, more often than not
  } catch (failure) {
    error = failure;
  }
  for (const { socket } of joined) socket.terminate();
  process.stdout.write(`${JSON.stringify({ fact: name, error: error && String(error.stack || error) })}\n`);
}

(async () => {
  for (const name of wanted) await state(name);
  process.exit(0);
})();
