"""Options that an application passes in, details and results that it gets; names are those of ``autobahn.wamp.types``.

Options know how they look on the wire (``message_attr``), and which parts of them are for this end only. They are
checked when they are built: what is wrong is said where it was written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import msgspec

from wamp.request import Endpoint, Handler, Publication, Registration, Subscription

__all__ = [
    "Accept",
    "CallDetails",
    "CallOptions",
    "CallResult",
    "Challenge",
    "CloseDetails",
    "ComponentConfig",
    "Deny",
    "EncodedPayload",
    "Endpoint",
    "EventDetails",
    "Handler",
    "HelloDetails",
    "Publication",
    "PublishOptions",
    "RegisterOptions",
    "Registration",
    "SessionDetails",
    "SessionIdent",
    "SubscribeOptions",
    "Subscription",
    "TransportDetails",
    "Welcome",
]

Dict = dict[str, Any]


class _Value(msgspec.Struct, weakref=True):
    """Base: constructor parameters are the fields, by position or by name."""


class ComponentConfig(_Value):
    """What a session is constructed with. ``extra`` is the user's own; the last four are for whoever hosts it."""

    realm: str | None = None
    extra: Any = None
    keyring: Any = None
    controller: Any = None
    shared: Any = None
    runner: Any = None


# -- options ---------------------------------------------------------------------------------------------------------


class _Options(_Value):
    """Base of the options of a request."""

    WIRE: ClassVar[tuple[str, ...]] = ()
    """Fields that are sent, under their own name, unless they are None."""

    def message_attr(self) -> Dict:
        """Return the options as the router gets them."""
        return {name: value for name in self.WIRE if (value := getattr(self, name)) is not None}


def _check_choice(owner: object, name: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise ValueError(f"{type(owner).__name__}.{name} is {value!r}, expected one of {', '.join(choices)}")


def _check_details(owner: object, details: bool | None, details_arg: str | None) -> str | None:
    """Return the name of the argument that takes the details."""
    if not details:
        return details_arg
    if details_arg is not None and details_arg != "details":
        raise ValueError(f"{type(owner).__name__}: give details or details_arg, not both")
    return "details"


MATCHES = ("exact", "prefix", "wildcard")
POLICIES = ("single", "first", "last", "roundrobin", "random")


class SubscribeOptions(_Options):
    """Options of ``session.subscribe``; ``details=True`` passes an ``EventDetails`` as keyword argument ``details``."""

    WIRE = ("match", "get_retained", "forward_for")

    match: str | None = None
    details: bool | None = None
    details_arg: str | None = None
    forward_for: list[Dict] | None = None
    get_retained: bool | None = None
    correlation_id: str | None = None
    correlation_uri: str | None = None
    correlation_is_anchor: bool | None = None
    correlation_is_last: bool | None = None

    def __post_init__(self) -> None:
        _check_choice(self, "match", self.match, MATCHES)
        self.details_arg = _check_details(self, self.details, self.details_arg)


class RegisterOptions(_Options):
    """Options of ``session.register``; ``details=True`` passes a ``CallDetails`` as keyword argument ``details``."""

    WIRE = ("match", "invoke", "concurrency", "force_reregister", "forward_for")

    match: str | None = None
    invoke: str | None = None
    concurrency: int | None = None
    force_reregister: bool | None = None
    forward_for: list[Dict] | None = None
    details: bool | None = None
    details_arg: str | None = None
    correlation_id: str | None = None
    correlation_uri: str | None = None
    correlation_is_anchor: bool | None = None
    correlation_is_last: bool | None = None

    def __post_init__(self) -> None:
        _check_choice(self, "match", self.match, MATCHES)
        _check_choice(self, "invoke", self.invoke, POLICIES)
        if self.concurrency is not None and self.concurrency < 1:
            raise ValueError(f"RegisterOptions.concurrency is {self.concurrency}, expected 1 or more")
        self.details_arg = _check_details(self, self.details, self.details_arg)


class PublishOptions(_Options):
    """Options of ``session.publish``. Whom to exclude or to make eligible: one value or a list.

    ``disclose_me`` lets subscribers know who publishes, if the realm allows it; Autobahn has no such option.
    """

    WIRE = (
        "acknowledge",
        "exclude_me",
        "exclude",
        "exclude_authid",
        "exclude_authrole",
        "eligible",
        "eligible_authid",
        "eligible_authrole",
        "retain",
        "transaction_hash",
        "forward_for",
        "disclose_me",
    )

    acknowledge: bool | None = None
    exclude_me: bool | None = None
    exclude: int | list[int] | None = None
    exclude_authid: str | list[str] | None = None
    exclude_authrole: str | list[str] | None = None
    eligible: int | list[int] | None = None
    eligible_authid: str | list[str] | None = None
    eligible_authrole: str | list[str] | None = None
    retain: bool | None = None
    forward_for: list[Dict] | None = None
    transaction_hash: str | None = None
    correlation_id: str | None = None
    correlation_uri: str | None = None
    correlation_is_anchor: bool | None = None
    correlation_is_last: bool | None = None
    disclose_me: bool | None = None

    def message_attr(self) -> Dict:
        """Return the options as the router gets them: receivers always as lists."""
        options = super().message_attr()
        for name in options.keys() & _RECEIVERS:
            if not isinstance(options[name], list):
                options[name] = [options[name]]
        return options


_RECEIVERS = {f"{verb}{who}" for verb in ("exclude", "eligible") for who in ("", "_authid", "_authrole")}


class CallOptions(_Options):
    """Options of ``session.call``.

    ``timeout`` is a ``timedelta``, or a number, which is sent as it is: WAMP counts in milliseconds. A fraction of one is
    rounded up. ``on_progress`` gets each progressive result, as arguments or, with ``details=True``, as a ``CallResult``. ``disclose_me``
    lets the callee know who calls, if the realm allows it; Autobahn has no such option.
    """

    WIRE = ("transaction_hash", "forward_for", "caller", "caller_authid", "caller_authrole", "disclose_me")

    on_progress: Callable[..., Any] | None = None
    timeout: float | timedelta | None = None
    transaction_hash: str | None = None
    caller: int | None = None
    caller_authid: str | None = None
    caller_authrole: str | None = None
    forward_for: list[Dict] | None = None
    correlation_id: str | None = None
    correlation_uri: str | None = None
    correlation_is_anchor: bool | None = None
    correlation_is_last: bool | None = None
    details: bool | None = None
    disclose_me: bool | None = None

    def __post_init__(self) -> None:
        if self.timeout is not None and not 0 < _milliseconds(self.timeout) < math.inf:
            raise ValueError(f"CallOptions.timeout is {self.timeout}, expected more than 0 and not without end")
        if self.on_progress is not None and not callable(self.on_progress):
            raise TypeError(f"CallOptions.on_progress is {self.on_progress!r}, expected a callable")

    def message_attr(self) -> Dict:
        """Return the options as the router gets them."""
        options = super().message_attr()
        if self.timeout is not None:
            options["timeout"] = math.ceil(_milliseconds(self.timeout))
        if self.on_progress is not None:
            options["receive_progress"] = True
        return options


def _milliseconds(timeout: float | timedelta) -> float:
    """Return a time as milliseconds; one that is given as ``timedelta`` in whole ones, rounded up."""
    if not isinstance(timeout, timedelta):
        return timeout
    # In integers: a quotient of floats could round up by one too many.
    whole, rest = divmod(timeout, timedelta(milliseconds=1))
    return whole + bool(rest)


# -- details ---------------------------------------------------------------------------------------------------------


class CallDetails(_Value):
    """What a procedure may learn about a call.

    ``progress(*args, **kwargs)`` sends a progressive result; None if the caller wants none. What it returns may be awaited: it is over
    when the connection has room for more.
    """

    registration: Registration
    progress: Callable[..., Any] | None = None
    caller: int | None = None
    caller_authid: str | None = None
    caller_authrole: str | None = None
    procedure: str | None = None
    transaction_hash: str | None = None
    enc_algo: str | None = None
    forward_for: list[Dict] | None = None


class EventDetails(_Value):
    """What a handler may learn about an event. The publisher is known only where it is disclosed."""

    subscription: Subscription
    publication: int
    publisher: int | None = None
    publisher_authid: str | None = None
    publisher_authrole: str | None = None
    topic: str | None = None
    retained: bool | None = None
    transaction_hash: str | None = None
    enc_algo: str | None = None
    forward_for: list[Dict] | None = None


class Challenge(_Value):
    """What the router asks for during authentication: ``onChallenge`` returns the answer."""

    method: str
    extra: Dict = msgspec.field(default_factory=dict)


class CloseDetails(_Value):
    """Why a session ended."""

    REASON_DEFAULT: ClassVar[str] = "wamp.close.normal"
    REASON_TRANSPORT_LOST: ClassVar[str] = "wamp.close.transport_lost"

    reason: str | None = None
    message: str | None = None

    def marshal(self) -> Dict:
        """Return the fields as a dictionary."""
        return {"reason": self.reason, "message": self.message}


class Welcome(_Value):
    """What the router says to a new session: ``onWelcome`` may still refuse it."""

    session: int
    realm: str
    authid: str | None = None
    authrole: str | None = None
    authmethod: str | None = None
    authprovider: str | None = None
    authextra: Dict | None = None
    roles: Dict = msgspec.field(default_factory=dict)
    details: Dict = msgspec.field(default_factory=dict)


class TransportDetails(_Value):
    """What carries a session. The numbers are Autobahn's: the constants below."""

    CHANNEL_TYPE_NONE: ClassVar[int] = 0
    CHANNEL_TYPE_FUNCTION: ClassVar[int] = 1
    CHANNEL_TYPE_MEMORY: ClassVar[int] = 2
    CHANNEL_TYPE_TCP: ClassVar[int] = 4
    CHANNEL_TYPE_TLS: ClassVar[int] = 5
    CHANNEL_FRAMING_NONE: ClassVar[int] = 0
    CHANNEL_FRAMING_NATIVE: ClassVar[int] = 1
    CHANNEL_FRAMING_WEBSOCKET: ClassVar[int] = 2
    CHANNEL_FRAMING_RAWSOCKET: ClassVar[int] = 3
    CHANNEL_SERIALIZER_NONE: ClassVar[int] = 0
    CHANNEL_SERIALIZER_JSON: ClassVar[int] = 1
    CHANNEL_SERIALIZER_MSGPACK: ClassVar[int] = 2
    CHANNEL_SERIALIZER_CBOR: ClassVar[int] = 3

    channel_type: int | None = None
    channel_framing: int | None = None
    channel_serializer: int | None = None
    own: str | None = None
    peer: str | None = None
    is_server: bool | None = None
    own_pid: int | None = None
    own_tid: int | None = None
    own_fd: int | None = None
    is_secure: bool | None = None
    channel_id: dict[str, bytes] | None = None
    peer_cert: Dict | None = None
    websocket_protocol: str | None = None
    websocket_extensions_in_use: list[Any] | None = None
    http_headers_received: Dict | None = None
    http_headers_sent: Dict | None = None
    http_cbtid: str | None = None

    def marshal(self) -> Dict:
        """Return the fields as a dictionary."""
        return msgspec.structs.asdict(self)


class SessionDetails(_Value):
    """The session as the router has welcomed it."""

    realm: str | None = None
    session: int | None = None
    authid: str | None = None
    authrole: str | None = None
    authmethod: str | None = None
    authprovider: str | None = None
    authextra: Dict | None = None
    serializer: str | None = None
    transport: TransportDetails | None = None
    resumed: bool | None = None
    resumable: bool | None = None
    resume_token: str | None = None

    def marshal(self) -> Dict:
        """Return the fields as a dictionary."""
        return {
            **msgspec.structs.asdict(self),
            "transport": None if self.transport is None else self.transport.marshal(),
        }


class SessionIdent(_Value):
    """Who is behind a call or an event, as far as it is disclosed."""

    session: int | None = None
    authid: str | None = None
    authrole: str | None = None

    def marshal(self) -> Dict:
        """Return the fields as a dictionary."""
        return msgspec.structs.asdict(self)

    @classmethod
    def from_calldetails(cls, call_details: CallDetails) -> SessionIdent:
        """Return the caller: of a call that came through other routers, the one that made it."""
        return cls._origin(call_details.forward_for) or cls(
            call_details.caller, call_details.caller_authid, call_details.caller_authrole
        )

    @classmethod
    def from_eventdetails(cls, event_details: EventDetails) -> SessionIdent:
        """Return the publisher: of an event that came through other routers, the one that published it."""
        return cls._origin(event_details.forward_for) or cls(
            event_details.publisher, event_details.publisher_authid, event_details.publisher_authrole
        )

    @classmethod
    def _origin(cls, forward_for: list[Dict] | None) -> SessionIdent | None:
        if not forward_for:
            return None
        first = forward_for[0]
        return cls(first.get("session"), first.get("authid"), first.get("authrole"))


# -- logging in, at a router: for dynamic authenticators that were written with Autobahn's types --------------------


class HelloDetails(_Value):
    """What a client says of itself before it is let in."""

    realm: str | None = None
    authmethods: list[str] | None = None
    authid: str | None = None
    authrole: str | None = None
    authextra: Dict | None = None
    session_roles: Dict | None = None
    pending_session: int | None = None
    resumable: bool | None = None
    resume_session: int | None = None
    resume_token: str | None = None


class Accept(_Value):
    """Let a client in, as whom."""

    realm: str | None = None
    authid: str | None = None
    authrole: str | None = None
    authmethod: str | None = None
    authprovider: str | None = None
    authextra: Dict | None = None


class Deny(_Value):
    """Do not let a client in. ``reason`` is a URI."""

    reason: str = "wamp.error.not_authorized"
    message: str | None = None


# -- payloads --------------------------------------------------------------------------------------------------------


class EncodedPayload(_Value):
    """A payload that the router cannot read, as a payload codec makes it (advanced profile, "Payload Passthru Mode").

    ``enc_algo`` names what made it, ``enc_serializer`` what is inside, ``enc_key`` the key to use. Of one's own, begin
    ``enc_algo`` with ``x_``: it is the specification's ``ppt_scheme``. ``ppt_cipher`` is the specification's alone.
    """

    payload: bytes
    enc_algo: str
    enc_serializer: str | None = None
    enc_key: str | None = None
    ppt_cipher: str | None = None

    def __post_init__(self) -> None:
        if type(self.payload) is not bytes:
            raise TypeError(f"EncodedPayload.payload is of type {type(self.payload).__name__}, expected bytes")
        if type(self.enc_algo) is not str:
            raise TypeError(f"EncodedPayload.enc_algo is of type {type(self.enc_algo).__name__}, expected str")


class CallResult:
    """A result that is not one positional value: return one from a procedure, get one from a call.

    ``callee`` and its companions are set on what a call returns, where the router discloses them.
    """

    __slots__ = ("callee", "callee_authid", "callee_authrole", "enc_algo", "forward_for", "kwresults", "results")

    def __init__(self, *results: Any, **kwresults: Any) -> None:
        self.enc_algo: str | None = kwresults.pop("enc_algo", None)
        self.callee: int | None = kwresults.pop("callee", None)
        self.callee_authid: str | None = kwresults.pop("callee_authid", None)
        self.callee_authrole: str | None = kwresults.pop("callee_authrole", None)
        self.forward_for: list[Dict] | None = kwresults.pop("forward_for", None)
        self.results = results
        self.kwresults = kwresults

    def _fields(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CallResult) and self._fields() == other._fields()

    __hash__ = None  # type: ignore[assignment]  # mutable, as in Autobahn, and compared by value

    def __repr__(self) -> str:
        return (
            f"CallResult(results={self.results}, kwresults={self.kwresults}, enc_algo={self.enc_algo}, "
            f"callee={self.callee}, callee_authid={self.callee_authid}, callee_authrole={self.callee_authrole}, "
            f"forward_for={self.forward_for})"
        )
