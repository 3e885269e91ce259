"""The user's functions as a client calls them: what is plain runs in a worker, what is a coroutine function in the loop."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from wamp.app import App
from wamp.asyncio.log import Log
from wamp.blocking.thread import Loop
from wamp.blocking.workers import Job, Lane, Workers
from wamp.exception import ApplicationError
from wamp.kept import Kept, KeptSubscription
from wamp.streams import place_of

if TYPE_CHECKING:
    from wamp.asyncio.client import Client
    from wamp.blocking.session import BlockingSession

__all__ = ["AppInWorkers", "InOrder", "in_turns", "in_workers", "is_asynchronous"]

_END: Final = object()
_log = Log()


def in_workers(wanted: Iterable[Kept[Any, Any]], workers: Workers) -> Iterator[Kept[Any, Any]]:
    """Let plain functions behind URIs run in workers: events one after the other, calls side by side."""
    for kept in wanted:
        handler = kept.handler
        if isinstance(kept, KeptSubscription):
            if not is_asynchronous(handler.fn):
                handler.fn = InOrder(f"events of {kept.uri}", handler.fn, workers)
        elif not is_asynchronous(handler.fn) and place_of(handler.fn) is None:
            handler.fn = _Procedure(handler.fn, handler.details_arg, workers)
        yield kept


def is_asynchronous(function: Callable[..., Any]) -> bool:
    """Tell whether a function, or an object that can be called, is for an event loop."""
    return any(
        is_one(each)
        for each in (function, getattr(function, "__call__", None))  # noqa: B004  # which one, not whether
        for is_one in (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    )


class _Procedure:
    """A procedure in workers. One that is a generator yields progressive results."""

    def __init__(self, function: Callable[..., Any], details_arg: str | None, workers: Workers) -> None:
        self._function = function
        self._details_arg = details_arg
        self._workers = workers
        self._is_generator = inspect.isgeneratorfunction(inspect.unwrap(function))

    def __call__(self, /, *args: Any, **kwargs: Any) -> Job | AsyncGenerator[Any, None]:
        details = kwargs.get(self._details_arg) if self._details_arg is not None else None
        if details is not None and details.progress is not None:
            details.progress = partial(_progress, _loop(), details.progress)
        if self._is_generator:
            return in_turns(self._function(*args, **kwargs), self._workers)
        return self._workers.run(partial(self._function, *args, **kwargs))


class InOrder:
    """A handler in workers, one event after the other. With too many it misses some, and the log has their number."""

    def __init__(self, events: str, function: Callable[..., Any], workers: Workers) -> None:
        self._events = events
        self._function = function
        self._workers = workers
        self._lane = Lane()
        self._missed = 0

    def __call__(self, /, *args: Any, **kwargs: Any) -> Job:
        try:
            job = self._workers.run(partial(self._function, *args, **kwargs), self._lane)
        except ApplicationError as full:
            if not self._missed:
                _log.warn("{events} are dropped: {reason}", events=self._events, reason=full.args[0])
            self._missed += 1
            raise  # an event that was to be acknowledged is not
        if self._missed:
            _log.warn("{count} {events} were dropped", count=self._missed, events=self._events)
            self._missed = 0
        return job


async def in_turns(items: Generator[Any, Any, Any], workers: Workers) -> AsyncGenerator[Any, None]:
    """Yield what a generator yields, which runs in workers."""
    lane = Lane()
    try:
        while (item := await workers.run(partial(next, items, _END), lane)) is not _END:
            yield item
    finally:
        await workers.run(items.close, lane)  # behind what may still run


def _loop() -> Loop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Loop)  # none but its client calls functions of a session
    return loop


def _progress(loop: Loop, send: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None:
    """Send a progressive result from any thread; it waits until there is room for the next one."""
    if loop.thread.is_inside():
        send(*args, **kwargs)
    else:
        loop.thread.wait(partial(send, *args, **kwargs), None, "progress")


class AppInWorkers(App):
    """An app as a client is to see it, while the app sees the blocking session. A client asks an app for these two things."""

    def __init__(self, app: App, session: BlockingSession, workers: Workers) -> None:
        super().__init__()
        self._app = app
        self._workers = workers
        self._blocking = ref(session)
        self._kept = list(in_workers(app.kept(), workers))

    def kept(self, prefix: str = "") -> Iterator[Kept[Any, Any]]:
        """Yield what is to be registered and subscribed, the same for each client."""
        return iter(self._kept)

    async def joined(self, session: Client) -> None:
        """Let the app know its session. A coroutine function gets the client, because it must not block."""
        blocking = self._blocking()
        for app in self._app._all():
            app._session = blocking
        for app in self._app._all():
            for function in app._at_join:
                if is_asynchronous(function):
                    await function(session)
                else:
                    await self._workers.run(partial(function, blocking))
