"""What a callee is told of who calls (advanced profile, "Caller Identification", "Call Trust Levels")."""

import pytest

from tests.support.realm import Meeting, anyone
from wamp.protocol.messages import Call, Error, Invocation, Register
from wamp.protocol.uris import Match
from wamprouter.authz.roles import Action, Role, Rule
from wamprouter.realm.settings import Settings

ALICE = {"caller": 2, "caller_authid": "alice", "caller_authrole": "user"}


def told(calling, registering, **more):
    """Return the details of the invocation with which Bob hears of Alice."""
    meeting = Meeting(**more)
    meeting.send(meeting.bob, Register(1, registering, "com.add"))
    [(name, message)] = meeting.ask(meeting.alice, Call(1, calling, "com.add"))
    assert isinstance(message, Invocation), message
    assert "bob" == name
    identity = {**ALICE, "caller": meeting.alice.id}
    return message.details, identity


@pytest.mark.parametrize(
    ("calling", "registering"),
    [
        ({"disclose_me": True}, {}),
        ({}, {"disclose_caller": True}),
        ({"disclose_me": False}, {"disclose_caller": True}),
        ({"disclose_me": True}, {"disclose_caller": True}),
    ],
)
def test_who_calls_is_told_if_one_of_both_asks(calling, registering):
    """With session id, authid and role."""
    details, identity = told(calling, registering)
    assert identity == details


@pytest.mark.parametrize("calling", [{}, {"disclose_me": False}, {"receive_progress": False}])
@pytest.mark.parametrize("registering", [{}, {"disclose_caller": False}])
def test_otherwise_nobody_is_told(calling, registering):
    """Nothing at all."""
    assert {} == told(calling, registering)[0]


def test_a_role_may_disclose_its_callers():
    """Without anybody asking."""
    role = Role("user", [Rule("", Match.PREFIX, Action, [Action.CALL])])
    details, identity = told({}, {}, roles={"user": role})
    assert identity == details


def test_only_the_callee_that_asks_is_told():
    """Of many that share a procedure."""
    meeting = Meeting()
    meeting.send(meeting.bob, Register(1, {"invoke": "roundrobin"}, "com.add"))
    meeting.send(meeting.carol, Register(1, {"invoke": "roundrobin", "disclose_caller": True}, "com.add"))
    heard = [meeting.send(meeting.alice, Call(request, {}, "com.add")) for request in (1, 2)]
    identity = {**ALICE, "caller": meeting.alice.id}
    assert [[("bob", Invocation(1, 1, {}))], [("carol", Invocation(1, 1, identity))]] == heard


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("alice", Call(7, {"disclose_me": True}, "com.add")),
        ("alice", Register(7, {"disclose_caller": True}, "com.mul")),
    ],
)
def test_a_realm_may_forbid_it(name, message):
    """That is said, and never silently left out."""
    meeting = Meeting(settings=Settings(may_disclose=False))
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    refusal = Error(message.CODE, 7, {}, "wamp.error.option_disallowed.disclose_me")
    assert [(name, refusal)] == meeting.ask(meeting.alice, message)


@pytest.mark.parametrize("trustlevel", [0, 7])
@pytest.mark.parametrize("options", [{}, {"timeout": 1000}])
def test_a_trust_level_is_that_of_the_callers_role(trustlevel, options):
    """0 is one: the lowest."""
    trusted = anyone()
    trusted.trustlevel = trustlevel
    assert {"trustlevel": trustlevel} == told(options, {}, roles={"user": trusted})[0]


def test_a_trust_level_is_not_the_callees():
    """Nor is anything told of a role without one."""
    trusted = anyone("trusted")
    trusted.trustlevel = 5
    meeting = Meeting({"user": anyone(), "trusted": trusted})
    dora = meeting.join("dora", role="trusted")
    meeting.send(dora, Register(1, {}, "com.add"))
    meeting.send(meeting.bob, Register(1, {}, "com.mul"))
    assert [("dora", Invocation(1, 1, {}))] == meeting.send(meeting.alice, Call(1, {}, "com.add"))
    assert [("bob", Invocation(1, 2, {"trustlevel": 5}))] == meeting.send(dora, Call(1, {}, "com.mul"))
