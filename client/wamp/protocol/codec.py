"""Bytes to messages and back, for one serializer: the only place that checks shapes.

``Codec.decode`` returns a message whose every field has the type that ``messages`` and ``options`` declare, or
raises ``ProtocolViolation`` and never anything else. On the fast path msgspec builds the struct straight from the
bytes; the payload's bytes are copied, never rebuilt, but they are checked: a recipient must be able to decode what
the router hands on. Options and details hold plain values only, whatever the serializer: None, bool, int, float, str,
bytes, lists, and dictionaries with strings as keys.

What real clients send is met in ``_build``, after the strict way has refused: integral floats where an id is
expected (JavaScript's MessagePack and CBOR libraries write any number from 2^32 up so).
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

import cbor2
import msgspec
from msgspec import Raw
from msgspec.structs import astuple

from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.limits import (
    MAX_DEPTH,
    refuse_deep_json,
    refuse_deep_value,
    scan_cbor,
    scan_messagepack,
)
from wamp.protocol.messages import ABSENT, MESSAGES, Message
from wamp.protocol.options import OPTIONS
from wamp.protocol.serializers import (
    CBOR,
    JSON,
    MSGPACK,
    Serializer,
    TranscodingError,
    binary_to_text,
    cbor_decoder,
    decode_extension,
    malformed_cbor,
    plain,
    text_to_binary,
    transcode,
)

__all__ = ["CODECS", "Codec"]

_ANY_MESSAGE: Any = None
for _message in MESSAGES.values():
    _ANY_MESSAGE = _message if _ANY_MESSAGE is None else _ANY_MESSAGE | _message

_SCALARS: Final = frozenset({bool, int, float, str})


class _Shape:
    """What the codec needs to know of a message class, worked out once."""

    __slots__ = ("attribute", "details_may_lack", "has_payload", "head", "length", "name", "options")

    def __init__(self, message: type[Message]) -> None:
        fields = message.__struct_fields__
        self.name = message.__name__.upper()
        self.has_payload = "args" in fields
        self.head = len(fields) - 2 if self.has_payload else len(fields)
        """How many fields stand before the payload."""
        self.length = 1 + len(fields)
        """How many elements the list may have."""
        self.attribute = next((name for name in fields if name in ("options", "details", "extra")), None)
        self.details_may_lack = bool(message.__struct_defaults__) and not self.has_payload
        """UNSUBSCRIBED and UNREGISTERED have details only where they revoke."""
        self.options = OPTIONS.get(message)


_SHAPES: Final = {message: _Shape(message) for message in MESSAGES.values()}
_LONGEST: Final = max(shape.length for shape in _SHAPES.values())


class Codec:
    """Messages of one serializer. There is one instance of each: compare by identity."""

    __slots__ = ("__weakref__", "serializer")

    def __init__(self, serializer: Serializer) -> None:
        self.serializer: Final = serializer

    def __repr__(self) -> str:
        return f"<Codec {self.serializer.name}>"

    def decode(self, data: bytes) -> Message:
        """Return the message that the bytes stand for; raise ProtocolViolation if they are not exactly one."""
        raise NotImplementedError

    def encode(self, message: Message, source: Codec | None = None) -> bytes:
        """Return the bytes of a message whose payload, if any, came through ``source`` (default: this codec).

        Raise TranscodingError if the payload cannot be expressed here.
        """
        shape = _SHAPES[type(message)]
        head = astuple(message)
        if not shape.has_payload:
            if shape.details_may_lack and not head[-1]:
                head = head[:-1]
            return self._pack(message.CODE, head, ())
        args, kwargs = head[-2:]
        head = head[:-2]
        if source is not None and source is not self:
            args = transcode(args, source.serializer, self.serializer)
            kwargs = transcode(kwargs, source.serializer, self.serializer)
        if kwargs is not ABSENT:
            payload = (self.serializer.empty_list if args is ABSENT else args, kwargs)
        else:
            payload = () if args is ABSENT else (args,)
        return self._pack(message.CODE, head, payload)

    def _pack(self, code: int, head: tuple[Any, ...], payload: tuple[Raw, ...]) -> bytes:
        """Return the bytes of a message's list."""
        raise NotImplementedError

    # -- checks that every serializer shares

    def _build(self, kind: type[Message], head: list[Any], payload: Sequence[Raw]) -> Message:
        """Return a message of these elements, accepting integral floats for integers."""
        try:
            return msgspec.convert([kind.CODE, *head, *payload], kind)
        except msgspec.ValidationError:
            pass
        try:
            return msgspec.convert([kind.CODE, *map(_integer, head), *payload], kind)
        except msgspec.ValidationError as error:
            raise ProtocolViolation(f"{_SHAPES[kind].name}: {error}") from None

    def _check_options(self, message: Message, shape: _Shape, options: dict[str, Any]) -> None:
        """Make options plain, drop those that are null, take integral floats for integers, check types."""
        odd = [key for key, value in options.items() if type(value) not in _SCALARS]
        if odd:
            options = options.copy()
            for key in odd:
                if (value := self._plain(options.pop(key), shape)) is not None:
                    options[key] = value
            setattr(message, shape.attribute or "", options)
        if shape.options is None:
            return
        try:
            msgspec.convert(options, shape.options)
        except msgspec.ValidationError as refusal:
            integral = _integral(options)
            try:
                msgspec.convert(integral, shape.options)
            except msgspec.ValidationError:
                raise ProtocolViolation(f"{shape.name}.{shape.attribute}: {refusal}") from None
            setattr(message, shape.attribute or "", integral)

    def _plain(self, value: Any, shape: _Shape) -> Any:
        try:
            return plain(value)
        except (ValueError, RecursionError) as error:
            raise ProtocolViolation(f"{shape.name}.{shape.attribute}: {error}") from None

    def _check_odd_args(self, message: Any, shape: _Shape) -> None:
        """Accept arguments that are no list where there is a reason: null, or an encrypted payload."""
        value = self.serializer.unpack(message.args)
        if value is None or value is cbor2.undefined:
            message.args = ABSENT
        elif not (isinstance(value, str | bytes) and "enc_algo" in getattr(message, shape.attribute or "")):
            raise ProtocolViolation(f"{shape.name}: the arguments are not a list")

    def _check_odd_kwargs(self, message: Any, shape: _Shape) -> None:
        """Accept keyword arguments that are null."""
        value = self.serializer.unpack(message.kwargs)
        if value is not None and value is not cbor2.undefined:
            raise ProtocolViolation(f"{shape.name}: the keyword arguments are not a dictionary with strings as keys")
        message.kwargs = ABSENT


def _kind(code: Any, refusal: str) -> type[Message]:
    """Return the class of messages with a code; raise ProtocolViolation if there is none."""
    code = _integer(code)
    kind = MESSAGES.get(code) if type(code) is int else None
    if kind is None:
        raise ProtocolViolation(f"not a WAMP message: {refusal}")
    return kind


def _integer(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() else value


def _integral(value: Any) -> Any:
    """Make integral floats integers, through lists and dictionaries."""
    if isinstance(value, dict):
        return {key: _integral(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_integral(item) for item in value]
    return _integer(value)


class _MsgspecCodec(Codec):
    """What JSON and MessagePack share: msgspec decodes a message in one step."""

    __slots__ = ("_decode", "_decode_elements", "_encode")

    def _parse(self, data: bytes) -> Message:
        try:
            try:
                message: Message = self._decode(data)
            except msgspec.ValidationError as error:
                return self._repair(data, str(error))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ProtocolViolation(f"malformed {self.serializer.name}: {error}") from None
        return message

    def _repair(self, data: bytes, refusal: str) -> Message:
        """Read a message that the strict decoder refused."""
        elements: list[Raw] = self._decode_elements(data)
        if not elements or len(elements) > _LONGEST:
            raise ProtocolViolation(f"not a WAMP message: {len(elements)} elements")
        unpack = self.serializer.unpack
        kind = _kind(unpack(elements[0]), refusal)
        first = 1 + _SHAPES[kind].head  # of the payload
        return self._build(kind, [unpack(raw) for raw in elements[1:first]], elements[first:])

    def _check(self, message: Message) -> Message:
        """Check what the struct's types do not say: options, and that a payload is one."""
        shape = _SHAPES[type(message)]
        if shape.attribute is not None:
            options = getattr(message, shape.attribute)
            if options:
                self._check_options(message, shape, options)
        if shape.has_payload:
            args: Raw = message.args  # type: ignore[attr-defined]  # has_payload says so
            kwargs: Raw = message.kwargs  # type: ignore[attr-defined]  # has_payload says so
            if args is not ABSENT and not self._is_container(args, list):
                self._check_odd_args(message, shape)
            if kwargs is not ABSENT and not self._is_container(kwargs, dict):
                self._check_odd_kwargs(message, shape)
        return message

    def _is_container(self, raw: Raw, kind: type[list[Any]] | type[dict[str, Any]]) -> bool:
        """Tell whether a payload is a list (or a map with string keys) that any recipient can decode."""
        raise NotImplementedError

    def _pack(self, code: int, head: tuple[Any, ...], payload: tuple[Raw, ...]) -> bytes:
        try:
            return self._encode((code, *head, *payload))
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise TranscodingError(f"not expressible in {self.serializer.name}: {error}") from None


class _JsonCodec(_MsgspecCodec):
    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(JSON)
        self._decode = msgspec.json.Decoder(_ANY_MESSAGE).decode
        self._decode_elements = msgspec.json.Decoder(list[Raw]).decode
        self._encode = msgspec.json.Encoder().encode

    def decode(self, data: bytes) -> Message:
        # msgspec does not look inside the strings of a Raw, hence this. It is 12 ns for ASCII.
        if not data.isascii():
            try:
                data.decode("utf-8")
            except UnicodeDecodeError as error:
                raise ProtocolViolation(f"invalid UTF-8: {error}") from None
        if len(data) > 2 * MAX_DEPTH:  # a level has two brackets
            refuse_deep_json(data)
        message = self._parse(data)
        if b"\\" in data:
            self._restore_binary(message)
        return self._check(message)

    def _restore_binary(self, message: Message) -> None:
        """Make binary values of the strings among the options that stand for one."""
        attribute = _SHAPES[type(message)].attribute
        if attribute is not None:
            setattr(message, attribute, text_to_binary(getattr(message, attribute)))

    def _is_container(self, raw: Raw, kind: type[list[Any]] | type[dict[str, Any]]) -> bool:
        return memoryview(raw)[0] == (0x5B if kind is list else 0x7B)  # [ or {; the syntax is checked already

    def _pack(self, code: int, head: tuple[Any, ...], payload: tuple[Raw, ...]) -> bytes:
        return super()._pack(code, tuple(map(binary_to_text, head)), payload)


class _MessagePackCodec(_MsgspecCodec):
    __slots__ = ("_decode_dict", "_decode_list")

    def __init__(self) -> None:
        super().__init__(MSGPACK)
        self._decode = msgspec.msgpack.Decoder(_ANY_MESSAGE, ext_hook=decode_extension).decode
        self._decode_elements = msgspec.msgpack.Decoder(list[Raw]).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode_list = msgspec.msgpack.Decoder(list[Any]).decode
        self._decode_dict = msgspec.msgpack.Decoder(dict[str, Any]).decode

    def decode(self, data: bytes) -> Message:
        if len(data) > MAX_DEPTH:
            scan_messagepack(data)
        return self._check(self._parse(data))

    def _is_container(self, raw: Raw, kind: type[list[Any]] | type[dict[str, Any]]) -> bool:
        # Decoding it all is the one way to know that strings are UTF-8: 0.1 µs for small payloads.
        try:
            try:
                value = self._decode_list(raw) if kind is list else self._decode_dict(raw)
            except msgspec.ValidationError:
                value = self.serializer.unpack(raw)  # no list, or an odd timestamp in one
                if not isinstance(value, kind) or (kind is dict and not _has_string_keys(value)):
                    return False
            if memoryview(raw).nbytes > MAX_DEPTH:
                refuse_deep_value(value)
        except (ValueError, RecursionError) as error:
            raise ProtocolViolation(f"malformed msgpack payload: {error}") from None
        return True


def _has_string_keys(value: dict[Any, Any]) -> bool:
    return all(type(key) is str for key in value)


_CBOR_ARRAY: Final = b"\x80"
_CBOR_ARRAY_8: Final = b"\x98"
"""From here on the number of elements follows, in 1, 2, 4 or 8 bytes."""
_CBOR_RESERVED: Final = b"\x9c"
_CBOR_ENDLESS_ARRAY: Final = b"\x9f"
_CBOR_BREAK: Final = b"\xff"
_CBOR_SELF_DESCRIBED: Final = b"\xd9\xd9\xf7"
"""Tag 55799: "what follows is CBOR". Some encoders open with it."""


class _CborCodec(Codec):
    """cbor2 decodes the list element by element, so that it is known where each one's bytes are."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(CBOR)

    def decode(self, data: bytes) -> Message:
        try:
            try:
                values, ends = self._split(data, strict=True)
            except cbor2.CBORDecodeError:
                # Most often a map with numbers as keys; decode it once it is known that they do not collide.
                scan_cbor(data)
                values, ends = self._split(data, strict=False)
        except cbor2.CBORDecodeError as error:
            raise malformed_cbor(error) from None
        kind = _kind(values[0], "expected a list with a message code")
        shape = _SHAPES[kind]
        first = 1 + shape.head  # of the payload
        payload = [Raw(data[start:end]) for start, end in zip(ends[first - 1 : -1], ends[first:], strict=True)]
        message = self._build(kind, values[1:first], payload)
        if shape.attribute is not None:
            options = getattr(message, shape.attribute)
            if options:
                self._check_options(message, shape, options)
        if payload:
            if not isinstance(values[first], list):
                self._check_odd_args(message, shape)
            if len(payload) > 1:
                kwargs = values[first + 1]
                if not isinstance(kwargs, dict) or not _has_string_keys(kwargs):
                    self._check_odd_kwargs(message, shape)
        return message

    def _split(self, data: bytes, *, strict: bool) -> tuple[list[Any], list[int]]:
        """Return the elements of a message's list, and where each one ends in the data."""
        stream = BytesIO(data)
        length = self._read_head(stream, data)
        decode = cbor_decoder(stream, strict=strict).decode
        tell = stream.tell
        values: list[Any] = []
        ends: list[int] = []
        while len(values) != length and not (length is None and data.startswith(_CBOR_BREAK, tell())):
            if len(values) == _LONGEST:
                raise ProtocolViolation("not a WAMP message: too many elements")
            values.append(decode())
            ends.append(tell())
        if tell() + (length is None) != len(data):
            raise ProtocolViolation("malformed cbor: trailing bytes")
        if not values:
            raise ProtocolViolation("not a WAMP message: 0 elements")
        return values, ends

    def _read_head(self, stream: BytesIO, data: bytes) -> int | None:
        """Return how many elements the list has, None if it goes up to a break."""
        if data.startswith(_CBOR_SELF_DESCRIBED):
            stream.seek(len(_CBOR_SELF_DESCRIBED))
        head = stream.read(1)
        if _CBOR_ARRAY <= head < _CBOR_ARRAY_8:  # the number of elements is in the byte itself
            return head[0] - _CBOR_ARRAY[0]
        if _CBOR_ARRAY_8 <= head < _CBOR_RESERVED:
            return int.from_bytes(stream.read(1 << (head[0] - _CBOR_ARRAY_8[0])), "big")
        if head == _CBOR_ENDLESS_ARRAY:
            return None
        raise ProtocolViolation("not a WAMP message: not a list")

    def _pack(self, code: int, head: tuple[Any, ...], payload: tuple[Raw, ...]) -> bytes:
        try:
            for field in head:
                if type(field) is dict and field:
                    refuse_deep_value(field)
            packed = cbor2.dumps((code, *head))
        except (cbor2.CBOREncodeError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise TranscodingError(f"not expressible in cbor: {error}") from None
        if not payload:
            return packed
        length = _CBOR_ARRAY[0] + 1 + len(head) + len(payload)
        return b"".join((length.to_bytes(1, "big"), packed[1:], *payload))


CODECS: Final[dict[str, Codec]] = {
    codec.serializer.name: codec for codec in (_JsonCodec(), _MessagePackCodec(), _CborCodec())
}
"""Serializer name -> codec."""
