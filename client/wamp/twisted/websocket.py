"""WebSocket on Twisted through Autobahn, with a shorter way in and out for what nearly every frame is.

Autobahn does the handshake, extensions, fragments, control frames, closing and limits. Complete, unfragmented,
uncompressed frames of the negotiated type are read and written here; at the first byte of anything else the rest of a
read is Autobahn's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Any, Final

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol

from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.subprotocols import SUBPROTOCOLS, BatchFraming
from wamp.twisted.link import (
    HANDSHAKE_TIMEOUT,
    MAX_MESSAGE_SIZE,
    PING_INTERVAL,
    PING_TIMEOUT,
    Host,
    Link,
    transport_details,
)
from wamp.types import TransportDetails

__all__ = ["OPTIONS", "WebSocketConnection", "WebSocketFactory", "WebSocketLink", "masked_frame"]

OPTIONS: Final[dict[str, Any]] = {
    "maxFramePayloadSize": MAX_MESSAGE_SIZE,
    "maxMessagePayloadSize": MAX_MESSAGE_SIZE,
    "openHandshakeTimeout": HANDSHAKE_TIMEOUT,
    "closeHandshakeTimeout": 1.0,
    "serverConnectionDropTimeout": 1.0,
    "failByDrop": True,
    "tcpNoDelay": True,
    "autoPingInterval": PING_INTERVAL,
    "autoPingTimeout": PING_TIMEOUT,
    "autoPingRestartOnAnyTraffic": True,
}
"""Autobahn's protocol options, where ours differ from its own or matter."""

_OPEN: Final = WebSocketClientProtocol.STATE_OPEN
_TEXT: Final = 0x81
_BINARY: Final = 0x82

_SHORT: Final = Struct("!BB4s")
_MEDIUM: Final = Struct("!BBH4s")
_LONG: Final = Struct("!BBQ4s")


def _masks() -> Iterator[bytes]:
    """Yield masking keys: unpredictable, as RFC 6455, section 5.3 demands, but not with a system call for each."""
    while True:
        pool = os.urandom(4096)
        for at in range(0, 4096, 4):
            yield pool[at : at + 4]


def masked_frame(first: int, payload: bytes, mask: bytes) -> bytes:
    """Return a client's frame; the mask is applied as one operation on two large integers."""
    length = len(payload)
    key = (mask * (length // 4 + 1))[:length]
    body = (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(length, "little")
    if length < 126:
        return _SHORT.pack(first, 0x80 | length, mask) + body
    if length < 65536:
        return _MEDIUM.pack(first, 0x80 | 126, length, mask) + body
    return _LONG.pack(first, 0x80 | 127, length, mask) + body


class WebSocketLink(Link):
    """The session's side of one WebSocket connection."""

    def __init__(self, host: Host, connection: Any) -> None:
        self.host = host
        self._connection = connection
        self._framing: BatchFraming | None = None
        self._masks = _masks()
        self._first = 0

    def open(self, subprotocol: str) -> int:
        """Begin to speak a subprotocol; return the first octet of the frames that carry it."""
        codec, is_batched = SUBPROTOCOLS[subprotocol]
        self._framing = BatchFraming(codec.serializer) if is_batched else None
        self._first = _BINARY if codec.serializer.binary else _TEXT
        connection = self._connection
        details = transport_details(connection.transport, codec, TransportDetails.CHANNEL_FRAMING_WEBSOCKET)
        details.websocket_protocol = subprotocol
        details.websocket_extensions_in_use = connection.websocket_extensions_in_use
        details.http_headers_received = dict(connection.http_headers)
        self.begin(codec, details)
        return self._first

    def deliver_all(self, data: bytes) -> None:
        """Give the session what one WebSocket message holds."""
        if self._framing is None:
            self.deliver(data)
            return
        try:
            messages = self._framing.split(data)
        except ProtocolViolation as violation:
            self.violated(violation)
            return
        for message in messages:
            self.deliver(message)

    def write(self, data: bytes) -> None:
        if self._framing is not None:
            data = self._framing.wrap(data)
        connection = self._connection
        if connection._perMessageCompress is None:
            connection.transport.write(masked_frame(self._first, data, next(self._masks)))
        else:
            connection.sendMessage(data, isBinary=self._first == _BINARY)

    def is_open(self) -> bool:
        return bool(self._connection.state == _OPEN)

    def close(self) -> None:
        if self.is_open():
            self._connection.sendClose(self._connection.CLOSE_STATUS_CODE_NORMAL)

    def abort(self) -> None:
        self._connection.dropConnection(abort=True)


class WebSocketConnection(WebSocketClientProtocol):
    """Autobahn's side of one WebSocket connection."""

    # Autobahn sets these without saying what they are.
    state: Any
    data: Any
    current_frame: Any
    inside_message: Any
    autoPingTimeoutCall: Any
    websocket_protocol_in_use: Any

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.link = WebSocketLink(host, self)
        self._first = 0
        self._tail = b""

    # -- called by Autobahn

    def onOpen(self) -> None:
        subprotocol = self.websocket_protocol_in_use
        if subprotocol is None:
            offered = ", ".join(self.factory.protocols)
            self.wasNotCleanReason = f"the router has chosen none of the subprotocols {offered}"
            self.dropConnection(abort=True)
        else:
            self._first = self.link.open(subprotocol)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.state != _OPEN:
            return  # closing: Autobahn reads on for the answer
        if isBinary is (self._first == _BINARY):
            self.link.deliver_all(payload)
        else:
            expected = "binary" if self._first == _BINARY else "text"
            self.link.violated(ProtocolViolation(f"expected {expected} messages, got one of the other type"))

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.link.end(reason or f"the connection was closed with code {code}", was_clean=wasClean)

    # -- called by Twisted

    def dataReceived(self, data: bytes) -> None:
        if self._tail:
            data = self._tail + data
            self._tail = b""
        # ``self.data`` is what Autobahn has not parsed yet; within a frame or a fragmented message it goes on.
        if self.state == _OPEN and not self.data and self.current_frame is None and not self.inside_message:
            data = self._read_frames(data)
        if data:
            self._dataReceived(data)

    def _read_frames(self, data: bytes) -> bytes:
        """Take the frames at the beginning of ``data`` that are as expected; return what is left for Autobahn.

        The beginning of such a frame is kept for the next read.
        """
        if self.autoPingTimeoutCall is not None:
            self._cancelAutoPingTimeoutCall()  # whatever arrives is a sign of life
        deliver = self.link.deliver_all
        first, at, end = self._first, 0, len(data)
        while end - at >= 2:
            length = data[at + 1]
            if data[at] != first or length > 126:
                return data[at:]  # another kind of frame, a masked one, or one beyond 64 KiB
            body = at + 2
            if length == 126:
                body = at + 4
                if body > end:
                    break
                length = data[at + 2] << 8 | data[at + 3]
            stop = body + length
            if stop > end:
                break
            deliver(data[body:stop])
            at = stop
            if self.state != _OPEN:
                return data[at:]
        self._tail = data[at:]
        return b""


class WebSocketFactory(WebSocketClientFactory):
    """Makes the connection of a host."""

    noisy = False

    def __init__(
        self,
        host: Host,
        url: str,
        subprotocols: Sequence[str],
        *,
        headers: dict[str, str] | None = None,
        proxy: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        reactor: Any = None,
    ) -> None:
        super().__init__(url=url, protocols=list(subprotocols), headers=headers, proxy=proxy, reactor=reactor)
        self._host = host
        self.setProtocolOptions(**{**OPTIONS, **(options or {})})

    def buildProtocol(self, _addr: object) -> WebSocketConnection:
        connection = WebSocketConnection(self._host)
        connection.factory = self
        return connection
