"""INTERRUPT ``killnowait`` for the callee of a caller that leaves, if it has announced ``call_canceling`` ("Caller Leaving")."""

import pytest

from tests.support.exchange import ALL, CALL, ERROR, GOODBYE, INTERRUPT, INVOCATION, PLAIN, REGISTER, YIELD


def called(exchange, roles):
    alice, bob = exchange.join("alice"), exchange.join("bob", roles)
    bob.says(REGISTER, 1, {}, "com.add")
    alice.says(CALL, 7, {}, "com.add")
    return alice, bob


def test_caller_says_goodbye(exchange):
    """In order."""
    alice, _ = called(exchange, ALL)
    assert [[INTERRUPT, 1, {"mode": "killnowait"}]] == alice.says(GOODBYE, {}, "wamp.close.close_realm")["bob"]


def test_caller_disappears(exchange):
    """Without a word."""
    alice, _ = called(exchange, ALL)
    assert {"bob": [[INTERRUPT, 1, {"mode": "killnowait"}]]} == alice.disappears()


def test_callee_cannot_be_interrupted(exchange):
    """It hears nothing that it has not announced to understand."""
    alice, _ = called(exchange, PLAIN)
    assert {} == alice.disappears()


@pytest.mark.parametrize("roles", [ALL, PLAIN])
@pytest.mark.parametrize("answer", [[YIELD, 1, {}], [ERROR, INVOCATION, 1, {}, "com.error"]])
def test_late_answer(exchange, roles, answer):
    """It is discarded, and is no violation."""
    alice, bob = called(exchange, roles)
    alice.disappears()
    assert {} == bob.says(*answer)
