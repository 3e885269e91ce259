"""Calls that are not answered in time (advanced profile, "Call Timeouts"). Time passes only if a test says so."""

import pytest

from tests.support.realm import ALL_FEATURES, Meeting
from wamp.protocol.messages import Call, Cancel, Error, Interrupt, Invocation, Register, Result, Yield
from wamprouter.realm.settings import Settings

TIMEOUT = Error(Call.CODE, 1, {}, "wamp.error.timeout")
STOP = Interrupt(1, {"mode": "killnowait"})
FORWARDING = ALL_FEATURES | {"callee.call_timeout"}


def called(timeout=1000, *, features=ALL_FEATURES, registering=None, calling=None, **settings) -> Meeting:
    """Dora, who has these features, is invoked by Alice with this timeout."""
    meeting = Meeting(settings=Settings(**settings))
    dora = meeting.dora = meeting.join("dora", features=features)
    meeting.send(dora, Register(1, registering or {}, "com.add"))
    options = {} if timeout is None else {"timeout": timeout}
    [(_, meeting.invocation)] = meeting.send(meeting.alice, Call(1, {**options, **(calling or {})}, "com.add"))
    return meeting


def test_a_late_call_is_an_error():
    """Of its own kind, after that many milliseconds and not before; the callee is told to stop."""
    meeting = called(1000)
    assert [] == meeting.wait(0.999)
    assert [("dora", STOP), ("alice", TIMEOUT)] == meeting.wait(0.001)


def test_a_callee_that_cannot_be_interrupted_is_skipped():
    """The caller has its answer all the same."""
    assert [("alice", TIMEOUT)] == called(1000, features=()).wait(1)


@pytest.mark.parametrize("features", [ALL_FEATURES, ()])
@pytest.mark.parametrize("answer", [Yield(1, {}), Error(Invocation.CODE, 1, {}, "com.error")])
def test_a_late_answer_is_discarded(features, answer):
    """That is no violation."""
    meeting = called(1000, features=features)
    meeting.wait(1)
    assert [] == meeting.send(meeting.dora, answer)


@pytest.mark.parametrize("answer", [Yield(1, {}), Error(Invocation.CODE, 1, {}, "com.error")])
def test_an_answered_call_is_not_late(answer):
    """Its deadline is forgotten."""
    meeting = called(1000)
    meeting.send(meeting.dora, answer)
    assert None is meeting.realm.next_deadline()
    assert [] == meeting.wait(10)


@pytest.mark.parametrize("timeout", [0, None])
def test_without_a_timeout_a_call_is_never_late(timeout):
    """0 stands for none."""
    meeting = called(timeout)
    assert None is meeting.realm.next_deadline()
    assert [] == meeting.wait(1e9)


def test_a_negative_timeout_is_refused():
    """It means nothing."""
    meeting = Meeting()
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    refusal = Error(Call.CODE, 1, {}, "wamp.error.invalid_argument")
    assert [("alice", refusal)] == meeting.send(meeting.alice, Call(1, {"timeout": -1}, "com.add"))


def test_a_timeout_beyond_all_time_is_one():
    """The largest integer that a serializer has, and more, does no harm."""
    assert [] == called(10**400).wait(1e9)


def test_a_callee_is_not_told_of_a_timeout_that_it_does_not_mind():
    """INVOCATION.Details.timeout is for who has asked for it."""
    assert {} == called(1000, features=FORWARDING).invocation.details


def test_each_call_has_its_own_deadline():
    """The earliest is what the realm is woken for."""
    meeting = called(3000)
    meeting.send(meeting.alice, Call(2, {"timeout": 1000}, "com.add"))
    meeting.send(meeting.alice, Call(3, {"timeout": 2000}, "com.add"))
    assert 1.0 == meeting.realm.next_deadline()
    assert [3.0, 1.0] == meeting.wakes
    assert [2, 3] == [message.request for name, message in meeting.wait(2) if name == "alice"]
    assert 3.0 == meeting.realm.next_deadline()


def test_a_timeout_counts_from_the_call():
    """And not from when the realm began."""
    meeting = Meeting()
    meeting.time = 100.0
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.alice, Call(1, {"timeout": 500}, "com.add"))
    assert 100.5 == meeting.realm.next_deadline()


def test_a_caller_that_leaves_is_not_late():
    """Nobody waits."""
    meeting = called(1000)
    assert [("dora", STOP)] == meeting.leave(meeting.alice)
    assert [] == meeting.wait(1)


def test_a_callee_that_leaves_is_answered_for_once():
    """With canceled, and not with timeout again."""
    meeting = called(1000)
    assert [("alice", Error(Call.CODE, 1, {}, "wamp.error.canceled"))] == meeting.leave(meeting.dora)
    assert [] == meeting.wait(1)


@pytest.mark.parametrize("mode", ["skip", "killnowait"])
def test_a_cancelled_call_is_not_late(mode):
    """It is answered."""
    meeting = called(1000)
    meeting.send(meeting.alice, Cancel(1, {"mode": mode}))
    assert [] == meeting.wait(1)


def test_a_killed_call_is_late_if_the_callee_does_not_mind():
    """The caller waits, and not for ever; the callee is not interrupted twice."""
    meeting = called(1000)
    meeting.send(meeting.alice, Cancel(1, {"mode": "kill"}))
    assert [("alice", TIMEOUT)] == meeting.wait(1)


# Progress


def test_progress_starts_the_time_again():
    """The timeout is the time to the first, and between any two results ("Progressive Call Results", "Timeouts")."""
    meeting = called(1000, calling={"receive_progress": True})
    for _ in range(5):
        assert [] == meeting.wait(0.9)
        assert [("alice", Result(1, {"progress": True}))] == meeting.send(meeting.dora, Yield(1, {"progress": True}))
    assert [] == meeting.wait(0.999)
    assert [("dora", STOP), ("alice", TIMEOUT)] == meeting.wait(0.002)


def test_progress_that_nobody_asked_for_starts_nothing():
    """It is no result."""
    meeting = called(1000)
    meeting.wait(0.9)
    meeting.send(meeting.dora, Yield(1, {"progress": True}))
    assert [("dora", STOP), ("alice", TIMEOUT)] == meeting.wait(0.1)


def test_progress_without_a_timeout_sets_none():
    """There is nothing to start again."""
    meeting = called(None, calling={"receive_progress": True})
    meeting.send(meeting.dora, Yield(1, {"progress": True}))
    assert None is meeting.realm.next_deadline()


# What the realm says


def test_a_realm_may_count_seconds():
    """As Crossbar does, and programs written for it."""
    meeting = called(2, call_timeout_unit="s")
    assert [] == meeting.wait(1.9)
    assert [("dora", STOP), ("alice", TIMEOUT)] == meeting.wait(0.1)


@pytest.mark.parametrize(
    ("timeout", "unit", "expected"),
    [(None, "ms", 5.0), (0, "ms", 5.0), (9000, "ms", 5.0), (1000, "ms", 1.0), (9, "s", 5.0), (1, "s", 1.0)],
)
def test_a_realm_may_limit_all_calls(timeout, unit, expected):
    """Those that ask for more, and those that ask for nothing."""
    meeting = called(timeout, max_call_timeout=5000, call_timeout_unit=unit)
    assert expected == meeting.realm.next_deadline()


# Left to the callee


def forwarded(timeout, features=FORWARDING, registering=None, **settings):
    meeting = called(timeout, features=features, registering=registering or {"forward_timeout": True}, **settings)
    return meeting, meeting.invocation.details.get("timeout")


def test_a_callee_may_look_after_the_time_itself():
    """It is told how much there is, and the dealer has no deadline."""
    meeting, told = forwarded(1000)
    assert 1000 == told
    assert None is meeting.realm.next_deadline()


@pytest.mark.parametrize(
    ("features", "registering"),
    [(ALL_FEATURES, {"forward_timeout": True}), (FORWARDING, {"forward_timeout": False})],
)
def test_only_who_can_and_wants_to_looks_after_the_time(features, registering):
    """For others the dealer does."""
    meeting, told = forwarded(1000, features, registering)
    assert None is told
    assert 1.0 == meeting.realm.next_deadline()


def test_a_callee_is_told_milliseconds():
    """Whatever the realm counts."""
    assert 2000 == forwarded(2, call_timeout_unit="s")[1]


@pytest.mark.parametrize(("timeout", "expected"), [(1000, 1000), (9000, 5000), (0, None)])
def test_the_limit_of_the_realm_holds_also_then(timeout, expected):
    """The dealer guards it, and the callee is not told more than it is given."""
    meeting, told = forwarded(timeout, max_call_timeout=5000)
    assert expected == told
    assert 5.0 == meeting.realm.next_deadline()


# Memory


def test_answered_calls_leave_no_deadlines_behind():
    """However many there were."""
    meeting = Meeting()
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    for request in range(1, 2001):
        meeting.send(meeting.alice, Call(request, {"timeout": 60_000}, "com.add"))
        meeting.send(meeting.bob, Yield(request, {}))
    assert len(meeting.realm.dealer._deadlines) <= 66
    assert 1 == len(meeting.wakes) or meeting.wakes == sorted(meeting.wakes)
