"""A call that takes longer than its milliseconds is ``wamp.error.timeout`` (advanced profile, "Call Timeouts")."""

import pytest

from tests.support.exchange import (
    ABLE,
    CALL,
    CANCEL,
    ERROR,
    INTERRUPT,
    INVOCATION,
    REGISTER,
    RESULT,
    YIELD,
    Id,
    refused,
    without,
)

LATE = refused(CALL, 1, "wamp.error.timeout")
STOP = [INTERRUPT, 1, {"mode": "killnowait"}]
SKIPPED = without(ABLE, "callee.call_canceling")


def joined(exchange, *, callee=ABLE, registering=None, realm="realm1"):
    """Alice may call Bob."""
    alice, bob = exchange.join("alice", ABLE, realm=realm), exchange.join("bob", callee, realm=realm)
    bob.says(REGISTER, 1, registering or {}, "com.add")
    return alice, bob


def late(alice, options, seconds):
    """Let Alice call, and wait until she hears something; return who has heard what since the call."""
    heard = alice.says(CALL, 1, options, "com.add")
    while "alice" not in heard:
        for name, messages in alice.waits(seconds).items():
            heard.setdefault(name, []).extend(messages)
    return heard


def test_late(exchange):
    """The caller has an error of its own kind, and the callee is told to stop, and not what the timeout is."""
    alice, _ = joined(exchange)
    heard = late(alice, {"timeout": 10}, 0.01)
    assert {"alice": [LATE], "bob": [[INVOCATION, 1, Id(), {}], STOP]} == heard


def test_callee_without_call_canceling(exchange):
    """It is not told, and the caller has its error all the same."""
    alice, _ = joined(exchange, callee=SKIPPED)
    heard = late(alice, {"timeout": 10}, 0.01)
    assert {"alice": [LATE], "bob": [[INVOCATION, 1, Id(), {}]]} == heard


@pytest.mark.parametrize("callee", [ABLE, SKIPPED])
@pytest.mark.parametrize("answer", [[YIELD, 1, {}], [ERROR, INVOCATION, 1, {}, "com.error"]])
def test_late_answer(exchange, callee, answer):
    """It is discarded."""
    alice, bob = joined(exchange, callee=callee)
    late(alice, {"timeout": 10}, 0.01)
    assert {} == bob.says(*answer)


@pytest.mark.parametrize("timeout", [0, 60_000, 2**53])
def test_answer_in_time(exchange, timeout):
    """0 is no timeout, and the longest one is no time at all for a router."""
    alice, bob = joined(exchange)
    alice.says(CALL, 1, {"timeout": timeout}, "com.add")
    assert {"alice": [[RESULT, 1, {}]]} == bob.says(YIELD, 1, {})


def test_negative(exchange):
    """It is no time."""
    alice, _ = joined(exchange)
    refusal = refused(CALL, 1, "wamp.error.invalid_argument")
    assert {"alice": [refusal]} == alice.says(CALL, 1, {"timeout": -1}, "com.add")


def test_left_to_the_callee(exchange):
    """Which has announced and asked for that."""
    alice, _ = joined(exchange, registering={"forward_timeout": True})
    heard = alice.says(CALL, 1, {"timeout": 5000}, "com.add")
    assert {"bob": [[INVOCATION, 1, Id(), {"timeout": 5000}]]} == heard


@pytest.mark.parametrize(
    ("callee", "registering"),
    [(ABLE, {}), (ABLE, {"forward_timeout": False}), (without(ABLE, "callee.call_timeout"), {"forward_timeout": True})],
)
def test_not_left_to_the_callee(exchange, callee, registering):
    """If one of both is missing, the dealer does it."""
    alice, _ = joined(exchange, callee=callee, registering=registering)
    heard = late(alice, {"timeout": 10}, 0.01)
    assert {"alice": [LATE], "bob": [[INVOCATION, 1, Id(), {}], STOP]} == heard


@pytest.mark.parametrize("options", [{}, {"timeout": 0}, {"timeout": 5}])
def test_realm_with_a_limit(exchange, options):
    """It holds for all calls; this one counts timeouts in seconds, so that 5 is far above it."""
    alice, _ = joined(exchange, realm="lenient")
    heard = late(alice, options, 0.02)
    assert {"alice": [LATE], "bob": [[INVOCATION, 1, Id(), {}], STOP]} == heard


# With time that passes only when somebody waits


def test_to_the_millisecond(timeless):
    """Not before, and then at once."""
    alice, _ = joined(timeless)
    alice.says(CALL, 1, {"timeout": 1500}, "com.add")
    assert {} == alice.waits(1.499)
    assert {"alice": [LATE], "bob": [STOP]} == alice.waits(0.001)


def test_answered(timeless):
    """Nothing comes afterwards."""
    alice, bob = joined(timeless)
    alice.says(CALL, 1, {"timeout": 1000}, "com.add")
    bob.says(YIELD, 1, {})
    assert {} == alice.waits(2)


def test_killed_call(timeless):
    """The callee may take its time with it, but not more."""
    alice, _ = joined(timeless)
    alice.says(CALL, 1, {"timeout": 1000}, "com.add")
    assert {"bob": [[INTERRUPT, 1, {"mode": "kill"}]]} == alice.says(CANCEL, 1, {"mode": "kill"})
    assert {"alice": [LATE]} == alice.waits(1)


def test_progress(timeless):
    """Each result gives as much time for the next one ("Progressive Call Results", "Timeouts")."""
    alice, bob = joined(timeless)
    alice.says(CALL, 1, {"timeout": 1000, "receive_progress": True}, "com.add")
    for _ in range(3):
        assert {} == alice.waits(0.9)
        assert {"alice": [[RESULT, 1, {"progress": True}]]} == bob.says(YIELD, 1, {"progress": True})
    assert {} == alice.waits(0.9)
    assert {"alice": [LATE], "bob": [STOP]} == alice.waits(0.1)


def test_realm_that_counts_seconds(timeless):
    """The callee is told milliseconds, and not more of them than the realm gives."""
    alice, _ = joined(timeless, registering={"forward_timeout": True}, realm="lenient")
    heard = alice.says(CALL, 1, {"timeout": 5}, "com.add")
    assert {"bob": [[INVOCATION, 1, Id(), {"timeout": 20}]]} == heard
