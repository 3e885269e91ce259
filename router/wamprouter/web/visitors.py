"""Sessions in a realm for those who come by HTTP: the one way in from the web side.

A visitor is a session in memory like a hosted component's: with a role, through authorization and the realm's limits, and seen
by the meta API. It joins when something is asked of it, and again if it is needed after it has ended, because somebody has
killed it or its realm was closed. Each request is answered exactly once, by a time that is given, unless it is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
from twisted.logger import Logger

from wamp.protocol.errors import (
    CLOSE_GOODBYE_AND_OUT,
    CallTimeout,
    Canceled,
    InvalidArgument,
    ProtocolViolation,
    Unavailable,
)
from wamp.protocol.ids import RequestIds
from wamp.protocol.messages import (
    ABSENT,
    Abort,
    Call,
    Cancel,
    Error,
    Event,
    Goodbye,
    Hello,
    Message,
    Publish,
    Published,
    Raw,
    Result,
    Subscribe,
    Subscribed,
    Unsubscribed,
    Welcome,
)
from wamp.protocol.roles import announcement
from wamprouter.local import CODEC, LIMIT, LocalConnection, LocalGate

if TYPE_CHECKING:
    from wamp.protocol.codec import Codec
    from wamprouter.realm.realm import Realm
    from wamprouter.server.forms import Maker

__all__ = ["Asked", "Done", "Entrance", "Outcome", "Visitor", "packed"]

_log = Logger()

_ROLES: Final = announcement(
    {
        "caller": ("call_canceling", "caller_identification"),
        "publisher": ("publisher_exclusion", "publisher_identification", "subscriber_blackwhite_listing"),
        "subscriber": ("pattern_based_subscription", "publisher_identification", "subscription_revocation"),
    }
)
_PROVIDER: Final = "http"
"""The authprovider of visitors, by which they can be told from components."""


class Outcome(msgspec.Struct):
    """What came of a request: payload and id of the answer, or an error with its payload."""

    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    error: str | None = None
    id: int = 0
    """The publication's or the subscription's."""

    @classmethod
    def failed(cls, uri: str, text: str) -> Outcome:
        """Return an error of the router's own."""
        return cls([text], error=uri)


Done = Callable[[Outcome], None]


class Asked:
    """A request, and who waits for its answer."""

    __slots__ = ("done", "is_call", "make", "request", "timer")

    def __init__(self, make: Callable[[int], Message], done: Done, *, is_call: bool = False) -> None:
        self.make = make
        self.done: Done | None = done
        """None when it is over."""
        self.is_call = is_call
        self.request: int | None = None
        """None until it is sent."""
        self.timer: Any = None

    def conclude(self, outcome: Outcome | None) -> None:
        """Tell who waits, unless it is over or ``None`` is to be told."""
        done, self.done = self.done, None
        if self.timer is not None and self.timer.active():
            self.timer.cancel()
        if done is not None and outcome is not None:
            try:
                done(outcome)
            except Exception:  # noqa: BLE001  # a bug of ours, which must not keep others from their answers
                _log.failure("while answering a request of HTTP")


class Visitor:
    """One session: what is asked of it waits until it has joined."""

    def __init__(self, house: Entrance, address: str = "local", *, limit: int = LIMIT, codec: Codec = CODEC) -> None:
        """``limit`` is how many bytes may wait for it, ``address`` whose joins are counted, ``codec`` what its payloads are in."""
        self.codec = codec
        self._house = house
        self._address = address
        self._limit = limit
        self._connection: LocalConnection | None = None
        self._is_joined = False
        self._was_joined = False  # at any time since it has connected
        self._is_retired = False
        self._end = ""  # why the session has ended, if somebody has said so
        self._ids = RequestIds()
        self._waiting: dict[Asked, None] = {}  # until the session has joined
        self._asked: dict[int, Asked] = {}  # request -> who waits for its answer
        self.hear: Callable[[Event], None] | None = None
        """Takes events."""
        self.ended: Callable[[str], None] | None = None
        """Is told that the session or one of its subscriptions has ended, and why."""

    @property
    def connection(self) -> LocalConnection | None:
        """The connection of the session; None before anything was asked and after its end."""
        return self._connection

    @property
    def in_flight(self) -> int:
        """How many requests wait for their answer."""
        return len(self._waiting) + len(self._asked)

    # -- what is asked

    def call(
        self,
        procedure: str,
        payload: tuple[Raw, Raw],
        options: Mapping[str, Any],
        done: Done,
        *,
        timeout: float,
    ) -> Asked:
        """Call a procedure. After ``timeout`` seconds it is ``wamp.error.timeout``, and the callee is told to stop."""
        return self._ask(
            Asked(lambda request: Call(request, dict(options), procedure, *payload), done, is_call=True), timeout
        )

    def publish(
        self, topic: str, payload: tuple[Raw, Raw], options: Mapping[str, Any], done: Done, *, timeout: float
    ) -> Asked:
        """Publish an event, and learn whether that was done."""
        wanted = {**options, "acknowledge": True}
        return self._ask(Asked(lambda request: Publish(request, wanted, topic, *payload), done), timeout)

    def subscribe(self, topic: str, options: Mapping[str, Any], done: Done, *, timeout: float) -> Asked:
        """Subscribe; events go to ``hear``."""
        return self._ask(Asked(lambda request: Subscribe(request, dict(options), topic), done), timeout)

    def take_back(self, asked: Asked) -> None:
        """Wait no longer for an answer: a call that was made is cancelled."""
        self._drop(asked, None)

    def _ask(self, asked: Asked, timeout: float) -> Asked:
        late = Outcome.failed(CallTimeout.uri, "no answer in time")
        asked.timer = self._house.call_later(timeout, partial(self._drop, asked, late))
        # One that was killed is not told at once: what would be sent to it now would be lost.
        if self._is_joined and self._connection is not None and self._connection.session is not None:
            self._send(asked)
        else:
            self._waiting[asked] = None
            if self._connection is None:
                self._join()
        return asked

    def _send(self, asked: Asked) -> None:
        asked.request = request = next(self._ids)
        self._asked[request] = asked
        self._transmit(asked.make(request))

    def _drop(self, asked: Asked, outcome: Outcome | None) -> None:
        if asked.request is None:
            self._waiting.pop(asked, None)
        elif self._asked.pop(asked.request, None) is not None and asked.is_call:
            self._transmit(Cancel(asked.request, {"mode": "killnowait"}))
        asked.conclude(outcome)
        self._leave_if_done()

    def _transmit(self, message: Message) -> None:
        if self._connection is not None and self._connection.is_open():
            self._connection.send(message)

    # -- the session

    def _join(self) -> None:
        house = self._house
        self._was_joined = False
        self._end = ""
        self._ids = RequestIds()
        connection = LocalConnection(
            house.lobby,
            house.call_soon,
            house.name,
            gate=LocalGate(house.name, house.role, _PROVIDER),
            address=self._address,
            limit=self._limit,
            codec=self.codec,
        )
        self._connection = connection
        connection.open(self)

    def revise(self, changed: Container[Realm]) -> None:
        """Look at the session again: the configuration is another one now, and so are these realms."""
        if self._connection is not None:
            self._connection.revise(changed)

    def retire(self) -> None:
        """End the session when what is asked of it has its answer. One that hears events ends at once."""
        self._is_retired = True
        if self.hear is not None:
            self.leave()
        self._leave_if_done()

    def _leave_if_done(self) -> None:
        if self._is_retired and not self.in_flight:
            self.leave()

    def leave(self) -> None:
        """End the session. What waits for an answer is told so."""
        if self._connection is not None:
            self._connection.leave()

    def cut(self) -> None:
        """End the session at once, without a word."""
        if self._connection is not None:
            self._connection.abort()

    # -- Handler

    def onOpen(self, transport: Any) -> None:
        transport.send(Hello(self._house.realm, {"roles": _ROLES, "agent": _PROVIDER}))

    def onMessage(self, message: Message) -> None:
        match message:
            case Event():
                if self.hear is not None:
                    self.hear(message)
            case Result() | Error() | Published() | Subscribed():
                asked = self._asked.pop(message.request, None)
                if asked is not None:
                    asked.conclude(_outcome(message, self.codec))
                    self._leave_if_done()
            case Welcome():
                self._is_joined = self._was_joined = True
                waiting, self._waiting = self._waiting, {}
                for one in waiting:
                    self._send(one)
            case Unsubscribed():
                self._tell_end(str(message.details.get("reason", "")) or "the subscription was taken away")
            case Goodbye():
                self._is_joined = False  # what is asked from now on is for the next session
                self._end = str(message.details.get("message") or message.reason)
                self._transmit(Goodbye({}, CLOSE_GOODBYE_AND_OUT))
                self._close()
            case Abort():
                self._end = str(message.details.get("message") or message.reason)

    def onClose(self, wasClean: bool) -> None:
        self._connection = None
        self._is_joined = False
        text = f"the session has ended: {self._end}" if self._end else "there is no session now"
        asked, self._asked = self._asked, {}
        if self._was_joined and self._waiting and not self._house.lobby.is_closed:
            self._join()
        else:
            waiting, self._waiting = self._waiting, {}
            for one in waiting:
                one.conclude(Outcome.failed(Unavailable.uri, text))
        for one in asked.values():
            # Whether it was done is not known.
            one.conclude(Outcome.failed(Canceled.uri, text))
        self._tell_end(text)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _tell_end(self, text: str) -> None:
        if self.ended is not None:
            self.ended(text)


class Entrance:
    """Where the requests to one path enter a realm: with a session that they share, or with one of their own."""

    def __init__(self, maker: Maker, name: str, realm: str, role: str) -> None:
        self.lobby = maker.lobby
        self.call_later = maker.reactor.callLater
        self.name = name
        """The path, which is also the authid of the sessions."""
        self.realm = realm
        self.role = role
        self.in_flight = 0
        """Requests of HTTP that are being answered."""
        self._visitors: dict[Visitor, None] = {}
        self._shared: Visitor | None = None

    def call_soon(self, action: Callable[[], None]) -> object:
        """Do something in the next turn."""
        return self.call_later(0, action)

    @property
    def shared(self) -> Visitor:
        """The session that requests share."""
        if self._shared is None:
            self._shared = self.visit()
        return self._shared

    def visit(self, address: str = "local", *, limit: int = LIMIT, codec: Codec = CODEC) -> Visitor:
        """Return a session for somebody alone, to be given back to ``forget``."""
        visitor = Visitor(self, address, limit=limit, codec=codec)
        self._visitors[visitor] = None
        return visitor

    def forget(self, visitor: Visitor) -> None:
        """End a session that somebody has had alone."""
        self._visitors.pop(visitor, None)
        visitor.cut()

    def revise(self, changed: Container[Realm]) -> None:
        """Look at the sessions again: the configuration is another one now, and so are these realms."""
        for visitor in list(self._visitors):
            visitor.revise(changed)

    def retire(self) -> None:
        """End each session when it has nothing to do any more: the configuration has this path no longer, or another one there."""
        for visitor in list(self._visitors):
            visitor.retire()

    def leave(self) -> None:
        """End all sessions now: the router stops, or closes the port."""
        for visitor in list(self._visitors):
            visitor.leave()


def packed(args: list[Any], kwargs: Mapping[str, Any], codec: Codec = CODEC) -> tuple[Raw, Raw]:
    """Return a payload as visitors send it; raise TranscodingError if their codec has no form for it."""
    pack = codec.serializer.pack
    return (pack(args) if args or kwargs else ABSENT), (pack(kwargs) if kwargs else ABSENT)


def _outcome(message: Any, codec: Codec) -> Outcome:
    if isinstance(message, Published):
        return Outcome(id=message.publication)
    if isinstance(message, Subscribed):
        return Outcome(id=message.subscription)
    error = message.error if isinstance(message, Error) else None
    try:
        args, kwargs = codec.values(message)
    except ProtocolViolation as violation:  # of a hosted component, whose payloads no codec has looked at
        return Outcome.failed(InvalidArgument.uri, f"a malformed answer: {violation}")
    return Outcome(args, kwargs, error)
