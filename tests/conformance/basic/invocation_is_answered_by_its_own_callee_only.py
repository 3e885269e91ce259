"""Nobody answers an invocation that it was not sent: that is a violation (basic profile, "Calling and Invocations")."""

import pytest

from tests.support.exchange import CALL, ERROR, INVOCATION, REGISTER, RESULT, YIELD, aborted

ANSWERS = [[YIELD, 1, {}], [YIELD, 1, {"progress": True}], [ERROR, INVOCATION, 1, {}, "com.error"]]


@pytest.mark.parametrize("answer", ANSWERS)
def test_foreign_invocation(exchange, answer):
    """Who tries is aborted, and the call is answered by whom it was for."""
    alice, bob, carol = map(exchange.join, ("alice", "bob", "carol"))
    bob.says(REGISTER, 1, {}, "com.add")
    alice.says(CALL, 7, {}, "com.add")
    assert {"carol": aborted()} == carol.says(*answer)
    assert {"alice": [[RESULT, 7, {}]]} == bob.says(YIELD, 1, {})


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_invocation(exchange, answer):
    """There never was one."""
    alice = exchange.join("alice")
    assert {"alice": aborted()} == alice.says(*answer)


@pytest.mark.parametrize("kind", [CALL, REGISTER, YIELD])
def test_error_for_something_else(exchange, kind):
    """A client sends ERROR for INVOCATION only."""
    alice = exchange.join("alice")
    assert {"alice": aborted()} == alice.says(ERROR, kind, 1, {}, "com.error")
