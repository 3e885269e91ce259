"""RawSocket: the handshake of both ends, and framing. Whole, byte by byte, and with trailing bytes."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.rawsocket import (
    MAX_LENGTH,
    SERIALIZERS,
    Accepted,
    ClientHandshake,
    FrameReader,
    FrameType,
    HandshakeError,
    Refused,
    ServerHandshake,
    exponent_for,
    frame,
    length_for,
    message_frames,
)

MESSAGE, PING, PONG = FrameType.MESSAGE, FrameType.PING, FrameType.PONG

JSON_16M = b"\x7f\xf1\0\0"


def one_by_one(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


# Lengths


@pytest.mark.parametrize(("exponent", "length"), [(0, 512), (1, 1024), (14, 8 * 2**20), (15, 16 * 2**20)])
def test_a_length_field_stands_for_a_power_of_two(exponent, length):
    """2**(9 + n): from 512 octets to 16 MiB."""
    assert length == length_for(exponent)
    assert exponent == exponent_for(length)


@pytest.mark.parametrize(("max_length", "announced"), [(1023, 512), (1_000_000, 524_288), (2**40, MAX_LENGTH)])
def test_a_limit_between_two_powers_is_rounded_down(max_length, announced):
    """What we announce the peer may send, so it is never more than what we accept."""
    assert announced == length_for(exponent_for(max_length))


@pytest.mark.parametrize("max_length", [511, 0, -1])
def test_a_limit_below_512_cannot_be_announced(max_length):
    """There is no field for it: the configuration is wrong, and says so."""
    with pytest.raises(ValueError, match="smallest is 512"):
        exponent_for(max_length)


# The router's end


@pytest.mark.parametrize(("number", "name"), SERIALIZERS.items())
def test_the_router_echoes_the_serializer(number, name):
    """The reply has the serializer that was requested, and it is the one both use."""
    outcome = ServerHandshake().receive(bytes((0x7F, 0xF0 | number, 0, 0)))
    assert Accepted(bytes((0x7F, 0xF0 | number, 0, 0)), name, MAX_LENGTH, MAX_LENGTH, b"") == outcome


def test_each_side_announces_what_it_is_willing_to_receive():
    """The client's 1 KiB limits what we send, our 64 KiB what it sends."""
    outcome = ServerHandshake(SERIALIZERS, 65_536).receive(b"\x7f\x12\0\0")
    expected = Accepted(b"\x7f\x72\0\0", "msgpack", receive_limit=65_536, send_limit=1024, rest=b"")
    assert expected == outcome


def test_the_router_reads_a_request_byte_by_byte():
    """Nothing is decided before the fourth octet."""
    handshake = ServerHandshake()
    *waiting, outcome = [handshake.receive(octet) for octet in one_by_one(JSON_16M)]
    assert waiting == [None, None, None]
    assert Accepted(JSON_16M, "json", MAX_LENGTH, MAX_LENGTH, b"") == outcome


@pytest.mark.parametrize("cut", range(5))
def test_what_follows_the_request_is_kept(cut):
    """A client that does not wait for the reply loses nothing."""
    handshake = ServerHandshake()
    first = handshake.receive(JSON_16M[:cut])
    outcome = first or handshake.receive(JSON_16M[cut:] + frame(b"[1]"))
    assert isinstance(outcome, Accepted)
    assert (b"" if first else frame(b"[1]")) == outcome.rest


@pytest.mark.parametrize("number", [0, 4, 5, 15])
def test_error_1_for_a_serializer_that_the_router_does_not_speak(number):
    """0 is illegal, 4 and 5 are others' formats, the rest is reserved."""
    outcome = ServerHandshake().receive(bytes((0x7F, 0xF0 | number, 0, 0)))
    expected = Refused(b"\x7f\x10\0\0", HandshakeError.SERIALIZER_UNSUPPORTED, "serializer unsupported")
    assert expected == outcome


def test_error_1_for_a_serializer_that_is_switched_off():
    """The transport's own list counts, not all we could speak."""
    outcome = ServerHandshake({3: "cbor"}).receive(JSON_16M)
    assert isinstance(outcome, Refused)
    assert outcome.error == HandshakeError.SERIALIZER_UNSUPPORTED


def test_error_2_for_a_client_that_accepts_too_little():
    """1 KiB is enough where 1 KiB is the least; 512 octets are not."""
    assert isinstance(ServerHandshake(min_peer_length=1024).receive(b"\x7f\x11\0\0"), Accepted)
    outcome = ServerHandshake(min_peer_length=1024).receive(b"\x7f\x01\0\0")
    expected = Refused(b"\x7f\x20\0\0", HandshakeError.LENGTH_UNACCEPTABLE, "maximum message length unacceptable")
    assert expected == outcome


@pytest.mark.parametrize("reserved", [b"\x01\0", b"\0\x01", b"\x80\0", b"\xff\xff"])
def test_error_3_for_reserved_bits(reserved):
    """Each of the sixteen must be zero for now."""
    outcome = ServerHandshake().receive(b"\x7f\xf1" + reserved)
    expected = Refused(b"\x7f\x30\0\0", HandshakeError.RESERVED_BITS_USED, "use of reserved bits")
    assert expected == outcome


def test_error_4_when_the_router_is_full():
    """The request is fine, and would be accepted at another time."""
    outcome = ServerHandshake(full=True).receive(JSON_16M)
    expected = Refused(b"\x7f\x40\0\0", HandshakeError.TOO_MANY_CONNECTIONS, "maximum connection count reached")
    assert expected == outcome


@pytest.mark.parametrize(
    ("request_octets", "error"),
    [
        (b"\x7f\x00\1\0", HandshakeError.RESERVED_BITS_USED),
        (b"\x7f\x00\0\0", HandshakeError.SERIALIZER_UNSUPPORTED),
        (b"\x7f\x01\0\0", HandshakeError.LENGTH_UNACCEPTABLE),
        (b"\x7f\x11\0\0", HandshakeError.TOO_MANY_CONNECTIONS),
    ],
)
def test_a_client_is_told_to_come_back_only_when_that_helps(request_octets, error):
    """Of several errors the one is reported that makes the others moot."""
    outcome = ServerHandshake(min_peer_length=1024, full=True).receive(request_octets)
    assert isinstance(outcome, Refused)
    assert error == outcome.error


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"\x00", b"\xff"])
def test_whoever_does_not_begin_with_the_magic_octet_is_dropped_at_once(first):
    """It is not RawSocket, so there is no reply and no waiting for four octets."""
    with pytest.raises(ProtocolViolation, match=f"begins with 0x{first[0]:02x}, expected 0x7f"):
        ServerHandshake().receive(first)
    with pytest.raises(ProtocolViolation):
        ServerHandshake().receive(first[:1])


# The client's end


def test_the_client_requests_its_serializer_and_announces_its_limit():
    """LLLL SSSS between the magic octet and sixteen zeros."""
    assert ClientHandshake("cbor", 1024).request == b"\x7f\x13\0\0"
    assert ClientHandshake("json").request == JSON_16M


def test_the_client_cannot_ask_for_a_serializer_that_has_no_id():
    """That is a mistake of the caller."""
    with pytest.raises(KeyError):
        ClientHandshake("ubjson")


def test_the_client_reads_a_reply_byte_by_byte():
    """And then knows what each side may send."""
    handshake = ClientHandshake("msgpack", 1024)
    *waiting, outcome = [handshake.receive(octet) for octet in one_by_one(b"\x7f\x72\0\0")]
    assert waiting == [None, None, None]
    assert Accepted(b"\x7f\x72\0\0", "msgpack", receive_limit=1024, send_limit=65_536, rest=b"") == outcome


def test_what_follows_the_reply_is_kept():
    """The router's first frames may come in the same read."""
    outcome = ClientHandshake("json").receive(JSON_16M + frame(b"", PING))
    assert Accepted(JSON_16M, "json", MAX_LENGTH, MAX_LENGTH, b"\x01\0\0\0") == outcome


@pytest.mark.parametrize("error", HandshakeError)
def test_the_client_learns_why_it_was_refused(error):
    """Each code has its words; they are those of the router that sent it."""
    outcome = ClientHandshake("json").receive(bytes((0x7F, error << 4, 0, 0)))
    assert isinstance(outcome, Refused)
    assert error == outcome.error
    assert "reserved for" not in outcome.reason


def test_the_client_survives_an_error_of_the_future():
    """Codes 5 to 15 are refusals too."""
    outcome = ClientHandshake("json").receive(b"\x7f\x50\0\0")
    assert Refused(b"\x7f\x50\0\0", 5, "error 5, which is reserved") == outcome


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (b"H", "begins with 0x48"),
        (b"\x7f\0\0\0", "error 0"),
        (b"\x7f\xf2\0\0", "is for serializer 2, expected 1"),
        (b"\x7f\xf1\0\1", "uses reserved bits"),
        (b"\x7f\x10\1\0", "uses reserved bits"),
    ],
)
def test_a_reply_that_no_router_may_give_is_a_violation(reply, complaint):
    """The client drops the connection; the text says what was wrong."""
    with pytest.raises(ProtocolViolation, match=complaint):
        ClientHandshake("json").receive(reply)


@given(
    serializer=st.sampled_from(list(SERIALIZERS.values())),
    client_limit=st.integers(512, MAX_LENGTH),
    router_limit=st.integers(512, MAX_LENGTH),
)
def test_both_ends_agree(serializer, client_limit, router_limit):
    """Whatever they announce, what one may send the other will receive."""
    client = ClientHandshake(serializer, client_limit)
    at_router = ServerHandshake(SERIALIZERS, router_limit).receive(client.request)
    assert isinstance(at_router, Accepted)
    at_client = client.receive(at_router.reply)
    assert isinstance(at_client, Accepted)
    assert (serializer, serializer) == (at_router.serializer, at_client.serializer)
    assert at_router.receive_limit == at_client.send_limit <= router_limit
    assert at_client.receive_limit == at_router.send_limit <= client_limit


# Frames


@pytest.mark.parametrize(
    ("payload", "kind", "octets"),
    [
        (b"", MESSAGE, b"\0\0\0\0"),
        (b"[1]", MESSAGE, b"\0\0\0\x03[1]"),
        (b"", PING, b"\x01\0\0\0"),
        (b"abc", PONG, b"\x02\0\0\x03abc"),
        (b"x" * 0x010203, MESSAGE, b"\0\x01\x02\x03" + b"x" * 0x010203),
    ],
)
def test_a_frame_is_its_type_its_length_and_its_payload(payload, kind, octets):
    """Both ways."""
    assert octets == frame(payload, kind)
    assert FrameReader().feed(octets) == [(kind, payload)]


@pytest.mark.parametrize("kind", FrameType)
@pytest.mark.parametrize(
    ("length", "prefix"), [(2**24 - 1, (0, b"\xff\xff\xff")), (2**24, (8, b"\0\0\0"))], ids=["16M-1", "16M"]
)
def test_exactly_16_mib_is_told_by_the_25th_bit(kind, length, prefix):
    """The largest that can be announced is one more than 24 bits can say."""
    first_octet, length_octets = prefix
    octets = frame(bytes(length), kind)
    assert octets[:4] == bytes((first_octet | kind,)) + length_octets
    assert FrameReader().feed(octets) == [(kind, bytes(length))]


def test_a_frame_cannot_be_longer_than_16_mib():
    """The prefix cannot say it; whoever sends must have checked the peer's limit."""
    with pytest.raises(ValueError, match="16777217 octets"):
        frame(bytes(2**24 + 1))


def test_many_frames_in_one_read():
    """All of them, in order, of any type."""
    data = frame(b"one") + frame(b"two", PING) + frame(b"") + frame(b"three", PONG)
    assert FrameReader().feed(data) == [(MESSAGE, b"one"), (PING, b"two"), (MESSAGE, b""), (PONG, b"three")]


def test_frames_byte_by_byte():
    """Each is there with its last octet, not later."""
    reader = FrameReader()
    data = frame(b"one") + frame(b"") + frame(b"two")
    frames = {at: found for at, octet in enumerate(one_by_one(data), 1) if (found := reader.feed(octet))}
    assert frames == {7: [(MESSAGE, b"one")], 11: [(MESSAGE, b"")], 18: [(MESSAGE, b"two")]}


def test_the_end_of_a_read_may_be_anywhere():
    """The rest of a frame comes with the beginning of the next one."""
    reader = FrameReader()
    assert reader.feed(frame(b"one") + frame(b"two")[:5]) == [(MESSAGE, b"one")]
    assert reader.feed(frame(b"two")[5:] + frame(b"three")[:2]) == [(MESSAGE, b"two")]
    assert reader.feed(b"") == []
    assert reader.feed(frame(b"three")[2:]) == [(MESSAGE, b"three")]


@given(
    frames=st.lists(st.tuples(st.sampled_from(FrameType), st.binary(max_size=40)), max_size=12),
    cuts=st.lists(st.integers(0, 600), max_size=20),
)
def test_how_a_stream_is_cut_makes_no_difference(frames, cuts):
    """What was framed comes out, however it is chopped up on the way."""
    data = b"".join(frame(payload, kind) for kind, payload in frames)
    places = [0, *sorted(cuts), len(data)]
    reader = FrameReader(512)
    read = [found for start, end in itertools.pairwise(places) for found in reader.feed(data[start:end])]
    assert frames == read


@pytest.mark.parametrize("kind", FrameType)
@pytest.mark.parametrize("limit", [0, 512, 1000, 65_536])
def test_a_frame_at_the_limit_passes_and_one_beyond_fails(kind, limit):
    """The limit counts the payload, for PING and PONG as well, and need not be a power of two."""
    assert FrameReader(limit).feed(frame(bytes(limit), kind)) == [(kind, bytes(limit))]
    with pytest.raises(ProtocolViolation, match=f"{limit + 1} octets, expected at most {limit}"):
        FrameReader(limit).feed(frame(bytes(limit + 1), kind))


@pytest.mark.parametrize(
    "prefix",
    [
        pytest.param(b"\x40\0\0\0", id="1 GB"),
        pytest.param(b"\xff\xff\xff\xff", id="all ones"),
        pytest.param(b"\x10\0\0\0", id="reserved bit"),
        pytest.param(b"\x03\0\0\0", id="reserved type"),
        pytest.param(b"\x07\0\0\0", id="reserved type 7"),
        pytest.param(b"\x0b\0\0\0", id="reserved type, 16M"),
        pytest.param(b"\x08\0\0\x01", id="25th bit beside a length"),
        pytest.param(b"\x09\xff\xff\xff", id="25th bit beside a length, PING"),
    ],
)
@pytest.mark.parametrize("limit", [512, MAX_LENGTH, 2**30])
def test_a_bad_prefix_is_refused_before_anything_is_buffered(prefix, limit):
    """With its fourth octet, whole or byte by byte, after good frames or not."""
    with pytest.raises(ProtocolViolation):
        FrameReader(limit).feed(prefix)
    with pytest.raises(ProtocolViolation):
        FrameReader(limit).feed(frame(b"[1]") + prefix + b"x" * 10_000)
    reader = FrameReader(limit)
    assert [reader.feed(octet) for octet in one_by_one(prefix[:3])] == [[], [], []]
    with pytest.raises(ProtocolViolation):
        reader.feed(prefix[3:])


def test_a_failed_connection_stays_failed():
    """What comes after the violation is not taken for the beginning of a frame."""
    reader = FrameReader(512)
    with pytest.raises(ProtocolViolation):
        reader.feed(frame(b"x" * 513))
    with pytest.raises(ProtocolViolation, match="513 octets"):
        reader.feed(frame(b"[1]"))


def test_a_big_frame_in_small_pieces_costs_no_more_than_its_length():
    """8 MiB in pieces of 64 octets: copying what is there with each would move half a terabyte, and time out."""
    payload = bytes(8 * 2**20)
    data = frame(payload)
    reader = FrameReader()
    read = [found for at in range(0, len(data), 64) for found in reader.feed(data[at : at + 64])]
    assert [(MESSAGE, payload)] == read


def test_frames_of_several_messages_stand_one_behind_the_other():
    payloads = [b"", b"abc", bytes(MAX_LENGTH)]
    assert b"".join(map(frame, payloads)) == message_frames(payloads)


def test_a_message_that_no_frame_can_hold_is_refused_among_others():
    with pytest.raises(ValueError, match="16777217"):
        message_frames([b"abc", bytes(MAX_LENGTH + 1)])
