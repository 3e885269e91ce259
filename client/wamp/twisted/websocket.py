"""WebSocket on Twisted through Autobahn, with a shorter way in and out for what nearly every frame is.

Autobahn does the handshake, extensions, fragments, control frames, closing and limits. Complete, unfragmented,
uncompressed frames of the negotiated type are read and written here; at the first byte of anything else the rest of a
read is Autobahn's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol

from wamp.frames import BINARY
from wamp.link import HANDSHAKE_TIMEOUT, MAX_MESSAGE_SIZE, PING_INTERVAL, PING_TIMEOUT, Host
from wamp.twisted.link import Pressure, transport_details
from wamp.types import TransportDetails
from wamp.websocket import WebSocketLink

__all__ = ["OPTIONS", "WebSocketConnection", "WebSocketFactory"]

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


class _Link(WebSocketLink):
    """The session's side of one WebSocket connection."""

    def __init__(self, host: Host, connection: Any) -> None:
        super().__init__(host)
        self._connection = connection

    def open(self, subprotocol: str) -> None:
        """Begin to speak a subprotocol."""
        codec = self.speak(subprotocol)
        connection = self._connection
        details = transport_details(connection.transport, codec, TransportDetails.CHANNEL_FRAMING_WEBSOCKET)
        details.websocket_protocol = subprotocol
        details.websocket_extensions_in_use = connection.websocket_extensions_in_use
        details.http_headers_received = dict(connection.http_headers)
        self.begin(codec, details)

    def write_websocket_messages(self, payloads: list[bytes]) -> None:
        connection = self._connection
        if connection._perMessageCompress is None:
            connection.transport.write(self.frames(payloads))
        else:
            for payload in payloads:
                connection.sendMessage(payload, isBinary=self.first == BINARY)

    def close(self) -> None:
        if self._is_open:
            self._connection.sendClose(self._connection.CLOSE_STATUS_CODE_NORMAL)

    def abort(self) -> None:
        self._connection.dropConnection(abort=True)


class WebSocketConnection(WebSocketClientProtocol):
    """Autobahn's side of one WebSocket connection."""

    # Autobahn sets these without saying what they are.
    state: Any
    data: Any
    transport: Any
    current_frame: Any
    inside_message: Any
    autoPingTimeoutCall: Any
    websocket_protocol_in_use: Any

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.link = _Link(host, self)
        self._tail = b""

    # -- called by Autobahn

    def onOpen(self) -> None:
        subprotocol = self.websocket_protocol_in_use
        if subprotocol is None:
            offered = ", ".join(self.factory.protocols)
            self.wasNotCleanReason = f"the router has chosen none of the subprotocols {offered}"
            self.dropConnection(abort=True)
        else:
            self.transport.registerProducer(Pressure(self.link), True)
            self.link.open(subprotocol)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.link.is_open():  # when closing, Autobahn reads on for the answer
            self.link.deliver_foreign(payload, is_binary=isBinary)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.link.end(reason or f"the connection was closed with code {code}", was_clean=wasClean)

    def sendCloseFrame(self, *args: Any, **kwargs: Any) -> None:
        self.link.stop()  # whoever closes: nothing may follow this frame
        super().sendCloseFrame(*args, **kwargs)

    def dropConnection(self, abort: bool = False) -> None:
        self.link.stop()
        self.transport.unregisterProducer()  # TLS waits for those that there are
        super().dropConnection(abort=abort)

    # -- called by Twisted

    def dataReceived(self, data: bytes) -> None:
        if self._tail:
            data = self._tail + data
            self._tail = b""
        # ``self.data`` is what Autobahn has not parsed yet; within a frame or a fragmented message it goes on.
        if self.link.is_open() and not self.data and self.current_frame is None and not self.inside_message:
            data = self._read_frames(data)
        if data:
            self._dataReceived(data)

    def _read_frames(self, data: bytes) -> bytes:
        """Take the frames at the beginning of ``data`` that are as expected; return what is left for Autobahn.

        The beginning of such a frame is kept for the next read.
        """
        if self.autoPingTimeoutCall is not None:
            self._cancelAutoPingTimeoutCall()  # whatever arrives is a sign of life
        data, is_beginning = self.link.read_frames(data)
        if is_beginning:
            self._tail = data
            return b""
        return data


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
