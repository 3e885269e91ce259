"""A plain WAMP client for tests: blocking sockets, frames written by hand, and nothing of ours but the message codecs.

``WebSocket`` and ``RawSocket`` are the transports, for tests of bytes; ``Client`` is a session on one of them. Everything
waits at most ``TIMEOUT`` seconds. Whatever ends a connection is a ``Closed``, with the close code if there was one.
"""

from __future__ import annotations

import base64
import os
import socket
import ssl
import struct
from typing import Any, Final, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

from wamp.protocol.codec import CODECS
from wamp.protocol.messages import (
    ABSENT,
    Call,
    Event,
    Goodbye,
    Hello,
    Message,
    Publish,
    Published,
    Register,
    Registered,
    Subscribe,
    Subscribed,
    Welcome,
    Yield,
)

__all__ = [
    "BINARY",
    "CLOSE",
    "CONTINUATION",
    "PING",
    "PONG",
    "TEXT",
    "TIMEOUT",
    "Client",
    "Closed",
    "Frame",
    "RawSocket",
    "RefusedHandshake",
    "Stream",
    "WebSocket",
    "client_frame",
    "handshake_request",
]

TIMEOUT: Final = 20.0

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

_MessageT = TypeVar("_MessageT", bound=Message)

ROLES: Final = {
    "caller": {"features": {"call_canceling": True, "progressive_call_results": True}},
    "callee": {"features": {"call_canceling": True, "progressive_call_results": True}},
    "publisher": {},
    "subscriber": {},
}


class Closed(Exception):
    """The other end has closed the connection. ``code`` is that of the close frame; 1006 if there was none."""

    def __init__(self, code: int = 1006, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class RefusedHandshake(Exception):
    """The handshake was answered, and not with yes: an HTTP status or a RawSocket error number."""

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


class Stream:
    """A connected socket, and what was read from it and not yet taken. ``tls`` is for addresses of TLS, see ``certificates``."""

    def __init__(self, url: str, *, receive_buffer: int | None = None, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        address: Any
        if parts.scheme.endswith("+unix"):
            self.socket = socket.socket(socket.AF_UNIX)
            address = parts.path
        else:
            self.socket = socket.socket()
            address = (parts.hostname, parts.port)
        self.socket.settimeout(TIMEOUT)
        if receive_buffer is not None:  # before connect, as the window is agreed there
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            self.socket.connect(address)
            if tls is not None:
                self.socket = tls.wrap_socket(self.socket, server_hostname=parts.hostname)
        except BaseException:
            self.socket.close()
            raise
        if self.socket.family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()

    def send(self, data: bytes) -> None:
        """Send all of it; raise Closed if the other end does not take it any more."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            raise Closed from None

    def read(self, count: int) -> bytes:
        """Return that many bytes; raise Closed if they do not come."""
        while len(self.buffer) < count:
            self._read_more()
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def read_until(self, end: bytes) -> bytes:
        """Return everything up to and with ``end``."""
        while (at := self.buffer.find(end)) < 0:
            self._read_more()
        return self.read(at + len(end))

    def read_to_end(self) -> bytes:
        """Return everything until the other end closes."""
        while True:
            try:
                self._read_more()
            except Closed:
                return self.read(len(self.buffer))

    def _read_more(self) -> None:
        try:
            data = self.socket.recv(1 << 18)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            data = b""
        if not data:
            raise Closed
        self.buffer += data

    def close(self) -> None:
        self.socket.close()

    def __del__(self) -> None:
        if hasattr(self, "socket"):  # a test that fails has not closed it, which must not fail another one
            self.socket.close()

    def shut_down(self) -> None:
        """End both directions, so that a thread that waits to read wakes up."""
        self.socket.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Close with RST instead of FIN, so that nothing waits for the other end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Frame(NamedTuple):
    """A WebSocket frame (RFC 6455, section 5.2)."""

    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0


def client_frame(
    opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, mask: bytes | None = b"\x11\x22\x33\x44"
) -> bytes:
    """Return a client's frame; ``mask=None`` leaves the mask out, which the RFC forbids."""
    first = fin << 7 | rsv << 4 | opcode
    masked = 0 if mask is None else 0x80
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", first, masked | length)
    elif length < 65536:
        head = struct.pack("!BBH", first, masked | 126, length)
    else:
        head = struct.pack("!BBQ", first, masked | 127, length)
    if mask is None:
        return head + payload
    key = (mask * (length // 4 + 1))[:length]
    return head + mask + (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(length)


def handshake_request(
    url: str, *subprotocols: str, extensions: str = "", headers: dict[str, str] | None = None
) -> bytes:
    """Return the bytes of an opening handshake (RFC 6455, section 4.1)."""
    parts = urlsplit(url)
    lines = {
        "Host": parts.netloc or "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    if subprotocols:
        lines["Sec-WebSocket-Protocol"] = ", ".join(subprotocols)
    if extensions:
        lines["Sec-WebSocket-Extensions"] = extensions
    lines.update(headers or {})
    path = "/" if parts.scheme.endswith("+unix") else parts.path or "/"
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"GET {path} HTTP/1.1\r\n{text}\r\n".encode()


class WebSocket:
    """A WebSocket connection. Raises RefusedHandshake if there is to be none."""

    def __init__(
        self,
        url: str,
        *subprotocols: str,
        extensions: str = "",
        headers: dict[str, str] | None = None,
        **connecting: Any,
    ) -> None:
        self.stream = Stream(url, **connecting)
        try:
            self.stream.send(handshake_request(url, *subprotocols, extensions=extensions, headers=headers))
            self.headers = self._read_response()
        except BaseException:
            self.stream.close()
            raise
        self.subprotocol = self.headers.get("sec-websocket-protocol", "")
        self.first = BINARY if "json" not in self.subprotocol else TEXT
        self.answers_pings = True
        self.pings = 0

    def _read_response(self) -> dict[str, str]:
        status, *lines = self.stream.read_until(b"\r\n\r\n").decode().split("\r\n")
        code = int(status.split()[1])
        if code != 101:
            raise RefusedHandshake(code, status)
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}

    def send_frame(self, opcode: int, payload: bytes = b"", **how: Any) -> None:
        self.stream.send(client_frame(opcode, payload, **how))

    def send(self, payload: bytes) -> None:
        """Send one message, of the type that belongs to the subprotocol."""
        self.send_frame(self.first, payload)

    def receive_frame(self) -> Frame:
        first, length = self.stream.read(2)
        assert not length & 0x80, "a server must not mask"
        if length == 126:
            (length,) = struct.unpack("!H", self.stream.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.stream.read(8))
        return Frame(first & 0x0F, self.stream.read(length), bool(first & 0x80), first >> 4 & 7)

    def receive(self) -> bytes:
        """Return the next message; answer pings, and the close frame that is raised as Closed."""
        parts = []
        while True:
            frame = self.receive_frame()
            if frame.opcode == CLOSE:
                self._closed(frame)
            elif frame.opcode == PING:
                self.pings += 1
                if self.answers_pings:
                    self.send_frame(PONG, frame.payload)
            elif frame.opcode != PONG:
                assert not frame.rsv, "compressed: use receive_frame"
                parts.append(frame.payload)
                if frame.fin:
                    return b"".join(parts)

    def _closed(self, frame: Frame) -> None:
        code = struct.unpack("!H", frame.payload[:2])[0] if frame.payload else 1005
        try:
            self.send_frame(CLOSE, frame.payload[:2])
        except Closed:
            pass  # the answer is a courtesy
        raise Closed(code, frame.payload[2:].decode())

    def closing(self) -> Closed:
        """Read on until the connection ends, and return how it did."""
        while True:
            try:
                self.receive()
            except Closed as closed:
                return closed

    def close(self) -> None:
        self.stream.close()


class RawSocket:
    """A RawSocket connection, over TCP or a Unix socket. Raises RefusedHandshake if there is to be none."""

    def __init__(self, url: str, serializer: str = "json", *, exponent: int = 15, **connecting: Any) -> None:
        self.stream = Stream(url, **connecting)
        self.answers_pings = True
        self.pings = 0
        number = CODECS[serializer].serializer.rawsocket_id
        try:
            self.stream.send(bytes((0x7F, exponent << 4 | number, 0, 0)))
            magic, answer, *reserved = self.stream.read(4)
            assert magic == 0x7F
            assert reserved == [0, 0]
            if answer & 0x0F == 0:
                raise RefusedHandshake(answer >> 4)
            assert answer & 0x0F == number
        except BaseException:
            self.stream.close()
            raise
        self.max_length = 512 << (answer >> 4)
        """The longest message that the router takes."""

    def send(self, payload: bytes) -> None:
        """Send one message."""
        self.send_frame(0, payload)

    def send_frame(self, kind: int, payload: bytes = b"") -> None:
        self.stream.send(struct.pack("!I", kind << 24 | len(payload)) + payload)

    def receive_frame(self) -> tuple[int, bytes]:
        """Return type and payload."""
        (prefix,) = struct.unpack("!I", self.stream.read(4))
        return prefix >> 24, self.stream.read(prefix & 0xFFFFFF)

    def receive(self) -> bytes:
        """Return the next message; answer PINGs."""
        while True:
            kind, payload = self.receive_frame()
            if kind == 0:
                return payload
            if kind == 1:
                self.pings += 1
                if self.answers_pings:
                    self.send_frame(2, payload)

    def closing(self) -> Closed:
        """Read on until the connection ends."""
        while True:
            try:
                self.receive()
            except Closed as closed:
                return closed

    def close(self) -> None:
        self.stream.close()


class Client:
    """A session's messages over one connection. It joins realm1 unless told not to."""

    def __init__(self, url: str, serializer: str = "json", *, join: bool = True, **options: Any) -> None:
        self.codec = CODECS[serializer]
        self.connection: WebSocket | RawSocket
        if url.startswith("rs"):
            self.connection = RawSocket(url, serializer, **options)
        else:
            self.connection = WebSocket(url, f"wamp.2.{serializer}", **options)
        self.requests = 0
        self.session = 0
        if join:
            self.session = self.join().session

    @property
    def stream(self) -> Stream:
        return self.connection.stream

    def join(self, realm: str = "realm1") -> Welcome:
        self.send(Hello(realm, {"roles": ROLES}))
        return self.expect(Welcome)

    def send(self, message: Message) -> None:
        self.connection.send(self.codec.encode(message))

    def receive(self) -> Message:
        return self.codec.decode(self.connection.receive())

    def expect(self, kind: type[_MessageT]) -> _MessageT:
        """Return the next message, which must be of that kind."""
        message = self.receive()
        assert isinstance(message, kind), message
        return message

    def closing(self) -> Closed:
        """Read on until the connection ends, and return how it did."""
        return self.connection.closing()

    # -- requests; each returns the request's id or what came for it

    def next_request(self) -> int:
        self.requests += 1
        return self.requests

    def pack(self, value: Any) -> Any:
        return self.codec.serializer.pack(value)

    def args(self, message: Any) -> list[Any]:
        """Return a message's positional arguments."""
        return [] if message.args is ABSENT else list(self.codec.serializer.unpack(message.args))

    def register(self, procedure: str, **options: Any) -> Registered:
        self.send(Register(self.next_request(), options, procedure))
        return self.expect(Registered)

    def subscribe(self, topic: str, **options: Any) -> Subscribed:
        self.send(Subscribe(self.next_request(), options, topic))
        return self.expect(Subscribed)

    def call(self, procedure: str, *args: Any, **options: Any) -> int:
        """Send a CALL; return its request id."""
        request = self.next_request()
        self.send(Call(request, options, procedure, self.pack(list(args))))
        return request

    def answer(self, invocation: int, *args: Any) -> None:
        self.send(Yield(invocation, {}, self.pack(list(args))))

    def publish(self, topic: str, *args: Any) -> None:
        """Publish without acknowledgement."""
        self.send(Publish(self.next_request(), {}, topic, self.pack(list(args))))

    def publish_acknowledged(self, topic: str, *args: Any) -> Published:
        self.send(Publish(self.next_request(), {"acknowledge": True}, topic, self.pack(list(args))))
        return self.expect(Published)

    def event_args(self) -> list[Any]:
        return self.args(self.expect(Event))

    def leave(self) -> None:
        self.send(Goodbye({}, "wamp.close.normal"))
        self.expect(Goodbye)

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
