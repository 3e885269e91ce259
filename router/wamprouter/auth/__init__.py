"""Who are you: what admits a HELLO to a realm. One small protocol, one module for each method.

An authentication goes in steps. Each step is one of three things: a ``Grant`` (this is who it is), a ``Challenge`` (the
client must answer first), or a ``Later`` (somebody else is being asked). A refusal is an exception of ``JoinRefused``;
``NotReady`` says that the same attempt may succeed later. Nothing here knows an event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

import msgspec

from wamp.protocol.errors import WampError
from wamp.protocol.options import HelloDetails

if TYPE_CHECKING:
    from wamprouter.authz import Access

__all__ = ["Applicant", "Challenge", "Gate", "Grant", "InThread", "Later", "Method", "NotReady", "Origin", "Step"]


class Grant(msgspec.Struct, frozen=True):
    """Who a session is from now on: what WELCOME says."""

    authid: str
    role: str
    authmethod: str
    authprovider: str = "static"
    realm: str | None = None
    """The realm that it joins, whatever it asked for; None for that."""
    extra: dict[str, Any] | None = None
    """``WELCOME.Details.authextra``."""
    mark: str = ""
    """Changes with the credential: after a reload of the configuration, who has another one is no longer admitted."""
    expires: float | None = None
    """When the credential is no longer good, in seconds since 1970: no cookie remembers it for longer."""
    learnt_by: str | None = None
    """The method of the authentication that a cookie remembers; None for any other method."""


class NotReady(WampError):
    """The router cannot decide now; the client is to come back. Never an ABORT: clients give up at that."""


class Challenge:
    """What the client has to answer, and what its answer leads to."""

    __slots__ = ("answer", "extra", "method")

    def __init__(self, method: str, extra: dict[str, Any], answer: Callable[[str, Mapping[str, Any]], Step]) -> None:
        self.method = method
        """The method as the client called it."""
        self.extra = extra
        self.answer = answer
        """Called with ``AUTHENTICATE.Signature`` and ``.Extra``."""


class Later:
    """A step that is not known yet. Whoever finds it out settles it, once."""

    __slots__ = ("_outcome", "_resume")

    def __init__(self) -> None:
        self._resume: Callable[[Step | WampError], None] | None = None
        self._outcome: Step | WampError | None = None

    def then(self, resume: Callable[[Step | WampError], None]) -> None:
        """Say what to do once it is settled; at once if it is."""
        if self._outcome is not None:
            resume(self._outcome)
        else:
            self._resume = resume

    def settle(self, outcome: Step | WampError) -> None:
        """Tell the step that follows, or why there is none. Settling it again does nothing."""
        if self._outcome is not None:
            return
        self._outcome = outcome
        resume, self._resume = self._resume, None
        if resume is not None:
            resume(outcome)


Step: TypeAlias = Grant | Challenge | Later

InThread: TypeAlias = Callable[[Callable[[], bool], Callable[[bool], Step]], Step]
"""Does something that takes long (the first) without stopping the router, then goes on with its result (the second)."""


class Origin(Protocol):
    """A connection, as authentication looks at it."""

    @property
    def address(self) -> str:
        """Return where it comes from, for limits: an IP address, or "unix"."""
        ...

    @property
    def cookie(self) -> str | None:
        """Return the value of the cookie that the transport sets; None if it sets none."""
        ...

    @property
    def has_new_cookie(self) -> bool:
        """Tell whether that cookie was made for this connection, so that nobody else can have it."""
        ...

    def described(self) -> dict[str, Any]:
        """Return what authenticators are told of it."""
        ...

    def certificate(self) -> Any:
        """Return its TLS client certificate (of ``cryptography.x509``), or None."""
        ...

    def channel_binding(self, kind: str) -> bytes | None:
        """Return the channel binding of its TLS connection of a kind, or None where there is none."""
        ...


class Applicant(Origin, Protocol):
    """Who asks to join: what its HELLO says, and what is known of its connection."""

    realm: str
    details: HelloDetails
    session: int
    """The id that its session will have."""


class Method(Protocol):
    """One method of authentication on one transport."""

    names: ClassVar[tuple[str, ...]]
    """What clients call it; the first is what WELCOME calls it."""

    def hello(self, applicant: Applicant, name: str) -> Step | None:
        """Return the first step for a client that offers this method by ``name``; None if it lacks what that needs.

        Raise JoinRefused, whose URI becomes the reason of the ABORT, or NotReady.
        """
        ...

    def still_admits(self, grant: Grant) -> bool:
        """Tell whether somebody who was granted this by an older configuration would be granted the same now."""
        ...


class Gate(Protocol):
    """Decides about HELLOs on one transport."""

    access: Access
    """Which entrance it is."""

    def admit(self, applicant: Applicant) -> Step:
        """Return the first step of an authentication; raise JoinRefused or NotReady."""
        ...

    def still_admits(self, grant: Grant) -> bool:
        """Tell whether somebody who was granted this by an older configuration would be granted the same now."""
        ...

    def knows_cookie(self, cookie: str) -> bool:
        """Tell whether a cookie stands for an authentication."""
        ...

    def forget(self, cookie: str | None) -> None:
        """Forget what a cookie stands for: its client has logged out."""
        ...
