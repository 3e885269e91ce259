"""May you: which role may call, register, publish and subscribe to which URI."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from wamp.protocol.uris import Match

if TYPE_CHECKING:
    from wamprouter.realm.delivery import Delivery

__all__ = ["Action", "Authorizer", "Decision", "Pending"]


class Action(enum.Enum):
    """What a session may be allowed to do."""

    CALL = "call"
    REGISTER = "register"
    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


class Decision(enum.Enum):
    """The answer to «may this role do this to that URI»."""

    PERMITTED = enum.auto()
    DISCLOSED = enum.auto()
    """Permitted, and the other end is told who it is."""
    DENIED = enum.auto()
    INVALID_URI = enum.auto()


class Pending:
    """A decision that is not known yet. Whoever has it settles it, and delivers what comes of that."""

    __slots__ = ("_resume",)

    def __init__(self) -> None:
        self._resume: Callable[[Decision], list[Delivery]] | None = None

    def then(self, resume: Callable[[Decision], list[Delivery]]) -> None:
        """Say what to do once it is settled."""
        self._resume = resume

    def settle(self, decision: Decision) -> list[Delivery]:
        """Decide; return what must be delivered now. Settling it again does nothing."""
        resume, self._resume = self._resume, None
        return [] if resume is None else resume(decision)


class Authorizer(Protocol):
    """What a session may do, as the inbox asks it."""

    name: str
    trustlevel: int | None
    calls: dict[str, Decision]
    """URI -> whether it may be called, as far as that is known. Read by the inbox before it asks ``decide``."""
    publications: dict[str, Decision]

    def decide(self, action: Action, uri: str, match: Match = Match.EXACT) -> Decision | Pending:
        """Tell whether ``action`` may be done to a URI or, for a pattern, to everything that it matches."""
        ...
