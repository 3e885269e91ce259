"""The program that ``benchmarks.clients`` measures: callee and caller of one library, as two sessions of one process.

``python calling.py LIBRARY LOOP URL SERIALIZER SECONDS IN_FLIGHT ROUTER``: serializer ``default`` is what the library chooses by itself,
``ROUTER`` the router's process id. It prints one line of JSON, whose figures are those of the ``Figures`` there.
"""

# mypy: ignore-errors
# (which modules there are is what the arguments say)

import json
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from benchmarks.processes import processor_time

LIBRARY, LOOP, URL, SERIALIZER = sys.argv[1:5]
SECONDS, IN_FLIGHT, ROUTER = float(sys.argv[5]), int(sys.argv[6]), int(sys.argv[7])


def serializers():
    """Return what the runner is given."""
    if SERIALIZER == "default":
        return None
    if LIBRARY == "wamp":
        return [SERIALIZER]
    from autobahn.wamp import serializer

    names = {"json": "JsonSerializer", "msgpack": "MsgPackSerializer", "cbor": "CBORSerializer"}
    return [getattr(serializer, names[SERIALIZER])()]


if LIBRARY == "autobahn":
    import txaio

    getattr(txaio, f"use_{LOOP}")()
    module = __import__(f"autobahn.{LOOP}.wamp", fromlist=["*"])
else:
    module = __import__(f"wamp.{LOOP}", fromlist=["*"])

if LOOP == "twisted":
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred, DeferredList, ensureDeferred

    waiting = Deferred()
    tell, spawn, together, finish = waiting.callback, ensureDeferred, DeferredList, reactor.stop
else:
    import asyncio

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    waiting = loop.create_future()
    tell, spawn, finish = waiting.set_result, loop.create_task, loop.stop

    def together(tasks):
        """Wait for all."""
        return asyncio.gather(*tasks)


def add(a, b):
    """Be called."""
    return a + b


class Callee(module.ApplicationSession):
    """Offers the procedure."""

    async def onJoin(self, details):
        await self.register(add, "com.bench.add")
        tell(None)


class Caller(module.ApplicationSession):
    """Calls it, so many times at once."""

    async def onJoin(self, details):
        await waiting
        await self.work(SECONDS / 4)
        began = time.perf_counter(), time.process_time(), processor_time(ROUTER)
        calls = await self.work(SECONDS)
        elapsed = time.perf_counter() - began[0]
        figures = {
            "rate": calls / elapsed,
            "cpu": (time.process_time() - began[1]) / calls,
            "router": (processor_time(ROUTER) - began[2]) / elapsed,
        }
        print(json.dumps(figures), flush=True)
        finish()

    async def work(self, seconds):
        """Call for so many seconds; return how often."""
        self.count = 0
        self.until = time.perf_counter() + seconds
        await together([spawn(self.go_on()) for _ in range(IN_FLIGHT)])
        return self.count

    async def go_on(self):
        """Call, wait, and call again."""
        while time.perf_counter() < self.until:
            await self.call("com.bench.add", self.count, 1)
            self.count += 1


def runner():
    """Return what runs a session."""
    return module.ApplicationRunner(URL, "realm1", serializers=serializers())


if LOOP == "twisted":
    runner().run(Callee, start_reactor=False)
    runner().run(Caller, start_reactor=False)
    reactor.run()
else:
    tasks = [loop.create_task(runner().run(each, start_loop=False)) for each in (Callee, Caller)]
    loop.run_forever()
