"""permessage-deflate (RFC 7692), spoken with zlib by hand."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import KIB, MIB, MemoryWatch, peak_bytes
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Client,
    Frame,
    RefusedHandshake,
    WebSocket,
    client_frame,
)

LARGEST = MIB
OPTIONS = {"max_message_size": LARGEST}
RSV1 = 4
TAIL = b"\x00\x00\xff\xff"
HELLO = b'[1,"realm1",{"roles":{"caller":{},"publisher":{}}}]'


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    return start_shared(
        {"type": "echo", "endpoint": endpoint(), "options": OPTIONS},
        {"type": "websocket", "endpoint": endpoint(), "options": OPTIONS},
        {"type": "echo", "endpoint": endpoint(), "options": {**OPTIONS, "compression": None}},
    )


@pytest.fixture(autouse=True)
def _others_go_on(router: RouterProcess) -> Iterator[None]:
    yield
    with Client(router.urls[1]) as client:
        client.publish_acknowledged("com.t")


class Deflating:
    """A WebSocket with permessage-deflate, as the handshake has agreed."""

    def __init__(self, url: str, offer: str = "permessage-deflate", *subprotocols: str) -> None:
        self.websocket = WebSocket(url, *subprotocols, extensions=offer)
        extension, *parameters = (
            part.strip() for part in self.websocket.headers["sec-websocket-extensions"].split(";")
        )
        assert extension == "permessage-deflate"
        self.agreed = dict((parameter.partition("=")[::2]) for parameter in parameters)
        self._their_window = int(self.agreed.get("server_max_window_bits") or 15)
        self._our_window = int(self.agreed.get("client_max_window_bits") or 15)
        self._reset()

    def _reset(self) -> None:
        self._deflater = zlib.compressobj(wbits=-self._our_window)
        self._inflater = zlib.decompressobj(wbits=-self._their_window)

    def deflate(self, payload: bytes) -> bytes:
        if "client_no_context_takeover" in self.agreed:
            self._deflater = zlib.compressobj(wbits=-self._our_window)
        data = self._deflater.compress(payload) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        return data.removesuffix(TAIL)

    def send(self, payload: bytes, opcode: int = BINARY) -> None:
        self.websocket.send_frame(opcode, self.deflate(payload), rsv=RSV1)

    def receive(self) -> bytes:
        frame = self.websocket.receive_frame()
        assert frame.fin
        if not frame.rsv:
            return frame.payload
        assert frame.rsv == RSV1
        if "server_no_context_takeover" in self.agreed:
            self._inflater = zlib.decompressobj(wbits=-self._their_window)
        return self._inflater.decompress(frame.payload + TAIL)


OFFERS = (
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; client_max_window_bits=10",
    "permessage-deflate; server_max_window_bits=9",
    "permessage-deflate; server_max_window_bits=15; client_max_window_bits=15",
    "permessage-deflate; server_no_context_takeover",
    "permessage-deflate; client_no_context_takeover; server_no_context_takeover; client_max_window_bits",
    "permessage-deflate; server_max_window_bits=10; server_no_context_takeover, permessage-deflate",
    "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits",
)


@pytest.mark.parametrize("offer", OFFERS)
def test_compressed_messages_come_back(router: RouterProcess, offer: str) -> None:
    """Short and long, compressible or not, again and again: the context goes on where that is agreed."""
    peer = Deflating(router.urls[0], offer)
    for payload in (b"", b"a", b"abc" * 50, b"x" * 100_000, os.urandom(100_000), b"abc" * 50, b"y" * LARGEST):
        for _ in range(3):
            peer.send(payload)
            assert peer.receive() == payload
    peer.websocket.close()


@pytest.mark.parametrize("offer", OFFERS)
def test_the_answer_to_an_offer_is_one_that_the_offer_allows(router: RouterProcess, offer: str) -> None:
    """RFC 7692, section 7.1: no window larger than was asked for, and none for the client that does not offer it."""
    peer = Deflating(router.urls[0], offer)
    first = next(part for part in offer.split(",") if "permessage-deflate" in part)
    asked = dict(part.strip().partition("=")[::2] for part in first.split(";")[1:])
    if "server_no_context_takeover" in asked:
        assert "server_no_context_takeover" in peer.agreed
    if asked.get("server_max_window_bits"):
        assert int(peer.agreed["server_max_window_bits"]) <= int(asked["server_max_window_bits"])
    if "client_max_window_bits" not in asked:
        assert "client_max_window_bits" not in peer.agreed
    peer.websocket.close()


@pytest.mark.parametrize(
    "offer",
    [
        "permessage-deflate; server_max_window_bits=99",
        "permessage-deflate; unknown=1",
        "permessage-deflate; server_no_context_takeover=1",
        "x-unknown",
        ";;;",
    ],
)
def test_an_offer_that_makes_no_sense_is_declined_or_refused(router: RouterProcess, offer: str) -> None:
    """ "a server MUST decline an extension negotiation offer" with bad parameters (7.1); Autobahn refuses the handshake."""
    try:
        websocket = WebSocket(router.urls[0], extensions=offer)
    except RefusedHandshake as refusal:
        assert refusal.status == 400  # noqa: PT017  # both outcomes are right
        return
    assert "sec-websocket-extensions" not in websocket.headers
    websocket.send_frame(BINARY, b"plain")
    assert websocket.receive() == b"plain"
    websocket.close()


def test_compression_that_is_switched_off_is_declined(router: RouterProcess) -> None:
    websocket = WebSocket(router.urls[2], extensions="permessage-deflate")
    assert "sec-websocket-extensions" not in websocket.headers
    websocket.close()


def test_a_compressed_message_in_fragments_with_a_ping_between(router: RouterProcess) -> None:
    """RSV1 is on the first fragment only (RFC 7692, section 6.1)."""
    peer = Deflating(router.urls[0])
    payload = os.urandom(2000)
    data = peer.deflate(payload)
    peer.websocket.send_frame(BINARY, data[:100], fin=False, rsv=RSV1)
    peer.websocket.send_frame(PING, b"ping")
    assert peer.websocket.receive_frame() == Frame(PONG, b"ping")
    peer.websocket.send_frame(CONTINUATION, data[100:1000], fin=False)
    peer.websocket.send_frame(CONTINUATION, data[1000:])
    assert peer.receive() == payload
    peer.websocket.close()


def test_compressed_and_plain_messages_take_turns(router: RouterProcess) -> None:
    """ "An endpoint MAY compress or not compress" each message (section 6)."""
    peer = Deflating(router.urls[0])
    for number in range(20):
        payload = b"number %d " % number * (10 * number + 1)
        peer.send(payload)
        peer.websocket.send_frame(BINARY, payload)
        assert [peer.receive(), peer.receive()] == [payload, payload]
    peer.websocket.close()


def test_a_compressed_frame_cut_anywhere_is_put_together(router: RouterProcess) -> None:
    peer = Deflating(router.urls[0])
    payload = os.urandom(150)
    whole = client_frame(BINARY, b"whole")
    length = len(client_frame(BINARY, peer.deflate(payload)))
    peer.websocket.close()
    peer = Deflating(router.urls[0], "permessage-deflate; client_no_context_takeover")
    for at in range(1, length):
        frame = client_frame(BINARY, peer.deflate(payload), rsv=RSV1)
        peer.websocket.stream.send(whole + frame[:at])
        assert peer.receive() == b"whole"
        peer.websocket.stream.send(frame[at:] + whole)
        assert [peer.receive(), peer.receive()] == [payload, b"whole"]
    peer.websocket.close()


@pytest.mark.parametrize("subprotocol", ["wamp.2.json", "wamp.2.json.batched"])
def test_wamp_over_a_compressed_connection(router: RouterProcess, subprotocol: str) -> None:
    """Answers that are long enough are compressed; the batched form is understood compressed, too."""
    peer = Deflating(router.urls[1], "permessage-deflate", subprotocol)
    end = b"\x1e" if subprotocol.endswith("batched") else b""
    peer.send(HELLO + end, TEXT)
    assert peer.receive().startswith(b"[2,")
    for _ in range(3):
        peer.send(b'[32,1,{},"com.%s"]' % (b"x" * 3000) + end, TEXT)
        assert peer.receive().startswith(b"[33,1,")
        peer.send(b'[48,2,{},"com.%s"]' % (b"x" * 3000) + end, TEXT)
        answer = peer.receive()
        assert answer.startswith(b"[8,48,2,")
        assert b"xxx" in answer
    peer.websocket.close()


def test_events_reach_compressed_and_plain_subscribers_alike(router: RouterProcess) -> None:
    peer = Deflating(router.urls[1], "permessage-deflate", "wamp.2.json")
    peer.send(HELLO, TEXT)
    peer.receive()
    peer.send(b'[32,1,{},"com.t"]', TEXT)
    peer.receive()
    with Client(router.urls[1]) as plain, Client(router.urls[1], "cbor") as publisher:
        plain.subscribe("com.t")
        for _ in range(5):
            publisher.publish("com.t", "x" * 1000)
            event = peer.receive()
            assert b"x" * 1000 in event
            assert plain.event_args() == ["x" * 1000]
    peer.websocket.close()


def test_a_decompression_bomb_is_refused(router: RouterProcess) -> None:
    """The limit holds for the message, not for what is sent: a kilobyte must not become a gigabyte. 1009: too big."""
    peer = Deflating(router.urls[1], "permessage-deflate", "wamp.2.json")
    before = peak_bytes(router)
    deflater = zlib.compressobj(9, wbits=-15)
    bomb = b"".join(deflater.compress(bytes(MIB)) for _ in range(300)) + deflater.flush(zlib.Z_SYNC_FLUSH)
    assert len(bomb) < LARGEST
    peer.websocket.send_frame(TEXT, bomb.removesuffix(TAIL), rsv=RSV1)
    assert peer.websocket.closing().code == 1009
    assert peak_bytes(router) - before < 16 * MIB
    peer.websocket.close()


BROKEN: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "data that is not deflate": (client_frame(BINARY, b"\xff" * 300, rsv=RSV1), (1002, 1007)),
    "a reference before the beginning": (client_frame(BINARY, b"\x02\x00\x00\x00", rsv=RSV1), (1000, 1002, 1007)),
    "RSV1 on a continuation": (
        client_frame(BINARY, b"\xaa\xae\x04\x00", fin=False, rsv=RSV1) + client_frame(CONTINUATION, b"", rsv=RSV1),
        (1002,),
    ),
    "RSV1 on a ping": (client_frame(PING, b"", rsv=RSV1), (1002,)),
    "RSV2": (client_frame(BINARY, b"", rsv=2), (1002,)),
    "text that is not UTF-8": (client_frame(TEXT, b"\x8a\xff\x07\x00", rsv=RSV1), (1002, 1007)),
}


@pytest.mark.parametrize(("data", "codes"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_compression_closes_that_connection(router: RouterProcess, data: bytes, codes: tuple[int, ...]) -> None:
    """RFC 7692 says "fail the connection" and no code; 1002 and 1007 both describe it."""
    peer = Deflating(router.urls[1], "permessage-deflate", "wamp.2.msgpack")
    peer.websocket.stream.send(data + client_frame(CLOSE, b"\x03\xe8"))
    assert peer.websocket.closing().code in codes
    peer.websocket.close()


def test_many_compressed_connections_are_bounded_in_memory(router: RouterProcess) -> None:
    """About 50 KiB for a connection that both compresses and decompresses (docs of `compression.deflate`)."""
    peers = []
    watch = MemoryWatch(router)
    for _ in range(50):
        peer = Deflating(router.urls[1], "permessage-deflate; client_max_window_bits", "wamp.2.json")
        peer.send(HELLO, TEXT)
        peer.receive()
        peers.append(peer)
    watch.look()
    assert watch.growth < 50 * 120 * KIB + 4 * MIB
    for peer in peers:
        peer.websocket.close()
