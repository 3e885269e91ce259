"""``ApplicationRunner`` for Twisted: connects a session to a router, reconnects it if asked to, and runs the reactor meanwhile.

It ends when the session is over. What went wrong, if anything, is raised from ``run``, so that a script that does
nothing about it exits with status 1.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)

from wamp.connector import Connector
from wamp.runner import RunnerBase
from wamp.twisted.endpoints import Dialer, ReactorClock
from wamp.twisted.session import ApplicationSession
from wamp.types import ComponentConfig

__all__ = ["ApplicationRunner", "Running", "begin_logging", "stop_reactor"]


class ApplicationRunner(RunnerBase[ApplicationSession]):
    __doc__ = RunnerBase.__doc__
    log = Logger()
    _running: Running | None = None

    def run(
        self,
        make: Callable[[ComponentConfig], ApplicationSession] | ApplicationSession,
        start_reactor: bool = True,
        auto_reconnect: bool = False,
        log_level: str | None = "info",
        endpoint: IStreamClientEndpoint | None = None,
        reactor: Any = None,
    ) -> Deferred[Any] | None:
        """Run the component that ``make`` constructs from a ``ComponentConfig``.

        With ``start_reactor`` this returns when the session is over, and raises what ended it, unless that was as it
        should be. Without, it returns a Deferred that fires with the connection, or fails if there is none.
        ``log_level`` is for standard error and only if nobody has set up logging yet; None leaves it alone.
        """
        if reactor is None:
            from twisted.internet import reactor
        if start_reactor and log_level is not None:
            begin_logging(log_level)
        connector = Connector(
            [replace(self._target, endpoint=endpoint)],
            lambda: self._session(make),
            ReactorClock(reactor),
            Dialer(reactor),
            self.log,
            is_persistent=auto_reconnect,
        )
        self._running = running = Running(connector, reactor)
        connected = running.start()
        if not start_reactor:
            return connected
        connected.addErrback(lambda _: None)  # it comes back through `ended`
        running.ended.addErrback(lambda _: None).addBoth(lambda _: stop_reactor(reactor))
        if not running.ended.called:  # it may have failed before it needed the reactor: no TLS installed
            reactor.run()
        if running.failure is not None:
            raise running.failure
        return None

    def stop(self) -> Deferred[None]:
        """Leave the realm and do not connect again; the Deferred fires when the connection is closed."""
        return succeed(None) if self._running is None else self._running.stop()


class Running:
    """A connector with Deferreds: it stops before the reactor does."""

    def __init__(self, connector: Connector, reactor: Any) -> None:
        self._connector = connector
        self._reactor = reactor
        self._connected: Deferred[Any] | None = None
        self._stopping: list[Deferred[None]] = []
        self.failure: Exception | None = None
        self.ended: Deferred[None] = Deferred()
        connector.on_opened = self._opened
        connector.on_end = self._ended

    def start(self) -> Deferred[Any]:
        """Connect; the Deferred fires with the first connection, or fails if none comes about."""
        connected: Deferred[Any] = Deferred()
        self._connected = connected
        self._trigger = self._reactor.addSystemEventTrigger("before", "shutdown", self.stop)
        self._connector.start()
        return connected

    def stop(self) -> Deferred[None]:
        """Leave the realm and do not connect again; the Deferred fires when that is done."""
        if self.ended.called:
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._stopping.append(stopped)
        self._connector.stop()
        return stopped

    def _opened(self, transport: Any) -> None:
        connected, self._connected = self._connected, None
        if connected is not None:
            connected.callback(transport)

    def _ended(self, exception: Exception | None) -> None:
        self.failure = exception
        connected, self._connected = self._connected, None
        if connected is not None and exception is not None:
            connected.errback(exception)
        if exception is None:
            self.ended.callback(None)
        else:
            self.ended.errback(exception)
        stopping, self._stopping = self._stopping, []
        for stopped in stopping:
            stopped.callback(None)


def begin_logging(level: str) -> None:
    """Log to standard error from a level on, unless the program has begun to log already."""
    # Beginning twice is an error that Twisted reports and goes on from; there is no public way to ask.
    if getattr(globalLogBeginner, "_temporaryObserver", None) is None:
        return
    threshold = LogLevel.lookupByName({"warning": "warn", "trace": "debug"}.get(level, level))
    observer = FilteringLogObserver(
        textFileLogObserver(sys.stderr), [LogLevelFilterPredicate(defaultLogLevel=threshold)]
    )
    # Not the standard streams: what the user prints stays what it is.
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)


def stop_reactor(reactor: Any) -> None:
    """Stop a reactor, unless the application has stopped it itself or it never came to run."""
    try:
        reactor.stop()
    except ReactorNotRunning:
        pass
