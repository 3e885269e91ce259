"""RawSocket: a length in front of each message (advanced profile, "RawSocket Transport").

Handshake and framing are in ``wamp.protocol.rawsocket``; this module gives them a socket.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Container
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.protocol import Factory, Protocol
from twisted.logger import Logger

from wamp.protocol.codec import CODECS
from wamp.protocol.errors import LimitExceeded, NetworkFailure, ProtocolViolation
from wamp.protocol.messages import Abort
from wamp.protocol.rawsocket import (
    SERIALIZERS,
    Accepted,
    FrameReader,
    FrameType,
    ServerHandshake,
    frame,
)
from wamprouter.auth import Gate
from wamprouter.server.admission import NoRoom
from wamprouter.server.connections import Connections, Limits, address_of, ended_by, is_cut
from wamprouter.server.links import rawsocket_wire
from wamprouter.server.metering import RateLimit, peer_class
from wamprouter.server.outbox import Outbox, socket_of, write_now
from wamprouter.server.peer import Lobby, Peer
from wamprouter.server.tls import channel_binding, is_secure, peer_certificate
from wamprouter.server.turns import LARGE, LOOK, MESSAGES, TakesTurns, Turns
from wamprouter.session import State

if TYPE_CHECKING:
    from wamprouter.config import RawSocketOptions
    from wamprouter.realm.realm import Realm

__all__ = ["RawSocketConnection", "RawSocketFactory"]

_log = Logger()

_PROBES: Final = 3  # of TCP, that remain unanswered before it gives up
_LEAST: Final = 2048  # octets that a peer must accept: a WELCOME has about 1000, with long names more
_FAREWELL: Final = 1.0  # seconds to read why the connection ends, as long as a WebSocket has for its close frame


class RawSocketConnection(TakesTurns, Protocol):
    """One RawSocket connection, over TCP, TLS or a Unix socket."""

    factory: RawSocketFactory
    transport: Any  # TCP, TLS or Unix: Twisted has no one name for what they have in common
    kind = "rawsocket"
    ending = ""

    # -- the life of a connection, as Twisted tells it

    def connectionMade(self) -> None:
        factory = self.factory
        connections = factory.connections
        self.limits = factory.limits
        self.address = address_of(self.transport.getPeer())
        self.opened_at = self.idle_since = self.heard_at = connections.now()
        self.pinged_at = 0.0
        self.is_shaken = False
        self._traffic = connections.transports.of(self.kind)
        self._begin_reading()
        self.outbox: Outbox | None = None
        self.peer: Peer | None = None
        self._reader: FrameReader | None = None
        self._frames: deque[tuple[FrameType, bytes]] = deque()
        self.place: str | None = None
        try:
            self.place = connections.enter(self.address)
        except NoRoom:
            pass  # the handshake has one word for all reasons
        self._handshake: ServerHandshake | None = ServerHandshake(
            factory.serializers, factory.max_length, min_peer_length=_LEAST, full=self.place is None
        )
        if not connections.add(self):
            self.transport.abortConnection()
        try:
            self.transport.setTcpNoDelay(True)
        except (AttributeError, OSError):  # a Unix socket has no such thing
            pass

    def connectionLost(self, reason: Any = None) -> None:
        self.ending = self.ending or ended_by(reason)
        self.factory.connections.discard(self)
        self._frames.clear()
        self._is_held = False
        if self.outbox is not None:
            self.outbox.close()
        self._part()
        self.factory.lobby.dispatcher.flush()

    # -- reading

    @property
    def turns(self) -> Turns:
        return self.factory.connections.turns

    def _may_be_read(self) -> bool:
        return self.peer is not None

    def _read(self, data: bytes) -> None:
        """Handle what has come, and leave for the next turn what is too much for this one."""
        self._begin_turn()
        try:
            if self._handshake is not None:
                data = self._shake_hands(self._handshake, data)
            if self._reader is not None and data:
                self._frames.extend(self._reader.feed(data))
            self._take()
        except ProtocolViolation as violation:
            if self.peer is None:
                _log.debug("refusing RawSocket peer: {reason}", reason=violation)
                self.ending = "refused"
                self.transport.loseConnection()
            else:
                self.peer.abort(violation)
        if self.peer is None:
            self._frames.clear()
        self.factory.lobby.dispatcher.flush()
        self._end_turn(is_something_left=bool(self._frames))

    def _take(self) -> None:
        """Handle as many frames as belong in one turn."""
        frames = self._frames
        left = min(MESSAGES, len(frames))
        while left and self.peer is not None and not self.is_paused:
            left -= 1
            if not left & LOOK and self.turns.now() > self._ends_at:
                left = 0
            kind, payload = frames.popleft()
            if kind is FrameType.MESSAGE:
                if len(payload) < LARGE:
                    self.peer.receive(payload)
                else:
                    began = monotonic()
                    self.peer.receive(payload)
                    self._spent += monotonic() - began
            elif kind is FrameType.PING and self.outbox is not None:
                self.outbox.append(frame(payload, FrameType.PONG))
                if self.outbox.queued > self.outbox.limit:
                    self.expel("pings without reading the answers")
                    return
            # A PONG needs no more than that something was heard.

    def _shake_hands(self, handshake: ServerHandshake, data: bytes) -> bytes:
        """Answer the handshake once it is complete; return what came behind it."""
        answer = handshake.receive(data)
        if answer is None:
            return b""
        self._handshake = None
        write_now(self.transport, answer.reply)
        if not isinstance(answer, Accepted):
            _log.debug("refusing RawSocket peer: {reason}", reason=answer.reason)
            self.ending = "refused"
            self.transport.loseConnection()
            return b""
        self._open(answer)
        return answer.rest

    def _open(self, accepted: Accepted) -> None:
        factory = self.factory
        self.is_shaken = True
        self.idle_since = factory.connections.now()
        self._reader = FrameReader(accepted.receive_limit)
        codec = CODECS[accepted.serializer]
        self.outbox = Outbox(
            self.transport,
            rawsocket_wire(codec, accepted.send_limit),
            factory.lobby.dispatcher.dirty,
            high_water=factory.options.high_water,
            limit=factory.options.outbound_queue_limit,
            call_later=factory.call_later,
            on_expel=self.expel,
            traffic=self._traffic,
        )
        self.peer = factory.make_peer(factory.lobby, factory.gate, self, codec, self.outbox)

    # -- Connection, for the peer

    def close(self, reason: str, *, violation: bool = False) -> None:
        self.ending = self.ending or ("violation" if violation else "ended")
        if self.outbox is not None:
            self.outbox.flush()
            self.outbox.close()
        self.limits = self.factory.limits  # who was spared pings: what is left to send must not wait for ever
        self.transport.loseConnection()

    def expel(self, reason: str) -> None:
        """Close because the peer does not read: what it has not read is thrown away, but for the reason."""
        if self.outbox is None or self.peer is None:
            return
        _log.info("disconnecting a slow consumer, {address}: {reason}", address=self.address, reason=reason)
        self.ending = self.ending or "slow_consumer"
        self.outbox.discard()
        self.outbox.close()
        farewell = self.outbox.wire.pack(Abort({"message": reason}, NetworkFailure.uri), None)
        self._part()
        self.transport.write(farewell)
        self.transport.loseConnection()
        # It waits until everything is sent, which with such a peer may be never.
        self.factory.call_later(_FAREWELL, self.transport.abortConnection)

    def dismiss(self, reason: str, *, may_return: bool = False) -> None:
        """Close because the peer asks too much of us. ``may_return`` if it may do so later: then without ABORT, which
        clients take for final."""
        if self.outbox is not None and self.peer is not None:
            self.ending = self.ending or "limit"
            if not may_return:
                self.outbox.append(self.outbox.wire.pack(Abort({"message": reason}, LimitExceeded.uri), None))
            self._part()
            self.close(reason)
            self.factory.call_later(_FAREWELL, self.transport.abortConnection)  # as in ``expel``

    def go_away(self, reason: str) -> None:
        self.ending = self.ending or "shutdown"
        self._part()
        self.close(reason)

    def _part(self) -> None:
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.lost()
            self.factory.lobby.dispatcher.flush_soon()

    # -- who is at the other end, for the gate

    cookie: str | None = None
    has_new_cookie = False

    def described(self) -> dict[str, Any]:
        return {
            "type": "rawsocket",
            "peer": self.address,
            "address": self.address,
            "is_secure": is_secure(self.transport),
        }

    def certificate(self) -> Any:
        return peer_certificate(self.transport)

    def channel_binding(self, kind: str) -> bytes | None:
        return channel_binding(self.transport, kind)

    def revise(self, changed: Container[Realm]) -> None:
        if self.peer is not None:
            self.peer.revise(changed)

    def spare_pings(self) -> None:
        """Let TCP find out whether the peer is alive. (A Unix socket needs nobody to.)"""
        interval, timeout = self.limits.ping_interval, self.limits.ping_timeout
        self.limits = self.factory.limits_without_pings
        handle = socket_of(self.transport).getHandle()
        if interval and handle.family != socket.AF_UNIX:
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, seconds in (("TCP_KEEPIDLE", interval), ("TCP_KEEPINTVL", timeout / _PROBES)):
                if hasattr(socket, option):  # Linux has all of these
                    handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), max(1, round(seconds)))
            if hasattr(socket, "TCP_KEEPCNT"):
                handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)

    # -- Monitored

    @property
    def is_idle(self) -> bool:
        return self.peer is not None and self.peer.state is State.WAITING

    @property
    def authenticating_since(self) -> float:
        return getattr(self.peer, "authenticating_since", 0.0)

    def is_cut(self) -> bool:
        return is_cut(self.transport)

    def is_draining(self) -> bool:
        return self.outbox is not None and self.outbox.is_draining()

    def ping(self) -> None:
        if self.outbox is not None:
            self.outbox.append(frame(b"", FrameType.PING))
            self.outbox.flush()

    def drop(self, reason: str) -> None:
        self.ending = self.ending or "dropped"
        _log.info("dropping RawSocket peer {address}: {reason}", address=self.address, reason=reason)
        self.transport.abortConnection()


class RawSocketFactory(Factory):
    """Makes the connections of one listener."""

    protocol: Any = RawSocketConnection
    noisy = False

    def __init__(
        self,
        lobby: Lobby,
        gate: Gate,
        connections: Connections,
        options: RawSocketOptions,
        limits: Limits,
        serializers: tuple[str, ...],
        reactor: Any,
    ) -> None:
        self.lobby = lobby
        self.gate = gate
        self.connections = connections
        self.options = options
        self.limits = limits
        self.limits_without_pings = Limits(
            handshake=limits.handshake,
            hello=limits.hello,
            authentication=limits.authentication,
            ping_interval=0,
            ping_timeout=0,
        )
        self.make_peer = peer_class(RateLimit.of(options, connections.transports, reactor.callLater))
        self.serializers = {number: name for number, name in SERIALIZERS.items() if name in serializers}
        self.max_length = 1 << (options.max_message_size - 1).bit_length()  # the protocol knows powers of two
        self.call_later = reactor.callLater
