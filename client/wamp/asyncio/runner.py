"""``ApplicationRunner`` for asyncio: connects a session to a router, reconnects it if asked to, and runs the loop meanwhile.

It ends when the session is over. What went wrong, if anything, is raised from ``run``, so that a script that does
nothing about it exits with status 1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from wamp.asyncio.dialing import Dialer, LoopClock
from wamp.asyncio.log import Log, begin_logging
from wamp.asyncio.running import Running, current_loop, run_loop
from wamp.asyncio.session import ApplicationSession
from wamp.connector import Connector
from wamp.runner import RunnerBase
from wamp.types import ComponentConfig

__all__ = ["ApplicationRunner"]

Maker = Callable[[ComponentConfig], ApplicationSession] | ApplicationSession


class ApplicationRunner(RunnerBase[ApplicationSession]):
    __doc__ = RunnerBase.__doc__
    log = Log()
    _running: Running | None = None

    def run(
        self,
        make: Maker,
        start_loop: bool = True,
        log_level: str | None = "info",
        auto_reconnect: bool = False,
    ) -> Any:
        """Run the component that ``make`` constructs from a ``ComponentConfig``.

        With ``start_loop`` this returns when the session is over, and raises what ended it, unless that was as it should
        be. Without, it returns a coroutine of the pair ``(transport, protocol)``, or fails if there is no connection.
        ``log_level`` is for standard error and only if nobody has set up logging yet; None leaves it alone.
        """
        if not start_loop:
            return self._connect(make, auto_reconnect=auto_reconnect)
        if log_level is not None:
            begin_logging(log_level)
        loop, is_new = current_loop()
        running = self._make(make, loop, auto_reconnect=auto_reconnect)
        loop.call_soon(running.start)
        try:
            run_loop(loop, running.ended, running.stop)
        finally:
            if is_new:
                loop.close()
        if running.failure is not None:
            raise running.failure
        return None

    async def _connect(self, make: Maker, *, auto_reconnect: bool) -> tuple[Any, Any]:
        running = self._make(make, asyncio.get_running_loop(), auto_reconnect=auto_reconnect)
        running.start()
        link = await running.connected
        return getattr(link, "transport", link), link

    def _make(self, make: Maker, loop: asyncio.AbstractEventLoop, *, auto_reconnect: bool) -> Running:
        connector = Connector(
            [self._target],
            lambda: self._session(make),
            LoopClock(loop),
            Dialer(loop),
            self.log,
            is_persistent=auto_reconnect,
        )
        self._running = Running(connector, loop)
        return self._running

    async def stop(self) -> None:
        """Leave the realm and do not connect again; return when the connection is closed."""
        if self._running is not None:
            self._running.stop()
            await asyncio.wait([self._running.ended])
