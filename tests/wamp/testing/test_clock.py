"""Time that passes only when a test says so."""

import pytest

from wamp.testing import clock as module
from wamp.testing.clock import Clock


def test_what_is_due_at_one_moment_happens_in_the_order_of_asking():
    clock, seen = Clock(), []
    for name in "abc":
        clock.callLater(1, seen.append, name)
    clock.move(1)
    clock.run()
    assert ["a", "b", "c"] == seen


def test_time_stops_at_each_thing_that_is_due():
    """So that what it asks for again comes in its time."""
    clock = Clock()
    clock.callLater(1, lambda: None)
    assert (False, 1.0) == (clock.move(5), clock.seconds())


def test_time_goes_on_when_nothing_is_due():
    clock = Clock()
    assert (True, 5.0) == (clock.move(5), clock.seconds())


def test_time_does_not_stop_at_what_was_taken_back():
    clock = Clock()
    clock.callLater(1, lambda: None).cancel()
    assert (True, 5.0) == (clock.move(5), clock.seconds())


def test_taking_back_what_is_over_does_nothing():
    clock, seen = Clock(), []
    timer = clock.callLater(0, seen.append, 1)
    clock.run()
    timer.cancel()
    assert ([1], False) == (seen, timer.active())


def test_something_that_is_due_for_ever_is_an_error(monkeypatch):
    """Instead of a test that hangs."""
    monkeypatch.setattr(module, "_MOST_AT_ONCE", 10)
    clock = Clock()

    def again():
        clock.call_soon(again)

    again()
    with pytest.raises(RuntimeError, match="10 things at one moment"):
        clock.run()


def test_a_thread_pool_does_its_work_at_once():
    told = []
    Clock().getThreadPool().callInThreadWithCallback(lambda *result: told.append(result), int, "7")
    assert [(True, 7)] == told


def test_a_thread_pool_tells_what_was_raised():
    told = []
    Clock().getThreadPool().callInThreadWithCallback(lambda *result: told.append(result), int, "x")
    [(success, failure)] = told
    assert (False, ValueError) == (success, failure.type)
