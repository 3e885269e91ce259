"""The connections of one listener: how many there may be, and which of them are still alive.

One timer for each listener looks at all of them, instead of several timers for each connection: it ends handshakes and
HELLOs that take too long, pings who is silent, and drops who does not answer. Half-open TCP connections are found so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

__all__ = ["Connections", "Limits", "Monitored"]


class Monitored(Protocol):
    """A connection, as this module looks at it. Times are seconds of one monotonic clock."""

    limits: Limits
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
    def is_paused(self) -> bool:
        """Whether we have stopped reading from it: then its silence is our doing."""

    def is_draining(self) -> bool:
        """Whether it has taken some of what waits for it since the last look: then it is slow, not dead."""

    def ping(self) -> None: ...

    def go_away(self) -> None:
        """Close because the router stops, in the way that lets the client come back."""

    def drop(self, reason: str) -> None:
        """Cut the connection without ceremony: the peer would not notice any."""


class Limits:
    """The time-outs of a kind of connections, in seconds; 0 switches one off."""

    __slots__ = ("handshake", "hello", "ping_interval", "ping_timeout")

    def __init__(self, *, handshake: float, hello: float, ping_interval: float, ping_timeout: float) -> None:
        self.handshake = handshake
        self.hello = hello
        self.ping_interval = ping_interval
        self.ping_timeout = ping_timeout

    @property
    def period(self) -> float:
        """How often to look: so that every time-out is kept within half of it, and at most four times a second."""
        enabled = [value for value in (self.handshake, self.hello, self.ping_interval, self.ping_timeout) if value]
        return max(0.25, min(enabled) / 2) if enabled else 60.0


_SLOW_HANDSHAKE: Final = "the opening handshake took too long"
_NO_HELLO: Final = "no HELLO in time"
_NO_PONG: Final = "no answer to a ping"


class Connections:
    """All connections of one listener."""

    def __init__(self, maximum: int, now: Callable[[], float]) -> None:
        self.maximum = maximum
        self.now = now
        self._members: dict[Monitored, None] = {}
        self.others = 0
        """Connections of the listener that are not looked after here: those of HTTP."""
        self.refused = 0
        """How many connections were turned away because there were too many."""
        self.timed_out = 0
        """How many were dropped because the peer was silent for too long."""

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Monitored]:
        return iter(list(self._members))

    @property
    def is_full(self) -> bool:
        return len(self._members) + self.others >= self.maximum

    def add(self, connection: Monitored) -> None:
        self._members[connection] = None

    def discard(self, connection: Monitored) -> None:
        self._members.pop(connection, None)

    def sweep(self) -> None:
        """Look at all connections once. The shell calls this as often as the shortest ``Limits.period`` says."""
        now = self.now()
        for connection in self:
            verdict = self._judge(connection, now)
            if verdict:
                self.timed_out += 1
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
        return self._judge_silence(connection, now) if limits.ping_interval else None

    def _judge_silence(self, connection: Monitored, now: float) -> str | None:
        limits = connection.limits
        if connection.is_paused or connection.is_draining():
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
