"""RawSocket links: handshake, frames, ping, closing, against bytes and a clock of the test's."""

import pytest
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs
from twisted.python.failure import Failure

from tests.wamp.twisted.hosts import RecordingHost
from wamp.exception import PayloadExceededError, TransportLost
from wamp.protocol import messages as m
from wamp.protocol.codec import CODECS
from wamp.protocol.rawsocket import FrameType, frame
from wamp.twisted.rawsocket import RawSocketFactory

EVENT = m.Event(6, 9, {})
DATA = frame(CODECS["json"].encode(EVENT))
PING = frame(b"", FrameType.PING)


class Connection:
    """A link with its host, transport and clock, before the handshake."""

    def __init__(self, serializer="json"):
        self.host = RecordingHost()
        self.clock = Clock()
        self.protocol = RawSocketFactory(self.host, serializer, self.clock).buildProtocol(None)
        self.transport = StringTransport()
        self.protocol.makeConnection(self.transport)

    def shake(self, reply=b"\x7f\xf1\0\0"):
        self.transport.clear()
        self.protocol.dataReceived(reply)
        return self

    def lose(self, reason):
        self.protocol.connectionLost(Failure(reason))


@pytest.fixture
def connection():
    return Connection().shake()


@pytest.mark.parametrize(("serializer", "octet"), [("json", 0xF1), ("msgpack", 0xF2), ("cbor", 0xF3)])
def test_the_handshake_asks_for_the_serializer(serializer, octet):
    connection = Connection(serializer)
    assert connection.transport.value() == bytes((0x7F, octet, 0, 0))
    connection.shake(bytes((0x7F, octet, 0, 0)))
    assert connection.host.link.codec is CODECS[serializer]
    assert connection.host.link.details.channel_framing == 3


def test_the_first_message_may_come_with_the_handshake():
    assert Connection().shake(b"\x7f\xf1\0\0" + DATA).host.session.messages == [EVENT]


def test_handshake_and_frames_may_be_cut_anywhere():
    connection = Connection()
    for octet in b"\x7f\xf1\0\0" + DATA + DATA:
        connection.protocol.dataReceived(bytes((octet,)))
    assert connection.host.session.messages == [EVENT, EVENT]


def test_a_refused_handshake_says_why():
    with capturedLogs():
        connection = Connection().shake(b"\x7f\x10\0\0")
    assert connection.transport.disconnecting
    connection.lose(ConnectionDone())
    assert "serializer unsupported" in connection.host.reasons[0]
    assert connection.host.session is None


def test_an_answer_that_is_no_rawsocket_ends_the_connection():
    connection = Connection().shake(b"HTTP/1.1 400 Bad Request")
    assert connection.transport.disconnecting
    connection.lose(ConnectionDone())
    assert "0x48" in connection.host.reasons[0]


def test_a_router_that_does_not_answer_is_left():
    connection = Connection()
    with capturedLogs():
        connection.clock.advance(5)
    assert connection.transport.disconnecting


def test_a_ping_is_answered(connection):
    connection.protocol.dataReceived(frame(b"abc", FrameType.PING))
    assert connection.transport.value() == frame(b"abc", FrameType.PONG)


def test_the_connection_is_pinged(connection):
    connection.clock.advance(10)
    assert connection.transport.value() == PING


def test_a_router_that_answers_pings_is_kept(connection):
    for _ in range(10):
        connection.clock.advance(5)
        connection.protocol.dataReceived(frame(b"", FrameType.PONG))
    assert connection.host.link.is_open()
    assert connection.transport.value().count(PING) == 5


def test_anything_that_arrives_is_a_sign_of_life(connection):
    """The answer to a ping may stand behind much else."""
    connection.clock.advance(10)
    connection.protocol.dataReceived(DATA)
    connection.clock.advance(5)
    assert connection.host.link.is_open()


def test_a_router_that_does_not_answer_pings_is_left(connection):
    connection.clock.advance(10)
    with capturedLogs():
        connection.clock.advance(5)
    assert connection.transport.disconnecting
    connection.lose(ConnectionLost())
    assert "after a ping" in connection.host.reasons[0]


def test_a_frame_that_breaks_the_rules_is_a_violation(connection):
    connection.protocol.dataReceived(b"\x07\0\0\0")
    assert "reserved" in str(connection.host.session.violation)
    assert connection.transport.disconnecting


def test_a_message_is_sent_in_a_frame(connection):
    connection.host.link.send(EVENT)
    assert connection.transport.value() == DATA


def test_a_message_that_the_router_does_not_accept_raises():
    connection = Connection().shake(b"\x7f\x01\0\0")
    with pytest.raises(PayloadExceededError, match="the router accepts 512"):
        connection.host.link.send(m.Goodbye({"x": "x" * 600}, "wamp.close.normal"))
    assert connection.host.link.is_open()


def test_nothing_is_delivered_after_closing(connection):
    """Also not from the same read."""
    connection.host.session.on_message = lambda message: connection.host.link.close()
    connection.protocol.dataReceived(DATA + DATA)
    assert connection.host.session.messages == [EVENT]


def test_a_closed_link_sends_nothing_more(connection):
    connection.host.link.close()
    with pytest.raises(TransportLost):
        connection.host.link.send(EVENT)


@pytest.mark.parametrize(("reason", "was_clean"), [(ConnectionDone(), True), (ConnectionLost(), False)])
def test_the_session_learns_how_the_connection_ended(connection, reason, was_clean):
    connection.lose(reason)
    assert connection.host.session.was_clean is was_clean
    assert connection.clock.getDelayedCalls() == []
