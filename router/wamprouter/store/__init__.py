"""What a realm wants to be kept, as seams that a store fills: in memory now, on disk next.

A store only keeps and returns. Who may see what, and what is wanted of it, is decided in the core.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

from wamp.protocol.uris import Match
from wamprouter.realm.audience import Audience
from wamprouter.realm.publication import OVERHEAD, details_weight

__all__ = ["EventLog", "EventStore", "StoredEvent"]


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """One event of a subscription's history: plain values only, so that any store can write it down."""

    publication: int
    timestamp: int
    """Milliseconds since 1970, UTC: as exact as clients see it, so that they can ask for what came after it."""
    topic: str
    details: dict[str, Any]
    args: bytes | None
    kwargs: bytes | None
    serializer: str
    """What the payload is in: json, msgpack or cbor."""
    audience: Audience

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory."""
        payload = len(self.args or b"") + len(self.kwargs or b"")
        return OVERHEAD + len(self.topic) + payload + details_weight(self.details) + self.audience.weight


class EventLog(Protocol):
    """The events of one topic, or pattern of topics, in the order in which they were published."""

    def append(self, event: StoredEvent) -> None:
        """Keep an event; beyond the log's limits the oldest ones go."""

    def events(self) -> Iterable[StoredEvent]:
        """Return all events, the oldest first."""


class EventStore(Protocol):
    """Where event history is kept (advanced profile, "Event History")."""

    def log(self, realm: str, uri: str, match: Match, limit: int, limit_bytes: int) -> EventLog:
        """Return the log of a topic or pattern of a realm, with what it has from before: these limits hold from now on."""

    def discard(self, realm: str, uri: str, match: Match) -> None:
        """Forget a log: the topic has no history any more."""
