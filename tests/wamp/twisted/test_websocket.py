"""WebSocket links: the handshake, frames in every cut, closing. The server is played by hand."""

import base64
import hashlib
import os
import struct

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs

from tests.wamp.twisted.hosts import RecordingHost
from wamp.exception import SerializationError, TransportLost
from wamp.frames import masked_frames
from wamp.protocol import messages as m
from wamp.protocol.codec import CODECS
from wamp.protocol.subprotocols import SUBPROTOCOLS
from wamp.twisted.websocket import WebSocketFactory

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class AbortableTransport(StringTransport):
    """Knows an abort from a close."""

    was_aborted = False

    def abortConnection(self):
        self.was_aborted = True
        super().abortConnection()

    def unregisterProducer(self):
        """Real transports do not mind if there is none."""


def connect(subprotocol="wamp.2.json", offered=None):
    """Return host, connection and transport of a link whose handshake is done."""
    host = RecordingHost()
    factory = WebSocketFactory(host, "ws://localhost/ws", offered or [subprotocol], reactor=Clock())
    connection = factory.buildProtocol(None)
    transport = AbortableTransport()
    connection.makeConnection(transport)
    request = transport.value()
    transport.clear()
    key = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key.split(b": ")[1].strip() + GUID).digest())
    protocol = f"Sec-WebSocket-Protocol: {subprotocol}\r\n".encode() if subprotocol else b""
    connection.dataReceived(
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n" + protocol + b"\r\n"
    )
    return host, connection, transport


def frame(payload, first=0x81):
    """Return a server's frame: not masked."""
    if len(payload) < 126:
        return struct.pack("!BB", first, len(payload)) + payload
    if len(payload) < 65536:
        return struct.pack("!BBH", first, 126, len(payload)) + payload
    return struct.pack("!BBQ", first, 127, len(payload)) + payload


def unmasked(data):
    """Return the first octets and payloads of a client's frames."""
    found = []
    while data:
        first, length = data[0], data[1] & 0x7F
        assert data[1] & 0x80, "a client masks its frames"
        at = 2
        if length == 126:
            (length,) = struct.unpack_from("!H", data, at)
            at += 2
        elif length == 127:
            (length,) = struct.unpack_from("!Q", data, at)
            at += 8
        mask, body = data[at : at + 4], data[at + 4 : at + 4 + length]
        found.append((first, bytes(octet ^ mask[place % 4] for place, octet in enumerate(body))))
        data = data[at + 4 + length :]
    return found


def event(text, codec=CODECS["json"]):
    return m.Event(6, 9, {}, codec.serializer.pack([text]))


@pytest.mark.parametrize("subprotocol", SUBPROTOCOLS)
def test_the_router_chooses_the_subprotocol(subprotocol):
    host, _, transport = connect(subprotocol, list(SUBPROTOCOLS))
    codec, _ = SUBPROTOCOLS[subprotocol]
    link = host.link
    assert link.codec is codec
    assert link.details.websocket_protocol == subprotocol
    assert link.is_open()
    link.send(m.Goodbye({}, "wamp.close.normal"))
    first, _ = unmasked(transport.value())[0]
    assert first == (0x82 if codec.serializer.binary else 0x81)


def test_a_router_that_chooses_no_subprotocol_is_left():
    with capturedLogs():
        host, connection, transport = connect("", ["wamp.2.json"])
        connection.connectionLost(_done())
    assert transport.was_aborted
    assert host.link is None
    assert "none of the subprotocols wamp.2.json" in host.reasons[0]


@pytest.mark.parametrize("length", [0, 1, 3, 4, 125, 126, 127, 65535, 65536, 70000])
def test_a_frame_is_masked_as_the_rfc_says(length):
    """RFC 6455, sections 5.2 and 5.3."""
    payload = os.urandom(length)
    assert unmasked(masked_frames(0x82, [payload], iter([b"\x01\x80\xff\x00"]))) == [(0x82, payload)]


def test_every_frame_has_a_mask_of_its_own():
    host, _, transport = connect()
    for _ in range(3000):
        host.link.write_messages([b""])
    frames = transport.value()
    masks = {frames[at : at + 4] for at in range(2, len(frames), 6)}
    assert len(masks) > 2990


def test_messages_arrive_in_order():
    host, connection, _ = connect()
    sent = [event(text) for text in ("a", "ä" * 100, "b" * 1000, "c" * 70000, "d")]
    connection.dataReceived(b"".join(frame(CODECS["json"].encode(each)) for each in sent))
    assert host.session.messages == sent


@pytest.mark.parametrize("subprotocol", ["wamp.2.json", "wamp.2.msgpack"])
def test_frames_may_be_cut_anywhere(subprotocol):
    """Byte by byte, with a ping and a long frame in between."""
    host, connection, transport = connect(subprotocol)
    codec, _ = SUBPROTOCOLS[subprotocol]
    first = 0x82 if codec.serializer.binary else 0x81
    sent = [event(text, codec) for text in ("a", "b" * 130, "c")]
    frames = [frame(codec.encode(each), first) for each in sent]
    stream = frames[0] + frame(b"ping", 0x89) + frames[1] + frames[2]
    for at in range(len(stream)):
        connection.dataReceived(stream[at : at + 1])
    assert host.session.messages == sent
    assert unmasked(transport.value()) == [(0x8A, b"ping")]


@pytest.mark.parametrize("cut", range(1, 150, 7))
def test_frames_may_be_cut_into_two_reads(cut):
    host, connection, _ = connect()
    sent = [event("a"), event("b" * 130), event("c")]
    stream = b"".join(frame(CODECS["json"].encode(each)) for each in sent)
    connection.dataReceived(stream[:cut])
    connection.dataReceived(stream[cut:])
    assert host.session.messages == sent


def test_a_message_may_come_in_fragments():
    """Autobahn puts them together; what follows takes the short way again."""
    host, connection, _ = connect()
    data = CODECS["json"].encode(event("a"))
    connection.dataReceived(frame(data[:5], 0x01) + frame(data[5:], 0x80) + frame(data))
    assert host.session.messages == [event("a"), event("a")]


def test_a_batch_holds_several_messages():
    host, connection, _ = connect("wamp.2.json.batched")
    data = CODECS["json"].encode(event("a")) + b"\x1e"
    connection.dataReceived(frame(data * 3))
    assert host.session.messages == [event("a")] * 3


def test_a_message_that_cannot_be_read_is_a_violation():
    host, connection, transport = connect()
    connection.dataReceived(frame(b"not json"))
    assert "malformed" in str(host.session.violation)
    assert unmasked(transport.value())[0][0] == 0x88
    assert not host.link.is_open()


def test_a_batch_that_cannot_be_split_is_a_violation():
    host, connection, _ = connect("wamp.2.msgpack.batched")
    connection.dataReceived(frame(b"\0\0\0\x05abc", 0x82))
    assert "inside a message" in str(host.session.violation)


def test_a_message_of_the_other_type_is_a_violation():
    host, connection, _ = connect("wamp.2.msgpack")
    connection.dataReceived(frame(b"[]", 0x81))
    assert "expected binary" in str(host.session.violation)


def test_nothing_is_delivered_after_closing():
    """Also not from the same read; Autobahn reads on for the server's answer."""
    host, connection, transport = connect()
    host.session.on_message = lambda message: host.link.close()
    data = frame(CODECS["json"].encode(event("a")))
    connection.dataReceived(data + data + data[:5])
    assert len(host.session.messages) == 1
    connection.dataReceived(data[5:] + frame(struct.pack("!H", 1000), 0x88))
    assert len(host.session.messages) == 1
    assert [first for first, _ in unmasked(transport.value())] == [0x88]


def test_nothing_follows_the_close_frame():
    """Also where the server closes, and what was sent waits to be written."""
    host, connection, transport = connect()
    host.session.on_message = lambda message: host.link.send(event("b"))
    connection.dataReceived(frame(CODECS["json"].encode(event("a"))) + frame(struct.pack("!H", 1000), 0x88))
    assert [first for first, _ in unmasked(transport.value())] == [0x81, 0x88]


def test_sending_on_a_closed_link_raises():
    host, _, _ = connect()
    host.link.close()
    host.link.close()
    with pytest.raises(TransportLost):
        host.link.send(event("a"))


def test_a_message_that_cannot_be_written_raises():
    host, _, _ = connect("wamp.2.msgpack")
    with pytest.raises(SerializationError):
        host.link.send(m.Goodbye({"x": object()}, "wamp.close.normal"))
    assert host.link.is_open()


def test_a_closing_handshake_is_a_clean_end():
    host, connection, _ = connect()
    connection.dataReceived(frame(struct.pack("!H", 1000), 0x88))
    connection.connectionLost(_done())
    assert host.session.was_clean is True
    assert len(host.reasons) == 1


def test_a_connection_that_breaks_is_not_a_clean_end():
    host, connection, _ = connect()
    connection.connectionLost(_lost())
    assert host.session.was_clean is False
    assert "closed uncleanly" in host.reasons[0]


def test_an_aborted_link_is_dropped():
    host, _, transport = connect()
    with capturedLogs():
        host.link.abort()
    assert transport.was_aborted


def test_a_session_that_cannot_be_made_closes_the_link():
    host = RecordingHost
    try:
        host.makes_sessions = False
        recording, _, transport = connect()
    finally:
        host.makes_sessions = True
    assert recording.session is None
    assert unmasked(transport.value())[0][0] == 0x88


def _done():
    from twisted.internet.error import ConnectionDone
    from twisted.python.failure import Failure

    return Failure(ConnectionDone())


def _lost():
    from twisted.internet.error import ConnectionLost
    from twisted.python.failure import Failure

    return Failure(ConnectionLost())
