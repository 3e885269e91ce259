"""The router in a test: the real one, in memory, in a time of its own, and with a switch for everything that can go wrong.

Any number of threads and event loops may use it. Whoever enters has the one lock, and leaves it when the router has done all that is
due at this moment; then the clients that have got something are given a turn in their own event loops. Time passes in ``advance`` only.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final, NamedTuple, Self, TypeVar

from wamp import memory
from wamp.exception import TransportLost
from wamp.link import HostedSession
from wamp.protocol.errors import CLOSE_KILLED
from wamp.protocol.messages import Message
from wamp.protocol.uris import is_valid
from wamp.testing.clock import Clock
from wamp.testing.configuration import OWN_ROLE, plan
from wamp.testing.connection import CallSoon, MemoryConnection
from wamprouter.local import LocalConnection
from wamprouter.node import Node
from wamprouter.realm.realm import Realm
from wamprouter.session import Session

__all__ = ["RegistrationInfo", "Router", "SessionInfo", "SubscriptionInfo"]

Watch = Callable[[Session, Message], None]
T = TypeVar("T")

_MOST_CONNECTIONS: Final = 10_000
"""A test that opens more has a client that connects for ever."""


class SessionInfo(NamedTuple):
    """A session on a realm."""

    id: int
    authid: str
    authrole: str
    realm: str


class RegistrationInfo(NamedTuple):
    """A procedure, or a pattern of procedures, and the ids of the sessions that have registered it."""

    procedure: str
    match: str
    invoke: str
    callees: list[int]
    realm: str


class SubscriptionInfo(NamedTuple):
    """A topic, or a pattern of topics, and the ids of the sessions that have subscribed to it."""

    topic: str
    match: str
    subscribers: list[int]
    realm: str


class Router:
    """A router in this process; clients connect to its ``url``.

    Without arguments it has realm1, in which everybody may do everything. ``config`` is a configuration as in router.json: a
    dictionary, or the path of a file; keyword arguments are its keys. What a dictionary does not say is as without arguments.
    Ports are not opened and guests are not started. ``auth`` is who may join, as in a transport; a configuration that has
    transports says so in the first one that speaks WAMP, or in the one whose id is ``transport``.

    Raise ConfigError for mistakes in the configuration, and CannotStart if a component of it does not come up.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | str | Path | None = None,
        *,
        auth: Mapping[str, Any] | None = None,
        transport: str | None = None,
        **keys: Any,
    ) -> None:
        planned = plan(config, auth, transport, keys)
        self.clock = Clock()
        self.default_realm: str = planned.config.realms[0].name
        self._name = f"test-{secrets.token_hex(8)}"
        self._lock = RLock()
        self._depth = 0  # how many turns are inside each other, in the one thread that has the lock
        self._afterwards: deque[Callable[[], None]] = deque()
        self._watches: list[Watch] = []
        self._connections: dict[LocalConnection, MemoryConnection] = {}
        self._numbers = 0
        self._delays: dict[str, float] = {}  # procedure -> seconds that its calls are on their way
        self._is_down = False
        self._is_closed = False
        self._node = Node(planned.config, self.clock, now=self.clock.seconds)
        self._gate = self._node.gate(planned.auth)
        with self.turn():
            self._node.start()
        memory.announce(self._name, self)

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"memory://{self._name}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Tell everybody that the router shuts down, end all connections, and be found no more. Again it does nothing."""
        with self.turn():
            if self._is_closed:
                return
            self._is_closed = True
            memory.withdraw(self._name)
            links = [*self._connections, *(link for _, link in self._node.hosted)]
            for link in links:
                link.leave()
                link.close()
            self.clock.run()
            for link in links:
                link.abort()
            for realm in self._node.realms:
                self._node.end_realm(realm)
            self.clock.clear()

    # -- connecting

    def connect(self, handler: HostedSession, call_soon: CallSoon) -> None:
        """Open a connection of ``handler``. All that it is told is told in turns that ``call_soon`` gives, from any thread.

        Raise TransportLost if the router is down or closed.
        """
        with self.turn():
            if self._is_down or self._is_closed:
                raise TransportLost(f"the router at {self.url} is {'closed' if self._is_closed else 'down'}")
            if len(self._connections) >= _MOST_CONNECTIONS:
                raise TransportLost(f"the router at {self.url} has {_MOST_CONNECTIONS} connections")
            self._numbers += 1
            self._open(
                LocalConnection(self._node.lobby, self.clock.call_soon, f"client {self._numbers}", gate=self._gate),
                handler,
                call_soon,
            )

    def admit(self, handler: HostedSession) -> None:
        """Open a connection of a session that is the router's own: it may do everything, and is called in the router's turns."""
        with self.turn():
            if self._is_closed:
                raise TransportLost(f"the router at {self.url} is closed")
            self._open(LocalConnection(self._node.lobby, self.clock.call_soon, "wamp.testing", OWN_ROLE), handler, None)

    def _open(self, link: LocalConnection, handler: HostedSession, call_soon: CallSoon | None) -> None:
        connection = self._connections[link] = MemoryConnection(self, link, handler, call_soon)
        connection.open(lambda: self._connections.pop(link, None))

    # -- time

    def now(self) -> float:
        """Return the time, in seconds since the router was made."""
        return self.clock.seconds()

    def advance(self, seconds: float) -> None:
        """Let that much time pass: calls time out, delayed messages arrive, clients connect again.

        The router does everything in its order, at its time. Clients in event loops do their part when those run next, which
        is after this returns if it is called in the same thread.
        """
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds} s")
        until = self.now() + seconds
        is_late = False
        while not is_late:
            with self.turn():
                is_late = self.clock.move(until)

    def call_later(self, delay: float, action: Callable[[], None], /) -> memory.Timer:
        """Call ``action`` in so many seconds of the router's time, in whatever thread that time passes."""
        with self._lock:
            return _Later(self, delay, action)

    # -- what can go wrong

    def drop(self, session: Any) -> None:
        """Cut the connection of a session, given as its id or as the session itself; raise LookupError if it is not here.

        It loses what is on its way to it, and learns of the end as of a lost connection.
        """
        with self.turn():
            _connection_of(self._session(session)).abort()

    def kill(self, session: Any, reason: str = CLOSE_KILLED, message: str = "") -> None:
        """End a session with a GOODBYE, by ``wamp.session.kill``; raise LookupError if it is not here."""
        if not is_valid(reason):
            raise ValueError(f"{reason!r} is not a valid URI for a reason")
        with self.turn():
            victim = self._session(session)
            arguments = [victim.id, reason, message]
            self._node.caller.call(victim.realm.name, "wamp.session.kill", arguments, _ignore, timeout=1)

    def kill_callee(self, procedure: str, *, realm: str | None = None) -> None:
        """Cut the connections of those who have registered a procedure; raise LookupError if nobody has."""
        with self.turn():
            where = self._node.realms.existing(realm or self.default_realm)
            registration = None if where is None else where.dealer.best(procedure)
            if registration is None:
                raise LookupError(f"nobody has registered {procedure}")
            for callee in registration.callees:
                _connection_of(callee).abort()

    def go_down(self) -> None:
        """Cut all clients' connections, and take no new ones. Components of the router, and what answers for a test, stay."""
        with self.turn():
            self._is_down = True
            for link, connection in list(self._connections.items()):
                if not connection.is_own:
                    link.abort()

    def come_up(self) -> None:
        """Take connections again."""
        self._is_down = False

    def delay(self, seconds: float, *, procedure: str | None = None, session: Any = None) -> None:
        """From now on let all messages to a session, or all calls of a procedure, arrive that much later; 0 ends that.

        Order is kept: what is sent later to the same session does not arrive before. A call waits on its way to the callee,
        so that its time-out counts as with a callee that is slow.
        """
        if seconds < 0:
            raise ValueError(f"a delay of {seconds} s, expected 0 or more")
        if (procedure is None) == (session is None):
            raise ValueError("give either procedure= or session=")
        with self.turn():
            if procedure is not None:
                self._delays[procedure] = seconds
                return
            link = _connection_of(self._session(session))
            if link not in self._connections:
                raise LookupError(f"session {session} is inside the router")
            self._connections[link].delay = seconds

    def _session(self, wanted: Any) -> Session:
        number = wanted if isinstance(wanted, int) else getattr(wanted, "session_id", getattr(wanted, "id", None))
        for realm in self._node.realms:
            if number in realm.sessions:
                return realm.sessions[number]
        raise LookupError(f"there is no session {number if number is not None else wanted!r} on this router")

    # -- what there is

    def sessions(self) -> list[SessionInfo]:
        """Return who is there, without what answers for a test."""
        return self._of_each_realm(
            lambda realm: [
                SessionInfo(one.id, one.authid, one.authrole, realm.name)
                for one in realm.sessions.values()
                if one.authrole != OWN_ROLE
            ]
        )

    def registrations(self) -> list[RegistrationInfo]:
        """Return what is registered, without the router's own procedures."""

        def of(realm: Realm) -> list[RegistrationInfo]:
            held = {id(one): one for session in realm.sessions.values() for one in session.registrations.values()}
            return [
                RegistrationInfo(
                    one.procedure, one.match.value, one.invoke, [callee.id for callee in one.callees], realm.name
                )
                for one in held.values()
            ]

        return self._of_each_realm(of)

    def subscriptions(self) -> list[SubscriptionInfo]:
        """Return what somebody has subscribed to."""
        return self._of_each_realm(
            lambda realm: [
                SubscriptionInfo(one.topic, one.match.value, [each.id for each in one.subscribers], realm.name)
                for one in realm.broker.subscriptions.values()
                if one.subscribers
            ]
        )

    def _of_each_realm(self, found: Callable[[Realm], list[T]]) -> list[T]:
        with self._lock:
            return [one for realm in self._node.realms for one in found(realm)]

    def watch(self, told: Watch) -> None:
        """Tell of every message that a client has sent on a realm, once the router has taken it, in the router's turn."""
        self._watches.append(told)

    def unwatch(self, told: Watch) -> None:
        """Tell no more."""
        if told in self._watches:
            self._watches.remove(told)

    # -- for connections

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have the router for us alone; at the end let it do all that is due, and then the clients have their turns."""
        is_free = False
        try:
            with self._lock:
                self._depth += 1
                try:
                    yield
                finally:
                    try:
                        if self._depth == 1:
                            self.clock.run()
                    finally:
                        self._depth -= 1
                        is_free = self._depth == 0
        finally:
            if is_free:
                self._do_afterwards()

    def locked(self) -> AbstractContextManager[object]:
        """Return a context in which nobody else changes anything, and nothing happens."""
        return self._lock

    def afterwards(self, action: Callable[[], None]) -> None:
        """Do something when this turn is over: what runs code of a client's must not have the lock."""
        self._afterwards.append(action)

    def _do_afterwards(self) -> None:
        while True:
            try:
                action = self._afterwards.popleft()
            except IndexError:  # also if another thread has taken it
                return
            action()

    def delay_of(self, procedure: str) -> float:
        """Return how many seconds a call of a procedure is on its way."""
        return self._delays.get(procedure, 0.0)

    def passed(self, session: Session, message: Message) -> None:
        """Tell those who watch."""
        for told in list(self._watches):
            told(session, message)


class _Later:
    """An action at a time of the router's. It is a client's, and done without the lock."""

    def __init__(self, router: Router, delay: float, action: Callable[[], None]) -> None:
        self._action: Callable[[], None] | None = action
        self._timer = router.clock.callLater(delay, router.afterwards, self._fire)

    def cancel(self) -> None:
        """Take it back; when it is over this does nothing."""
        self._action = None
        self._timer.cancel()

    def _fire(self) -> None:
        action, self._action = self._action, None
        if action is not None:
            action()


def _ignore(_answer: object) -> None:
    """The router has done what it was asked; what it says of that is of no interest."""


def _connection_of(session: Session) -> LocalConnection:
    link = session.link
    if not isinstance(link, LocalConnection):
        raise LookupError(f"session {session.id} is the router's own")
    return link
