"""Congestion on Twisted: the transport tells, and whoever awaits what `publish` returns is slowed down."""

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from tests.wamp.testing.clients import outcome
from wamp.protocol import messages as m
from wamp.protocol.codec import CODECS
from wamp.protocol.rawsocket import frame
from wamp.twisted import ApplicationSession
from wamp.twisted.rawsocket import RawSocketFactory
from wamp.types import ComponentConfig

WELCOME = m.Welcome(1, {"roles": {"broker": {}, "dealer": {}}})


class Host:
    def make_session(self):
        self.session = ApplicationSession(ComponentConfig("realm1"))
        return self.session

    def opened(self, link):
        self.link = link

    def closed(self, link, reason):
        pass


def connected():
    """Return the session and the transport of a RawSocket connection."""
    host, transport = Host(), StringTransport()
    connection = RawSocketFactory(host, "json", Clock()).buildProtocol(None)
    connection.makeConnection(transport)
    connection.dataReceived(bytes([0x7F, 0xF1, 0, 0]))
    connection.dataReceived(frame(CODECS["json"].encode(WELCOME)))
    return host.session, transport, connection


def test_an_event_that_does_not_fit_is_waited_for():
    session, transport, _ = connected()
    assert [None] == outcome(session.publish("com.topic", 1))
    transport.producer.pauseProducing()
    waiting = outcome(session.publish("com.topic", 2))
    assert [] == waiting
    transport.producer.resumeProducing()
    assert [None] == waiting


def test_nobody_waits_for_a_connection_that_is_lost():
    session, transport, connection = connected()
    transport.producer.pauseProducing()
    waiting = outcome(session.publish("com.topic", 2))
    connection.connectionLost()
    assert [None] == waiting


def test_a_connection_that_is_closed_waits_for_no_producer():
    """TLS would."""
    session, transport, _ = connected()
    session.disconnect()
    assert transport.producer is None
    assert transport.disconnecting
