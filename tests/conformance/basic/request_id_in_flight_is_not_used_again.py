"""A CALL with the id of one that is not answered is a violation; afterwards the id is free (basic profile, "IDs")."""

from tests.support.exchange import CALL, INVOCATION, REGISTER, RESULT, YIELD, aborted


def test_in_flight(exchange):
    """It is not taken for a continuation, and the callee hears nothing of it but the end of the first."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    bob.says(REGISTER, 1, {}, "com.add")
    alice.says(CALL, 7, {}, "com.add")
    heard = alice.says(CALL, 7, {}, "com.add")
    assert aborted() == heard["alice"]
    assert INVOCATION not in [message[0] for message in heard["bob"]]


def test_answered(exchange):
    """Request ids need not be sequential."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    [[_, _, registration]] = bob.says(REGISTER, 1, {}, "com.add")["bob"]
    for invocation in (1, 2):
        assert {"bob": [[INVOCATION, invocation, registration, {}]]} == alice.says(CALL, 7, {}, "com.add")
        assert {"alice": [[RESULT, 7, {}]]} == bob.says(YIELD, invocation, {})
