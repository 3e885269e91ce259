"""Calls that belong to one of many callees by their key (advanced profile, "Sharded Registration")."""

import pytest

from tests.support.realm import ALL_FEATURES, Meeting
from wamp.protocol.messages import Call, Error, Invocation, Register, Yield

KEYS = [f"key {number}" for number in range(100)]
ABLE = ALL_FEATURES | {"callee.call_reroute"}


def sharded(invoke="roundrobin", **options) -> Meeting:
    """Bob, Carol, Dora and Erin share com.get."""
    meeting = Meeting()
    meeting.dora, meeting.erin = (meeting.join(name, features=ABLE) for name in ("dora", "erin"))
    for session in (meeting.bob, meeting.carol, meeting.dora, meeting.erin):
        meeting.send(session, Register(1, {"invoke": invoke, **options}, "com.get"))
    return meeting


def call(meeting, key, request=1):
    options = {"runmode": "partition", "rkey": key}
    return meeting.send(meeting.alice, Call(request, options, "com.get"))


def shares(meeting) -> dict[str, str]:
    """Let Alice call with many keys, and everybody answer; return who has which."""
    found = {}
    for key in KEYS:
        [(found[key], invocation)] = call(meeting, key)
        callee = next(session for session, name in meeting.names.items() if name == found[key])
        meeting.send(callee, Yield(invocation.request, {}))
    return found


@pytest.mark.parametrize("invoke", ["first", "last", "roundrobin", "random"])
def test_a_key_belongs_to_one_callee(invoke):
    """Whatever the policy; and all callees have keys."""
    meeting = sharded(invoke)
    first = shares(meeting)
    assert first == shares(meeting)
    assert {"bob", "carol", "dora", "erin"} == set(first.values())


def test_other_keys_stay_when_a_callee_leaves():
    """Only its own move."""
    meeting = sharded()
    before = shares(meeting)
    meeting.leave(meeting.carol)
    after = shares(meeting)
    assert {"carol"} == {before[key] for key in KEYS if before[key] != after[key]}


def test_a_newcomer_takes_some_of_each():
    """And no key moves between the others."""
    meeting = sharded()
    before = shares(meeting)
    meeting.send(meeting.alice, Register(1, {"invoke": "roundrobin"}, "com.get"))
    after = shares(meeting)
    assert {"alice"} == {after[key] for key in KEYS if before[key] != after[key]}


def test_a_key_may_be_a_number():
    """It counts as its text."""
    meeting = sharded()
    assert call(meeting, 77, 1)[0][0] == call(meeting, "77", 2)[0][0]


def test_a_key_is_needed():
    """The specification demands it."""
    refusal = Error(Call.CODE, 1, {}, "wamp.error.invalid_argument")
    meeting = sharded()
    assert [("alice", refusal)] == meeting.send(meeting.alice, Call(1, {"runmode": "partition"}, "com.get"))


def test_other_ways_to_run_are_refused():
    """The specification names «all», and does not say what it is."""
    refusal = Error(Call.CODE, 1, {}, "wamp.error.option_not_allowed")
    meeting = sharded()
    assert [("alice", refusal)] == meeting.send(meeting.alice, Call(1, {"runmode": "all"}, "com.get"))


def test_a_key_alone_means_nothing():
    """The policy decides."""
    meeting = sharded("first")
    heard = {meeting.send(meeting.alice, Call(n, {"rkey": key}, "com.get"))[0][0] for n, key in enumerate(KEYS, 1)}
    assert {"bob"} == heard


def test_a_single_callee_has_all_keys():
    """There is nobody else."""
    meeting = Meeting()
    meeting.send(meeting.bob, Register(1, {}, "com.get"))
    assert [("bob", Invocation(1, 1, {}))] == call(meeting, "x")


def test_a_key_does_not_move_because_its_callee_is_busy():
    """Data is where it is: the caller is told to come again."""
    meeting = sharded(concurrency=1)
    call(meeting, "x", 1)
    refusal = Error(Call.CODE, 2, {}, "wamp.error.no_available_callee")
    assert [("alice", refusal)] == call(meeting, "x", 2)


def test_a_key_moves_because_its_callee_says_so():
    """Who is unavailable counts as gone, so it is who would have the key then."""
    meeting = sharded()
    key = next(key for key, name in shares(meeting).items() if name == "dora")
    call(meeting, key)
    error = Error(Invocation.CODE, meeting.dora.invocation_ids.last, {}, "wamp.error.unavailable")
    [(instead, _)] = meeting.send(meeting.dora, error)
    meeting.leave(meeting.dora)
    assert instead == call(meeting, key, 2)[0][0] != "dora"
