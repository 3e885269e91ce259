"""What the dispatcher needs of a connection: how to pack a message for it, and where to put it."""

from __future__ import annotations

import struct
from functools import cache
from typing import Any, Final, Protocol

from wamp.protocol.codec import Codec
from wamp.protocol.messages import Message
from wamp.protocol.rawsocket import frame as rawsocket_frame
from wamp.protocol.serializers import JSON, TranscodingError

__all__ = [
    "BINARY",
    "TEXT",
    "BatchedWire",
    "DeflateWire",
    "Deflater",
    "Link",
    "MessageTooLong",
    "RawSocketWire",
    "Throttled",
    "WebSocketWire",
    "Wire",
    "batched_wire",
    "rawsocket_wire",
    "websocket_frame",
    "websocket_wire",
]


class Wire(Protocol):
    """Serializer and framing of a connection.

    Connections that agree in both share one wire, by identity: an event is packed once for each wire.
    """

    def pack(self, message: Message, source: Codec | None, /) -> Any:
        """Return what goes out for a message; raise TranscodingError if it cannot be expressed."""

    def unsent(self) -> None:
        """Take notice that what was packed last has not gone out."""


class Link(Protocol):
    """The way to one session: a queue in front of a connection, or of a hosted component."""

    wire: Wire
    queued: int
    """How many bytes wait here."""
    high_water: int
    """From here up, who feeds the queue is slowed down."""
    limit: int
    """From here up, nothing more is taken."""
    owner: Throttled | None
    """Who reads at the other end: paused itself if it asks for more answers than it reads."""

    @property
    def sent(self) -> int:
        """How many messages went in here. Only those of a ``Peer`` count them."""

    def append(self, packed: Any) -> None:
        """Put something packed by ``wire`` in the queue."""

    def flush(self) -> None:
        """Send what is in the queue, as far as the connection takes it."""

    def throttle(self, feeder: Throttled) -> None:
        """Slow down somebody who feeds this queue, until it is shorter."""

    def expel(self, reason: str) -> None:
        """End the session and its connection: its queue is full, or it cannot be told what it must know."""


class Throttled(Protocol):
    """Somebody whose reading can be paused. Pauses count: it reads again when nobody wants it paused."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


TEXT: Final = 0x81
BINARY: Final = 0x82
"""The first octet of a frame that is a whole message: FIN and the opcode (RFC 6455, section 5.2)."""
_COMPRESSED: Final = 0x40  # RSV1
_LENGTH_16: Final = struct.Struct("!BBH")
_LENGTH_64: Final = struct.Struct("!BBQ")


def websocket_frame(first: int, payload: bytes) -> bytes:
    """Return an unmasked, unfragmented frame (RFC 6455, section 5.2). ``first`` is its first octet."""
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65536:
        return _LENGTH_16.pack(first, 126, length) + payload
    return _LENGTH_64.pack(first, 127, length) + payload


class WebSocketWire:
    """One WebSocket message for each WAMP message."""

    __slots__ = ("_first", "codec")

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self._first = BINARY if codec.serializer.binary else TEXT

    def pack(self, message: Message, source: Codec | None) -> bytes:
        return websocket_frame(self._first, self.codec.encode(message, source))

    def unsent(self) -> None:
        """Make nothing of it: each frame stands for itself."""


class BatchedWire(WebSocketWire):
    """A batch of one message in each WebSocket message, JSON with the separator that the peer uses."""

    __slots__ = ("_separator",)

    def __init__(self, codec: Codec, separator: bytes) -> None:
        super().__init__(codec)
        self._separator = separator

    def pack(self, message: Message, source: Codec | None) -> bytes:
        payload = self.codec.encode(message, source)
        if self.codec.serializer is JSON:
            return websocket_frame(self._first, payload + self._separator)
        return websocket_frame(self._first, struct.pack("!I", len(payload)) + payload)


class Compressor(Protocol):
    """What Autobahn's permessage-deflate offers to a sender."""

    _compressor: Any

    def start_compress_message(self) -> None: ...
    def compress_message_data(self, data: bytes) -> bytes: ...
    def end_compress_message(self) -> bytes: ...


class Deflater:
    """Frames with permessage-deflate. It has the compressor's state: one for each connection."""

    __slots__ = ("_compressor",)

    # Below this, compressing costs more than it saves, also for the receiver. The extension leaves the choice to the
    # sender, message by message (RFC 7692, section 6).
    _WORTHWHILE: Final = 256

    def __init__(self, compressor: Compressor) -> None:
        self._compressor = compressor

    def frame(self, first: int, payload: bytes) -> bytes:
        """Return a frame as ``websocket_frame`` does, compressed if that is worthwhile."""
        if len(payload) < self._WORTHWHILE:
            return websocket_frame(first, payload)
        compressor = self._compressor
        compressor.start_compress_message()
        packed = compressor.compress_message_data(payload) + compressor.end_compress_message()
        return websocket_frame(first | _COMPRESSED, packed)

    def forget(self) -> None:
        """Refer to nothing any more that was compressed so far: the receiver has not seen it all."""
        self._compressor._compressor = None  # the next message gets a new one


class DeflateWire(WebSocketWire):
    """WebSocket messages that are compressed where that is worthwhile. Never shared between connections."""

    __slots__ = ("_deflater",)

    def __init__(self, codec: Codec, deflater: Deflater) -> None:
        super().__init__(codec)
        self._deflater = deflater

    def pack(self, message: Message, source: Codec | None) -> bytes:
        return self._deflater.frame(self._first, self.codec.encode(message, source))

    def unsent(self) -> None:
        """Let later messages not refer to this one, as they would with context takeover."""
        self._deflater.forget()


class MessageTooLong(TranscodingError):
    """A message is longer than the peer has announced to accept."""


class RawSocketWire:
    """A length in front of each message, which must not be longer than the peer has announced to accept."""

    __slots__ = ("_max_length", "codec")

    def __init__(self, codec: Codec, max_length: int) -> None:
        self.codec = codec
        self._max_length = max_length

    def pack(self, message: Message, source: Codec | None) -> bytes:
        payload = self.codec.encode(message, source)
        if len(payload) > self._max_length:
            raise MessageTooLong(f"a message of {len(payload)} octets, but the peer accepts {self._max_length}")
        return rawsocket_frame(payload)

    def unsent(self) -> None:
        """Make nothing of it: each frame stands for itself."""


websocket_wire = cache(WebSocketWire)
batched_wire = cache(BatchedWire)
rawsocket_wire = cache(RawSocketWire)
