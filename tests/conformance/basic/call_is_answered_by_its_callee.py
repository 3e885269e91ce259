"""A call goes to the callee and its RESULT or ERROR comes back, with the payload as it was (basic profile, "Calling")."""

import pytest

from tests.support.exchange import CALL, ERROR, INVOCATION, REGISTER, RESULT, YIELD, refused


@pytest.fixture
def called(exchange):
    """Bob has registered com.add, Alice has called it: her request 7, his invocation 1."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    [[_, _, registration]] = bob.says(REGISTER, 1, {}, "com.add")["bob"]
    heard = alice.says(CALL, 7, {}, "com.add", [1, 2], {"a": "b"})
    assert {"bob": [[INVOCATION, 1, registration, {}, [1, 2], {"a": "b"}]]} == heard
    return alice, bob


def test_result(called):
    """From YIELD to RESULT."""
    _, bob = called
    assert {"alice": [[RESULT, 7, {}, [3], {"exact": True}]]} == bob.says(YIELD, 1, {}, [3], {"exact": True})


def test_error(called):
    """With the callee's own URI."""
    _, bob = called
    assert {"alice": [[ERROR, CALL, 7, {}, "com.error", ["no"]]]} == bob.says(
        ERROR, INVOCATION, 1, {}, "com.error", ["no"]
    )


def test_no_such_procedure(exchange):
    """There is none."""
    alice = exchange.join("alice")
    assert {"alice": [refused(CALL, 1, "wamp.error.no_such_procedure")]} == alice.says(CALL, 1, {}, "com.none")


@pytest.mark.parametrize(
    "late", [[YIELD, 1, {}], [YIELD, 1, {"progress": True}], [ERROR, INVOCATION, 1, {}, "com.error"]]
)
def test_second_answer(called, late):
    """It is discarded, and is no violation."""
    _, bob = called
    bob.says(YIELD, 1, {})
    assert {} == bob.says(*late)
