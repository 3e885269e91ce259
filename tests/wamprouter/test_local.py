"""Sessions inside the router: ours and Autobahn's own, connected in memory and apart from that like any other peer."""

from collections import deque
from itertools import count
from typing import Any

import pytest
from autobahn.twisted.wamp import ApplicationSession as AutobahnSession

from tests.support.realm import Meeting, Realms, anyone, pack
from wamp.exception import TransportLost
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import (
    Abort,
    Call,
    Event,
    Goodbye,
    Hello,
    Message,
    Publish,
    Register,
    Registered,
    Subscribe,
    Subscribed,
    Welcome,
)
from wamp.protocol.uris import Match
from wamp.twisted import ApplicationSession
from wamprouter.authz.roles import Action, Role, Rule
from wamprouter.local import LocalConnection, made
from wamprouter.realm.settings import Settings
from wamprouter.server.admission import Admission, AdmissionLimits
from wamprouter.server.dispatch import Dispatcher
from wamprouter.server.peer import Lobby

HELLO = Hello("realm1", {"roles": {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}})
MSGPACK = CODECS["msgpack"].serializer


class House:
    """A router that hosts sessions, and the turns of its reactor."""

    def __init__(self, **options: Any) -> None:
        guest = Role("guest", [Rule("com.open.", Match.PREFIX, Action)])
        self.meeting = Meeting({"user": anyone(), "guest": guest}, **options)
        self.turns: deque[Any] = deque()
        self.dispatcher = Dispatcher(self.turns.append)
        self.lobby = Lobby(
            Realms({"realm1": self.meeting.realm}),
            count(101),
            self.dispatcher,
            lambda _seconds, _action: None,
            lambda: 0.0,
            Admission(AdmissionLimits(), lambda: 0.0),
        )

    def connection(self, name: str = "house", role: str = "user") -> LocalConnection:
        return LocalConnection(self.lobby, self.turns.append, name, role)

    def open(self, **options: str) -> "Guest":
        guest = Guest()
        self.connection(**options).open(guest)
        return guest

    def join(self, **options: str) -> "Guest":
        guest = self.open(**options)
        guest.transport.send(HELLO)
        self.turn()
        guest.heard.clear()
        return guest

    def host(self, session_class: type[Any], *, realm: str = "realm1", extra: Any = None) -> LocalConnection:
        connection = self.connection()
        connection.open(made(session_class, realm=realm, extra=extra))
        self.turn()
        return connection

    def turn(self) -> None:
        """Let the reactor do everything that is due."""
        while self.turns:
            self.turns.popleft()()


class Guest:
    """A session at its barest: it keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.closed: list[bool] = []

    def onOpen(self, transport: Any) -> None:
        self.transport = transport

    def onMessage(self, message: Message) -> None:
        self.heard.append(message)

    def onClose(self, wasClean: bool) -> None:
        self.closed.append(wasClean)


@pytest.fixture
def house() -> House:
    return House()


# Like any other peer


def test_a_component_is_welcome_with_the_role_it_was_given(house):
    """Its authid is its name."""
    guest = house.open(name="backend", role="guest")
    guest.transport.send(HELLO)
    house.turn()
    [welcome] = guest.heard
    assert (Welcome, "backend", "guest", "local", "component") == (
        type(welcome),
        *(welcome.details[key] for key in ("authid", "authrole", "authmethod", "authprovider")),
    )


def test_a_component_may_do_what_its_role_may(house):
    """Being inside gives no right."""
    guest = house.join(role="guest")
    guest.transport.send(Register(1, {}, "com.closed"))
    guest.transport.send(Register(2, {}, "com.open.add"))
    house.turn()
    refusal, registered = guest.heard
    assert "wamp.error.not_authorized" == refusal.error
    assert Registered(2, 1) == registered


def test_a_component_that_breaks_the_rules_is_ended(house):
    """It hears why, then it is closed."""
    guest = house.join()
    guest.transport.send(HELLO)
    house.turn()
    [abort] = guest.heard
    assert (Abort, "wamp.error.protocol_violation", [True]) == (type(abort), abort.reason, guest.closed)


def test_a_component_in_a_realm_that_is_not_there_is_ended(house):
    """As over the network."""
    guest = house.open()
    guest.transport.send(Hello("realm2", HELLO.details))
    house.turn()
    assert (["wamp.error.no_such_realm"], [True]) == ([abort.reason for abort in guest.heard], guest.closed)


def test_nothing_is_heard_in_the_middle_of_sending(house):
    """What the router has for a component comes in a turn of its own."""
    guest = house.join()
    guest.transport.send(Subscribe(1, {}, "com.topic"))
    assert [] == guest.heard
    house.turn()
    assert [Subscribed(1, 1)] == guest.heard


@pytest.mark.parametrize("serializer", CODECS)
def test_a_payload_comes_in_the_components_serializer(house, serializer):
    """Whatever its sender speaks: positional and keyword arguments."""
    guest = house.join()
    guest.transport.send(Subscribe(1, {}, "com.topic"))
    house.turn()
    guest.heard.clear()
    codec = CODECS[serializer]
    dora = house.meeting.join("dora", codec=codec)
    args, kwargs = codec.serializer.pack([1, b"\x00"]), codec.serializer.pack({"a": "grün"})
    house.dispatcher.deliver(house.meeting.realm.handle(dora, Publish(1, {}, "com.topic", args, kwargs)))
    house.turn()
    assert [Event(1, 9001, {}, MSGPACK.pack([1, b"\x00"]), MSGPACK.pack({"a": "grün"}))] == guest.heard


# The queue


def flood(house: House, guest: Guest, events: int, size: int = 0) -> None:
    guest.transport.send(Subscribe(1, {}, "com.topic"))
    house.turn()
    guest.heard.clear()
    payload = pack("x" * size)
    for _ in range(events):
        message = Publish(1, {}, "com.topic", payload)
        house.dispatcher.deliver(house.meeting.realm.handle(house.meeting.alice, message))


def test_many_messages_are_handed_over_in_several_turns(house):
    """A busy component does not stop the router."""
    guest = house.join()
    flood(house, guest, events=2500)
    house.turns.popleft()()
    assert 1000 == len(guest.heard)
    house.turn()
    assert 2500 == len(guest.heard)


def test_what_was_handed_over_does_not_count(house):
    """The queue is empty then."""
    guest = house.join()
    flood(house, guest, events=10, size=100)
    assert guest.transport.queued > 1000
    house.turn()
    assert 0 == guest.transport.queued


def test_a_component_that_cannot_keep_up_is_ended(house):
    """At the limit; nothing more is handed over, and the router's memory is free."""
    guest = house.join()
    flood(house, guest, events=20, size=1_000_000)
    house.turn()
    assert ([], [False], 0) == (guest.heard, guest.closed, guest.transport.queued)
    assert 1 == house.dispatcher.slow_consumers


def test_a_component_that_cannot_keep_up_loses_events_where_the_realm_wants_it():
    """It stays."""
    house = House(settings=Settings(drop_events=True))
    guest = house.join()
    flood(house, guest, events=20, size=1_000_000)
    house.turn()
    assert [] == guest.closed
    assert 20 == len(guest.heard) + house.dispatcher.dropped_events
    assert 0 < house.dispatcher.dropped_events < 10


def test_nobody_waits_for_a_component(house):
    """It has no connection whose reading could be paused."""
    guest = house.join()
    guest.transport.throttle(guest.transport._peer)
    guest.transport._peer.pause_reading()
    guest.transport._peer.resume_reading()
    guest.transport.send(Subscribe(1, {}, "com.topic"))
    house.turn()
    assert [Subscribed(1, 1)] == guest.heard


# The end


def test_a_component_that_leaves_is_gone(house):
    """And is told, once."""
    guest = house.join()
    guest.transport.send(Goodbye({}, "wamp.close.close_realm"))
    guest.transport.close()
    house.turn()
    assert ([Goodbye({}, "wamp.close.goodbye_and_out")], [True]) == (guest.heard, guest.closed)
    assert not guest.transport.is_open()


def test_closing_hands_over_what_waits(house):
    """All of it, also if that is much."""
    guest = house.join()
    flood(house, guest, events=2500)
    guest.transport.close()
    house.turn()
    assert (2500, [True]) == (len(guest.heard), guest.closed)


def test_aborting_hands_over_nothing(house):
    """The session is cut off at once."""
    guest = house.join()
    flood(house, guest, events=10)
    guest.transport.abort()
    house.turn()
    assert ([], [False]) == (guest.heard, guest.closed)


def test_a_component_ends_once(house):
    """However often it is ended, and by whom."""
    guest = house.join()
    guest.transport.abort()
    guest.transport.abort()
    guest.transport.close()
    house.turn()
    assert [False] == guest.closed


def test_what_is_closed_cannot_send(house):
    """It is told so."""
    guest = house.join()
    guest.transport.abort()
    with pytest.raises(TransportLost):
        guest.transport.send(Subscribe(1, {}, "com.topic"))


def test_a_component_that_is_cut_off_is_forgotten(house):
    """Its registrations are gone."""
    guest = house.join()
    guest.transport.send(Register(1, {}, "com.add"))
    guest.transport.abort()
    [(_, error)] = house.meeting.send(house.meeting.alice, Call(1, {}, "com.add"))
    assert "wamp.error.no_such_procedure" == error.error


def test_when_the_router_stops_components_are_told(house):
    """GOODBYE, as to any client."""
    guest = house.join()
    guest.transport.leave()
    house.turn()
    assert [Goodbye({}, "wamp.close.system_shutdown")] == guest.heard


class Careless(Guest):
    def onMessage(self, message: Message) -> None:
        super().onMessage(message)
        if isinstance(message, Event):
            raise RuntimeError("did not expect that")


def test_a_session_that_fails_at_a_message_is_ended(house):
    """As a connection would be; the router goes on."""
    guest = Careless()
    house.connection().open(guest)
    guest.transport.send(HELLO)
    house.turn()
    flood(house, guest, events=3)
    house.turn()
    assert (1, [False]) == (len(guest.heard), guest.closed)


# Our sessions and Autobahn's


def calculator(base: type[Any]) -> type[Any]:
    """Return the same component for either library."""

    class Calculator(base):
        async def onJoin(self, details: Any) -> None:
            self.details = details
            self.events: list[Any] = []
            await self.register(lambda a, b: a + b, "com.add")
            await self.register(self.fail, "com.fail")
            await self.subscribe(self.events.append, "com.topic")
            house = self.config.extra
            house["sum"] = await self.call("com.add", 2, 3)
            try:
                await self.call("com.fail")
            except Exception as error:  # noqa: BLE001  # each library has its own class
                house["error"] = (error.error, error.args)
            self.publish("com.topic", b"\x00\x01")
            house["session"] = self

        def fail(self) -> None:
            raise ValueError("broken")

        def onDisconnect(self) -> None:
            self.config.extra["disconnected"] = True

    return Calculator


@pytest.mark.parametrize("base", [ApplicationSession, AutobahnSession], ids=["ours", "autobahn"])
def test_a_component_class_runs_unchanged(house, base):
    """It joins, registers, calls, and gets results and errors."""
    extra: dict[str, Any] = {}
    house.host(calculator(base), extra=extra)
    assert (5, ("wamp.error.runtime_error", ("broken",))) == (extra["sum"], extra["error"])


@pytest.mark.parametrize("base", [ApplicationSession, AutobahnSession], ids=["ours", "autobahn"])
def test_a_component_hears_events(house, base):
    """From network peers and from other components."""
    extra: dict[str, Any] = {}
    house.host(calculator(base), extra=extra)
    other: dict[str, Any] = {}
    house.host(publisher(base), extra=other)
    assert ["hello"] == extra["session"].events


def publisher(base: type[Any]) -> type[Any]:
    class Publisher(base):
        def onJoin(self, details: Any) -> None:
            self.publish("com.topic", "hello")

    return Publisher


@pytest.mark.parametrize("base", [ApplicationSession, AutobahnSession], ids=["ours", "autobahn"])
def test_a_component_that_is_cut_off_is_told(house, base):
    """onDisconnect, as with a network."""
    extra: dict[str, Any] = {}
    connection = house.host(calculator(base), extra=extra)
    connection.abort()
    house.turn()
    assert extra["disconnected"]


@pytest.mark.parametrize("base", [ApplicationSession, AutobahnSession], ids=["ours", "autobahn"])
def test_a_component_that_leaves_is_disconnected(house, base):
    """leave() ends the session, and then the connection."""
    extra: dict[str, Any] = {}
    connection = house.host(calculator(base), extra=extra)
    extra["session"].leave()
    house.turn()
    assert (True, False) == (extra["disconnected"], connection.is_open())


def test_autobahns_session_can_ask_its_transport(house):
    """What it may want to know or do."""
    extra: dict[str, Any] = {}
    house.host(calculator(AutobahnSession), extra=extra)
    transport = extra["session"]._transport
    assert transport.isOpen()
    assert transport.get_channel_id("tls-unique") is None
    transport.abort()
    assert not transport.isOpen()
