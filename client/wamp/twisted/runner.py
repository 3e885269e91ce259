"""``ApplicationRunner``: connects a session to a router, reconnects it if asked to, and runs the reactor meanwhile.

It ends when the session is over. What went wrong, if anything, is raised from ``run``, so that a script that does
nothing about it exits with status 1.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IDelayedCall, IStreamClientEndpoint
from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)
from twisted.python.failure import Failure

from wamp.backoff import Backoff
from wamp.exception import ApplicationError, TransportLost
from wamp.protocol.subprotocols import SUBPROTOCOLS
from wamp.twisted.endpoints import client_endpoint
from wamp.twisted.link import HostedSession, Link
from wamp.twisted.session import ApplicationSession
from wamp.types import ComponentConfig
from wamp.urls import parse_url

__all__ = ["ApplicationRunner"]

Maker = Callable[[ComponentConfig], ApplicationSession]

SERIALIZERS = ("msgpack", "json", "cbor")
"""What is offered, in this order; the router takes the first that it knows."""

STABLE = 10.0
"""A connection that lasted so many seconds was good: the next attempt comes without the delays of earlier ones."""

LEAVE_TIMEOUT = 2.0
"""How long a reactor that stops waits for the router's GOODBYE, in seconds."""

TRANSIENT = {"wamp.close.transport_lost", "wamp.close.system_shutdown", "wamp.close.close_realm"}
"""Reasons for which another attempt may help. Anything else a router says it would say again."""


class ApplicationRunner:
    """Runs one application component, with the arguments of ``autobahn.twisted.wamp.ApplicationRunner``.

    ``serializers`` holds names (``"json"``, ``"msgpack.batched"``) or Autobahn's serializer objects. ``ssl`` is what
    Twisted takes for TLS. Delays are in seconds; ``max_retries`` counts failed attempts in a row, None or -1 is no limit.
    ``retry_delay_jitter`` is taken and not used: each delay is drawn at random up to its length.
    """

    log = Logger()

    def __init__(
        self,
        url: str,
        realm: str | None = None,
        extra: dict[str, Any] | None = None,
        serializers: Sequence[Any] | None = None,
        ssl: Any = None,
        proxy: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        websocket_options: dict[str, Any] | None = None,
        max_retries: int | None = None,
        initial_retry_delay: float | None = None,
        max_retry_delay: float | None = None,
        retry_delay_growth: float | None = None,
        retry_delay_jitter: float | None = None,
    ) -> None:
        self.url = url
        self.realm = realm
        self.extra = {} if extra is None else extra
        self.serializers = serializers
        self.ssl = ssl
        self.proxy = proxy
        self.headers = headers
        self.websocket_options = websocket_options
        self._address = parse_url(url)
        self._names = _serializer_names(serializers)
        self._backoff = Backoff(initial_retry_delay, max_retry_delay, retry_delay_growth, max_retries)
        self._connector: _Connector | None = None

    def run(
        self,
        make: Maker | ApplicationSession,
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
            _begin_logging(log_level)
        self._connector = connector = _Connector(self, reactor, make, endpoint, is_persistent=auto_reconnect)
        connected = connector.start()
        if not start_reactor:
            return connected
        # The reason comes back through `ended`.
        connected.addErrback(lambda _: None)
        connector.ended.addBoth(lambda _: _stop(reactor))
        if not connector.ended.called:  # it may have failed before it needed the reactor: no TLS installed
            reactor.run()
        if connector.failure is not None:
            raise connector.failure
        return None

    def stop(self) -> Deferred[None]:
        """Leave the realm and do not connect again; the Deferred fires when the connection is closed."""
        return succeed(None) if self._connector is None else self._connector.stop()

    def _session(self, make: Maker | ApplicationSession) -> ApplicationSession:
        if isinstance(make, ApplicationSession):
            return make
        return make(ComponentConfig(self.realm, self.extra, runner=self))

    def _factory(self, connector: _Connector, reactor: Any) -> Any:
        """Return the Twisted factory that speaks what the URL says."""
        if not self._address.is_websocket:
            from wamp.twisted.rawsocket import RawSocketFactory

            return RawSocketFactory(connector, self._names[0].removesuffix(".batched"), reactor)
        # Here, because importing it takes longer than everything else together.
        from wamp.twisted.websocket import WebSocketFactory

        return WebSocketFactory(
            connector,
            self._address.url,
            [f"wamp.2.{name}" for name in self._names],
            headers=self.headers,
            proxy=self.proxy,
            options=self.websocket_options,
            reactor=reactor,
        )

    def _endpoint(self, reactor: Any) -> IStreamClientEndpoint:
        return client_endpoint(reactor, self._address, self.ssl, self.proxy)


class _Connector:
    """The connections of one ``run``, one after the other: the ``Host`` of their links."""

    def __init__(
        self,
        runner: ApplicationRunner,
        reactor: Any,
        make: Maker | ApplicationSession,
        endpoint: IStreamClientEndpoint | None,
        *,
        is_persistent: bool,
    ) -> None:
        self._runner = runner
        self._reactor = reactor
        self._make = make
        self._endpoint = endpoint
        self._is_persistent = is_persistent
        self._is_stopping = False
        self._session: ApplicationSession | None = None
        self._opened_at = 0.0
        self._retry: IDelayedCall | None = None
        self._connected: Deferred[Any] | None = None
        self.failure: Exception | None = None
        self.ended: Deferred[None] = Deferred()

    # -- starting and stopping

    def start(self) -> Deferred[Any]:
        """Connect; the Deferred fires with the first connection, or fails if none comes about."""
        connected: Deferred[Any] = Deferred()
        self._connected = connected
        self._reactor.addSystemEventTrigger("before", "shutdown", self._shut_down)
        self._connect()
        return connected

    def stop(self) -> Deferred[None]:
        self._is_stopping = True
        if self._retry is not None and self._retry.active():
            self._retry.cancel()
            self._end(None)
        session = self._session
        if session is None or not session.is_connected():
            return succeed(None)
        if session.is_attached():
            return session.leave()
        closed = session.when_closed()
        session.disconnect()
        return closed

    def _shut_down(self) -> Deferred[None]:
        """Leave before the reactor stops, unless the router takes its time."""
        stopped = self.stop()
        return (
            stopped if stopped.called else stopped.addTimeout(LEAVE_TIMEOUT, self._reactor).addErrback(lambda _: None)
        )

    # -- connecting

    def _connect(self) -> None:
        def attempt() -> Deferred[Any]:
            endpoint = self._endpoint or self._runner._endpoint(self._reactor)
            return endpoint.connect(self._runner._factory(self, self._reactor))

        maybeDeferred(attempt).addErrback(self._connect_failed)

    def _connect_failed(self, failure: Failure) -> None:
        exception = failure.value if isinstance(failure.value, Exception) else RuntimeError(str(failure.value))
        # No TLS, a wrong option: that will not change by itself.
        is_fatal = isinstance(exception, ImportError | ValueError | TypeError)
        self._over(exception, is_fatal=is_fatal)

    # -- Host

    def make_session(self) -> HostedSession | None:
        if self._is_stopping:
            return None  # stopped while the connection was on its way
        try:
            self._session = self._runner._session(self._make)
        except Exception as error:  # noqa: BLE001  (a constructor of the user's)
            self._runner.log.failure("the session could not be constructed")
            self.failure = error
        return self._session

    def opened(self, link: Link) -> None:
        self._opened_at = self._reactor.seconds()
        connected, self._connected = self._connected, None
        if connected is not None:
            connected.callback(link)

    def closed(self, link: Link, reason: str) -> None:
        session, self._session = self._session, None
        if session is None:
            self._over(self.failure or TransportLost(reason), is_fatal=self.failure is not None)
            return
        if self._reactor.seconds() - self._opened_at >= STABLE:
            self._backoff.reset()
        session.when_closed().addCallback(lambda _: self._over(session.ended_by, is_fatal=_is_fatal(session.ended_by)))

    # -- what comes next

    @property
    def _backoff(self) -> Backoff:
        return self._runner._backoff

    def _over(self, exception: Exception | None, *, is_fatal: bool) -> None:
        """A connection is over, or none came about: try again, or end."""
        if exception is None or is_fatal or self._is_stopping or not self._is_persistent:
            self._end(exception)
            return
        delay = self._backoff.delay(random.random())
        if delay is None:
            self._end(exception)
            return
        self._runner.log.info("{reason}; connecting again in {delay:.1f} s", reason=exception, delay=delay)
        self._retry = self._reactor.callLater(delay, self._connect)

    def _end(self, exception: Exception | None) -> None:
        self.failure = exception
        connected, self._connected = self._connected, None
        if connected is not None and exception is not None:
            connected.errback(exception)
        if not self.ended.called:
            self.ended.callback(None)


def _is_fatal(exception: Exception | None) -> bool:
    if isinstance(exception, ApplicationError):
        return exception.error not in TRANSIENT
    return not isinstance(exception, TransportLost)


def _serializer_names(serializers: Sequence[Any] | None) -> list[str]:
    """Return the names of serializers: given as such, or as Autobahn's objects."""
    names = [
        each if isinstance(each, str) else str(getattr(each, "SERIALIZER_ID", each))
        for each in serializers or SERIALIZERS
    ]
    for name in names:
        if f"wamp.2.{name}" not in SUBPROTOCOLS:
            known = ", ".join(subprotocol.removeprefix("wamp.2.") for subprotocol in SUBPROTOCOLS)
            raise ValueError(f"unknown serializer {name!r}, expected one of {known}")
    return names


def _begin_logging(level: str) -> None:
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


def _stop(reactor: Any) -> None:
    try:
        reactor.stop()
    except ReactorNotRunning:
        pass  # the application has stopped it itself, or it never came to run
