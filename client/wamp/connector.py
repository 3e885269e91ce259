"""One connection to a router after the other: when to try again, and when that is of no use.

It knows no event loop: its clock and the function that dials are given to it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from wamp import memory
from wamp.exception import ApplicationError, TransportLost, in_brief
from wamp.targets import Target

if TYPE_CHECKING:
    from wamp.protocol.errors import ProtocolViolation
    from wamp.protocol.messages import Message
    from wamp.shell import Shell
    from wamp.transport import Transport

__all__ = ["LEAVE_TIMEOUT", "STABLE", "Cancellable", "Clock", "Connector", "Dial", "is_fatal"]

STABLE: Final = 10.0
"""A connection that lasted so many seconds was good: the next attempt comes without the delays of earlier ones."""

LEAVE_TIMEOUT: Final = 2.0
"""How long whoever stops waits for the router's GOODBYE, in seconds."""

TRANSIENT: Final = frozenset(
    (
        "wamp.close.transport_lost",
        "wamp.close.system_shutdown",
        "wamp.close.close_realm",
        "wamp.close.killed",
        "wamp.error.system_shutdown",
        "wamp.error.unavailable",
    )
)
"""Reasons for which another attempt may help. Anything else a router says it would say again."""


class Cancellable(Protocol):
    """Something that was begun, and may be taken back; when it is over, cancelling does nothing."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What an event loop has."""

    def now(self) -> float: ...
    def call_later(self, delay: float, action: Callable[[], None], /) -> Cancellable: ...
    def call_soon(self, action: Callable[[], None], /) -> object:
        """Call ``action`` in a turn of its own, from whatever thread this is called."""
        ...


Dial = Callable[[Target, "Connector", Callable[[Exception], None]], Cancellable]
"""Connect to a target and give the connection to its host; or tell what went wrong."""


class Connector:
    """The connections of one component: the ``Host`` of their links.

    ``make_session`` constructs the session of a connection. ``is_fatal`` says which exceptions another attempt would meet
    again. Whoever makes a connector may set what it calls: ``on_opened(transport)`` at each connection, ``on_failure(exception,
    delay)`` when one is lost or does not come about (``delay`` in seconds until the next attempt), and ``on_end(exception)`` once, with
    None if all is as it should be.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        make_session: Callable[[], Shell],
        clock: Clock,
        dial: Dial,
        log: Any,
        *,
        is_persistent: bool = True,
        fatal: Callable[[Exception], bool] | None = None,
    ) -> None:
        self._targets = list(targets)
        self._at = 0
        self._make = make_session
        self._clock = clock
        self._dial = dial
        self._log = log
        self._is_persistent = is_persistent
        self._is_fatal = fatal or is_fatal
        self._is_stopping = False
        self._has_ended = False
        self._waiting: Cancellable | None = None  # the next attempt, or the one that is being made
        self._is_dialing = False
        self._failure: Exception | None = None
        self._opened_at = 0.0
        self.session: Shell | None = None
        self.on_opened: Callable[[Transport], None] = lambda _: None
        self.on_failure: Callable[[Exception, float | None], None] = lambda _, __: None
        self.on_end: Callable[[Exception | None], None] = lambda _: None

    # -- starting and stopping

    def start(self) -> None:
        """Connect."""
        self._connect()

    def stop(self) -> None:
        """Leave the realm, if there is one to leave, and do not connect again; ``on_end`` tells when that is done."""
        if self._is_stopping or self._has_ended:
            return
        self._is_stopping = True
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.cancel()
            self._end(None)
        elif self.session is not None:
            self._leave(self.session)

    def leave_if_stopped(self, session: Shell) -> None:
        """Leave with a session whose connection was on its way when it was stopped."""
        if self._is_stopping:
            self._leave(session)

    def _leave(self, session: Shell) -> None:
        transport = session.transport
        if transport is None:
            return
        limit = self.call_later(LEAVE_TIMEOUT, transport.abort)
        session.call_when_closed(limit.cancel)
        if session.is_attached():
            session.leave()
        else:
            session.disconnect()

    # -- connecting

    @property
    def target(self) -> Target:
        """The way that is tried, or taken."""
        return self._targets[self._at]

    def _connect(self) -> None:
        name = self.target.address.name
        self._waiting = None
        self._is_dialing = True
        try:
            if name is not None:
                self._recall(name)
                return
            attempt = self._dial(self.target, self, self._refused)
        except Exception as error:  # noqa: BLE001  # a wrong option, no TLS installed: it is told as any other failure
            self._refused(error)
        else:
            if self._is_dialing:  # it may be over already
                self._waiting = attempt

    def _recall(self, name: str) -> None:
        """Connect to a router in this process: in no time."""
        router = memory.find(name)
        session = self.make_session()
        if session is None:
            self.closed(None, "there is no session")
        else:
            router.connect(_InMemory(self, session), self._clock.call_soon)

    def _refused(self, exception: Exception) -> None:
        """Learn that no connection came about. No TLS, a wrong option: that will not change by itself."""
        self._waiting, self._is_dialing = None, False
        self._over(exception, is_fatal=isinstance(exception, ImportError | ValueError | TypeError))

    # -- Host

    def make_session(self) -> Shell | None:
        self._waiting, self._is_dialing = None, False
        if self._is_stopping:
            return None  # stopped while the connection was on its way
        try:
            self.session = self._make()
        except Exception as error:  # noqa: BLE001  (a constructor of the user's)
            self._log.failure("the session could not be constructed")
            self._failure, self.session = error, None
        return self.session

    def opened(self, link: Transport) -> None:
        self._opened_at = self.now()
        self.on_opened(link)
        if self._is_stopping and self.session is not None:
            # By who was told of it; the session learns of its connection only now.
            self._clock.call_later(0.0, partial(self._leave, self.session))

    def closed(self, link: object, reason: str) -> None:
        session = self.session
        self._waiting, self._is_dialing = None, False
        if session is None:
            self._over(self._failure or TransportLost(reason), is_fatal=self._failure is not None)
            return
        if self.now() - self._opened_at >= STABLE:
            for target in self._targets:
                target.backoff.reset()
        session.call_when_closed(lambda: self._closed(session.ended_by, reason))

    def _closed(self, exception: Exception | None, reason: str) -> None:
        self.session = None
        if type(exception) is TransportLost:  # the session does not know why, its connection does
            exception = TransportLost(f"{exception}: {reason}")
        self._over(exception, is_fatal=exception is not None and self._is_fatal(exception))

    # -- what comes next

    def _over(self, exception: Exception | None, *, is_fatal: bool) -> None:
        """A connection is over, or none came about: try again, or end."""
        if self._is_stopping or exception is None:
            self._end(None)
            return
        delay = self._next_delay() if self._is_persistent and not is_fatal else None
        self.on_failure(exception, delay)
        self._try_again(exception, delay)

    def _try_again(self, exception: Exception, delay: float | None) -> None:
        if self._is_stopping:  # whoever was told of the failure may have stopped it
            self._end(None)
        elif delay is None:
            self._end(exception)
        else:
            where = self.target.describe()
            self._log.info(
                "{reason}; connecting to {where} in {delay:.1f} s", reason=in_brief(exception), where=where, delay=delay
            )
            self._waiting = self.call_later(delay, self._connect)

    def _next_delay(self) -> float | None:
        """Choose the next way that may still be tried; return the seconds until then, or None if there is none."""
        for _ in self._targets:
            self._at = (self._at + 1) % len(self._targets)
            delay = self.target.backoff.delay(random.random())
            if delay is not None:
                return delay
        return None

    def _end(self, exception: Exception | None) -> None:
        if not self._has_ended:
            self._has_ended = True
            self.on_end(exception)

    # -- time: that of the router, if it has one of its own

    def _router(self) -> memory.Router | None:
        name = self.target.address.name
        return None if name is None else memory.known(name)

    def now(self) -> float:
        """Return the time that the connection is in, in seconds."""
        router = self._router()
        return self._clock.now() if router is None else router.now()

    def call_later(self, delay: float, action: Callable[[], None]) -> Cancellable:
        """Call ``action`` in so many seconds of the time that the connection is in."""
        router = self._router()
        if router is None:
            return self._clock.call_later(delay, action)
        # Its clock may be moved by another thread than ours.
        return router.call_later(delay, partial(_in_turn, self._clock, action))


def _in_turn(clock: Clock, action: Callable[[], None]) -> None:
    clock.call_soon(action)


class _InMemory:
    """A session and its host, at the end of a connection in memory."""

    def __init__(self, host: Connector, session: Shell) -> None:
        self._host = host
        self._session = session

    def onOpen(self, transport: Transport) -> None:
        self._host.opened(transport)
        self._session.onOpen(transport)
        self._host.leave_if_stopped(self._session)

    def onMessage(self, message: Message) -> None:
        self._session.onMessage(message)

    def onViolation(self, violation: ProtocolViolation) -> None:
        self._session.onViolation(violation)

    def onClose(self, wasClean: bool) -> None:
        self._session.onClose(wasClean)
        self._host.closed(self, "the router closed the connection")


def is_fatal(exception: Exception) -> bool:
    """Tell whether another attempt would meet the same exception: no such realm, denied, a bug in the component."""
    if isinstance(exception, ApplicationError):
        return exception.error not in TRANSIENT
    return not isinstance(exception, TransportLost)
