"""The outbound queue of a connection: what is written when, what waits, and who is slowed down for it."""

import pytest
from twisted.internet.task import Clock

from tests.support.realm import Line
from tests.support.sockets import Socket
from wamprouter.server.outbox import STALL, Outbox, write_now


class Feeder(Line):
    """Somebody who can be paused."""


class Stand:
    """An outbox on a socket, a clock, and what is due to be flushed."""

    def __init__(self, socket: Socket | None = None, *, high_water: int = 10, limit: int = 100) -> None:
        self.socket = socket or Socket()
        self.clock = Clock()
        self.dirty: list[Outbox] = []
        self.expelled: list[str] = []
        self.outbox = Outbox(
            self.socket,
            None,
            self.dirty,
            high_water=high_water,
            limit=limit,
            call_later=self.clock.callLater,
            on_expel=self.expelled.append,
        )

    def send(self, data: bytes) -> None:
        self.outbox.append(data)
        self.outbox.flush()


def blocked(**options: int) -> Stand:
    """An outbox whose socket has taken two of four bytes."""
    stand = Stand(Socket(room=2), **options)
    stand.send(b"abcd")
    return stand


# Writing


def test_nothing_is_written_before_a_flush():
    """Everything that one read leads to leaves together."""
    stand = Stand()
    stand.outbox.append(b"ab")
    stand.outbox.append(b"cd")
    assert (b"", 4) == (stand.socket.sent, stand.outbox.queued)


def test_a_flush_is_one_write():
    """However many frames there are."""
    stand = Stand()
    stand.outbox.append(b"ab")
    stand.outbox.append(b"cd")
    stand.outbox.flush()
    assert (b"abcd", 1, 0) == (stand.socket.sent, stand.socket.writes, stand.outbox.queued)


def test_who_has_something_to_send_is_listed_once():
    """The dispatcher flushes those who are listed."""
    stand = Stand()
    stand.outbox.append(b"ab")
    stand.outbox.append(b"cd")
    assert [stand.outbox] == stand.dirty


def test_flushing_nothing_writes_nothing():
    """An empty queue costs nothing."""
    stand = Stand()
    stand.outbox.flush()
    assert 0 == stand.socket.writes


@pytest.mark.parametrize("room", range(5))
def test_what_the_socket_does_not_take_waits(room):
    """And is counted."""
    stand = Stand(Socket(room=room))
    stand.send(b"abcd")
    assert (b"abcd"[:room], 4 - room) == (stand.socket.sent, stand.outbox.queued)


@pytest.mark.parametrize("room", range(5))
def test_nothing_is_lost_or_out_of_order(room):
    """Wherever the socket stops taking, and whatever is added meanwhile."""
    stand = Stand(Socket(room=room))
    stand.send(b"abcd")
    stand.send(b"ef")
    stand.socket.drain()
    stand.send(b"gh")
    assert (b"abcdefgh", 0) == (stand.socket.sent, stand.outbox.queued)


def test_nothing_is_written_while_the_socket_is_full():
    """It waits here, where it is counted, and not in the transport's buffer."""
    stand = blocked()
    stand.send(b"ef")
    assert (1, 4, 2) == (stand.socket.writes, stand.outbox.queued, stand.socket.kept)


def test_a_socket_may_become_full_again():
    """Each time what waits is counted anew."""
    stand = blocked()
    stand.send(b"efgh")
    stand.socket.drain(room=3)  # two of "cd", one of "efgh"
    assert (b"abcde", 3) == (stand.socket.sent, stand.outbox.queued)
    stand.socket.drain()
    assert (b"abcdefgh", 0) == (stand.socket.sent, stand.outbox.queued)


def test_what_the_transport_has_of_others_goes_first():
    """A close frame or a ping that it still holds must not be overtaken."""
    stand = Stand()
    stand.socket.write(b"ping")
    stand.send(b"abcd")
    stand.socket.drain()
    assert b"pingabcd" == stand.socket.sent


def test_a_lost_connection_is_reported_by_the_transport():
    """Writing to it is no error here: everything goes to the transport, which finds out."""
    stand = Stand()
    stand.socket.is_lost = True
    stand.send(b"abcd")
    assert 4 == stand.socket.kept


# Slowing down


def test_who_feeds_a_long_queue_is_paused():
    """Until the peer has read enough."""
    stand, feeder = blocked(), Feeder()
    stand.outbox.throttle(feeder)
    assert not feeder.is_reading
    stand.socket.drain()
    assert feeder.is_reading


def test_whoever_feeds_it_is_paused_once():
    """However often it feeds."""
    stand, paused = blocked(), []
    feeder = Feeder()
    feeder.pause_reading = lambda: paused.append(feeder)
    stand.outbox.throttle(feeder)
    stand.outbox.throttle(feeder)
    assert [feeder] == paused


def test_all_who_feed_it_go_on_together():
    """When the queue is short again."""
    stand, feeders = blocked(), [Feeder(), Feeder()]
    for feeder in feeders:
        stand.outbox.throttle(feeder)
    stand.socket.drain()
    assert [True, True] == [feeder.is_reading for feeder in feeders]


def test_a_queue_that_is_still_long_goes_on_slowing_down():
    """Half of the high-water mark is where feeders are let go."""
    stand, feeder = blocked(high_water=10), Feeder()
    stand.send(b"0123456789")
    stand.outbox.throttle(feeder)
    stand.socket.drain(room=4)  # leaves eight
    assert not feeder.is_reading
    stand.socket.drain(room=11)
    assert feeder.is_reading


def test_a_queue_that_leaves_at_once_slows_down_nobody():
    """It was long, but the socket has taken it all: nobody else would tell."""
    stand, feeder = Stand(), Feeder()
    stand.outbox.append(b"0123456789")
    stand.outbox.throttle(feeder)
    stand.outbox.flush()
    assert feeder.is_reading


def test_a_peer_that_does_not_read_at_all_slows_down_nobody():
    """After a while it is on its own."""
    stand, feeder = blocked(), Feeder()
    stand.outbox.throttle(feeder)
    stand.clock.advance(STALL)
    assert feeder.is_reading


def test_a_peer_that_has_stalled_does_not_slow_down_again():
    """Until it has read something."""
    stand, feeder = blocked(), Feeder()
    stand.outbox.throttle(feeder)
    stand.clock.advance(STALL)
    stand.outbox.throttle(feeder)
    assert feeder.is_reading


def test_a_peer_that_reads_again_slows_down_again():
    """The stall is over."""
    stand, feeder = blocked(), Feeder()
    stand.outbox.throttle(feeder)
    stand.clock.advance(STALL)
    stand.socket.drain(room=2)
    stand.send(b"0123456789")
    stand.outbox.throttle(feeder)
    assert not feeder.is_reading


def test_a_peer_that_reads_slowly_goes_on_slowing_down():
    """A little in every while is not nothing."""
    stand, feeder = blocked(high_water=10), Feeder()
    stand.send(b"x" * 90)
    stand.outbox.throttle(feeder)
    for _ in range(5):
        stand.clock.advance(STALL * 0.9)
        stand.socket.drain(room=1)
    assert not feeder.is_reading


def test_there_is_one_clock_however_often_it_slows_down():
    """Pausing and going on many times in a short while leaves no pile of timers."""
    stand, feeder = blocked(), Feeder()
    for _ in range(100):
        stand.outbox.throttle(feeder)
        stand.socket.drain(room=stand.socket.kept)
        stand.send(b"0123456789")
    assert 1 == len(stand.clock.getDelayedCalls())


def test_the_clock_stops_when_nobody_is_slowed_down():
    """Nothing is left to look after."""
    stand, feeder = blocked(), Feeder()
    stand.outbox.throttle(feeder)
    stand.socket.drain()
    stand.clock.advance(STALL)
    assert [] == stand.clock.getDelayedCalls()


# The end


def test_a_closed_outbox_slows_down_nobody():
    """Neither those whom it did nor others."""
    stand, before, after = blocked(), Feeder(), Feeder()
    stand.outbox.throttle(before)
    stand.outbox.close()
    stand.outbox.throttle(after)
    assert [True, True] == [before.is_reading, after.is_reading]


def test_a_closed_outbox_takes_nothing():
    """What comes later is forgotten, and does not count."""
    stand = Stand()
    stand.outbox.close()
    stand.send(b"abcd")
    assert (b"", 0) == (stand.socket.sent, stand.outbox.queued)


def test_a_closed_outbox_lets_the_transport_close():
    """A transport waits for its producer; what it has in its buffer still goes out."""
    stand = blocked()
    stand.send(b"ef")
    stand.outbox.close()
    assert stand.socket.producer is None
    stand.socket.drain()
    assert b"abcd" == stand.socket.sent


def test_closing_twice_is_closing_once():
    """The transport and the session may both end it."""
    stand = blocked()
    stand.outbox.close()
    stand.outbox.close()
    assert stand.socket.producer is None


def test_a_transport_that_fails_closes_the_outbox():
    """Twisted says stopProducing."""
    stand, feeder = blocked(), Feeder()
    stand.outbox.throttle(feeder)
    stand.outbox.stopProducing()
    assert feeder.is_reading


def test_what_is_discarded_is_not_sent():
    """Except what the transport has already."""
    stand = blocked()
    stand.send(b"ef")
    stand.outbox.discard()
    assert 2 == stand.outbox.queued
    stand.socket.drain()
    assert b"abcd" == stand.socket.sent


def test_who_must_go_is_told_to_its_connection():
    """With the reason."""
    stand = Stand()
    stand.outbox.expel("too slow")
    assert ["too slow"] == stand.expelled


# What is known of a slow peer


def test_a_peer_that_takes_what_waits_is_draining():
    """Every byte counts, asked from time to time."""
    stand = blocked()
    stand.outbox.is_draining()
    assert not stand.outbox.is_draining()
    stand.socket.drain(room=1)
    assert stand.outbox.is_draining()
    assert not stand.outbox.is_draining()


def test_a_peer_for_which_nothing_waits_is_not_draining():
    """There is nothing to take."""
    stand = blocked()
    stand.socket.drain()
    assert not stand.outbox.is_draining()


@pytest.mark.parametrize(("room", "left"), [(0, 4), (3, 1), (4, 0)])
def test_writing_at_once_tells_what_is_left(room, left):
    """In the transport's buffer, from where it goes out later."""
    socket = Socket(room=room)
    assert left == write_now(socket, b"abcd")
    socket.drain()
    assert b"abcd" == socket.sent
