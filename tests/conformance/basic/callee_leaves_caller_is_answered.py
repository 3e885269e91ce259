"""A caller whose callee leaves gets ERROR canceled; UNREGISTER alone cancels nothing (basic profile, "Callee Leaving")."""

import pytest

from tests.support.exchange import CALL, ERROR, GOODBYE, REGISTER, RESULT, UNREGISTER, UNREGISTERED, YIELD, Id, refused


@pytest.fixture
def called(exchange):
    alice, bob = exchange.join("alice"), exchange.join("bob")
    registration = Id()
    [[_, _, number]] = bob.says(REGISTER, 1, {}, "com.add")["bob"]
    assert registration == number
    alice.says(CALL, 7, {}, "com.add")
    return alice, bob, registration


def test_callee_says_goodbye(called):
    """In order."""
    _, bob, _ = called
    heard = bob.says(GOODBYE, {}, "wamp.close.close_realm")
    assert [refused(CALL, 7, "wamp.error.canceled")] == heard["alice"]


def test_callee_disappears(called):
    """Without a word."""
    _, bob, _ = called
    assert {"alice": [refused(CALL, 7, "wamp.error.canceled")]} == bob.disappears()


def test_callee_breaks_the_rules(called):
    """It is aborted, which is leaving too."""
    _, bob, _ = called
    assert [refused(CALL, 7, "wamp.error.canceled")] == bob.says(YIELD, 99, {})["alice"]


def test_callee_unregisters(called):
    """The running invocation goes on, and new calls find nothing."""
    alice, bob, registration = called
    assert {"bob": [[UNREGISTERED, 2]]} == bob.says(UNREGISTER, 2, registration)
    assert {"alice": [refused(CALL, 8, "wamp.error.no_such_procedure")]} == alice.says(CALL, 8, {}, "com.add")
    assert {"alice": [[RESULT, 7, {}, [3]]]} == bob.says(YIELD, 1, {}, [3])


def test_error_type(called):
    """The error is for CALL, with the caller's request id."""
    _, bob, _ = called
    assert [ERROR, CALL, 7] == bob.disappears()["alice"][0][:3]
