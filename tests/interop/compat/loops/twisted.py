"""What a program needs of its event loop, on Twisted; ``loops.asyncio`` is the same on asyncio."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredQueue, ensureDeferred
from twisted.internet.task import deferLater

__all__ = ["Box", "CancelledError", "sleep", "start", "stop"]


class Box:
    """What one part of a program leaves for another."""

    def __init__(self) -> None:
        self._queue: DeferredQueue[Any] = DeferredQueue()

    def put(self, value: Any = None) -> None:
        self._queue.put(value)

    async def get(self) -> Any:
        return await self._queue.get()


async def sleep(seconds: float) -> None:
    from twisted.internet import reactor

    await deferLater(reactor, seconds)


def start(coroutine: Coroutine[Any, Any, Any]) -> Deferred[Any]:
    """Run a coroutine, without waiting for it."""
    return ensureDeferred(coroutine)


def stop() -> None:
    """Stop the reactor, as programs do in onDisconnect."""
    from twisted.internet import reactor

    if reactor.running:
        reactor.stop()
