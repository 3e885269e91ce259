"""Values to bytes and back, and the table of what becomes of them in another serializer."""

from __future__ import annotations

import sys
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import cbor2
import msgspec
import pytest
from cbor2 import CBORSimpleValue, CBORTag
from msgspec.msgpack import Ext

from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.serializers import CBOR, JSON, MSGPACK, SERIALIZERS, TranscodingError, plain, transcode

REFUSED = "refused"
NAMES = {"json": JSON, "msgpack": MSGPACK, "cbor": CBOR}
MOMENT = datetime(2013, 3, 21, 20, 4, tzinfo=UTC)
ID = UUID("00010203-0405-0607-0809-0a0b0c0d0e0f")


def convert(data: str | bytes, source: str, target: str) -> Any:
    """Return what a recipient on another serializer unpacks, or that it gets nothing."""
    raw = msgspec.Raw(bytes.fromhex(data) if isinstance(data, str) else data)
    try:
        return NAMES[target].unpack(transcode(raw, NAMES[source], NAMES[target]))
    except TranscodingError:
        return REFUSED


# -- the table: bytes, value here, and what JSON, MessagePack and CBOR make of it

FROM_CBOR = {
    "text date": ("c074323031332d30332d32315432303a30343a30305a", MOMENT, "2013-03-21T20:04:00Z", MOMENT, MOMENT),
    "date in seconds": ("c11a514b67b0", MOMENT, "2013-03-21T20:04:00Z", MOMENT, MOMENT),
    "day": ("d903ec6a323031332d30332d3231", date(2013, 3, 21), "2013-03-21", "2013-03-21", date(2013, 3, 21)),
    "day in days": ("d86401", date(1970, 1, 2), "1970-01-02", "1970-01-02", date(1970, 1, 2)),
    "bignum": ("c249010000000000000000", 2**64, 2**64, REFUSED, 2**64),
    "negative bignum": ("c348ffffffffffffffff", -(2**64), -(2**64), REFUSED, -(2**64)),
    "small bignum": ("c24101", 1, 1, 1, 1),
    "decimal": ("c48221196ab3", Decimal("273.15"), "273.15", "273.15", Decimal("273.15")),
    "UUID": ("d82550000102030405060708090a0b0c0d0e0f", ID, str(ID), str(ID), ID),
    "set": ("d90102820102", [1, 2], [1, 2], [1, 2], [1, 2]),
    "byte array": ("d840420102", b"\1\2", b"\1\2", b"\1\2", b"\1\2"),
    "self-described": ("d9d9f701", 1, 1, 1, 1),
    "undefined": ("f7", cbor2.undefined, None, None, cbor2.undefined),
    "binary": ("420102", b"\1\2", b"\1\2", b"\1\2", b"\1\2"),
    "infinity": ("f97c00", float("inf"), None, float("inf"), float("inf")),
    "numbers as keys": (
        "a2016161fb3ff80000000000006162",
        {1: "a", 1.5: "b"},
        {"1": "a", "1.5": "b"},
        {1: "a", 1.5: "b"},
        {1: "a", 1.5: "b"},
    ),
    "list as key": ("a1820102 03", {(1, 2): 3}, REFUSED, {(1, 2): 3}, {(1, 2): 3}),
    "null as key": ("a1f603", {None: 3}, REFUSED, {None: 3}, {None: 3}),
    "binary as key": ("a1410103", {b"\1": 3}, REFUSED, {b"\1": 3}, {b"\1": 3}),
    "regular expression": ("d8236161", CBORTag(35, "a"), REFUSED, REFUSED, CBORTag(35, "a")),
    "e-mail": ("d8246161", CBORTag(36, "a"), REFUSED, REFUSED, CBORTag(36, "a")),
    "rational": ("d81e820103", CBORTag(30, [1, 3]), REFUSED, REFUSED, CBORTag(30, [1, 3])),
    "bigfloat": ("c5822003", CBORTag(5, [-1, 3]), REFUSED, REFUSED, CBORTag(5, [-1, 3])),
    "address": ("d83444c0000201", CBORTag(52, b"\xc0\0\2\1"), REFUSED, REFUSED, CBORTag(52, b"\xc0\0\2\1")),
    "unknown tag": ("d9ffff8101", CBORTag(65535, [1]), REFUSED, REFUSED, CBORTag(65535, [1])),
    "simple value": ("f0", CBORSimpleValue(16), REFUSED, REFUSED, CBORSimpleValue(16)),
    "text that is no date": ("c0616e", CBORTag(0, "n"), REFUSED, REFUSED, CBORTag(0, "n")),
    "date without a zone": (
        "c073323031332d30332d32315432303a30343a3030",
        CBORTag(0, "2013-03-21T20:04:00"),
        REFUSED,
        REFUSED,
        CBORTag(0, "2013-03-21T20:04:00"),
    ),
    "date that never comes": ("c1f97c00", CBORTag(1, float("inf")), REFUSED, REFUSED, CBORTag(1, float("inf"))),
    "date of another type": ("c180", CBORTag(1, []), REFUSED, REFUSED, CBORTag(1, [])),
    "date out of range": ("c11bffffffffffffffff", CBORTag(1, 2**64 - 1), REFUSED, REFUSED, CBORTag(1, 2**64 - 1)),
    "day out of range": ("d8641bffffffffffffffff", CBORTag(100, 2**64 - 1), REFUSED, REFUSED, CBORTag(100, 2**64 - 1)),
    "text that is no day": (
        "d903ec6a303030302d30302d3030",
        CBORTag(1004, "0000-00-00"),
        REFUSED,
        REFUSED,
        CBORTag(1004, "0000-00-00"),
    ),
    "day of another type": ("d903ec80", CBORTag(1004, []), REFUSED, REFUSED, CBORTag(1004, [])),
    "bignum of text": ("c26161", CBORTag(2, "a"), REFUSED, REFUSED, CBORTag(2, "a")),
    "decimal of text": ("c46161", CBORTag(4, "a"), REFUSED, REFUSED, CBORTag(4, "a")),
    "huge decimal": ("c4821a3b9aca0001", CBORTag(4, [10**9, 1]), REFUSED, REFUSED, CBORTag(4, [10**9, 1])),
    "short UUID": ("d8254101", CBORTag(37, b"\1"), REFUSED, REFUSED, CBORTag(37, b"\1")),
    "set of text": ("d901026161", CBORTag(258, "a"), REFUSED, REFUSED, CBORTag(258, "a")),
    "byte array of text": ("d8406161", CBORTag(64, "a"), REFUSED, REFUSED, CBORTag(64, "a")),
}
FROM_MSGPACK = {
    "timestamp": ("d6ff514b67b0", MOMENT, "2013-03-21T20:04:00Z", MOMENT, MOMENT),
    "undefined": ("d40000", None, None, None, None),
    "long undefined": ("c70300010203", None, None, None, None),
    "binary": ("c4020102", b"\1\2", b"\1\2", b"\1\2", b"\1\2"),
    "largest integer": ("cfffffffffffffffff", 2**64 - 1, 2**64 - 1, 2**64 - 1, 2**64 - 1),
    "extension": ("d40561", Ext(5, b"a"), REFUSED, Ext(5, b"a"), REFUSED),
    "timestamp of no form": ("d4ff01", Ext(-1, b"\1"), REFUSED, Ext(-1, b"\1"), REFUSED),
    "timestamp of year 300 million": (
        "c70cff000000001fffffffffffffff",
        Ext(-1, b"\0\0\0\0\x1f" + b"\xff" * 7),
        REFUSED,
        Ext(-1, b"\0\0\0\0\x1f" + b"\xff" * 7),
        REFUSED,
    ),
    "a good timestamp beside": (
        "92d6ff514b67b0d4ff01",
        [MOMENT, Ext(-1, b"\1")],
        REFUSED,
        [MOMENT, Ext(-1, b"\1")],
        REFUSED,
    ),
    "extensions beside": (
        "93d40000d40561d4ff01",
        [None, Ext(5, b"a"), Ext(-1, b"\1")],
        REFUSED,
        [None, Ext(5, b"a"), Ext(-1, b"\1")],
        REFUSED,
    ),
    "list as key": ("8192010203", {(1, 2): 3}, REFUSED, {(1, 2): 3}, {(1, 2): 3}),
}
FROM_JSON = {
    "binary": (b'"\\u0000AAEC"', b"\0\1\2", b"\0\1\2", b"\0\1\2", b"\0\1\2"),
    "binary deep inside": (
        b'{"a":["\\u0000AAEC"],"b":1}',
        {"a": [b"\0\1\2"], "b": 1},
        {"a": [b"\0\1\2"], "b": 1},
        {"a": [b"\0\1\2"], "b": 1},
        {"a": [b"\0\1\2"], "b": 1},
    ),
    "what only looks binary": (b'"\\u0000?"', "\0?", "\0?", "\0?", "\0?"),
    "a NUL further on": (b'"a\\u0000"', "a\0", "a\0", "a\0", "a\0"),
    "empty binary": (b'"\\u0000"', b"", b"", b"", b""),
    "integer of 30 digits": (
        b"123456789012345678901234567890",
        123456789012345678901234567890,
        123456789012345678901234567890,
        REFUSED,
        123456789012345678901234567890,
    ),
    "number beyond range": (b"1e400", float("inf"), float("inf"), float("inf"), float("inf")),
    "integer beyond range": (b"-" + b"9" * 5000, -float("inf"), -float("inf"), -float("inf"), -float("inf")),
    "big integer beside": (
        b"[1e400,12345678901234567890123]",
        [float("inf"), 12345678901234567890123],
        [float("inf"), 12345678901234567890123],
        REFUSED,
        [float("inf"), 12345678901234567890123],
    ),
}
TABLE = [
    pytest.param(source, *row, id=f"{source}-{label}")
    for source, rows in (("cbor", FROM_CBOR), ("msgpack", FROM_MSGPACK), ("json", FROM_JSON))
    for label, row in rows.items()
]
table = pytest.mark.parametrize(("source", "data", "here", "json", "msgpack", "cbor"), TABLE)


def same(one: Any, other: Any) -> bool:
    """Compare values; extensions of MessagePack do so by identity only."""
    if isinstance(one, Ext) and isinstance(other, Ext):
        return (one.code, bytes(one.data)) == (other.code, bytes(other.data))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and type(one) is type(other)


@table
def test_what_a_value_is_in_python(source, data, here, json, msgpack, cbor):
    assert same(here, NAMES[source].unpack(bytes.fromhex(data) if isinstance(data, str) else data))


@table
def test_what_a_value_is_for_json(source, data, here, json, msgpack, cbor):
    assert same(json, convert(data, source, "json"))


@table
def test_what_a_value_is_for_msgpack(source, data, here, json, msgpack, cbor):
    assert same(msgpack, convert(data, source, "msgpack"))


@table
def test_what_a_value_is_for_cbor(source, data, here, json, msgpack, cbor):
    assert same(cbor, convert(data, source, "cbor"))


# -- reading


@pytest.mark.parametrize("name", NAMES)
def test_reading_nothing_is_a_violation(name):
    with pytest.raises(ProtocolViolation, match="malformed"):
        NAMES[name].unpack(b"")


@pytest.mark.parametrize(("name", "data"), [("json", b"1 2"), ("msgpack", b"\x01\x01"), ("cbor", b"\x01\x01")])
def test_reading_trailing_bytes_is_a_violation(name, data):
    with pytest.raises(ProtocolViolation, match="malformed"):
        NAMES[name].unpack(data)


@pytest.mark.parametrize("data", [b"1e400,", b"[1e400", b"[1e400]x", b"[1e400,NaN]"])
def test_reading_malformed_json_with_a_huge_number_is_a_violation(data):
    with pytest.raises(ProtocolViolation, match="malformed JSON"):
        JSON.unpack(data)


@pytest.mark.parametrize("data", ["92d4ff01d4", "92d4ff01c7", "92d4ff01d6ff00", "92d4ff01"])
def test_reading_msgpack_cut_short_behind_an_odd_timestamp_is_a_violation(data):
    with pytest.raises(ProtocolViolation, match="malformed"):
        MSGPACK.unpack(bytes.fromhex(data))


def test_reading_a_msgpack_map_as_a_key_is_a_violation():
    with pytest.raises(ProtocolViolation, match="malformed"):
        MSGPACK.unpack(bytes.fromhex("818001"))


@pytest.mark.parametrize("name", NAMES)
def test_a_raw_a_memoryview_and_bytes_are_read_alike(name):
    raw = NAMES[name].pack([1, "\0"])

    assert [1, "\0" if name != "json" else b""] == NAMES[name].unpack(raw) == NAMES[name].unpack(memoryview(bytes(raw)))


@pytest.mark.parametrize(
    "data",
    [
        b"\xd8\x23\x78\x40" + b"(a{1,9}){1,9}" * 4 + b"a" * 12,  # a regular expression
        b"\xc5\x82\x1a\x0f\xff\xff\xff\x01",  # 2^268435455
        b"\xc4\x82\x1a\x3b\x9a\xca\x00\x01",  # 10^1000000000
        b"\xc2\x5a\x00\x04\x00\x00" + b"\xff" * 0x40000,  # an integer of two million bits
        b"\xd8\x1e\x82\xc2\x59\x80\x00" + b"\xfe" * 0x8000 + b"\xc2\x59\x80\x00" + b"\xfd" * 0x8000,  # a rational
        b"\xc4\x82\x01\xc2\x5a\x00\x04\x00\x00" + b"\xff" * 0x40000,  # a decimal of 600,000 digits
    ],
    ids=["pattern", "bigfloat", "decimal exponent", "bignum", "rational", "decimal digits"],
)
@pytest.mark.parametrize("target", NAMES)
def test_a_tag_of_cbor_costs_no_time(data, target):
    start = time.process_time()
    convert(data, "cbor", target)

    assert time.process_time() - start < 1.0


def colliding_keys(count: int) -> list[tuple[int, int]]:
    """Return pairs of integers with one and the same hash: CPython's hash of a tuple is xxHash without a secret."""
    prime1, prime2, prime5, mask = 11400714785074694791, 14029467366897019727, 2870177450012600261, 2**64 - 1

    def state(number: int) -> int:
        mixed = (prime5 + number * prime2) & mask
        return (((mixed << 31) | (mixed >> 33)) & mask) * prime1 & mask

    goal = (state(1) + 12345 * prime2) & mask
    inverse = pow(prime2, -1, 2**64)
    found: list[tuple[int, int]] = []
    number = 2
    while len(found) < count:
        other = (goal - state(number)) * inverse & mask
        if other < 2**61 - 1:
            found.append((number, other))
        number += 1
    return found


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="knows how CPython hashes tuples")
@pytest.mark.parametrize("name", ["msgpack", "cbor"])
def test_keys_that_collide_cost_no_time(name):
    keys = colliding_keys(8000)
    assert 1 == len({hash(key) for key in keys})
    head = {"msgpack": b"\xdf", "cbor": b"\xba"}[name]
    data = head + len(keys).to_bytes(4, "big") + b"".join(bytes(NAMES[name].pack(key)) + b"\0" for key in keys)
    start = time.process_time()
    with pytest.raises(ProtocolViolation, match="not plain"):
        NAMES[name].unpack(data)

    assert time.process_time() - start < 1.0


# -- writing


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "value",
    [object(), "\ud800", {"\ud800": 1}, [object()]],
    ids=["object", "surrogate", "key", "inside"],
)
def test_writing_what_has_no_form_is_a_transcoding_error(name, value):
    with pytest.raises(TranscodingError, match="not expressible in"):
        NAMES[name].pack(value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("depth", [10_000, 200_000])
def test_writing_a_deep_value_is_a_transcoding_error(name, depth):
    """cbor2 alone would exhaust the stack and end the process."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    with pytest.raises(TranscodingError):
        NAMES[name].pack(value)
    while value:  # or else Python itself recurses when it frees the list
        value = value.pop()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["list", "dict", "many"])
def test_writing_a_value_that_contains_itself_is_a_transcoding_error(name, kind):
    value: Any = {} if kind == "dict" else []
    if kind == "dict":
        value["self"] = value
    else:
        value.extend([value] * (1 if kind == "list" else 3))
    with pytest.raises(TranscodingError):
        NAMES[name].pack(value)


@pytest.mark.parametrize(
    "value", [{float("nan"): 1}, {float("inf"): 1}, {b"a": 1}, [{b"a": 1}], {(1, 2): 1}, {None: 1}]
)
def test_json_has_no_such_keys(value):
    with pytest.raises(TranscodingError):
        JSON.pack(value)


@pytest.mark.parametrize(
    "value", [b"\1", bytearray(b"\1"), memoryview(b"\1")], ids=["bytes", "bytearray", "memoryview"]
)
def test_json_writes_binary_values_as_the_specification_says(value):
    assert b'"\\u0000AQ=="' == bytes(JSON.pack(value))


@pytest.mark.parametrize("value", [(1, 2), {1, 2}, frozenset({1, 2})])
@pytest.mark.parametrize("name", NAMES)
def test_tuples_and_sets_are_lists(name, value):
    assert [1, 2] == NAMES[name].unpack(NAMES[name].pack(value))


@pytest.mark.parametrize("name", ["json", "msgpack"])
def test_undefined_is_written_as_null(name):
    assert [None] == NAMES[name].unpack(NAMES[name].pack([cbor2.undefined]))


def test_a_tag_within_a_deep_tag_is_measured_too():
    value: Any = 1
    for _ in range(200):
        value = CBORTag(9999, value)
    with pytest.raises(TranscodingError, match="levels deep"):
        CBOR.pack(value)


def test_keys_are_measured_too():
    key: Any = ()
    for _ in range(200):
        key = (key,)
    with pytest.raises(TranscodingError, match="levels deep"):
        CBOR.pack({key: 1})


# -- between them


def test_a_payload_for_the_same_serializer_is_the_same_object():
    raw = JSON.pack([1])

    assert transcode(raw, JSON, JSON) is raw


def test_no_payload_stays_no_payload():
    nothing = msgspec.Raw(b"")

    assert transcode(nothing, JSON, CBOR) is nothing


def test_a_malformed_payload_is_a_transcoding_error():
    with pytest.raises(TranscodingError, match="malformed"):
        transcode(msgspec.Raw(b"["), JSON, CBOR)


def test_plain_values_have_strings_as_keys():
    with pytest.raises(ValueError, match="not a string"):
        plain({1: 2})


def test_a_serializer_is_printed_with_its_name():
    assert "<Serializer json>" == repr(JSON)


@pytest.mark.parametrize(("name", "number", "binary"), [("json", 1, False), ("msgpack", 2, True), ("cbor", 3, True)])
def test_what_transports_need_to_know(name, number, binary):
    assert (number, binary) == (SERIALIZERS[name].rawsocket_id, SERIALIZERS[name].binary)


@pytest.mark.parametrize("name", NAMES)
def test_the_empty_list_is_one(name):
    assert [] == NAMES[name].unpack(NAMES[name].empty_list)
