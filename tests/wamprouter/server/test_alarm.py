"""The timer of a realm: set, set earlier, and set again."""

import pytest
from twisted.internet.task import Clock

from tests.support.realm import Mailbox, Meeting, PlainWire
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import Call, Error, Register
from wamprouter.server.alarm import Alarm
from wamprouter.server.dispatch import Dispatcher


class Waiting:
    """A meeting whose time is a clock's, in which Dora calls Bob."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.dispatcher = Dispatcher(lambda action: self.clock.callLater(0, action))
        alarm = Alarm(self.dispatcher, self.clock.callLater, self.clock.seconds)
        self.meeting = Meeting(now=self.clock.seconds, wake=alarm.wake)
        alarm.realm = self.meeting.realm
        self.mailbox = Mailbox(PlainWire(CODECS["json"]), self.dispatcher.dirty)
        self.dora = self.meeting.join("dora", link=self.mailbox)
        self.bob = self.meeting.join("bob", features=(), link=self.mailbox)
        self.meeting.send(self.bob, Register(1, {}, "com.add"))

    def call(self, request: int, timeout: int) -> None:
        self.meeting.send(self.dora, Call(request, {"timeout": timeout}, "com.add"))

    def late(self) -> list[int]:
        """Return which calls were found to be late since the last time."""
        found = self.mailbox.empty()
        assert all(isinstance(error, Error) and error.error == "wamp.error.timeout" for error in found)
        return [error.request for error in found]

    @property
    def timers(self) -> list[float]:
        return [timer.getTime() for timer in self.clock.getDelayedCalls()]


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


def test_without_deadlines_there_is_no_timer(waiting):
    """Nothing is waited for."""
    assert [] == waiting.timers


def test_a_late_call_is_answered_and_sent(waiting):
    """Without anybody else doing anything."""
    waiting.call(1, 1500)
    waiting.clock.advance(1.4)
    assert [] == waiting.late()
    waiting.clock.advance(0.1)
    assert [1] == waiting.late()
    assert [] == waiting.timers


def test_there_is_one_timer(waiting):
    """For the earliest of all calls, and then for the next."""
    for request, timeout in enumerate((3000, 1000, 2000), 1):
        waiting.call(request, timeout)
    assert [1.0] == waiting.timers
    waiting.clock.advance(1)
    assert [2] == waiting.late()
    assert [2.0] == waiting.timers
    waiting.clock.advance(1)
    waiting.clock.advance(1)
    assert [3, 1] == waiting.late()


def test_a_long_time_is_slept_in_pieces(waiting):
    """An event loop does not take any number."""
    waiting.call(1, 2**53)
    assert [3600.0] == waiting.timers
    waiting.clock.advance(3600)
    assert [7200.0] == waiting.timers
    assert [] == waiting.late()


def test_what_is_late_already_is_answered_in_the_next_turn(waiting):
    """Time does not go backwards."""
    waiting.call(1, 1)
    waiting.meeting.realm.dealer._wake(-5.0)
    assert [0.0] == waiting.timers
