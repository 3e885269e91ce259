"""What is spoken on a WebSocket listener: WAMP, or an echo for tools that test WebSocket conformance."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Any

from autobahn.websocket.types import ConnectionDeny

from wamp.protocol.codec import Codec
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.subprotocols import SUBPROTOCOLS, BatchFraming
from wamprouter.auth import Gate
from wamprouter.server.cookies import HandshakeCookies
from wamprouter.server.dispatch import Dispatcher
from wamprouter.server.links import (
    BINARY,
    TEXT,
    Deflater,
    DeflateWire,
    Wire,
    batched_wire,
    websocket_frame,
    websocket_wire,
)
from wamprouter.server.outbox import Outbox
from wamprouter.server.peer import Lobby, Peer
from wamprouter.server.turns import LOOK, MESSAGES, TURN
from wamprouter.server.websocket import Conversation, WebSocketConnection
from wamprouter.session import State

if TYPE_CHECKING:
    from wamprouter.realm.realm import Realm

__all__ = ["EchoService", "WampService"]


class WampService:
    """WAMP, in the serializers that the listener has."""

    def __init__(
        self,
        lobby: Lobby,
        gate: Gate,
        serializers: list[str],
        make_peer: Callable[..., Peer] = Peer,
        cookies: HandshakeCookies | None = None,
    ) -> None:
        self._lobby = lobby
        self._make_peer = make_peer
        self._gate = gate
        self.cookies = cookies
        self._subprotocols = {
            name: (codec, is_batched)
            for name, (codec, is_batched) in SUBPROTOCOLS.items()
            if codec.serializer.name in serializers
        }
        dispatcher = lobby.dispatcher
        self.dirty = dispatcher.dirty
        self.flush = dispatcher.flush
        self.flush_soon = dispatcher.flush_soon

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        for name in offered:
            if name in self._subprotocols:
                return name
        known = ", ".join(self._subprotocols)
        raise ConnectionDeny(ConnectionDeny.BAD_REQUEST, f"offer one of these WebSocket subprotocols: {known}")

    def wire(self, subprotocol: str | None, compressor: Any) -> Wire:
        codec, is_batched = self._subprotocols[subprotocol or ""]
        if is_batched:
            return batched_wire(codec, b"\x1e")
        return websocket_wire(codec) if compressor is None else DeflateWire(codec, Deflater(compressor))

    def first_octet(self, subprotocol: str | None) -> int:
        codec, _ = self._subprotocols[subprotocol or ""]
        return BINARY if codec.serializer.binary else TEXT

    def converse(self, connection: WebSocketConnection, subprotocol: str | None, outbox: Outbox) -> Conversation:
        codec, is_batched = self._subprotocols[subprotocol or ""]
        peer = self._make_peer(self._lobby, self._gate, connection, codec, outbox)
        return BatchedPeer(peer, codec, outbox, connection) if is_batched else peer

    def is_idle(self, conversation: Any) -> bool:
        return conversation is not None and conversation.state is State.WAITING


class BatchedPeer:
    """A peer that gets its messages in batches, and handles them some at a time."""

    __slots__ = ("_backlog", "_connection", "_framing", "_outbox", "_peer", "codec")

    def __init__(self, peer: Peer, codec: Codec, outbox: Outbox, connection: WebSocketConnection) -> None:
        self._peer = peer
        self._connection = connection
        self._backlog: deque[bytes] = deque()
        self._outbox = outbox
        self._framing = BatchFraming(codec.serializer)
        self.codec = codec

    @property
    def state(self) -> State:
        return self._peer.state

    @property
    def authenticating_since(self) -> float:
        return getattr(self._peer, "authenticating_since", 0.0)

    def receive(self, data: bytes) -> bool:
        try:
            messages = self._framing.split(data)
        except ProtocolViolation as violation:
            self._peer.abort(violation)
            return False
        if self._peer.state is State.WAITING:
            # The separator that the peer uses is known from here on.
            self._outbox.wire = batched_wire(self.codec, self._framing.wrap(b""))
        self._backlog.extend(messages)
        return self.go_on()

    def go_on(self) -> bool:
        """Handle as many messages as belong in one turn; tell whether some are left."""
        backlog = self._backlog
        now = self._connection.turns.now
        ends_at = now() + TURN
        for left in range(min(MESSAGES, len(backlog)), 0, -1):
            self._peer.receive(backlog.popleft())
            if not backlog or self._connection.is_paused or (not left & LOOK and now() > ends_at):
                break
        return bool(backlog)

    def revise(self, changed: Container[Realm]) -> None:
        self._peer.revise(changed)

    def lost(self) -> None:
        self._backlog.clear()
        self._peer.lost()


class EchoConversation:
    """Sends every message back as it came."""

    __slots__ = ("_connection", "_frame", "_outbox", "first")

    def __init__(self, connection: WebSocketConnection, outbox: Outbox, compressor: Any) -> None:
        self._connection = connection
        self._outbox = outbox
        self._frame = websocket_frame if compressor is None else Deflater(compressor).frame
        self.first = BINARY
        """The first octet of the message that comes next: the connection sets it."""

    def receive(self, data: bytes) -> None:
        outbox = self._outbox
        outbox.append(self._frame(self.first, data))
        if outbox.queued > outbox.limit:
            self._connection.expel("the outbound queue is full")
        elif outbox.queued > outbox.high_water:
            outbox.throttle(self._connection)

    def revise(self, changed: Container[Realm]) -> None:
        """An echo has no session."""

    def lost(self) -> None:
        pass


class EchoService:
    """No WAMP: every message comes back, for tools that test WebSocket conformance."""

    cookies: HandshakeCookies | None = None

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dirty = dispatcher.dirty
        self.flush = dispatcher.flush
        self.flush_soon = dispatcher.flush_soon

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        return offered[0] if offered else None

    def wire(self, subprotocol: str | None, compressor: Any) -> Any:
        """An echo encodes nothing."""
        return None

    def first_octet(self, subprotocol: str | None) -> int:
        return 0

    def converse(self, connection: WebSocketConnection, subprotocol: str | None, outbox: Outbox) -> EchoConversation:
        return EchoConversation(connection, outbox, connection._perMessageCompress)

    def is_idle(self, conversation: Any) -> bool:
        """An echo never waits for a HELLO."""
        return False
