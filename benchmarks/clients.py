"""Calls per second of client libraries, ours and Autobahn's, through one router: ``python -m benchmarks.clients``.

Callee and caller are sessions of one process, so that the figure is what the library costs at both ends of a call, and
the router, which has a core of its own, is not what limits it. Libraries take turns; look at the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
IN_FLIGHT = 32
LIBRARIES = ("autobahn", "wamp")
LOOPS = ("twisted", "asyncio")
TRANSPORTS = ("ws", "rs")

_CONFIGURATION = {
    "version": 1,
    "realms": [
        {
            "name": "realm1",
            "roles": [{"name": "anonymous", "permissions": [{"uri": "", "match": "prefix", "allow": "all"}]}],
        }
    ],
    "transports": [
        {"type": "websocket", "endpoint": {"type": "tcp", "port": 0}},
        {"type": "rawsocket", "endpoint": {"type": "tcp", "port": 0}},
    ],
}

_PROGRAM = """
import sys, time
LIBRARY, LOOP, URL, SECONDS = sys.argv[1:4] + [float(sys.argv[4])]
if LIBRARY == "autobahn":
    import txaio
    getattr(txaio, f"use_{LOOP}")()
    module = __import__(f"autobahn.{LOOP}.wamp", fromlist=["*"])
    from autobahn.wamp.serializer import MsgPackSerializer
    serializers = [MsgPackSerializer()]
else:
    module = __import__(f"wamp.{LOOP}", fromlist=["*"])
    serializers = ["msgpack"]
if LOOP == "twisted":
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred, DeferredList, ensureDeferred
    waiting = Deferred()
    tell, spawn = waiting.callback, ensureDeferred
    together = DeferredList
    def finish(): reactor.stop()
else:
    import asyncio
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    waiting = loop.create_future()
    tell, spawn = waiting.set_result, loop.create_task
    def together(tasks): return asyncio.gather(*tasks)
    def finish(): loop.stop()

def add(a, b):
    return a + b

class Callee(module.ApplicationSession):
    async def onJoin(self, details):
        await self.register(add, "com.bench.add")
        tell(None)

class Caller(module.ApplicationSession):
    async def onJoin(self, details):
        await waiting
        self.count, self.until = 0, time.perf_counter() + SECONDS / 4
        await together([spawn(self.go_on()) for _ in range(IN_FLIGHT)])
        self.count, began = 0, time.perf_counter()
        self.until = began + SECONDS
        await together([spawn(self.go_on()) for _ in range(IN_FLIGHT)])
        print(self.count / (time.perf_counter() - began), flush=True)
        finish()

    async def go_on(self):
        while time.perf_counter() < self.until:
            await self.call("com.bench.add", self.count, 1)
            self.count += 1

def runner():
    return module.ApplicationRunner(URL, "realm1", serializers=serializers)

if LOOP == "twisted":
    runner().run(Callee, start_reactor=False)
    runner().run(Caller, start_reactor=False)
    reactor.run()
else:
    tasks = [loop.create_task(runner().run(each, start_loop=False)) for each in (Callee, Caller)]
    loop.run_forever()
"""


def calls(library: str, loop: str, url: str, seconds: float, cpus: set[int]) -> float:
    """Return the calls per second of one library on one event loop, in a process of its own."""
    program = _PROGRAM.replace("IN_FLIGHT", str(IN_FLIGHT))
    done = subprocess.run(
        [sys.executable, "-c", program, library, loop, url, str(seconds)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "client")},
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),  # no threads here
    )
    if not done.stdout:
        raise SystemExit(f"{library} on {loop}, {url}: {done.stderr}")
    return float(done.stdout)


def main() -> None:
    """Measure in turns, and print the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    available = sorted(os.sched_getaffinity(0))
    ours, router = ({available[0]}, {available[-1]})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "router.json")
        file.write_text(json.dumps(_CONFIGURATION))
        running = subprocess.Popen(
            [sys.executable, "-m", "wamprouter", "start", "--config", str(file), "--loglevel", "error"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert running.stdout is not None
        try:
            os.sched_setaffinity(running.pid, router)
            urls = dict(zip(TRANSPORTS, (running.stdout.readline().strip() for _ in TRANSPORTS), strict=True))
            for loop in LOOPS:
                for transport, url in urls.items():
                    found: dict[str, list[float]] = {library: [] for library in LIBRARIES}
                    for _ in range(options.rounds):
                        for library in LIBRARIES:
                            found[library].append(calls(library, loop, url.rstrip("/"), options.seconds, ours))
                    theirs, own = (statistics.median(found[library]) for library in LIBRARIES)
                    print(f"{loop:8} {transport}  autobahn {theirs:8.0f}/s  wamp {own:8.0f}/s  x {own / theirs:.1f}")
        finally:
            running.terminate()
            running.wait(10)


if __name__ == "__main__":
    main()
