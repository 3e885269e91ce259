"""Text that is not UTF-8 ends its connection on the octet where it turns bad (RFC 6455, section 8.1), and on no earlier one.

"On the octet" means: the close frame comes while the rest of the frame, or of the message, is still missing.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import pytest
from wsproto.extensions import PerMessageDeflate

from tests.rfc6455.peer import Peer, octet_by_octet
from tests.robustness.conftest import Start
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import CONTINUATION, PING, PONG, TEXT, Stream, client_frame

INVALID_PAYLOAD = 1007

# The beginning of a character, an octet that cannot come next, and one or more that can.
TURNS: dict[str, tuple[bytes, bytes, bytes]] = {
    "no lead octet": (b"", b"\xff", b"a"),
    "a continuation octet alone": (b"", b"\x80", b"a"),
    "C0, only in overlong forms": (b"", b"\xc0", b"a"),
    "C1, only in overlong forms": (b"", b"\xc1", b"a"),
    "F5, beyond U+10FFFF": (b"", b"\xf5", b"a"),
    "second octet of two": (b"\xc3", b"\x28", b"\xa9"),
    "second octet of two, another lead": (b"\xc3", b"\xc3", b"\xa9"),
    "second octet of three": (b"\xe2", b"\x28", b"\x82\xac"),
    "third octet of three": (b"\xe2\x82", b"\x28", b"\xac"),
    "overlong form of three": (b"\xe0", b"\x9f", b"\xa0\x80"),
    "surrogate": (b"\xed", b"\xa0", b"\x9f\xbf"),
    "second octet of four": (b"\xf0", b"\x28", b"\x9f\x98\x80"),
    "overlong form of four": (b"\xf0", b"\x8f", b"\x90\x80\x80"),
    "beyond U+10FFFF": (b"\xf4", b"\x90", b"\x8f\xbf\xbf"),
    "third octet of four": (b"\xf0\x9f", b"\x28", b"\x98\x80"),
    "fourth octet of four": (b"\xf0\x9f\x98", b"\x28", b"\x80"),
}
TURN = pytest.mark.parametrize(("beginning", "bad", "good"), TURNS.values(), ids=TURNS.keys())

# What an echo or a WAMP session sends before; more than that of a frame is Autobahn's.
TEXTS = {"short": b'["', "with other characters": '["κόσμε '.encode(), "long": b'["' + b"x" * 5000}


def frame_beginning(payload: bytes, *, opcode: int = TEXT, fin: bool = True, missing: int = 1000) -> bytes:
    """Return the beginning of a frame, of which ``missing`` octets are still to come."""
    frame = client_frame(opcode, payload + b" " * missing, fin=fin)
    return frame[:-missing] if missing else frame


def in_a_frame(text: bytes) -> bytes:
    return frame_beginning(text)


def in_a_frame_for_autobahn(text: bytes) -> bytes:
    return client_frame(PONG, b"") + frame_beginning(text)


def in_a_frame_of_64_bits(text: bytes) -> bytes:
    return frame_beginning(text, missing=70_000)


def in_a_first_fragment(text: bytes) -> bytes:
    return frame_beginning(text, fin=False)


def in_a_whole_fragment(text: bytes) -> bytes:
    return frame_beginning(text, fin=False, missing=0)


def in_a_continuation(text: bytes) -> bytes:
    return client_frame(TEXT, b"begun, ", fin=False) + frame_beginning(text, opcode=CONTINUATION, fin=False)


def across_fragments(text: bytes) -> bytes:
    """Each octet in a fragment, and a ping between them."""
    first, *rest = (text[at : at + 1] for at in range(len(text)))
    frames = [client_frame(TEXT, first, fin=False)]
    for octet in rest:
        frames += [client_frame(PING, b""), client_frame(CONTINUATION, octet, fin=False)]
    return b"".join(frames)


PLACES = [
    in_a_frame,
    in_a_frame_for_autobahn,
    in_a_frame_of_64_bits,
    in_a_first_fragment,
    in_a_whole_fragment,
    in_a_continuation,
    across_fragments,
]
PLACE = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    return start_shared({"type": "websocket", "endpoint": endpoint()}, {"type": "echo", "endpoint": endpoint()})


def whole(stream: Stream, data: bytes) -> None:
    stream.send(data)


@TURN
@PLACE
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_text_ends_its_connection_where_it_turns_bad(
    router: RouterProcess, text: bytes, place: Callable[[bytes], bytes], beginning: bytes, bad: bytes, good: bytes
) -> None:
    with Peer(router.urls[1]) as peer:
        peer.raw(place(text + beginning + bad))
        assert peer.close_frame().code == INVALID_PAYLOAD


@TURN
@PLACE
def test_also_octet_by_octet_and_where_wamp_is_spoken(
    router: RouterProcess, place: Callable[[bytes], bytes], beginning: bytes, bad: bytes, good: bytes
) -> None:
    for url, subprotocols in ((router.urls[0], ["wamp.2.json"]), (router.urls[1], [])):
        with Peer(url, *subprotocols) as peer:
            octet_by_octet(peer.stream, place(b'["' + beginning + bad))
            assert peer.close_frame().code == INVALID_PAYLOAD


@TURN
@pytest.mark.parametrize("deliver", [whole, octet_by_octet])
@pytest.mark.parametrize("before", [b"", client_frame(PONG, b"")], ids=["fast path", "Autobahn"])
def test_not_before_it_turns_bad(
    router: RouterProcess,
    before: bytes,
    deliver: Callable[[Stream, bytes], None],
    beginning: bytes,
    bad: bytes,
    good: bytes,
) -> None:
    """Cut inside a character, between two reads: an answer in between proves that the first part was read by itself."""
    text = b"it is " + beginning + good
    frame = client_frame(TEXT, text)
    missing = len(good)
    with Peer(router.urls[1]) as peer:
        peer.raw(client_frame(TEXT, b"hello") + before + frame[:-missing])
        assert peer.next_message() == "hello"
        deliver(peer.stream, frame[-missing:])
        assert peer.next_message() == text.decode()


@TURN
def test_a_compressed_text_ends_its_connection_where_it_turns_bad(
    router: RouterProcess, beginning: bytes, bad: bytes, good: bytes
) -> None:
    """What can be decompressed of a message is looked at, whether its end is there or not."""
    deflater = zlib.compressobj(wbits=-15)
    data = deflater.compress(b'["' + beginning + bad) + deflater.flush(zlib.Z_SYNC_FLUSH)
    with Peer(router.urls[1], extensions=[PerMessageDeflate()]) as peer:
        frame = client_frame(TEXT, data + b" " * 1000, rsv=4, mask=b"\0\0\0\0")
        peer.raw(frame[:-1000])
        assert peer.close_frame().code == INVALID_PAYLOAD


@pytest.mark.parametrize("beginning", sorted({beginning for beginning, _, _ in TURNS.values() if beginning}))
def test_a_text_that_ends_inside_a_character_is_bad(router: RouterProcess, beginning: bytes) -> None:
    with Peer(router.urls[1]) as peer:
        peer.raw(client_frame(TEXT, b"x" + beginning))
        assert peer.close_frame().code == INVALID_PAYLOAD
    with Peer(router.urls[1]) as peer:
        peer.raw(client_frame(TEXT, b"x" + beginning, fin=False) + client_frame(CONTINUATION, b""))
        assert peer.close_frame().code == INVALID_PAYLOAD


def test_binary_messages_may_be_anything(router: RouterProcess) -> None:
    with Peer(router.urls[1]) as peer:
        for bad in (b"\xff\xfe", b"\xed\xa0\x80", bytes(range(256))):
            peer.raw(struct.pack("!BB4x", 0x82, 0x80 | len(bad)) + bad if len(bad) < 126 else client_frame(2, bad))
            assert peer.next_message() == bad


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_characters_may_be_cut_by_fragments(router: RouterProcess, size: int) -> None:
    text = "aé€😀\U0010ffff\ud7ff\ue000￿"
    data = text.encode()
    first, *rest = (data[at : at + size] for at in range(0, len(data), size))
    with Peer(router.urls[1]) as peer:
        frames = [client_frame(TEXT, first, fin=False)]
        frames += [client_frame(CONTINUATION, part, fin=False) for part in rest]
        peer.raw(b"".join(frames) + client_frame(CONTINUATION, b""))
        assert peer.next_message() == text
