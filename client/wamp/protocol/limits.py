"""What well-formed bytes may still do to whoever decodes them, and where that ends.

Two attacks need no malformed byte. *Nesting*: a few kilobytes of brackets exhaust the stack of a decoder that
recurses, if not ours then a recipient's. *Colliding keys*: Python hashes a tuple of integers without a secret, so
that a peer can choose ten thousand arrays as keys of one map that all fall into the same slot; building that
dictionary takes minutes. (Strings and binary values are hashed with a secret. Numbers are not, but of 64-bit ones
at most a few hundred share a hash.)

Neither check costs a small message anything. The scanners below do not judge whether bytes are well-formed: they
walk from head to head, and a decoder has the last word.
"""

from __future__ import annotations

import enum
import re
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain
from typing import Any, Final, NamedTuple

from cbor2 import CBORTag

from wamp.protocol.errors import ProtocolViolation

__all__ = [
    "LARGE_MAP",
    "MAX_DEPTH",
    "refuse_deep_json",
    "refuse_deep_value",
    "refuse_reference",
    "scan_cbor",
    "scan_messagepack",
]

MAX_DEPTH: Final = 128
"""How many lists and maps may stand inside one another.

As serde_json has it; cbor2 stops at 400, Python's json and msgpack near 1000, .NET's JSON at 64.
"""

LARGE_MAP: Final = 256
"""From this many entries on, a map's keys must be plain: 255 colliding keys cost 0.6 ms, 16,000 two seconds."""


# -- nesting

_SCALARS: Final = frozenset({type(None), bool, int, float, str, bytes})
_CONTAINERS: Final = (list, dict, tuple, set, frozenset, deque, CBORTag)


def refuse_deep_value(value: Any, depth: int = MAX_DEPTH) -> None:
    """Raise ValueError if lists and maps are nested too deeply in a value, or if it contains itself."""
    if not depth:
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
    if type(value) is not list:
        if isinstance(value, CBORTag):
            value = (value.value,)
        elif isinstance(value, dict):
            value = chain(value, value.values())
    for item in value:
        # The first test is the fast one: without it this would take longer than decoding the value.
        if type(item) not in _SCALARS and isinstance(item, _CONTAINERS):
            refuse_deep_value(item, depth - 1)


_NEITHER_BRACKET_NOR_QUOTE: Final = bytes(set(range(256)) - set(b'[]{}"'))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def refuse_deep_json(data: bytes) -> None:
    """Raise ProtocolViolation if lists and objects are nested too deeply in a JSON text.

    The outermost list is the message's own and does not count.
    """
    # Counting costs 20 ns a kilobyte and acquits nearly every message.
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    # Without escaped backslashes and quotes, every second part between the quotes is a string.
    marks = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NEITHER_BRACKET_NOR_QUOTE)
    brackets = b"".join(marks.split(b'"')[::2])
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > MAX_DEPTH + 1:
        raise ProtocolViolation(f"nested more than {MAX_DEPTH} levels deep")


# -- colliding keys


class _Kind(enum.Enum):
    """What follows a head: nothing but ``length`` bytes, or that many items."""

    PLAIN = enum.auto()
    EXTENSION = enum.auto()  # MessagePack: as many bytes, and one for the type
    LIST = enum.auto()
    MAP = enum.auto()
    TAG = enum.auto()  # CBOR: a number, which is no length, and one item
    ENDLESS_LIST = enum.auto()  # CBOR: items (or chunks of a string) up to a break
    ENDLESS_MAP = enum.auto()
    BREAK = enum.auto()


# Members of an enumeration take a while to find, and the walk below asks for them at each list.
_PLAIN, _EXTENSION, _LIST, _MAP, _TAG, _ENDLESS_LIST, _ENDLESS_MAP, _BREAK = _Kind
_SIMPLE: Final = (_PLAIN, _EXTENSION, _BREAK)


class _Head(NamedTuple):
    """What a first byte says: the length itself, or in how many bytes it follows."""

    kind: _Kind
    length: int = 0
    width: int = 0


def _messagepack_heads() -> list[_Head]:
    plain = _Kind.PLAIN
    heads = [_Head(plain)] * 256
    for low in range(16):
        heads[0x80 + low] = _Head(_Kind.MAP, low)
        heads[0x90 + low] = _Head(_Kind.LIST, low)
    for low in range(32):
        heads[0xA0 + low] = _Head(plain, low)
    for step, width in enumerate((1, 2, 4)):
        heads[0xC4 + step] = _Head(plain, width=width)
        heads[0xC7 + step] = _Head(_Kind.EXTENSION, width=width)
        heads[0xD9 + step] = _Head(plain, width=width)
    heads[0xCA], heads[0xCB] = _Head(plain, 4), _Head(plain, 8)
    for step, length in enumerate((1, 2, 4, 8)):
        heads[0xCC + step] = heads[0xD0 + step] = _Head(plain, length)
    for step, length in enumerate((1, 2, 4, 8, 16)):
        heads[0xD4 + step] = _Head(_Kind.EXTENSION, length)
    heads[0xDC], heads[0xDD] = _Head(_Kind.LIST, width=2), _Head(_Kind.LIST, width=4)
    heads[0xDE], heads[0xDF] = _Head(_Kind.MAP, width=2), _Head(_Kind.MAP, width=4)
    return heads


def _cbor_heads() -> list[_Head]:
    heads = []
    kinds = (_Kind.PLAIN, _Kind.PLAIN, _Kind.PLAIN, _Kind.PLAIN, _Kind.LIST, _Kind.MAP, _Kind.TAG, _Kind.PLAIN)
    for major, kind in enumerate(kinds):
        number = major in (0, 1, 7)  # its argument is the value: nothing follows
        heads += [_Head(kind, 0 if number else low) for low in range(24)]
        heads += [_Head(kind, width) if number else _Head(kind, width=width) for width in (1, 2, 4, 8)]
        heads += [_Head(_Kind.PLAIN)] * 4  # reserved, and endless, which comes next
    heads[0x5F] = heads[0x7F] = heads[0x9F] = _Head(_Kind.ENDLESS_LIST)
    heads[0xBF] = _Head(_Kind.ENDLESS_MAP)
    heads[0xFF] = _Head(_Kind.BREAK)
    return heads


class _Format(NamedTuple):
    """A serializer's first bytes: what they say, and how far the next head is if that is all there is to know of an item.

    There may be a head in every byte of a megabyte, so the walk must be short. ``plain`` has the steps over plain items,
    0 for others; ``flat`` has also those over empty lists and maps.
    """

    heads: Sequence[_Head]
    plain: Sequence[int]
    flat: Sequence[int]


def _format(heads: Sequence[_Head]) -> _Format:
    plain = [1 + head.length if head.kind is _Kind.PLAIN and not head.width else 0 for head in heads]
    empty = [head.kind in (_Kind.LIST, _Kind.MAP) and not (head.length or head.width) for head in heads]
    return _Format(heads, plain, [step or int(is_empty) for step, is_empty in zip(plain, empty, strict=True)])


_MESSAGEPACK: Final = _format(_messagepack_heads())
_CBOR: Final = _format(_cbor_heads())

_LARGE_MESSAGEPACK_MAP: Final = re.compile(rb"\xde[^\x00]|\xdf(?!\x00\x00\x00)", re.DOTALL)
"""Finds every head of a map with 256 entries or more, and some bytes that only look like one."""

_REFERENCES: Final[Mapping[int, str]] = {25: "string", 28: "shared", 29: "shared", 256: "string"}
"""CBOR tags by which few bytes stand for a value of any size, or for one without an end."""


def scan_messagepack(data: bytes, *, always: bool = False) -> list[int]:
    """Raise ProtocolViolation if a large map has lists for keys; return where extension types stand.

    A value without a large map is not scanned, unless ``always``.
    """
    if always or (
        len(data) > LARGE_MAP
        and (b"\xde" in data or b"\xdf" in data)  # a hundred times as fast as the expression
        and _LARGE_MESSAGEPACK_MAP.search(data)
    ):
        return _scan(data, _MESSAGEPACK)
    return []


def scan_cbor(data: bytes) -> None:
    """Raise ProtocolViolation if a large map has lists, maps or tags for keys."""
    _scan(data, _CBOR)


def refuse_reference(tag: int) -> None:
    """Raise ProtocolViolation for CBOR's references, by which few bytes stand for a value of any size."""
    if tag in _REFERENCES:
        raise ProtocolViolation(f"{_REFERENCES[tag]} references are not accepted (CBOR tag {tag})")


def _scan(data: bytes, form: _Format) -> list[int]:
    """Walk from head to head of one value; return the places of extension types."""
    at = 0
    extensions: list[int] = []
    left = 1  # items that the innermost list or map still needs; below zero: up to a break
    plain_keys = False  # whether the innermost one is a map that must have plain keys
    outer: list[tuple[int, bool]] = []
    steps = form.flat
    try:
        while True:
            while left:
                step = steps[data[at]]
                if not step:
                    break
                at += step
                left -= 1
            if not left:
                if not outer:
                    break
                left, plain_keys = outer.pop()
                steps = form.plain if plain_keys or len(outer) > MAX_DEPTH else form.flat
                continue
            kind, length, width = form.heads[data[at]]
            at += 1
            if width:
                length = int.from_bytes(data[at : at + width], "big")
                at += width
            # Items are counted down from an even number, or an endless map's from -2: keys are at the even ones.
            if plain_keys and not left & 1 and kind not in _SIMPLE:
                raise ProtocolViolation(f"a map of {LARGE_MAP} entries or more has a key that is not plain")
            left -= 1
            if kind is _PLAIN:
                at += length
            elif kind is _EXTENSION:
                extensions.append(at)
                at += 1 + length
            elif kind is _BREAK:
                left = 0
            else:
                outer.append((left, plain_keys))
                if len(outer) > MAX_DEPTH + 1:
                    raise ProtocolViolation(f"nested more than {MAX_DEPTH} levels deep")
                plain_keys = False
                if kind is _LIST:
                    left = length
                elif kind is _MAP:
                    left = 2 * length
                    plain_keys = length >= LARGE_MAP
                elif kind is _ENDLESS_MAP:
                    left = -2
                    plain_keys = True
                else:
                    left = 1 if kind is _TAG else -1
                steps = form.plain if plain_keys or len(outer) > MAX_DEPTH else form.flat
    except IndexError:
        pass  # as when the last item's bytes end too early
    else:
        if at <= len(data):
            return extensions
    raise ProtocolViolation("malformed: the data ends too early")
