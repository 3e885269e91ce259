"""A TLS connection keeps the promises of a TCP connection: what is written when, what waits, how it ends.

The other end is OpenSSL in memory; the socket below is that of ``test_outbox``, which takes so many bytes and no more.
"""

import pytest
from OpenSSL import SSL
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock

from tests.support.certificates import Authority
from tests.support.keyupdates import KeyUpdates
from tests.support.realm import Line
from tests.support.sockets import Socket
from wamprouter.config import Tls
from wamprouter.server.outbox import STALL, Outbox, socket_of, unsent, write_now
from wamprouter.server.tls_context import TlsContext, load
from wamprouter.server.tls_transport import TlsFactory

RECORD = 16 * 1024  # octets that fit in one


class Received(Protocol):
    """Keeps what came, and why it ended."""

    def connectionMade(self):
        self.data = b""
        self.lost = None

    def dataReceived(self, data):
        self.data += data

    def connectionLost(self, reason):
        self.lost = reason


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return load(Tls(**Authority(tmp_path_factory.mktemp("tls")).issue()))


class Stand:
    """A TLS connection between a socket that is full when we say, and a client in memory."""

    def __init__(self, context, client=None):
        factory = Factory.forProtocol(Received)
        self.clock = Clock()
        self.socket = Socket()
        self.transport = TlsFactory(TlsContext(context), factory, self.clock).buildProtocol(None)
        self.protocol = self.transport.wrappedProtocol
        self.transport.makeConnection(self.socket)
        self.socket.protocol = self.transport
        self.client = client or SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
        self.client.set_connect_state()
        self.taken = 0  # of what the socket has sent, by the client

    def shake_hands(self):
        for _ in range(3):
            try:
                self.client.do_handshake()
            except SSL.WantReadError:
                pass
            self.tell()
            self.deliver()
        return self

    def tell(self):
        """What the client has to say reaches the router."""
        try:
            self.transport.dataReceived(self.client.bio_read(1 << 20))
        except SSL.WantReadError:
            pass

    def deliver(self):
        """What the socket has sent reaches the client."""
        fresh = self.socket.sent[self.taken :]
        self.taken = len(self.socket.sent)
        if fresh:
            self.client.bio_write(fresh)

    def read(self):
        """Return what the client can read, to the end of it."""
        self.deliver()
        data = b""
        while True:
            try:
                data += self.client.recv(1 << 20)
            except (SSL.WantReadError, SSL.ZeroReturnError):
                return data

    def outbox(self, *, high_water=10, limit=1 << 20):
        return Outbox(
            self.transport,
            None,
            [],
            high_water=high_water,
            limit=limit,
            call_later=self.clock.callLater,
            on_expel=lambda reason: None,
        )


@pytest.fixture
def stand(context):
    return Stand(context).shake_hands()


def send(outbox, data):
    outbox.append(data)
    outbox.flush()


def test_nothing_is_sent_in_the_clear(stand):
    """However it is written."""
    outbox = stand.outbox()
    send(outbox, b"a secret")
    write_now(stand.transport, b"a secret")
    stand.transport.write(b"a secret")
    assert b"secret" not in stand.socket.sent
    assert b"a secret" * 3 == stand.read()


def test_the_socket_is_not_written_to_past_tls(stand):
    """Twisted's wrappers pass on what they do not have, and the socket below has this."""
    with pytest.raises(NotImplementedError):
        stand.transport.writeSomeData(b"a secret")


def test_a_flush_is_one_write_at_once(stand):
    """Without a turn of the reactor."""
    outbox, before = stand.outbox(), stand.socket.writes
    outbox.append(b"ab")
    outbox.append(b"cd")
    outbox.flush()
    assert (before + 1, 0) == (stand.socket.writes, outbox.queued)
    assert b"abcd" == stand.read()


def test_what_the_socket_does_not_take_is_counted(stand):
    """In its encrypted form, which is what is in memory."""
    outbox = stand.outbox()
    stand.socket.room = 2
    send(outbox, b"abcd")
    assert stand.socket.kept == outbox.queued > 4
    stand.socket.drain()
    assert 0 == outbox.queued
    assert b"abcd" == stand.read()


def test_nothing_is_written_while_the_socket_is_full(stand):
    """It waits in the queue, where it is counted, and neither in OpenSSL nor in the transport."""
    outbox = stand.outbox()
    stand.socket.room = 0
    send(outbox, b"abcd")
    kept = stand.socket.kept
    send(outbox, b"x" * 100_000)
    assert (kept, kept + 100_000) == (stand.socket.kept, outbox.queued)


def test_a_large_write_is_counted_in_full(stand):
    """Of many records the socket takes one; the rest counts, and arrives in order."""
    outbox, data = stand.outbox(), bytes(range(256)) * 1000
    stand.socket.room = RECORD
    send(outbox, data)
    assert len(data) - RECORD < outbox.queued < len(data)
    send(outbox, b"end")
    stand.socket.drain()
    assert data + b"end" == stand.read()
    assert 0 == outbox.queued


def test_who_feeds_it_is_paused_until_the_peer_has_read(stand):
    """As without TLS."""
    outbox, feeder = stand.outbox(), Line()
    stand.socket.room = 0
    send(outbox, b"x" * 100)
    outbox.throttle(feeder)
    assert not feeder.is_reading
    stand.socket.drain()
    assert feeder.is_reading


def test_a_peer_that_reads_slowly_goes_on_slowing_down(stand):
    """Every byte that it takes counts, although its buffer never gets empty."""
    outbox, feeder = stand.outbox(), Line()
    stand.socket.room = 0
    send(outbox, b"x" * 1000)
    outbox.throttle(feeder)
    for _ in range(10):
        stand.clock.advance(STALL * 0.9)
        stand.socket.drain(room=1)
    assert not feeder.is_reading
    assert outbox.is_draining()


def test_a_peer_that_does_not_read_at_all_slows_down_nobody(stand):
    """After a while it is on its own."""
    outbox, feeder = stand.outbox(), Line()
    stand.socket.room = 0
    send(outbox, b"x" * 100)
    outbox.throttle(feeder)
    stand.clock.advance(STALL)
    assert feeder.is_reading
    outbox.is_draining()
    assert not outbox.is_draining()


def test_it_closes_when_everything_is_sent(stand):
    """The farewell behind what is queued, then TLS's own, then the socket; the peer need not answer."""
    outbox = stand.outbox()
    stand.socket.room = 0
    send(outbox, b"last words")
    outbox.close()
    stand.transport.write(b", bye")
    stand.transport.loseConnection()
    assert not stand.socket.is_closed
    stand.socket.drain()
    assert stand.socket.is_closed
    assert b"last words, bye" == stand.read()
    assert SSL.RECEIVED_SHUTDOWN & stand.client.get_shutdown()


def test_nothing_is_sent_behind_the_farewell(stand):
    """What comes later is dropped."""
    stand.transport.write(b"bye")
    stand.transport.loseConnection()
    stand.transport.write(b"but")
    write_now(stand.transport, b"but")
    assert b"bye" == stand.read()


def test_a_connection_without_handshake_is_closed_at_once(context):
    """There is nobody who could understand a farewell."""
    stand = Stand(context)
    stand.transport.loseConnection()
    assert stand.socket.is_aborted


def test_a_peer_that_says_goodbye_is_let_go(stand):
    """And gets a goodbye."""
    stand.client.shutdown()
    stand.tell()
    assert stand.socket.is_closed
    stand.read()
    assert SSL.RECEIVED_SHUTDOWN & stand.client.get_shutdown()


def test_what_is_no_tls_ends_the_connection(context):
    """Such as a request of HTTP."""
    stand = Stand(context)
    stand.transport.dataReceived(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert stand.socket.is_closed
    assert b"" == stand.protocol.data


def test_a_time_out_may_come_when_the_connection_is_gone(stand):
    """It has nothing to do then."""
    stand.socket.lose()
    assert stand.protocol.lost is not None
    stand.transport.abortConnection()
    stand.transport.loseConnection()
    stand.transport.write(b"too late")
    assert 0 == unsent(stand.socket)


@pytest.mark.skipif(not KeyUpdates.is_possible(), reason="needs OpenSSL as a library of the system")
def test_a_peer_that_makes_tls_answer_and_does_not_read_is_dropped(context):
    """It asks for new keys again and again. The answers are no messages, so that no queue counts them."""
    stand = Stand(context, client=KeyUpdates()).shake_hands()
    stand.socket.room = 0
    for _ in range(10_000):
        stand.client.update_keys()
        stand.tell()
        if stand.socket.is_aborted:
            break
    assert stand.socket.is_aborted
    assert 1 << 16 < stand.socket.kept < 1 << 17


@pytest.mark.skipif(not KeyUpdates.is_possible(), reason="needs OpenSSL as a library of the system")
def test_a_peer_may_ask_for_new_keys_as_often_as_it_reads_the_answers(context):
    """RFC 8446, section 4.6.3."""
    stand = Stand(context, client=KeyUpdates()).shake_hands()
    for _ in range(5_000):
        stand.client.update_keys()
        stand.tell()
    assert len(stand.socket.sent) > 1 << 17
    assert not stand.socket.is_aborted


def test_it_is_known_as_tls(stand):
    """For who asks whether a request is secure, and for who wants the socket."""
    assert ISSLTransport.providedBy(stand.transport)
    assert stand.socket is socket_of(stand.transport)
    assert stand.socket is socket_of(stand.socket)


def test_a_factory_may_refuse_a_connection(context):
    """Then there is none, as without TLS."""
    factory = Factory()
    factory.buildProtocol = lambda addr: None
    assert TlsFactory(TlsContext(context), factory, Clock()).buildProtocol(None) is None
