"""What goes out for a message: serializer and framing of each kind of connection."""

import struct
import zlib

import pytest

from wamp.protocol.codec import CODECS
from wamp.protocol.messages import Event, Goodbye, Published
from wamp.protocol.serializers import TranscodingError
from wamprouter.server.links import (
    BINARY,
    TEXT,
    Deflater,
    DeflateWire,
    batched_wire,
    rawsocket_wire,
    websocket_frame,
    websocket_wire,
)

JSON, MSGPACK, CBOR = CODECS["json"], CODECS["msgpack"], CODECS["cbor"]
PUBLISHED = Published(1, 2)


@pytest.mark.parametrize(
    ("length", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_frame_says_its_length_as_short_as_it_can(length, head):
    """RFC 6455, section 5.2: in 7, 16 or 64 bits."""
    assert head + b"x" * length == websocket_frame(TEXT, b"x" * length)


@pytest.mark.parametrize(("codec", "first"), [(JSON, TEXT), (MSGPACK, BINARY), (CBOR, BINARY)])
def test_json_is_text_and_the_others_are_binary(codec, first):
    """As the subprotocol says."""
    assert websocket_frame(first, codec.encode(PUBLISHED)) == websocket_wire(codec).pack(PUBLISHED, None)


@pytest.mark.parametrize("separator", [b"\x18", b"\x1e"])
def test_a_json_batch_ends_with_the_peers_separator(separator):
    """The specification's or Autobahn's."""
    assert websocket_frame(TEXT, b"[17,1,2]" + separator) == batched_wire(JSON, separator).pack(PUBLISHED, None)


@pytest.mark.parametrize("codec", [MSGPACK, CBOR])
def test_a_binary_batch_begins_with_a_length(codec):
    """Of each message in it."""
    payload = codec.encode(PUBLISHED)
    expected = websocket_frame(BINARY, struct.pack("!I", len(payload)) + payload)
    assert expected == batched_wire(codec, b"\x1e").pack(PUBLISHED, None)


@pytest.mark.parametrize("codec", CODECS.values())
def test_a_rawsocket_message_begins_with_its_length(codec):
    """Type 0 and 24 bits."""
    payload = codec.encode(PUBLISHED)
    assert struct.pack("!I", len(payload)) + payload == rawsocket_wire(codec, 512).pack(PUBLISHED, None)


def test_a_rawsocket_message_is_never_longer_than_the_peer_accepts():
    """It would close the connection."""
    [longest, too_long] = [Goodbye({"message": "x" * length}, "wamp.close.normal") for length in (474, 475)]
    assert 512 == len(JSON.encode(longest))
    assert 516 == len(rawsocket_wire(JSON, 512).pack(longest, None))
    with pytest.raises(TranscodingError, match="a message of 513 octets, but the peer accepts 512"):
        rawsocket_wire(JSON, 512).pack(too_long, None)


@pytest.mark.parametrize(
    "make", [websocket_wire, lambda codec: batched_wire(codec, b"\x1e"), lambda codec: rawsocket_wire(codec, 1024)]
)
def test_connections_that_agree_share_a_wire(make):
    """So that an event is packed once for all of them."""
    assert make(JSON) is make(JSON)
    assert make(JSON) is not make(CBOR)


@pytest.mark.parametrize("wire", [websocket_wire(CBOR), batched_wire(CBOR, b"\x1e"), rawsocket_wire(CBOR, 512)])
def test_a_payload_is_transcoded(wire):
    """From what the sender speaks to what the connection speaks."""
    args = JSON.serializer.pack(["grün"])
    assert CBOR.encode(Event(1, 2, {}, CBOR.serializer.pack(["grün"]))) in wire.pack(Event(1, 2, {}, args), JSON)


class Compressor:
    """permessage-deflate as Autobahn offers it to a sender."""

    def start_compress_message(self) -> None:
        self._deflate = zlib.compressobj(wbits=-15)

    def compress_message_data(self, data: bytes) -> bytes:
        return self._deflate.compress(data)

    def end_compress_message(self) -> bytes:
        return self._deflate.flush(zlib.Z_SYNC_FLUSH)[:-4]


def test_a_long_message_is_compressed():
    """The first reserved bit says so (RFC 7692)."""
    message = Goodbye({"message": "x" * 1000}, "wamp.close.normal")
    packed = DeflateWire(JSON, Deflater(Compressor())).pack(message, None)
    assert TEXT | 0x40 == packed[0]
    assert packed[1] == len(packed) - 2
    inflated = zlib.decompressobj(wbits=-15).decompress(packed[2:] + b"\x00\x00\xff\xff")
    assert JSON.encode(message) == inflated


def test_a_short_message_is_not_compressed():
    """It would cost both ends more than it saves."""
    wire = DeflateWire(JSON, Deflater(Compressor()))
    assert websocket_wire(JSON).pack(PUBLISHED, None) == wire.pack(PUBLISHED, None)
