"""How deep is too deep, and which keys are too dangerous."""

from __future__ import annotations

from typing import Any

import cbor2
import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wamp.protocol.samples import json_values, values
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.limits import (
    LARGE_MAP,
    MAX_DEPTH,
    refuse_deep_json,
    refuse_deep_value,
    refuse_reference,
    scan_cbor,
    scan_messagepack,
)

bounded = settings(max_examples=60, deadline=None, derandomize=True)


def deep(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_a_value_of_the_greatest_depth_is_accepted():
    refuse_deep_value(deep(MAX_DEPTH))


def test_a_value_that_is_deeper_is_refused():
    with pytest.raises(ValueError, match="128 levels"):
        refuse_deep_value(deep(MAX_DEPTH + 1))


def test_a_json_text_of_the_greatest_depth_is_accepted():
    refuse_deep_json(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


def test_a_json_text_that_is_deeper_is_refused():
    with pytest.raises(ProtocolViolation, match="128 levels"):
        refuse_deep_json(b'[{"a":' * MAX_DEPTH)


@pytest.mark.parametrize("text", [rb'"\\"', rb'"\""', rb'"\\\""', rb'"a\\\\"', rb'"\u005b\\[\"["'])
def test_brackets_in_strings_with_escapes_do_not_count(text):
    filler = b'"' + b"[" * 500 + b'"'

    refuse_deep_json(b"[" + text + b"," + filler + b"," + text + b"," + filler + b"]")


@pytest.mark.parametrize("text", [rb'"\\"', rb'"\""', rb'"\\\""', rb'"a\\\\"'])
def test_brackets_behind_strings_with_escapes_do_count(text):
    with pytest.raises(ProtocolViolation):
        refuse_deep_json(b"[" + text + b"," + b"[" * 500 + b"]" * 500 + b"]")


@bounded
@given(value=values)
def test_the_scanner_of_msgpack_walks_over_any_value(value):
    assert [] == scan_messagepack(msgpack.packb([value]), always=True)


@bounded
@given(value=values)
def test_the_scanner_of_cbor_walks_over_any_value(value):
    scan_cbor(cbor2.dumps([value]))


@bounded
@given(value=json_values, wide=st.lists(st.integers(), max_size=3))
def test_a_scanner_notices_what_is_missing_at_the_end(value, wide):
    with pytest.raises(ProtocolViolation, match="too early"):
        scan_cbor(cbor2.dumps([value, wide])[:-1] if not wide else cbor2.dumps([*wide, value, 1])[:-1])


@pytest.mark.parametrize(
    "head",
    [
        "c40561",
        "c5000561",
        "c60000000561",
        "d90561",
        "da000561",
        "db0000000561",
        "ca",
        "cb",
        "cc",
        "cd",
        "ce",
        "cf",
        "d0",
        "d1",
        "d2",
        "d3",
        "a3",
        "dc0002",
        "dd00000002",
        "82",
        "de0001",
        "df00000001",
        "92",
    ],
)
def test_the_scanner_of_msgpack_knows_how_long_a_value_is(head):
    data = bytes.fromhex(head)
    whole = b"\x92" + data + b"\0" * 64
    _, length = _unpack_first(data + b"\0" * 64)

    assert [2 + length] == scan_messagepack(b"\x92" + whole[1 : 1 + length] + b"\xd4\x05\x00", always=True)


def _unpack_first(data: bytes) -> tuple[Any, int]:
    unpacker = msgpack.Unpacker(strict_map_key=False)
    unpacker.feed(data)
    return unpacker.unpack(), unpacker.tell()


@pytest.mark.parametrize(
    ("data", "places"),
    [
        ("d40500", [1]),
        ("d5050000", [1]),
        ("c7020500 00", [2]),
        ("c800020500 00", [3]),
        ("c90000000205 0000", [5]),
        ("92d6ff00000001d8ff" + "00" * 16, [2, 8]),
    ],
)
def test_the_scanner_of_msgpack_finds_extensions(data, places):
    assert places == scan_messagepack(bytes.fromhex(data), always=True)


def pairs(count: int) -> dict[Any, int]:
    return {(number, 1): 0 for number in range(count)}


@pytest.mark.parametrize(
    "wrap", [lambda value: value, lambda value: [1, "x" * 300, value], lambda value: {"a": {"b": value}}]
)
def test_a_large_map_of_msgpack_must_have_plain_keys(wrap):
    with pytest.raises(ProtocolViolation, match="256 entries or more"):
        scan_messagepack(msgpack.packb(wrap(pairs(LARGE_MAP))))


@pytest.mark.parametrize("head", ["bb0000000000000100", "ba00000100", "b90100", "bf"])
def test_a_large_map_of_cbor_must_have_plain_keys(head):
    body = b"".join(cbor2.dumps(key) + b"\0" for key in pairs(LARGE_MAP))
    with pytest.raises(ProtocolViolation, match="256 entries or more"):
        scan_cbor(bytes.fromhex(head) + body + b"\xff")


@pytest.mark.parametrize("key", ["80", "a0", "9fff", "bfff", "c100", "c24101", "7f6161ff"])
def test_what_is_no_plain_key_of_cbor(key):
    plain = b"".join(cbor2.dumps(number) + b"\0" for number in range(LARGE_MAP - 1))
    with pytest.raises(ProtocolViolation, match="not plain"):
        scan_cbor(b"\xb9\x01\x00" + plain + bytes.fromhex(key) + b"\0")


def test_a_small_map_may_have_any_keys():
    scan_messagepack(msgpack.packb([pairs(LARGE_MAP - 1), "x" * 300]), always=True)
    scan_cbor(cbor2.dumps(pairs(LARGE_MAP - 1)))


def test_a_large_map_may_have_lists_as_values():
    scan_messagepack(msgpack.packb({number: [[1], {(1, 2): 3}] for number in range(LARGE_MAP)}))
    scan_cbor(b"\xbf" + b"".join(cbor2.dumps(number) + b"\x81\xbf\x01\x80\xff" for number in range(5)) + b"\xff")


def test_bytes_that_only_look_like_a_large_map_do_no_harm():
    assert [] == scan_messagepack(msgpack.packb([b"\xde\xde\xdf" * 200, pairs(3)]))


def test_a_map_of_msgpack_with_a_needlessly_long_head_is_not_scanned():
    assert [] == scan_messagepack(b"\x92" + msgpack.packb("x" * 300) + b"\xdf\0\0\0\x01\x91")


@pytest.mark.parametrize(
    "scan",
    [
        lambda depth: scan_cbor(b"\x81" * depth + b"\1"),
        lambda depth: scan_messagepack(b"\x91" * depth + b"\1", always=True),
        lambda depth: scan_cbor(b"\xc9" * depth + b"\1"),
    ],
)
def test_a_scanner_goes_no_deeper_than_the_limit(scan):
    scan(MAX_DEPTH)
    with pytest.raises(ProtocolViolation, match="levels deep"):
        scan(MAX_DEPTH + 2)


@pytest.mark.parametrize("data", ["5bffffffffffffffff00", "825bffffffffffffffff00", "19ff", "62"])
def test_a_length_beyond_the_end_ends_the_scan(data):
    with pytest.raises(ProtocolViolation, match="too early"):
        scan_cbor(bytes.fromhex(data))


@pytest.mark.parametrize("tag", [25, 28, 29, 256])
def test_references_are_refused(tag):
    with pytest.raises(ProtocolViolation, match=str(tag)):
        refuse_reference(tag)


def test_other_tags_are_no_references():
    refuse_reference(24)
