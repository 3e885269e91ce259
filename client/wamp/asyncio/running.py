"""Running an event loop for a while: until what it is run for has ended, a signal comes, or the user stops it."""

from __future__ import annotations

import asyncio
import signal
import warnings
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

from wamp.connector import LEAVE_TIMEOUT, Connector

__all__ = ["Running", "current_loop", "run_loop", "tidy"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Running:
    """A connector with Futures. ``ended`` is over when it is; it fails with what ended it, if that was not as it should be."""

    def __init__(self, connector: Connector, loop: asyncio.AbstractEventLoop) -> None:
        self._connector = connector
        self.ended: asyncio.Future[None] = loop.create_future()
        self.connected: asyncio.Future[object] = loop.create_future()
        connector.on_opened = self._opened
        connector.on_end = self._ended

    def start(self) -> None:
        """Connect."""
        self._connector.start()

    def stop(self) -> None:
        """Leave the realm and do not connect again; ``ended`` tells when that is done."""
        self._connector.stop()

    @property
    def failure(self) -> BaseException | None:
        """What ended it; None if it was as it should be, or goes on."""
        return self.ended.exception() if self.ended.done() else None

    def _opened(self, transport: object) -> None:
        if not self.connected.done():
            self.connected.set_result(transport)

    def _ended(self, exception: Exception | None) -> None:
        if self.ended.done():
            return
        if exception is None:
            self.ended.set_result(None)
            self.connected.cancel()
            return
        self.ended.set_exception(exception)
        self.ended.exception()  # whoever runs it asks; asyncio need not warn that nobody does
        if not self.connected.done():
            self.connected.set_exception(exception)
            self.connected.exception()


def current_loop() -> tuple[asyncio.AbstractEventLoop, bool]:
    """Return the event loop that the program has set, or a new one; and whether it is new."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # from Python 3.12 on, where there is none
            loop = asyncio.get_event_loop()
            if not loop.is_closed():
                return loop, False
    except RuntimeError:
        pass  # Python 3.14 makes none
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop, True


def run_loop(loop: asyncio.AbstractEventLoop, ended: asyncio.Future[Any], stop: Callable[[], None]) -> None:
    """Run a loop until ``ended`` is over, or the user stops the loop: then, too, what goes on is ended in good order.

    SIGINT and SIGTERM call ``stop``, which ends it; the second one stops the loop.
    """

    def over(_: object) -> None:
        loop.stop()

    ended.add_done_callback(over)
    with _on_signal(loop, stop):
        if not ended.done():
            loop.run_forever()
        ended.remove_done_callback(over)
        if not ended.done():
            stop()
            _complete(loop, asyncio.wait([ended], timeout=2 * LEAVE_TIMEOUT))
    tidy(loop)


def _complete(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]) -> None:
    """Run a loop until something is done, also if the user's code stops the loop meanwhile."""
    task = loop.create_task(work)
    while not task.done():
        try:
            loop.run_until_complete(task)
        except RuntimeError:
            if loop.is_closed():
                raise


@contextmanager
def _on_signal(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Iterator[None]:
    came: list[int] = []

    def take(number: int) -> None:
        came.append(number)
        (stop if len(came) == 1 else loop.stop)()

    handled = []
    for number in _SIGNALS:
        try:
            loop.add_signal_handler(number, take, number)
        except (NotImplementedError, RuntimeError, ValueError):
            break  # not in the main thread, or on Windows: signals are somebody else's
        handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


def tidy(loop: asyncio.AbstractEventLoop) -> None:
    """End what still runs in a loop that is not run any more."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        _complete(loop, asyncio.wait(tasks, timeout=LEAVE_TIMEOUT))
    _complete(loop, loop.shutdown_asyncgens())
    _complete(loop, loop.shutdown_default_executor())
