"""Messages and what may stand between their parts, with wsproto at the other end: all fragmentations, all sizes."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from wsproto.events import BytesMessage, Ping, Pong, TextMessage

from tests.rfc6455.peer import DELIVERIES, Delivery, Peer, fragments, octet_by_octet
from tests.robustness.conftest import Start
from tests.robustness.measure import MIB, MemoryWatch
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import BINARY, CONTINUATION, PING, PONG, TEXT, client_frame

LARGEST_MESSAGE = 70_000
LARGEST_FRAME = 66_000
SMALL_MESSAGE = 2000
SMALL_FRAME = 1000

UNACCEPTABLE_TYPE = 1003
TOO_BIG = 1009

ALONE = {name: deliver for name, deliver in DELIVERIES.items() if "behind" not in name}
DELIVERY = pytest.mark.parametrize("deliver", DELIVERIES.values(), ids=DELIVERIES.keys())


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    small = {"max_message_size": SMALL_MESSAGE, "max_frame_size": SMALL_FRAME}
    large = {"max_message_size": LARGEST_MESSAGE, "max_frame_size": LARGEST_FRAME}
    return start_shared(
        {"type": "echo", "endpoint": endpoint(), "options": large},
        {"type": "echo", "endpoint": endpoint(), "options": small},
        {"type": "websocket", "endpoint": endpoint(), "options": large},
        {"type": "websocket", "endpoint": endpoint(), "options": small},
    )


# -- fragments

TEXT_MESSAGE = "aé€😀z"
CUTS = [cuts for count in (1, 2, 3) for cuts in combinations(range(len(TEXT_MESSAGE) + 1), count)]


@pytest.mark.parametrize("deliver", ALONE.values(), ids=ALONE.keys())
@pytest.mark.parametrize("kind", [TextMessage, BytesMessage])
def test_every_way_to_cut_a_message_gives_the_same_message(
    router: RouterProcess, kind: type[TextMessage] | type[BytesMessage], deliver: Delivery
) -> None:
    """In up to four parts, empty ones among them, at the beginning, in the middle and at the end."""
    message: str | bytes = TEXT_MESSAGE if kind is TextMessage else bytes(range(251, 256))
    with Peer(router.urls[0], deliver=deliver) as peer:
        for cuts in CUTS:
            ends = (0, *cuts, len(message))
            peer.send(*fragments(kind, [message[start:end] for start, end in pairwise(ends)]))
            assert peer.next_message() == message


def test_a_message_of_empty_fragments_is_empty(router: RouterProcess) -> None:
    with Peer(router.urls[0]) as peer:
        peer.send(*fragments(TextMessage, [""] * 100))
        assert peer.next_message() == ""


@pytest.mark.parametrize("place", range(4))
def test_control_frames_may_stand_between_fragments(router: RouterProcess, place: int) -> None:
    """ "An endpoint MUST be capable of handling control frames in the middle of a fragmented message" (5.4)."""
    with Peer(router.urls[0]) as peer:
        events = fragments(TextMessage, ["one, ", "", "two, ", "three"])
        peer.send(*events[:place], Ping(b"are you there?"), Pong(b"nobody asked"), Ping(b""), *events[place:])
        assert peer.next_event() == Pong(b"are you there?")
        assert peer.next_event() == Pong(b"")
        assert peer.next_message() == "one, two, three"


def test_a_ping_between_fragments_is_not_kept_until_their_end(router: RouterProcess) -> None:
    with Peer(router.urls[0]) as peer:
        for number in range(20):
            peer.send(BytesMessage(data=b"part", message_finished=False), Ping(b"%d" % number))
            assert peer.next_event() == Pong(b"%d" % number)
        peer.send(BytesMessage(data=b""))
        assert peer.next_message() == b"part" * 20


def test_endless_fragments_take_no_memory(router: RouterProcess) -> None:
    """Empty fragments make no message longer, so no limit of length ends them: what they leave behind must be nothing."""
    with Peer(router.urls[0]) as peer:
        peer.send(BytesMessage(data=b"begun", message_finished=False))
        watch = MemoryWatch(router)
        many = client_frame(CONTINUATION, b"", fin=False) * 10_000
        for number in range(40):
            peer.raw(many)
            peer.send(Ping(b"%d" % number))
            assert peer.next_event() == Pong(b"%d" % number)
            watch.look()
        assert watch.growth < MIB
        peer.send(BytesMessage(data=b", ended"))
        assert peer.next_message() == b"begun, ended"


def test_a_message_in_small_fragments_takes_its_length_only(router: RouterProcess) -> None:
    """A list of little pieces would be twenty times as large as what is in them."""
    peers = [Peer(router.urls[0]) for _ in range(5)]
    watch = MemoryWatch(router)
    part = client_frame(CONTINUATION, b"ab", fin=False)
    for peer in peers:
        peer.send(BytesMessage(data=b"", message_finished=False))
        peer.raw(part * (LARGEST_MESSAGE // 2))
        peer.send(Ping())
        assert peer.next_event() == Pong(b"")
        watch.look()
    assert watch.growth < 3 * len(peers) * LARGEST_MESSAGE + MIB
    for peer in peers:
        peer.send(BytesMessage(data=b""))
        assert peer.next_message() == b"ab" * (LARGEST_MESSAGE // 2)
        peer.close()


# -- sizes

SIZES = (0, 1, 2, 124, 125, 126, 127, 128, 4095, 4096, 65534, 65535, 65536, LARGEST_FRAME - 1, LARGEST_FRAME)


@pytest.mark.parametrize(
    ("size", "deliver"),
    [
        pytest.param(size, deliver, id=f"{size} {how}")
        for size in SIZES
        for how, deliver in DELIVERIES.items()
        if size < 5000 or "octet" not in how  # a system call for each
    ],
)
def test_frames_at_each_boundary_of_length_come_back(router: RouterProcess, size: int, deliver: Delivery) -> None:
    for opcode, payload, expected in ((TEXT, b"t" * size, "t" * size), (BINARY, b"\xff" * size, b"\xff" * size)):
        with Peer(router.urls[0]) as peer:
            deliver(peer.stream, client_frame(opcode, payload))
            assert peer.next_message() == expected


LIMITS = [
    pytest.param(0, LARGEST_FRAME, LARGEST_MESSAGE, id="large"),
    pytest.param(1, SMALL_FRAME, SMALL_MESSAGE, id="small"),
]
FAST_OR_NOT = pytest.mark.parametrize("before", [b"", client_frame(PONG, b"")], ids=["fast path", "Autobahn"])


@FAST_OR_NOT
@pytest.mark.parametrize(("number", "frame", "message"), LIMITS)
def test_a_frame_may_have_the_largest_size_and_no_octet_more(
    router: RouterProcess, number: int, frame: int, message: int, before: bytes
) -> None:
    with Peer(router.urls[number]) as peer:
        peer.raw(before + client_frame(BINARY, b"x" * frame))
        assert peer.next_message() == b"x" * frame
        peer.raw(before + client_frame(BINARY, b"x" * (frame + 1)))
        assert peer.closing().code == TOO_BIG


@pytest.mark.parametrize(("number", "frame", "message"), LIMITS)
def test_the_head_of_a_frame_that_is_too_large_is_enough(
    router: RouterProcess, number: int, frame: int, message: int
) -> None:
    """Nothing of it need come, and nothing is made ready for it."""
    for before in (b"", client_frame(PONG, b"")):
        with Peer(router.urls[number]) as peer:
            peer.raw(before + client_frame(BINARY, b"x" * (frame + 1))[: -frame - 1])
            assert peer.close_frame().code == TOO_BIG


@pytest.mark.parametrize(("number", "frame", "message"), LIMITS)
def test_fragments_may_have_the_largest_size_together_and_no_octet_more(
    router: RouterProcess, number: int, frame: int, message: int
) -> None:
    first = b"x" * frame
    with Peer(router.urls[number]) as peer:
        peer.send(*fragments(BytesMessage, [first, b"y" * (message - frame)]))
        assert peer.next_message() == first + b"y" * (message - frame)
        peer.send(*fragments(BytesMessage, [first, b"y" * (message - frame), b"", b"z"]))
        assert peer.closing().code == TOO_BIG


@FAST_OR_NOT
@pytest.mark.parametrize(("number", "frame", "message"), LIMITS)
def test_a_wamp_message_may_have_the_largest_size(
    router: RouterProcess, number: int, frame: int, message: int, before: bytes
) -> None:
    with Peer(router.urls[2 + number], "wamp.2.json") as peer:
        peer.send(TextMessage(data='[1,"realm1",{"roles":{"publisher":{}}}]'))
        assert str(peer.next_message()).startswith("[2,")
        publish = '[16,1,{"acknowledge":true},"com.t",["%s"]]'
        text = publish % ("x" * (frame - len(publish) + 2))
        peer.raw(before + client_frame(TEXT, text.encode()))
        assert str(peer.next_message()).startswith("[17,1,")
        peer.raw(before + client_frame(TEXT, text.encode() + b" "))
        assert peer.closing().code == TOO_BIG


# -- text or binary

SUBPROTOCOLS = {
    "wamp.2.json": TEXT,
    "wamp.2.json.batched": TEXT,
    "wamp.2.msgpack": BINARY,
    "wamp.2.msgpack.batched": BINARY,
    "wamp.2.cbor": BINARY,
    "wamp.2.cbor.batched": BINARY,
}


@DELIVERY
@pytest.mark.parametrize(("subprotocol", "right"), SUBPROTOCOLS.items())
def test_the_subprotocol_says_whether_messages_are_text_or_binary(
    router: RouterProcess, subprotocol: str, right: int, deliver: Delivery
) -> None:
    """1003 is for "a type of data it cannot accept" (7.4.1)."""
    wrong = BINARY if right == TEXT else TEXT
    for fin in (True, False):
        with Peer(router.urls[2], subprotocol) as peer:
            deliver(
                peer.stream, client_frame(wrong, b"[]", fin=fin) + (b"" if fin else client_frame(CONTINUATION, b""))
            )
            assert peer.closing().code == UNACCEPTABLE_TYPE


def test_an_echo_keeps_text_and_binary_apart(router: RouterProcess) -> None:
    with Peer(router.urls[0]) as peer:
        peer.send(TextMessage(data="text"), BytesMessage(data=b"bytes"), TextMessage(data=""), BytesMessage(data=b""))
        assert [peer.next_message() for _ in range(4)] == ["text", b"bytes", "", b""]


@pytest.mark.parametrize("size", [0, 1, 124, 125])
def test_a_pong_has_the_payload_of_its_ping_however_it_came(router: RouterProcess, size: int) -> None:
    payload = bytes(range(size))
    with Peer(router.urls[0]) as peer:
        peer.send(Ping(payload))
        octet_by_octet(peer.stream, client_frame(PING, payload))
        peer.raw(client_frame(BINARY, b"m") + client_frame(PING, payload) + client_frame(BINARY, b"n"))
        assert peer.next_event() == Pong(payload)
        assert peer.next_event() == Pong(payload)
        assert peer.next_message() == b"m"
        assert peer.next_event() == Pong(payload)
        assert peer.next_message() == b"n"


def test_pongs_that_nobody_asked_for_are_ignored(router: RouterProcess) -> None:
    """ "A response to an unsolicited Pong frame is not expected" (5.5.3)."""
    with Peer(router.urls[0]) as peer:
        peer.send(*[Pong(b"x" * size) for size in range(126)], TextMessage(data="still here"))
        assert peer.next_message() == "still here"
