"""RawSocket over real sockets, TCP and Unix: what breaks the rules ends that connection, what keeps them is not lost.

Advanced profile, "RawSocket Transport".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import Client, RawSocket, RefusedHandshake, Stream
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import (
    Abort,
    Call,
    Error,
    Hello,
    Invocation,
    Publish,
    Published,
    Register,
    Registered,
    Subscribe,
    Subscribed,
    Welcome,
)

LARGEST = 128 * 1024
OPTIONS = {"max_message_size": LARGEST}
HELLO = b'[1,"realm1",{"roles":{"caller":{}}}]'
MESSAGE, PING, PONG = 0, 1, 2


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    return start_shared(
        {"type": "rawsocket", "endpoint": endpoint(), "options": OPTIONS},
        {"type": "rawsocket", "endpoint": {"type": "unix", "path": "router.sock"}, "options": OPTIONS},
        {"type": "rawsocket", "endpoint": endpoint(), "serializers": ["cbor"]},
    )


@pytest.fixture(params=["rs", "rs+unix"])
def url(router: RouterProcess, request: pytest.FixtureRequest) -> str:
    return router.url(request.param)


@pytest.fixture(scope="module")
def _bystander(router: RouterProcess) -> Iterator[Client]:
    with Client(router.url("rs")) as client:
        yield client


@pytest.fixture(autouse=True)
def _nobody_else_notices(_bystander: Client) -> Iterator[None]:
    yield
    _bystander.publish_acknowledged("com.still.here")


def frame(kind: int, payload: bytes) -> bytes:
    return (kind << 24 | len(payload)).to_bytes(4) + payload


# -- the handshake

SILENT: dict[str, bytes] = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "zeros": bytes(4),
    "a wrong first octet": b"\x7e",
}


@pytest.mark.parametrize("data", SILENT.values(), ids=SILENT.keys())
def test_what_is_no_rawsocket_gets_no_answer(url: str, data: bytes) -> None:
    stream = Stream(url)
    stream.send(data)
    assert stream.read_to_end() == b""
    stream.close()


REFUSED: dict[str, tuple[bytes, int]] = {
    "serializer 0": (b"\x7f\xf0\0\0", 1),
    "serializer 4": (b"\x7f\xf4\0\0", 1),
    "serializer 15": (b"\x7f\xff\0\0", 1),
    "third octet used": (b"\x7f\xf1\1\0", 3),
    "fourth octet used": (b"\x7f\xf1\0\x80", 3),
}


@pytest.mark.parametrize(("data", "error"), REFUSED.values(), ids=REFUSED.keys())
def test_a_handshake_that_cannot_be_is_refused_with_its_error(url: str, data: bytes, error: int) -> None:
    stream = Stream(url)
    stream.send(data)
    assert stream.read_to_end() == bytes((0x7F, error << 4, 0, 0))
    stream.close()


def test_a_serializer_that_is_not_configured_is_refused(router: RouterProcess) -> None:
    with pytest.raises(RefusedHandshake) as refused:
        RawSocket(router.urls[2], "json")
    assert refused.value.status == 1


def test_the_router_announces_its_own_limit(url: str) -> None:
    connection = RawSocket(url)
    assert connection.max_length == LARGEST
    connection.close()


@pytest.mark.parametrize("size", range(1, 4))
def test_a_handshake_in_pieces(url: str, size: int) -> None:
    stream = Stream(url)
    stream.send(b"\x7f\xf1\0\0"[:size])
    stream.send(b"\x7f\xf1\0\0"[size:] + frame(MESSAGE, HELLO))
    assert stream.read(4) == b"\x7f\x81\0\0"
    stream.read(4)
    assert stream.read(3) == b"[2,"
    stream.close()


# -- frames

VIOLATIONS: dict[str, bytes] = {
    **{f"type {kind}": frame(kind, b"") for kind in range(3, 8)},
    "a reserved bit": frame(0x80, b""),
    "all reserved bits": frame(0xF0, b"[]"),
    "a message that is too long": frame(MESSAGE, b" " * (LARGEST + 1)),
    "the head of the longest message": b"\x00\xff\xff\xff",
    "a message of 2^24": b"\x08\x00\x00\x00",
    "a ping that is too long": b"\x01\xff\xff\xff",
    "an empty message": frame(MESSAGE, b""),
    "a message that is none": frame(MESSAGE, b'[48,"'),
    "garbage": b"GET / HTTP/1.1\r\n\r\n" * 20,
}


@pytest.mark.parametrize("data", VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_a_frame_that_breaks_the_rules_ends_its_session_and_connection(url: str, data: bytes) -> None:
    with Client(url) as client:
        client.stream.send(data)
        assert client.expect(Abort).reason == "wamp.error.protocol_violation"
        client.closing()


@pytest.mark.parametrize("size", [0, 1, 125, 65536, LARGEST])
def test_a_pong_has_the_payload_of_its_ping(url: str, size: int) -> None:
    connection = RawSocket(url)
    connection.send_frame(PING, b"p" * size)
    assert connection.receive_frame() == (PONG, b"p" * size)
    connection.send_frame(PONG, b"nobody asked")
    connection.send_frame(PING, b"still there?")
    assert connection.receive_frame() == (PONG, b"still there?")
    connection.close()


@pytest.mark.parametrize("size", [100, 65535, 65536, LARGEST])
def test_messages_up_to_the_limit_are_routed(url: str, size: int) -> None:
    with Client(url) as client:
        message = b'[16,9,{"acknowledge":true},"com.t",["%s"]]'
        client.connection.send(message % (b"x" * (size - len(message) + 2)))
        assert client.expect(Published).request == 9


def cuts(length: int) -> Iterator[int]:
    for at in range(1, length):
        if at < 20 or at > length - 5 or at % 4099 == 0:
            yield at


@pytest.mark.parametrize("size", [0, 100, 65536])
def test_a_frame_cut_anywhere_is_put_together(url: str, size: int) -> None:
    """The part before the cut comes in one read with a whole frame, whose answer proves it was read; the rest later."""
    whole = frame(MESSAGE, b'[16,8,{"acknowledge":true},"com.t"]')
    cut = frame(MESSAGE, b'[16,9,{"acknowledge":true},"com.t",["%s"]]' % (b"x" * size))
    with Client(url) as client:
        for at in cuts(len(cut)):
            client.stream.send(whole + cut[:at])
            assert client.expect(Published).request == 8
            client.stream.send(cut[at:] + frame(PING, b"between") + whole)
            assert client.expect(Published).request == 9
            answers = {client.connection.receive_frame()[0] for _ in range(2)}
            assert answers == {MESSAGE, PONG}


def test_octet_by_octet(url: str) -> None:
    stream = Stream(url)
    for octet in b"\x7f\xf1\0\0" + frame(MESSAGE, HELLO) + frame(PING, b"ping") + frame(MESSAGE, b"[3,{},'"):
        stream.send(bytes((octet,)))
    answers = stream.read_to_end()
    assert answers.startswith(b"\x7f\x81\0\0")
    assert b"[2," in answers
    assert b"\x02\0\0\4ping" in answers
    assert b"[3," in answers
    stream.close()


# -- a peer that accepts little (its LENGTH in the handshake)


def small_peer(url: str, serializer: str = "json") -> RawSocket:
    """Join with a connection that takes at most 2048 octets."""
    connection = RawSocket(url, serializer, exponent=2)
    codec = CODECS[serializer]
    roles: dict[str, Any] = {"callee": {}, "subscriber": {}, "caller": {}}
    connection.send(codec.encode(Hello("realm1", {"roles": roles})))
    assert isinstance(codec.decode(connection.receive()), Welcome)
    return connection


def test_a_call_that_its_callee_cannot_take_is_an_error_for_the_caller(url: str) -> None:
    callee = small_peer(url, "cbor")
    codec = CODECS["cbor"]
    callee.send(codec.encode(Register(1, {}, "com.small")))
    assert isinstance(codec.decode(callee.receive()), Registered)
    with Client(url) as caller:
        caller.call("com.small", "x" * 3000)
        assert caller.expect(Error).error == "wamp.error.payload_size_exceeded"
        caller.call("com.small", "short")
        invocation = codec.decode(callee.receive())
        assert isinstance(invocation, Invocation)
    callee.close()


def test_a_result_that_its_caller_cannot_take_is_an_error_for_the_caller(url: str) -> None:
    with Client(url) as callee:
        callee.register("com.long")
        caller = small_peer(url)
        codec = CODECS["json"]
        caller.send(codec.encode(Call(1, {}, "com.long")))
        callee.answer(callee.expect(Invocation).request, "x" * 3000)
        answer = codec.decode(caller.receive())
        assert isinstance(answer, Error)
        assert answer.error == "wamp.error.payload_size_exceeded"
        caller.close()


def test_an_event_that_a_subscriber_cannot_take_reaches_the_others(url: str) -> None:
    small = small_peer(url)
    codec = CODECS["json"]
    small.send(codec.encode(Subscribe(1, {}, "com.t")))
    assert isinstance(codec.decode(small.receive()), Subscribed)
    with Client(url) as large, Client(url, "msgpack") as publisher:
        large.subscribe("com.t")
        publisher.publish("com.t", "x" * 3000)
        publisher.publish("com.t", "short")
        assert [large.event_args(), large.event_args()] == [["x" * 3000], ["short"]]
        assert b"short" in small.receive()
    small.close()


def test_pipelined_messages_are_answered_in_order(url: str) -> None:
    with Client(url) as client:
        publish = [client.codec.encode(Publish(number, {"acknowledge": True}, "com.t")) for number in range(1, 2001)]
        client.stream.send(b"".join(frame(MESSAGE, message) for message in publish))
        assert [client.expect(Published).request for _ in publish] == list(range(1, 2001))


@pytest.mark.parametrize("exponent", [0, 1])
def test_a_peer_that_cannot_take_a_welcome_is_refused_in_the_handshake(url: str, exponent: int) -> None:
    stream = Stream(url)
    stream.send(bytes((0x7F, exponent << 4 | 1, 0, 0)))
    assert stream.read(4) == b"\x7f\x20\0\0"
    stream.close()
