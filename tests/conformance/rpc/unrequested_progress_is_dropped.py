"""Progressive results are for who asks, from who can be stopped (advanced profile, "Progressive Call Results")."""

import pytest

from tests.support.exchange import ABLE, CALL, INVOCATION, REGISTER, RESULT, YIELD, Id, without

PROGRESS = {"progress": True}
ASKING = {"receive_progress": True}


def called(exchange, options, *, callee=ABLE):
    alice, bob = exchange.join("alice", ABLE), exchange.join("bob", callee)
    bob.says(REGISTER, 1, {}, "com.add")
    return bob, alice.says(CALL, 7, options, "com.add")


def test_requested(exchange):
    """The callee is told, and each result handed on; the last one is not progress."""
    bob, heard = called(exchange, ASKING)
    assert {"bob": [[INVOCATION, 1, Id(), ASKING]]} == heard
    for number in (1, 2):
        assert {"alice": [[RESULT, 7, PROGRESS, [number]]]} == bob.says(YIELD, 1, PROGRESS, [number])
    assert {"alice": [[RESULT, 7, {}]]} == bob.says(YIELD, 1, {})
    assert {} == bob.says(YIELD, 1, PROGRESS)


@pytest.mark.parametrize("options", [{}, {"receive_progress": False}])
def test_not_requested(exchange, options):
    """It is not handed on, and the call goes on."""
    bob, heard = called(exchange, options)
    assert {"bob": [[INVOCATION, 1, Id(), {}]]} == heard
    assert {} == bob.says(YIELD, 1, PROGRESS, [1])
    assert {"alice": [[RESULT, 7, {}, [2]]]} == bob.says(YIELD, 1, {"progress": False}, [2])


@pytest.mark.parametrize("feature", ["progressive_call_results", "call_canceling"])
def test_callee_that_cannot(exchange, feature):
    """Who lacks one of both features is not asked, and nothing it sends counts as progress."""
    bob, heard = called(exchange, ASKING, callee=without(ABLE, f"callee.{feature}"))
    assert {"bob": [[INVOCATION, 1, Id(), {}]]} == heard
    assert {} == bob.says(YIELD, 1, PROGRESS, [1])
    assert {"alice": [[RESULT, 7, {}]]} == bob.says(YIELD, 1, {})
