"""Bytes to messages and back, for one serializer: the only place that checks shapes.

``Codec.decode`` returns a message whose every field has the type that ``messages`` and ``options`` declare, or
raises ``ProtocolViolation`` and never anything else. On the fast path msgspec builds the struct straight from the
bytes; the payload's bytes are copied, never rebuilt, but they are checked: a recipient must be able to decode what
the router hands on. Only who reads the payload anyway, with ``Codec.values``, may do without that check. Options and
details hold plain values only, whatever the serializer: None, bool, int, float, str, bytes, lists, and dictionaries
with strings as keys.

What real clients send is met after the strict way has refused: integral floats where an id is expected
(JavaScript's MessagePack and CBOR libraries write any number from 2^32 up so), and halves of surrogate pairs in JSON.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
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
    UNENCODABLE,
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

    __slots__ = (
        "attribute",
        "details_may_lack",
        "has_payload",
        "head",
        "length",
        "name",
        "options",
        "place",
        "without_keywords",
    )

    def __init__(self, message: type[Message]) -> None:
        fields = message.__struct_fields__
        self.name = message.__name__.upper()
        self.has_payload = "args" in fields
        self.head = len(fields) - 2 if self.has_payload else len(fields)
        """How many fields stand before the payload."""
        self.length = 1 + len(fields)
        """How many elements the list may have."""
        self.without_keywords = bytes((0x90 | len(fields),))
        """The first byte of MessagePack for a list of one element less than it may have."""
        self.attribute = next((name for name in fields if name in ("options", "details", "extra")), None)
        self.details_may_lack = bool(message.__struct_defaults__) and not self.has_payload
        """UNSUBSCRIBED and UNREGISTERED have details only where they revoke."""
        self.place = None if self.attribute is None else fields.index(self.attribute)
        self.options = OPTIONS.get(message)

    def options_of(self, message: Message) -> dict[str, Any]:
        """Return the options, details or extra of a message that has some."""
        options: dict[str, Any] = getattr(message, self.attribute or "")
        return options


_SHAPES: Final = {message: _Shape(message) for message in MESSAGES.values()}
_LONGEST: Final = max(shape.length for shape in _SHAPES.values())


class Codec(ABC):
    """Messages of one serializer. There is one instance of each: compare by identity."""

    __slots__ = ("__weakref__", "serializer")

    def __init__(self, serializer: Serializer) -> None:
        self.serializer: Final = serializer

    def __repr__(self) -> str:
        return f"<Codec {self.serializer.name}>"

    @abstractmethod
    def decode(self, data: bytes, *, is_relayed: bool = True) -> Message:
        """Return the message that the bytes stand for; raise ProtocolViolation if they are not exactly one.

        If it is not relayed, its payload may be left unchecked: ``values`` does that, too.
        """

    def values(self, message: Any) -> tuple[list[Any], dict[str, Any]]:
        """Return a message's payload as Python values; raise ProtocolViolation if there is something wrong with it."""
        unpack = self.serializer.unpack
        args, kwargs = message.args, message.kwargs
        values = [] if args is ABSENT else unpack(args)
        if kwargs is ABSENT and type(values) is list:
            return values, {}
        keywords = {} if kwargs is ABSENT else unpack(kwargs)
        if type(values) is not list or not _has_string_keys(keywords):
            self._check_odd_payload(message, _SHAPES[type(message)])
        return values or [], keywords or {}

    def encode(self, message: Message, source: Codec | None = None) -> bytes:
        """Return the bytes of a message whose payload, if any, came through ``source`` (default: this codec).

        Raise TranscodingError if the payload cannot be expressed here.
        """
        shape = _SHAPES[type(message)]
        fields = astuple(message)
        payload = 0
        try:
            if shape.has_payload:
                args, kwargs = fields[-2:]
                if source is not None and source is not self:
                    args = transcode(args, source.serializer, self.serializer)
                    kwargs = transcode(kwargs, source.serializer, self.serializer)
                    fields = (*fields[:-2], args, kwargs)
                if kwargs is not ABSENT:
                    payload = 2
                    if args is ABSENT:
                        fields = (*fields[:-2], self.serializer.empty_list, kwargs)
                elif args is not ABSENT:
                    payload = 1
                    fields = fields[:-1]
                else:
                    fields = fields[:-2]
            place = shape.place
            if place is not None:
                if fields[place]:
                    fields = (*fields[:place], self._express(fields[place]), *fields[place + 1 :])
                elif shape.details_may_lack:
                    fields = fields[:-1]
            return self._pack(message.CODE, fields, payload)
        except UNENCODABLE as error:
            raise TranscodingError(f"not expressible in {self.serializer.name}: {error}") from None

    def _express(self, options: dict[str, Any]) -> Any:
        """Return options or details as this serializer must write them."""
        return options

    @abstractmethod
    def _pack(self, code: int, fields: tuple[Any, ...], payload: int) -> bytes:
        """Return the bytes of a message's list; its last fields are payload, so many of them."""

    def _plain(self, value: Any) -> Any:
        """Return an option's value without what only one serializer has; raise ValueError if that is impossible."""
        return plain(value, MAX_DEPTH - 1)

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
        if not _are_simple(options):
            try:
                options = {key: item for key, value in options.items() if (item := self._plain(value)) is not None}
            except (ValueError, RecursionError) as error:
                raise ProtocolViolation(f"{shape.name}.{shape.attribute}: {error}") from None
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

    def _check_odd_payload(self, message: Any, shape: _Shape) -> None:
        """Check a payload at leisure; accept null for no payload, and an encrypted one in place of the arguments."""
        unpack = self.serializer.unpack
        args = unpack(message.args)
        if args is None or args is cbor2.undefined:
            message.args = ABSENT
        elif not isinstance(args, list) and not (
            isinstance(args, str | bytes) and "enc_algo" in shape.options_of(message)
        ):
            raise ProtocolViolation(f"{shape.name}: the arguments are not a list")
        kwargs = None if message.kwargs is ABSENT else unpack(message.kwargs)
        if kwargs is None or kwargs is cbor2.undefined:
            message.kwargs = ABSENT
        elif not _has_string_keys(kwargs):
            raise ProtocolViolation(f"{shape.name}: the keyword arguments are not a dictionary with strings as keys")
        _refuse_deep([args, kwargs])


def _kind(code: Any, refusal: str) -> type[Message]:
    """Return the class of messages with a code; raise ProtocolViolation if there is none."""
    code = _integer(code)
    kind = MESSAGES.get(code) if type(code) is int else None
    if kind is None:
        raise ProtocolViolation(f"not a WAMP message: {refusal}")
    return kind


def _are_simple(options: dict[str, Any]) -> bool:
    """Tell whether no value needs a look: no lists or dictionaries, no null, nothing that may be binary in JSON."""
    for value in options.values():
        kind = type(value)
        if kind not in _SCALARS or (kind is str and value.startswith("\0")):
            return False
    return True


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

    __slots__ = ("_decode", "_decode_elements", "_encode", "_is_text")

    _is_text: bool
    _decode: Callable[[bytes], Message]
    _decode_elements: Callable[[bytes], list[Raw]]
    _encode: Callable[[object], bytes]

    def decode(self, data: bytes, *, is_relayed: bool = True) -> Message:
        if len(data) > MAX_DEPTH or (self._is_text and not data.isascii()):
            self._examine(data)
        try:
            try:
                message = self._decode(data)
            except msgspec.ValidationError as error:
                message = self._repair(data, str(error))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            mended = self._mend(data)
            if mended == data:
                raise ProtocolViolation(f"malformed {self.serializer.name}: {error}") from None
            return self.decode(mended, is_relayed=is_relayed)
        shape = _SHAPES[type(message)]
        if shape.attribute is not None:
            options = getattr(message, shape.attribute)
            if options:
                self._check_options(message, shape, options)
        if shape.has_payload and (is_relayed or len(data) > MAX_DEPTH):  # shorter ones are not deep
            args: Raw = message.args  # type: ignore[attr-defined]  # has_payload says so
            if args is not ABSENT and not self._is_sound(args, message.kwargs, data):  # type: ignore[attr-defined]  # likewise
                self._check_odd_payload(message, shape)
        return message

    def _mend(self, data: bytes) -> bytes:
        """Return malformed data as it was probably meant, so that decoding it succeeds or fails for good."""
        return data

    @abstractmethod
    def _examine(self, data: bytes) -> None:
        """Raise ProtocolViolation for what msgspec does not look at, or what it must not."""

    @abstractmethod
    def _is_sound(self, args: Raw, kwargs: Raw, data: bytes) -> bool:
        """Tell whether a payload is a list and a dictionary that any recipient can decode; if unsure, say no."""

    def _repair(self, data: bytes, refusal: str) -> Message:
        """Read a message that the strict decoder refused."""
        elements = self._decode_elements(data)
        if not 0 < len(elements) <= _LONGEST:
            raise ProtocolViolation(f"not a WAMP message: {len(elements)} elements")
        unpack = self.serializer.unpack
        kind = _kind(unpack(elements[0]), refusal)
        first = 1 + _SHAPES[kind].head  # of the payload
        return self._build(kind, [unpack(raw) for raw in elements[1:first]], elements[first:])

    def _pack(self, code: int, fields: tuple[Any, ...], payload: int) -> bytes:
        return self._encode((code, *fields))


_ESCAPE: Final = re.compile(
    rb"\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})(?P<low>\\u[dD][c-fC-F][0-9a-fA-F]{2})?"
    rb"|u(?P<lone>[dD][c-fC-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""Finds each escape sequence of JSON; a pair of surrogates as one."""


def _mend_surrogate(escape: re.Match[bytes]) -> bytes:
    """Replace half of a pair, as browsers do where text leaves JavaScript.

    ``"👋".slice(0, 1)`` is half a pair, and ``JSON.stringify`` writes it: no reason to end a session.
    """
    is_half = escape["lone"] or (escape["high"] and not escape["low"])
    return rb"\ufffd" if is_half else escape[0]


class _JsonCodec(_MsgspecCodec):
    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(JSON)
        self._is_text = True
        self._decode = msgspec.json.Decoder(_ANY_MESSAGE).decode
        self._decode_elements = msgspec.json.Decoder(list[Raw]).decode
        self._encode = msgspec.json.Encoder().encode

    def _mend(self, data: bytes) -> bytes:
        return _ESCAPE.sub(_mend_surrogate, data)

    def encode(self, message: Message, source: Codec | None = None) -> bytes:
        # What nearly every message is: positional arguments in our own bytes, and neither options nor details. msgspec
        # writes the struct as it is, with nothing where the keyword arguments would be; that place is taken out.
        shape = _SHAPES[type(message)]
        if (
            shape.has_payload
            and (source is self or source is None)
            and message.kwargs is ABSENT  # type: ignore[attr-defined]  # has_payload says so
            and message.args is not ABSENT  # type: ignore[attr-defined]  # likewise
            and not getattr(message, shape.attribute)  # type: ignore[arg-type]  # what has a payload has options
        ):
            try:
                return self._encode(message)[:-2] + b"]"  # it ends with ",]"
            except UNENCODABLE as error:
                raise TranscodingError(f"not expressible in {self.serializer.name}: {error}") from None
        return super().encode(message, source)

    def _examine(self, data: bytes) -> None:
        # msgspec does not look inside the strings of a Raw, hence this.
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ProtocolViolation(f"invalid UTF-8: {error}") from None
        refuse_deep_json(data)

    def _is_sound(self, args: Raw, kwargs: Raw, data: bytes) -> bool:
        # The syntax is checked, so the message's last two bytes tell what its last element is, in half the time that
        # it takes to look at the first byte of a Raw.
        if kwargs is ABSENT:
            return data.endswith(b"]]")
        return data.endswith(b"}]") and memoryview(args)[0] == 0x5B  # [

    def _plain(self, value: Any) -> Any:
        return text_to_binary(value)

    def _express(self, options: dict[str, Any]) -> Any:
        return options if _are_simple(options) else binary_to_text(options)


class _MessagePackCodec(_MsgspecCodec):
    __slots__ = ("_decode_dict", "_decode_list")

    def __init__(self) -> None:
        super().__init__(MSGPACK)
        self._is_text = False
        self._decode = msgspec.msgpack.Decoder(_ANY_MESSAGE, ext_hook=decode_extension).decode
        self._decode_elements = msgspec.msgpack.Decoder(list[Raw]).decode
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode_list = msgspec.msgpack.Decoder(list[Any], ext_hook=decode_extension).decode
        self._decode_dict = msgspec.msgpack.Decoder(dict[str, Any], ext_hook=decode_extension).decode

    def encode(self, message: Message, source: Codec | None = None) -> bytes:
        # As for JSON, but here it is the number of elements that is mended. Options are written as they are anyway.
        shape = _SHAPES[type(message)]
        if (
            shape.has_payload
            and (source is self or source is None)
            and message.kwargs is ABSENT  # type: ignore[attr-defined]  # has_payload says so
            and message.args is not ABSENT  # type: ignore[attr-defined]  # likewise
        ):
            try:
                return shape.without_keywords + self._encode(message)[1:]
            except UNENCODABLE as error:
                raise TranscodingError(f"not expressible in {self.serializer.name}: {error}") from None
        return super().encode(message, source)

    def values(self, message: Any) -> tuple[list[Any], dict[str, Any]]:
        # The message was examined, so that its payload need not be. What this refuses is looked at more closely.
        args, kwargs = message.args, message.kwargs
        try:
            return (
                [] if args is ABSENT else self._decode_list(args),
                {} if kwargs is ABSENT else self._decode_dict(kwargs),
            )
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return super().values(message)

    def _examine(self, data: bytes) -> None:
        scan_messagepack(data)

    def _is_sound(self, args: Raw, kwargs: Raw, data: bytes) -> bool:
        # Decoding it all is the one way to know that strings are UTF-8: 0.1 µs for small payloads.
        try:
            values = self._decode_list(args)
            keywords = None if kwargs is ABSENT else self._decode_dict(kwargs)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False  # other types, odd timestamps, or malformed: it will turn out
        if len(data) > MAX_DEPTH:
            _refuse_deep([values, keywords])
        return True


def _refuse_deep(payload: list[Any]) -> None:
    try:
        refuse_deep_value(payload, MAX_DEPTH + 1)
    except (ValueError, RecursionError) as error:
        raise ProtocolViolation(f"malformed payload: {error}") from None


def _has_string_keys(value: Any) -> bool:
    return isinstance(value, dict) and all(type(key) is str for key in value)


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

    def decode(self, data: bytes, *, is_relayed: bool = True) -> Message:
        try:
            try:
                values, ends = self._split(data, strict=True)
            except cbor2.CBORDecodeError:
                # Most often a map with numbers as keys; decode it once it is known that they do not collide.
                scan_cbor(data)
                values, ends = self._split(data, strict=False)
        except (cbor2.CBORDecodeError, RecursionError) as error:
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
            kwargs = values[first + 1] if len(payload) > 1 else {}
            if not isinstance(values[first], list) or not _has_string_keys(kwargs):
                self._check_odd_payload(message, shape)
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

    def _express(self, options: dict[str, Any]) -> Any:
        refuse_deep_value(options)  # or cbor2 might exhaust the stack and end the process
        return options

    def _pack(self, code: int, fields: tuple[Any, ...], payload: int) -> bytes:
        if not payload:
            return cbor2.dumps((code, *fields))
        packed = cbor2.dumps((code, *fields[:-payload]))
        length = _CBOR_ARRAY[0] + 1 + len(fields)
        return b"".join((length.to_bytes(1, "big"), packed[1:], *fields[-payload:]))


CODECS: Final[dict[str, Codec]] = {
    codec.serializer.name: codec for codec in (_JsonCodec(), _MessagePackCodec(), _CborCodec())
}
"""Serializer name -> codec."""
