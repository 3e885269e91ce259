// autobahn-js over HTTP long-poll, in Node, which has no XMLHttpRequest of its own:
//
//     node longpoll.cjs URL
//
// tries calls, events and progressive results, prints a line of JSON with what came of it, then waits for the router to
// be started again, and prints another one. Ends with its input. ../interop/test_longpoll.py is the other end.
"use strict";

const http = require("http");

/* As much of it as autobahn-js uses. */
class XMLHttpRequest {
  open(method, url) { this.method = method; this.url = url; this.headers = {}; this.readyState = 0; }

  setRequestHeader(name, value) { this.headers[name] = value; }

  send(body = "") {
    const request = http.request(this.url, { method: this.method, headers: this.headers, agent }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => this.done(response.statusCode, response.statusMessage, Buffer.concat(parts).toString()));
      response.on("error", (error) => this.done(0, error.code, ""));
    });
    request.on("error", (error) => this.done(0, error.code, ""));
    request.end(body);
  }

  done(status, statusText, responseText) {
    Object.assign(this, { status, statusText, responseText, readyState: 4 });
    this.onreadystatechange();
  }
}

const agent = new http.Agent({ keepAlive: true });
globalThis.XMLHttpRequest = XMLHttpRequest;
const autobahn = require("autobahn");

function connect(options = {}) {
  return new Promise((resolve, reject) => {
    const connection = new autobahn.Connection({
      transports: [{ type: "longpoll", url: process.argv[2] }],
      realm: "realm1",
      on_user_error: () => {}, // what procedures throw on purpose
      initial_retry_delay: 0.05,
      max_retry_delay: 0.2,
      max_retries: 100,
      ...options,
    });
    connection.onopen = (session) => resolve({ connection, session });
    connection.onclose = (reason, details) => { reject(new Error(`not joined: ${reason} ${details.reason}`)); return true; };
    connection.open();
  });
}

async function tryEverything(callee, caller) {
  const heard = [];
  const received = new Promise((resolve) => {
    callee.subscribe("com.topic", ([value]) => { heard.push(value); if (heard.length === 3) resolve(heard); });
  });
  await callee.register("com.add", ([a, b]) => a + b);
  await callee.register("com.fail", () => { throw new autobahn.Error("com.error", ["as it should"]); });
  const sums = await Promise.all([1, 2, 3].map((number) => caller.call("com.add", [number, 10])));
  const failure = await caller.call("com.fail").catch((error) => error.error);
  const progress = [];
  const counted = await caller.call("com.count", [4], {}, { receive_progress: true }).then(
    (value) => value, null, (value) => progress.push(value),
  ); // by the other end, because the router asks no callee for progress that it cannot stop
  for (const number of [1, 2, 3]) await caller.publish("com.topic", [number], {}, { acknowledge: true });
  return { sums, failure, progress, counted, events: await received };
}

(async () => {
  const [callee, caller] = [await connect(), await connect()];
  process.stdout.write(`${JSON.stringify(await tryEverything(callee.session, caller.session))}\n`);

  const closed = new Promise((resolve) => {
    caller.connection.onclose = (reason, { reason: uri }) => resolve({ reason, uri });
  });
  caller.connection.close();
  process.stdout.write(`${JSON.stringify(await closed)}\n`);

  callee.connection.onclose = (reason, details) => { process.stdout.write(`${JSON.stringify({ reason, returns: details.will_retry })}\n`); };
  callee.connection.onopen = async (session) => {
    await session.register("com.back", () => "back");
    process.stdout.write(`${JSON.stringify({ called: await session.call("com.back") })}\n`);
  };
  process.stdout.write('"waiting"\n');
})();
process.stdin.on("end", () => process.exit(0)).resume();
