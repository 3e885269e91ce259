"""May you: which role may call, register, publish and subscribe to which URI."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol

from wamp.protocol.uris import RULES, Match, UriCheck, is_reserved

if TYPE_CHECKING:
    from wamprouter.realm.delivery import Delivery
    from wamprouter.session import Session

__all__ = ["NO_OPTIONS", "Access", "Action", "AnyRole", "Authorizer", "Decision", "Pending", "is_usable"]

NO_OPTIONS: Final[Mapping[str, Any]] = MappingProxyType({})


class Action(enum.Enum):
    """What a session may be allowed to do."""

    CALL = "call"
    REGISTER = "register"
    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


class Access(enum.IntEnum):
    """By which entrance somebody comes. A role that is for operators is not for a client whose role has the same name."""

    CLIENT = 0
    OPERATOR = 1
    """By the listener of the section "admin"."""
    ROUTER = 2
    """From inside: the router's own sessions, and what it hosts."""


class Decision(enum.Enum):
    """The answer to «may this role do this to that URI»."""

    PERMITTED = enum.auto()
    DISCLOSED = enum.auto()
    """Permitted, and the other end is told who it is."""
    DENIED = enum.auto()
    FAILED = enum.auto()
    """Denied, because whoever decides could not tell."""
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

    def decide(
        self, action: Action, uri: str, match: Match = Match.EXACT, options: Mapping[str, Any] = NO_OPTIONS
    ) -> Decision | Pending:
        """Tell whether ``action`` may be done to a URI or, for a pattern, to everything that it matches.

        ``options`` are those of the request.
        """
        ...

    def known(self, action: Action, uri: str, match: Match = Match.EXACT) -> Decision | None:
        """Return the decision as far as there is one without asking anybody; None if there is none."""
        ...


class AnyRole(Protocol):
    """A role of a realm, whoever decides for it."""

    name: str

    @property
    def access(self) -> Access:
        """The entrance that it takes to get this role, or a higher one."""
        ...

    def for_session(self, session: Session) -> Authorizer:
        """Return what decides about the requests of one session that has this role."""
        ...

    def forget(self) -> None:
        """Forget every decision that is remembered: what led to them has changed."""
        ...


def is_usable(check: UriCheck, action: Action, uri: str, match: Match) -> bool:
    """Tell whether anybody could do this to a URI or pattern: it is valid, and not the router's own to provide.

    Topics and procedures below ``wamp.`` are the router's to publish and to register.
    """
    if not RULES[check, match](uri):
        return False
    return not (action in (Action.PUBLISH, Action.REGISTER) and is_reserved(uri))
