"""Retained events: the last word on a topic, for those who subscribe later (advanced profile, "Event Retention").

A topic has one event for everybody, and beside it *supplemental* ones, for those whom the black- and whitelists of
their publishers let through. An event for everybody replaces all that came before it. A supplemental one replaces only
what was for exactly the same audience, so that nobody loses what the others still see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wamp.protocol.uris import Match
from wamprouter.realm.audience import Audience
from wamprouter.realm.publication import Publication

__all__ = ["Retention"]


class Retention:
    """The retained events of a realm."""

    def __init__(self, limit: int, limit_bytes: int) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self.bytes = 0
        """About how many bytes the retained events take."""
        self.forgotten = 0
        """How many retained events had to go although nothing has replaced them, because of a limit."""
        self._last = 0
        self._events: dict[int, Publication] = {}  # serial number -> retained event, the oldest first
        self._by_topic: dict[str, dict[Audience, int]] = {}  # topic -> audience -> serial number, the oldest first

    def __len__(self) -> int:
        return len(self._events)

    def resize(self, limit: int, limit_bytes: int) -> None:
        """Retain as many, or as much, from now on."""
        self._limit, self._limit_bytes = limit, limit_bytes
        self._shrink()

    def keep(self, publication: Publication) -> None:
        """Retain an event; beyond the limits those are forgotten that were published longest ago.

        One that is larger than all together may be is forgotten itself, and not the others for it.
        """
        if self._limit == 0:
            return
        audience = publication.audience
        serials = self._by_topic.setdefault(publication.topic, {})
        replaced = list(serials) if audience.is_general else [audience] if audience in serials else []
        for one in replaced:
            self.bytes -= self._events.pop(serials.pop(one)).weight
        weight = publication.weight
        self._last = serials[audience] = self._last + 1
        self._events[self._last] = publication.lasting()
        self.bytes += weight
        if weight > self._limit_bytes:
            self._forget(self._last)
        self._shrink()

    def _shrink(self) -> None:
        while len(self._events) > self._limit or self.bytes > self._limit_bytes:
            self._forget(next(iter(self._events)))

    def _forget(self, serial: int) -> None:
        publication = self._events.pop(serial)
        self.bytes -= publication.weight
        self.forgotten += 1
        serials = self._by_topic[publication.topic]
        del serials[publication.audience]
        if not serials:
            del self._by_topic[publication.topic]

    def events(self, uri: str, match: Match, hears: Callable[[Publication], bool]) -> list[Publication]:
        """Return the most recent event that somebody ``hears`` of each topic that matches, in publication order."""
        found = []
        for topic in self._topics(uri, match):
            for serial in reversed(self._by_topic[topic].values()):
                if hears(self._events[serial]):
                    found.append(serial)
                    break
        return [self._events[serial] for serial in sorted(found)]

    def _topics(self, uri: str, match: Match) -> Iterator[str]:
        if match is Match.EXACT:
            return iter([uri] if uri in self._by_topic else [])
        if match is Match.PREFIX:
            return (topic for topic in self._by_topic if topic.startswith(uri))
        pattern = uri.split(".")
        return (topic for topic in self._by_topic if _agrees(pattern, topic.split(".")))


def _agrees(pattern: list[str], components: list[str]) -> bool:
    return len(pattern) == len(components) and all(a in ("", b) for a, b in zip(pattern, components, strict=True))
