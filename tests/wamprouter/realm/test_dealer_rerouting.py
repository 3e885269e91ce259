"""Callees that are unavailable, and who is asked instead (advanced profile, "Call Re-Routing")."""

import itertools

import pytest

from tests.support.realm import ALL_FEATURES, Meeting, pack
from wamp.protocol.messages import Call, Cancel, Error, Interrupt, Invocation, Register, Result, Unregister, Yield

ABLE = ALL_FEATURES | {
    "callee.call_reroute",
    "callee.call_timeout",
    "caller.progressive_call_invocations",
    "callee.progressive_call_invocations",
}
NOBODY = ("alice", Error(Call.CODE, 1, {}, "wamp.error.no_available_callee"))
UNAVAILABLE = ("alice", Error(Call.CODE, 1, {}, "wamp.error.unavailable"))


def shared(invoke="first", *, features=ABLE, **options) -> Meeting:
    """Dora, Erin and Frank share com.add, in this order."""
    meeting = Meeting()
    for name in ("dora", "erin", "frank"):
        session = meeting.join(name, features=features)
        setattr(meeting, name, session)
        meeting.send(session, Register(1, {"invoke": invoke, **options}, "com.add"))
    return meeting


def call(meeting, options=None):
    [(name, _)] = meeting.send(meeting.alice, Call(1, options or {}, "com.add", pack(1)))
    return name


def turned_down(meeting, name, invocation=1):
    """Let somebody be unavailable; return who hears what."""
    session = getattr(meeting, name)
    return meeting.send(session, Error(Invocation.CODE, invocation, {}, "wamp.error.unavailable", pack("busy")))


@pytest.mark.parametrize(
    ("invoke", "names"),
    [
        ("first", ["dora", "erin", "frank"]),
        ("last", ["frank", "erin", "dora"]),
        ("roundrobin", ["dora", "erin", "frank"]),
        ("random", ["dora", "erin", "frank"]),
    ],
)
def test_each_callee_is_asked_once(invoke, names):
    """By the rules of the policy, with the payload as it came; then the caller hears that there is nobody."""
    meeting = shared(invoke)
    assert names[0] == call(meeting)
    for name, following in itertools.pairwise(names):
        assert [(following, Invocation(1, 1, {}, pack(1)))] == turned_down(meeting, name)
    assert [NOBODY] == turned_down(meeting, names[-1])
    assert not any(session.invocations for session in meeting.names)


def test_a_round_begins_anywhere():
    """And ends with who was before."""
    meeting = shared("roundrobin")
    for request in (8, 9):
        meeting.send(meeting.bob, Call(request, {}, "com.add"))
    names = [call(meeting)]
    while (heard := turned_down(meeting, names[-1], getattr(meeting, names[-1]).invocation_ids.last)) != [NOBODY]:
        names.append(heard[0][0])
    assert ["frank", "dora", "erin"] == names


def test_random_asks_no_one_twice():
    """Among those that are left, by chance."""
    meeting = shared("random")
    meeting.choice = 1
    assert "erin" == call(meeting)
    assert ["frank"] == [name for name, _ in turned_down(meeting, "erin")]
    assert ["dora"] == [name for name, _ in turned_down(meeting, "frank")]


def test_the_one_who_answers_answers():
    """Whoever was asked before has no say any more, and that is no violation."""
    meeting = shared()
    call(meeting)
    turned_down(meeting, "dora")
    assert [] == meeting.send(meeting.dora, Yield(1, {}))
    assert [("alice", Result(1, {}, pack(3)))] == meeting.send(meeting.erin, Yield(1, {}, pack(3)))


@pytest.mark.parametrize("options", [{}, {"timeout": 1000}])
def test_a_single_callee_has_no_other(options):
    """The caller hears the same as when all are unavailable."""
    meeting = Meeting()
    meeting.dora = meeting.join("dora", features=ABLE)
    meeting.send(meeting.dora, Register(1, {}, "com.add"))
    assert "dora" == call(meeting, options)
    assert [NOBODY] == turned_down(meeting, "dora")


@pytest.mark.parametrize("invoke", ["first", "last", "roundrobin", "random"])
def test_a_callee_that_has_not_announced_it_just_has_an_error(invoke):
    """The caller gets it as it is."""
    meeting = shared(invoke, features=ALL_FEATURES)
    name = call(meeting)
    assert [("alice", Error(Call.CODE, 1, {}, "wamp.error.unavailable"))] == turned_down(meeting, name)


def test_any_other_error_is_an_answer():
    """Also of one that has announced it."""
    meeting = shared()
    call(meeting)
    error = Error(Invocation.CODE, 1, {}, "com.unavailable", pack())
    assert [("alice", Error(Call.CODE, 1, {}, "com.unavailable", pack()))] == meeting.send(meeting.dora, error)


def test_after_progress_nobody_else_is_asked():
    """The caller has got a part of the answer."""
    meeting = shared()
    call(meeting, {"receive_progress": True})
    meeting.send(meeting.dora, Yield(1, {"progress": True}))
    assert [UNAVAILABLE] == turned_down(meeting, "dora")


def test_a_killed_call_is_not_rerouted():
    """The caller wants to be rid of it."""
    meeting = shared()
    call(meeting)
    meeting.send(meeting.alice, Cancel(1, {"mode": "kill"}))
    assert [UNAVAILABLE] == turned_down(meeting, "dora")


@pytest.mark.parametrize("mode", ["skip", "killnowait"])
def test_an_answered_call_is_not_rerouted(mode):
    """Nobody waits for it; also if the callee was limited, and so is remembered."""
    meeting = shared(concurrency=1)
    call(meeting)
    meeting.send(meeting.alice, Cancel(1, {"mode": mode}))
    assert [] == turned_down(meeting, "dora")


def test_who_has_left_meanwhile_is_not_asked():
    """Nor who has unregistered."""
    meeting = shared()
    call(meeting)
    meeting.leave(meeting.erin)
    meeting.send(meeting.frank, Unregister(2, 1))
    assert [NOBODY] == turned_down(meeting, "dora")


def test_a_registration_may_be_gone_meanwhile():
    """Then there is nobody."""
    meeting = shared()
    call(meeting)
    for session in (meeting.dora, meeting.erin, meeting.frank):
        meeting.send(session, Unregister(2, 1))
    assert [NOBODY] == turned_down(meeting, "dora")


def test_who_has_come_meanwhile_is_asked():
    """It may be able to."""
    meeting = shared()
    call(meeting)
    meeting.send(meeting.bob, Register(1, {"invoke": "first"}, "com.add"))
    for name in ("dora", "erin"):
        turned_down(meeting, name)
    assert ["bob"] == [name for name, _ in turned_down(meeting, "frank")]


def test_who_is_busy_is_not_asked():
    """Its limit holds, and the one that was unavailable has room again."""
    meeting = shared(concurrency=1)
    for request in (7, 8):
        meeting.send(meeting.bob, Call(request, {}, "com.add"))
    assert "frank" == call(meeting)
    meeting.send(meeting.erin, Yield(1, {}))
    assert ["erin"] == [name for name, _ in turned_down(meeting, "frank")]
    assert ["frank"] == [name for name, _ in meeting.send(meeting.bob, Call(9, {}, "com.add"))]


def test_the_deadline_keeps_running():
    """It is the caller's, and whoever has the call then is interrupted."""
    meeting = shared()
    call(meeting, {"timeout": 1000})
    meeting.wait(0.6)
    turned_down(meeting, "dora")
    late = ("alice", Error(Call.CODE, 1, {}, "wamp.error.timeout"))
    assert [("erin", Interrupt(1, {"mode": "killnowait"})), late] == meeting.wait(0.4)


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True)])
def test_each_callee_looks_after_the_time_as_it_wants(first, second):
    """Who does so is told; for who does not the dealer counts, from the call."""
    meeting = Meeting()
    for name, forward in (("dora", first), ("erin", second)):
        setattr(meeting, name, meeting.join(name, features=ABLE))
        options = {"invoke": "first", "forward_timeout": forward}
        meeting.send(getattr(meeting, name), Register(1, options, "com.add"))
    call(meeting, {"timeout": 1000})
    meeting.wait(0.6)
    details = {"timeout": 1000} if second else {}
    assert [("erin", Invocation(1, 1, details, pack(1)))] == turned_down(meeting, "dora")
    assert (None if second else 1.0) == meeting.realm.next_deadline()


def test_a_progressive_call_goes_to_another_callee_whole_or_not_at_all():
    """Before its second part yes, after it no: the other callee would lack the first."""
    for is_continued in (False, True):
        meeting = shared()
        grace = meeting.join("grace", features=ABLE)
        first = Call(1, {"progress": True}, "com.add", pack(1))
        meeting.send(grace, first)
        if is_continued:
            meeting.send(grace, Call(1, {"progress": True}, "com.add", pack(2)))
            nobody = ("grace", Error(Call.CODE, 1, {}, "wamp.error.no_available_callee"))
            assert [nobody] == turned_down(meeting, "dora")
        else:
            assert [("erin", Invocation(1, 1, {"progress": True}, pack(1)))] == turned_down(meeting, "dora")
            part = meeting.send(grace, Call(1, {}, "com.add", pack(2)))
            assert [("erin", Invocation(1, 1, {}, pack(2)))] == part
