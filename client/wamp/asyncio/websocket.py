"""WebSocket on asyncio through ``websockets``, with a shorter way in and out for what nearly every frame is.

The library's connection without I/O does the handshake, extensions, control frames, closing and limits. Complete,
unfragmented, uncompressed frames of the negotiated type are read and written here. It is given every other frame as a whole,
so that what comes behind one is known to be the beginning of the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from wamp.asyncio.details import transport_details
from wamp.asyncio.log import Log
from wamp.exception import in_brief
from wamp.frames import frame_size
from wamp.link import HANDSHAKE_TIMEOUT, MAX_MESSAGE_SIZE, PING_INTERVAL, PING_TIMEOUT, Host
from wamp.types import TransportDetails
from wamp.websocket import WebSocketLink

__all__ = ["WebSocketConnection"]

CLOSE_TIMEOUT: Final = 1.0
_END_OF_HEAD: Final = b"\r\n\r\n"
_LONGEST_HEAD: Final = 64 * 1024
_NORMAL: Final = 1000
_log = Log()


class WebSocketConnection(WebSocketLink, asyncio.Protocol):
    """One WebSocket connection. ``ping`` and ``pong_timeout`` are seconds; 0 turns pings off."""

    transport: asyncio.Transport

    def __init__(
        self,
        host: Host,
        url: str,
        subprotocols: Sequence[str],
        loop: asyncio.AbstractEventLoop,
        *,
        headers: Mapping[str, str] | None = None,
        ping: float = PING_INTERVAL,
        pong_timeout: float = PING_TIMEOUT,
        handshake_timeout: float = HANDSHAKE_TIMEOUT,
        max_message_size: int = MAX_MESSAGE_SIZE,
    ) -> None:
        super().__init__(host)
        self._loop = loop
        self._headers = dict(headers or {})
        self._ping_interval = ping
        self._pong_timeout = pong_timeout
        self._handshake_timeout = handshake_timeout
        self._protocol = ClientProtocol(
            parse_uri(url),
            subprotocols=[Subprotocol(each) for each in subprotocols],
            max_size=max_message_size,
        )
        self._head: bytes | None = b""  # of the handshake's answer, as far as it has come
        self._foreign = 0  # octets that are missing of a frame which the library reads
        self._tail = b""  # the beginning of a frame
        self._parts: list[bytes] | None = None  # of a fragmented message
        self._opcode = Opcode.TEXT
        self._is_awaiting_pong = False
        self._reason = ""
        self._response: Response | None = None
        self._timer: asyncio.TimerHandle | None = None

    # -- called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        request = self._protocol.connect()
        for name, value in self._headers.items():
            request.headers[name] = value
        self._protocol.send_request(request)
        self._write_theirs()
        self._restart(self._handshake_timeout, self._drop, "no answer to the WebSocket handshake")

    def data_received(self, data: bytes) -> None:
        self._is_awaiting_pong = False  # whatever arrives is a sign of life
        if self._head is not None:
            data = self._shake(self._head + data)
        if self._foreign:
            data = self._feed_frame(data, self._foreign)
        if self._tail:
            data, self._tail = self._tail + data, b""
        while data:
            if self._is_open and self._parts is None:
                data, is_beginning = self.read_frames(data)
                if is_beginning:
                    self._tail = data
                    break
            if data:
                size = frame_size(data)
                if size is None:
                    self._tail = data
                    break
                data = self._feed_frame(data, size)

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._write_theirs()

    def pause_writing(self) -> None:
        self.congest()

    def resume_writing(self) -> None:
        self.relieve()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        was_clean = exc is None and self._protocol.close_rcvd is not None
        self._is_open = False
        self.end(self._why(exc), was_clean=was_clean)

    def _why(self, exc: Exception | None) -> str:
        """Return why the connection is gone, as far as anybody has said."""
        if self._reason:
            return self._reason
        if exc is not None:
            return in_brief(exc)
        return (
            f"closed by the other end {'without a closing' if self._head is None else 'during the WebSocket'} handshake"
        )

    # -- the conversation

    def _shake(self, data: bytes) -> bytes:
        """Take part of the handshake; return what came behind it."""
        end = data.find(_END_OF_HEAD)
        if end < 0:
            self._head = data
            if len(data) > _LONGEST_HEAD:
                self._drop("the answer to the WebSocket handshake does not end")
            return b""
        self._head = None
        end += len(_END_OF_HEAD)
        status = _status(data)
        if status not in ("", "101"):  # the library would wait for the whole page that says so
            self._drop(f"the WebSocket handshake failed: HTTP status {status}")
            return b""
        self._feed(data[:end])
        failure = self._protocol.handshake_exc
        if failure is not None:
            self._drop(f"the WebSocket handshake failed: {failure}")
            return b""
        if self._protocol.state is State.OPEN:
            self._open()
            return data[end:]
        return b""

    def _open(self) -> None:
        subprotocol = self._protocol.subprotocol
        if subprotocol is None:
            self._drop("the router has chosen none of the subprotocols")
            return
        self._stop_timer()
        if self._ping_interval:
            self._restart(self._ping_interval, self._ping)
        codec = self.speak(subprotocol)
        details = transport_details(self.transport, codec, TransportDetails.CHANNEL_FRAMING_WEBSOCKET)
        details.websocket_protocol = subprotocol
        details.websocket_extensions_in_use = list(self._protocol.extensions)
        if self._response is not None:
            details.http_headers_received = dict(self._response.headers.raw_items())
        self.begin(codec, details)

    def _feed_frame(self, data: bytes, size: int) -> bytes:
        """Give the library the frame, or the rest of one, that is ``size`` octets long; return what comes behind it."""
        part = data[:size]
        self._foreign = size - len(part)
        self._feed(part)
        return data[size:]

    def _feed(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._take(event)
            elif isinstance(event, Response):
                self._response = event
        if self._protocol.close_rcvd is not None:
            self._reason = self._reason or f"closed by the router with {self._protocol.close_rcvd}"
        if self._is_open and self._protocol.state is not State.OPEN:
            self._is_open = False
            self._restart(CLOSE_TIMEOUT, self.abort)
        self._write_theirs()

    def _take(self, frame: Frame) -> None:
        """Take a frame from the library, which has answered those that are not part of a message."""
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._parts, self._opcode = [], frame.opcode
        elif frame.opcode is not Opcode.CONT:
            return
        assert self._parts is not None  # the library lets no message begin with a continuation
        self._parts.append(bytes(frame.data))
        if frame.fin:
            parts, self._parts = self._parts, None
            if self._is_open:
                self.deliver_foreign(b"".join(parts), is_binary=self._opcode is Opcode.BINARY)

    # -- ping

    def _ping(self) -> None:
        self._is_awaiting_pong = True
        self._protocol.send_ping(b"")
        self._write_theirs()
        self._restart(self._pong_timeout, self._check)

    def _check(self) -> None:
        if self._is_awaiting_pong:
            self._drop(f"nothing was heard for {self._pong_timeout:g} s after a ping")
        else:
            self._restart(max(self._ping_interval - self._pong_timeout, 0.0), self._ping)

    def _restart(self, delay: float, action: Any, *args: Any) -> None:
        self._stop_timer()
        self._timer = self._loop.call_later(delay, action, *args)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _drop(self, reason: str) -> None:
        _log.debug(
            "dropping the connection to {peer}: {reason}", peer=self.transport.get_extra_info("peername"), reason=reason
        )
        self._reason = reason
        self.abort()

    # -- writing

    def _write_theirs(self) -> None:
        """Send what the library wants to be sent, behind what was sent here."""
        self.flush()
        for data in self._protocol.data_to_send():
            if data:
                self.transport.write(data)
            elif not self.transport.is_closing():
                self.transport.close()

    def flush_soon(self) -> None:
        self._loop.call_soon(self.flush)

    def write_websocket_messages(self, payloads: list[bytes]) -> None:
        self.transport.write(self.frames(payloads))

    # -- Transport

    def close(self) -> None:
        if self._is_open:
            self.stop()
            self._protocol.send_close(_NORMAL)
            self._write_theirs()
            self._restart(CLOSE_TIMEOUT, self.abort)

    def abort(self) -> None:
        self.stop()
        self.transport.abort()


def _status(head: bytes) -> str:
    """Return the status code of an HTTP answer, empty if its first line is not one."""
    words = head.split(b" ", 2)
    return words[1].decode() if len(words) > 2 and words[0] == b"HTTP/1.1" and words[1].isdigit() else ""
