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
from autobahn.websocket.types import ConnectionResponse

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

__all__ = ["OPTIONS", "WebSocketFactory", "WebSocketLink", "masked_frame"]

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
_LONGEST_TAIL: Final = 65536
"""An incomplete frame above this is Autobahn's, which collects pieces without joining them at each read."""

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


class WebSocketLink(Link, WebSocketClientProtocol):  # type: ignore[misc]  # Autobahn is not typed
    """One WebSocket connection."""

    def __init__(self, host: Host) -> None:
        WebSocketClientProtocol.__init__(self)
        self.host = host
        self._framing: BatchFraming | None = None
        self._masks = _masks()
        self._tail = b""
        self._first = 0

    # -- called by Autobahn

    def onConnect(self, response: ConnectionResponse) -> None:
        if response.protocol not in SUBPROTOCOLS:
            offered = ", ".join(self.factory.protocols)
            raise ProtocolViolation(f"the router has chosen none of the subprotocols {offered}")

    def onOpen(self) -> None:
        protocol = self.websocket_protocol_in_use
        codec, is_batched = SUBPROTOCOLS[protocol]
        self._framing = BatchFraming(codec.serializer) if is_batched else None
        self._first = _BINARY if codec.serializer.binary else _TEXT
        details = transport_details(self.transport, codec, TransportDetails.CHANNEL_FRAMING_WEBSOCKET)
        details.websocket_protocol = protocol
        details.websocket_extensions_in_use = self.websocket_extensions_in_use
        details.http_headers_received = dict(self.http_headers)
        self.begin(codec, details)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if isBinary is not (self._first == _BINARY):
            self.violated(ProtocolViolation("a text message where binary ones were agreed, or the reverse"))
        elif self._framing is None:
            self.deliver(payload)
        else:
            self._deliver_batch(self._framing, payload)

    def _deliver_batch(self, framing: BatchFraming, payload: bytes) -> None:
        try:
            messages = framing.split(payload)
        except ProtocolViolation as violation:
            self.violated(violation)
            return
        for message in messages:
            self.deliver(message)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.end(reason or f"the router closed the connection (code {code})", was_clean=wasClean)

    # -- reading

    def dataReceived(self, data: bytes) -> None:
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
        if self._tail:
            data = self._tail + data
            self._tail = b""
        deliver = self.deliver if self._framing is None else self._deliver_fast_batch
        first, at, end = self._first, 0, len(data)
        while end - at >= 2:
            length = data[at + 1]
            if data[at] != first or length > 126:
                return data[at:]
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
            if self.state != _OPEN:
                return b""
            at = stop
        self._tail = data[at:]
        return b""

    def _deliver_fast_batch(self, data: bytes) -> None:
        assert self._framing is not None
        self._deliver_batch(self._framing, data)

    # -- Transport

    def write(self, data: bytes) -> None:
        if self._framing is not None:
            data = self._framing.wrap(data)
        if self._perMessageCompress is None:
            self.transport.write(masked_frame(self._first, data, next(self._masks)))
        else:
            self.sendMessage(data, isBinary=self._first == _BINARY)

    def is_open(self) -> bool:
        return bool(self.state == _OPEN) and self.session is not None

    def close(self) -> None:
        if self.state == _OPEN:
            self.sendClose(self.CLOSE_STATUS_CODE_NORMAL)

    def abort(self) -> None:
        self.dropConnection(abort=True)


class WebSocketFactory(WebSocketClientFactory):  # type: ignore[misc]  # Autobahn is not typed
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

    def buildProtocol(self, _addr: object) -> WebSocketLink:
        link = WebSocketLink(self._host)
        link.factory = self
        return link
