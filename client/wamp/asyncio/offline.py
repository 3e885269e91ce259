"""Events that wait for a connection, so many at most."""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import Context, copy_context
from functools import partial
from typing import Any

import msgspec

from wamp.asyncio.session import ApplicationSession
from wamp.exception import BufferFull
from wamp.types import PublishOptions

__all__ = ["OfflineEvents"]


class _Event(msgspec.Struct, eq=False):
    topic: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    options: PublishOptions | None
    reply: asyncio.Future[Any]
    context: Context
    """Where it was published: a trace that it belongs to is part of that."""


class OfflineEvents:
    """A queue of events. ``limit`` is how many may wait; 0 for none."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._events: deque[_Event] = deque()

    def __bool__(self) -> bool:
        return bool(self._events)

    def put(
        self, topic: str, args: tuple[Any, ...], kwargs: dict[str, Any], options: PublishOptions | None
    ) -> asyncio.Future[Any]:
        """Let an event wait; return what is over when it is sent. Raise BufferFull if too many wait."""
        if len(self._events) >= self.limit:
            raise BufferFull(f"there is no connection, and {len(self._events)} events wait for one")
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._events.append(_Event(topic, args, kwargs, options, reply, copy_context()))
        return reply

    def send(self, session: ApplicationSession) -> None:
        """Publish all in a session, in order, but for those that nobody waits for any more."""
        while self._events:
            event = self._events.popleft()
            if event.reply.cancelled():
                continue
            try:
                sent = event.context.run(session._publish, event.topic, event.args, event.kwargs, event.options)
            except Exception as error:  # noqa: BLE001  # of what the user gave, and no reason to end the session
                event.reply.set_exception(error)
            else:
                sent.add_done_callback(partial(_pass_on, event.reply))

    def fail(self, exception: Exception) -> None:
        """Give up: there will be no connection."""
        while self._events:
            reply = self._events.popleft().reply
            if not reply.done():
                reply.set_exception(exception)


def _pass_on(reply: asyncio.Future[Any], sent: asyncio.Future[Any]) -> None:
    """Give a publish that has waited what has become of it."""
    if sent.cancelled():
        return
    error = sent.exception()
    if reply.done():
        return  # nobody waits any more
    if error is None:
        reply.set_result(sent.result())
    else:
        reply.set_exception(error)
