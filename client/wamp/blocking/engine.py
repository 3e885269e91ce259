"""What a session has in one process once it was used: a thread with an event loop, and a client in it. And what ends with the process."""

from __future__ import annotations

import asyncio
import atexit
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakSet

from wamp.blocking.thread import LoopThread
from wamp.connector import LEAVE_TIMEOUT
from wamp.exception import CallTimeout, TransportLost

if TYPE_CHECKING:
    from wamp.asyncio.client import Client

__all__ = ["Engine", "remember"]

TURN: Final = 0.2
"""What others need to act on a limit before we do, in seconds."""


class Engine:
    """A thread with a client. It knows no session, so that a session nobody has any more can end it."""

    def __init__(self) -> None:
        self.thread = LoopThread()
        self._client: Client | None = None

    def open(self, make: Callable[[], Client], limit: float | None) -> None:
        """Make the client and connect it, in ``limit`` seconds; raise TransportLost or ApplicationError."""

        async def begin() -> None:
            self._client = make()
            await self._client._open()

        try:
            self.thread.wait(begin, limit, "connect")
        except CallTimeout:
            raise TransportLost(f"there was no session within {limit:g} s") from None

    @property
    def client(self) -> Client:
        """The client. Only who connects may meet an engine that has none yet."""
        if self._client is None:
            raise TransportLost("not connected")
        return self._client

    def is_begun(self) -> bool:
        """Tell whether there is a client."""
        return self._client is not None

    def is_up(self) -> bool:
        """Tell whether there is a session on the realm."""
        return self._client is not None and self._client.is_connected()

    def has_ended(self) -> bool:
        """Tell whether there will never be one again."""
        return self.thread.is_over or self._client is None or self._client._closed.done()

    def stop(self) -> None:
        """Leave the realm and end the thread, soon."""
        self.thread.end(self._leave)

    async def _leave(self) -> None:
        if self._client is None:
            return
        try:
            # The client has its own limit, but in the router's time: that of a test may stand still.
            async with asyncio.timeout(LEAVE_TIMEOUT + TURN):
                await self._client.close()
        except TimeoutError:
            session = self._client._connector.session
            if session is not None and session.transport is not None:
                session.transport.abort()


class Owner(Protocol):
    """A session, as its process sees it."""

    _engine: Engine | None

    def _forget(self) -> None:
        """Begin anew: this is a child process."""
        ...


_OWNERS: Final[WeakSet[Owner]] = WeakSet()


def remember(owner: Owner) -> None:
    """Tell a session when the process forks; end it when the process exits."""
    _OWNERS.add(owner)


def _forget_all() -> None:
    for owner in list(_OWNERS):
        owner._forget()


def _leave_all() -> None:
    """Leave all realms, in the time that one may take: exiting must not be delayed by a router that is gone."""
    engines = [owner._engine for owner in list(_OWNERS) if owner._engine is not None]
    until = time.monotonic() + LEAVE_TIMEOUT
    for engine in engines:
        engine.stop()
    for engine in engines:
        engine.thread.join(max(until - time.monotonic(), 0))


atexit.register(_leave_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
