"""The connections of one listener: who is let in, who is late, who is silent, who is dropped."""

from collections.abc import Callable

import pytest

from wamprouter.server.admission import Admission, AdmissionLimits, NoRoom
from wamprouter.server.connections import Connections, Limits, address_of
from wamprouter.server.proxies import Proxies
from wamprouter.server.turns import Turns

LIMITS = {"handshake": 2.0, "hello": 5.0, "authentication": 3.0, "ping_interval": 10.0, "ping_timeout": 4.0}
START = 1000.0


class Connection:
    """A connection as the listener sees it."""

    def __init__(self, *, is_shaken: bool = True, is_idle: bool = False) -> None:
        self.limits = Limits(**LIMITS)
        self.opened_at = self.heard_at = START
        self.idle_since = START if is_idle else 0.0
        self.pinged_at = 0.0
        self.is_shaken = is_shaken
        self.is_idle = is_idle
        self.is_silenced = False
        self.authenticating_since = 0.0
        self.address = "192.0.2.1"
        self.kind, self.ending = "websocket", ""
        self.place: str | None = None
        self.drains = self.cut = False
        self.pings = 0
        self.dropped = ""

    def is_cut(self) -> bool:
        return self.cut

    def is_draining(self) -> bool:
        return self.drains

    def ping(self) -> None:
        self.pings += 1

    def drop(self, reason: str) -> None:
        self.dropped = reason


def call_soon(action: Callable[[], None]) -> None:
    raise AssertionError("nobody waits for a turn here")


def call_later(delay: float, action: Callable[[], None]) -> None:
    raise AssertionError("nobody takes long here")


class Listener:
    """Connections and a clock that is turned by hand."""

    def __init__(self, connection: Connection | None = None, *, maximum: int = 3, **limits: float) -> None:
        self.now = START
        self.admission = Admission(AdmissionLimits(connections_per_address=2), lambda: self.now)
        self.connections = Connections(
            maximum,
            lambda: self.now,
            self.admission,
            Turns(call_soon, lambda: self.now, call_later),
            Proxies(["192.0.2.9"]),
        )
        if connection is not None:
            connection.limits = Limits(**{**LIMITS, **limits})
            self.connections.add(connection)

    def look(self, at: float) -> None:
        """Look at all connections, so many seconds after the start."""
        self.now = START + at
        self.connections.sweep()


@pytest.mark.parametrize(("at", "reason"), [(2.0, ""), (2.1, "the opening handshake took too long")])
def test_a_handshake_must_be_done_in_time(at, reason):
    """Who connects and says nothing does not stay."""
    connection = Connection(is_shaken=False, is_idle=True)
    Listener(connection).look(at)
    assert reason == connection.dropped


@pytest.mark.parametrize(("at", "reason"), [(5.0, ""), (5.1, "no HELLO in time")])
def test_a_hello_must_come_in_time(at, reason):
    """Who never says HELLO does not stay."""
    connection = Connection(is_idle=True)
    Listener(connection).look(at)
    assert reason == connection.dropped


def test_who_says_goodbye_has_time_for_another_hello():
    """However long its session was: the time begins when there is none."""
    connection = Connection()
    listener = Listener(connection, ping_interval=0)
    listener.look(3600)
    connection.is_idle = True
    listener.look(3601)
    listener.look(3606)
    assert "" == connection.dropped
    listener.look(3606.1)
    assert "no HELLO in time" == connection.dropped


def test_who_has_joined_may_be_idle_for_ever():
    """With pings it is known to be alive."""
    connection = Connection()
    listener = Listener(connection)
    for at in range(0, 100_000, 10):
        connection.heard_at = START + at
        listener.look(at + 5)
    assert "" == connection.dropped


@pytest.mark.parametrize(("at", "pings"), [(10.0, 0), (10.1, 1)])
def test_who_is_silent_is_pinged(at, pings):
    """After the interval."""
    connection = Connection()
    Listener(connection).look(at)
    assert pings == connection.pings


def test_who_is_silent_is_pinged_once():
    """And then its answer is awaited."""
    connection = Connection()
    listener = Listener(connection)
    for at in (10.1, 11, 12, 14):
        listener.look(at)
    assert (1, "") == (connection.pings, connection.dropped)


def test_who_does_not_answer_a_ping_is_dropped():
    """Half-open connections are found so."""
    connection = Connection()
    listener = Listener(connection)
    listener.look(10.1)
    listener.look(14.2)
    assert "no answer to a ping" == connection.dropped


def test_anything_that_is_heard_answers_a_ping():
    """Not only a pong."""
    connection = Connection()
    listener = Listener(connection)
    listener.look(10.1)
    connection.heard_at = START + 12
    listener.look(14.2)
    assert ("", 0.0) == (connection.dropped, connection.pinged_at)


def test_the_next_silence_is_pinged_again():
    """An interval after what was heard last."""
    connection = Connection()
    listener = Listener(connection)
    listener.look(10.1)
    connection.heard_at = START + 12
    listener.look(22)
    assert 1 == connection.pings
    listener.look(22.1)
    assert 2 == connection.pings


@pytest.mark.parametrize("why", ["is_silenced", "drains"])
def test_whose_silence_is_our_doing_is_not_dropped(why):
    """We do not read from it, or it is busy with what we have sent."""
    connection = Connection()
    listener = Listener(connection)
    listener.look(10.1)
    setattr(connection, why, True)
    for at in range(11, 100):
        listener.look(at)
    assert "" == connection.dropped


@pytest.mark.parametrize(("is_silenced", "reason"), [(True, "the peer has cut the connection"), (False, "")])
def test_who_is_cut_off_while_it_is_not_read_is_dropped(is_silenced, reason):
    """The event loop does not tell. Of one that is read it does, after everything that has come."""
    connection = Connection()
    connection.is_silenced, connection.cut = is_silenced, True
    Listener(connection).look(1)
    assert reason == connection.dropped


@pytest.mark.parametrize("at", [1, 100, 100_000])
def test_a_time_out_of_zero_is_none(at):
    """Each can be switched off."""
    strangers = [Connection(is_shaken=False, is_idle=True), Connection(is_idle=True), Connection()]
    listener = Listener()
    for connection in strangers:
        connection.limits = Limits(handshake=0, hello=0, authentication=0, ping_interval=0, ping_timeout=0)
        listener.connections.add(connection)
    listener.look(at)
    assert [("", 0)] * 3 == [(connection.dropped, connection.pings) for connection in strangers]


def test_pings_without_a_time_out_only_keep_the_connection_open():
    """For proxies that close silent ones."""
    connection = Connection()
    listener = Listener(connection, ping_timeout=0)
    listener.look(10.1)
    listener.look(100_000)
    assert ("", 1) == (connection.dropped, connection.pings)


def test_who_is_dropped_is_counted():
    """What statistics show."""
    listener = Listener(Connection(is_idle=True))
    listener.connections.add(Connection())
    listener.look(6)
    assert 1 == listener.connections.timed_out


def test_each_has_the_time_outs_of_its_kind():
    """A listener may have WebSocket and RawSocket, each with its own."""
    patient, impatient = Connection(is_idle=True), Connection(is_idle=True)
    listener = Listener(impatient)
    listener.connections.add(patient)
    patient.limits = Limits(**{**LIMITS, "hello": 60.0})
    listener.look(6)
    assert ("", "no HELLO in time") == (patient.dropped, impatient.dropped)


def test_dropping_one_does_not_disturb_the_look_at_the_others():
    """A connection that is dropped takes itself off the list."""
    listener = Listener()
    late = [Connection(is_idle=True) for _ in range(3)]
    for connection in late:
        listener.connections.add(connection)
        connection.drop = lambda _, connection=connection: listener.connections.discard(connection)
    listener.look(6)
    assert 0 == len(listener.connections)


class Crowd(Listener):
    """Connections that come and go."""

    def come(self, address: str = "192.0.2.1", *, forwarded_for: str = "") -> Connection:
        """Let one come; without a place if there is none."""
        connection = Connection()
        connection.address = address
        try:
            connection.place = self.connections.enter(address)
            self.connections.locate(connection, forwarded_for)
        except NoRoom as refusal:
            connection.dropped = f"{refusal.status} {refusal}"
        self.connections.add(connection)
        return connection


TOO_MANY = "503 too many connections"
TOO_MANY_OF_YOU = "429 too many connections from your address"


def test_there_is_room_for_so_many():
    """Connections that are not looked after, those of HTTP, count as well."""
    crowd = Crowd()
    crowd.connections.enter("192.0.2.1")
    assert ["", "", TOO_MANY] == [crowd.come(f"192.0.2.{number}").dropped for number in (2, 3, 4)]
    assert 1 == crowd.connections.refused


def test_who_is_gone_makes_room():
    """And may be reported gone twice."""
    crowd = Crowd(maximum=1)
    first = crowd.come()
    for _ in range(2):
        crowd.connections.discard(first)
    assert ["", TOO_MANY] == [crowd.come().dropped for _ in range(2)]


def test_who_is_turned_away_takes_no_place():
    """It stays only until it has been told so."""
    crowd = Crowd(maximum=1)
    first, second = crowd.come(), crowd.come()
    crowd.connections.discard(second)
    assert TOO_MANY == crowd.come().dropped
    crowd.connections.discard(first)
    assert "" == crowd.come().dropped


def test_an_address_has_so_many_of_the_places():
    """The third one of it is refused, and not those of others."""
    crowd = Crowd()
    assert ["", "", TOO_MANY_OF_YOU] == [crowd.come().dropped for _ in range(3)]
    assert (1, 1) == (crowd.connections.refused, crowd.admission.refused_by_address)
    assert "" == crowd.come("192.0.2.2").dropped


def test_a_hundred_are_told_and_the_others_cut():
    """A flood of connections beyond the limit costs no memory: nobody is looked after who has no place."""
    crowd = Crowd(maximum=1)
    crowd.come()
    verdicts = []
    for _ in range(150):
        stranger = Connection()
        verdicts.append(crowd.connections.add(stranger))
    assert [True] * 100 + [False] * 50 == verdicts


def test_a_proxy_that_is_trusted_says_for_whom_it_connects():
    """Its clients are counted, and not the proxy."""
    crowd = Crowd(maximum=10)
    named = [crowd.come("192.0.2.9", forwarded_for="198.51.100.1") for _ in range(3)]
    assert ["", "", TOO_MANY_OF_YOU] == [connection.dropped for connection in named]
    assert "198.51.100.1" == named[0].address
    assert [""] * 3 == [crowd.come("192.0.2.9").dropped for _ in range(3)]


def test_anybody_else_says_that_in_vain():
    """What it says changes nothing."""
    crowd = Crowd()
    assert "192.0.2.1" == crowd.come("192.0.2.1", forwarded_for="198.51.100.1").address


def test_the_places_of_proxied_clients_are_given_back():
    """Each under the address that it was counted for."""
    crowd = Crowd(maximum=10)
    for _ in range(5):
        clients = [crowd.come("192.0.2.9", forwarded_for="198.51.100.1") for _ in range(3)]
        for client in clients:
            crowd.connections.discard(client)
    assert (0, 0, {}) == (crowd.connections.occupied, crowd.admission.connections, crowd.admission._by_address)


@pytest.mark.parametrize(("at", "reason"), [(13.0, ""), (13.1, "the authentication took too long")])
def test_authentication_must_come_to_an_end(at, reason):
    """From the HELLO on, which came after ten seconds here."""
    connection = Connection()
    listener = Listener(connection, ping_interval=0)
    connection.authenticating_since = START + 10
    listener.look(at)
    assert reason == connection.dropped


class Host:
    def __init__(self, host: str) -> None:
        self.host = host


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        (Host("192.0.2.1"), "192.0.2.1"),
        (Host("2001:db8::1"), "2001:db8::1"),
        (Host("fe80::1%eth0"), "fe80::1"),
        (Host("::ffff:192.0.2.1"), "192.0.2.1"),
        (object(), "unix"),
    ],
)
def test_an_address_is_written_in_one_way(peer, address):
    """Whatever the port that it came by."""
    assert address == address_of(peer)


@pytest.mark.parametrize(
    ("limits", "period"),
    [
        ({}, 1.0),
        ({"handshake": 0, "authentication": 0}, 2.0),
        ({"handshake": 0.1}, 0.25),
        ({"handshake": 0, "hello": 0, "authentication": 0, "ping_interval": 0, "ping_timeout": 0}, 60.0),
    ],
)
def test_the_shortest_time_out_says_how_often_to_look(limits, period):
    """Each is kept within half of it, and looking costs little."""
    assert period == Limits(**{**LIMITS, **limits}).period
