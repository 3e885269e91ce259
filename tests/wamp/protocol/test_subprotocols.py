"""Names of subprotocols, and batches: the WAMP advanced profile, "Batched WebSocket Transport"."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wamp.protocol.codec import CODECS
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.serializers import CBOR, JSON, MSGPACK
from wamp.protocol.subprotocols import AUTOBAHN_SEPARATOR, RECORD_SEPARATOR, SUBPROTOCOLS, BatchFraming, names

binary = pytest.mark.parametrize("serializer", [MSGPACK, CBOR], ids=["msgpack", "cbor"])


@pytest.mark.parametrize("name", ["json", "msgpack", "cbor"])
def test_every_serializer_has_a_subprotocol_plain_and_batched(name):
    assert (CODECS[name], False) == SUBPROTOCOLS[f"wamp.2.{name}"]
    assert (CODECS[name], True) == SUBPROTOCOLS[f"wamp.2.{name}.batched"]


def test_names_come_in_the_order_of_the_serializers_plain_ones_first():
    assert ["wamp.2.cbor", "wamp.2.json", "wamp.2.cbor.batched", "wamp.2.json.batched"] == names(["cbor", "json"])


def test_names_without_batches():
    assert ["wamp.2.cbor", "wamp.2.json"] == names(["cbor", "json"], batched=False)


@pytest.mark.parametrize("separator", [RECORD_SEPARATOR, AUTOBAHN_SEPARATOR], ids=["specification", "autobahn"])
def test_a_batch_of_json_is_split_at_either_separator(separator):
    assert [b"[1]", b"[2]"] == BatchFraming(JSON).split(b"[1]" + separator + b"[2]" + separator)


def test_json_is_wrapped_with_the_separator_of_the_specification():
    assert b"[1]\x1e" == BatchFraming(JSON).wrap(b"[1]")


def test_json_is_wrapped_with_the_separator_that_the_peer_used():
    framing = BatchFraming(JSON)
    framing.split(b"[1]\x18")

    assert b"[2]\x18" == framing.wrap(b"[2]")


@pytest.mark.parametrize("data", [b"", b"[1]", b"[1]\x1e[2]", b"[1]\x1f"])
def test_a_batch_of_json_that_does_not_end_with_a_separator_is_a_violation(data):
    with pytest.raises(ProtocolViolation, match="separator"):
        BatchFraming(JSON).split(data)


@pytest.mark.parametrize("data", [b"\x1e", b"[35,7]\x1e\x1e", b"[35,7]\x18[35,8]\x1e"])
def test_empty_messages_and_mixed_separators_are_left_to_the_codec(data):
    last = BatchFraming(JSON).split(data)[-1]
    with pytest.raises(ProtocolViolation, match="malformed"):
        CODECS["json"].decode(last)


@binary
def test_a_binary_batch_has_lengths(serializer):
    framing = BatchFraming(serializer)

    assert b"\0\0\0\2ab" == framing.wrap(b"ab")
    assert [b"ab", b"", b"c"] == framing.split(b"\0\0\0\2ab\0\0\0\0\0\0\0\1c")


@binary
def test_a_binary_batch_cut_short_is_a_violation(serializer):
    framing = BatchFraming(serializer)
    whole = framing.wrap(b"abc") + framing.wrap(b"de")
    for end in set(range(len(whole))) - {7}:
        with pytest.raises(ProtocolViolation, match="batch"):
            framing.split(whole[:end])


@binary
def test_a_length_of_a_gigabyte_is_a_violation(serializer):
    with pytest.raises(ProtocolViolation, match="inside a message"):
        BatchFraming(serializer).split(b"\x40\0\0\0a")


@pytest.mark.parametrize("serializer", [JSON, MSGPACK, CBOR], ids=["json", "msgpack", "cbor"])
@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    messages=st.lists(
        st.binary(max_size=9).map(lambda data: data.replace(b"\x1e", b"").replace(b"\x18", b"")), min_size=1
    )
)
def test_what_is_wrapped_is_split_again(serializer, messages):
    framing = BatchFraming(serializer)

    assert messages == framing.split(b"".join(map(framing.wrap, messages)))


@pytest.mark.parametrize("serializer", [JSON, MSGPACK, CBOR], ids=["json", "msgpack", "cbor"])
@settings(max_examples=100, deadline=None, derandomize=True)
@given(data=st.binary(max_size=40))
def test_any_bytes_are_a_batch_or_a_violation(serializer, data):
    try:
        assert all(isinstance(message, bytes) for message in BatchFraming(serializer).split(data))
    except ProtocolViolation:
        pass
