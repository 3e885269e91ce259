"""The connections of one listener: who is late, who is silent, who is dropped."""

import pytest

from wamprouter.server.connections import Connections, Limits

LIMITS = {"handshake": 2.0, "hello": 5.0, "ping_interval": 10.0, "ping_timeout": 4.0}
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
        self.is_paused = False
        self.drains = False
        self.pings = 0
        self.dropped = ""

    def is_draining(self) -> bool:
        return self.drains

    def ping(self) -> None:
        self.pings += 1

    def drop(self, reason: str) -> None:
        self.dropped = reason


class Listener:
    """Connections and a clock that is turned by hand."""

    def __init__(self, connection: Connection | None = None, *, maximum: int = 3, **limits: float) -> None:
        self.now = START
        self.connections = Connections(maximum, lambda: self.now)
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


@pytest.mark.parametrize("why", ["is_paused", "drains"])
def test_whose_silence_is_our_doing_is_not_dropped(why):
    """We do not read from it, or it is busy with what we have sent."""
    connection = Connection()
    listener = Listener(connection)
    listener.look(10.1)
    setattr(connection, why, True)
    for at in range(11, 100):
        listener.look(at)
    assert "" == connection.dropped


@pytest.mark.parametrize("at", [1, 100, 100_000])
def test_a_time_out_of_zero_is_none(at):
    """Each can be switched off."""
    strangers = [Connection(is_shaken=False, is_idle=True), Connection(is_idle=True), Connection()]
    listener = Listener()
    for connection in strangers:
        connection.limits = Limits(handshake=0, hello=0, ping_interval=0, ping_timeout=0)
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


def test_there_is_room_for_so_many():
    """Connections of HTTP on the same port count as well."""
    listener = Listener()
    listener.connections.add(Connection())
    listener.connections.others = 1
    assert not listener.connections.is_full
    listener.connections.add(Connection())
    assert listener.connections.is_full


def test_who_is_gone_makes_room():
    """And may be reported gone twice."""
    connection = Connection()
    listener = Listener(connection, maximum=1)
    listener.connections.discard(connection)
    listener.connections.discard(connection)
    assert not listener.connections.is_full


@pytest.mark.parametrize(
    ("limits", "period"),
    [
        ({}, 1.0),
        ({"handshake": 0}, 2.0),
        ({"handshake": 0.1}, 0.25),
        ({"handshake": 0, "hello": 0, "ping_interval": 0, "ping_timeout": 0}, 60.0),
    ],
)
def test_the_shortest_time_out_says_how_often_to_look(limits, period):
    """Each is kept within half of it, and looking costs little."""
    assert period == Limits(**{**LIMITS, **limits}).period
