"""Messages and malformed bytes that several tests of the protocol use."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import cbor2
import msgspec
from hypothesis import strategies as st

from wamp.protocol.messages import MESSAGES

SERIALIZERS = ("json", "msgpack", "cbor")
PACK: dict[str, Callable[[Any], bytes]] = {
    "json": msgspec.json.encode,
    "msgpack": msgspec.msgpack.encode,
    "cbor": cbor2.dumps,
}

URI = "com.example.thing"
LISTS: dict[str, list[Any]] = {
    "HELLO": [1, "realm1", {"roles": {"caller": {"features": {"call_canceling": True}}}}],
    "WELCOME": [2, 9129137332, {"roles": {"dealer": {"features": {}}}}],
    "ABORT": [3, {"message": "no"}, "wamp.error.no_such_realm"],
    "CHALLENGE": [4, "wampcra", {"challenge": "{}"}],
    "AUTHENTICATE": [5, "signature", {}],
    "GOODBYE": [6, {"message": "bye"}, "wamp.close.normal"],
    "ERROR": [8, 48, 7, {}, "com.example.error", ["text"], {"line": 3}],
    "PUBLISH": [16, 7, {"acknowledge": True}, URI, ["text", 1.5], {"a": None}],
    "PUBLISHED": [17, 7, 4429313566],
    "SUBSCRIBE": [32, 7, {"match": "prefix"}, URI],
    "SUBSCRIBED": [33, 7, 12],
    "UNSUBSCRIBE": [34, 7, 12],
    "UNSUBSCRIBED": [35, 7],
    "UNSUBSCRIBED-revoked": [35, 0, {"subscription": 12, "reason": "com.example.gone"}],
    "EVENT": [36, 12, 4429313566, {"retained": True}, [[]], {}],
    "CALL": [48, 7, {"timeout": 1000}, URI, [1, 2], {"deep": {"er": [1]}}],
    "CANCEL": [49, 7, {"mode": "kill"}],
    "RESULT": [50, 7, {"progress": True}, [3]],
    "REGISTER": [64, 7, {"invoke": "roundrobin"}, URI],
    "REGISTERED": [65, 7, 12],
    "UNREGISTER": [66, 7, 12],
    "UNREGISTERED": [67, 7],
    "INVOCATION": [68, 7, 12, {"caller": 9129137332}, [1, 2], {"k": "ü"}],
    "INTERRUPT": [69, 7, {"mode": "killnowait"}],
    "YIELD": [70, 7, {}, [3], {}],
    "EVENT_RECEIVED": [337, 4429313566],
}
"""One message of every class, as a plain list, in the normal form."""

# Any value, of any type, that all three serializers express alike.
ids = st.integers(1, 2**53)
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(codec="utf-8"))
json_values = st.recursive(
    st.none() | st.booleans() | numbers | text.filter(lambda value: not value.startswith("\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
values = st.recursive(
    json_values | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
# What may stand where it does not belong.
odd_values = values | st.sampled_from(
    [0, -1, 1.0, 2.0**40, 0.5, 2**53 + 1, 2**64, True, "", [], {}, [[]], float("inf")]
)
odd_lists = st.lists(odd_values, max_size=8) | st.builds(
    lambda code, rest: [code, *rest],
    st.sampled_from([*MESSAGES, 7, 48.0, True]),
    st.lists(odd_values | ids, max_size=7),
)
# A valid message with one element replaced.
spoilt_lists = st.builds(
    lambda fields, place, value: [*fields[: place % len(fields)], value, *fields[place % len(fields) + 1 :]],
    st.sampled_from(list(LISTS.values())),
    st.integers(0, 6),
    odd_values,
)


def pack_or_skip(name: str, value: Any) -> bytes | None:
    """Return the bytes of a value, None if the serializer has none for it."""
    try:
        return PACK[name](value)
    except (TypeError, ValueError, OverflowError, cbor2.CBOREncodeError):
        return None


def float64(name: str, value: int) -> bytes:
    """Return an integer as JavaScript's libraries write large ones: as a float of eight bytes."""
    return {
        "json": f"{value}.0".encode(),
        "msgpack": b"\xcb" + struct.pack("!d", value),
        "cbor": b"\xfb" + struct.pack("!d", value),
    }[name]


def assemble(name: str, *elements: bytes) -> bytes:
    """Return the list of elements that are packed already."""
    if name == "json":
        return b"[" + b",".join(elements) + b"]"
    return bytes(({"msgpack": 0x90, "cbor": 0x80}[name] + len(elements),)) + b"".join(elements)
