"""How much one session may have of what the dealer keeps."""

import pytest

from tests.support.realm import Meeting
from wamp.protocol.messages import Call, Cancel, Error, Invocation, Register, Registered, Unregister, Yield
from wamprouter.realm.settings import Settings


def test_registrations_of_a_session_are_limited():
    """Others are not affected, and room comes back."""
    meeting = Meeting(settings=Settings(max_registrations=2))
    for number in (1, 2):
        meeting.send(meeting.bob, Register(number, {}, f"com.p{number}"))
    refusal = Error(Register.CODE, 3, {}, "wamp.error.limit_exceeded")
    assert [("bob", refusal)] == meeting.send(meeting.bob, Register(3, {}, "com.p3"))
    assert [("carol", Registered(1, 3))] == meeting.send(meeting.carol, Register(1, {}, "com.p3"))
    meeting.send(meeting.bob, Unregister(4, 1))
    assert [("bob", Registered(5, 4))] == meeting.send(meeting.bob, Register(5, {}, "com.p5"))


@pytest.mark.parametrize("options", [{"invoke": "first"}, {"invoke": "first", "force_reregister": True}])
def test_registering_again_is_no_more(options):
    """What a session has it may register again."""
    meeting = Meeting(settings=Settings(max_registrations=1))
    meeting.send(meeting.bob, Register(1, {"invoke": "first"}, "com.add"))
    [(_, heard)] = meeting.send(meeting.bob, Register(2, options, "com.add"))
    assert Registered is type(heard)


def test_the_router_itself_is_not_limited():
    """Who may register below wamp. was decided before."""
    meeting = Meeting(settings=Settings(max_registrations=1))
    for number in (1, 2):
        heard = meeting.send(meeting.bob, Register(number, {}, f"wamp.session.p{number}"))
        assert [("bob", Registered(number, number))] == heard


def test_calls_of_a_session_are_limited():
    """Those in flight: room comes back with the answer."""
    meeting = Meeting(settings=Settings(max_calls=2))
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    for request in (1, 2):
        meeting.send(meeting.alice, Call(request, {}, "com.add"))
    refusal = Error(Call.CODE, 3, {}, "wamp.error.limit_exceeded")
    assert [("alice", refusal)] == meeting.send(meeting.alice, Call(3, {}, "com.add"))
    assert [("bob", Invocation(3, 1, {}))] == meeting.send(meeting.carol, Call(1, {}, "com.add"))
    meeting.send(meeting.bob, Yield(1, {}))
    assert [("bob", Invocation(4, 1, {}))] == meeting.send(meeting.alice, Call(3, {}, "com.add"))


def test_cancelled_calls_cost_nothing():
    """Also if the callee never says anything: what it would say is discarded anyway."""
    meeting = Meeting()
    dora = meeting.join("dora", features=())
    meeting.send(dora, Register(1, {}, "com.add"))
    for request in range(1, 100):
        meeting.send(meeting.alice, Call(request, {}, "com.add"))
        meeting.send(meeting.alice, Cancel(request, {"mode": "skip"}))
    assert ({}, {}) == (meeting.alice.calls, dora.invocations)
