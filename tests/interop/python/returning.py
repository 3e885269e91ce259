"""A client that comes back by itself: python returning.py LIBRARY URL.

Each time it joins, it offers a procedure, calls it, and prints a line. Ends with its input.
"""

from __future__ import annotations

import json
import sys
from typing import Any

library, url = sys.argv[1:]
DELAYS = {"initial_retry_delay": 0.05, "max_retry_delay": 0.2}


async def work(session: Any, details: Any) -> None:
    procedure = f"com.back.python.{details.session}"
    await session.register(lambda: details.session, procedure)
    print(json.dumps({"joined": await session.call(procedure) == details.session}), flush=True)  # noqa: T201


def transport() -> dict[str, Any]:
    kind = "rawsocket" if url.startswith("rs") else "websocket"
    return {"type": kind, "url": url, "max_retries": -1, **DELAYS}


def on_autobahn_twisted() -> None:
    from autobahn.twisted.component import Component
    from twisted.internet import reactor
    from twisted.internet.threads import deferToThread

    component = Component(transports=[transport()], realm="realm1")
    component.on_join(work)
    component.start(reactor)
    deferToThread(sys.stdin.read).addBoth(lambda _: reactor.stop())
    reactor.run()


def on_autobahn_asyncio() -> None:
    import asyncio

    from autobahn.asyncio.component import Component

    async def main() -> None:
        loop = asyncio.get_running_loop()
        component = Component(transports=[transport()], realm="realm1")
        component.on_join(work)
        running = component.start(loop)
        await loop.run_in_executor(None, sys.stdin.read)
        running.cancel()

    asyncio.run(main())


def on_wamp_twisted() -> None:
    from twisted.internet import reactor
    from twisted.internet.threads import deferToThread

    from wamp.twisted import ApplicationRunner, ApplicationSession

    class Session(ApplicationSession):
        async def onJoin(self, details: Any) -> None:
            await work(self, details)

    runner = ApplicationRunner(url, "realm1", **DELAYS)
    runner.run(Session, start_reactor=False, auto_reconnect=True)
    deferToThread(sys.stdin.read).addBoth(lambda _: reactor.stop())
    reactor.run()


if __name__ == "__main__":
    {"autobahn_twisted": on_autobahn_twisted, "autobahn_asyncio": on_autobahn_asyncio, "wamp_twisted": on_wamp_twisted}[
        library
    ]()
