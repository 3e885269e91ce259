"""What RFC 6455 says about frames, over real sockets: the right close code, that connection only, and nothing lost.

Where the RFC says "fail the connection" it leaves the code open ("SHOULD send a Close frame with an appropriate status
code", section 7.1.7); section 7.4.1 says which code is for what, and that is what is expected here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from tests.rfc6455.peer import DELIVERIES, Delivery, Peer
from tests.robustness.conftest import Start
from tests.robustness.measure import KIB, MIB, MemoryWatch
from tests.support.process import RouterProcess, endpoint
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
    Stream,
    WebSocket,
    client_frame,
    handshake_request,
)
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import Abort, Call, Error, Hello, Published, Welcome

LARGEST = 128 * KIB
# In the middle of a frame of ours there is no way to answer a close frame: the router need not wait long for it.
OPTIONS = {"max_message_size": LARGEST, "close_handshake_timeout": 100}

PROTOCOL_ERROR = 1002
UNACCEPTABLE_TYPE = 1003
INVALID_PAYLOAD = 1007
TOO_BIG = 1009

HELLO = b'[1,"realm1",{"roles":{"caller":{},"publisher":{}}}]'


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    return start_shared(
        {"type": "websocket", "endpoint": endpoint(), "options": OPTIONS},
        {"type": "echo", "endpoint": endpoint(), "options": OPTIONS},
    )


@pytest.fixture(scope="module")
def _bystander(router: RouterProcess) -> Iterator[Client]:
    with Client(router.urls[0]) as client:
        yield client


@pytest.fixture(autouse=True)
def _nobody_else_notices(_bystander: Client) -> Iterator[None]:
    """Whatever a test does to its connection, another one goes on."""
    yield
    _bystander.publish_acknowledged("com.still.here")


@pytest.fixture
def wamp(router: RouterProcess) -> Iterator[Client]:
    with Client(router.urls[0]) as client:
        yield client


@pytest.fixture
def echo(router: RouterProcess) -> Iterator[WebSocket]:
    websocket = WebSocket(router.urls[1])
    yield websocket
    websocket.close()


# -- frames that break the rules

START = client_frame(TEXT, b"[1,", fin=False)
VIOLATIONS: dict[str, tuple[bytes, int]] = {
    # "a server MUST close the connection upon receiving a frame that is not masked … MAY send … 1002" (5.1)
    "no mask": (client_frame(TEXT, b"[]", mask=None), PROTOCOL_ERROR),
    "no mask, 16-bit length": (client_frame(TEXT, b"x" * 200, mask=None), PROTOCOL_ERROR),
    # "MUST be 0 unless an extension is negotiated … MUST _Fail the WebSocket Connection_" (5.2)
    "RSV1": (client_frame(TEXT, b"[]", rsv=4), PROTOCOL_ERROR),
    "RSV2": (client_frame(TEXT, b"[]", rsv=2), PROTOCOL_ERROR),
    "RSV3": (client_frame(TEXT, b"[]", rsv=1), PROTOCOL_ERROR),
    # "If an unknown opcode is received, the receiving endpoint MUST _Fail_" (5.2)
    **{f"opcode {code:x}": (client_frame(code, b""), PROTOCOL_ERROR) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    # "the minimal number of bytes MUST be used to encode the length" (5.2)
    "5 as 16-bit length": (struct.pack("!BBH4s", 0x81, 0x80 | 126, 5, b"\0\0\0\0") + b"[1,2]", PROTOCOL_ERROR),
    "200 as 64-bit length": (struct.pack("!BBQ4s", 0x81, 0x80 | 127, 200, b"\0\0\0\0") + b" " * 200, PROTOCOL_ERROR),
    # "the most significant bit MUST be 0" (5.2)
    "length of 2^63": (struct.pack("!BBQ4s", 0x81, 0x80 | 127, 1 << 63, b"\0\0\0\0"), PROTOCOL_ERROR),
    # "Control frames … MUST have a payload length of 125 bytes or less and MUST NOT be fragmented" (5.5)
    "a long ping": (client_frame(PING, b"x" * 126), PROTOCOL_ERROR),
    "half a ping": (client_frame(PING, b"x", fin=False), PROTOCOL_ERROR),
    "half a close": (client_frame(CLOSE, b"", fin=False), PROTOCOL_ERROR),
    # "The fragments of one message MUST NOT be interleaved between the fragments of another" (5.4)
    "a continuation of nothing": (client_frame(CONTINUATION, b"x"), PROTOCOL_ERROR),
    "a last continuation of nothing": (client_frame(CONTINUATION, b"x", fin=False), PROTOCOL_ERROR),
    "a message inside another": (START + client_frame(TEXT, b"[]"), PROTOCOL_ERROR),
    "a binary message inside a text": (START + client_frame(BINARY, b"[]", fin=False), PROTOCOL_ERROR),
    # 1007: "data within a message that was not consistent with the type of the message" (7.4.1, 8.1)
    "text that is not UTF-8": (client_frame(TEXT, b'["\xff"]'), INVALID_PAYLOAD),
    "text with an overlong form": (client_frame(TEXT, b"\xc0\xaf"), INVALID_PAYLOAD),
    "text with a surrogate": (client_frame(TEXT, b"\xed\xa0\x80"), INVALID_PAYLOAD),
    "text beyond U+10FFFF": (client_frame(TEXT, b"\xf4\x90\x80\x80"), INVALID_PAYLOAD),
    "text that ends inside a character": (client_frame(TEXT, b'["\xe2\x82'), INVALID_PAYLOAD),
    "fragments that are not UTF-8": (
        client_frame(TEXT, b'["\xe2', fin=False) + client_frame(CONTINUATION, b'\x28\xa1"]'),
        INVALID_PAYLOAD,
    ),
    # "the first two bytes of the body MUST be a 2-byte unsigned integer" (5.5.1)
    "a close of one octet": (client_frame(CLOSE, b"\x03"), PROTOCOL_ERROR),
    # "Following the 2-byte integer, the body MAY contain UTF-8-encoded data" (5.5.1)
    "a close with a reason that is not UTF-8": (client_frame(CLOSE, b"\x03\xe8\xff"), INVALID_PAYLOAD),
    # Codes that "MUST NOT be set as a status code in a Close control frame", or are not defined (7.4)
    **{
        f"close code {code}": (client_frame(CLOSE, code.to_bytes(2)), PROTOCOL_ERROR)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)
    },
    # 1009: "a message that is too big for it to process" (7.4.1)
    "a message that is too large": (client_frame(TEXT, b"x" * (LARGEST + 1)), TOO_BIG),
    "the head of a message of 1 GiB": (struct.pack("!BBQ4s", 0x81, 0x80 | 127, 1 << 30, b"\0\0\0\0"), TOO_BIG),
    "fragments that are too large together": (
        client_frame(TEXT, b" " * 100_000, fin=False) + client_frame(CONTINUATION, b" " * 100_000),
        TOO_BIG,
    ),
}
LONGEST_BY_OCTETS = 2000  # octets; a system call for each

HOW = [
    pytest.param(data, code, deliver, id=f"{name}, {how}")
    for name, (data, code) in VIOLATIONS.items()
    for how, deliver in DELIVERIES.items()
    if len(data) < LONGEST_BY_OCTETS or "octet" not in how
]


@pytest.mark.parametrize("service", ["wamp.2.json", "echo"])
@pytest.mark.parametrize(("data", "code", "deliver"), HOW)
def test_a_frame_that_breaks_the_rules_closes_its_connection(
    router: RouterProcess, service: str, data: bytes, code: int, deliver: Delivery
) -> None:
    """However it arrives, and whoever parses it: with the code that says what was wrong, and nothing behind it."""
    peer = Peer(router.urls[0], service) if service != "echo" else Peer(router.urls[1])
    deliver(peer.stream, data)
    assert peer.closing().code == code
    peer.close()


@pytest.mark.parametrize(("data", "code"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_the_same_behind_a_good_frame_in_one_segment(wamp: Client, data: bytes, code: int) -> None:
    """The good frame is handled first."""
    message = wamp.codec.encode(Call(7, {}, "com.nowhere"))
    wamp.stream.send(client_frame(TEXT, message) + data)
    assert wamp.expect(Error).request == 7
    assert wamp.closing().code == code
    assert wamp.stream.read_to_end() == b"", "data after the close frame"


def test_binary_messages_on_a_text_subprotocol_are_refused(wamp: Client) -> None:
    """1003 is for "a type of data it cannot accept" (7.4.1, MAY); 1002 is what Autobahn's routers have always sent."""
    wamp.connection.send_frame(BINARY, wamp.codec.encode(Call(7, {}, "com.nowhere")))
    assert wamp.closing().code in (PROTOCOL_ERROR, UNACCEPTABLE_TYPE)


def test_text_messages_on_a_binary_subprotocol_are_refused(router: RouterProcess) -> None:
    with Client(router.urls[0], "msgpack") as client:
        client.stream.send(client_frame(TEXT, b'[48,1,{},"com.nowhere"]'))
        assert client.closing().code in (PROTOCOL_ERROR, UNACCEPTABLE_TYPE)


@pytest.mark.parametrize("serializer", ["json", "msgpack", "cbor"])
def test_a_message_that_is_none_is_answered_with_abort(router: RouterProcess, serializer: str) -> None:
    """The WebSocket is fine, the WAMP is not: ABORT says why, then the connection closes."""
    with Client(router.urls[0], serializer) as client:
        client.connection.send(b'[48,"')
        assert client.expect(Abort).reason == "wamp.error.protocol_violation"
        assert client.closing().code == PROTOCOL_ERROR


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 3000, 4999])
def test_a_close_frame_is_answered_and_the_connection_ends(wamp: Client, code: int) -> None:
    """ "When sending a Close frame in response, the endpoint typically echos the status code" (5.5.1)."""
    wamp.stream.send(client_frame(CLOSE, code.to_bytes(2) + "bye ✓".encode()))
    assert wamp.closing().code in (code, 1000)
    assert wamp.stream.read_to_end() == b""


def test_an_empty_close_frame_is_answered(wamp: Client) -> None:
    wamp.stream.send(client_frame(CLOSE, b""))
    assert wamp.closing().code in (1000, 1005)


def test_what_was_asked_before_a_close_frame_is_answered_before_its_reply(wamp: Client) -> None:
    """ "The application MUST NOT send any more data frames after sending a Close frame" (5.5.1)."""
    call = client_frame(TEXT, wamp.codec.encode(Call(7, {}, "com.nowhere")))
    wamp.stream.send(call + client_frame(CLOSE, b"\x03\xe8"))
    assert wamp.expect(Error).request == 7
    assert wamp.closing().code == 1000
    assert wamp.stream.read_to_end() == b"", "data after the close frame"


def test_frames_behind_a_close_frame_are_ignored(wamp: Client) -> None:
    wamp.stream.send(client_frame(CLOSE, b"\x03\xe8") + client_frame(TEXT, b"garbage") * 3)
    assert wamp.closing().code == 1000


# -- frames that keep them

SIZES = (0, 1, 125, 126, 127, 4095, 4096, 4097, 65535, 65536, 65537, LARGEST)


@pytest.mark.parametrize("size", SIZES)
def test_messages_of_every_length_form_come_back(echo: WebSocket, size: int) -> None:
    for opcode, payload in ((BINARY, bytes(range(256)) * (size // 256 + 1)), (TEXT, "é✓𝄞a".encode() * size)):
        payload = payload[:size] if opcode == BINARY else payload.decode()[: size // 4].encode()
        echo.send_frame(opcode, payload)
        assert echo.receive_frame() == Frame(opcode, payload)


@pytest.mark.parametrize("size", [size for size in SIZES if size > 100])
def test_wamp_messages_of_every_length_form_are_routed(wamp: Client, size: int) -> None:
    frame = b'[16,9,{"acknowledge":true},"com.t",["%s"]]'
    wamp.connection.send(frame % (b"x" * (size - len(frame) + 2)))
    assert wamp.expect(Published).request == 9


def test_fragments_are_joined(echo: WebSocket) -> None:
    echo.send_frame(TEXT, b"one, ", fin=False)
    echo.send_frame(CONTINUATION, b"", fin=False)
    echo.send_frame(CONTINUATION, b"two, \xe2\x82", fin=False)
    echo.send_frame(CONTINUATION, b"\xac")
    assert echo.receive() == "one, two, €".encode()


def test_a_ping_between_fragments_is_answered_at_once(echo: WebSocket) -> None:
    """ "Control frames MAY be injected in the middle of a fragmented message" (5.4)."""
    echo.send_frame(BINARY, b"one, ", fin=False)
    echo.send_frame(PING, b"are you there?")
    assert echo.receive_frame() == Frame(PONG, b"are you there?")
    echo.send_frame(PONG, b"nobody asked")
    echo.send_frame(CONTINUATION, b"two")
    assert echo.receive_frame() == Frame(BINARY, b"one, two")


@pytest.mark.parametrize("size", [0, 1, 124, 125])
def test_a_pong_has_the_payload_of_its_ping(wamp: Client, size: int) -> None:
    wamp.connection.send_frame(PING, b"p" * size)
    websocket = wamp.connection
    assert isinstance(websocket, WebSocket)
    assert websocket.receive_frame() == Frame(PONG, b"p" * size)


def test_a_message_in_fragments_of_one_octet(wamp: Client) -> None:
    message = b'[16,9,{"acknowledge":true},"com.t",["\xc3\xa9"]]'
    first, *rest = (message[at : at + 1] for at in range(len(message)))
    frames = [client_frame(TEXT, first, fin=False), *(client_frame(CONTINUATION, octet, fin=False) for octet in rest)]
    wamp.stream.send(b"".join(frames) + client_frame(CONTINUATION, b""))
    assert wamp.expect(Published).request == 9


def test_fast_and_slow_frames_in_one_segment_keep_their_order(wamp: Client) -> None:
    """Whole, fragmented, long and control frames mixed: whoever parses them, the answers come in order."""
    frames = []
    for request in range(2, 200, 2):
        whole = wamp.codec.encode(Call(request, {}, "com.nowhere"))
        split = wamp.codec.encode(Call(request + 1, {}, "com.nowhere"))
        frames += [
            client_frame(TEXT, whole),
            client_frame(TEXT, split[:5], fin=False),
            client_frame(PONG, b""),
            client_frame(CONTINUATION, split[5:]),
        ]
    wamp.stream.send(b"".join(frames))
    assert [wamp.expect(Error).request for _ in range(2, 200)] == list(range(2, 200))


def cuts(length: int) -> Iterator[int]:
    """Return where to cut a frame: everywhere, but inside a long payload only here and there."""
    for at in range(1, length):
        if at < 20 or at > length - 5 or at % 4099 == 0:
            yield at


@pytest.mark.parametrize("size", [2, 125, 126, 65535, 65536])
def test_a_frame_cut_anywhere_is_put_together(echo: WebSocket, size: int) -> None:
    """The part before the cut comes in one read with a whole frame, whose answer proves it was read; the rest later."""
    whole = client_frame(BINARY, b"whole")
    frame = client_frame(BINARY, b"y" * size)
    for at in cuts(len(frame)):
        echo.stream.send(whole + frame[:at])
        assert echo.receive() == b"whole"
        echo.stream.send(frame[at:] + whole)
        assert echo.receive() == b"y" * size
        assert echo.receive() == b"whole"


@pytest.mark.parametrize("size", [0, 200, 65480, 65500])
def test_a_wamp_message_cut_anywhere_is_put_together(wamp: Client, size: int) -> None:
    message = b'[16,9,{"acknowledge":true},"com.t",["%s"]]' % (b"x" * size)
    frame = client_frame(TEXT, message)
    whole = client_frame(TEXT, b'[16,8,{"acknowledge":true},"com.t"]')
    for at in cuts(len(frame)):
        wamp.stream.send(whole + frame[:at])
        assert wamp.expect(Published).request == 8
        wamp.stream.send(frame[at:] + whole)
        assert [wamp.expect(Published).request for _ in range(2)] == [9, 8]


def test_octet_by_octet(router: RouterProcess) -> None:
    """Handshake, HELLO, a call, a ping and the close frame, each octet sent by itself."""
    stream = Stream(router.urls[0])
    hello = client_frame(TEXT, HELLO)
    call = client_frame(TEXT, b'[48,1,{},"com.nowhere"]')
    for octet in handshake_request(router.urls[0], "wamp.2.json"):
        stream.send(bytes((octet,)))
    assert b" 101 " in stream.read_until(b"\r\n\r\n")
    for octet in hello + call + client_frame(PING, b"ping") + client_frame(CLOSE, b"\x03\xe8"):
        stream.send(bytes((octet,)))
    answers = stream.read_to_end()
    assert b"[2," in answers
    assert b"[8,48,1," in answers
    assert b"\x8a\x04ping" in answers
    assert b"\x88\x02\x03\xe8" in answers
    stream.close()


# -- the opening handshake

REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n"
UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: wamp.2.json\r\n"
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
REQUESTS: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "no key": (REQUEST.format(UPGRADE + "Sec-WebSocket-Version: 13").encode(), (400,)),
    # "the server MUST … send an appropriate HTTP error code (such as 426) and a Sec-WebSocket-Version header" (4.2.2)
    "another version": (REQUEST.format(UPGRADE + KEY + "Sec-WebSocket-Version: 99").encode(), (400, 426)),
    "no upgrade": (REQUEST.format("Accept: */*").encode(), (400, 426)),
    "POST": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", (400, 405)),
    "not HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) + b"\r\n\r\n", (400,)),
    "nothing": (b"\r\n\r\n", (400,)),
    "bytes beyond ASCII": ("GÉT / HTTP/1.1\r\nHöst: a\r\n\r\n".encode("latin-1"), (400, 405)),
}


@pytest.mark.parametrize(("request_", "statuses"), REQUESTS.values(), ids=REQUESTS.keys())
def test_a_request_that_is_no_handshake_is_refused(
    router: RouterProcess, request_: bytes, statuses: tuple[int, ...]
) -> None:
    stream = Stream(router.urls[0])
    stream.send(request_)
    answer = stream.read_to_end()
    stream.close()
    assert int(answer.split()[1]) in statuses
    assert b"Traceback" not in answer


@pytest.mark.parametrize("offered", [(), ("wamp.1.json",), ("wamp.2.flatbuffers", "chat")])
def test_who_offers_no_subprotocol_of_ours_is_refused(router: RouterProcess, offered: tuple[str, ...]) -> None:
    with pytest.raises(RefusedHandshake) as refused:
        WebSocket(router.urls[0], *offered)
    assert refused.value.status == 400


def test_the_order_of_the_client_decides_about_the_subprotocol(router: RouterProcess) -> None:
    websocket = WebSocket(router.urls[0], "wamp.2.unknown", "wamp.2.cbor", "wamp.2.json")
    assert websocket.subprotocol == "wamp.2.cbor"
    websocket.close()


def send_again_and_again(stream: Stream, data: bytes, watch: MemoryWatch) -> None:
    for _ in range(2000):  # 120 MB
        stream.send(data)
        watch.look()


def test_a_request_header_without_end_is_cut_off(router: RouterProcess) -> None:
    """Before the handshake nobody is known, so nobody may fill the router's memory."""
    stream = Stream(router.urls[0])
    watch = MemoryWatch(router)
    stream.send(b"GET / HTTP/1.1\r\n")
    line = b"X-Padding: " + b"x" * 60_000 + b"\r\n"
    with pytest.raises(Closed):
        send_again_and_again(stream, line, watch)
    stream.close()
    assert watch.growth < 8 * MIB


def test_messages_sent_together_with_the_handshake_are_not_lost(router: RouterProcess) -> None:
    """A client should wait for the answer. One that does not is understood all the same."""
    stream = Stream(router.urls[0])
    stream.send(handshake_request(router.urls[0], "wamp.2.json") + client_frame(TEXT, HELLO))
    assert b" 101 " in stream.read_until(b"\r\n\r\n")
    first, length = stream.read(2)
    assert first == 0x81
    length = struct.unpack("!H", stream.read(2))[0] if length == 126 else length
    assert isinstance(CODECS["json"].decode(stream.read(length)), Welcome)
    stream.close()


# -- batched subprotocols (advanced profile, "Batched WebSocket Transport")


@pytest.mark.parametrize("separator", [b"\x1e", b"\x18"], ids=["the specification's 1E", "Autobahn's 18"])
def test_batched_json_is_answered_with_the_separator_that_the_client_uses(
    router: RouterProcess, separator: bytes
) -> None:
    websocket = WebSocket(router.urls[0], "wamp.2.json.batched", "wamp.2.json")
    assert websocket.subprotocol == "wamp.2.json.batched"
    calls = [b'[48,%d,{},"com.nowhere"]' % request for request in (1, 2, 3)]
    websocket.send(separator.join([HELLO, *calls]) + separator)
    answers: list[bytes] = []
    while len(answers) < 4:
        batch = websocket.receive()
        assert batch.endswith(separator)
        answers += batch[:-1].split(separator)
    assert [answer[:3] for answer in answers] == [b"[2,", b"[8,", b"[8,", b"[8,"]
    websocket.close()


@pytest.mark.parametrize("serializer", ["msgpack", "cbor"])
def test_batched_binary_messages_have_lengths(router: RouterProcess, serializer: str) -> None:
    codec = CODECS[serializer]
    websocket = WebSocket(router.urls[0], f"wamp.2.{serializer}.batched")
    messages = [codec.encode(Hello("realm1", {"roles": {"caller": {}}}))]
    messages += [codec.encode(Call(request, {}, "com.nowhere")) for request in (1, 2)]
    websocket.send(b"".join(struct.pack("!I", len(message)) + message for message in messages))
    answers = b""
    kinds: list[type] = []
    while len(kinds) < 3:
        answers += websocket.receive()
        while answers:
            (length,) = struct.unpack_from("!I", answers)
            kinds.append(type(codec.decode(answers[4 : 4 + length])))
            answers = answers[4 + length :]
    assert kinds == [Welcome, Error, Error]
    websocket.close()


@pytest.mark.parametrize(
    ("subprotocol", "batch"),
    [
        ("wamp.2.json.batched", HELLO),
        ("wamp.2.json.batched", b""),
        ("wamp.2.json.batched", b"\x1e"),
        ("wamp.2.msgpack.batched", b"\x00\x00\x00\x05\x93"),
        ("wamp.2.msgpack.batched", b"\x00\x00"),
        ("wamp.2.cbor.batched", b"\xff\xff\xff\xff\x80"),
    ],
)
def test_a_batch_that_is_cut_short_closes_the_connection(router: RouterProcess, subprotocol: str, batch: bytes) -> None:
    websocket = WebSocket(router.urls[0], subprotocol)
    websocket.send(batch)
    assert websocket.closing().code == PROTOCOL_ERROR
    websocket.close()


def test_websocket_over_a_unix_socket(start: Start) -> None:
    """For a proxy on the same machine."""
    router = start({"type": "websocket", "endpoint": {"type": "unix", "path": "router.sock"}})
    with Client(router.url("ws+unix")) as client:
        client.publish_acknowledged("com.t")
        client.stream.send(client_frame(TEXT, b"\xff"))
        assert client.closing().code == INVALID_PAYLOAD
