"""A client that says nothing for a while: python idle.py LIBRARY URL SECONDS.

It joins, keeps silent, calls a procedure of its own, and prints what came of it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

library, url, seconds = sys.argv[1:]


async def work(session: Any, silence: Any) -> None:
    """Do the work of ``onJoin``; ``silence`` is what the event loop takes for it."""
    try:
        procedure = f"com.idle.{session._session_id}"
        await session.register(lambda: "still here", procedure)
        await silence
        outcome = await session.call(procedure)
    except Exception as error:  # noqa: BLE001  # told to the test
        outcome = repr(error)
    os.write(1, f"\n{json.dumps({'outcome': outcome})}\n".encode())  # the runners take what is printed for their log


def on_autobahn_twisted() -> None:
    from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession

    on_twisted(ApplicationRunner, ApplicationSession)


def on_wamp_twisted() -> None:
    from wamp.twisted import ApplicationRunner, ApplicationSession

    on_twisted(ApplicationRunner, ApplicationSession)


def on_twisted(runner: Any, base: Any) -> None:
    from twisted.internet import reactor
    from twisted.internet.task import deferLater

    class Session(base):  # type: ignore[misc]  # either library's
        async def onJoin(self, details: Any) -> None:
            await work(self, deferLater(reactor, float(seconds)))
            self.leave()

        def onDisconnect(self) -> None:
            if reactor.running:
                reactor.stop()

    runner(url, "realm1").run(Session)


def on_autobahn_asyncio() -> None:
    import asyncio

    from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession

    class Session(ApplicationSession):  # type: ignore[misc]  # untyped
        async def onJoin(self, details: Any) -> None:
            await work(self, asyncio.sleep(float(seconds)))
            self.leave()

        def onDisconnect(self) -> None:
            asyncio.get_running_loop().stop()

    ApplicationRunner(url, "realm1").run(Session)


if __name__ == "__main__":
    {"autobahn_twisted": on_autobahn_twisted, "autobahn_asyncio": on_autobahn_asyncio, "wamp_twisted": on_wamp_twisted}[
        library
    ]()
