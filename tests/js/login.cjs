// Logs in as it is told:
//
//     node login.cjs LIBRARY JOBS
//
// where JOBS is a list in JSON. Prints a line of JSON for each job: who one is and what a call to oneself says, or with what
// one was refused, and how many connections it took. ../interop/js/test_login_js.py is the other end.
"use strict";

const { RecordedWebSocket } = require("./peers.cjs");
const autobahn = require("autobahn");
const { Wampy } = require("wampy");
const { JsonSerializer } = require("wampy/JsonSerializer.js");
const { MsgpackSerializer } = require("wampy/MsgpackSerializer.js");
const { sign: signCryptosign } = require("wampy/cryptosign.js");

const [library, jobs] = [process.argv[2], JSON.parse(process.argv[3])];

let connections = 0;
class CountedWebSocket extends RecordedWebSocket {
  constructor(url, protocols) {
    super(url, protocols);
    connections += 1;
  }
}
globalThis.WebSocket = CountedWebSocket;

function who({ realm, authid, authrole, authmethod, authprovider }) {
  return { realm, authid, authrole, authmethod, authprovider };
}

// As the documentation of autobahn-js has it.
function onchallenge({ how }) {
  return (session, method, extra) => {
    if (method === "ticket") return how.ticket;
    if (method === "wampcra") {
      const { salt, iterations, keylen } = extra;
      const key = salt ? autobahn.auth_cra.derive_key(how.secret, salt, iterations, keylen) : how.secret;
      return autobahn.auth_cra.sign(key, extra.challenge);
    }
    return autobahn.auth_cryptosign.sign_challenge(keyPair(how.privkey), extra);
  };
}

const keyPair = (seed) => autobahn.nacl.sign.keyPair.fromSeed(Uint8Array.from(Buffer.from(seed, "hex")));

function byAutobahn(job) {
  const serializers = { json: autobahn.serializer.JSONSerializer, msgpack: autobahn.serializer.MsgpackSerializer };
  return new Promise((resolve) => {
    const connection = new autobahn.Connection({
      url: job.url,
      realm: "realm1",
      authmethods: [job.method],
      authid: job.how.authid,
      authextra: job.method === "cryptosign" ? { pubkey: job.pubkey, channel_binding: null } : undefined,
      onchallenge: onchallenge(job),
      serializers: [new serializers[job.serializer]()],
      max_retries: job.retries || 0,
      initial_retry_delay: 0.05,
      max_retry_delay: 0.05,
    });
    const closes = [];
    connection.onopen = async (session, details) => {
      await session.register("com.proof", () => "here");
      const joined = { ...who(details), call: await session.call("com.proof") };
      connection.onclose = () => resolve({ joined, closes });
      connection.close();
    };
    connection.onclose = (reason, details) => {
      closes.push({ reason, uri: details.reason, message: details.message, returns: Boolean(details.will_retry) });
      if (closes.length === 1) job.refused?.();
      if (!details.will_retry) resolve({ closes });
    };
    connection.open();
  });
}

async function byWampy(job) {
  const serializers = { json: JsonSerializer, msgpack: MsgpackSerializer };
  const { sign: signCra } = await import("wampy/wampcra.js"); // which is no CommonJS
  const { how } = job;
  const client = new Wampy(job.url, {
    realm: "realm1",
    ws: CountedWebSocket,
    serializer: new serializers[job.serializer](),
    authid: how.authid,
    authmethods: [job.method],
    authextra: job.method === "cryptosign" ? { pubkey: job.pubkey } : {},
    authMode: "auto",
    authPlugins: { ticket: () => how.ticket, wampcra: signCra(how.secret), cryptosign: how.privkey && signCryptosign(how.privkey) },
    autoReconnect: (job.retries || 0) > 0,
    reconnectInterval: 50,
    maxRetries: job.retries || 1,
  });
  try {
    // What closes the connection before there is a session settles no promise of the library's.
    const closed = new Promise((_, reject) => { client.setOptions({ onClose: () => reject(new Error("closed")) }); });
    const details = await Promise.race([client.connect(), closed]);
    closed.catch(() => {});
    await client.register("com.proof", () => ({ argsList: ["here"] }));
    const { argsList } = await client.call("com.proof");
    await client.disconnect();
    return { joined: { ...who(details), call: argsList[0] }, closes: [] };
  } catch (error) {
    const { code } = await RecordedWebSocket.newest.ended.then(({ byRouter }) => byRouter);
    return { closes: [{ uri: error.errorUri || String(error.message), code, returns: false }] };
  }
}

(async () => {
  for (const job of jobs) {
    connections = 0;
    // Whoever waits for a refusal, to do something about it, is told of the first.
    if (job.tells) job.refused = () => process.stdout.write(`${JSON.stringify({ refused: job.id })}\n`);
    const outcome = await (library === "autobahn-js" ? byAutobahn(job) : byWampy(job));
    process.stdout.write(`${JSON.stringify({ id: job.id, connections, ...outcome })}\n`);
  }
  process.exit(0);
})();
