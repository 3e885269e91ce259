"""What a caller hears of its own CANCEL: its ERROR, or nothing if it has forgotten the call by then."""

import pytest

from tests.support.realm import ALL_FEATURES, Meeting
from wamp.protocol.messages import Call, Cancel, Error, Interrupt, Register, Result, Yield
from wamprouter.realm.settings import Settings

CANCELED = ("eve", Error(Call.CODE, 1, {}, "wamp.error.canceled"))


def cancelled(reply, options, *, is_js=False, features=ALL_FEATURES):
    """Eve, who may be autobahn-js, cancels a call of Dora, who has these features."""
    meeting = Meeting(settings=Settings(cancel_reply=reply))
    meeting.dora = meeting.join("dora", features=features)
    meeting.eve = meeting.join("eve")
    meeting.eve.is_autobahn_js = is_js
    meeting.send(meeting.dora, Register(1, {}, "com.add"))
    meeting.send(meeting.eve, Call(1, {}, "com.add"))
    return meeting, meeting.send(meeting.eve, Cancel(1, options))


def interrupts(mode):
    return [] if mode == "skip" else [("dora", Interrupt(1, {"mode": mode or "killnowait"}))]


@pytest.mark.parametrize("mode", [None, "skip", "killnowait"])
@pytest.mark.parametrize(
    ("reply", "is_js", "is_answered"),
    [
        ("auto", False, True),
        ("auto", True, False),
        ("spec", False, True),
        ("spec", True, True),
        ("quiet", False, False),
        ("quiet", True, False),
    ],
)
def test_who_is_answered_at_once(mode, reply, is_js, is_answered):
    """By default all but autobahn-js; the callee is told in any case."""
    _, heard = cancelled(reply, {"mode": mode} if mode else {}, is_js=is_js)
    assert [*interrupts(mode), *([CANCELED] if is_answered else [])] == heard


@pytest.mark.parametrize("mode", ["skip", "killnowait"])
def test_a_quietly_cancelled_call_is_over(mode):
    """What the callee still says is discarded, and the id is free."""
    meeting, _ = cancelled("quiet", {"mode": mode})
    assert [] == meeting.send(meeting.dora, Yield(1, {}))
    assert {} == meeting.eve.calls


@pytest.mark.parametrize("reply", ["auto", "spec", "quiet"])
def test_a_killed_call_is_answered_by_its_callee(reply):
    """autobahn-js waits for that."""
    meeting, heard = cancelled(reply, {"mode": "kill"}, is_js=True)
    assert interrupts("kill") == heard
    assert [("eve", Result(1, {}))] == meeting.send(meeting.dora, Yield(1, {}))


@pytest.mark.parametrize("reply", ["auto", "spec", "quiet"])
def test_a_call_that_cannot_be_killed_is_answered(reply):
    """Whoever asked for kill waits; and nobody else will answer."""
    _, heard = cancelled(reply, {"mode": "kill"}, is_js=True, features=())
    assert [CANCELED] == heard
