"""RawSocket without the socket: the handshake of both ends, and frames (WAMP advanced profile, "RawSocket Transport").

Bytes go in and decisions come out. Who reads, writes, answers PINGs and closes is the shell's business; what a payload
means is the codec's.

A handshake is four octets each way::

    request, and reply if accepted    0x7F  LLLL SSSS  0  0    L: I receive up to 2**(9 + L) octets, S: the serializer
    reply if refused                  0x7F  EEEE 0000  0  0    E: a HandshakeError

and then everything is a frame::

    RRRR XTTT  length in 24 bits  payload                      R: 0, T: a FrameType, X: set if the length is 2**24

"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from struct import Struct
from typing import Final, NamedTuple

from wamp.protocol.errors import ProtocolViolation

__all__ = [
    "MAGIC",
    "MAX_LENGTH",
    "MIN_LENGTH",
    "SERIALIZERS",
    "Accepted",
    "ClientHandshake",
    "FrameReader",
    "FrameType",
    "HandshakeError",
    "Refused",
    "ServerHandshake",
    "exponent_for",
    "frame",
    "length_for",
    "message_frames",
]

MAGIC: Final = 0x7F
"""The first octet of a handshake. No HTTP request begins with it, so that one port can serve both."""

MIN_LENGTH: Final = 2**9
MAX_LENGTH: Final = 2**24

SERIALIZERS: Final[Mapping[int, str]] = {1: "json", 2: "msgpack", 3: "cbor"}


def length_for(exponent: int) -> int:
    """Return the maximum length that a ``LENGTH`` field of ``exponent`` (0 to 15) announces."""
    return MIN_LENGTH << exponent


def exponent_for(max_length: int) -> int:
    """Return the ``LENGTH`` field for a limit: the largest that does not exceed ``max_length``, and at most 15 (16 MiB).

    Rounded down, because what we announce the peer may send. Raises ``ValueError`` below 512: that cannot be announced.
    """
    if max_length < MIN_LENGTH:
        raise ValueError(f"a maximum length of {max_length} octets cannot be announced: the smallest is {MIN_LENGTH}")
    return min(max_length, MAX_LENGTH).bit_length() - MIN_LENGTH.bit_length()


class HandshakeError(enum.IntEnum):
    """Why a router refuses a handshake. 0 must not be used, 5 to 15 are reserved."""

    SERIALIZER_UNSUPPORTED = 1
    LENGTH_UNACCEPTABLE = 2
    RESERVED_BITS_USED = 3
    TOO_MANY_CONNECTIONS = 4


_ERROR_TEXT: Mapping[int, str] = {
    HandshakeError.SERIALIZER_UNSUPPORTED: "serializer unsupported",
    HandshakeError.LENGTH_UNACCEPTABLE: "maximum message length unacceptable",
    HandshakeError.RESERVED_BITS_USED: "use of reserved bits",
    HandshakeError.TOO_MANY_CONNECTIONS: "maximum connection count reached",
}


class Accepted(NamedTuple):
    """A handshake that succeeded."""

    reply: bytes
    """What the server sends now, and what the client has received."""
    serializer: str
    receive_limit: int
    """The longest payload that we announced to accept: give it to the ``FrameReader``."""
    send_limit: int
    """The longest payload that the peer accepts."""
    rest: bytes
    """What came after the handshake in the same read: the beginning of the first frames."""


class Refused(NamedTuple):
    """A handshake that the router refused. The connection ends here."""

    reply: bytes
    """What the server sends before it closes, and what the client has received."""
    error: int
    """A ``HandshakeError``, or at the client perhaps one of the codes reserved for the future."""
    reason: str
    """The error in words."""


class _Handshake:
    """The four octets that one end waits for."""

    __slots__ = ("_received",)

    def __init__(self) -> None:
        self._received = b""

    def _octets(self, data: bytes) -> tuple[int, int, bool, bytes, bytes] | None:
        """Collect ``data`` until four octets are there, then return L, S, "has reserved bits", the octets and the rest."""
        self._received = received = self._received + data
        # Not later than at the first octet: someone who speaks HTTP or TLS here may be waiting for us.
        if received and received[0] != MAGIC:
            raise ProtocolViolation(f"RawSocket handshake begins with 0x{received[0]:02x}, expected 0x{MAGIC:02x}")
        if len(received) < 4:
            return None
        length, serializer = divmod(received[1], 16)
        return length, serializer, received[2:4] != b"\0\0", received[:4], received[4:]


class ServerHandshake(_Handshake):
    """The router's end: takes the request, decides on the reply.

    ``serializers`` maps the serializer ids that we speak to their names. ``max_length`` is the longest payload we accept,
    ``min_peer_length`` the least that the client must accept for the router to be able to work with it. ``full`` refuses
    whoever would have been accepted, because the maximum connection count is reached.
    """

    __slots__ = ("_exponent", "_full", "_min_peer_length", "_serializers")

    def __init__(
        self,
        serializers: Mapping[int, str] = SERIALIZERS,
        max_length: int = MAX_LENGTH,
        *,
        min_peer_length: int = MIN_LENGTH,
        full: bool = False,
    ) -> None:
        super().__init__()
        self._serializers = serializers
        self._exponent = exponent_for(max_length)
        self._min_peer_length = min_peer_length
        self._full = full

    def receive(self, data: bytes) -> Accepted | Refused | None:
        """Take what arrived; return the decision, or None while the request is incomplete.

        Raises ``ProtocolViolation`` if this is not RawSocket at all: then there is nothing to reply.
        """
        request = self._octets(data)
        if request is None:
            return None
        length, serializer, has_reserved_bits, _, rest = request
        error = self._objection(length_for(length), serializer, has_reserved_bits=has_reserved_bits)
        if error is not None:
            return Refused(bytes((MAGIC, error << 4, 0, 0)), error, _ERROR_TEXT[error])
        return Accepted(
            reply=bytes((MAGIC, self._exponent << 4 | serializer, 0, 0)),
            serializer=self._serializers[serializer],
            receive_limit=length_for(self._exponent),
            send_limit=length_for(length),
            rest=rest,
        )

    def _objection(self, peer_length: int, serializer: int, *, has_reserved_bits: bool) -> HandshakeError | None:
        # Reserved bits first: they might change what the other fields mean. "Full" last: it is the only one for which
        # coming back later helps, so a client must not hear it while something else is wrong. Serializer 0 is illegal,
        # which has no code of its own; no mapping contains it.
        if has_reserved_bits:
            return HandshakeError.RESERVED_BITS_USED
        if serializer not in self._serializers:
            return HandshakeError.SERIALIZER_UNSUPPORTED
        if peer_length < self._min_peer_length:
            return HandshakeError.LENGTH_UNACCEPTABLE
        if self._full:
            return HandshakeError.TOO_MANY_CONNECTIONS
        return None


class ClientHandshake(_Handshake):
    """The client's end: send ``request``, then give what arrives to ``receive``.

    ``serializer`` is the name of the one we want, out of ``serializers`` (id to name). ``max_length`` is the longest
    payload that we accept. Raises ``KeyError`` if there is no such serializer.
    """

    __slots__ = ("_exponent", "_serializer", "_serializer_id", "request")

    def __init__(
        self,
        serializer: str,
        max_length: int = MAX_LENGTH,
        *,
        serializers: Mapping[int, str] = SERIALIZERS,
    ) -> None:
        super().__init__()
        self._serializer = serializer
        self._serializer_id = {name: number for number, name in serializers.items()}[serializer]
        self._exponent = exponent_for(max_length)
        self.request = bytes((MAGIC, self._exponent << 4 | self._serializer_id, 0, 0))

    def receive(self, data: bytes) -> Accepted | Refused | None:
        """Take what arrived; return the router's decision, or None while the reply is incomplete.

        Raises ``ProtocolViolation`` if the reply is none that a router may give.
        """
        answer = self._octets(data)
        if answer is None:
            return None
        upper, serializer, has_reserved_bits, reply, rest = answer
        if has_reserved_bits:
            raise ProtocolViolation(f"RawSocket handshake reply {reply.hex(' ')} uses reserved bits")
        if serializer == 0:
            if upper == 0:
                raise ProtocolViolation("RawSocket handshake refused with error 0, which must not be used")
            return Refused(reply, upper, _ERROR_TEXT.get(upper, f"error {upper}, which is reserved"))
        if serializer != self._serializer_id:
            raise ProtocolViolation(
                f"RawSocket handshake reply is for serializer {serializer}, expected {self._serializer_id} as requested"
            )
        return Accepted(
            reply=reply,
            serializer=self._serializer,
            receive_limit=length_for(self._exponent),
            send_limit=length_for(upper),
            rest=rest,
        )


class FrameType(enum.IntEnum):
    """What a frame carries; 3 to 7 are reserved."""

    MESSAGE = 0
    PING = 1
    PONG = 2


_MESSAGE: Final = FrameType.MESSAGE
_PREFIX: Final = Struct(">L")
_LENGTH_BITS: Final = 0xFFFFFF
_LENGTH_IS_2_24: Final = 0x08000000

# All first octets there are -> (frame type, what to add to the 24 bits of length). X beside a length that is not zero
# is illegal, but the sum is then beyond every limit anyway.
_FIRST_OCTET: Final[Mapping[int, tuple[FrameType, int]]] = {
    **{kind: (kind, 0) for kind in FrameType},
    **{kind | 0x08: (kind, MAX_LENGTH) for kind in FrameType},
}


def frame(payload: bytes, kind: FrameType = FrameType.MESSAGE) -> bytes:
    """Return ``payload`` with its prefix. Raises ``ValueError`` beyond 2**24 octets, which a prefix cannot express.

    Whether the peer accepts that length (``Accepted.send_limit``) is for the caller to decide, before it gets here.
    """
    length = len(payload)
    if length > _LENGTH_BITS:
        if length > MAX_LENGTH:
            raise ValueError(f"a payload of {length} octets does not fit a RawSocket frame: the limit is {MAX_LENGTH}")
        length = _LENGTH_IS_2_24
    return _PREFIX.pack(kind << 24 | length) + payload


def message_frames(payloads: Iterable[bytes]) -> bytes:
    """Return the frames of messages, one behind the other; ``frame`` says what is expected of each."""
    parts: list[bytes] = []
    for payload in payloads:
        length = len(payload)
        if length > _LENGTH_BITS:
            parts.append(frame(payload))
        else:
            parts.append(_PREFIX.pack(length))
            parts.append(payload)
    return b"".join(parts)


class FrameReader:
    """Cuts a stream of bytes into frames, none with a payload longer than ``max_length``.

    A frame that is complete in one read costs one slice. What is incomplete is kept in a buffer that grows in place and
    is looked at again only when the frame is all there, so that 16 MiB in pieces of 1 KiB cost as much as in one piece.
    A prefix is judged as soon as it is there: nothing is buffered for a frame that will be refused.
    """

    __slots__ = ("_buffer", "_needed", "_plain", "max_length")

    def __init__(self, max_length: int = MAX_LENGTH) -> None:
        self.max_length = min(max_length, MAX_LENGTH)
        # A prefix up to here is that of a good MESSAGE, whose upper octet is 0. Larger ones are looked at bit by bit.
        self._plain = min(max_length, _LENGTH_BITS)
        self._buffer = bytearray()
        self._needed = 0  # so many octets must be in the buffer before it is worth a look

    def feed(self, data: bytes) -> list[tuple[FrameType, bytes]]:
        """Take what arrived; return the type and payload of every frame that is now complete.

        Raises ``ProtocolViolation`` at a frame that breaks the rules. Those before it in ``data`` are lost with it: the
        connection has failed, and nothing more from that peer is processed. Feeding more raises again.
        """
        buffer = self._buffer
        if buffer:
            buffer += data
            if len(buffer) < self._needed:
                return []
            data = bytes(buffer)
            buffer.clear()

        frames: list[tuple[FrameType, bytes]] = []
        plain, prefix_at = self._plain, _PREFIX.unpack_from
        start, end = 0, len(data)
        needed = 4
        while start + 4 <= end:
            (prefix,) = prefix_at(data, start)
            kind, length = (_MESSAGE, prefix) if prefix <= plain else self._judge(prefix)
            needed = 4 + length
            if start + needed > end:
                break
            frames.append((kind, data[start + 4 : start + needed]))
            start += needed
            needed = 4

        if start < end:
            buffer += data[start:]
            self._needed = needed
        return frames

    def _judge(self, prefix: int) -> tuple[FrameType, int]:
        """Return the frame type and payload length of any prefix, or raise ``ProtocolViolation``."""
        kind, extra = _FIRST_OCTET.get(prefix >> 24, (None, 0))
        length = (prefix & _LENGTH_BITS) + extra
        if kind is not None and length <= self.max_length:
            return kind, length
        # Keep the prefix, so that a caller who feeds more stumbles over it again.
        self._buffer += _PREFIX.pack(prefix)
        self._needed = 0
        if kind is None:
            raise ProtocolViolation(f"RawSocket frame begins with 0x{prefix >> 24:02x}: a reserved bit or frame type")
        raise ProtocolViolation(f"RawSocket frame of {length} octets, expected at most {self.max_length}")
