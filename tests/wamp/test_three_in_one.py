"""Twisted, asyncio and blocking sessions in one process, calling each other."""

import asyncio

from twisted.internet.defer import Deferred, ensureDeferred

import wamp
import wamp.asyncio
import wamp.twisted
from tests.wamp.testing.clients import Loop, outcome
from wamp.testing import Router


def test_sessions_of_all_kinds_share_a_process():
    """The asyncio session in a loop of its own, the blocking one in a thread, the one of Twisted in turns."""
    with Router() as router, wamp.connect(router.url) as blocking:
        loop = Loop(router)
        twisted = loop.join()
        loop.result(twisted.register(lambda: "twisted", "com.twisted"))
        registered = blocking.register(lambda: "blocking", "com.blocking")

        async def on_asyncio():
            async with wamp.asyncio.connect(router.url) as session:
                await session.register(lambda: "asyncio", "com.asyncio")
                assert "blocking" == await session.call("com.blocking")
                asked = session.call("com.twisted")
                asking = outcome(ensureDeferred(_both(twisted)))
                while not (asked.done() and asking):
                    loop.turn()
                    await asyncio.sleep(0)
                assert "twisted" == await asked
                assert [["asyncio", "blocking"]] == asking

        asyncio.run(on_asyncio())
        registered.remove()


async def _both(session: wamp.twisted.ApplicationSession) -> list[str]:
    asked: list[Deferred[str]] = [session.call("com.asyncio"), session.call("com.blocking")]
    return [await each for each in asked]
