"""How much of what a connection has sent is handled at once, on WebSocket and RawSocket: in memory, with real framing."""

import zlib
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from tests.support.raw import CONTINUATION, PING, TEXT, client_frame, handshake_request
from tests.wamprouter.server.test_peer import JSON, ROLES, Router
from wamp.protocol.messages import Hello, Publish
from wamprouter.config import RawSocketOptions, WebSocketOptions
from wamprouter.server.admission import Admission, AdmissionLimits
from wamprouter.server.connections import Connections, Limits
from wamprouter.server.metering import RateLimit, peer_class
from wamprouter.server.rawsocket import RawSocketFactory
from wamprouter.server.services import WampService
from wamprouter.server.turns import MESSAGES, Turns
from wamprouter.server.websocket import websocket_factory

TIMES = Limits(handshake=0, hello=0, authentication=0, ping_interval=0, ping_timeout=0)
HELLO = JSON.encode(Hello("realm1", ROLES))
RSV1 = 4
PEOPLE = 3  # who are in the realm already


class Socket(StringTransport):
    """A TCP connection in memory, which takes everything at once."""

    dataBuffer = b""
    offset = 0
    _tempDataLen = 0
    _tempDataBuffer: tuple[bytes, ...] = ()

    def writeSomeData(self, data: bytes) -> int:
        self.write(data)
        return len(data)

    def setTcpNoDelay(self, enabled: bool) -> None:
        pass

    def abortConnection(self) -> None:
        self.loseConnection()

    def unregisterProducer(self) -> None:
        self.producer = None  # as TCP does it, whether there was one or not


class Far:
    """The far end of a connection, and a router whose rounds of the event loop are made by hand."""

    def __init__(self, *, rate: int = 0) -> None:
        self.router = Router()
        self.clock = Clock()
        turns = Turns(lambda action: self.clock.callLater(0, action), self.clock.seconds, self.clock.callLater)
        admission = Admission(AdmissionLimits(), self.clock.seconds)
        self.connections = Connections(10, self.clock.seconds, admission, turns)
        self.transport = Socket()
        self.options: dict[str, Any] = {"message_rate": rate, "message_burst": rate or 1}
        self.connection = self.connect()
        self.sent = 0

    def connect(self) -> Any:
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        self.connection.dataReceived(data)

    def round(self) -> None:
        """One round of the event loop."""
        self.clock.advance(0)

    @property
    def is_read(self) -> bool:
        return self.transport.producerState == "producing"

    def publications(self, count: int) -> Iterator[bytes]:
        for _ in range(count):
            self.sent += 1
            yield JSON.encode(Publish(self.sent, {"acknowledge": True}, "com.t"))

    def handled(self) -> list[int]:
        """Return which publications have been acknowledged since the last time."""
        answers = self.transport.value()
        self.transport.clear()
        found = []
        for part in answers.split(b"[17,")[1:]:
            found.append(int(part.partition(b",")[0]))
        return found

    def all_handled(self, most_rounds: int = 1000) -> list[int]:
        """Make rounds until it is read again; return which publications have been acknowledged."""
        for _ in range(most_rounds):
            if self.is_read:
                break
            self.round()
        assert self.is_read
        return self.handled()


class FarWebSocket(Far):
    subprotocol = "wamp.2.json"
    extensions = ""

    def connect(self) -> Any:
        options = WebSocketOptions(**self.options)
        limit = RateLimit.of(options, self.connections.transports, self.clock.callLater)
        if limit is not None:
            limit.now = self.clock.seconds
        service = WampService(self.router.lobby, self.router.gate, ["json"], peer_class(limit))
        factory = websocket_factory(service, self.connections, options, TIMES, self.clock)
        connection = factory.buildProtocol(None)
        connection.makeConnection(self.transport)
        request = handshake_request("ws://localhost", self.subprotocol, extensions=self.extensions)
        connection.dataReceived(request + self.frame(HELLO))
        assert b" 101 " in self.transport.value()
        assert 1 == len(self.router.realm.sessions) - PEOPLE
        self.transport.clear()
        return connection

    def frame(self, message: bytes) -> bytes:
        return client_frame(TEXT, message)

    def publish(self, count: int) -> bytes:
        return b"".join(map(self.frame, self.publications(count)))


class FarFragments(FarWebSocket):
    def frame(self, message: bytes) -> bytes:
        return client_frame(TEXT, message[:7], fin=False) + client_frame(CONTINUATION, message[7:])


class FarDeflate(FarWebSocket):
    extensions = "permessage-deflate; client_no_context_takeover"

    def frame(self, message: bytes) -> bytes:
        deflater = zlib.compressobj(wbits=-15)
        data = deflater.compress(message) + deflater.flush(zlib.Z_SYNC_FLUSH)
        return client_frame(TEXT, data.removesuffix(b"\0\0\xff\xff"), rsv=RSV1)


class FarAmongPings(FarWebSocket):
    def frame(self, message: bytes) -> bytes:
        return client_frame(PING, b"") + client_frame(TEXT, message)


class FarBatch(FarWebSocket):
    subprotocol = "wamp.2.json.batched"

    def frame(self, message: bytes) -> bytes:
        return client_frame(TEXT, message + b"\x1e")

    def publish(self, count: int) -> bytes:
        return client_frame(TEXT, b"".join(message + b"\x1e" for message in self.publications(count)))


class FarRawSocket(Far):
    def connect(self) -> Any:
        options = RawSocketOptions(**self.options)
        clock = self.clock
        factory = RawSocketFactory(
            self.router.lobby, self.router.gate, self.connections, options, TIMES, ("json",), clock
        )
        factory.make_peer = peer_class(self._limit(options))
        connection = factory.buildProtocol(None)
        connection.makeConnection(self.transport)
        connection.dataReceived(b"\x7f\xf1\0\0" + self.frame(HELLO))
        assert 1 == len(self.router.realm.sessions) - PEOPLE
        self.transport.clear()
        return connection

    def _limit(self, options: RawSocketOptions) -> RateLimit | None:
        limit = RateLimit.of(options, self.connections.transports, self.clock.callLater)
        if limit is not None:
            limit.now = self.clock.seconds
        return limit

    def frame(self, message: bytes) -> bytes:
        return len(message).to_bytes(4) + message

    def publish(self, count: int) -> bytes:
        return b"".join(map(self.frame, self.publications(count)))


EVERY_WAY = [FarWebSocket, FarFragments, FarDeflate, FarAmongPings, FarBatch, FarRawSocket]


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_flood_is_handled_in_order_and_nothing_is_lost(way):
    """However many turns it takes."""
    far = way()
    far.send(far.publish(1000))
    assert list(range(1, 1001)) == far.all_handled()


@pytest.mark.parametrize("way", EVERY_WAY)
def test_one_turn_handles_a_part_of_it(way):
    """And reads nothing new meanwhile."""
    far = way()
    far.send(far.publish(1000))
    seen = 0
    while not far.is_read:
        handled = far.handled()
        assert 0 < len(handled) <= MESSAGES
        seen += len(handled)
        far.round()
    assert 1000 == seen + len(far.handled())


@pytest.mark.parametrize("way", EVERY_WAY)
def test_few_messages_are_handled_at_once(way):
    """Who does not flood does not wait."""
    far = way()
    far.send(far.publish(4))
    assert far.is_read
    assert [1, 2, 3, 4] == far.handled()


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("size", [1, 7, 100, 5000])
def test_pieces_of_any_size_are_put_together(way, size):
    """A read may end within anything."""
    far = way()
    data = far.publish(300)
    handled: list[int] = []
    for at in range(0, len(data), size):
        far.send(data[at : at + size])
        handled += far.all_handled()
    assert list(range(1, 301)) == handled


@pytest.mark.parametrize("way", EVERY_WAY)
def test_what_comes_although_reading_is_paused_waits_behind(way):
    """TLS has more in its own buffer."""
    far = way()
    far.send(far.publish(500))
    assert not far.is_read
    far.send(far.publish(500))
    far.send(far.publish(5))
    assert list(range(1, 1006)) == far.all_handled()


@pytest.mark.parametrize("way", EVERY_WAY)
def test_who_is_paused_handles_nothing_of_what_was_read(way):
    """Not even of the same read: a publisher is paused because its subscribers have enough."""
    far = way()
    far.connection.pause_reading()
    far.send(far.publish(500))
    for _ in range(10):
        far.round()
    assert [] == far.handled()
    far.connection.resume_reading()
    assert list(range(1, 501)) == far.all_handled()


@pytest.mark.parametrize("way", EVERY_WAY)
def test_who_floods_waits_for_its_turn_at_the_next_read_too(way):
    """Behind those who wait already. Once a read was small enough it does not any more."""
    far = way()
    far.send(far.publish(MESSAGES + 1))
    far.all_handled()
    far.send(far.publish(1))
    assert [] == far.handled()
    assert [MESSAGES + 2] == far.all_handled()
    far.send(far.publish(1))
    assert [MESSAGES + 3] == far.handled()


@pytest.mark.parametrize("way", EVERY_WAY)
def test_nothing_is_left_when_the_connection_is_lost(way):
    """What was not handled is dropped with it."""
    far = way()
    far.send(far.publish(1000))
    far.handled()
    far.connection.connectionLost()
    for _ in range(20):
        far.round()
    assert [] == far.handled()
    assert (0, 0) == (len(far.connections), far.connections.occupied)


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_violation_in_a_flood_ends_it(way):
    """What comes behind it is not handled."""
    far = way()
    before, bad, behind = far.publish(100), far.frame(b"[]"), far.publish(100)
    far.send(before + bad + behind)
    handled: list[int] = []
    for _ in range(100):
        far.round()
        handled += far.handled()
    assert list(range(1, 101)) == handled


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_rate_holds_within_one_read(way):
    """A burst of 100 is 100 messages, though a read brings 1,000. (The HELLO was the first of them.)"""
    far = way(rate=100)
    far.send(far.publish(1000))
    handled: list[int] = []

    def rest() -> None:
        for _ in range(100):
            far.round()
        handled.extend(far.handled())

    rest()
    assert list(range(1, 100)) == handled
    far.clock.advance(1)
    rest()
    assert 199 <= len(handled) <= 201
    for _ in range(900):
        far.clock.advance(0.01)
        rest()
    assert list(range(1, 1001)) == handled
    assert far.is_read


def test_a_close_reply_behind_a_flood_is_found():
    """The router has closed; the client notices only at the end of what it had sent already."""
    far = FarWebSocket()
    far.connection.close("enough")
    far.send(far.publish(1000) + client_frame(8, b"\x03\xe8"))
    for _ in range(1000):
        far.round()
    assert [] == far.handled()
    assert far.transport.disconnecting


def test_a_flood_behind_the_handshake_waits_as_well():
    """The first read may bring all of it."""

    class Impatient(FarWebSocket):
        def frame(self, message: bytes) -> bytes:
            return client_frame(TEXT, message) + (client_frame(PING, b"") * 1000 if message == HELLO else b"")

    far = Impatient()
    assert not far.is_read
    far.send(far.publish(3))
    assert [1, 2, 3] == far.all_handled()


class Stopwatch:
    """Real time, but each look at it is so much later."""

    def __init__(self, seconds: float) -> None:
        self.now = 1000.0
        self.seconds = seconds

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


@pytest.mark.parametrize(("way", "module"), [(FarWebSocket, "websocket"), (FarRawSocket, "rawsocket")])
def test_who_sends_what_takes_long_lets_others_go_first(way, module, monkeypatch):
    """Nine times as long as its message took. Then it is read again, and what it has sent meanwhile is handled."""
    far = way()
    monkeypatch.setattr(f"wamprouter.server.{module}.monotonic", Stopwatch(0.1))
    large = JSON.encode(Publish(1, {"acknowledge": True}, "com.t", JSON.serializer.pack(["x" * 70_000])))
    far.send(far.frame(large) + far.frame(JSON.encode(Publish(2, {"acknowledge": True}, "com.t"))))
    assert not far.is_read
    before = far.handled()
    far.clock.advance(0.89)
    assert not far.is_read
    far.clock.advance(0.02)
    assert far.is_read
    assert [1, 2] == before + far.handled()


@pytest.mark.parametrize(("way", "module"), [(FarWebSocket, "websocket"), (FarRawSocket, "rawsocket")])
def test_a_large_message_that_takes_no_time_is_nothing_special(way, module, monkeypatch):
    far = way()
    monkeypatch.setattr(f"wamprouter.server.{module}.monotonic", Stopwatch(0.01))
    large = JSON.encode(Publish(1, {"acknowledge": True}, "com.t", JSON.serializer.pack(["x" * 70_000])))
    far.send(far.frame(large))
    assert far.is_read
    assert [1] == far.handled()


@pytest.mark.parametrize(("way", "module"), [(FarWebSocket, "websocket"), (FarRawSocket, "rawsocket")])
def test_a_small_message_is_not_charged_for_an_accident(way, module, monkeypatch):
    """Whatever the machine did meanwhile."""
    far = way()
    monkeypatch.setattr(f"wamprouter.server.{module}.monotonic", Stopwatch(1.0))
    far.send(far.publish(3))
    assert far.is_read
    assert [1, 2, 3] == far.handled()


@pytest.mark.parametrize(("way", "module"), [(FarWebSocket, "websocket"), (FarRawSocket, "rawsocket")])
def test_who_is_gone_while_others_go_first_is_forgotten(way, module, monkeypatch):
    far = way()
    monkeypatch.setattr(f"wamprouter.server.{module}.monotonic", Stopwatch(0.1))
    far.send(far.frame(JSON.encode(Publish(1, {}, "com.t", JSON.serializer.pack(["x" * 70_000])))))
    far.connection.connectionLost()
    far.clock.advance(10)
    assert [] == far.handled()


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_turn_ends_in_time_whatever_its_messages_cost(way: type[Far]) -> None:
    """Some cost ten times what others do: the clock is looked at from time to time, and all are handled in order."""
    far = way()
    far.connections.turns.now = count(0.0, 0.0003).__next__  # so that a turn has time for a few looks
    far.send(far.publish(200))
    first = far.handled()
    assert 0 < len(first) < 200
    assert not far.is_read
    assert list(range(1, 201)) == [*first, *far.all_handled()]
