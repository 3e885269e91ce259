"""WebSocket through Autobahn, with a shorter way in and out for what nearly every frame is.

Autobahn does the handshake, extensions, fragments, control frames, closing and limits. Its parser goes through a frame
in many steps, though, and copies the rest of the buffer at each frame. ``_read_frames`` takes complete, unfragmented,
uncompressed frames of the negotiated type straight from a read; anything else goes to Autobahn, one frame at a time. So
the frames of one turn can be counted whichever way they go, and the rest waits for the next turn (``turns``).
"""

from __future__ import annotations

from codecs import utf_8_decode
from collections.abc import Callable, Container
from os import urandom
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.util import encode_truncate
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from autobahn.websocket.protocol import TrafficStats
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.unix import Server as _UnixConnection
from twisted.logger import Logger

from wamprouter.server.admission import NoRoom
from wamprouter.server.connections import Connections, Limits, address_of, ended_by, is_cut
from wamprouter.server.cookies import HandshakeCookies
from wamprouter.server.links import BINARY, TEXT, Wire, websocket_frame
from wamprouter.server.origins import origin_patterns
from wamprouter.server.outbox import Outbox, write_now
from wamprouter.server.tls import channel_binding, is_secure, peer_certificate
from wamprouter.server.turns import LARGE, LOOK, MESSAGES, TakesTurns, Turns

if TYPE_CHECKING:
    from wamprouter.config import WebSocketOptions
    from wamprouter.realm.realm import Realm

__all__ = ["Conversation", "Service", "WebSocketConnection", "is_utf8", "websocket_factory"]

_log = Logger()

_OPEN: Final = WebSocketServerProtocol.STATE_OPEN
_CONNECTING: Final = WebSocketServerProtocol.STATE_CONNECTING
_CLOSED: Final = WebSocketServerProtocol.STATE_CLOSED
_PONG: Final = 0x8A
_MASKED: Final = 0x80
_LONGEST_REQUEST: Final = 16 * 1024
"""Octets of an opening handshake, like most web servers have it."""
_LONGEST_REASON: Final = 123
"""Octets: a control frame holds 125, of which two are the code."""
_LARGEST_FAST: Final = 65535
"""Longer frames span several reads: Autobahn's parser takes them as they come, without joining buffers."""
_LONGEST_TAIL: Final = 4096
"""More than this of an incomplete frame goes to Autobahn, too: joining it to every further read could cost much."""

_AUTOBAHNS: Final = 8
"""As so many messages count frames that go through Autobahn, because they cost so much more."""
_STEP: Final = 12
"""And a message counts once more for each 2 to this power octets, after decompression: 4 KiB."""

CLOSE_NORMAL: Final = 1000
CLOSE_GOING_AWAY: Final = 1001
CLOSE_PROTOCOL_ERROR: Final = 1002
CLOSE_UNSUPPORTED: Final = 1003
CLOSE_POLICY_VIOLATION: Final = 1008
CLOSE_TRY_AGAIN_LATER: Final = 1013


class Conversation(Protocol):
    """What the messages of one connection go to."""

    def revise(self, changed: Container[Realm]) -> None:
        """End the session, or change what it may: the configuration is another one now, and so are these realms."""

    def receive(self, data: bytes) -> bool | None:
        """Take one message; tell whether there is so much in it that some is left for another turn."""

    def lost(self) -> None: ...


def _unmask(payload: bytes, mask: bytes) -> bytes:
    """Undo the masking of RFC 6455, section 5.3, as one operation on two large integers."""
    length = len(payload)
    key = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(length, "little")


def _may_become_text(data: bytes, body: int, end: int) -> bool:
    """Tell whether the beginning of a payload may go on as UTF-8: a text is refused where it turns bad (section 8.1)."""
    payload = _unmask(data[body:end], data[body - 4 : body])
    if payload.isascii():
        return True
    try:
        _, complete = utf_8_decode(payload, "strict", False)  # the end may be inside a character
    except UnicodeDecodeError:
        return False
    # Python still hopes when it sees the first two octets of a surrogate.
    return not (payload[complete:].startswith(b"\xed") and payload[complete + 1 :] >= b"\xa0")


class WebSocketConnection(TakesTurns, WebSocketServerProtocol):  # type: ignore[misc]  # Autobahn's own bases disagree
    """One WebSocket connection. ``websocket_factory`` makes a subclass of it for each listener.

    What Autobahn copies from its factory to every connection stands on that subclass instead, once.
    """

    CONFIG_ATTRS: list[str] = []  # noqa: RUF012  # Autobahn's name and form

    kind = "websocket"
    ending = ""

    transport: Any  # TCP, TLS or Unix: Twisted has no one name for what they have in common
    state: int  # Autobahn's types know the first value of these only
    current_frame: Any
    inside_message: bool
    message_data: Any  # octets; Autobahn's own is a list of them
    service: Service
    connections: Connections
    options: WebSocketOptions
    limits: Limits
    traffic: TrafficStats
    largest_fast: int

    # -- the life of a connection, as Autobahn and Twisted tell it

    def connectionMade(self) -> None:
        self.opened_at = self.idle_since = self.heard_at = self.connections.now()
        self.pinged_at = 0.0
        self.is_shaken = False
        self._traffic = self.connections.transports.of(self.kind)
        self._begin_reading()
        self.refusal: NoRoom | None = None
        self.place: str | None = None
        self._has_backlog = False
        self._left = MESSAGES
        self.outbox: Outbox | None = None
        self.conversation: Conversation | None = None
        self.cookie: str | None = None
        self.has_new_cookie = False
        self._tail = b""
        peer = self.transport.getPeer()
        self.address = address_of(peer)
        self.peer = f"{peer.host}:{peer.port}" if hasattr(peer, "host") else "unix"
        try:
            self.place = self.connections.enter(self.address)
        except NoRoom as refusal:
            self.refusal = refusal
        is_to_be_told = self.connections.add(self)
        if not isinstance(self.transport, _UnixConnection):
            self.transport.setTcpNoDelay(True)
        # Not through Autobahn's Twisted adapter: what it finds out of the transport, and the lines it composes for a
        # debug log that is off, are a sixth of the time that a client needs to join. The same in connectionLost.
        self._connectionMade()
        del self._transport_details
        self.trafficStats = self.traffic  # one for the listener, not one for each connection
        if not is_to_be_told:
            self.dropConnection(abort=True)

    def _onOpen(self) -> None:
        self.onOpen()

    def onConnect(self, request: ConnectionRequest) -> str | tuple[str | None, dict[str, str]] | None:
        forwarded_for = request.headers.get("x-forwarded-for")
        try:
            if self.refusal is not None:
                raise self.refusal
            if forwarded_for:
                self._locate(forwarded_for)
        except NoRoom as refusal:
            raise ConnectionDeny(refusal.status, str(refusal)) from None
        subprotocol = self.service.choose_subprotocol(request.protocols)
        cookies = self.service.cookies
        if cookies is None:
            return subprotocol
        self.cookie, header = cookies.present(request.headers.get("cookie", ""), is_secure=is_secure(self.transport))
        self.has_new_cookie = header is not None
        return (subprotocol, {"Set-Cookie": header}) if header else subprotocol

    def _locate(self, forwarded_for: str) -> None:
        """Take it from a trusted proxy where the client is."""
        proxy = self.address
        self.connections.locate(self, forwarded_for)
        if self.address != proxy:
            self.peer = f"{self.address} through {self.peer}"

    def onOpen(self) -> None:
        self.is_shaken = True
        self.idle_since = self.connections.now()
        wire = self.service.wire(self.websocket_protocol_in_use, self._perMessageCompress)
        self.outbox = Outbox(
            self.transport,
            wire,
            self.service.dirty,
            high_water=self.options.high_water,
            limit=self.options.outbound_queue_limit,
            call_later=self.factory.reactor.callLater,
            on_expel=self.expel,
            traffic=self._traffic,
        )
        self._first = self.service.first_octet(self.websocket_protocol_in_use)
        self.conversation = self.service.converse(self, self.websocket_protocol_in_use, self.outbox)
        # Autobahn keeps the texts of the handshake. They are half of an idle connection's memory.
        del self.http_request_data, self.http_response_data

    def onPing(self, payload: bytes) -> None:
        """Answer through the queue, which has a bound: a peer may send pings and never read the answers."""
        outbox = self.outbox
        if outbox is not None and self.state == _OPEN:
            outbox.append(websocket_frame(_PONG, payload))
            if outbox.queued > outbox.limit:
                self.expel("pings without reading the answers")

    # A message that Autobahn parses is collected as the octets that it is. Autobahn itself keeps a list of all fragments
    # and reads, which with small ones takes twenty times that, and with empty ones grows for ever.

    def onMessageBegin(self, isBinary: bool) -> None:
        super().onMessageBegin(isBinary)
        self.message_data = bytearray()

    def onMessageFrameBegin(self, length: int) -> None:
        super().onMessageFrameBegin(length)
        self._bound_message(self.message_data_total_length)

    def onMessageFrameData(self, payload: bytes) -> None:
        if not self.failedByMe:
            self.message_data += payload
            self._bound_message(len(self.message_data))

    def _bound_message(self, length: int) -> None:
        """Refuse a message that is longer than may be. Autobahn has a limit one octet above: see ``websocket_factory``."""
        limit = self.options.max_message_size
        if length > limit and not self.failedByMe:
            self._max_message_size_exceeded(length, limit, f"a message of more than {limit} octets")

    def onMessageFrameEnd(self) -> None:
        pass  # Autobahn would add the frame to the message here

    def onMessageEnd(self) -> None:
        payload, self.message_data = bytes(self.message_data), None
        if not self.failedByMe:
            self.onMessage(payload, self.message_is_binary)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.conversation is None or self.state != _OPEN:
            return
        self._left -= len(payload) >> _STEP
        if self._first and isBinary is not (self._first == BINARY):
            expected = "binary" if self._first == BINARY else "text"
            self.ending = self.ending or "violation"
            self._end(CLOSE_UNSUPPORTED, f"expected {expected} messages for {self.websocket_protocol_in_use}")
        else:
            if not self._first:
                self.conversation.first = BINARY if isBinary else TEXT  # type: ignore[attr-defined]  # an echo must know
            began = monotonic() if len(payload) >= LARGE else 0.0
            if self.conversation.receive(payload):
                self._has_backlog = True
            if began:
                self._spent += monotonic() - began

    def connectionLost(self, reason: Any = None) -> None:
        self.ending = self.ending or ended_by(reason)
        self.connections.discard(self)
        self._is_held = self._has_backlog = False
        self._unread = b""
        self._connectionLost(reason)
        outbox, self.outbox = self.outbox, None
        conversation, self.conversation = self.conversation, None
        if outbox is not None:
            outbox.close()
        if conversation is not None:
            conversation.lost()
            self.service.flush()
        # Autobahn's Deferred has this very object as its result. Without that circle, and the outbox's, memory is free
        # at once and not at some later garbage collection.
        self.is_closed = None

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Send what Autobahn has to say: handshake and control frames."""
        self._traffic.sent += len(data)
        write_now(self.transport, data)

    def failHandshake(self, reason: str, code: int = 400, responseHeaders: Any = None) -> None:
        self.ending = self.ending or "refused"
        super().failHandshake(reason, code, responseHeaders)

    def _fail_connection(self, code: int = CLOSE_GOING_AWAY, reason: str = "going away") -> None:
        self.ending = self.ending or "violation"
        super()._fail_connection(code, reason)

    # -- reading

    @property
    def turns(self) -> Turns:
        return self.connections.turns

    def _may_be_read(self) -> bool:
        return self.state == _OPEN

    def _catch_up(self) -> None:
        if self._has_backlog:
            self._has_backlog = bool(self.conversation is not None and self.conversation.go_on())  # type: ignore[attr-defined]  # who has one can

    def _read(self, data: bytes) -> None:
        """Handle what has come, and leave for the next turn what is too much for this one."""
        self._begin_turn()
        self._unread = self._take(data)
        self.service.flush()
        self._end_turn(is_something_left=bool(self._unread or self._has_backlog))

    def _take(self, data: bytes) -> bytes:
        """Handle as many frames as belong in one turn; return the rest."""
        self._left = MESSAGES
        if self.state == _CONNECTING:
            data = self._shake_hands(data)
        while data and self._may_go_on():
            # ``self.data`` is what Autobahn has not parsed yet; within a frame or a fragmented message it goes on.
            if self.state == _OPEN and not self.data and self.current_frame is None and not self.inside_message:
                data = self._read_frames(data)
                if not data or not self._may_go_on():
                    break
            if self.state == _CLOSED:
                return b""
            if self.failedByMe and self.current_frame is not None:  # Autobahn goes on with nothing behind that frame
                self.data = b""
                return b""
            end = self._end_of_frame(data)
            self._left -= _AUTOBAHNS
            self._dataReceived(data[:end])
            data = data[end:]
        return data

    def _may_go_on(self) -> bool:
        is_in_time = self._left > 0 and self.turns.now() < self._ends_at
        return is_in_time and not self.is_paused and not self._has_backlog

    def _shake_hands(self, data: bytes) -> bytes:
        """Give Autobahn the request; return what comes behind it."""
        so_far, self.data = self.data + data, b""
        head, end, behind = so_far.partition(b"\r\n\r\n")
        if len(head) + len(end) > _LONGEST_REQUEST:
            self.failHandshake("the request is too long", 431)
            return b""
        self._dataReceived(head + end)
        return behind

    def _end_of_frame(self, data: bytes) -> int:
        """Return where in ``data`` the frame ends that Autobahn is in, or that begins there; beyond its end if it lasts."""
        frame = self.current_frame
        if frame is not None:
            return int(frame.length - self.current_frame_masker.pointer())
        begun = len(self.data)  # octets of a head that is not complete
        length = _frame_length(self.data + data[:14])
        return len(data) if length is None else length - begun

    def _read_frames(self, data: bytes) -> bytes:
        """Take the frames at the beginning of ``data`` that are as expected; return what is left for Autobahn, or for the
        next turn if this one is over.

        The beginning of such a frame is kept for the next read.
        """
        if self._tail:
            data = self._tail + data
            self._tail = b""
        expected = self._first
        first = expected or data[0]
        at, end = 0, len(data)
        left = self._left
        conversation = self.conversation
        assert conversation is not None
        while at < end:
            if data[at] != first or (first != TEXT and first != BINARY):
                return self._leave(data, at, left)
            if end - at < 2:
                break
            length = data[at + 1] - _MASKED
            if length < 126:
                body = at + 6
            elif length == 126:
                body = at + 8
                if body > end:
                    break
                length = data[at + 2] << 8 | data[at + 3]
                if length < 126:
                    return self._leave(data, at, left)
            else:
                return self._leave(data, at, left)
            if length < 0 or length > self.largest_fast:
                return self._leave(data, at, left)
            stop = body + length
            if stop > end:
                if end - at > _LONGEST_TAIL or (first == TEXT and not _may_become_text(data, body, end)):
                    return self._leave(data, at, left)
                break
            payload = _unmask(data[body:stop], data[body - 4 : body])
            if first == TEXT and not payload.isascii() and not is_utf8(payload):
                return self._leave(data, at, left)  # Autobahn knows how to refuse it
            if not expected:
                conversation.first = first  # type: ignore[attr-defined]  # an echo must know
            if conversation.receive(payload):
                self._has_backlog = True
            if self.state != _OPEN:
                return b""
            at = stop
            left -= 1
            if not left & LOOK and self.turns.now() > self._ends_at:
                left = 0
            if not left or self.is_paused or self._has_backlog:
                return self._leave(data, at, left)
            if not expected and at < end:
                first = data[at]  # an echo takes text and binary alike
        self._tail = data[at:]
        return b""

    def _leave(self, data: bytes, at: int, left: int) -> bytes:
        self._left = left
        return data[at:]

    # -- Connection, for the peer

    def close(self, reason: str, *, violation: bool = False) -> None:
        """Close after everything queued; the peer may take ``close_handshake_timeout`` for its answer."""
        self.ending = self.ending or ("violation" if violation else "ended")
        self._end(CLOSE_PROTOCOL_ERROR if violation else CLOSE_NORMAL, reason)

    def expel(self, reason: str) -> None:
        """Close because the peer does not read: what it has not read is thrown away."""
        if self.state == _OPEN:
            self.ending = self.ending or "slow_consumer"
            _log.info("disconnecting a slow consumer, {peer}: {reason}", peer=self.peer, reason=reason)
            if self.outbox is not None:
                self.outbox.discard()
            self._end(CLOSE_TRY_AGAIN_LATER, reason)

    def dismiss(self, reason: str, *, may_return: bool = False) -> None:
        """Close because the peer asks too much of us; ``may_return`` if it may do so later."""
        if self.state == _OPEN:
            self.ending = self.ending or "limit"
            self._end(CLOSE_TRY_AGAIN_LATER if may_return else CLOSE_POLICY_VIOLATION, reason)

    def go_away(self, reason: str) -> None:
        """Close because this end goes: clients reconnect after this code, and would not after GOODBYE."""
        self.ending = self.ending or "shutdown"
        self._end(CLOSE_GOING_AWAY, reason)

    def _end(self, code: int, reason: str) -> None:
        if self.state == _OPEN:
            # Not sendClose: that is for applications, which may not say 1001 or 1013.
            self.sendCloseFrame(code=code, reasonUtf8=encode_truncate(reason, _LONGEST_REASON))
        elif self.state == _CONNECTING:
            self.dropConnection(abort=True)

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        """Close, whoever began it: what is queued goes before the close frame, and nothing behind it."""
        outbox, conversation = self.outbox, self.conversation
        if outbox is not None:
            outbox.flush()
            outbox.close()
        super().sendCloseFrame(code, reasonUtf8, isReply)
        if conversation is not None:
            conversation.lost()
            self.service.flush_soon()

    # -- who is at the other end, for the gate

    def described(self) -> dict[str, Any]:
        return {
            "type": "websocket",
            "peer": self.peer,
            "address": self.address,
            "is_secure": is_secure(self.transport),
            "protocol": self.websocket_protocol_in_use,
            "http_headers_received": dict(self.http_headers),
            "cbtid": self.cookie,
        }

    def certificate(self) -> Any:
        return peer_certificate(self.transport)

    def channel_binding(self, kind: str) -> bytes | None:
        return channel_binding(self.transport, kind)

    def revise(self, changed: Container[Realm]) -> None:
        if self.conversation is not None:
            self.conversation.revise(changed)

    def spare_pings(self) -> None:
        """Every WebSocket client knows pings."""

    # -- Monitored

    @property
    def is_idle(self) -> bool:
        return self.service.is_idle(self.conversation)

    @property
    def authenticating_since(self) -> float:
        return getattr(self.conversation, "authenticating_since", 0.0)

    def is_cut(self) -> bool:
        return is_cut(self.transport)

    def is_draining(self) -> bool:
        return self.outbox is not None and self.outbox.is_draining()

    def ping(self) -> None:
        if self.state == _OPEN:
            self.sendPing(urandom(self.options.auto_ping_size))

    def drop(self, reason: str) -> None:
        self.ending = self.ending or "dropped"
        _log.info("dropping {peer}: {reason}", peer=self.peer, reason=reason)
        self.wasNotCleanReason = reason
        self.dropConnection(abort=True)


def _frame_length(head: bytes) -> int | None:
    """Return how many octets a frame has that begins so (RFC 6455, section 5.2), or None while that is not known."""
    if len(head) < 2:
        return None
    length, size = head[1] & 0x7F, 6 if head[1] & _MASKED else 2
    if length == 126:
        return size + 2 + int.from_bytes(head[2:4], "big") if len(head) >= 4 else None
    if length == 127:
        return size + 8 + int.from_bytes(head[2:10], "big") if len(head) >= 10 else None
    return size + length


def is_utf8(data: bytes) -> bool:
    """Tell whether the bytes are a text."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class Service(Protocol):
    """What is spoken on a WebSocket listener."""

    dirty: list[Any]
    cookies: HandshakeCookies | None
    """What the handshake sets a cookie with, if it does."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        """Return the one to use; raise ConnectionDeny if there is none."""

    def wire(self, subprotocol: str | None, compressor: Any) -> Wire: ...

    def first_octet(self, subprotocol: str | None) -> int:
        """Return the first octet of the frames to expect; 0 for text and binary alike."""

    def converse(self, connection: WebSocketConnection, subprotocol: str | None, outbox: Outbox) -> Conversation: ...
    def is_idle(self, conversation: Any) -> bool: ...
    def flush(self) -> None: ...
    def flush_soon(self) -> None: ...


def websocket_factory(
    service: Service, connections: Connections, options: WebSocketOptions, limits: Limits, reactor: Any
) -> WebSocketServerFactory:
    """Return the factory of one listener's connections."""
    factory = WebSocketServerFactory(server="wamprouter" if options.show_server_version else "", reactor=reactor)
    factory.setProtocolOptions(
        webStatus=False,
        maxFramePayloadSize=options.max_frame_size,
        # One more than may be: Autobahn inflates a message up to its limit and forgets what zlib still has. With a message
        # that is not longer than the real limit, zlib has nothing more.
        maxMessagePayloadSize=options.max_message_size + 1,
        failByDrop=options.fail_by_drop,
        echoCloseCodeReason=False,
        openHandshakeTimeout=0,  # Connections sees to it, and to pings
        autoPingInterval=0,
        closeHandshakeTimeout=options.close_handshake_timeout / 1000,
        tcpNoDelay=True,
        allowNullOrigin=options.allow_null_origin,
        perMessageCompressionAccept=_deflate_acceptor(options),
    )
    settings = {name: getattr(factory, name) for name in WebSocketServerProtocol.CONFIG_ATTRS}
    settings["allowedOriginsPatterns"] = origin_patterns(options.allowed_origins)
    settings["perMessageCompressionAccept"] = staticmethod(settings["perMessageCompressionAccept"])
    factory.noisy = False
    factory.protocol = type(  # type: ignore[assignment]  # it is one of Autobahn's, by way of ours
        "WebSocketConnection",
        (WebSocketConnection,),
        {
            **settings,
            "service": service,
            "connections": connections,
            "options": options,
            "limits": limits,
            "traffic": TrafficStats(),
            "largest_fast": min(_LARGEST_FAST, options.max_frame_size, options.max_message_size),
        },
    )
    return factory


def _deflate_acceptor(options: WebSocketOptions) -> Callable[[list[Any]], PerMessageDeflateOfferAccept | None]:
    """Return what accepts a client's offer of permessage-deflate (RFC 7692), or refuses it."""
    deflate = options.deflate

    def accept(offers: list[Any]) -> PerMessageDeflateOfferAccept | None:
        if deflate is None:
            return None
        for offer in offers:
            if isinstance(offer, PerMessageDeflateOffer):
                # What the client does not accept to be asked for, it must not be asked.
                return PerMessageDeflateOfferAccept(
                    offer,
                    deflate.request_no_context_takeover and offer.accept_no_context_takeover,
                    deflate.request_max_window_bits if offer.accept_max_window_bits else 0,
                    deflate.no_context_takeover or None,
                    deflate.max_window_bits if _may_choose_window(offer, deflate.max_window_bits) else None,
                    deflate.memory_level,
                    options.max_message_size + 1,  # as above
                )
        return None

    return accept


def _may_choose_window(offer: PerMessageDeflateOffer, bits: int) -> bool:
    """A client that asks for a window gets that one or a smaller; without asking it can read any up to 15 bits."""
    return not offer.request_max_window_bits or bits <= offer.request_max_window_bits
