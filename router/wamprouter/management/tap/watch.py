"""How a session's messages are looked at, without any cost for those that nobody looks at.

What comes in passes ``Peer.handle``: a peer that is watched becomes, in place, one of a class that tells of each message first.
What goes out is packed by the wire of the session's link: that gets one which tells of each message as well. Both are put back as
they were when nobody watches any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.messages import (
    Call,
    Cancel,
    Error,
    Event,
    EventReceived,
    Hello,
    Interrupt,
    Invocation,
    Message,
    Publish,
    Register,
    Registered,
    Result,
    Subscribe,
    Subscribed,
    Unregister,
    Unsubscribe,
    Yield,
)
from wamprouter.management.tap.records import name_of
from wamprouter.management.tap.tap import Direction, Seen, Tap
from wamprouter.server.peer import Peer

if TYPE_CHECKING:
    from wamp.protocol.codec import Codec
    from wamprouter.realm.calls import InFlight
    from wamprouter.server.links import Wire
    from wamprouter.session import Session

__all__ = ["Watch", "Watches"]

_REMEMBERED: Final = 1000
"""Requests of a session whose URIs are known for their answers."""

_OWN: Final = "router.tap."
"""Topics of which no tap tells: it would tell of itself."""

Hear = Callable[[Tap, Seen], None]


class Watches:
    """All sessions that are looked at, by their peers."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._watches: dict[Peer, Watch] = {}
        self._by_session: dict[
            int, Watch
        ] = {}  # session id -> Watch; a session that ends may have lost its peer already
        self._classes: dict[type[Peer], type[Peer]] = {}  # of a peer -> of one that is watched

    def __len__(self) -> int:
        return len(self._watches)

    def add(self, session: Session, tap: Tap) -> None:
        """Let a tap see a session's messages, if it has a connection at all."""
        peer = session.link.owner
        if not isinstance(peer, Peer):
            return
        watch = self._watches.get(peer)
        if watch is None:
            watch = self._watches[peer] = self._by_session[session.id] = Watch(session, peer, self._hear)
            watch.begin(self._watched(type(peer)))
        watch.taps.append(tap)

    def remove(self, tap: Tap) -> None:
        """Let a tap see nothing more."""
        for watch in list(self._watches.values()):
            if tap in watch.taps:
                watch.taps.remove(tap)
                if not watch.taps:
                    self._end(watch)

    def forget(self, session: Session) -> None:
        """Let nobody see a session any more, because it has ended."""
        watch = self._by_session.get(session.id)
        if watch is not None:
            self._end(watch)

    def _end(self, watch: Watch) -> None:
        del self._watches[watch.peer], self._by_session[watch.session.id]
        watch.end()

    def _watched(self, kind: type[Peer]) -> type[Peer]:
        """Return the class of a watched peer. It has no slots of its own, so that a peer can become one, and be itself again."""
        if kind not in self._classes:
            watches = self._watches

            class WatchedPeer(kind):  # type: ignore[misc, valid-type]  # a class that is known at run time only
                __slots__ = ()

                def receive(self, data: bytes) -> None:
                    watches[self].octets = len(data)
                    super().receive(data)

                def handle(self, message: Message) -> None:
                    watches[self].note_incoming(message)
                    super().handle(message)

            self._classes[kind] = WatchedPeer
        return self._classes[kind]


class Watch:
    """One session that is looked at."""

    __slots__ = ("_asked", "_class", "_given", "_hear", "_own_wire", "_wire", "octets", "peer", "session", "taps")

    def __init__(self, session: Session, peer: Peer, hear: Hear) -> None:
        self.session = session
        self.peer = peer
        self.taps: list[Tap] = []
        self.octets: int | None = None
        """The length of the message that is being read; None if it did not come as octets."""
        self._hear = hear
        self._class = type(peer)
        self._wire = session.link.wire
        self._own_wire = _WatchedWire(self._wire, self.note_outgoing)
        self._asked: dict[int, str] = {}  # request of this session -> URI
        self._given: dict[int, str] = {}  # INVOCATION.Request -> procedure

    def begin(self, kind: type[Peer]) -> None:
        self.peer.__class__ = kind
        self.session.link.wire = self._own_wire

    def end(self) -> None:
        self.peer.__class__ = self._class
        if self.session.link.wire is self._own_wire:
            self.session.link.wire = self._wire

    # -- messages

    def note_incoming(self, message: Message) -> None:
        """Tell of a message before it is handled."""
        octets, self.octets = self.octets, None
        uri = self._uri_in(message)
        is_confidential = isinstance(message, Yield | Error) and _is_own(self._call(message.request))
        size = _payload_size(message) if octets is None else octets
        self._note("in", message, uri, self.session.codec, size, is_confidential=is_confidential)

    def note_outgoing(self, message: Message, source: Codec | None, packed: Any) -> None:
        """Tell of a message that is put in the queue."""
        uri = self._uri_out(message)
        is_confidential = isinstance(message, Invocation) and _is_own(self._call(message.request))
        size = len(packed) if isinstance(packed, bytes) else _payload_size(message)
        codec = source or self.session.codec
        self._note("out", message, uri, codec, size, is_confidential=is_confidential)

    def _note(
        self, direction: Direction, message: Message, uri: str | None, codec: Codec, size: int, *, is_confidential: bool
    ) -> None:
        if uri is not None and uri.startswith(_OWN):
            return
        session, name = self.session, name_of(type(message))
        seen = Seen(direction, session.id, session.authid, message, name, uri, codec, size, is_confidential)
        for tap in self.taps:
            self._hear(tap, seen)

    def _call(self, invocation: int) -> InFlight | None:
        return self.session.invocations.get(invocation)

    # -- what a message is about

    def _uri_in(self, message: Message) -> str | None:
        match message:
            case Call() | Register():
                return self._ask(message.request, message.procedure)
            case Publish() | Subscribe():
                return self._ask(message.request, message.topic)
            case Yield() | Error():
                return self._given.get(message.request)
            case Cancel():
                return self._asked.get(message.request)
            case Unsubscribe():
                subscription = self.session.subscriptions.get(message.subscription)
                return None if subscription is None else self._ask(message.request, subscription.topic)
            case Unregister():
                registration = self.session.registrations.get(message.registration)
                return None if registration is None else self._ask(message.request, registration.procedure)
            case Hello():
                return message.realm
        return None

    def _uri_out(self, message: Message) -> str | None:
        match message:
            case Event():
                return self._topic(message)
            case Invocation():
                return self._give(message)
            case Interrupt():
                return self._given.get(message.request)
            case EventReceived():
                return None
            case Result() | Error() | Subscribed() | Registered():
                return self._asked.get(message.request)
        request = getattr(message, "request", None)
        return None if request is None else self._asked.get(request)

    def _topic(self, event: Event) -> str | None:
        topic = event.details.get("topic")
        subscription = self.session.subscriptions.get(event.subscription)
        return topic if isinstance(topic, str) else None if subscription is None else subscription.topic

    def _ask(self, request: int, uri: str) -> str:
        _remember(self._asked, request, uri)
        return uri

    def _give(self, invocation: Invocation) -> str | None:
        call = self._call(invocation.request)
        if call is None:
            return None
        procedure = call.registration.procedure if call.plan is None else call.plan.procedure
        _remember(self._given, invocation.request, procedure)
        return procedure


class _WatchedWire:
    """A wire that tells of what it packs. It is shared with nobody."""

    __slots__ = ("_note", "_wire")

    def __init__(self, wire: Wire, note: Callable[[Message, Codec | None, Any], None]) -> None:
        self._wire = wire
        self._note = note

    def pack(self, message: Message, source: Codec | None) -> Any:
        packed = self._wire.pack(message, source)
        self._note(message, source, packed)
        return packed

    def unsent(self) -> None:
        self._wire.unsent()


def _is_own(call: InFlight | None) -> bool:
    """Tell whether it is the router that asks, for instance an authenticator, or may be: of a call that is over nobody knows."""
    return call is None or call.caller.is_own


def _payload_size(message: Any) -> int:
    return len(memoryview(getattr(message, "args", b""))) + len(memoryview(getattr(message, "kwargs", b"")))


def _remember(known: dict[int, str], request: int, uri: str) -> None:
    known[request] = uri
    if len(known) > _REMEMBERED:
        del known[next(iter(known))]
