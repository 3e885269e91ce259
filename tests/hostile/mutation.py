"""Octets and messages that are nearly right: what real clients send, changed at random, and again the same from the same seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

__all__ = ["mutated_message", "mutated_octets"]

_Change = Callable[[Random, bytearray, bytes], None]


def _somewhere(random: Random, data: bytearray) -> int:
    return random.randrange(len(data) + 1)


def _slice(random: Random, data: bytes | bytearray) -> slice:
    start = random.randrange(len(data) + 1)
    return slice(start, start + random.choice((1, 2, 4, 8, 30, 300)))


def flip(random: Random, data: bytearray, other: bytes) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def overwrite(random: Random, data: bytearray, other: bytes) -> None:
    if data:
        data[random.randrange(len(data))] = random.choice((0, 0x7F, 0x80, 0xFE, 0xFF, random.randrange(256)))


def cut(random: Random, data: bytearray, other: bytes) -> None:
    del data[_slice(random, data)]


def cut_the_end(random: Random, data: bytearray, other: bytes) -> None:
    del data[_somewhere(random, data) :]


def insert(random: Random, data: bytearray, other: bytes) -> None:
    at = _somewhere(random, data)
    data[at:at] = random.randbytes(random.choice((1, 2, 4, 60)))


def repeat(random: Random, data: bytearray, other: bytes) -> None:
    at, part = _somewhere(random, data), data[_slice(random, data)]
    data[at:at] = part * random.choice((1, 2, 50))


def splice(random: Random, data: bytearray, other: bytes) -> None:
    """Go over into another conversation."""
    data[_somewhere(random, data) :] = other[random.randrange(len(other) + 1) :]


def exchange(random: Random, data: bytearray, other: bytes) -> None:
    one, another = _slice(random, data), _slice(random, data)
    first, second = data[one], data[another]
    data[another] = first
    data[one] = second


_CHANGES: Final[tuple[_Change, ...]] = (flip, flip, overwrite, cut, cut_the_end, insert, repeat, splice, exchange)


def mutated_octets(random: Random, data: bytes, other: bytes) -> bytes:
    """Return ``data`` changed in a few places, perhaps with a part of ``other``."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 5))):
        random.choice(_CHANGES)(random, changed, other)
    return bytes(changed)


def _deep(random: Random) -> Any:
    value: Any = 1
    for _ in range(random.choice((3, 100, 127, 128, 129, 400))):
        value = [value] if random.random() < 0.7 else {"k": value}
    return value


_VALUES: Final[tuple[Callable[[Random], Any], ...]] = (
    lambda random: random.choice((None, True, False, 0, 1, -1, 2, 2**31, 2**53, 2**53 + 1, 2**63, 2**64 - 1, -(2**63))),
    lambda random: random.choice((0.0, -0.0, 1.5, 1e308, -1e-308)),
    lambda random: random.choice(
        ("", ".", "..", "com", "com..x", "com.x.", "wamp.", "wamp.session.count", "com.x#", " ")
    ),
    lambda random: random.choice(("\0", "\ud7ff", "\U0010ffff", "é" * 300, "x" * 5000, "exact", "prefix", "wildcard")),
    lambda random: random.choice((b"", b"\0", bytes(range(256)))),
    lambda random: [],
    lambda random: {},
    lambda random: [random.randrange(100)] * random.choice((1, 10, 1000)),
    lambda random: {f"k{number}": number for number in range(random.choice((1, 10, 300)))},
    lambda random: {"acknowledge": random.choice((True, 1, "yes")), "exclude": [1, "x", None], "eligible": 5},
    lambda random: {
        "match": random.choice(("prefix", "wildcard", "none", 1)),
        "invoke": random.choice(("last", 0, "all")),
    },
    lambda random: {
        "timeout": random.choice((1, -1, 2**70, 1.5, "soon")),
        "receive_progress": random.choice((True, 1)),
    },
    lambda random: {
        "ppt_scheme": random.choice(("x_a", "", 1)),
        "ppt_serializer": [],
        "rkey": random.choice((1, "k", None)),
    },
    lambda random: {
        "runmode": "partition",
        "mode": random.choice(("kill", "skip", 7)),
        "progress": random.choice((True, 2)),
    },
    lambda random: {"force_reregister": True, "concurrency": random.choice((0, -1, 10**30)), "disclose_me": True},
    _deep,
)

_CODES: Final = (
    *range(10),
    *range(16, 20),
    *range(32, 38),
    *range(48, 52),
    *range(64, 72),
    337,
    255,
    2**31,
    -1,
    "1",
    None,
)


def _value(random: Random) -> Any:
    return random.choice(_VALUES)(random)


def mutated_message(random: Random, message: list[Any]) -> list[Any] | Any:
    """Return a message with something else in some places: of another type, nested otherwise, too much or too little."""
    changed = list(message)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        act = random.randrange(9)
        at = random.randrange(len(changed)) if changed else 0
        if act == 0:
            changed[:1] = [random.choice(_CODES)]
        elif act == 1 and changed:
            del changed[at]
        elif act == 2:
            changed.insert(at, _value(random))
        elif act == 3:
            changed.extend(_value(random) for _ in range(random.choice((1, 3, 40))))
        elif act == 4 and changed and isinstance(changed[at], dict):
            changed[at] = {
                **changed[at],
                random.choice(("match", "acknowledge", "timeout", "x_y", "roles")): _value(random),
            }
        elif act == 5 and changed:
            changed[at] = [changed[at]]
        elif changed:
            changed[at] = _value(random)
    return changed if random.random() < 0.99 else _value(random)
