"""What caller and callee hear of a CANCEL with ``skip``, ``kill``, ``killnowait`` (advanced profile, "Call Canceling")."""

import pytest

from tests.support.exchange import (
    ABLE,
    CALL,
    CANCEL,
    ERROR,
    HELLO,
    INTERRUPT,
    INVOCATION,
    PLAIN,
    REGISTER,
    RESULT,
    WELCOME,
    YIELD,
    Id,
    refused,
)

CANCELED = refused(CALL, 7, "wamp.error.canceled")
ANSWERS = [[YIELD, 1, {}], [ERROR, INVOCATION, 1, {}, "com.error"]]


def called(exchange, *, caller=ABLE, callee=ABLE, realm="realm1", options=None):
    alice, bob = exchange.join("alice", caller, realm=realm), exchange.join("bob", callee, realm=realm)
    bob.says(REGISTER, 1, {}, "com.add")
    alice.says(CALL, 7, options or {}, "com.add")
    return alice, bob


def interrupt(mode):
    return [INTERRUPT, 1, {"mode": mode}]


@pytest.mark.parametrize("answer", ANSWERS)
def test_skip(exchange, answer):
    """The caller is answered at once, the callee hears nothing, and what it says later is discarded."""
    alice, bob = called(exchange)
    assert {"alice": [CANCELED]} == alice.says(CANCEL, 7, {"mode": "skip"})
    assert {} == bob.says(*answer)


@pytest.mark.parametrize("options", [{}, {"mode": "killnowait"}])
@pytest.mark.parametrize("answer", ANSWERS)
def test_killnowait(exchange, options, answer):
    """The caller is answered at once, and the callee interrupted; the mode may be left out."""
    alice, bob = called(exchange)
    assert {"alice": [CANCELED], "bob": [interrupt("killnowait")]} == alice.says(CANCEL, 7, options)
    assert {} == bob.says(*answer)


def test_killnowait_of_a_stream(exchange):
    """One INTERRUPT, whatever the callee goes on saying."""
    alice, bob = called(exchange, options={"receive_progress": True})
    alice.says(CANCEL, 7, {"mode": "killnowait"})
    for _ in range(3):
        assert {} == bob.says(YIELD, 1, {"progress": True})


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        ([YIELD, 1, {}, [3]], [RESULT, 7, {}, [3]]),
        ([ERROR, INVOCATION, 1, {}, "wamp.error.canceled"], [ERROR, CALL, 7, {}, "wamp.error.canceled"]),
        ([ERROR, INVOCATION, 1, {}, "com.error", [3]], [ERROR, CALL, 7, {}, "com.error", [3]]),
    ],
)
def test_kill(exchange, answer, heard):
    """The caller waits for what the callee says first: also for a RESULT."""
    alice, bob = called(exchange)
    assert {"bob": [interrupt("kill")]} == alice.says(CANCEL, 7, {"mode": "kill"})
    assert {"alice": [heard]} == bob.says(*answer)


def test_progress_after_kill(exchange):
    """It is dropped: the caller waits for the end."""
    alice, bob = called(exchange, options={"receive_progress": True})
    alice.says(CANCEL, 7, {"mode": "kill"})
    assert {} == bob.says(YIELD, 1, {"progress": True})


def test_callee_leaves_after_kill(exchange):
    """The caller does not wait for ever."""
    alice, bob = called(exchange)
    alice.says(CANCEL, 7, {"mode": "kill"})
    assert [CANCELED] == bob.disappears()["alice"]


@pytest.mark.parametrize("mode", ["skip", "killnowait"])
def test_out_of_patience(exchange, mode):
    """Who waits for a killed call may cancel it again, and wait no more. The callee has been told already."""
    alice, bob = called(exchange)
    alice.says(CANCEL, 7, {"mode": "kill"})
    assert {"alice": [CANCELED]} == alice.says(CANCEL, 7, {"mode": mode})
    assert {} == bob.says(YIELD, 1, {})


@pytest.mark.parametrize("options", [{}, {"mode": "skip"}, {"mode": "kill"}, {"mode": "killnowait"}])
def test_callee_without_call_canceling(exchange, options):
    """Every mode is skip then: it is sent no message that it does not know."""
    alice, bob = called(exchange, callee=PLAIN)
    assert {"alice": [CANCELED]} == alice.says(CANCEL, 7, options)
    assert {} == bob.says(YIELD, 1, {})


@pytest.mark.parametrize("mode", ["skip", "kill", "killnowait"])
@pytest.mark.parametrize("request_id", [7, 99])
def test_nothing_to_cancel(exchange, mode, request_id):
    """CANCEL may cross the answer on its way, which is no violation; nor is a request that never was."""
    alice, bob = called(exchange)
    bob.says(YIELD, 1, {})
    assert {} == alice.says(CANCEL, request_id, {"mode": mode})


@pytest.mark.parametrize("mode", ["skip", "kill", "killnowait"])
def test_foreign_call(exchange, mode):
    """A request id is the session's own."""
    _, bob = called(exchange)
    carol = exchange.join("carol")
    assert {} == carol.says(CANCEL, 7, {"mode": mode})
    assert {"alice": [[RESULT, 7, {}]]} == bob.says(YIELD, 1, {})


# Clients that have forgotten the call by then

LIKE_AUTOBAHN_JS = {
    "caller": {
        "features": {"caller_identification": True, "call_canceling": True, "progressive_call_results": True},
    },
    "callee": {"features": {"progressive_call_results": True}},
}
LIKE_AUTOBAHN_PYTHON = {
    **LIKE_AUTOBAHN_JS,
    "caller": {"features": {**LIKE_AUTOBAHN_JS["caller"]["features"], "payload_transparency": True}},
}


def joined(exchange, roles, **details):
    alice, bob = exchange.connect("alice"), exchange.join("bob", ABLE)
    [(kind, *_)] = alice.says(HELLO, "realm1", {"roles": roles, **details})["alice"]
    assert kind == WELCOME
    bob.says(REGISTER, 1, {}, "com.add")
    alice.says(CALL, 7, {}, "com.add")
    return alice, bob


@pytest.mark.parametrize("mode", ["skip", "killnowait"])
def test_autobahn_js(exchange, mode):
    """It takes the immediate answer for a violation and closes, so it gets none."""
    alice, bob = joined(exchange, LIKE_AUTOBAHN_JS)
    assert "alice" not in alice.says(CANCEL, 7, {"mode": mode})
    assert {} == bob.says(YIELD, 1, {})
    assert {"bob": [[INVOCATION, 2, Id(), {}]]} == alice.says(CALL, 8, {}, "com.add")


def test_autobahn_js_that_waits(exchange):
    """With mode kill it does, and has its answer."""
    alice, bob = joined(exchange, LIKE_AUTOBAHN_JS)
    assert {"bob": [interrupt("kill")]} == alice.says(CANCEL, 7, {"mode": "kill"})
    assert {"alice": [[RESULT, 7, {}]]} == bob.says(YIELD, 1, {})


@pytest.mark.parametrize(("roles", "details"), [(LIKE_AUTOBAHN_JS, {"agent": "mine"}), (LIKE_AUTOBAHN_PYTHON, {})])
def test_near_misses(exchange, roles, details):
    """Others wait for it."""
    alice, _ = joined(exchange, roles, **details)
    assert {"alice": [CANCELED]} == alice.says(CANCEL, 7, {"mode": "skip"})


@pytest.mark.parametrize("mode", ["skip", "killnowait"])
def test_quiet_realm(timeless, mode):
    """Where the operator says so, nobody is answered at once."""
    alice, _ = called(timeless, realm="lenient")
    assert "alice" not in alice.says(CANCEL, 7, {"mode": mode})
