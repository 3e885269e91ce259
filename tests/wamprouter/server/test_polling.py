"""Connections that are made of requests: what is fetched, what waits, what ends, and what a client may do wrong."""

from __future__ import annotations

import gc
import json
import weakref
from typing import Any

import pytest
from twisted.internet.task import Clock

from tests.support.process import config, endpoint
from wamprouter.config import LongPollOptions, NodeConfig
from wamprouter.config.auth import ANONYMOUS
from wamprouter.node import Node
from wamprouter.realm.realm import Realm
from wamprouter.server.admission import AdmissionLimits, NoRoom
from wamprouter.server.connections import Connections
from wamprouter.server.metering import RateLimit, peer_class
from wamprouter.server.polling import Client, PollConnection, PollService

ROLES = {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}
EMPTY = (204, b"")
START = 1000.0


class Request:
    """A request, and how it was answered."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []

    def __call__(self, status: int, body: bytes) -> None:
        self.answers.append((status, body))

    @property
    def answer(self) -> tuple[int, bytes] | None:
        """The answer; None if there is none yet."""
        assert len(self.answers) <= 1
        return self.answers[0] if self.answers else None

    @property
    def messages(self) -> list[Any]:
        """What it has fetched."""
        assert self.answer is not None
        assert self.answer[0] == 200, self.answer
        return [json.loads(part) for part in self.answer[1].removesuffix(b"\x1e").split(b"\x1e")]


class House:
    """A router in memory, with a path of long-poll."""

    def __init__(self, *, maximum: int = 100, **options: Any) -> None:
        self.clock = clock = Clock()
        clock.advance(START)
        settings = config({"type": "websocket", "endpoint": endpoint()})
        self.node = node = Node(NodeConfig.model_validate(settings), clock, now=clock.seconds)
        self.connections = Connections(maximum, clock.seconds, node.admission, node.turns)
        given = LongPollOptions(**options)
        limit = RateLimit(
            given.message_rate, given.message_burst, self.connections.transports, clock.callLater, now=clock.seconds
        )
        self.service = PollService(
            node.lobby,
            node.gate(ANONYMOUS),
            self.connections,
            given,
            ("json", "msgpack"),
            {},
            clock.callLater,
            peer_class(limit if given.message_rate else None),
        )

    @property
    def realm(self) -> Realm:
        realm = self.node.realms.existing("realm1")
        assert realm is not None
        return realm

    def open(self, protocol: str = "wamp.2.json", address: str = "192.0.2.1") -> Guest:
        client = Client(address, f"{address}:1234", False, {"user-agent": "curl"}, None, None, False)
        return Guest(self, self.service.open(protocol, client))

    def join(self, protocol: str = "wamp.2.json") -> Guest:
        """Open a connection and a session on it."""
        guest = self.open(protocol)
        guest.says(1, "realm1", {"roles": ROLES})
        assert [2] == [message[0] for message in guest.fetch().messages]
        return guest

    def wait(self, seconds: float) -> None:
        """Let time pass, and look after all connections as often as the listener does."""
        for _ in range(int(seconds * 2)):
            self.clock.advance(0.5)
            self.connections.sweep()


class Guest:
    """A client of long-poll."""

    def __init__(self, house: House, connection: PollConnection) -> None:
        self.house = house
        self.connection = connection

    def sends(self, body: bytes) -> Request:
        request = Request()
        self.connection.send(body, request)
        return request

    def says(self, *message: Any) -> Request:
        end = b"" if self.connection._framing is None else b"\x1e"
        return self.sends(json.dumps(message).encode() + end)

    def fetch(self) -> Request:
        request = Request()
        self.connection.receive(request)
        return request

    @property
    def is_open(self) -> bool:
        return self.connection.id in self.house.service.table


def watching(house: House) -> Guest:
    """Return a client that has subscribed to com.topic, and fetched the answer to that."""
    guest = house.join()
    guest.says(32, 1, {}, "com.topic")
    assert guest.fetch().messages[0][0] == 33
    return guest


# -- fetching


def test_what_waits_is_fetched_at_once() -> None:
    """WELCOME is there before somebody asks for it."""
    guest = House().open()
    assert EMPTY == guest.says(1, "realm1", {"roles": ROLES}).answer
    assert guest.fetch().messages[0][0] == 2


def test_who_asks_first_is_answered_when_there_is_something() -> None:
    """The request waits until then."""
    guest = House().open()
    request = guest.fetch()
    assert request.answer is None
    guest.says(1, "realm1", {"roles": ROLES})
    assert request.messages[0][0] == 2


def test_a_request_for_messages_ends_without_any() -> None:
    """After ``request_timeout`` it is answered with 204, and the connection stays."""
    house = House(request_timeout=10_000)
    guest = house.join()
    request = guest.fetch()
    house.wait(9.5)
    assert request.answer is None
    house.wait(0.5)
    assert (request.answer, guest.is_open) == (EMPTY, True)


def test_without_batches_one_message_is_fetched_at_a_time() -> None:
    """The others wait for the next requests."""
    guest = House().join()
    guest.says(32, 1, {}, "com.a")
    guest.says(32, 2, {}, "com.b")
    assert [1, 2] == [guest.fetch().messages[0][1] for _ in range(2)]
    assert guest.fetch().answer is None


def test_a_batch_has_everything_that_waits() -> None:
    """In order, each ended by the separator."""
    guest = House().join("wamp.2.json.batched")
    guest.says(32, 1, {}, "com.a")
    guest.says(32, 2, {}, "com.b")
    assert [1, 2] == [message[1] for message in guest.fetch().messages]


def test_a_batch_may_be_sent() -> None:
    """Its messages are handled in order, and it is answered once."""
    guest = House().join("wamp.2.json.batched")
    assert EMPTY == guest.sends(b'[32,1,{},"com.a"]\x1e[32,2,{},"com.b"]\x1e').answer
    assert [1, 2] == [message[1] for message in guest.fetch().messages]


def test_autobahns_separator_is_answered_with_the_same() -> None:
    """Which one the client uses shows in its HELLO."""
    guest = House().open("wamp.2.json.batched")
    guest.sends(json.dumps([1, "realm1", {"roles": ROLES}]).encode() + b"\x18")
    request = guest.fetch()
    assert request.answer is not None
    assert request.answer[1].endswith(b"}]\x18")


def test_a_second_request_for_messages_ends_the_first() -> None:
    """The client has given it up, or lost it. The first is told so, lest two clients drive each other out for ever."""
    guest = House().join()
    first, second = guest.fetch(), guest.fetch()
    assert first.answer is not None
    assert first.answer[0] == 409
    guest.says(32, 1, {}, "com.a")
    assert second.messages[0][0] == 33


def test_what_comes_while_the_socket_is_lost_waits() -> None:
    """A request whose client has cut its socket is not answered, and the next one gets the message."""
    guest = House().join()
    request = guest.fetch()
    guest.connection.abandon(request)
    guest.says(32, 1, {}, "com.a")
    assert request.answer is None
    assert guest.fetch().messages[0][0] == 33


def test_ids_are_hard_to_guess() -> None:
    """24 random octets, in characters that need no escape."""
    house = House()
    ids = {house.open().connection.id for _ in range(50)}
    assert len(ids) == 50
    assert {len(one) for one in ids} == {32}


# -- the end


def test_a_client_closes() -> None:
    """Its session ends, the request that waits is answered, and the place is free."""
    house = House()
    guest = house.join()
    request = guest.fetch()
    guest.connection.close_by_client()
    assert (request.answer, guest.is_open, house.connections.occupied) == (EMPTY, False, 0)
    assert not house.realm.sessions


def test_a_client_that_is_silent_is_forgotten() -> None:
    """After ``session_timeout`` without a request."""
    house = House(session_timeout=30_000)
    guest = house.join()
    house.wait(29.5)
    assert guest.is_open
    house.wait(1.5)
    assert (guest.is_open, house.connections.timed_out, len(house.connections)) == (False, 1, 0)


def test_a_client_that_waits_for_messages_is_not_silent() -> None:
    """However long that takes."""
    house = House(session_timeout=5_000, request_timeout=60_000)
    guest = house.join()
    guest.fetch()
    house.wait(20)
    assert guest.is_open


def test_a_connection_without_hello_is_dropped() -> None:
    """After ``hello_timeout``, however often it asks."""
    house = House(hello_timeout=5000)
    guest = house.open()
    request = guest.fetch()
    house.wait(6)
    assert request.answer is not None
    assert (request.answer[0], guest.is_open) == (503, False)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'[999,"what"]', b'[16,1,{},"com.topic"]'])
def test_what_is_no_message_ends_the_connection(body: bytes) -> None:
    """The request is answered with 400 as the specification says, ABORT can be fetched, and then nothing more."""
    guest = House().open()
    answer = guest.sends(body).answer
    assert answer is not None
    assert answer[0] == 400
    assert guest.fetch().messages[0][::2] == [3, "wamp.error.protocol_violation"]
    assert [400, 400] == [request.answers[0][0] for request in (guest.fetch(), guest.says(16, 1, {}, "com.topic"))]


def test_a_batch_that_is_cut_short_ends_the_connection() -> None:
    """Nothing of it is handled."""
    guest = House().join("wamp.2.json.batched")
    answer = guest.sends(b'[32,1,{},"com.a"]\x1e[32,2').answer
    assert answer is not None
    assert answer[0] == 400
    assert [3] == [message[0] for message in guest.fetch().messages]


def test_a_connection_that_has_ended_can_be_closed_for_a_while() -> None:
    """And its last words be fetched; then it is forgotten, and its place is free."""
    house = House()
    guest = house.open()
    guest.sends(b"[]")
    house.wait(4)
    assert (guest.is_open, house.connections.occupied) == (True, 1)
    house.wait(2)
    assert (guest.is_open, house.connections.occupied) == (False, 0)


def test_goodbye_leaves_the_connection_open() -> None:
    """A client may begin another session on it."""
    guest = House().join()
    guest.says(6, {}, "wamp.close.normal")
    assert guest.fetch().messages[0][2] == "wamp.close.goodbye_and_out"
    guest.says(1, "realm1", {"roles": ROLES})
    assert guest.fetch().messages[0][0] == 2


def test_the_router_goes() -> None:
    """Who waits is told at once, with a status after which clients come back; others find nobody."""
    house = House()
    guest = house.join()
    request = guest.fetch()
    guest.connection.go_away("the router is shutting down")
    assert request.answer == (503, b"the router is shutting down\n")
    house.clock.advance(0)
    assert (guest.is_open, len(house.connections)) == (False, 0)


def test_a_connection_that_has_ended_leaves_no_garbage() -> None:
    """Its memory is free as soon as it is forgotten."""
    house = House()
    gc.collect()
    gc.disable()
    try:
        guest = house.join()
        guest.connection.close_by_client()
        rest = weakref.ref(guest.connection)
        del guest
        house.node.dispatcher.feeder = None
        house.wait(10)
        assert rest() is None
    finally:
        gc.enable()


# -- limits


def test_connections_count_for_their_transport() -> None:
    """One more is refused, and its place is not taken."""
    house = House(maximum=1)
    house.open()
    with pytest.raises(NoRoom, match="too many connections"):
        house.open()
    assert (house.connections.occupied, len(house.service.table)) == (1, 1)


def test_connections_count_for_their_address() -> None:
    """Whatever else comes from there counts as well."""
    house = House()
    house.node.admission.limits = AdmissionLimits(connections_per_address=1)
    house.open(address="192.0.2.1")
    house.open(address="192.0.2.2")
    with pytest.raises(NoRoom) as refusal:
        house.open(address="192.0.2.1")
    assert refusal.value.status == 429


@pytest.mark.parametrize("options", [{"queue_limit_messages": 10}, {"queue_limit_bytes": 1024}], ids=str)
def test_who_fetches_nothing_is_disconnected(options: dict[str, int]) -> None:
    """What waits is thrown away, but for the reason."""
    house = House(**options)
    guest, publisher = watching(house), house.join()
    for number in range(1, 40):
        publisher.says(16, number, {}, "com.topic", ["some more text, so that fewer fit"])
    for _ in range(3):
        house.clock.advance(1.1)  # the publisher is paused for as long as the subscriber could be slow
    assert guest.fetch().messages[0][::2] == [3, "wamp.error.network_failure"]
    assert guest.fetch().answers[0][0] == 410
    assert house.node.dispatcher.slow_consumers == 1


def test_who_feeds_a_long_queue_waits() -> None:
    """A request to send is answered when the messages in it have been handled: when the subscriber has fetched some."""
    house = House(queue_limit_messages=10)
    guest, publisher = watching(house), house.join()
    requests = [publisher.says(16, number, {}, "com.topic", [number]) for number in range(1, 9)]
    assert [True] * 6 + [False] * 2 == [request.answer == EMPTY for request in requests]
    assert [1, 2, 3, 4] == [guest.fetch().messages[0][4][0] for _ in range(4)]
    house.clock.advance(0)
    assert [True] * 8 == [request.answer == EMPTY for request in requests]


def test_requests_that_wait_have_a_limit() -> None:
    """The hundred and first is refused."""
    house = House(queue_limit_messages=10)
    watching(house)
    publisher = house.join()
    requests = [publisher.says(16, number, {}, "com.topic") for number in range(1, 109)]
    assert [429, 429] == [request.answers[0][0] for request in requests if request.answer not in (None, EMPTY)]


def test_a_paused_client_that_goes_is_forgotten() -> None:
    """It is paused only in what it sends, so its silence means what it always does."""
    house = House(queue_limit_messages=10, session_timeout=5000)
    guest, publisher = watching(house), house.join()
    for number in range(1, 9):
        publisher.says(16, number, {}, "com.topic")
    for _ in range(14):
        house.wait(0.5)
        guest.fetch()
    assert not publisher.is_open


def test_messages_a_second_count() -> None:
    """``message_rate`` holds as on every other transport: the session is read again when it may go on."""
    house = House(message_rate=10, message_burst=2)
    guest = house.join()
    requests = [guest.says(32, number, {}, f"com.topic.{number}") for number in range(1, 5)]
    assert requests[-1].answer is None
    house.wait(1)
    assert requests[-1].answer == EMPTY
    assert house.connections.transports.over_rate > 0


def test_a_long_batch_is_handled_in_turns() -> None:
    """What is left waits for the next one, and the request for all of it."""
    house = House()
    guest = house.join("wamp.2.json.batched")
    request = guest.sends(b"".join(b'[32,%d,{},"com.topic.%d"]\x1e' % (n, n) for n in range(1, 601)))
    assert request.answer is None
    assert len(guest.fetch().messages) < 600
    for _ in range(10):
        house.clock.advance(0)
    assert request.answer == EMPTY


def test_authenticators_are_told_of_the_connection() -> None:
    """What they may know of it."""
    guest = House().open()
    assert guest.connection.described() == {
        "type": "longpoll",
        "peer": "192.0.2.1:1234",
        "address": "192.0.2.1",
        "is_secure": False,
        "protocol": "wamp.2.json",
        "http_headers_received": {"user-agent": "curl"},
        "cbtid": None,
    }
