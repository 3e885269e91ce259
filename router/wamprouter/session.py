"""The router's end of one session: who is there, in which state, and what may come next.

The state machine is a table (state, message) -> act. A message without an entry is a protocol violation: that is
how a second HELLO, anything before HELLO, and messages that only a router may send are caught. The acts are done by
``wamprouter.server.peer``; this module only decides.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.ids import RequestIds
from wamp.protocol.messages import (
    Abort,
    Authenticate,
    Call,
    Cancel,
    Error,
    EventReceived,
    Goodbye,
    Hello,
    Message,
    Publish,
    Register,
    Subscribe,
    Unregister,
    Unsubscribe,
    Yield,
)
from wamprouter.realm.sequence import RequestSequence

if TYPE_CHECKING:
    from wamp.protocol.codec import Codec
    from wamprouter.authz import AnyRole, Authorizer
    from wamprouter.inbox import Line
    from wamprouter.realm.broker import Subscription
    from wamprouter.realm.calls import InFlight
    from wamprouter.realm.dealer import Registration
    from wamprouter.realm.realm import Realm
    from wamprouter.realm.testaments import Scope
    from wamprouter.server.links import Link

__all__ = ["ROUTED", "TABLE", "Act", "Session", "State", "next_act"]


class State(enum.Enum):
    """Where a session is in its life (basic profile, "Session Lifetime")."""

    WAITING = enum.auto()
    """The transport is open and nobody has said HELLO, or the last session on it has said GOODBYE."""
    DECIDING = enum.auto()
    """The peer has said who it is, and somebody is being asked about that."""
    CHALLENGED = enum.auto()
    """The router has sent CHALLENGE and waits for the answer."""
    ESTABLISHED = enum.auto()
    CLOSING = enum.auto()
    """The router has said GOODBYE and waits for the reply."""
    CLOSED = enum.auto()
    """Over: nothing that still arrives is read."""


class Act(enum.Enum):
    """What the router does about a message."""

    JOIN = enum.auto()
    AUTHENTICATE = enum.auto()
    ROUTE = enum.auto()
    """Authorize it and hand it to the realm."""
    REPLY_GOODBYE = enum.auto()
    CLOSE = enum.auto()
    IGNORE = enum.auto()


_FROM_ESTABLISHED: Final = (
    Publish,
    Subscribe,
    Unsubscribe,
    Call,
    Cancel,
    Register,
    Unregister,
    Yield,
    Error,
    EventReceived,
)

TABLE: Final[Mapping[State, Mapping[type[Message], Act]]] = {
    State.WAITING: {Hello: Act.JOIN, Abort: Act.CLOSE, Goodbye: Act.IGNORE},
    # One login at a time: another HELLO meanwhile is a violation like everything else.
    State.DECIDING: {Abort: Act.CLOSE, Goodbye: Act.CLOSE},
    State.CHALLENGED: {Authenticate: Act.AUTHENTICATE, Abort: Act.CLOSE, Goodbye: Act.CLOSE},
    State.ESTABLISHED: {
        **dict.fromkeys(_FROM_ESTABLISHED, Act.ROUTE),
        Goodbye: Act.REPLY_GOODBYE,
        Abort: Act.CLOSE,
    },
    # What crossed our GOODBYE on the wire is not the peer's fault.
    State.CLOSING: {
        **dict.fromkeys(_FROM_ESTABLISHED, Act.IGNORE),
        Goodbye: Act.CLOSE,
        Abort: Act.CLOSE,
    },
    State.CLOSED: {},
}


ROUTED: Final = frozenset(kind for kind, act in TABLE[State.ESTABLISHED].items() if act is Act.ROUTE)
"""What an established session sends to its realm: nearly every message, hence not asked of the table each time."""


def next_act(state: State, kind: type[Message]) -> Act:
    """Return what to do about a message in a state; raise ProtocolViolation if it must not come there."""
    act = TABLE[state].get(kind)
    if act is None:
        if state is State.CLOSED:
            return Act.IGNORE
        raise ProtocolViolation(f"unexpected {kind.__name__.upper()} while {state.name.lower()}")
    return act


class Session:
    """One session of a realm. Broker and dealer keep their tables of it here, so that leaving costs what it held."""

    is_own = False
    """Whether it is the router's own, on whose number of calls and subscriptions there is no limit of a realm's."""

    __slots__ = (
        "agent",
        "authid",
        "authmethod",
        "authprovider",
        "calls",
        "codec",
        "completed",
        "features",
        "id",
        "invocation_ids",
        "invocations",
        "is_autobahn_js",
        "link",
        "realm",
        "registrations",
        "role",
        "sequence",
        "subscriptions",
        "testaments",
        "transport",
        "unacknowledged",
        "waiting",
    )

    def __init__(
        self,
        session_id: int,
        *,
        realm: Realm,
        role: AnyRole,
        codec: Codec,
        link: Link,
        authid: str,
        authmethod: str = "anonymous",
        authprovider: str = "static",
        features: frozenset[str] = frozenset(),
        is_autobahn_js: bool = False,
        agent: str | None = None,
        transport: str = "memory",
    ) -> None:
        self.id = session_id
        self.realm = realm
        self.codec = codec
        """What this session's payloads are encoded in."""
        self.link = link
        """Where its messages go. The core never touches it."""
        self.transport = transport
        """What kind of transport it came by."""
        self.authid = authid
        self.authmethod = authmethod
        self.authprovider = authprovider
        self.features = features
        """What the client announced, as ``role.feature``."""
        self.is_autobahn_js = is_autobahn_js
        """Whether the client looks like autobahn-js, which takes some correct messages for violations."""
        self.agent = agent
        """What the client calls itself, shortened; None if it does not say."""
        self.sequence = RequestSequence() if realm.settings.strict_request_ids else None
        self.subscriptions: dict[int, Subscription] = {}  # subscription id -> Subscription
        self.testaments: dict[Scope, list[Publish]] | None = None  # scope -> what is published when it has left
        self.unacknowledged: dict[int, int] | None = None  # publication -> deliveries without an EVENT_RECEIVED yet
        self.registrations: dict[int, Registration] = {}  # registration id -> Registration
        self.calls: dict[int, InFlight] = {}  # CALL.Request -> call that this session waits for
        self.completed: dict[int, None] | None = (
            None  # CALL.Request of progressive calls that ended before the last CALL
        )
        self.invocations: dict[int, InFlight] = {}  # INVOCATION.Request -> call that this session works on
        self.invocation_ids = RequestIds()
        self.waiting: Line | None = None
        """Messages in line behind one about which the authorizer has not decided yet; None if there is no such."""
        self.role: Authorizer = role.for_session(self)  # last, since it may look at all of the above

    @property
    def authrole(self) -> str:
        return self.role.name

    def __repr__(self) -> str:
        return f"<Session {self.id} {self.authid} in {self.realm.name}>"
