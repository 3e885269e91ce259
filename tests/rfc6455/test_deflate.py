"""permessage-deflate (RFC 7692), spoken with zlib by hand, and by wsproto."""

from __future__ import annotations

import json
import os
import zlib
from base64 import b85encode
from collections.abc import Iterator
from copy import copy
from itertools import product
from random import Random
from typing import Any

import pytest
from wsproto.events import BytesMessage, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate

from tests.rfc6455.peer import DELIVERIES, Delivery, Peer, fragments
from tests.robustness.conftest import Start
from tests.robustness.measure import KIB, MIB, MemoryWatch, peak_bytes
from tests.support.process import REALM, RouterProcess, endpoint
from tests.support.raw import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Client,
    Closed,
    Frame,
    RefusedHandshake,
    WebSocket,
    client_frame,
)
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import Event, Hello, Message, Publish, Subscribe, Subscribed, Welcome

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

    def __init__(self, url: str, offer: str = "permessage-deflate", *subprotocols: str, **options: Any) -> None:
        self.websocket = WebSocket(url, *subprotocols, extensions=offer, **options)
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
        peer.send(b'[32,1,{},"com.%s"]' % (b"x" * 1000) + end, TEXT)
        assert peer.receive().startswith(b"[33,1,")
        peer.send(b'[48,2,{},"com.%s"]' % (b"x" * 1000) + end, TEXT)
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


def bomb(peer: Deflating, size: int) -> bytes:
    """Return a message of so many octets, compressed as the next one of a connection."""
    data = peer.deflate(b'[16,1,{},"com.t",["' + b"x" * (size - 22) + b'"]]')
    assert len(data) < size // 100
    return data


WAYS: dict[str, tuple[str, str]] = {
    "with context takeover": ("permessage-deflate", "wamp.2.json"),
    "without context takeover": ("permessage-deflate; client_no_context_takeover", "wamp.2.json"),
    "in batches": ("permessage-deflate", "wamp.2.json.batched"),
}


@pytest.mark.parametrize("fragments", [1, 50])
@pytest.mark.parametrize(("offer", "subprotocol"), WAYS.values(), ids=WAYS.keys())
def test_no_way_leads_a_bomb_past_the_limit(
    router: RouterProcess, offer: str, subprotocol: str, fragments: int
) -> None:
    """Not behind messages that fill the context, and not in fragments, each of which is within the limit."""
    peer = Deflating(router.urls[1], offer, subprotocol)
    end = b"\x1e" if subprotocol.endswith("batched") else b""
    peer.send(HELLO + end, TEXT)
    assert peer.receive().startswith(b"[2,")
    for _ in range(3):
        peer.send(b'[16,1,{"acknowledge":true},"com.t",["%s"]]' % (b"x" * 900_000) + end, TEXT)
        assert peer.receive().startswith(b"[17,1,")
    before = peak_bytes(router)
    data = bomb(peer, 60 * MIB)
    step = len(data) // fragments + 1
    for at in range(0, len(data), step):
        opcode, rsv = (CONTINUATION, 0) if at else (TEXT, RSV1)
        try:
            peer.websocket.send_frame(opcode, data[at : at + step], fin=at + step >= len(data), rsv=rsv)
        except Closed:
            break  # it need not take the rest
    # A router that closes while the client goes on sending may take the reason along.
    assert peer.websocket.closing().code in (1009, 1006 if fragments > 1 else 1009)
    assert peak_bytes(router) - before < 16 * MIB
    peer.websocket.close()


def test_a_message_may_grow_up_to_the_limit(router: RouterProcess) -> None:
    """To the octet; by one more it is too big."""
    for size, is_taken in ((MIB, True), (MIB + 1, False)):
        peer = Deflating(router.urls[1], "permessage-deflate", "wamp.2.json")
        peer.send(HELLO, TEXT)
        peer.receive()
        head = b'[16,1,{"acknowledge":true},"com.t",["'
        peer.send(head + b"x" * (size - len(head) - 3) + b'"]]', TEXT)
        if is_taken:
            assert peer.receive().startswith(b"[17,1,")
        else:
            assert peer.websocket.closing().code == 1009
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


# -- with wsproto as the other end

TEXT_OF_MANY_WORDS = " ".join(f"word {number % 97} of {number}" for number in range(200))
WINDOWS = (9, 12, 15)
AGREEMENTS = [
    PerMessageDeflate(
        client_no_context_takeover=ours,
        server_no_context_takeover=theirs,
        client_max_window_bits=our_window,
        server_max_window_bits=their_window,
    )
    for ours, theirs, our_window, their_window in product((False, True), (False, True), WINDOWS, WINDOWS)
]
PLAIN_DELIVERIES = {name: deliver for name, deliver in DELIVERIES.items() if "behind" not in name}


@pytest.mark.parametrize("extension", AGREEMENTS, ids=repr)
def test_a_conversation_in_every_agreement(router: RouterProcess, extension: PerMessageDeflate) -> None:
    """With and without context takeover in each direction, and with windows small and large."""
    with Peer(router.urls[0], extensions=[copy(extension)]) as peer:
        for number in range(5):
            for message in (f"{number} {TEXT_OF_MANY_WORDS}", "", "short", "é€😀" * 300):
                peer.send(TextMessage(data=message))
                assert peer.next_message() == message
            binary = bytes(range(256)) * number
            peer.send(BytesMessage(data=binary), TextMessage(data="behind"))
            assert peer.next_message() == binary
            assert peer.next_message() == "behind"


def octets_for(peer: Peer, message: str) -> int:
    """Return how much the router sends for an echo."""
    before = peer.octets_in
    peer.send(TextMessage(data=message))
    assert peer.next_message() == message
    return peer.octets_in - before


def test_what_the_router_sends_refers_to_what_it_has_sent_only_if_that_is_agreed(router: RouterProcess) -> None:
    with Peer(router.urls[0], extensions=[PerMessageDeflate()]) as peer:
        first, second = (octets_for(peer, TEXT_OF_MANY_WORDS) for _ in range(2))
        assert second < first / 5
    with Peer(router.urls[0], extensions=[PerMessageDeflate(server_no_context_takeover=True)]) as peer:
        first, second = (octets_for(peer, TEXT_OF_MANY_WORDS) for _ in range(2))
        assert second == first < len(TEXT_OF_MANY_WORDS) / 2


@pytest.mark.parametrize("deliver", PLAIN_DELIVERIES.values(), ids=PLAIN_DELIVERIES.keys())
def test_compressed_fragments_with_pings_between(router: RouterProcess, deliver: Delivery) -> None:
    for kind, message in ((TextMessage, "é€😀 " * 100), (BytesMessage, bytes(range(256)))):
        for size in (1, 50, 10_000):
            parts = [message[at : at + size] for at in range(0, len(message), size)]
            with Peer(router.urls[0], extensions=[PerMessageDeflate()], deliver=deliver) as peer:
                events = fragments(kind, [message[:0], *parts, message[:0]])
                peer.send(*events[:2], Ping(b"between"), *events[2:])
                assert peer.next_event() == Pong(b"between")
                assert peer.next_message() == message


@pytest.mark.parametrize("serializer", ["json", "msgpack", "cbor"])
def test_wamp_with_compressed_fragments(router: RouterProcess, serializer: str) -> None:
    codec = CODECS[serializer]
    with Peer(router.urls[1], f"wamp.2.{serializer}", extensions=[PerMessageDeflate()]) as peer:

        def send(message: Message) -> None:
            data = codec.encode(message)
            half = len(data) // 2
            kind: Any = BytesMessage if codec.serializer.binary else TextMessage
            parts = (
                [data[:half], data[half:]] if codec.serializer.binary else [data[:half].decode(), data[half:].decode()]
            )
            peer.send(*fragments(kind, parts))

        def receive() -> Message:
            data = peer.next_message()
            return codec.decode(data.encode() if isinstance(data, str) else data)

        send(Hello("realm1", {"roles": {"publisher": {}, "subscriber": {}}}))
        assert isinstance(receive(), Welcome)
        send(Subscribe(1, {}, "com.t"))
        assert isinstance(receive(), Subscribed)
        for number in range(2, 12):
            payload = codec.serializer.pack([TEXT_OF_MANY_WORDS])
            send(Publish(number, {"exclude_me": False}, "com.t", payload))
            event = receive()
            assert isinstance(event, Event)
            assert codec.serializer.unpack(event.args) == [TEXT_OF_MANY_WORDS]


@pytest.mark.parametrize("size", [LARGEST - 1, LARGEST])
def test_a_compressed_message_may_have_the_largest_size(router: RouterProcess, size: int) -> None:
    with Peer(router.urls[0], extensions=[PerMessageDeflate()]) as peer:
        peer.send(BytesMessage(data=bytes(size)))
        assert peer.next_message() == bytes(size)
        peer.send(*fragments(BytesMessage, [bytes(size // 2), bytes(size - size // 2)]))
        assert peer.next_message() == bytes(size)


@pytest.mark.parametrize("parts", [1, 2, 50])
def test_a_compressed_message_may_not_have_an_octet_more(router: RouterProcess, parts: int) -> None:
    """However it is cut: the limit is for the message, after decompression."""
    size = (LARGEST + 1) // parts + 1
    with Peer(router.urls[0], extensions=[PerMessageDeflate()]) as peer:
        peer.send(*fragments(BytesMessage, [bytes(size)] * parts))
        assert peer.closing().code == 1009


def noise(seed: int) -> str:
    """Return characters that compress only if they have been there before."""
    return b85encode(Random(seed).randbytes(3000)).decode()


def test_a_slow_subscriber_that_loses_events_can_still_read_the_others(start: Start) -> None:
    """An event that is dropped must not be what later ones refer to: the peer has never seen it."""
    realm = {**REALM, "options": {"slow_subscriber": "drop"}}
    options = {"max_message_size": 64 * KIB, "high_water": 64 * KIB, "outbound_queue_limit": 128 * KIB}
    router = start({"type": "websocket", "endpoint": endpoint(), "options": options}, realms=[realm])
    slow = Deflating(router.urls[0], "permessage-deflate", "wamp.2.json", receive_buffer=4096)
    slow.send(b'[1,"realm1",{"roles":{"subscriber":{}}}]', TEXT)
    assert slow.receive().startswith(b"[2,")
    slow.send(b'[32,1,{},"com.t"]', TEXT)
    assert slow.receive().startswith(b"[33,")
    with Client(router.urls[0]) as publisher:
        total = 2000
        for number in range(total):
            # Half of it cannot be compressed, and stands in the next event again.
            publisher.publish("com.t", number, noise(number), noise(number + 1))
        publisher.publish_acknowledged("com.none")
        seen = []
        last = total
        while not seen or seen[-1] < total:
            if len(seen) % 20 == 0:
                publisher.publish(
                    "com.t", last, noise(last), noise(last + 1)
                )  # once there is room again, one of these arrives
                last += 1
            number, *texts = json.loads(slow.receive())[4]
            assert texts == [noise(number), noise(number + 1)]
            seen.append(number)
        assert seen == sorted(seen)
        assert len(seen) < total, "nothing was dropped, and nothing is shown"
    slow.websocket.close()
