"""How a WebSocket ends: close codes, what comes behind a close frame, and who goes on sending (RFC 6455, section 7)."""

from __future__ import annotations

import pytest
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.extensions import PerMessageDeflate

from tests.rfc6455.peer import DELIVERIES, Delivery, Peer
from tests.robustness.conftest import Start
from tests.robustness.measure import KIB, MIB, MemoryWatch, eventually, open_sockets
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import BINARY, CLOSE, CONTINUATION, PONG, TEXT, Closed, client_frame

NORMAL = 1000
PROTOCOL_ERROR = 1002
INVALID_PAYLOAD = 1007

HELLO = TextMessage(data='[1,"realm1",{"roles":{"caller":{}}}]')
ALLOWED = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
FORBIDDEN = (0, 1, 125, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 32768, 65535)
DELIVERY = pytest.mark.parametrize("deliver", DELIVERIES.values(), ids=DELIVERIES.keys())


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    return start_shared({"type": "websocket", "endpoint": endpoint()}, {"type": "echo", "endpoint": endpoint()})


@pytest.fixture(params=["wamp", "echo"])
def peer(router: RouterProcess, request: pytest.FixtureRequest) -> Peer:
    return Peer(router.urls[0], "wamp.2.json") if request.param == "wamp" else Peer(router.urls[1])


# -- codes and reasons


@DELIVERY
@pytest.mark.parametrize("reason", ["", "bye", "✓" * 41])
def test_allowed_codes_are_answered_with_a_close_frame(peer: Peer, reason: str, deliver: Delivery) -> None:
    """ "the endpoint typically echos the status code it received" (5.5.1), 1000 where it does not."""
    code = ALLOWED[len(reason) % len(ALLOWED)]
    deliver(peer.stream, client_frame(CLOSE, code.to_bytes(2) + reason.encode()))
    assert peer.closing().code in (code, NORMAL)


@pytest.mark.parametrize("code", ALLOWED)
def test_each_allowed_code(peer: Peer, code: int) -> None:
    peer.send(CloseConnection(code))
    assert peer.closing().code in (code, NORMAL)


@DELIVERY
@pytest.mark.parametrize("code", FORBIDDEN)
def test_forbidden_codes_are_a_protocol_error(peer: Peer, code: int, deliver: Delivery) -> None:
    """ "MUST NOT be set as a status code in a Close control frame" (7.4.1), and ranges that are nobody's (7.4.2)."""
    deliver(peer.stream, client_frame(CLOSE, code.to_bytes(2) + b"reason"))
    assert peer.closing().code == PROTOCOL_ERROR


@DELIVERY
def test_a_close_frame_without_code_is_answered(peer: Peer, deliver: Delivery) -> None:
    deliver(peer.stream, client_frame(CLOSE, b""))
    assert peer.closing().code in (NORMAL, 1005)


@DELIVERY
def test_half_a_code_is_a_protocol_error(peer: Peer, deliver: Delivery) -> None:
    deliver(peer.stream, client_frame(CLOSE, b"\x03"))
    assert peer.closing().code == PROTOCOL_ERROR


@DELIVERY
@pytest.mark.parametrize("reason", [b"\xff", b"\xc3", b"bye \xed\xa0\x80", b"\xf0\x9f\x98"])
def test_a_reason_that_is_not_utf_8_is_an_invalid_payload(peer: Peer, reason: bytes, deliver: Delivery) -> None:
    deliver(peer.stream, client_frame(CLOSE, b"\x03\xe8" + reason))
    assert peer.closing().code == INVALID_PAYLOAD


# -- around the close frame


def test_a_close_frame_between_fragments_ends_it(peer: Peer) -> None:
    peer.send(TextMessage(data="begun", message_finished=False), CloseConnection(1000))
    assert peer.closing().code == NORMAL


BEHIND = {
    "a message": client_frame(TEXT, b'[48,1,{},"com.nowhere"]'),
    "pings": client_frame(0x9, b"ping") * 3,
    "another close frame": client_frame(CLOSE, b"\x03\xe9"),
    "a protocol error": client_frame(0x3, b""),
    "half a frame": b"\x81",
    "text that is not UTF-8": client_frame(TEXT, b"\xff"),
}


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND.keys())
@pytest.mark.parametrize("before", [b"", client_frame(PONG, b"")], ids=["alone", "behind a pong"])
def test_what_comes_behind_a_close_frame_is_not_answered(peer: Peer, before: bytes, behind: bytes) -> None:
    """ "an endpoint … MUST discard any further data received" (5.5.1, 1.4)."""
    peer.raw(before + client_frame(CLOSE, b"\x03\xe8") + behind)
    assert peer.closing().code == NORMAL  # which looks for data behind the answer


def test_the_router_answers_what_came_before_the_close_frame(router: RouterProcess) -> None:
    with Peer(router.urls[0], "wamp.2.json") as peer:
        peer.send(HELLO, TextMessage(data='[48,1,{},"com.nowhere"]'), CloseConnection(1000))
        assert str(peer.next_message()).startswith("[2,")
        assert str(peer.next_message()).startswith("[8,48,1,")
        assert peer.closing().code == NORMAL


def test_no_message_is_handled_behind_what_broke_the_rules(router: RouterProcess) -> None:
    """Neither in the same read nor in a later one."""
    with Peer(router.urls[0], "wamp.2.json") as subscriber, Peer(router.urls[0], "wamp.2.json") as publisher:
        for peer in (subscriber, publisher):
            peer.send(TextMessage(data='[1,"realm1",{"roles":{"publisher":{},"subscriber":{}}}]'))
            peer.next_message()
        subscriber.send(TextMessage(data='[32,1,{},"com.t"]'))
        subscriber.next_message()
        publish = client_frame(TEXT, b'[16,1,{},"com.t"]')
        publisher.raw(client_frame(0x3, b"") + publish)
        publisher.raw(publish)
        publisher.raw(client_frame(TEXT, b"[16,1,", fin=False) + client_frame(CONTINUATION, b'{},"com.t"]'))
        assert publisher.closing().code == PROTOCOL_ERROR
        subscriber.send(Ping(b"nothing before this"))
        assert getattr(subscriber.next_event(), "payload", None) == b"nothing before this"


# -- who does not answer, but goes on sending

FATAL = {
    "a reserved opcode": client_frame(0x3, b""),
    "text that is not UTF-8": client_frame(TEXT, b"\xff"),
    "too large a message": client_frame(BINARY, b"x" * (2 * MIB))[:100],
    "data that is not deflate": client_frame(BINARY, b"\xff" * 30, rsv=4),
    "data that is not deflate, with more to come": client_frame(BINARY, b"\xff" * 30, rsv=4)[:-5],
    "a bomb": client_frame(BINARY, b"\xec\xc1\x01\x01\x00\x00\x00\x80\x90\xfe\xaf\xee\x08\x0a" + b"\x00" * 4000, rsv=4),
}


@pytest.mark.parametrize("fatal", FATAL.values(), ids=FATAL.keys())
def test_who_goes_on_sending_after_a_fatal_frame_fills_no_memory(router: RouterProcess, fatal: bytes) -> None:
    """The router waits for an answer to its close frame, a second at most, and keeps nothing of what comes instead."""
    with Peer(router.urls[1], extensions=[PerMessageDeflate()]) as peer:
        listening = open_sockets(router) - 1
        watch = MemoryWatch(router)
        peer.raw(fatal)
        try:
            for _ in range(2000):
                peer.raw(b"\x82\xfe\xff\xff0000" + b"0" * 65535)
                watch.look()
        except Closed:
            pass  # it has been cut off, and before it could send all that
        assert watch.growth < 4 * MIB
        peer.close()
        eventually(lambda: open_sockets(router) <= listening, "the connection is gone")


def test_a_peer_that_breaks_off_leaves_nothing_behind(router: RouterProcess) -> None:
    """In the middle of anything: handshake, frame, fragments, closing."""
    listening = None
    begun = [b"", b"\x81", client_frame(TEXT, b"[1", fin=False), client_frame(BINARY, b"x" * 300 * KIB)[:-1]]
    for data in begun:
        for end in ("reset", "close"):
            if listening is None:
                listening = open_sockets(router)
            peer = Peer(router.urls[1])
            peer.send(BytesMessage(data=b"hello"))
            assert peer.next_message() == b"hello"
            peer.raw(data)
            getattr(peer.stream, end)()
    eventually(lambda: open_sockets(router) <= listening, "all are gone")
