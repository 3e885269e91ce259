"""The client end of one WAMP session as a state machine: no event loop, no socket, no clock, no randomness.

What the application does becomes a message, which the caller sends::

    message = session.call(reply, "com.add", (2, 3), {}, None)

What the router sends becomes at most one effect, which the caller carries out::

    effect = session.receive(message)

``reply`` is whatever the caller wants back when the request is settled; this module never looks at it. Payload bytes become
Python values here and nowhere else, in the codec of the connection and, if the application has one, in its payload codec.

The states and what each accepts are ``TABLE``. A pair that is not in it is a ``ProtocolViolation`` of the router's.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, get_args

from wamp import payload
from wamp.effects import (
    Challenged,
    Continued,
    Effect,
    Failed,
    Interrupted,
    Invoked,
    Left,
    Progressed,
    Received,
    Succeeded,
    Undecodable,
    Welcomed,
)
from wamp.errormap import Answer, ErrorMap
from wamp.exception import ApplicationError, Error, InvalidUriError, SerializationError, SessionNotReady
from wamp.handlers import payload_of, result_of
from wamp.payload import PayloadCodec, is_plain
from wamp.pending import (
    REFUSED,
    Pending,
    PendingCall,
    PendingPublish,
    PendingRegister,
    PendingSubscribe,
    PendingUnregister,
    PendingUnsubscribe,
    Reply,
)
from wamp.protocol import errors, messages
from wamp.protocol.codec import CODECS, Codec
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.ids import RequestIds
from wamp.protocol.messages import ABSENT, Message, Raw
from wamp.protocol.options import CancelMode
from wamp.protocol.roles import announcement
from wamp.protocol.serializers import TranscodingError
from wamp.protocol.uris import Match, is_valid
from wamp.request import Endpoint, Handler, Owner, Publication, Registration, Subscription
from wamp.types import (
    CallOptions,
    Challenge,
    CloseDetails,
    PublishOptions,
    RegisterOptions,
    SubscribeOptions,
    Welcome,
)

__all__ = ["AGENT", "ROLES", "TABLE", "ClientSession", "State"]

Dict = dict[str, Any]

AGENT: Final = "wamp-python"
"""HELLO.agent. Routers recognise clients without one by their features, and treat some of them specially."""

ROLES: Final[Dict] = announcement(
    {
        "publisher": (
            "publisher_identification",
            "publisher_exclusion",
            "subscriber_blackwhite_listing",
            "x_acknowledged_event_delivery",
            payload.FEATURE,
        ),
        "subscriber": (
            "publisher_identification",
            "pattern_based_subscription",
            "subscription_revocation",
            payload.FEATURE,
        ),
        "caller": (
            "caller_identification",
            "progressive_call_results",
            "call_canceling",
            "call_timeout",
            "progressive_call_invocations",
            payload.FEATURE,
        ),
        "callee": (
            "caller_identification",
            "pattern_based_registration",
            "shared_registration",
            "registration_revocation",
            "progressive_call_results",
            "progressive_call_invocations",
            "call_canceling",
            payload.FEATURE,
        ),
    }
)
"""What HELLO announces."""

_INVOCATIONS: Final = "progressive_call_invocations"
_CANCELING: Final = "call_canceling"
_CANCEL_MODES: Final[tuple[str, ...]] = get_args(CancelMode)
_ANSWERED_LIMIT: Final = 1024
"""How many invocations are remembered that were answered before their last part: those whose parts are on their way."""


class State(enum.Enum):
    """Where a session is. A connection may carry several sessions, one after the other."""

    IDLE = "connected, no session yet"
    JOINING = "HELLO or AUTHENTICATE sent, the router's turn"
    CHALLENGED = "the application works on an answer to CHALLENGE"
    WELCOMED = "the application may still refuse the WELCOME"
    JOINED = "on the realm"
    LEAVING = "GOODBYE sent, the router's is awaited"
    OVER = "left, refused or aborted; what still arrives was on its way"


_JOINED: Final = State.JOINED  # looking it up in an enumeration takes as long as all the rest of a check


class ClientSession:
    """One client session. ``owner`` is what registrations and subscriptions refer to as their session.

    ``new_ids`` gives the request ids of a session, starting over with each.
    """

    __slots__ = (
        "_accepted",
        "_answered",
        "_ids",
        "_invocations",
        "_new_ids",
        "_owner",
        "_pack",
        "_payload_codec",
        "_pending",
        "_registrations",
        "_subscriptions",
        "_unpack",
        "_values",
        "errors",
        "realm",
        "state",
        "welcome",
    )

    def __init__(self, owner: Owner, new_ids: Callable[[], Iterator[int]] = RequestIds) -> None:
        self._owner = owner
        self._new_ids = new_ids
        self._payload_codec: PayloadCodec | None = None
        self.errors = ErrorMap()
        self.realm: str | None = None
        self.welcome: Welcome | None = None
        """What the router has said of the session that is joined."""
        self.open(CODECS["json"])

    def open(self, codec: Codec) -> None:
        """Begin with a new connection, whose payloads are in ``codec``."""
        self._values = codec.values
        self._pack: Callable[[Any], Raw] = codec.serializer.pack
        self._unpack: Callable[[Raw], Any] = codec.serializer.unpack
        self._reset()
        self._enter(State.IDLE)

    def _reset(self) -> None:
        self._ids = self._new_ids()
        self._pending: dict[int, Pending] = {}  # request -> what waits for its answer
        self._registrations: dict[int, Registration] = {}
        self._subscriptions: dict[int, list[Subscription]] = {}  # one id, several handlers
        self._invocations: dict[int, Invoked] = {}
        self._answered: dict[int, None] = {}  # requests of invocations answered before their last part, oldest first
        self.welcome = None

    def _enter(self, state: State) -> None:
        self.state = state
        self._accepted = _ACCEPTED[state]

    @property
    def id(self) -> int | None:
        """The session id while the session is on a realm."""
        is_on_realm = self.state in (State.JOINED, State.LEAVING)
        return self.welcome.session if is_on_realm and self.welcome is not None else None

    def set_payload_codec(self, codec: PayloadCodec | None) -> None:
        """Let a codec make the payloads that are sent from now on, and read those that are encoded; None for no codec."""
        if codec is not None and not (
            callable(getattr(codec, "encode", None)) and callable(getattr(codec, "decode", None))
        ):
            raise TypeError(f"a payload codec of type {type(codec).__name__}, expected one with encode and decode")
        self._payload_codec = codec

    def get_payload_codec(self) -> PayloadCodec | None:
        """Return the payload codec, None if there is none."""
        return self._payload_codec

    def receive(self, message: Message) -> Effect | None:
        """Take a message from the router; raise ProtocolViolation if it has no place here."""
        method = self._accepted.get(type(message))
        if method is None:
            raise ProtocolViolation(f"{_name(message)} received while {self.state.name}: {self.state.value}")
        return method(self, message)

    # -- joining

    def join(
        self,
        realm: str,
        authmethods: list[str] | None = None,
        authid: str | None = None,
        authrole: str | None = None,
        authextra: Dict | None = None,
        **more: Any,
    ) -> messages.Hello:
        """Return the HELLO that asks for a session on ``realm``."""
        if self.state not in (State.IDLE, State.OVER):
            raise Error(f"cannot join {realm}: {self.state.value}")
        if not is_valid(realm):
            raise InvalidUriError(f"cannot join {realm!r}: not a valid realm")
        self._reset()
        self._enter(State.JOINING)
        self.realm = realm
        asked = {
            "authmethods": authmethods,
            "authid": authid,
            "authrole": authrole,
            "authextra": authextra,
            **more,
        }
        wanted = {name: value for name, value in asked.items() if value is not None}
        return messages.Hello(realm, {"agent": AGENT, "roles": ROLES, **wanted})

    def _on_challenge(self, message: messages.Challenge) -> Effect:
        self._enter(State.CHALLENGED)
        return Challenged(Challenge(message.method, message.extra))

    def authenticate(self, signature: str, extra: Dict | None = None) -> messages.Authenticate | None:
        """Return the answer to the challenge, or None if the session has ended meanwhile."""
        if self.state is not State.CHALLENGED:
            return None
        self._enter(State.JOINING)
        return messages.Authenticate(signature, extra or {})

    def _on_welcome(self, message: messages.Welcome) -> Effect:
        self._enter(State.WELCOMED)
        get = message.details.get
        self.welcome = Welcome(
            message.session,
            get("realm") or self.realm or "",
            get("authid"),
            get("authrole"),
            get("authmethod"),
            get("authprovider"),
            get("authextra"),
            get("roles") or {},
            message.details,
        )
        return Welcomed(self.welcome)

    def established(self) -> bool:
        """Enter the session that the router has welcomed; False if it has ended meanwhile."""
        if self.state is not State.WELCOMED or self.welcome is None:
            return False
        self.realm = self.welcome.realm
        self._enter(State.JOINED)
        return True

    # -- leaving

    def leave(self, reason: str | None = None, message: str | None = None) -> messages.Goodbye | None:
        """Return the GOODBYE that ends the session, or None if there is none to end."""
        if self.state is not State.JOINED:
            return None
        self._enter(State.LEAVING)
        return messages.Goodbye({} if message is None else {"message": message}, reason or errors.CLOSE_NORMAL)

    def abort(self, reason: str, text: str) -> Left | None:
        """End the session from this side at once: the effect's answer is the ABORT. None if it had ended before."""
        if self.state is State.OVER:
            return None
        return self._end(CloseDetails(reason, text), messages.Abort({"message": text}, reason))

    def lost(self) -> Left | None:
        """End the session because the connection is gone; None if it had ended before."""
        if self.state in (State.IDLE, State.OVER):
            self._enter(State.OVER)
            return None
        text = f"the connection was lost while {self.state.value}"
        return self._end(CloseDetails(CloseDetails.REASON_TRANSPORT_LOST, text), None)

    def _on_abort(self, message: messages.Abort) -> Effect:
        return self._end(CloseDetails(message.reason, self._text(message)), None)

    def _text(self, message: messages.Abort) -> str | None:
        """Return what an ABORT says to a human: older routers say it as an argument."""
        text = message.details.get("message")
        return str(text) if text is not None else next(iter(self._values(message)[0]), None)

    def _on_goodbye(self, message: messages.Goodbye) -> Effect:
        details = CloseDetails(message.reason, message.details.get("message"))
        return self._end(details, messages.Goodbye({}, errors.CLOSE_GOODBYE_AND_OUT))

    def _on_goodbye_reply(self, message: messages.Goodbye) -> Effect:
        return self._end(CloseDetails(message.reason, message.details.get("message")), None)

    def _end(self, details: CloseDetails, answer: Message | None) -> Left:
        was_joined = self.state in (State.JOINED, State.LEAVING)
        was_asked = self.state is State.LEAVING
        waiting = [pending.reply for pending in self._pending.values() if pending.reply is not None]
        for registration in self._registrations.values():
            registration.active = False
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.active = False
        self._reset()
        self._enter(State.OVER)
        text = () if details.message is None else (details.message,)
        replies: list[tuple[Reply, Error]] = [
            (reply, ApplicationError(details.reason or "", *text)) for reply in waiting
        ]
        return Left(details, replies, answer, was_joined, was_asked)

    def _ignore(self, message: Message) -> None:
        """The session is over on this side; the message was on its way."""

    # -- requests

    def _ready(self) -> None:
        """Check that a request may be made now; raise SessionNotReady."""
        if self.state is not State.JOINED:
            raise SessionNotReady(f"not on a realm: {self.state.value}")

    def _request(self, uri: str, match: str | None = None) -> None:
        """Check that a request for a URI may be made now; raise SessionNotReady or InvalidUriError."""
        self._ready()
        if uri not in _KNOWN_URIS:
            _learn(uri, match)

    def _payload(self, args: tuple[Any, ...], kwargs: Dict) -> tuple[Raw, Raw]:
        try:
            return self._pack(args) if args else ABSENT, self._pack(kwargs) if kwargs else ABSENT
        except TranscodingError as error:
            raise SerializationError(str(error)) from None

    def _encoded(
        self, role: str, uri: str, args: tuple[Any, ...], kwargs: Dict, *, is_originating: bool
    ) -> tuple[Dict, tuple[Raw, Raw]]:
        """Return what describes a payload, and the payload, as the payload codec wants both.

        ``role`` is the router's who hands it on. Raise SerializationError; one that has a cause is the codec's.
        """
        assert self._payload_codec is not None  # callers look first: most sessions have none
        is_passthru = self._has_announced(role, payload.FEATURE)
        encoded = payload.encode(
            self._payload_codec, uri, args, kwargs, is_originating=is_originating, is_passthru=is_passthru
        )
        if encoded is None:
            return {}, self._payload(args, kwargs)
        return encoded.options, (self._pack(encoded.args), ABSENT)

    def _has_announced(self, role: str, feature: str) -> bool:
        """Tell whether the router has announced a feature in one of its roles."""
        announced = {} if self.welcome is None else self.welcome.roles.get(role, {}).get("features", {})
        return bool(announced.get(feature))

    def call(
        self,
        reply: Reply,
        procedure: str,
        args: tuple[Any, ...],
        kwargs: Dict,
        options: CallOptions | None,
        *,
        is_progressive: bool = False,
    ) -> messages.Call:
        """Return the CALL of a procedure.

        If it is progressive, the arguments are the first part of several: ``call_more`` returns the others (advanced
        profile, "Progressive Call Invocations"). Raise Error if the router has not announced that.
        """
        if self.state is not _JOINED or procedure not in _KNOWN_URIS:
            self._request(procedure)
        if is_progressive and not self._has_announced("dealer", _INVOCATIONS):
            raise Error(f"cannot call {procedure} in parts: the router has not announced {_INVOCATIONS}")
        if self._payload_codec is None:
            packed, named = self._payload(args, kwargs)
            wire: Dict = {}
        else:
            wire, (packed, named) = self._encoded("dealer", procedure, args, kwargs, is_originating=True)
        request = next(self._ids)
        if options is None:
            pending = PendingCall(reply, procedure)
        else:
            pending = PendingCall(reply, procedure, options.on_progress, options.details)
            wire = {**options.message_attr(), **wire}
        if is_progressive:
            pending.parts = wire
            wire = {**wire, "progress": True}
        self._pending[request] = pending
        return messages.Call(request, wire, procedure, packed, named)

    def call_more(self, request: int, args: tuple[Any, ...], kwargs: Dict, *, is_last: bool) -> messages.Call | None:
        """Return the next part of a progressive call, or None if the call is settled.

        If it cannot be sent, ``cancel`` the call: its callee lacks a part. Raise Error if the last part was given already.
        """
        pending = self._pending.get(request)
        if type(pending) is not PendingCall or pending.reply is None:
            return None
        self._ready()
        if pending.parts is None:
            raise Error(f"call {request} of {pending.procedure} takes no more parts")
        packed = self._part(pending, pending.parts, args, kwargs)
        options = pending.parts if is_last else {**pending.parts, "progress": True}
        if is_last:
            pending.parts = None
        return messages.Call(request, options, pending.procedure, *packed)

    def _part(self, call: PendingCall, options: Dict, args: tuple[Any, ...], kwargs: Dict) -> tuple[Raw, Raw]:
        """Return a part's payload; raise SerializationError if it is not encoded as the first one was.

        What describes the payload is frozen with the other options of the first CALL.
        """
        if self._payload_codec is None:
            packed = self._payload(args, kwargs)
            wire: Dict = {}
        else:
            wire, packed = self._encoded("dealer", call.procedure, args, kwargs, is_originating=True)
        if wire != payload.description(options):
            raise SerializationError(f"the parts of a call of {call.procedure} are not all encoded in the same way")
        return packed

    def cancel(self, request: int, mode: str | None = None) -> messages.Cancel | None:
        """Return the CANCEL of a call in flight; None if it is settled, or the router cannot. Its answer will go to nobody.

        ``mode`` is ``skip``, ``kill`` or ``killnowait`` (advanced profile, "Call Canceling"); None leaves it to the router.
        """
        if mode is not None and mode not in _CANCEL_MODES:
            raise ValueError(f"cancel mode {mode!r}, expected one of {', '.join(_CANCEL_MODES)}")
        pending = self._pending.get(request)
        if pending is None:
            return None
        pending.reply = None
        if type(pending) is not PendingCall or self.state is not State.JOINED:
            return None
        if not self._has_announced("dealer", _CANCELING):
            return None  # to such a router CANCEL is a violation of the protocol
        return messages.Cancel(request, {} if mode is None else {"mode": mode})

    def forget(self, request: int) -> None:
        """Drop a request that could not be sent."""
        self._pending.pop(request, None)

    def publish(
        self, reply: Reply, topic: str, args: tuple[Any, ...], kwargs: Dict, options: PublishOptions | None
    ) -> messages.Publish:
        """Return the PUBLISH of an event; ``reply`` waits only if the options ask for an acknowledgement."""
        self._request(topic)
        if self._payload_codec is None:
            packed = self._payload(args, kwargs)
            wire: Dict = {}
        else:
            wire, packed = self._encoded("broker", topic, args, kwargs, is_originating=True)
        request = next(self._ids)
        if options is None:
            return messages.Publish(request, wire, topic, *packed)
        if options.acknowledge:
            self._pending[request] = PendingPublish(reply, bool(wire))
        return messages.Publish(request, {**options.message_attr(), **wire}, topic, *packed)

    def register(
        self, reply: Reply, procedure: str, endpoint: Endpoint, options: RegisterOptions | None
    ) -> messages.Register:
        """Return the REGISTER of an endpoint; the request's result is its Registration."""
        self._request(procedure, "exact" if options is None else options.match)
        request = next(self._ids)
        self._pending[request] = PendingRegister(reply, procedure, endpoint)
        return messages.Register(request, {} if options is None else options.message_attr(), procedure)

    def unregister(self, reply: Reply, registration: Registration) -> messages.Unregister:
        """Return the UNREGISTER of a registration."""
        self._ready()
        request = next(self._ids)
        self._pending[request] = PendingUnregister(reply, registration)
        return messages.Unregister(request, registration.id)

    def subscribe(
        self, reply: Reply, topic: str, handler: Handler, options: SubscribeOptions | None
    ) -> messages.Subscribe:
        """Return the SUBSCRIBE of a handler; the request's result is its Subscription."""
        self._request(topic, "exact" if options is None else options.match)
        request = next(self._ids)
        self._pending[request] = PendingSubscribe(reply, topic, handler, _match(options))
        return messages.Subscribe(request, {} if options is None else options.message_attr(), topic)

    def unsubscribe(self, reply: Reply, subscription: Subscription) -> messages.Unsubscribe | int:
        """Detach a handler: return the UNSUBSCRIBE if it was the last of its id, else how many are left."""
        self._ready()
        subscription.active = False
        others = self._subscriptions.get(subscription.id, [])
        if subscription in others:
            others.remove(subscription)
        left = len(others) + self._asked(subscription)
        if left:
            return left
        request = next(self._ids)
        self._pending[request] = PendingUnsubscribe(reply, subscription.id)
        return messages.Unsubscribe(request, subscription.id)

    def _asked(self, subscription: Subscription) -> int:
        """Return how many handlers are on their way to a subscription: an UNSUBSCRIBE behind their SUBSCRIBE would end theirs too."""
        return sum(
            type(pending) is PendingSubscribe
            and (pending.topic, pending.match) == (subscription.topic, subscription.match)
            for pending in self._pending.values()
        )

    # -- answers

    def _take(self, message: Any, kind: type[Pending]) -> Any:
        """Remove the request that a message answers; raise ProtocolViolation if there is none of that kind."""
        pending = self._pending.get(message.request)
        if type(pending) is not kind:
            raise ProtocolViolation(f"{_name(message)} for request {message.request}, which is not in flight")
        del self._pending[message.request]
        return pending

    def _decoded(self, message: Any, uri: str, *, is_originating: bool = False) -> tuple[list[Any], Dict]:
        """Return an encoded payload as Python values; raise ApplicationError if it cannot be read."""
        value = None if message.args is ABSENT else self._unpack(message.args)
        return payload.decode(self._payload_codec, uri, message.details, value, is_originating=is_originating)

    def _on_result(self, message: messages.Result) -> Effect | None:
        if message.details and message.details.get("progress"):
            return self._on_progress(message)
        request = message.request
        pending = self._pending.get(request)
        if type(pending) is not PendingCall:
            raise ProtocolViolation(f"RESULT for request {request}, which is not in flight")
        del self._pending[request]
        if pending.reply is None:
            return None
        if not message.details or is_plain(message.details):
            args, kwargs = self._values(message)
        else:
            try:
                args, kwargs = self._decoded(message, pending.procedure, is_originating=True)
            except ApplicationError as error:
                return Failed(pending.reply, error)
        if len(args) == 1 and not kwargs and not pending.details:  # most of all
            return Succeeded(pending.reply, args[0])
        return Succeeded(pending.reply, result_of(args, kwargs, message, details=pending.details))

    def _on_progress(self, message: messages.Result) -> Effect | None:
        pending = self._pending.get(message.request)
        if type(pending) is not PendingCall:
            raise ProtocolViolation(f"RESULT for request {message.request}, which is not in flight")
        if pending.on_progress is None or pending.reply is None:
            return None
        if is_plain(message.details):
            args, kwargs = self._values(message)
        else:
            try:
                args, kwargs = self._decoded(message, pending.procedure, is_originating=True)
            except ApplicationError as error:
                return Undecodable(error, f"While reading a progressive result of {pending.procedure}")
        if not pending.details:
            return Progressed(pending.on_progress, args, kwargs)
        return Progressed(pending.on_progress, [result_of(args, kwargs, message, details=True)], {})

    def _on_error(self, message: messages.Error) -> Effect | None:
        kind = REFUSED.get(message.request_type)
        if kind is None:
            raise ProtocolViolation(f"ERROR for a request of type {message.request_type}")
        pending = self._take(message, kind)
        if pending.reply is None:
            return None
        details = message.details
        if not details or is_plain(details):
            return Failed(pending.reply, *self.errors.exception(message.error, *self._values(message), details))
        try:
            args, kwargs = self._decoded(message, message.error, is_originating=True)
        except ApplicationError as error:
            return Failed(pending.reply, error)
        details = {**details, "enc_algo": payload.algorithm_of(details)}
        return Failed(pending.reply, *self.errors.exception(message.error, args, kwargs, details))

    def _on_published(self, message: messages.Published) -> Effect | None:
        pending: PendingPublish = self._take(message, PendingPublish)
        return _succeeded(pending, Publication(message.publication, pending.was_encrypted))

    def _on_registered(self, message: messages.Registered) -> Effect | None:
        pending: PendingRegister = self._take(message, PendingRegister)
        if message.registration in self._registrations:
            raise ProtocolViolation(f"REGISTERED with id {message.registration}, which is another registration's")
        registration = Registration(self._owner, message.registration, pending.procedure, pending.endpoint)
        self._registrations[message.registration] = registration
        return _succeeded(pending, registration)

    def _on_subscribed(self, message: messages.Subscribed) -> Effect | None:
        pending: PendingSubscribe = self._take(message, PendingSubscribe)
        subscription = Subscription(message.subscription, pending.topic, self._owner, pending.handler, pending.match)
        self._subscriptions.setdefault(message.subscription, []).append(subscription)
        return _succeeded(pending, subscription)

    def _on_unregistered(self, message: messages.Unregistered) -> Effect | None:
        if message.request == 0:
            self._drop_registration(message.details.get("registration"))
            return None
        pending: PendingUnregister = self._take(message, PendingUnregister)
        self._drop_registration(pending.registration.id)
        return _succeeded(pending, None)

    def _drop_registration(self, registration: int | None) -> None:
        """Forget a registration. One that is unknown was revoked while our UNREGISTER was on its way."""
        dropped = self._registrations.pop(registration or 0, None)
        if dropped is not None:
            dropped.active = False

    def _on_unsubscribed(self, message: messages.Unsubscribed) -> Effect | None:
        if message.request == 0:
            self._drop_subscriptions(message.details.get("subscription"))
            return None
        pending: PendingUnsubscribe = self._take(message, PendingUnsubscribe)
        self._drop_subscriptions(pending.subscription)
        return _succeeded(pending, 0)

    def _drop_subscriptions(self, subscription: int | None) -> None:
        for dropped in self._subscriptions.pop(subscription or 0, ()):
            dropped.active = False

    # -- events

    def _on_event(self, message: messages.Event) -> Effect | None:
        subscriptions = self._subscriptions.get(message.subscription)
        if subscriptions is None:
            raise ProtocolViolation(f"EVENT for subscription {message.subscription}, which does not exist")
        if not subscriptions:
            return None
        details = message.details
        if not details or is_plain(details):
            args, kwargs = self._values(message)
        else:
            topic = details.get("topic") or subscriptions[0].topic
            try:
                args, kwargs = self._decoded(message, topic)
            except ApplicationError as error:
                return Undecodable(error, f"While reading an event of {topic}")
        acknowledge = bool(details) and self._wants_acknowledgement(details)
        return Received(message, args, kwargs, tuple(subscriptions), acknowledge)

    def _wants_acknowledgement(self, details: Dict) -> bool:
        """Tell whether broker and event both ask for EVENT_RECEIVED."""
        return bool(details.get("x_acknowledged_delivery")) and self._has_announced(
            "broker", "x_acknowledged_event_delivery"
        )

    # -- invocations

    def _on_invocation(self, message: messages.Invocation) -> Effect | None:
        running = self._invocations.get(message.request)
        if running is not None:
            return self._on_part(running, message)
        if self._answered and message.request in self._answered:
            return self._ignore_part(message)
        registration = self._registrations.get(message.registration)
        if registration is None:
            raise ProtocolViolation(f"INVOCATION for registration {message.registration}, which does not exist")
        details = message.details
        if details and not is_plain(details):
            return self._on_encoded_invocation(message, registration)
        args, kwargs = self._values(message)
        invoked = Invoked(message, registration, args, kwargs)
        if details and details.get("progress"):
            invoked.is_progressive = invoked.is_open = True
        self._invocations[message.request] = invoked
        return invoked

    def _on_encoded_invocation(self, message: messages.Invocation, registration: Registration) -> Effect:
        invoked = Invoked(message, registration, [], {})
        invoked.is_progressive = invoked.is_open = bool(message.details.get("progress"))
        self._invocations[message.request] = invoked  # what cannot be read is answered as any other
        try:
            invoked.args, invoked.kwargs = self._decoded(message, _procedure(invoked))
        except ApplicationError as error:
            return self._undecodable(invoked, error)
        return invoked

    def _on_part(self, invoked: Invoked, message: messages.Invocation) -> Effect:
        """Take the next part of a progressive call (advanced profile, "Progressive Call Invocations")."""
        if not invoked.is_open or message.registration != invoked.message.registration:
            raise ProtocolViolation(f"INVOCATION with request {message.request}, which is in progress")
        invoked.is_open = bool(message.details.get("progress"))
        try:
            is_encoded = not is_plain(message.details)
            args, kwargs = self._decoded(message, _procedure(invoked)) if is_encoded else self._values(message)
        except ApplicationError as error:
            invoked.was_interrupted = True
            effect = self._undecodable(invoked, error)
            effect.invoked = invoked
            return effect
        return Continued(invoked, args, kwargs, not invoked.is_open)

    def _ignore_part(self, message: messages.Invocation) -> Effect | None:
        """Drop a part that was on its way when its invocation was answered."""
        if not message.details.get("progress"):
            del self._answered[message.request]
        return None

    def _undecodable(self, invoked: Invoked, error: ApplicationError) -> Undecodable:
        """Answer an invocation whose arguments cannot be read; why is nobody's business but ours."""
        text = f"the payload of a call of {invoked.registration.procedure} cannot be read"
        return Undecodable(
            error, f"While reading a call of {_procedure(invoked)}", self.reject(invoked, error.error, text)
        )

    def _on_interrupt(self, message: messages.Interrupt) -> Effect | None:
        # An unknown request is no violation: the answer and the INTERRUPT have crossed.
        invoked = self._invocations.get(message.request)
        if invoked is None:
            return None
        invoked.was_interrupted = True
        return Interrupted(invoked)

    def is_waited_for(self, invoked: Invoked) -> bool:
        """Tell whether the router still expects an answer: not after the session in which it asked."""
        return self.state is State.JOINED and self._invocations.get(invoked.message.request) is invoked

    def _finish(self, invoked: Invoked) -> bool:
        """Forget an invocation; tell whether the router still expects its answer."""
        request = invoked.message.request
        if self._invocations.get(request) is not invoked:
            return False
        del self._invocations[request]
        if invoked.is_open:
            self._remember(request)
        return self.state is _JOINED

    def _remember(self, request: int) -> None:
        """Know the parts of an answered invocation that are on their way; those of the oldest have long arrived."""
        if len(self._answered) >= _ANSWERED_LIMIT:
            del self._answered[next(iter(self._answered))]
        self._answered[request] = None

    def progress(self, invoked: Invoked, args: tuple[Any, ...], kwargs: Dict) -> messages.Yield | None:
        """Return a progressive result, or None if nobody waits for it any more."""
        if not self.is_waited_for(invoked):
            return None
        if self._payload_codec is None:
            return messages.Yield(invoked.message.request, {"progress": True}, *self._payload(args, kwargs))
        wire, packed = self._encoded("dealer", _procedure(invoked), args, kwargs, is_originating=False)
        return messages.Yield(invoked.message.request, {**wire, "progress": True}, *packed)

    def complete(self, invoked: Invoked, value: Any) -> messages.Yield | messages.Error | None:
        """Return the answer to an invocation: an ERROR if the value cannot be sent, None if nobody waits for it."""
        args, kwargs = payload_of(value)
        try:
            if self._payload_codec is None:
                packed, named = self._payload(args, kwargs)
                wire: Dict = {}
            else:
                wire, (packed, named) = self._encoded("dealer", _procedure(invoked), args, kwargs, is_originating=False)
        except SerializationError as error:
            invoked.failure = error.__cause__
            text = f"the result of {invoked.registration.procedure} could not be serialized: {error}"
            return self.reject(invoked, ApplicationError.INVALID_PAYLOAD, text)
        return messages.Yield(invoked.message.request, wire, packed, named) if self._finish(invoked) else None

    def refuse(self, invoked: Invoked, exception: BaseException, traceback: str | None = None) -> messages.Error | None:
        """Return the ERROR for an exception of the endpoint, or None if nobody waits for it."""
        answer = self.errors.answer(exception)
        if traceback is not None:
            answer = Answer(answer.uri, answer.args, {**answer.kwargs, "traceback": traceback})
        if not self._finish(invoked):
            return None
        if self._payload_codec is None:
            return self._error(invoked, answer)
        return self._encoded_error(invoked, answer)

    def reject(self, invoked: Invoked, uri: str, text: str) -> messages.Error | None:
        """Return an ERROR with a text of our own, or None if nobody waits for it. It is not encoded."""
        return self._error(invoked, Answer(uri, (text,))) if self._finish(invoked) else None

    def replace(self, answer: messages.Yield | messages.Error, uri: str, text: str) -> messages.Error:
        """Return the ERROR to send instead of an answer that the connection did not take."""
        return messages.Error(messages.Invocation.CODE, answer.request, {}, uri, *self._payload((text,), {}))

    def _error(self, invoked: Invoked, answer: Answer) -> messages.Error:
        try:
            packed = self._payload(answer.args, answer.kwargs)
        except SerializationError:
            # The text is what can always be sent, and what the caller needs most.
            packed = self._payload(tuple(str(arg) for arg in answer.args), {})
        return messages.Error(messages.Invocation.CODE, invoked.message.request, {}, answer.uri, *packed)

    def _encoded_error(self, invoked: Invoked, answer: Answer) -> messages.Error:
        try:
            wire, packed = self._encoded("dealer", answer.uri, answer.args, answer.kwargs, is_originating=False)
        except SerializationError as error:
            if error.__cause__ is None:
                return self._error(invoked, answer)  # the codec had nothing against it being read
            invoked.failure = error.__cause__
            wire, packed = {}, (ABSENT, ABSENT)
        return messages.Error(messages.Invocation.CODE, invoked.message.request, wire, answer.uri, *packed)


def _succeeded(pending: Pending, value: Any) -> Succeeded | None:
    return None if pending.reply is None else Succeeded(pending.reply, value)


def _match(options: SubscribeOptions | None) -> str:
    return (None if options is None else options.match) or Match.EXACT.value


def _procedure(invoked: Invoked) -> str:
    """Return the URI that was called, which a pattern-based registration does not tell."""
    return invoked.message.details.get("procedure") or invoked.registration.procedure


def _name(message: Message) -> str:
    return type(message).__name__.upper()


_KNOWN_URIS: Final[set[str]] = set()
"""Valid exact URIs that were used, so that each is checked once. Bounded: an application's URIs may hold ids."""
_KNOWN_URIS_LIMIT: Final = 1024


def _learn(uri: str, match: str | None) -> None:
    """Check a URI and remember an exact one; raise InvalidUriError."""
    policy = Match(match or Match.EXACT)
    if not is_valid(uri, match=policy):
        raise InvalidUriError(f"{uri!r} is not a valid URI for {policy} matching")
    if policy is Match.EXACT:
        if len(_KNOWN_URIS) >= _KNOWN_URIS_LIMIT:
            _KNOWN_URIS.clear()
        _KNOWN_URIS.add(uri)


Method = Callable[[ClientSession, Any], Effect | None]

_ANSWERS: Final[dict[type[Message], Method]] = {
    messages.Result: ClientSession._on_result,
    messages.Error: ClientSession._on_error,
    messages.Published: ClientSession._on_published,
    messages.Registered: ClientSession._on_registered,
    messages.Unregistered: ClientSession._on_unregistered,
    messages.Subscribed: ClientSession._on_subscribed,
    messages.Unsubscribed: ClientSession._on_unsubscribed,
    messages.Event: ClientSession._on_event,
}
"""What arrives both on the realm and while the router's GOODBYE is awaited."""

_FROM_ROUTER: Final = [message for message in messages.MESSAGES.values() if message.SENDER & messages.Sender.ROUTER]

TABLE: Final[Mapping[tuple[State, type[Message]], Method]] = {
    (State.JOINING, messages.Welcome): ClientSession._on_welcome,
    (State.JOINING, messages.Challenge): ClientSession._on_challenge,
    (State.JOINING, messages.Abort): ClientSession._on_abort,
    (State.CHALLENGED, messages.Abort): ClientSession._on_abort,
    (State.WELCOMED, messages.Abort): ClientSession._on_abort,
    (State.WELCOMED, messages.Goodbye): ClientSession._on_goodbye,
    (State.JOINED, messages.Abort): ClientSession._on_abort,
    (State.JOINED, messages.Goodbye): ClientSession._on_goodbye,
    (State.JOINED, messages.Invocation): ClientSession._on_invocation,
    (State.JOINED, messages.Interrupt): ClientSession._on_interrupt,
    **{(State.JOINED, message): method for message, method in _ANSWERS.items()},
    # An invocation that crosses our GOODBYE is not run: its answer could not be sent any more.
    (State.LEAVING, messages.Invocation): ClientSession._ignore,
    (State.LEAVING, messages.Interrupt): ClientSession._on_interrupt,
    (State.LEAVING, messages.Abort): ClientSession._on_abort,
    (State.LEAVING, messages.Goodbye): ClientSession._on_goodbye_reply,
    **{(State.LEAVING, message): method for message, method in _ANSWERS.items()},
    **{(State.OVER, message): ClientSession._ignore for message in _FROM_ROUTER},
}
"""(state, message) -> method. What is missing is a protocol violation."""

_ACCEPTED: Final[Mapping[State, Mapping[type[Message], Method]]] = {
    state: {message: method for (of, message), method in TABLE.items() if of is state} for state in State
}
"""The table again, one row at a time: a message costs one look-up."""
