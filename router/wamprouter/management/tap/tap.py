"""One tap: which messages it is about, how many of them it shows, and those that wait to be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from wamp.protocol.ids import Id
from wamp.protocol.uris import Match
from wamprouter.management.tap.records import MOST_SHOWN, Showing, record
from wamprouter.realm.meta.calling import Arguments
from wamprouter.realm.patterns import is_matched

if TYPE_CHECKING:
    from wamp.protocol.codec import Codec
    from wamp.protocol.messages import Message

__all__ = ["Direction", "Pattern", "Seen", "Tap", "Wanted"]

Direction = Literal["in", "out"]

_MOST_PATTERNS: Final = 50
_MOST_SESSIONS: Final = 500
_BATCH: Final = 256 * 1024
"""Octets of payload in one event: what is more is dropped until it has been sent."""


class Pattern(msgspec.Struct, forbid_unknown_fields=True):
    """URIs that a tap is about."""

    uri: str
    match: Match = Match.EXACT


class Wanted(Arguments):
    """What somebody wants to see."""

    realm: str
    sessions: Annotated[list[Id], Meta(max_length=_MOST_SESSIONS)] | None = None
    uris: Annotated[list[Pattern], Meta(max_length=_MOST_PATTERNS)] | None = None
    directions: list[Direction] | None = None
    types: list[str] | None = None
    payload: Showing = "redacted"
    sample: Annotated[float, Meta(gt=0, le=1)] = 1.0
    limit_per_second: Annotated[int, Meta(ge=1, le=1000)] = 200
    duration: Annotated[float, Meta(gt=0, le=3600)] = 300.0


class Seen(msgspec.Struct):
    """A message that a session has sent or is sent."""

    direction: Direction
    session: int
    authid: str
    message: Message
    name: str
    uri: str | None
    codec: Codec
    size: int
    is_confidential: bool
    """Whether its payload may hold what somebody logs in with."""


class Tap:
    """Decides about each message, and keeps what is to be told. Times are in seconds."""

    def __init__(self, number: int, owner: int, wanted: Wanted, now: float, choose: Callable[[], float]) -> None:
        """``choose`` returns a random number from 0 to 1."""
        self.id = number
        self.topic = f"router.tap.{number}"
        self.owner = owner
        self.wanted = wanted
        self.sessions = None if wanted.sessions is None else frozenset(wanted.sessions)
        self.ends_at = now + wanted.duration
        self.unheard_since: float | None = now
        """Since when its owner does not listen; None while he does."""
        self.waiting: list[dict[str, Any]] = []
        self.dropped = 0
        """Messages that were not shown because there were too many, since the last time that was told."""
        self._octets = 0
        self._choose = choose
        self._second = now
        self._in_second = 0

    def concerns(self, realm: str, session: int) -> bool:
        """Tell whether it is about a session at all."""
        return realm == self.wanted.realm and (self.sessions is None or session in self.sessions)

    def take(self, seen: Seen, now: float, wall_clock: float) -> bool:
        """Keep a message to be told, if it is one that is wanted; tell whether something waits now."""
        wanted = self.wanted
        if wanted.directions is not None and seen.direction not in wanted.directions:
            return False
        if wanted.types is not None and seen.name not in wanted.types:
            return False
        if wanted.uris is not None and not _is_about(wanted.uris, seen.uri):
            return False
        if wanted.sample < 1 and self._choose() >= wanted.sample:
            return False
        if self._has_room(now):
            self.waiting.append(self._record(seen, wall_clock))
        else:
            self.dropped += 1
        return True

    def _has_room(self, now: float) -> bool:
        if now - self._second >= 1:
            self._second, self._in_second = now, 0
        self._in_second += 1
        return self._in_second <= self.wanted.limit_per_second and self._octets < _BATCH

    def _record(self, seen: Seen, wall_clock: float) -> dict[str, Any]:
        if self.wanted.payload == "full":
            self._octets += min(seen.size, 2 * MOST_SHOWN)
        told: dict[str, Any] = {
            "at": wall_clock,
            "direction": seen.direction,
            "session": seen.session,
            "authid": seen.authid,
        }
        if seen.uri is not None:
            told["uri"] = seen.uri
        shown = record(seen.message, seen.codec, seen.size, self.wanted.payload, is_confidential=seen.is_confidential)
        return told | shown

    def batch(self) -> list[dict[str, Any]]:
        """Return what waits, and how many were dropped; forget both."""
        told, self.waiting, self._octets = self.waiting, [], 0
        if self.dropped:
            told.append({"dropped": self.dropped})
            self.dropped = 0
        return told

    def drop(self) -> None:
        """Forget what waits, and count it: it cannot be told."""
        self.dropped += len(self.waiting)
        self.waiting, self._octets = [], 0


def _is_about(patterns: Sequence[Pattern], uri: str | None) -> bool:
    return uri is not None and any(is_matched(uri, pattern.uri, pattern.match) for pattern in patterns)
