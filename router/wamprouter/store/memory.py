"""The store that forgets everything when the router ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from wamp.protocol.uris import Match
from wamprouter.store import StoredEvent

__all__ = ["MemoryLog", "MemoryStore"]


class MemoryLog:
    """The last events of one topic or pattern."""

    def __init__(self, limit: int) -> None:
        self._events: deque[StoredEvent] = deque(maxlen=limit)

    def append(self, event: StoredEvent) -> None:
        """Keep an event, in place of the oldest one if there are as many as may be."""
        self._events.append(event)

    def events(self) -> Iterable[StoredEvent]:
        """Return all events, the oldest first."""
        return self._events


class MemoryStore:
    """Event history in memory, bounded by the limit of each log."""

    def __init__(self) -> None:
        self._logs: dict[tuple[str, str, Match], MemoryLog] = {}  # (realm, URI, match) -> log

    def log(self, realm: str, uri: str, match: Match, limit: int) -> MemoryLog:
        """Return the log of a topic or pattern of a realm: asked twice, the same one."""
        return self._logs.setdefault((realm, uri, match), MemoryLog(limit))
