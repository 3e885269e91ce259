"""The connections of one listener: how many there may be, where they come from, and which of them are still alive.

One timer for each listener looks at all of them, instead of several timers for each connection: it ends handshakes and
HELLOs that take too long, pings who is silent, and drops who does not answer. Half-open TCP connections are found so.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Container, Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol

from wamprouter.server.admission import Admission, NoRoom
from wamprouter.server.proxies import NO_PROXIES, Proxies
from wamprouter.server.turns import Turns
from wamprouter.statistics.traffic import Transports

if TYPE_CHECKING:
    from wamprouter.realm.realm import Realm

__all__ = ["Connections", "Limits", "Monitored", "address_of", "ended_by", "is_cut"]


class Monitored(Protocol):
    """A connection, as this module looks at it. Times are seconds of one monotonic clock."""

    limits: Limits
    kind: str
    """What kind of transport it is, in one word."""
    ending: str
    """Why this end has ended it, in one word; empty as long as it has not."""
    address: str
    """Where the client is: an IP address without its port, or "unix"."""
    place: str | None
    """What it is counted for, as ``Connections.enter`` has given it; None for one that is turned away."""
    opened_at: float
    """When the transport opened."""
    idle_since: float
    """Since when there is no session on it; 0.0 while there is one."""
    heard_at: float
    """When something last came from the peer."""
    pinged_at: float
    """When a ping went out that nothing has come after yet; 0.0 if none."""
    is_shaken: bool
    """Whether the handshake of the transport is done."""

    @property
    def is_idle(self) -> bool:
        """Whether no session is established."""

    @property
    def authenticating_since(self) -> float:
        """Since when a HELLO is being authenticated; 0.0 if none is."""

    @property
    def is_silenced(self) -> bool:
        """Whether we have stopped reading from it: then its silence is our doing."""

    def is_cut(self) -> bool:
        """Whether the peer has cut it: the event loop says nothing of a connection that is not read."""

    def is_draining(self) -> bool:
        """Whether it has taken some of what waits for it since the last look: then it is slow, not dead."""

    def ping(self) -> None: ...

    def go_away(self, reason: str) -> None:
        """Close because the router or the transport ends, in the way that lets the client come back."""

    def revise(self, changed: Container[Realm]) -> None:
        """End the session, or change what it may: the configuration is another one now, and so are these realms."""

    def drop(self, reason: str) -> None:
        """Cut the connection without ceremony: the peer would not notice any."""


class Limits:
    """The time-outs of a kind of connections, in seconds; 0 switches one off."""

    __slots__ = ("authentication", "handshake", "hello", "ping_interval", "ping_timeout")

    def __init__(
        self, *, handshake: float, hello: float, authentication: float, ping_interval: float, ping_timeout: float
    ) -> None:
        self.handshake = handshake
        self.hello = hello
        self.authentication = authentication
        self.ping_interval = ping_interval
        self.ping_timeout = ping_timeout

    @property
    def period(self) -> float:
        """How often to look: so that every time-out is kept within half of it, and at most four times a second."""
        all_of_them = (self.handshake, self.hello, self.authentication, self.ping_interval, self.ping_timeout)
        enabled = [value for value in all_of_them if value]
        return max(0.25, min(enabled) / 2) if enabled else 60.0


_SLOW_HANDSHAKE: Final = "the opening handshake took too long"
_NO_HELLO: Final = "no HELLO in time"
_SLOW_AUTHENTICATION: Final = "the authentication took too long"
_NO_PONG: Final = "no answer to a ping"
_CUT: Final = "the peer has cut the connection"

_MOST_REFUSALS: Final = 100
"""Connections beyond the limit that are kept until they can be told so, which needs their handshake. Further ones are cut."""


class Connections:
    """All connections of one listener."""

    def __init__(
        self,
        maximum: int,
        now: Callable[[], float],
        admission: Admission,
        turns: Turns,
        proxies: Proxies = NO_PROXIES,
        transports: Transports | None = None,
    ) -> None:
        """``transports`` counts connections; without one nobody wants to know."""
        self.maximum = maximum
        self.now = now
        self.turns = turns
        self._admission = admission
        self._proxies = proxies
        self.transports = Transports() if transports is None else transports
        self._members: dict[Monitored, None] = {}
        self._turned_away = 0  # how many of the members have no place
        self.occupied = 0
        """Places that are taken, by connections of HTTP as well, which are not looked after here."""
        self.refused = 0
        """How many connections were turned away because there were too many."""
        self.timed_out = 0
        """How many were dropped because the peer was silent for too long, or has cut a connection that was not read."""

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Monitored]:
        return iter(list(self._members))

    def configure(self, maximum: int, proxies: Proxies) -> None:
        """Take new limits. Who is in stays in."""
        self.maximum = maximum
        self._proxies = proxies

    def enter(self, address: str) -> str:
        """Return the place of a new connection, which is to be given back to ``leave``. Raise NoRoom."""
        try:
            if self.occupied >= self.maximum:
                self.transports.full += 1
                raise NoRoom("too many connections", 503)
            # Whom a proxy connects for shows later, see ``locate``.
            place = self._admission.connect("" if address in self._proxies else address)
        except NoRoom:
            self.refused += 1
            raise
        self.occupied += 1
        return place

    def leave(self, place: str) -> None:
        """Take a place back."""
        self.occupied -= 1
        self._admission.disconnect(place)

    def client(self, address: str, forwarded_for: str) -> str:
        """Return the address of the client behind a connection that has sent a header X-Forwarded-For."""
        return self._proxies.client(address, forwarded_for)

    def locate(self, connection: Monitored, forwarded_for: str) -> None:
        """Count a connection for the client that a trusted proxy names in its X-Forwarded-For. Raise NoRoom."""
        client = self.client(connection.address, forwarded_for)
        if connection.place is None or client == connection.address:
            return
        try:
            connection.place = self._admission.relocate(connection.place, client)
        except NoRoom:
            self.refused += 1
            raise
        connection.address = client

    def add(self, connection: Monitored) -> bool:
        """Look after a connection from now on. One without a place: tell whether there is time to explain."""
        self._members[connection] = None
        self.transports.of(connection.kind).opened += 1
        if connection.place is not None:
            return True
        self._turned_away += 1
        return self._turned_away <= _MOST_REFUSALS

    def discard(self, connection: Monitored) -> None:
        """Look after a connection no longer; its place is free."""
        if connection not in self._members:
            return
        del self._members[connection]
        full = "full" if connection.place is None else ""
        self.transports.of(connection.kind).close(full or connection.ending or "peer", is_shaken=connection.is_shaken)
        if connection.place is None:
            self._turned_away -= 1
        else:
            self.leave(connection.place)

    def sweep(self) -> None:
        """Look at all connections once. The shell calls this as often as the shortest ``Limits.period`` says."""
        now = self.now()
        for connection in self:
            verdict = self._judge(connection, now)
            if verdict:
                self.timed_out += 1
                connection.ending = "cut" if verdict is _CUT else "timeout"
                connection.drop(verdict)

    def _judge(self, connection: Monitored, now: float) -> str | None:
        """Return why to drop a connection, or None; ping it if it is silent."""
        limits = connection.limits
        if not connection.is_shaken:
            is_late = limits.handshake and now - connection.opened_at > limits.handshake
            return _SLOW_HANDSHAKE if is_late else None
        if not connection.is_idle:
            connection.idle_since = 0.0
        elif not connection.idle_since:
            connection.idle_since = now
        elif limits.hello and now - connection.idle_since > limits.hello:
            return _NO_HELLO
        if limits.authentication:
            since = connection.authenticating_since
            if since and now - since > limits.authentication:
                return _SLOW_AUTHENTICATION
        if connection.is_silenced and connection.is_cut():
            return _CUT
        return self._judge_silence(connection, now) if limits.ping_interval else None

    def _judge_silence(self, connection: Monitored, now: float) -> str | None:
        limits = connection.limits
        if connection.is_silenced or connection.is_draining():
            connection.heard_at = now
        if connection.heard_at >= connection.pinged_at:
            connection.pinged_at = 0.0
        if connection.pinged_at:
            is_late = limits.ping_timeout and now - connection.pinged_at > limits.ping_timeout
            return _NO_PONG if is_late else None
        if now - connection.heard_at > limits.ping_interval:
            connection.pinged_at = now
            connection.ping()
        return None


def ended_by(reason: Any) -> str:
    """Return in one word why a connection is lost that this end has not ended, by what Twisted tells; empty if its peer closed."""
    kind = getattr(reason, "type", None)
    # By its name: nothing of TLS is imported where no listener has it.
    return "tls" if getattr(kind, "__module__", "").startswith("OpenSSL.") else ""


def is_cut(transport: Any) -> bool:
    """Tell whether the peer has cut a connection (with RST), whatever is still to be read from it."""
    socket = getattr(transport, "transport", transport)  # TLS has it below
    poll = select.poll()
    poll.register(socket.fileno(), 0)
    return bool(poll.poll(0))


def address_of(peer: Any) -> str:
    """Return where an address of Twisted's is: an IP address in its usual form, without port and zone, or "unix"."""
    host = getattr(peer, "host", None)
    if host is None:
        return "unix"
    if ":" not in host:
        return str(host)
    # An IPv6 port may take IPv4 as well, and then writes it so.
    return str(host).partition("%")[0].removeprefix("::ffff:")
