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

async function join(options) {
  const peer = await Peer.join(url, serializer, options);
  joined.push(peer);
  return peer;
}

/* Loses a connection, without a word to the router. */
function cut(peer) {
  joined.splice(joined.indexOf(peer), 1);
  peer.socket.terminate();
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
    this.details = [];
    this.waiting = [];
    this.take = (event, details) => {
      this.events.push(event);
      this.details.push(details);
      const resolve = this.waiting.shift();
      if (resolve) resolve();
    };
  }

  async until(count) {
    while (this.events.length < count) await new Promise((resolve) => { this.waiting.push(resolve); });
    return this.events;
  }
}

/* Asks until the answer is yes. */
async function until(ask) {
  while (!(await ask())) await new Promise((resolve) => { setTimeout(resolve, 2); });
}

/* A procedure that never answers by itself: gives what makes it answer. */
async function endless(callee, procedure) {
  const waiting = [];
  await callee.register(procedure, () => new Promise((resolve) => { waiting.push(resolve); }));
  return async () => {
    await until(() => waiting.length > 0);
    waiting.shift()({ args: ["too late"] });
  };
}

const LIFE = {
  registration: ["create", "register", "unregister", "delete"],
  subscription: ["create", "subscribe", "unsubscribe", "delete"],
};

/* Subscribes to the events of a life, and gives what waits for those with an id: [event, session, id or URI]. */
async function watch(subscriber, kind) {
  const seen = [];
  let arrived = () => {};
  for (const event of LIFE[kind]) {
    const take = ({ args: [session, subject] }) => { seen.push([event, session, subject]); arrived(); };
    await subscriber.subscribe(`wamp.${kind}.on_${event}`, take);
  }
  const about = (id) => seen.filter(([, , subject]) => subject === id || subject.id === id || Number(subject) === Number(id));
  return async (id) => {
    while (about(id).length < 4) await new Promise((resolve) => { arrived = resolve; });
    return about(id).map(([event, session, subject]) => [event, session, subject.uri || subject]);
  };
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

  async cancel() {
    const caller = await join();
    const modes = [undefined, "killnowait", "skip", "kill"];
    for (const prefix of python) {
      for (const mode of modes) {
        for (const procedure of ["sleep", "insist"]) {
          const job = `${uri()}.${procedure}`;
          const call = caller.call(`${prefix}.${procedure}`, [job]);
          call.cancel(mode);
          if (mode === "kill" && procedure === "insist") same((await call).args, ["insisted"]);
          else assert.equal((await refused(call)).uri, Peer.cancelled(mode), `${mode} ${procedure}`);
          if (mode !== "skip") await until(async () => (await caller.call(`${prefix}.was_interrupted`, [job])).args[0]);
          else {
            same((await caller.call(`${prefix}.was_interrupted`, [job])).args, [false]);
            await caller.call(`${prefix}.wake`, [job]); // its result comes too late, and troubles nobody
          }
        }
      }
    }
    same((await caller.call(`${python[0]}.echo`, ["still here"])).args, ["still here"]);
  },

  async cancel_uninterruptible() {
    const [callee, caller] = [await join(), await join()];
    const procedure = uri();
    const answer = await endless(callee, procedure); // a JavaScript callee cannot be interrupted
    for (const mode of [undefined, "killnowait", "skip", "kill"]) {
      const call = caller.call(procedure);
      call.cancel(mode);
      assert.equal((await refused(call)).uri, Peer.cancelled(mode));
      await answer();
    }
    same(await (await echoes(callee, caller))([1]), { args: [1], kwargs: {} });
  },

  async timeout() {
    const [callee, caller] = [await join(), await join()];
    for (const prefix of python) {
      for (const procedure of ["sleep", "insist"]) {
        const job = uri();
        const failure = await refused(caller.call(`${prefix}.${procedure}`, [job], {}, { timeout: 50 }));
        assert.equal(failure.uri, "wamp.error.timeout");
        await until(async () => (await caller.call(`${prefix}.was_interrupted`, [job])).args[0]);
      }
      same((await caller.call(`${prefix}.echo`, [1], {}, { timeout: 60_000 })).args, [1]);
    }
    const procedure = uri();
    const answer = await endless(callee, procedure);
    assert.equal((await refused(caller.call(procedure, [], {}, { timeout: 50 }))).uri, "wamp.error.timeout");
    await answer();
    same(await (await echoes(callee, caller))([1]), { args: [1], kwargs: {} });
  },

  async progress_of_the_uninterruptible() {
    const [callee, caller] = [await join(), await join()];
    const procedure = uri();
    await callee.register(procedure, async (_, { progress }) => {
      if (progress) for (const step of [1, 2, 3]) progress([step]);
      return { args: ["done"] };
    });
    const steps = [];
    const result = await caller.call(procedure, [], {}, {}, ({ args }) => steps.push(args[0]));
    same([steps, result.args], [[], ["done"]]);
  },

  async progressive_call() {
    const caller = await join();
    for (const peer of python) {
      const { result, sendData } = caller.client.progressiveCall(`${peer}.total`, [1]);
      sendData([2]);
      sendData([3], { progress: false });
      same((await result).argsList, [6]);
    }
    const { result, sendData } = caller.client.progressiveCall(`${python[0]}.echo`, ["part"]);
    sendData(["end"], { progress: false });
    await assert.rejects(result, { errorUri: "wamp.error.invalid_argument" });
    same((await caller.call(`${python[0]}.echo`, ["still here"])).args, ["still here"]);
  },

  async pattern_registration() {
    const [callee, caller] = [await join(), await join()];
    const procedure = uri();
    const say = (kind) => (_, { procedure: called }) => ({ args: [kind, called] });
    await callee.register(procedure, say("prefix"), { match: "prefix" });
    await callee.register(`${procedure}..end`, say("wildcard"), { match: "wildcard" });
    await callee.register(`${procedure}.exact`, say("exact"));
    same((await caller.call(`${procedure}.deep.er`)).args, ["prefix", `${procedure}.deep.er`]);
    same((await caller.call(`${procedure}.exact`)).args[0], "exact");
    await callee.unregister(library === "wampy.js" ? procedure : callee.session.registrations[0]);
    same((await caller.call(`${procedure}.any.end`)).args, ["wildcard", `${procedure}.any.end`]);
    assert.equal((await refused(caller.call(`${procedure}.any.other`))).uri, "wamp.error.no_such_procedure");
  },

  async shared() {
    const [one, other, caller] = [await join(), await join(), await join()];
    const expected = { roundrobin: "1212", first: "1111", last: "2222" };
    for (const [invoke, order] of Object.entries(expected)) {
      const procedure = uri();
      await one.register(procedure, () => ({ args: ["1"] }), { invoke });
      await other.register(procedure, () => ({ args: ["2"] }), { invoke });
      assert.match((await refused((await join()).register(procedure, () => {}))).uri, /^wamp\.error\.procedure_/);
      let called = "";
      for (let time = 0; time < 4; time += 1) called += (await caller.call(procedure)).args[0];
      assert.equal(called, order);
    }
  },

  async disclosed() {
    const [one, other] = [await join(), await join()];
    const [procedure, topic, inbox] = [uri(), uri(), new Inbox()];
    await one.register(procedure, (_, { caller }) => ({ args: [caller === undefined ? "nobody" : caller] }));
    same((await other.call(procedure, [], {}, { disclose_me: true })).args, [other.id]);
    same((await other.call(procedure)).args, ["nobody"]);
    for (const prefix of python) same((await other.call(`${prefix}.who`, [], {}, { disclose_me: true })).args, [other.id]);
    await one.subscribe(topic, inbox.take);
    await other.publish(topic, [], {}, { disclose_me: true });
    await other.publish(topic);
    await inbox.until(2);
    same(inbox.details.map(({ publisher }) => publisher), [other.id, undefined]);
  },

  async lists() {
    const [one, other, publisher] = [await join(), await join(), await join()];
    const [topic, first, second] = [uri(), new Inbox(), new Inbox()];
    await one.subscribe(topic, first.take);
    await other.subscribe(topic, second.take);
    await publisher.publish(topic, ["one"], {}, { eligible: [one.id] });
    await publisher.publish(topic, ["other"], {}, { exclude: [one.id] });
    await publisher.publish(topic, ["nobody"], {}, { eligible: [one.id], exclude_authrole: ["anonymous"] });
    await publisher.publish(topic, ["all"]);
    same((await first.until(2)).map(({ args }) => args[0]), ["one", "all"]);
    same((await second.until(2)).map(({ args }) => args[0]), ["other", "all"]);
  },

  async retained() {
    const subscriber = await join();
    const [topic, plain, asking, below] = [uri(), new Inbox(), new Inbox(), new Inbox()];
    await subscriber.call(`${python[0]}.retain`, [`${topic}.a`, "old"]);
    await subscriber.call(`${python[0]}.retain`, [`${topic}.a`, TEXT, binary()], { named: NESTED });
    const expected = { args: [TEXT, binary()], kwargs: { named: NESTED }, topic: `${topic}.a` };
    await subscriber.subscribe(topic, below.take, { match: "prefix", get_retained: true });
    same(await below.until(1), [expected]);
    await (await join()).subscribe(`${topic}.a`, plain.take);
    await (await join()).subscribe(`${topic}.a`, asking.take, { get_retained: true });
    const [{ args, kwargs }] = await asking.until(1);
    same([args, kwargs], [expected.args, expected.kwargs]);
    same([below.details[0].retained, asking.details[0].retained], [true, true]);
    await subscriber.publish(`${topic}.a`, ["live"]);
    same((await plain.until(1)).map((event) => event.args), [["live"]]);
    assert.ok(!plain.details[0].retained);
  },

  async testament() {
    const subscriber = await join();
    const [topic, inbox] = [uri(), new Inbox()];
    await subscriber.subscribe(topic, inbox.take);
    const dying = await join();
    await dying.call("wamp.session.add_testament", [topic, [TEXT, binary()], { named: NESTED }]);
    await dying.call("wamp.session.add_testament", [topic, ["first"], {}], { scope: "detached" });
    cut(dying);
    same((await inbox.until(2)).map(({ args, kwargs }) => [args, kwargs]), [[["first"], {}], [[TEXT, binary()], { named: NESTED }]]);
    const leaving = await join();
    await leaving.call("wamp.session.add_testament", [topic, ["flushed"], {}]);
    await leaving.call("wamp.session.flush_testaments");
    await leaving.call("wamp.session.add_testament", [topic, ["left"], {}]);
    joined.splice(joined.indexOf(leaving), 1);
    await leaving.leave();
    same((await inbox.until(3))[2].args, ["left"]);
  },

  async session_events() {
    const watching = await join();
    const [joins, leaves] = [new Inbox(), new Inbox()];
    await watching.subscribe("wamp.session.on_join", joins.take);
    await watching.subscribe("wamp.session.on_leave", leaves.take);
    const guest = await join();
    const described = (await watching.call("wamp.session.get", [guest.id])).args[0];
    same((await joins.until(1))[0].args, [described]);
    same([described.session, described.authrole], [guest.id, "anonymous"]);
    cut(guest);
    same((await leaves.until(1))[0].args, [guest.id, described.authid, "anonymous"]);
  },

  async registration_events() {
    const [watching, callee] = [await join(), await join()];
    const [about, procedure] = [await watch(watching, "registration"), uri()];
    const registration = await callee.register(procedure, (payload) => payload);
    const id = (await watching.call("wamp.registration.lookup", [procedure])).args[0];
    await callee.unregister(registration);
    const [created, ...others] = LIFE.registration.map((event) => [event, callee.id, id]);
    same(await about(id), [[...created.slice(0, 2), procedure], ...others]);
  },

  async subscription_events() {
    const [watching, subscriber] = [await join(), await join()];
    const [about, topic] = [await watch(watching, "subscription"), uri()];
    const subscription = await subscriber.subscribe(topic, () => {});
    const id = (await watching.call("wamp.subscription.lookup", [topic])).args[0];
    await subscriber.unsubscribe(subscription);
    const [created, ...others] = LIFE.subscription.map((event) => [event, subscriber.id, id]);
    same(await about(id), [[...created.slice(0, 2), topic], ...others]);
  },

  async meta_procedures() {
    const [asking, peer] = [await join(), await join()];
    const [procedure, topic] = [uri(), uri()];
    const ask = async (name, ...args) => (await asking.call(`wamp.${name}`, args)).args[0];
    await peer.register(procedure, (payload) => payload);
    await peer.subscribe(topic, () => {}, { match: "prefix" });
    const sessions = normal(await ask("session.list"));
    assert.ok(sessions.includes(Number(asking.id)) && sessions.includes(Number(peer.id)));
    same(await ask("session.count"), sessions.length);
    same((await refused(asking.call("wamp.session.get", [1]))).uri, "wamp.error.no_such_session");
    const registration = await ask("registration.match", procedure);
    same((await ask("registration.get", registration)).uri, procedure);
    same(await ask("registration.lookup", procedure), registration);
    same(await ask("registration.list_callees", registration), [peer.id]);
    same(await ask("registration.count_callees", registration), 1);
    assert.ok(normal(await ask("registration.list")).exact.includes(Number(registration)));
    assert.equal(await ask("registration.lookup", uri()) ?? null, null);
    const subscription = await ask("subscription.lookup", topic, { match: "prefix" });
    same(await ask("subscription.match", `${topic}.below`), [subscription]);
    same((await ask("subscription.get", subscription)).match, "prefix");
    same(await ask("subscription.list_subscribers", subscription), [peer.id]);
    same(await ask("subscription.count_subscribers", subscription), 1);
    assert.ok(normal(await ask("subscription.list")).prefix.includes(Number(subscription)));
  },

  async revoked() {
    const [peer, caller] = [await join(), await join()];
    const [procedure, topic, inbox, reason] = [uri(), uri(), new Inbox(), "com.js.away"];
    const registration = await peer.register(procedure, (payload) => payload);
    const subscription = await peer.subscribe(topic, inbox.take);
    const [callee] = (await caller.call("wamp.registration.lookup", [procedure])).args;
    const [subscriber] = (await caller.call("wamp.subscription.lookup", [topic])).args;
    await caller.call("wamp.registration.remove_callee", [callee, peer.id], { reason });
    await caller.call("wamp.subscription.remove_subscriber", [subscriber, peer.id], { reason });
    if (Peer.revoked(registration)) {
      assert.deepEqual(await Promise.all([Peer.revoked(registration), Peer.revoked(subscription)]), [reason, reason]);
    }
    assert.equal((await refused(caller.call(procedure))).uri, "wamp.error.no_such_procedure");
    await caller.publish(topic);
    same(await (await echoes(peer, caller))([1]), { args: [1], kwargs: {} });
    assert.equal(inbox.events.length, 0);
  },

  async kill() {
    const caller = await join();
    const victim = await join({ reconnects: true });
    joined.splice(joined.indexOf(victim), 1);
    await caller.call("wamp.session.kill", [victim.id], { reason: "com.js.out", message: "that is enough" });
    const { reason, message, returns } = await victim.closed;
    if (library === "autobahn-js") same([reason, message], ["com.js.out", "that is enough"]);
    assert.equal(returns, false);
    assert.equal(victim.socket.complaint, undefined);
    assert.equal((await victim.socket.ended).byRouter.code, 1000);
    assert.equal(RecordedWebSocket.newest, victim.socket); // it has not come back
    assert.equal((await refused(caller.call("wamp.session.kill", [victim.id]))).uri, "wamp.error.no_such_session");
    assert.equal((await refused(caller.call("wamp.session.kill", [caller.id]))).uri, "wamp.error.no_such_session");
  },

  async passed_through() {
    const [one, other] = [await join(), await join()];
    const [procedure, topic] = [uri(), uri()];
    const payload = { argsList: [TEXT, NESTED], argsDict: { named: [1, 2] } };
    const seen = new Promise((resolve) => { other.client.subscribe(topic, resolve); });
    for (const ppt_serializer of ["native", "json"]) {
      const options = { ppt_scheme: "x_js", ppt_serializer };
      await one.client.register(procedure + ppt_serializer, ({ argsList, argsDict, details }) => {
        assert.equal(details.ppt_scheme, "x_js");
        return { argsList, argsDict, options };
      });
      const { argsList, argsDict, details } = await other.client.call(procedure + ppt_serializer, payload, options);
      same([argsList, argsDict, details.ppt_scheme], [payload.argsList, payload.argsDict, "x_js"]);
    }
    const text = one.client.publish(topic, payload, { ppt_scheme: "x_js", ppt_serializer: "json" });
    const { argsList, argsDict, details } = await seen;
    same([argsList, argsDict, details.ppt_serializer], [payload.argsList, payload.argsDict, "json"]);
    await text;
    const failure = await refused(one.call(`${python[0]}.echo`, [1], {}, { ppt_scheme: "x_js", ppt_serializer: "json" }));
    assert.equal(failure.uri, "wamp.error.no_payload_codec");
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
