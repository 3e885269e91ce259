"""Both event loops, turned by hand: what is shown of one is shown of the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from twisted.internet.defer import ensureDeferred

import wamp.asyncio
import wamp.twisted
from wamp.testing import Router
from wamp.testing.clock import Clock

__all__ = ["LOOPS", "AsyncioLoop", "Loop", "Reactor", "TwistedLoop"]

TURNS = 30
"""Enough for what a test begins; each is a pass of the loop."""

STEPS = 20
"""As often a client may try to connect while time passes."""


class Loop:
    """An event loop and the router in memory that its sessions are connected to."""

    library: Any
    """``wamp.asyncio`` or ``wamp.twisted``."""

    def __init__(self, router: Router) -> None:
        self.router = router

    def do(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Call something in the loop, then let all happen that is due; return a list that gets what comes of it."""
        raise NotImplementedError

    def awaited(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Return what the loop runs a coroutine with."""
        raise NotImplementedError

    def turn(self) -> None:
        """Let all happen that is due."""
        raise NotImplementedError

    def join(self, session: Any) -> Any:
        """Return the session, which has joined."""
        self.do(self.router.connect, session, self.call_soon)
        assert session.session_id is not None, session.ended_by
        return session

    def call_soon(self, action: Callable[[], None]) -> object:
        """Call something in a turn of its own."""
        raise NotImplementedError

    def start(self, component: Any) -> list[Any]:
        """Start a component; return a list that gets what it ends with."""
        raise NotImplementedError

    def advance(self, seconds: float) -> None:
        """Let time pass: at the router, and in between the clients do their part."""
        self.turn()
        for _ in range(STEPS):
            self.router.advance(seconds / STEPS)
            self.turn()

    def close(self) -> None:
        """Leave nothing behind."""


class AsyncioLoop(Loop):
    """asyncio."""

    library = wamp.asyncio

    def __init__(self, router: Router) -> None:
        super().__init__(router)
        self.loop = asyncio.new_event_loop()

    def do(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        found: list[Any] = []

        async def call() -> None:
            result = function(*args, **kwargs)
            if isinstance(result, Awaitable):
                future = asyncio.ensure_future(result)
                future.add_done_callback(lambda _: found.append(_outcome(future)))
            else:
                found.append(result)

        self.loop.run_until_complete(call())
        self.turn()
        return found

    def awaited(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return coroutine

    def turn(self) -> None:
        self.loop.run_until_complete(_turns())

    def call_soon(self, action: Callable[[], None]) -> object:
        return self.loop.call_soon_threadsafe(action)

    def start(self, component: Any) -> list[Any]:
        return self.do(component.start)

    def close(self) -> None:
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.turn()
        self.loop.close()


async def _turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


def _outcome(future: asyncio.Future[Any]) -> Any:
    """Return what has come of a future: a value, or the exception."""
    if future.cancelled():
        return asyncio.CancelledError()
    return future.exception() or future.result()


class Reactor(Clock):
    """A reactor of Twisted's that the test turns, as far as a component needs one."""

    def addSystemEventTrigger(self, *_: object) -> None: ...

    def callWhenRunning(self, function: Callable[[], None]) -> None:
        self.call_soon(function)

    def stop(self) -> None: ...


class TwistedLoop(Loop):
    """Twisted, with a reactor of the test's."""

    library = wamp.twisted

    def __init__(self, router: Router) -> None:
        super().__init__(router)
        self.reactor = Reactor()

    def do(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        found: list[Any] = []
        result = function(*args, **kwargs)
        if hasattr(result, "addBoth"):
            result.addBoth(lambda value: found.append(getattr(value, "value", value)))
        else:
            found.append(result)
        self.turn()
        return found

    def awaited(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return ensureDeferred(coroutine)

    def turn(self) -> None:
        self.reactor.run()

    def call_soon(self, action: Callable[[], None]) -> object:
        return self.reactor.call_soon(action)

    def start(self, component: Any) -> list[Any]:
        return self.do(component.start, self.reactor)


LOOPS = {"asyncio": AsyncioLoop, "twisted": TwistedLoop}
