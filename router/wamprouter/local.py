"""Sessions inside the router: connected in memory, and apart from that like any other peer.

A message of theirs goes through the same state table, authorization and realm. What the router has for them waits in a
queue with a bound and is handed over in a turn of its own, so that a component never runs in the middle of routing.
Autobahn's own session classes are served too, through their serializer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec.structs import replace
from twisted.logger import Logger

from wamp.exception import TransportLost
from wamp.protocol.codec import CODECS, Codec
from wamp.protocol.errors import CLOSE_SYSTEM_SHUTDOWN
from wamp.protocol.messages import ABSENT, Message
from wamp.protocol.serializers import transcode
from wamp.types import ComponentConfig, TransportDetails
from wamprouter.auth import Applicant, Gate, Grant
from wamprouter.authz import Access
from wamprouter.server.links import Throttled, Wire
from wamprouter.server.peer import Lobby, Peer
from wamprouter.session import Session, State

if TYPE_CHECKING:
    from wamprouter.realm.realm import Realm

__all__ = ["CODEC", "LIMIT", "WIRE", "Handler", "LocalConnection", "LocalGate", "made"]

_log = Logger()

CODEC: Final = CODECS["msgpack"]  # what payloads of local sessions are in; it has binary values, and msgspec is fast
_OVERHEAD: Final = 200  # bytes that a message counts besides its payload
LIMIT: Final = 16 * 1024 * 1024
"""Bytes that may wait for a session: as for network connections."""
_PATIENCE: Final = 5.0  # seconds from its reply to GOODBYE for what a session has to do before it closes
_BURST: Final = 1000  # messages handed over in one turn, so that a busy component does not stop the router


class LocalGate:
    """Admits a session with the role that the configuration gives it; ``provider`` says what the session is of."""

    def __init__(self, authid: str, role: str, provider: str = "component") -> None:
        self._grant = Grant(authid, role, "local", provider)
        # What comes by HTTP is a client's.
        self.access = Access.ROUTER if provider == "component" else Access.CLIENT

    def admit(self, applicant: Applicant) -> Grant:
        return self._grant

    def still_admits(self, grant: Grant) -> bool:
        return grant == self._grant

    def knows_cookie(self, cookie: str) -> bool:
        return False

    def forget(self, cookie: str | None) -> None:
        """Components have no cookies."""


class _LocalWire:
    """Packs nothing: a message stays an object, its payload in the codec of the session."""

    __slots__ = ("_codec",)

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def pack(self, message: Message, source: Codec | None) -> Message:
        if source is None or source is self._codec:
            return message
        old, new = source.serializer, self._codec.serializer
        args = transcode(message.args, old, new)  # type: ignore[attr-defined]  # a source means a payload
        return replace(message, args=args, kwargs=transcode(message.kwargs, old, new))  # type: ignore[attr-defined]  # see above

    def unsent(self) -> None:
        """Make nothing of it."""


WIRE: Final[Wire] = _LocalWire(CODEC)
_WIRES: Final[dict[Codec, Wire]] = {CODEC: WIRE}  # codec -> the wire that its sessions share


class Handler(Protocol):
    """The session at the other end."""

    def onOpen(self, transport: Any) -> None: ...
    def onMessage(self, message: Any) -> None: ...
    def onClose(self, wasClean: bool) -> None: ...


class LocalConnection:
    """Both ends of an in-memory connection: a link and a connection for the router, a transport for the session.

    The session has the role that is given, or what the gate grants: then it is a stranger, with credentials as on a network.
    """

    owner: Throttled | None = None
    kind = "memory"
    ending = ""
    cookie: str | None = None
    has_new_cookie = False

    def __init__(
        self,
        lobby: Lobby,
        call_soon: Callable[[Callable[[], None]], object],
        name: str,
        role: str = "",
        *,
        gate: Gate | None = None,
        address: str = "local",
        limit: int = LIMIT,
        codec: Codec = CODEC,
    ) -> None:
        """``address`` is whose joins are counted, ``limit`` how many bytes may wait for the session.

        Its payloads are in ``codec``.
        """
        self.codec = codec
        self.wire = _WIRES.setdefault(codec, _LocalWire(codec))
        self.name = name
        self.address = address
        self.high_water = self.limit = limit
        self.queued = 0
        self.sent = 0
        self.details = TransportDetails(
            channel_type=TransportDetails.CHANNEL_TYPE_MEMORY,
            channel_framing=TransportDetails.CHANNEL_FRAMING_NATIVE,
            channel_serializer=TransportDetails.CHANNEL_SERIALIZER_MSGPACK,
            own=name,
            peer="router",
        )
        self._who = f"component {name}" if gate is None else name  # in the log
        self._lobby = lobby
        self._call_soon = call_soon
        self._queue: deque[Message] = deque()
        self._is_due = False
        self._is_held = False
        self._is_leaving = False
        self._handler: Handler | None = None
        self._peer = Peer(lobby, gate or LocalGate(name, role), self, codec, self)

    @property
    def session(self) -> Session | None:
        """What the router knows of the session that is established here; None if none is."""
        return self._peer.session

    @property
    def handler(self) -> Handler | None:
        """The session at the other end; None before it is there, and when it has gone."""
        return self._handler

    def open(self, handler: Handler) -> None:
        """Connect a session."""
        self._handler = handler
        handler.onOpen(self)

    # -- Link and Connection: the router's view

    def append(self, packed: Message) -> None:
        self._queue.append(packed)
        self.sent += 1
        self.queued += _size(packed)
        self._hand_over_soon()

    def _hand_over_soon(self) -> None:
        if self._queue and not self._is_due and not self._is_held:
            self._is_due = True
            self._call_soon(self._hand_over)

    def flush(self) -> None:
        """Nothing to do: handing over is due already."""

    def throttle(self, feeder: Throttled) -> None:
        """Nobody waits for a component: at the limit it is expelled, or its events are dropped."""

    def expel(self, reason: str) -> None:
        _log.error("{name} is ended: {reason}", name=self._who, reason=reason)
        self._queue.clear()
        self.queued = 0
        self.ending = "slow_consumer"
        self.abort()

    def _hand_over(self) -> None:
        self._is_due = False
        queue = self._queue
        for _ in range(min(len(queue), _BURST)):
            if self._handler is None or self._is_held or not queue:
                return
            message = queue.popleft()
            self.queued -= _size(message)
            try:
                self._handler.onMessage(message)
            except Exception:  # noqa: BLE001  # user code, and Autobahn's: whatever it raises is not the router's end
                _log.failure("{name} is ended: it failed at a message", name=self._who)
                self.ending = "failed"
                self.abort()
        self._hand_over_soon()

    def dismiss(self, reason: str, *, may_return: bool = False) -> None:
        self.close(reason)

    def drop(self, reason: str) -> None:
        self.close(reason)

    def described(self) -> dict[str, Any]:
        return {"type": "memory", "peer": self.name}

    def certificate(self) -> None:
        """There is no TLS in memory."""

    def channel_binding(self, kind: str) -> None:
        """See ``certificate``."""

    def revise(self, changed: Container[Realm]) -> None:
        """Look at the session again: the configuration is another one now, and so are these realms."""
        self._peer.revise(changed)

    def spare_pings(self) -> None:
        """There are none in memory."""

    def pause_reading(self) -> None:
        """A component is not read from: what it sends is here at once."""

    def resume_reading(self) -> None:
        """See ``pause_reading``."""

    # -- Transport: the session's view

    def send(self, message: Message) -> None:
        if self._handler is None:
            raise TransportLost("the component's connection is closed")
        self._peer.handle(message)
        self._lobby.dispatcher.flush_soon()

    def receive(self, data: bytes) -> None:
        """Take a message as the bytes that it is on a network: whatever is wrong with it ends the session as there."""
        if self._handler is None:
            raise TransportLost("the connection is closed")
        self._peer.receive(data)
        self._lobby.dispatcher.flush_soon()

    @property
    def is_congested(self) -> bool:
        return False  # what is sent is taken at once

    def call_when_drained(self, action: Callable[[], None]) -> None:
        action()

    def hold(self) -> None:
        """Hand nothing over for now: what comes waits here, and counts as what a slow peer has not read."""
        self._is_held = True

    def go_on(self) -> None:
        """Hand over again."""
        self._is_held = False
        self._hand_over_soon()

    def is_open(self) -> bool:
        return self._handler is not None

    def close(self, reason: str = "", *, violation: bool = False) -> None:
        """End the connection, for either end, once what is queued has been handed over."""
        if violation:
            _log.error("{name} broke the protocol: {reason}", name=self._who, reason=reason)
        if self._is_leaving and self._peer.state is State.CLOSED:
            # It has replied to our GOODBYE. It may have something to do still, and closes by itself when that is done.
            self._is_leaving = False
            self._lobby.call_later(_PATIENCE, self._close)
        else:
            self._call_soon(self._close)

    def _close(self) -> None:
        self._is_held = False
        self._hand_over()
        if self._queue and self._handler is not None:
            self._call_soon(self._close)
        else:
            self._end(was_clean=True)

    def abort(self) -> None:
        self._end(was_clean=False)

    def _end(self, *, was_clean: bool) -> None:
        handler, self._handler = self._handler, None
        if handler is not None:
            self._peer.lost()
            self._lobby.dispatcher.flush_soon()
            try:
                handler.onClose(was_clean)
            except Exception:  # noqa: BLE001  # as in ``_hand_over``
                _log.failure("{name} failed at its end", name=self._who)

    def leave(self) -> None:
        """Tell the session to go: the router stops, or has this component no longer. One that has not joined is closed."""
        if self._peer.state is State.ESTABLISHED:
            self._is_leaving = True
            self._peer.leave(CLOSE_SYSTEM_SHUTDOWN)
        elif self._peer.state is not State.CLOSING:
            self.close()


def _size(message: Message) -> int:
    args, kwargs = getattr(message, "args", ABSENT), getattr(message, "kwargs", ABSENT)
    return _OVERHEAD + len(memoryview(args)) + len(memoryview(kwargs))


class _AutobahnHandler:
    """Lets a session class of Autobahn's take part: its messages go through Autobahn's serializer."""

    def __init__(self, session: Any) -> None:
        from autobahn.wamp.serializer import MsgPackSerializer

        self._session = session
        self._serializer = MsgPackSerializer()

    def onOpen(self, connection: LocalConnection) -> None:
        self._session.onOpen(_AutobahnTransport(connection, self._serializer))

    def onMessage(self, message: Message) -> None:
        for theirs in self._serializer.unserialize(CODEC.encode(message), True):
            self._session.onMessage(theirs)

    def onClose(self, wasClean: bool) -> None:
        self._session.onClose(wasClean)


class _AutobahnTransport:
    """What Autobahn's sessions ask of a transport."""

    def __init__(self, connection: LocalConnection, serializer: Any) -> None:
        from autobahn.wamp.types import TransportDetails as AutobahnDetails
        from twisted.internet.defer import Deferred

        self._connection = connection
        self._serializer = serializer
        self.transport_details = AutobahnDetails(
            channel_type=AutobahnDetails.CHANNEL_TYPE_MEMORY,
            channel_framing=AutobahnDetails.CHANNEL_FRAMING_NATIVE,
            channel_serializer=AutobahnDetails.CHANNEL_SERIALIZER_MSGPACK,
            peer="router",
            is_server=False,
        )
        self.is_closed: Deferred[Any] = Deferred()

    def send(self, message: Any) -> None:
        data, _is_binary = self._serializer.serialize(message)
        self._connection.send(CODEC.decode(data))

    def isOpen(self) -> bool:
        return self._connection.is_open()

    def close(self) -> None:
        self._connection.close()

    def abort(self) -> None:
        self._connection.abort()

    def get_channel_id(self, channel_id_type: str | None = None) -> None:
        """A connection in memory has nothing to bind to."""


def made(session_class: type[Any], *, realm: str, extra: Any) -> Handler:
    """Return a session of a class, ours or Autobahn's, which is constructed with its own kind of ComponentConfig."""
    if any(base.__module__.startswith("autobahn.") for base in session_class.__mro__):
        from autobahn.wamp.types import ComponentConfig as AutobahnConfig

        return _AutobahnHandler(session_class(AutobahnConfig(realm=realm, extra=extra)))
    session: Handler = session_class(ComponentConfig(realm=realm, extra=extra))
    return session
