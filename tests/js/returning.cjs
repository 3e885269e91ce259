// A client that comes back by itself:
//
//     node returning.cjs URL LIBRARY SERIALIZER
//
// offers a procedure, calls it and prints a line of JSON each time it joins, with the code that closed the connection
// before. Ends with its input. ../interop/test_reconnect.py is the other end.
"use strict";

const { Failure, libraries } = require("./peers.cjs");

const [url, library, serializer] = process.argv.slice(2);
const procedure = `com.back.${library.replace(/\W/g, "_")}.${serializer}`;

/* wampy.js registers again by itself, after it has told the application that it is back. */
async function called(peer) {
  for (;;) {
    try {
      return (await peer.call(procedure)).args[0] === "here";
    } catch (failure) {
      if (!(failure instanceof Failure && failure.uri === "wamp.error.no_such_procedure")) throw failure;
    }
  }
}

async function work(peer, code) {
  if (library === "autobahn-js" || code === null) await peer.register(procedure, () => ({ args: ["here"] }));
  process.stdout.write(`${JSON.stringify({ joined: await called(peer), code, complaint: peer.socket.complaint })}\n`);
}

(async () => {
  const first = await libraries[library].join(url, serializer, { reconnects: true });
  let code = null;
  first.socket.ended.then(({ byRouter }) => { code = byRouter.code; });
  first.onReturn((peer) => work(peer, code));
  await work(first, null);
})();
process.stdin.on("end", () => process.exit(0)).resume();
