"""Registrations that are taken away (advanced profile, "Registration Revocation")."""

import pytest

from tests.support.realm import ALL_FEATURES, Meeting
from wamp.protocol.messages import (
    Call,
    Error,
    Invocation,
    Register,
    Registered,
    Result,
    Unregister,
    Unregistered,
    Yield,
)

ABLE = ALL_FEATURES | {"callee.registration_revocation"}


def registered(*names, features=ABLE, **options) -> Meeting:
    meeting = Meeting()
    for name in names:
        setattr(meeting, name, meeting.join(name, features=features))
        meeting.send(getattr(meeting, name), Register(1, options, "com.add"))
    meeting.facts.clear()
    return meeting


def revoke(meeting, session, reason="com.because"):
    return meeting.heard(meeting.realm.dealer.revoke(meeting.realm.dealer.best("com.add"), session, reason))


def test_a_callee_is_told():
    """Of the registration and the reason, with a request that is none."""
    meeting = registered("dora")
    told = Unregistered(0, {"registration": 1, "reason": "com.because"})
    assert [("dora", told)] == revoke(meeting, meeting.dora)


def test_a_reason_may_be_left_out():
    """It is optional."""
    meeting = registered("dora")
    assert [("dora", Unregistered(0, {"registration": 1}))] == revoke(meeting, meeting.dora, "")


def test_a_callee_that_has_not_announced_it_is_not_told():
    """It has lost the registration all the same."""
    meeting = registered("dora", features=ALL_FEATURES)
    assert [] == revoke(meeting, meeting.dora)
    refusal = Error(Call.CODE, 1, {}, "wamp.error.no_such_procedure")
    assert [("alice", refusal)] == meeting.send(meeting.alice, Call(1, {}, "com.add"))


def test_what_was_revoked_cannot_be_unregistered():
    """It is not there."""
    meeting = registered("dora")
    revoke(meeting, meeting.dora)
    refusal = Error(Unregister.CODE, 2, {}, "wamp.error.no_such_registration")
    assert [("dora", refusal)] == meeting.send(meeting.dora, Unregister(2, 1))


def test_running_invocations_go_on():
    """And are answered."""
    meeting = registered("dora")
    meeting.send(meeting.alice, Call(1, {}, "com.add"))
    revoke(meeting, meeting.dora)
    assert [("alice", Result(1, {}))] == meeting.send(meeting.dora, Yield(1, {}))


def test_others_keep_a_shared_registration():
    """It is taken from one only."""
    meeting = registered("dora", "erin", invoke="first")
    revoke(meeting, meeting.dora)
    assert ["Unregistered dora"] == meeting.told
    assert [("erin", Invocation(1, 1, {}))] == meeting.send(meeting.alice, Call(1, {}, "com.add"))


# Taken over


def test_a_registration_may_be_taken_over():
    """The old callee is told, the new one is invoked; it is another registration."""
    meeting = registered("dora")
    heard = meeting.send(meeting.bob, Register(5, {"force_reregister": True}, "com.add"))
    told = Unregistered(0, {"registration": 1, "reason": "wamp.error.unregistered"})
    assert [("dora", told), ("bob", Registered(5, 2))] == heard
    assert [("bob", Invocation(1, 2, {}))] == meeting.send(meeting.alice, Call(1, {}, "com.add"))
    assert [
        "Unregistered dora",
        "RegistrationDeleted dora",
        "RegistrationCreated bob",
        "Registered bob",
    ] == meeting.told


def test_without_force_nothing_is_taken_over():
    """It is refused."""
    meeting = registered("dora")
    refusal = Error(Register.CODE, 5, {}, "wamp.error.procedure_already_exists")
    assert [("bob", refusal)] == meeting.send(meeting.bob, Register(5, {"force_reregister": False}, "com.add"))


def test_all_callees_of_a_shared_one_lose_it():
    """Whatever the policies."""
    meeting = registered("dora", "erin", invoke="roundrobin")
    heard = meeting.send(meeting.bob, Register(5, {"force_reregister": True, "invoke": "last"}, "com.add"))
    assert ["dora", "erin", "bob"] == [name for name, _ in heard]


def test_a_callee_may_take_over_from_itself():
    """After a crash that the router has not noticed it may not know that it is there."""
    meeting = registered("dora")
    heard = meeting.send(meeting.dora, Register(5, {"force_reregister": True}, "com.add"))
    told = Unregistered(0, {"registration": 1, "reason": "wamp.error.unregistered"})
    assert [("dora", told), ("dora", Registered(5, 2))] == heard


def test_what_nobody_has_is_registered_as_ever():
    """There is nothing to take."""
    meeting = Meeting()
    heard = meeting.send(meeting.bob, Register(5, {"force_reregister": True}, "com.add"))
    assert [("bob", Registered(5, 1))] == heard


@pytest.mark.parametrize("invoke", ["single", "roundrobin"])
def test_another_match_is_left_alone(invoke):
    """It is another registration."""
    meeting = registered("dora", invoke=invoke)
    options = {"force_reregister": True, "match": "prefix", "invoke": invoke}
    assert [("bob", Registered(5, 2))] == meeting.send(meeting.bob, Register(5, options, "com.add"))
