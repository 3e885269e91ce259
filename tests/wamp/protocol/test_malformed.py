"""Whatever the bytes, a codec returns a message or raises ProtocolViolation: hypothesis looks for a third way."""

from __future__ import annotations

from typing import Any

import cbor2
import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wamp.protocol.samples import (
    LISTS,
    PACK,
    SERIALIZERS,
    assemble,
    ids,
    json_values,
    odd_lists,
    pack_or_skip,
    spoilt_lists,
    text,
    values,
)
from wamp.protocol.codec import CODECS
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.messages import ABSENT, MESSAGES, Message
from wamp.protocol.options import OPTIONS, read
from wamp.protocol.serializers import SERIALIZERS as ALL
from wamp.protocol.serializers import TranscodingError

every_serializer = pytest.mark.parametrize("name", SERIALIZERS)
bounded = settings(max_examples=60, deadline=None, derandomize=True)


def attempt(name: str, data: bytes) -> Message | None:
    try:
        return CODECS[name].decode(data)
    except ProtocolViolation:
        return None


def read_as_client(name: str, data: bytes) -> None:
    """Read a message and its payload without the check that routers make."""
    try:
        message = CODECS[name].decode(data, is_relayed=False)
        if hasattr(message, "args"):
            args, kwargs = CODECS[name].values(message)
            assert isinstance(args, list | str | bytes)
            assert isinstance(kwargs, dict)
    except ProtocolViolation:
        pass


def exhaust(name: str, data: bytes) -> None:
    """Do with bytes all that a router or a client might; only the errors that are meant to come may come."""
    read_as_client(name, data)
    message = attempt(name, data)
    if message is None:
        return
    for field in ("options", "details"):
        if hasattr(message, field) and type(message) in OPTIONS:
            read(OPTIONS[type(message)], getattr(message, field))
    for raw in (getattr(message, "args", ABSENT), getattr(message, "kwargs", ABSENT)):
        if raw is not ABSENT:
            ALL[name].unpack(raw)
    for codec in CODECS.values():
        try:
            encoded = codec.encode(message, CODECS[name])
        except TranscodingError:
            continue
        codec.decode(encoded)


# Bytes that look like a message: a valid beginning, then anything; or a valid one with some bytes replaced.
def _damage(data: bytes, edits: list[tuple[int, bytes]]) -> bytes:
    for place, piece in edits:
        at = place % (len(data) + 1)
        data = data[:at] + piece + data[at + 1 :]
    return data


def damaged(name: str) -> st.SearchStrategy[bytes]:
    edits = st.lists(st.tuples(st.integers(0, 80), st.binary(max_size=3)), max_size=4)
    return st.builds(_damage, st.sampled_from([PACK[name](fields) for fields in LISTS.values()]), edits)


def with_payload(name: str) -> st.SearchStrategy[bytes]:
    """Messages whose options, arguments and keyword arguments are anything at all."""
    head = [PACK[name](48), PACK[name](7)]
    parts = [st.just(PACK[name]({})) | st.binary(max_size=12), st.just(PACK[name]("a.b"))]
    payload = st.binary(min_size=1, max_size=24).map(
        lambda data: {"msgpack": b"\x91", "cbor": b"\x81"}.get(name, b"") + data
    )
    return st.builds(lambda *rest: assemble(name, *head, *rest), *parts, payload)


@every_serializer
@bounded
@given(data=st.data())
def test_any_bytes(name, data):
    exhaust(name, data.draw(st.binary(max_size=64)))


@every_serializer
@bounded
@given(data=st.data())
def test_valid_messages_with_a_few_bytes_changed(name, data):
    exhaust(name, data.draw(damaged(name)))


@every_serializer
@bounded
@given(data=st.data())
def test_any_bytes_as_options_and_payload(name, data):
    exhaust(name, data.draw(with_payload(name)))


@every_serializer
@bounded
@given(fields=odd_lists | spoilt_lists)
def test_lists_of_anything(name, fields):
    data = pack_or_skip(name, fields)
    if data is not None:
        exhaust(name, data)


@every_serializer
@bounded
@given(value=values)
def test_values_that_are_no_list(name, value):
    data = pack_or_skip(name, value)
    if data is not None:
        exhaust(name, data)


def _message(kind: type[Message]) -> st.SearchStrategy[list[Any]]:
    options = st.dictionaries(
        st.just("_own") | st.just("_other"), json_values.filter(lambda value: value is not None), max_size=2
    )
    field = {int: ids, str: text, dict: options}
    fields: list[st.SearchStrategy[Any]] = [st.just(kind.CODE)]
    for name in kind.__struct_fields__:
        if name in ("options", "details", "extra"):
            fields.append(field[dict])
        elif name == "args":
            fields.append(st.lists(values, max_size=3))
        elif name == "kwargs":
            fields.append(st.dictionaries(text, values, max_size=3))
        elif name in ("realm", "reason", "method", "signature", "error", "topic", "procedure"):
            fields.append(field[str])
        else:
            fields.append(field[int])
    return st.tuples(*fields).map(list)


@pytest.mark.parametrize("kind", MESSAGES.values(), ids=lambda kind: kind.__name__)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_message_of_any_content_survives_every_pair_of_serializers(kind, data):
    fields = data.draw(_message(kind))
    first = CODECS["msgpack"].decode(msgpack.packb(fields))

    for codec in CODECS.values():
        encoded = codec.encode(first, CODECS["msgpack"])
        assert CODECS["msgpack"].encode(first) == CODECS["msgpack"].encode(codec.decode(encoded), codec)


@pytest.mark.parametrize("source", SERIALIZERS)
@pytest.mark.parametrize("target", SERIALIZERS)
@bounded
@given(value=values)
def test_a_value_survives_every_pair_of_serializers(source, target, value):
    there = ALL[target].pack(ALL[source].unpack(ALL[source].pack(value)))

    assert value == ALL[target].unpack(there)


@bounded
@given(value=values)
def test_msgpack_agrees_with_an_independent_library(value):
    packed = msgpack.packb(value)

    assert value == ALL["msgpack"].unpack(packed)
    assert packed == bytes(ALL["msgpack"].pack(value))


@bounded
@given(value=values)
def test_cbor_agrees_with_the_plain_use_of_its_library(value):
    assert value == ALL["cbor"].unpack(cbor2.dumps(value))


@every_serializer
@bounded
@given(data=st.binary(max_size=64))
def test_unpacking_any_bytes_is_a_value_or_a_violation(name, data):
    try:
        ALL[name].unpack(data)
    except ProtocolViolation:
        pass
