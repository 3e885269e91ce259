"""Sessions: who is here, how they came, and how they went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from wamprouter.realm.facts import Fact, SessionJoined, SessionLeft
from wamprouter.statistics.tally import OTHER
from wamprouter.statistics.timing import Moment, Timing

if TYPE_CHECKING:
    from wamprouter.session import Session

__all__ = ["Attendance", "Ending", "Group"]

_MOST_METHODS: Final = 20


class Group(NamedTuple):
    """What sessions have in common that are counted together. All four have few values."""

    realm: str
    role: str
    transport: str
    serializer: str


class Ending(msgspec.Struct):
    """A session that has ended."""

    session: Session
    reason: str
    """One of a few words."""
    address: str
    """Where its client is."""
    seconds: float
    """How long it has lasted."""
    received: int
    """Messages of its client, GOODBYE included."""
    sent: int
    """Messages that its client was sent, WELCOME included."""


class Attendance:
    """Counts sessions as they come and go, so that nobody has to look at all of them."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self.open: dict[Group, int] = {}
        self.joined = 0
        self.ended: dict[str, int] = {}  # reason -> sessions
        self.refused: dict[str, int] = {}  # URI -> HELLOs
        self.authentications: dict[str, Timing] = {}  # method -> from HELLO to WELCOME

    def note(self, fact: Fact) -> None:
        """Take note of a session that has joined or left."""
        kind = type(fact)
        if kind is SessionJoined:
            group = _group(fact.session)
            self.open[group] = self.open.get(group, 0) + 1
            self.joined += 1
        elif kind is SessionLeft:
            group = _group(fact.session)
            self.open[group] -= 1
            if not self.open[group]:
                del self.open[group]

    def admit(self, method: str, since: float) -> None:
        """Count an authentication that began then and has let somebody in."""
        if method not in self.authentications and len(self.authentications) >= _MOST_METHODS:
            method = OTHER
        if method not in self.authentications:
            self.authentications[method] = Timing(self._moment)
        self.authentications[method].note(since)

    def refuse(self, uri: str) -> None:
        """Count a HELLO that was answered with ABORT, for a reason of the protocol."""
        self.refused[uri] = self.refused.get(uri, 0) + 1

    def end(self, reason: str) -> None:
        """Count a session that has ended, for a reason out of a few."""
        self.ended[reason] = self.ended.get(reason, 0) + 1

    def shown(self) -> dict[str, Any]:
        """Return who is here as plain data."""
        return {
            "open": sum(self.open.values()),
            "joined": self.joined,
            "ended": dict(self.ended),
            "by": [{**group._asdict(), "open": count} for group, count in self.open.items()],
        }


def _group(session: Session) -> Group:
    return Group(session.realm.tally.realm, session.role.name, session.transport, session.codec.serializer.name)
