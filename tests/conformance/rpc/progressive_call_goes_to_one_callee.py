"""A call in parts: who may make one, who gets it, and what is discarded (advanced profile, "Progressive Call Invocations")."""

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
    aborted,
    refused,
    without,
)

PROGRESS = {"progress": True}


def joined(exchange, *, caller=ABLE, callee=ABLE):
    """Alice may call Bob."""
    alice, bob = exchange.join("alice", caller), exchange.join("bob", callee)
    bob.says(REGISTER, 1, {}, "com.add")
    return alice, bob


def test_parts(exchange):
    """The same ids for all of them, and progress for all but the last."""
    alice, bob = joined(exchange)
    registration = Id()
    for number, options in enumerate((PROGRESS, PROGRESS, {"progress": False})):
        details = PROGRESS if options is PROGRESS else {}
        heard = alice.says(CALL, 7, options, "com.add", [number])
        assert {"bob": [[INVOCATION, 1, registration, details, [number]]]} == heard
    assert {"alice": [[RESULT, 7, {}]]} == bob.says(YIELD, 1, {})


def test_other_calls_in_between(exchange):
    """They have other ids."""
    alice, _ = joined(exchange)
    ids = [alice.says(CALL, n, PROGRESS, "com.add")["bob"][0][1] for n in (1, 2, 1, 3, 2, 1)]
    assert [1, 2, 1, 3, 2, 1] == ids


def test_shared_registration(exchange):
    """The policy chooses once for each call."""
    for name in ("bob", "carol"):
        exchange.join(name, ABLE).says(REGISTER, 1, {"invoke": "roundrobin"}, "com.add")
    alice = exchange.join("alice", ABLE)
    names = [next(iter(alice.says(CALL, n, PROGRESS, "com.add"))) for n in (1, 2, 1, 2, 2, 1)]
    assert ["bob", "carol", "bob", "carol", "carol", "bob"] == names


def test_caller_has_not_announced_it(exchange):
    """A violation, and the callee hears nothing."""
    alice, _ = joined(exchange, caller=without(ABLE, "caller.progressive_call_invocations"))
    assert {"alice": aborted()} == alice.says(CALL, 7, PROGRESS, "com.add")


@pytest.mark.parametrize("feature", ["progressive_call_invocations", "call_canceling"])
def test_callee_has_not_announced_it(exchange, feature):
    """An error for the caller, and one only, whatever it has sent on by then."""
    alice, _ = joined(exchange, callee=without(ABLE, f"callee.{feature}"))
    refusal = refused(CALL, 7, "wamp.error.feature_not_supported")
    assert {"alice": [refusal]} == alice.says(CALL, 7, PROGRESS, "com.add")
    assert {} == alice.says(CALL, 7, PROGRESS, "com.add")
    assert {} == alice.says(CALL, 7, {}, "com.add")


def test_progress_false(exchange):
    """Is a call like any other, for everybody."""
    features = ("caller.progressive_call_invocations", "callee.progressive_call_invocations")
    alice, _ = joined(exchange, caller=without(ABLE, *features), callee=without(ABLE, *features))
    assert {"bob": [[INVOCATION, 1, Id(), {}]]} == alice.says(CALL, 7, {"progress": False}, "com.add")


def test_options_are_frozen(exchange):
    """Those of the first part hold, others are neither forwarded nor acted on."""
    alice, bob = joined(exchange)
    identity = {"caller": alice.session, "caller_authid": Any(), "caller_authrole": "anonymous"}
    alice.says(CALL, 7, {**PROGRESS, "disclose_me": True}, "com.add")
    heard = alice.says(CALL, 7, {**PROGRESS, "receive_progress": True, "timeout": 1}, "com.add")
    assert {"bob": [[INVOCATION, 1, Id(), {**identity, **PROGRESS}]]} == heard
    assert {} == bob.says(YIELD, 1, PROGRESS)


class Any:
    """Equal to any text."""

    def __eq__(self, other):
        return isinstance(other, str)

    __hash__ = None


def test_both_directions(exchange):
    """Parts and progressive results may cross."""
    alice, bob = joined(exchange)
    alice.says(CALL, 7, {**PROGRESS, "receive_progress": True}, "com.add", [1])
    assert {"alice": [[RESULT, 7, PROGRESS, ["a"]]]} == bob.says(YIELD, 1, PROGRESS, ["a"])
    details = {"receive_progress": True}
    assert {"bob": [[INVOCATION, 1, Id(), details, [2]]]} == alice.says(CALL, 7, {}, "com.add", [2])
    assert {"alice": [[RESULT, 7, PROGRESS, ["b"]]]} == bob.says(YIELD, 1, PROGRESS, ["b"])
    assert {"alice": [[RESULT, 7, {}]]} == bob.says(YIELD, 1, {})


@pytest.mark.parametrize("answer", [[YIELD, 1, {}], [ERROR, INVOCATION, 1, {}, "com.error"]])
def test_sent_on_after_the_end(exchange, answer):
    """It crosses the answer on its way, and is discarded without a word. Then the id is free."""
    alice, bob = joined(exchange)
    alice.says(CALL, 7, PROGRESS, "com.add")
    bob.says(*answer)
    for options in (PROGRESS, PROGRESS, {}):
        assert {} == alice.says(CALL, 7, options, "com.add")
    assert {"bob": [[INVOCATION, 2, Id(), {}]]} == alice.says(CALL, 7, {}, "com.add")


@pytest.mark.parametrize("mode", ["skip", "killnowait", "kill"])
def test_sent_on_after_cancel(exchange, mode):
    """The callee is not bothered with it."""
    alice, _ = joined(exchange)
    alice.says(CALL, 7, PROGRESS, "com.add")
    alice.says(CANCEL, 7, {"mode": mode})
    assert {} == alice.says(CALL, 7, PROGRESS, "com.add")


def test_after_the_last_part(exchange):
    """The call is in flight, and nothing can follow."""
    alice, _ = joined(exchange)
    alice.says(CALL, 7, PROGRESS, "com.add")
    alice.says(CALL, 7, {}, "com.add")
    assert aborted() == alice.says(CALL, 7, PROGRESS, "com.add")["alice"]


@pytest.mark.parametrize("options", [PROGRESS, {}])
def test_duplicate_of_a_plain_call(exchange, options):
    """Is no continuation, and its payload is not handed to the callee of the first."""
    alice, _ = joined(exchange)
    alice.says(CALL, 7, {}, "com.add")
    heard = alice.says(CALL, 7, options, "com.add", ["secret"])
    assert aborted() == heard["alice"]
    assert [[INTERRUPT, 1, {"mode": "killnowait"}]] == heard["bob"]


def test_another_procedure(exchange):
    """Nor does a call go on with another procedure."""
    alice, _ = joined(exchange)
    alice.says(CALL, 7, PROGRESS, "com.add")
    assert aborted() == alice.says(CALL, 7, PROGRESS, "com.mul")["alice"]


def test_caller_leaves(exchange):
    """In the middle: the callee is interrupted."""
    alice, _ = joined(exchange)
    alice.says(CALL, 7, PROGRESS, "com.add")
    heard = alice.disappears()
    assert {"bob": [[INTERRUPT, 1, {"mode": "killnowait"}]]} == heard
