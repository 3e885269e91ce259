"""Who may hear a publication, among those who have subscribed.

Advanced profile, "Subscriber Black- and Whitelisting" and "Publisher Exclusion". All conditions hold at once, and a
list that is there counts even if it is empty: ``eligible: []`` means nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, Self, TypeVar

import msgspec

if TYPE_CHECKING:
    from wamp.protocol.options import PublishOptions
    from wamprouter.session import Session

__all__ = ["Audience"]

T = TypeVar("T")

_ENTRY: Final = (
    100  # bytes that a name in a set takes besides its characters, the room that sets have to spare included
)


class Audience(msgspec.Struct, frozen=True, gc=False):
    """The conditions of one publication, which can be asked again later: for retained events, and for history."""

    excluded: int | None = None
    """The id of a publisher that does not want to hear itself."""
    exclude: frozenset[int] | None = None
    exclude_authid: frozenset[str] | None = None
    exclude_authrole: frozenset[str] | None = None
    eligible: frozenset[int] | None = None
    eligible_authid: frozenset[str] | None = None
    eligible_authrole: frozenset[str] | None = None

    @classmethod
    def of(cls, publisher: Session, options: PublishOptions) -> Self:
        """Return the audience that a publisher asks for."""
        excluded = publisher.id if options.exclude_me else None
        if (
            options.exclude is options.eligible is None
            and options.exclude_authid is options.exclude_authrole is None
            and options.eligible_authid is options.eligible_authrole is None
        ):
            return cls(excluded)
        return cls(
            excluded,
            _set(options.exclude),
            _set(options.exclude_authid),
            _set(options.exclude_authrole),
            _set(options.eligible),
            _set(options.eligible_authid),
            _set(options.eligible_authrole),
        )

    @property
    def is_general(self) -> bool:
        """Whether there is no list at all."""
        return (
            self.exclude is self.eligible is None
            and self.exclude_authid is self.exclude_authrole is None
            and self.eligible_authid is self.eligible_authrole is None
        )

    @property
    def names_sessions(self) -> bool:
        """Whether it depends on session ids, which mean nothing to sessions that come later."""
        return self.exclude is not None or self.eligible is not None

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory: a list may be as long as a message."""
        lists = (
            self.exclude,
            self.exclude_authid,
            self.exclude_authrole,
            self.eligible,
            self.eligible_authid,
            self.eligible_authrole,
        )
        return sum(_ENTRY + (len(entry) if isinstance(entry, str) else 0) for names in lists for entry in names or ())

    def among(self, sessions: Sequence[Session]) -> Sequence[Session]:
        """Return those of ``sessions`` who may hear it."""
        if self.is_general:
            if self.excluded is None:
                return sessions
            return [session for session in sessions if session.id != self.excluded]
        return [session for session in sessions if self.admits(session)]

    def admits(self, session: Session) -> bool:
        """Tell whether a session may hear it."""
        return (
            session.id != self.excluded
            and _admits(self.exclude, self.eligible, session.id)
            and self.admits_principal(session)
        )

    def admits_principal(self, session: Session) -> bool:
        """Tell whether a session may hear it as far as that depends on what outlives sessions: authid and authrole."""
        return _admits(self.exclude_authid, self.eligible_authid, session.authid) and _admits(
            self.exclude_authrole, self.eligible_authrole, session.authrole
        )


def _set(names: Iterable[T] | None) -> frozenset[T] | None:
    return None if names is None else frozenset(names)


def _admits(exclude: frozenset[T] | None, eligible: frozenset[T] | None, value: T) -> bool:
    return (exclude is None or value not in exclude) and (eligible is None or value in eligible)
