"""The store that forgets everything when the router ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from wamp.protocol.uris import Match
from wamprouter.store import StoredEvent

__all__ = ["MemoryLog", "MemoryStore"]


class MemoryLog:
    """The last events of one topic or pattern."""

    def __init__(self, limit: int, limit_bytes: int) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._events: deque[StoredEvent] = deque()
        self.bytes = 0
        """About how many bytes the events take."""
        self.forgotten = 0
        """How many events had to go because of a limit."""

    def resize(self, limit: int, limit_bytes: int) -> None:
        """Keep as many, or as much, from now on."""
        self._limit, self._limit_bytes = limit, limit_bytes
        self._shrink()

    def append(self, event: StoredEvent) -> None:
        """Keep an event, in place of the oldest ones if there are as many, or as much, as may be.

        One that is larger than all together may be is not kept.
        """
        weight = event.weight
        if weight > self._limit_bytes:
            self.forgotten += 1
            return
        self._events.append(event)
        self.bytes += weight
        self._shrink()

    def _shrink(self) -> None:
        while len(self._events) > self._limit or self.bytes > self._limit_bytes:
            self.bytes -= self._events.popleft().weight
            self.forgotten += 1

    def events(self) -> Iterable[StoredEvent]:
        """Return all events, the oldest first."""
        return self._events


class MemoryStore:
    """Event history in memory, bounded by the limits of each log."""

    def __init__(self) -> None:
        self._logs: dict[tuple[str, str, Match], MemoryLog] = {}  # (realm, URI, match) -> log

    def log(self, realm: str, uri: str, match: Match, limit: int, limit_bytes: int) -> MemoryLog:
        """Return the log of a topic or pattern of a realm: asked twice, the same one, with the limits of the last time."""
        log = self._logs.setdefault((realm, uri, match), MemoryLog(limit, limit_bytes))
        log.resize(limit, limit_bytes)
        return log

    def discard(self, realm: str, uri: str, match: Match) -> None:
        """Forget a log, if there is one."""
        self._logs.pop((realm, uri, match), None)
