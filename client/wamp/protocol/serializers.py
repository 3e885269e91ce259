"""JSON, MessagePack and CBOR: plain values to bytes and back, and payloads from one to the other.

A payload is a ``Raw``: the bytes of one value in one serializer. Routers copy it; only where a recipient speaks
another serializer than the sender does ``transcode`` build Python values. ``unpack`` succeeds on everything that is
well-formed, because a payload is another peer's, and what it contains must not end the session that receives it. So it
runs no constructor on hostile input: a CBOR tag whose content is not of its usual form, and a MessagePack extension,
stay what they are (``CBORTag``, ``Ext``), and can be packed again by their own serializer only.

============================= =============== =================== ============== ============
Value                         in Python       to JSON             to MessagePack to CBOR
============================= =============== =================== ============== ============
binary                        bytes           "\\0" + base64      bin            byte string
undefined [1]_                None            null                nil            null
NaN, infinity                 float           null                float          float
integer beyond 64 bits        int             digits, up to 4300  refused        bignum
map with numbers as keys      dict            numbers become text map            map
map with other keys           dict            refused             map [2]_       map [2]_
date: CBOR tags 0, 1; ext -1  datetime        ISO 8601 text       timestamp      tag 0
day: CBOR tags 100, 1004      date            ISO 8601 text       ISO 8601 text  tag 1004
decimal fraction: CBOR tag 4  Decimal         text                text           tag 4
UUID: CBOR tag 37             UUID            text                text           tag 37
set: CBOR tag 258             list            list                list           list
byte array: CBOR tag 64       bytes           "\\0" + base64      bin            byte string
another CBOR tag              CBORTag         refused             refused        the tag
CBOR simple value above 23    CBORSimpleValue refused             refused        simple value
another MessagePack extension Ext             refused             the extension  refused
============================= =============== =================== ============== ============

.. [1] CBOR's simple value 23 and MessagePack's extension 0, written by JavaScript. From CBOR it is ``cbor2.undefined``.
.. [2] Unless a map of 256 entries or more has lists, maps or tags as keys; see ``limits``.

Refused means ``TranscodingError``. Nested more than 128 levels deep is refused everywhere, as are CBOR's shared and
string references. Binary values have no place in JSON, so WAMP writes them as a string that starts with a NUL
character (advanced profile, "Binary conversion of JSON Strings"). Sets and days are read, and any Python value that
msgspec or cbor2 knows can be packed.
"""

from __future__ import annotations

import base64
import binascii
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from io import BytesIO
from math import isfinite
from typing import Any, Final
from uuid import UUID

import cbor2
import msgspec
from cbor2 import CBORDecoder, CBORTag
from msgspec import Raw
from msgspec.msgpack import Ext

from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.limits import (
    LARGE_MAP,
    MAX_DEPTH,
    refuse_deep_value,
    refuse_reference,
    scan_cbor,
    scan_messagepack,
)

__all__ = [
    "CBOR",
    "JSON",
    "MSGPACK",
    "SERIALIZERS",
    "UNENCODABLE",
    "Serializer",
    "TranscodingError",
    "binary_to_text",
    "cbor_decoder",
    "decode_extension",
    "malformed_cbor",
    "plain",
    "text_to_binary",
    "transcode",
]


class TranscodingError(ValueError):
    """A value cannot be expressed in the other serializer."""


class Serializer(ABC):
    """One of the three serializers. There is one instance of each: compare by identity."""

    __slots__ = ("__weakref__", "binary", "empty_list", "name", "rawsocket_id")

    def __init__(self, name: str, *, binary: bool, rawsocket_id: int, empty_list: bytes) -> None:
        self.name: Final = name
        self.binary: Final = binary
        """Whether WebSocket carries it in binary messages (JSON is text)."""
        self.rawsocket_id: Final = rawsocket_id
        self.empty_list: Final = Raw(empty_list)

    def __repr__(self) -> str:
        return f"<Serializer {self.name}>"

    @abstractmethod
    def pack(self, value: Any) -> Raw:
        """Return the bytes of a plain value; raise TranscodingError for what the serializer cannot express."""

    @abstractmethod
    def unpack(self, raw: Raw | bytes | memoryview) -> Any:
        """Return the plain value of the bytes; raise ProtocolViolation if they are malformed."""


UNENCODABLE: Final = (TypeError, ValueError, OverflowError, RecursionError, msgspec.EncodeError, cbor2.CBOREncodeError)
"""What the encoders raise for a value that they cannot express."""
_SCALARS: Final = frozenset({type(None), bool, int, float, str})
_BINARY: Final = (bytes, bytearray, memoryview)
_LISTS: Final = (list, tuple, set, frozenset)


# -- JSON


class _Json(Serializer):
    __slots__ = ("_decode", "_encode")

    def __init__(self) -> None:
        super().__init__("json", binary=False, rawsocket_id=1, empty_list=b"[]")
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder().decode

    def pack(self, value: Any) -> Raw:
        try:
            return Raw(self._encode(binary_to_text(value)))
        except UNENCODABLE as error:
            raise TranscodingError(f"not expressible in JSON: {error}") from None

    def unpack(self, raw: Raw | bytes | memoryview) -> Any:
        try:
            try:
                value = self._decode(raw)
            except msgspec.ValidationError:
                value = _decode_huge_numbers(bytes(raw))
            # Looking for the escape sequence first spares nearly every payload the walk.
            return text_to_binary(value) if b"\\u0000" in bytes(raw) else value
        except (ValueError, RecursionError) as error:
            raise ProtocolViolation(f"malformed JSON: {error}") from None


def _decode_huge_numbers(data: bytes) -> Any:
    """Read JSON whose numbers msgspec refuses: they are infinite, as in JavaScript."""
    return json.loads(data, parse_int=_read_integer, parse_constant=_refuse_constant)


def _read_integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 4300 else float(digits)  # where Python's own limit is


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _is_json_key(key: Any) -> bool:
    return not isinstance(key, bytes) and (not isinstance(key, float) or isfinite(key))


def binary_to_text(value: Any) -> Any:
    """Write binary values as WAMP's JSON strings, leaving what has none untouched."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, _BINARY):
        return "\0" + base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        if set(map(type, value)) - {str} and not all(map(_is_json_key, value)):
            raise TypeError("binary values, infinity and not-a-number cannot be keys")
        return {key: item if type(item) in _SCALARS else binary_to_text(item) for key, item in value.items()}
    if isinstance(value, _LISTS):
        return [item if type(item) in _SCALARS else binary_to_text(item) for item in value]
    return None if value is cbor2.undefined else value


def text_to_binary(value: Any) -> Any:
    """Read WAMP's JSON strings back into binary values; a string that only looks like one stays a string."""
    if isinstance(value, str):
        if not value.startswith("\0"):
            return value
        try:
            return base64.b64decode(value[1:], validate=True)
        except (binascii.Error, ValueError):
            return value
    if isinstance(value, dict):
        return {key: text_to_binary(item) for key, item in value.items()}
    if isinstance(value, list):
        return [text_to_binary(item) for item in value]
    return value


# -- MessagePack


class _MessagePack(Serializer):
    __slots__ = ("_decode", "_encode")

    def __init__(self) -> None:
        super().__init__("msgpack", binary=True, rawsocket_id=2, empty_list=b"\x90")
        self._encode = msgspec.msgpack.Encoder(enc_hook=_encode_foreign).encode
        self._decode = msgspec.msgpack.Decoder(ext_hook=decode_extension).decode

    def pack(self, value: Any) -> Raw:
        try:
            return Raw(self._encode(value))
        except UNENCODABLE as error:
            raise TranscodingError(f"not expressible in MessagePack: {error}") from None

    def unpack(self, raw: Raw | bytes | memoryview) -> Any:
        try:
            data = bytes(raw)
            if len(data) > LARGE_MAP:
                scan_messagepack(data)
            try:
                return self._decode(data)
            except msgspec.ValidationError:
                return _decode_odd_timestamps(data)
        except (ValueError, RecursionError) as error:
            raise ProtocolViolation(f"malformed MessagePack: {error}") from None


def decode_extension(code: int, data: memoryview) -> Any:
    """Take MessagePack's extension 0 as null: it is how JavaScript's msgpackr writes ``undefined``."""
    return None if code == 0 else Ext(code, bytes(data))


_TIMESTAMP: Final = -1
_STAND_IN: Final = -2
"""An extension type that nobody uses: MessagePack keeps it for its own future."""


def _decode_odd_timestamps(data: bytes) -> Any:
    """Read MessagePack with timestamps that Python has no datetime for, such as the year 10,000: they stay ``Ext``."""
    patched = bytearray(data)
    for place in scan_messagepack(data, always=True):
        if patched[place] == _TIMESTAMP & 0xFF:
            patched[place] = _STAND_IN & 0xFF
    return msgspec.msgpack.decode(patched, ext_hook=_decode_stand_in)


def _decode_stand_in(code: int, data: memoryview) -> Any:
    if code != _STAND_IN:
        return decode_extension(code, data)
    extension = Ext(_TIMESTAMP, bytes(data))
    try:
        return msgspec.msgpack.decode(msgspec.msgpack.encode(extension))
    except msgspec.ValidationError:
        return extension


def _encode_foreign(value: Any) -> Any:
    """Express what CBOR has and MessagePack lacks, where there is a natural form."""
    if value is cbor2.undefined:
        return None
    raise TypeError(f"a value of type {type(value).__name__}")


# -- CBOR


class _Cbor(Serializer):
    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("cbor", binary=True, rawsocket_id=3, empty_list=b"\x80")

    def pack(self, value: Any) -> Raw:
        try:
            refuse_deep(value)
            return Raw(cbor2.dumps(value))
        except UNENCODABLE as error:
            raise TranscodingError(f"not expressible in CBOR: {error}") from None

    def unpack(self, raw: Raw | bytes | memoryview) -> Any:
        data = bytes(raw)
        try:
            return self._read(data, strict=True)
        except (cbor2.CBORDecodeError, RecursionError):
            # Most often a map with numbers as keys; decode it once it is known that they do not collide.
            scan_cbor(data)
        try:
            return self._read(data, strict=False)
        except (cbor2.CBORDecodeError, RecursionError) as error:
            raise malformed_cbor(error) from None

    def _read(self, data: bytes, *, strict: bool) -> Any:
        stream = BytesIO(data)
        value = cbor_decoder(stream, strict=strict).decode()
        if stream.tell() != len(data):
            raise ProtocolViolation("malformed CBOR: trailing bytes")
        return value


def refuse_deep(value: Any) -> None:
    """Raise ValueError for a value so deep that cbor2's encoder would exhaust the stack and end the process."""
    if type(value) not in _SCALARS:
        refuse_deep_value([value], MAX_DEPTH + 1)


def malformed_cbor(error: Exception) -> ProtocolViolation:
    """Return what to raise for an error of the decoder."""
    if isinstance(error.__cause__, ProtocolViolation):
        return error.__cause__
    return ProtocolViolation(f"malformed CBOR: {error}")


def _bignum(content: Any, *, negative: bool) -> int | None:
    if not isinstance(content, bytes):
        return None
    number = int.from_bytes(content, "big")
    return -1 - number if negative else number


def _moment(content: Any) -> datetime | None:
    """Read RFC 3339 text, or seconds since 1970."""
    try:
        if isinstance(content, str) and len(content) <= 40:
            moment = datetime.fromisoformat(content)
            return moment if moment.tzinfo is not None else None
        if isinstance(content, int | float):
            return _EPOCH + timedelta(seconds=content)
    except (ValueError, OverflowError):
        pass
    return None


def _day(content: Any) -> date | None:
    """Read RFC 8943's text, or days since 1970."""
    try:
        if isinstance(content, str) and len(content) == 10:
            return date.fromisoformat(content)
        if isinstance(content, int):
            return date.fromordinal(_EPOCH.toordinal() + content)
    except (ValueError, OverflowError):
        pass
    return None


def _decimal(content: Any) -> Decimal | None:
    match content:
        case [int(exponent), int(mantissa)] if abs(exponent) <= 6144 and mantissa.bit_length() <= 128:
            # Numbers that IEEE 754's decimal128 has, more or less: converting larger ones takes seconds.
            return Decimal((mantissa < 0, tuple(map(int, str(abs(mantissa)))), exponent))
    return None


def _uuid(content: Any) -> UUID | None:
    return UUID(bytes=content) if isinstance(content, bytes) and len(content) == 16 else None


def _set(content: Any) -> Any:
    """Read a set as a list: its elements need no hash."""
    return content if isinstance(content, list | tuple) else None


def _byte_array(content: Any) -> bytes | None:
    return content if isinstance(content, bytes) else None


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CBOR_TAGS: Final[Mapping[int, Callable[[Any], Any]]] = {
    0: _moment,
    1: _moment,
    2: partial(_bignum, negative=False),
    3: partial(_bignum, negative=True),
    4: _decimal,
    37: _uuid,
    64: _byte_array,
    100: _day,
    258: _set,
    1004: _day,
    55799: lambda content: content,
}
"""Tag -> its value for a given content, None if that is not of the usual form."""


class _Tags(dict[int, Callable[[Any, bool], Any]]):
    """What cbor2 is told of tags: everything, so that it never comes to its own constructors.

    They would compile regular expressions, parse e-mails and compute powers at a peer's request.
    """

    def __missing__(self, tag: int) -> Callable[[Any, bool], Any]:
        return partial(_read_tag, tag)  # not kept: there are 2^64 tags


def _read_tag(tag: int, content: Any, immutable: bool) -> Any:
    refuse_reference(tag)
    read = _CBOR_TAGS.get(tag)
    value = None if read is None else read(content)
    return CBORTag(tag, content) if value is None else value


_TAGS: Final = _Tags()


def cbor_decoder(stream: BytesIO, *, strict: bool = True) -> CBORDecoder:
    """Return a decoder that is safe on hostile input; the stream is left right behind each value.

    The strict one refuses maps with keys that are neither text nor binary. The other needs ``scan_cbor`` before it.
    """
    return CBORDecoder(stream, semantic_decoders=_TAGS, max_depth=MAX_DEPTH, strict_hashable_types=strict)


# -- between them


JSON: Final[Serializer] = _Json()
MSGPACK: Final[Serializer] = _MessagePack()
CBOR: Final[Serializer] = _Cbor()

SERIALIZERS: Final[Mapping[str, Serializer]] = {"json": JSON, "msgpack": MSGPACK, "cbor": CBOR}
"""Name, as in the subprotocol ``wamp.2.<name>`` -> serializer."""


def transcode(raw: Raw, source: Serializer, target: Serializer) -> Raw:
    """Return a payload of one serializer in another; raise TranscodingError if it cannot be expressed there."""
    if source is target or not memoryview(raw):
        return raw
    try:
        return target.pack(source.unpack(raw))
    except ProtocolViolation as error:
        raise TranscodingError(str(error)) from None


def plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a value with what only one serializer has in the form that JSON gives it, but binary values.

    Raise ValueError for what has none, for keys that are not strings, and for deep nesting.
    """
    if type(value) in _SCALARS or isinstance(value, bytes):
        return value
    if not depth:
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a key is not a string")
        return {key: plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, depth - 1) for item in value]
    if isinstance(value, date | Decimal | UUID):
        return msgspec.to_builtins(value)
    if value is cbor2.undefined:
        return None
    raise ValueError(f"a {type(value).__name__} has no place here")
