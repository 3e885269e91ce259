"""Messages a second of one session."""

from typing import Any

import pytest

from tests.support.realm import Line, Mailbox, PlainWire
from tests.wamprouter.server.test_peer import JSON, ROLES, Router
from wamp.protocol.messages import Hello, Publish
from wamprouter.server.metering import MeteredPeer, RateLimit, peer_class
from wamprouter.server.peer import Peer


class MeteredLine(Line):
    """A connection that can be ended for what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.dismissed: list[str] = []

    def dismiss(self, reason: str, *, may_return: bool = False) -> None:
        self.dismissed.append(reason)


class Sender:
    """A session that publishes as long as it is read: 10 messages a second, 5 at once unless told otherwise."""

    def __init__(self, rate: int = 10, burst: int = 5, *, is_strict: bool = False) -> None:
        self.router = Router()
        self.clock = self.router.clock
        self.line = MeteredLine()
        self.over_rate = 0
        limit = RateLimit(rate, burst, self, self.clock.callLater, is_strict=is_strict, now=self.clock.seconds)
        self.mailbox = Mailbox(PlainWire(JSON), self.router.dispatcher.dirty)
        self.peer = MeteredPeer(limit, self.router.lobby, self.router.gate, self.line, JSON, self.mailbox)
        self.peer.receive(JSON.encode(Hello("realm1", ROLES)))
        self.acknowledged()

    def acknowledged(self) -> int:
        self.router.dispatcher.flush()
        return len(self.mailbox.empty())

    def publish(self, count: int) -> int:
        """Publish as often, but only while the connection is read; return how many messages have arrived of these."""
        for _ in range(count):
            if self.line.is_reading and not self.line.dismissed:
                self.peer.receive(JSON.encode(Publish(1, {"acknowledge": True}, "com.t")))
        return self.acknowledged()


def test_a_burst_is_taken_and_then_reading_stops():
    """The HELLO was the first message of it."""
    sender = Sender()
    assert 4 == sender.publish(100)
    assert (False, 1) == (sender.line.is_reading, sender.over_rate)


def test_it_is_read_again_when_it_may_send_again():
    """At the rate, in the long run."""
    sender = Sender()
    sender.publish(100)
    taken = 0
    for _ in range(1000):
        sender.clock.advance(0.01)
        taken += sender.publish(100)
    assert 99 <= taken <= 100


def test_who_keeps_to_the_rate_is_never_paused():
    """Whatever the number."""
    sender = Sender()
    for _ in range(1000):
        sender.clock.advance(0.1001)
        assert 1 == sender.publish(1)
        assert sender.line.is_reading
    assert 0 == sender.over_rate


def test_a_rest_brings_the_burst_back_and_no_more():
    """An hour of silence is no licence for a flood."""
    sender = Sender()
    sender.publish(100)
    sender.clock.advance(3600)
    assert 5 == sender.publish(100)


def test_a_slow_rate_is_one_too():
    """One message in a second."""
    sender = Sender(rate=1, burst=1)
    assert 0 == sender.publish(10)
    sender.clock.advance(0.9)
    assert 0 == sender.publish(10)
    sender.clock.advance(0.2)
    assert 1 == sender.publish(10)


def test_where_that_is_wanted_it_is_disconnected_instead():
    """At the first message that is too many, which is not taken."""
    sender = Sender(is_strict=True)
    assert 4 == sender.publish(4)
    assert [] == sender.line.dismissed
    assert 0 == sender.publish(1)
    assert ["more than 10 messages a second"] == sender.line.dismissed
    assert (True, 1) == (sender.line.is_reading, sender.over_rate)


def test_who_keeps_to_the_rate_is_not_disconnected():
    """Nor who comes back to it in time."""
    sender = Sender(is_strict=True)
    assert 4 == sender.publish(4)
    for _ in range(100):
        sender.clock.advance(0.1001)
        assert 1 == sender.publish(1)


@pytest.mark.parametrize("times", [1, 2])
def test_nothing_is_kept_of_who_is_gone(times):
    """A flood that is cut off must not stay in memory until its pause would end."""
    sender = Sender(rate=1)
    sender.publish(100)
    assert 1 == len(sender.clock.getDelayedCalls())
    for _ in range(times):
        sender.peer.lost()
    assert [] == sender.clock.getDelayedCalls()


def test_a_pause_of_its_own_does_not_end_that_of_others():
    """It is paused for a slow subscriber too, for example."""
    sender = Sender()
    sender.publish(100)
    sender.peer.pause_reading()
    sender.clock.advance(1)
    assert not sender.line.is_reading
    sender.peer.resume_reading()
    assert sender.line.is_reading


class Options:
    message_burst = 7
    on_excess: Any = "pause"

    def __init__(self, rate: int) -> None:
        self.message_rate = rate


def test_without_a_rate_nothing_is_counted():
    """Not even by a comparison."""
    sender = Sender()
    assert Peer is peer_class(RateLimit.of(Options(0), sender, sender.clock.callLater))
    limit = RateLimit.of(Options(3), sender, sender.clock.callLater)
    assert limit is not None
    assert (3, 7, False) == (limit.rate, limit.burst, limit.is_strict)
