"""``Component`` and ``run`` for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from wamp.asyncio.dialing import Dialer, LoopClock
from wamp.asyncio.log import Log, begin_logging
from wamp.asyncio.running import Running, current_loop, run_loop
from wamp.asyncio.session import Failure, Session
from wamp.component import ComponentBase
from wamp.types import ComponentConfig

__all__ = ["Component", "run"]

_log = Log()


class Component(ComponentBase):
    __doc__ = ComponentBase.__doc__
    log = Log()
    _running: Running | None = None

    def _default_session(self, config: ComponentConfig) -> Session:
        return Session(config)

    def _gather(self, results: list[Any]) -> asyncio.Future[list[Any]]:
        waiting = [result for result in results if hasattr(result, "__await__")]
        return asyncio.gather(*(asyncio.ensure_future(result) for result in waiting))

    def start(self, loop: asyncio.AbstractEventLoop | None = None) -> asyncio.Future[None]:
        """Connect, and connect again as long as it is of use; what is returned is over when the component is done, or fails.

        Started twice, it is the same run.
        """
        if loop is None:
            loop = asyncio.get_running_loop()
        if self._running is None or self._running.ended.done():
            self._running = Running(self._connect(loop, LoopClock(loop), Dialer(loop)), loop)
            self._beginning = loop.create_task(self._begin(loop, self._running))
        return asyncio.shield(self._running.ended)

    async def _begin(self, loop: asyncio.AbstractEventLoop, running: Running) -> None:
        try:
            results = self._called("start", (loop, self), {})
            if results:
                await self._gather(results)
        except Exception as exception:  # noqa: BLE001  (an observer of the user's)
            running.ended.set_exception(exception)
        else:
            running.start()

    def stop(self) -> asyncio.Future[None]:
        """Leave the realm and do not connect again; what is returned is over when the connection is closed."""
        # Not the loop that runs, where there is one: it may be stopped already, and goes on for this only.
        loop = asyncio.get_running_loop() if self._running is None else self._running.ended.get_loop()
        stopped = loop.create_future()
        if self._running is None or self._running.ended.done():
            stopped.set_result(None)
        else:
            self._running.stop()
            self._running.ended.add_done_callback(partial(_told, stopped))
        return stopped


def _told(stopped: asyncio.Future[None], _: object) -> None:
    if not stopped.done():
        stopped.set_result(None)


def run(
    components: Component | Sequence[Component],
    start_loop: bool = True,
    log_level: str | None = "info",
    stop_at_close: bool = True,
) -> None:
    """Run components until all are done; then raise what the first one has failed with, if one has.

    With ``stop_at_close`` the others are stopped as soon as one has failed. Without ``start_loop`` the components are started in the
    loop that runs, or that is set, and this returns at once. ``log_level`` is for standard error and only if nobody has set up
    logging yet; None leaves it alone.
    """
    each = [components] if isinstance(components, Component) else list(components)
    if log_level is not None:
        begin_logging(log_level)
    loop, is_new = current_loop()
    together = loop.create_task(_run(each, loop, stop_at_close=stop_at_close))
    if not start_loop:
        _started.add(together)
        together.add_done_callback(_started.discard)
        return

    def stop() -> None:
        for component in each:
            component.stop()

    try:
        run_loop(loop, together, stop)
    finally:
        if is_new:
            loop.close()
    if together.done() and not together.cancelled():
        together.result()


_started: set[asyncio.Task[None]] = set()
"""What ``run`` has started in a loop of the user's, which itself keeps no task alive."""


async def _run(components: list[Component], loop: asyncio.AbstractEventLoop, *, stop_at_close: bool) -> None:
    failures: list[BaseException] = []

    def ended(future: asyncio.Future[None]) -> None:
        exception = None if future.cancelled() else future.exception()
        if exception is None:
            return
        failures.append(exception)
        _log.failure("a component has failed", Failure(exception))
        if stop_at_close:
            for component in components:
                component.stop()

    done = [component.start(loop) for component in components]
    for future in done:
        future.add_done_callback(ended)
    await asyncio.wait(done)
    if failures:
        raise failures[0]
