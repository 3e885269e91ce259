/* A WAMP client in a page: it calls the procedures of examples/demo.py and shows its events. No build step. */
"use strict";

const REALM = "realm1";
const URL_OF_ROUTER = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
const SERIALIZERS = {
  json: autobahn.serializer.JSONSerializer,
  msgpack: autobahn.serializer.MsgpackSerializer,
  cbor: autobahn.serializer.CBORSerializer,
};

const $ = (id) => document.getElementById(id);
const show = (id, text) => { $(id).textContent = text; };

/* -- the connection: opened at once, and again whenever it is lost ------------------------------------------------ */

let connection = null;
let session = null; // while connected
let isSwitching = false; // to another serializer
let retryAt = 0; // performance.now() of the next attempt

function connect() {
  connection = new autobahn.Connection({
    url: URL_OF_ROUTER,
    realm: REALM,
    serializers: [new SERIALIZERS[$("serializer").value]()],
    max_retries: -1, // for ever
    initial_retry_delay: 0.5,
    max_retry_delay: 4,
  });
  connection.onopen = onOpen;
  connection.onclose = onClose;
  connection.open();
}

function onOpen(opened, details) {
  session = opened;
  setState("open", "Connected");
  show("session", session.id);
  show("protocol", details.transport.protocol);
  show("agent", details.agent || "not told");
  show("realm", details.realm || REALM);
  show("role", details.authrole);
  session.subscribe("com.example.tick", onTick);
  session.subscribe("com.example.said", onSaid);
  session.call("com.example.history").then(showHistory, () => {}); // the component may not be there: then nothing
}

function onClose(reason, details) {
  const wasOpen = session !== null;
  session = null;
  if (isSwitching) {
    isSwitching = false;
    connect();
    return true; // no retry by this connection
  }
  if (wasOpen) addBar(null);
  document.querySelectorAll(".wire > i").forEach((dot) => dot.remove());
  for (const id of ["session", "agent", "realm", "role", "time", "uptime"]) show(id, "–");
  show("protocol", "WebSocket");
  if (details.will_retry) {
    retryAt = performance.now() + details.retry_delay * 1000;
    setState("lost", reason === "unreachable" ? "No router" : "Connection lost");
  } else {
    setState("closed", `Closed by the router: ${details.message || details.reason || reason}`);
  }
  return false;
}

function setState(state, text) {
  document.body.dataset.state = state;
  show("state", text);
  $("again").hidden = state !== "closed";
  for (const id of ["do-call", "do-say", "serializer"]) $(id).disabled = state !== "open";
  if (state !== "lost") show("retry", "");
}

setInterval(() => {
  if (document.body.dataset.state !== "lost") return;
  const left = (retryAt - performance.now()) / 1000;
  show("retry", left > 0 ? `again in ${left.toFixed(1)} s` : "trying…");
}, 100);

$("again").addEventListener("click", () => { setState("connecting", "Connecting"); connect(); });

$("serializer").addEventListener("change", () => {
  isSwitching = true;
  setState("connecting", "Connecting");
  connection.close();
});

/* -- calls: from a form, with the code that makes them ------------------------------------------------------------ */

const PROCEDURES = {
  add: {
    fields: ["a", "b"],
    python: '@wamp.register("com.example.add")\ndef add(self, a: float, b: float) -> float:\n    return a + b',
  },
  divide: {
    fields: ["a", "b"],
    python: "if b == 0:\n    raise ApplicationError(DIVISION_BY_ZERO, …)\nreturn a / b",
  },
  now: {
    fields: [],
    python: '@wamp.register("com.example.now")\ndef now(self) -> str:\n    return datetime.now(UTC).isoformat(…)',
  },
  countdown: {
    fields: ["a"],
    options: { receive_progress: true },
    python: "for number in range(start, 0, -1):\n    details.progress(number)\n    await deferLater(reactor, 0.4)",
  },
};

function currentCall() {
  const name = new FormData($("call")).get("procedure");
  const { fields, options } = PROCEDURES[name];
  return { name, procedure: `com.example.${name}`, args: fields.map((id) => $(id).valueAsNumber), options };
}

function showForm() {
  const { name, procedure, args, options } = currentCall();
  const { fields, python } = PROCEDURES[name];
  for (const id of ["a", "b"]) {
    $(`field-${id}`).hidden = $(id).disabled = !fields.includes(id);
  }
  const rest = options ? ", {},\n  { receive_progress: true }" : "";
  show("code-js", `session.call("${procedure}", [${args.map((n) => (Number.isNaN(n) ? "?" : n)).join(", ")}]${rest})`);
  show("code-py", python);
}

let newestCall = 0; // an answer that comes after a later call is not shown

function onCall(submitted) {
  submitted.preventDefault();
  if (!session) return;
  const { procedure, args, options } = currentCall();
  const number = ++newestCall;
  const start = performance.now();
  const took = () => `${(performance.now() - start).toFixed(1)} ms, there and back`;
  let route = "there and back"; // drawn with the first answer: drawing it at once would make the call look slow
  const answer = (kind, text, note, uri) => {
    if (number === newestCall) showAnswer(kind, text, note, uri);
    travel("call", route);
    route = "back";
  };
  session.call(procedure, args, {}, options).then(
    (result) => answer("result", format(result), took()),
    (error) => answer("error", describe(error), took(), error.error),
    (progress) => answer("progress", format(progress), "and counting"),
  );
}

function showAnswer(kind, text, note, uri) {
  $("answer").dataset.kind = kind;
  const result = $("result");
  result.textContent = "";
  if (uri) {
    const name = document.createElement("b");
    name.textContent = uri;
    result.append(name);
  }
  result.append(text);
  result.classList.toggle("long", text.length > 14);
  show("took", note);
}

const format = (value) => (typeof value === "number" ? String(Number(value.toPrecision(12))) : String(value));

/* What a person can read of a WAMP error. */
const describe = (error) => (error.args && error.args.length ? error.args.join(" ") : error.message || "no explanation given");

$("call").addEventListener("input", showForm);
$("call").addEventListener("submit", onCall);

/* -- events: the component's ticks, and what visitors say --------------------------------------------------------- */

const ADJECTIVES = ["Brisk", "Calm", "Clever", "Eager", "Gentle", "Keen", "Lucky", "Merry", "Noble", "Quiet", "Sunny", "Witty"];
const ANIMALS = ["Badger", "Crane", "Finch", "Heron", "Ibex", "Lynx", "Marten", "Otter", "Plover", "Raven", "Stoat", "Wren"];
const pick = (words) => words[Math.floor(Math.random() * words.length)];
const NAME = `${pick(ADJECTIVES)} ${pick(ANIMALS)}`;

let ticks = 0;

function onTick(_args, { time, uptime }) {
  show("ticks", ++ticks);
  show("time", new Date(time).toLocaleTimeString([], { hour12: false }));
  show("uptime", duration(uptime));
  travel("event", "back");
  measure();
}

function duration(seconds) {
  const s = Math.floor(seconds), two = (n) => String(n).padStart(2, "0");
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

function onSaid([text], { name } = {}) {
  addLine(name || "Somebody", text, false);
  travel("event", "from router");
}

function onSay(submitted) {
  submitted.preventDefault();
  const text = $("text").value.trim();
  if (!session || !text) return;
  const start = performance.now();
  session.publish("com.example.said", [text], { name: NAME }, { acknowledge: true }).then(
    () => {
      const took = performance.now() - start;
      addLine("You", text, true);
      show("published", `Published: the router acknowledged it after ${took.toFixed(1)} ms.`);
      travel("event", "to router");
    },
    (error) => show("published", `Not published: ${describe(error)}`),
  );
  $("text").value = "";
}

function showHistory(lines) {
  if (!lines.length) return;
  $("feed").textContent = "";
  for (const { name, text } of lines) addLine(name === NAME ? "You" : name, text, name === NAME);
}

function addLine(name, text, isOwn) {
  const line = document.createElement("li"), who = document.createElement("b"), what = document.createElement("span");
  line.classList.toggle("own", isOwn);
  who.textContent = name;
  what.textContent = text;
  line.append(who, what);
  const feed = $("feed");
  feed.append(line);
  while (feed.children.length > 50) feed.firstChild.remove();
  feed.scrollTop = feed.scrollHeight;
}

$("say").addEventListener("submit", onSay);

/* -- the chart: one bar a second, as high as a call took ---------------------------------------------------------- */

const BARS = 60;
const HEIGHT = 64;
const trips = Array(BARS).fill(undefined); // milliseconds; null where the connection was lost, undefined before the first

function measure() {
  if (!session) return;
  const start = performance.now();
  session.call("com.example.now").then(() => addBar(performance.now() - start), () => addBar(null));
}

function addBar(milliseconds) {
  trips.push(milliseconds);
  trips.shift();
  const measured = trips.filter(Number.isFinite).sort((a, b) => a - b);
  const median = measured[Math.floor(measured.length / 2)];
  drawChart(Math.max(2, 2.5 * (median || 0))); // what is higher is cut off: one outlier would flatten all others
  const text = (trip) => (Number.isFinite(trip) ? trip.toFixed(1) : "–");
  show("last", text(milliseconds));
  show("median", text(median));
  $("chart").setAttribute("aria-label", `${measured.length} round trips, median ${text(median)} milliseconds`);
}

function drawChart(highest) {
  const bars = trips.map((trip, index) => {
    const kind = trip === undefined ? "none" : trip === null ? "gap" : index === BARS - 1 ? "newest" : "trip";
    const height = { none: 2, gap: HEIGHT }[kind] || Math.max(3, Math.min(1, trip / highest) * HEIGHT);
    const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const place = { x: index * 5, y: HEIGHT - height, width: kind === "gap" ? 1.5 : 3.5, height };
    for (const [name, value] of Object.entries(place)) bar.setAttribute(name, value);
    bar.classList.add(kind);
    return bar;
  });
  $("chart").replaceChildren(...bars);
}

/* -- dots that travel along the wires: slower than the messages, so that one sees them ----------------------------- */

const [PAGE, DEMO] = [$("wire-page"), $("wire-demo")];
const ROUTES = {
  "there and back": [[PAGE, false], [DEMO, false], [DEMO, true], [PAGE, true]],
  "back": [[DEMO, true], [PAGE, true]],
  "to router": [[PAGE, false]],
  "from router": [[PAGE, true]],
};

function travel(kind, route) {
  if (document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const go = ([[wire, isBack], ...rest]) => {
    const dot = document.createElement("i");
    dot.className = isBack ? `${kind} back` : kind;
    dot.addEventListener("animationend", () => { dot.remove(); if (rest.length) go(rest); });
    wire.append(dot);
  };
  go(ROUTES[route]);
}

show("name", NAME);
showForm();
drawChart(2);
connect();
