"""What a realm tells of its sessions, and how they are put out (advanced profile, "Session Meta API")."""

import pytest

from tests.support.meta import ROUTER, InformedMeeting
from tests.support.realm import anyone, pack
from wamp.protocol.errors import NoSuchSession
from wamp.protocol.messages import (
    Call,
    Error,
    Event,
    Goodbye,
    Interrupt,
    Publish,
    Register,
    Result,
    Subscribe,
)

KILL_ALL = "wamp.session.kill_all"
BY_AUTHID = "wamp.session.kill_by_authid"
BY_AUTHROLE = "wamp.session.kill_by_authrole"


@pytest.fixture
def meeting() -> InformedMeeting:
    """Dora is there too, and of the staff."""
    meeting = InformedMeeting({"user": anyone(), "staff": anyone("staff")})
    meeting.dora = meeting.join("dora", role="staff")
    meeting.facts.clear()
    return meeting


# Asking


def test_sessions_are_counted(meeting):
    """All of the realm, the caller included, and without the router's own."""
    assert 4 == meeting.ask_for("wamp.session.count")


def test_sessions_are_listed(meeting):
    """By their ids."""
    assert [1, 2, 3, 4] == meeting.ask_for("wamp.session.list")


@pytest.mark.parametrize(
    ("roles", "ids"),
    [(["staff"], [4]), (["user", "staff"], [1, 2, 3, 4]), (["nobody"], []), ([], []), (None, [1, 2, 3, 4])],
)
def test_sessions_are_filtered_by_role(meeting, roles, ids):
    """An empty list is a list: nobody has one of no roles."""
    assert ids == meeting.ask_for("wamp.session.list", roles)
    assert len(ids) == meeting.ask_for("wamp.session.count", roles)


def test_a_session_is_described(meeting):
    """Who it is, and how that is known."""
    assert {
        "session": 4,
        "authid": "dora",
        "authrole": "staff",
        "authmethod": "anonymous",
        "authprovider": "static",
    } == meeting.ask_for("wamp.session.get", 4)


@pytest.mark.parametrize("session", [5, ROUTER, 2**53])
@pytest.mark.parametrize("procedure", ["wamp.session.get", "wamp.session.kill"])
def test_who_is_not_there_is_an_error(meeting, procedure, session):
    """The router's own session is not there either."""
    assert NoSuchSession.uri == meeting.ask_for(procedure, session)


def test_who_has_left_is_not_there(meeting):
    """Nor counted."""
    meeting.leave(meeting.bob)
    assert NoSuchSession.uri == meeting.ask_for("wamp.session.get", 2)
    assert 3 == meeting.ask_for("wamp.session.count")


# Events


def test_a_join_is_told(meeting):
    """With what is told of a session when it is asked for."""
    meeting.watch(meeting.alice, "wamp.session.on_join")
    erin = meeting.join("erin")
    heard = meeting.announced
    details = meeting.ask_for("wamp.session.get", erin.id)
    assert [("wamp.session.on_join", [details])] == meeting.told_to("alice", heard)


def test_a_leave_is_told(meeting):
    """Id, authid and authrole: all three."""
    meeting.watch(meeting.alice, "wamp.session.on_leave")
    heard = meeting.leave(meeting.dora)
    assert [("wamp.session.on_leave", [4, "dora", "staff"])] == meeting.told_to("alice", heard)


def test_who_leaves_does_not_hear_of_it(meeting):
    """It is gone when that is told."""
    meeting.watch(meeting.bob, "wamp.session.on_leave", "wamp.subscription.on_unsubscribe")
    assert [] == meeting.leave(meeting.bob)


def test_nothing_is_composed_that_nobody_hears(meeting):
    """No publication id is used for it."""
    meeting.join("erin")
    meeting.send(meeting.bob, Subscribe(1, {}, "com.topic"))
    [(_, event)] = meeting.send(meeting.alice, Publish(1, {}, "com.topic"))
    assert 9001 == event.publication


def test_patterns_hear_meta_events(meeting):
    """Each matching subscription is served, with the topic."""
    meeting.send(meeting.alice, Subscribe(1, {"match": "prefix"}, "wamp.session."))
    [(name, event)] = meeting.leave(meeting.bob)
    assert ("alice", {"topic": "wamp.session.on_leave"}) == (name, event.details)


def test_loss_is_told_in_order(meeting):
    """What it had registered, what it had subscribed to, then that it has left, all with its id."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.bob, Subscribe(2, {}, "com.topic"))
    meeting.send(meeting.alice, Subscribe(1, {"match": "prefix"}, "wamp."))
    heard = [
        (event.details["topic"], meeting.values(event.args)[0])
        for _, event in meeting.leave(meeting.bob)
        if isinstance(event, Event)
    ]
    assert [
        ("wamp.registration.on_unregister", 2),
        ("wamp.registration.on_delete", 2),
        ("wamp.subscription.on_unsubscribe", 2),
        ("wamp.subscription.on_delete", 2),
        ("wamp.session.on_leave", 2),
    ] == heard


# Killing


def test_who_is_killed_hears_goodbye(meeting):
    """Before the caller has the result, which is empty."""
    [(victim, goodbye), (caller, result)] = meeting.call(meeting.alice, "wamp.session.kill", 2)
    assert ("bob", Goodbye({}, "wamp.close.killed")) == (victim, goodbye)
    assert ("alice", Result(result.request, {})) == (caller, result)


def test_who_is_killed_is_told_why(meeting):
    """If there are words for it, and a reason of the caller's."""
    heard = meeting.call(meeting.alice, "wamp.session.kill", 2, reason="com.reason", message="go")
    assert ("bob", Goodbye({"message": "go"}, "com.reason")) == heard[0]


def test_who_is_killed_is_out_at_once(meeting):
    """Nothing is left of it in any table, whether it answers or not."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.bob, Subscribe(2, {}, "com.topic"))
    meeting.ask_for("wamp.session.kill", 2)
    assert [1, 3, 4] == meeting.ask_for("wamp.session.list")
    assert not meeting.bob.registrations
    assert not meeting.bob.subscriptions
    assert [] == meeting.send(meeting.alice, Publish(1, {}, "com.topic"))


def test_a_kill_is_told_to_who_carries_the_messages(meeting):
    """It must not read from the session any more."""
    meeting.ask_for("wamp.session.kill", 2)
    assert ["SessionLeft bob", "SessionKilled bob"] == meeting.told


def test_a_kill_is_told_like_any_leave(meeting):
    """To who watches, after the caller has its result."""
    meeting.watch(meeting.carol, "wamp.session.on_leave")
    heard = meeting.call(meeting.alice, "wamp.session.kill", 2)
    assert [Goodbye, Result, Event] == [type(message) for _, message in heard]
    assert [("wamp.session.on_leave", [2, "bob", "user"])] == meeting.told_to("carol", heard)


def test_who_waits_for_a_killed_session_is_answered(meeting):
    """As when it leaves by itself."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.carol, Call(1, {}, "com.add"))
    heard = meeting.call(meeting.alice, "wamp.session.kill", 2)
    assert ("carol", Error(Call.CODE, 1, {}, "wamp.error.canceled")) in heard


def test_who_works_for_a_killed_session_is_interrupted(meeting):
    """As when it leaves by itself."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.carol, Call(1, {}, "com.add"))
    heard = meeting.call(meeting.alice, "wamp.session.kill", 3)
    assert ("bob", Interrupt(1, {"mode": "killnowait"})) in heard


def test_nobody_kills_itself(meeting):
    """There is no other session with that id."""
    assert NoSuchSession.uri == meeting.ask_for("wamp.session.kill", 1)
    assert 4 == meeting.ask_for("wamp.session.count")


@pytest.mark.parametrize("reason", ["", "no uri", "com..reason", "com.reason#", 7, ["com.reason"], True])
@pytest.mark.parametrize(
    ("procedure", "who"),
    [("wamp.session.kill", 2), (BY_AUTHID, "bob"), (BY_AUTHROLE, "staff"), (KILL_ALL, None)],
)
def test_an_invalid_reason_is_an_error(meeting, procedure, who, reason):
    """And nobody is killed."""
    args = [] if who is None else [who]
    assert "wamp.error.invalid_uri" == meeting.ask_for(procedure, *args, reason=reason)
    assert 4 == meeting.ask_for("wamp.session.count")


def test_a_reason_of_null_is_none(meeting):
    """The default holds."""
    heard = meeting.call(meeting.alice, "wamp.session.kill", 2, reason=None, message=None)
    assert ("bob", Goodbye({}, "wamp.close.killed")) == heard[0]


def test_killing_by_authid_returns_the_ids(meeting):
    """Of all who have it, but not the caller's."""
    meeting.join("bob")
    meeting.join("alice")
    assert [2, 5] == meeting.ask_for(BY_AUTHID, "bob")
    assert [6] == meeting.ask_for(BY_AUTHID, "alice")
    assert [] == meeting.ask_for(BY_AUTHID, "nobody")
    assert [1, 3, 4] == meeting.ask_for("wamp.session.list")


def test_killing_by_authrole_returns_how_many(meeting):
    """Without the caller."""
    assert 1 == meeting.ask_for(BY_AUTHROLE, "staff")
    assert 2 == meeting.ask_for(BY_AUTHROLE, "user")
    assert 0 == meeting.ask_for(BY_AUTHROLE, "user")
    assert [1] == meeting.ask_for("wamp.session.list")


def test_everybody_else_can_be_killed(meeting):
    """The caller learns how many they were, and is the only one left."""
    heard = meeting.call(meeting.alice, KILL_ALL)
    assert ["bob", "carol", "dora", "alice"] == [name for name, _ in heard]
    assert 3 == meeting.outcome(heard[-1][1], meeting.alice)
    assert [1] == meeting.ask_for("wamp.session.list")


def test_killing_everybody_is_not_told(meeting):
    """Not even to the caller, by events or testaments: nobody else is there."""
    meeting.watch(meeting.alice, "wamp.session.on_leave", "wamp.subscription.on_delete", "com.testament")
    meeting.send(meeting.bob, Subscribe(2, {}, "com.topic"))
    meeting.ask_for("wamp.session.add_testament", "com.testament", [], {}, by=meeting.bob)
    assert [] == meeting.told_to("alice", meeting.call(meeting.alice, KILL_ALL))


def test_killing_several_is_told_once_all_are_gone(meeting):
    """Who is killed hears GOODBYE last."""
    meeting.watch(meeting.carol, "wamp.session.on_leave")
    meeting.watch(meeting.alice, "wamp.session.on_leave")
    heard = meeting.call(meeting.alice, BY_AUTHROLE, "user")
    assert [Goodbye] == [type(message) for name, message in heard if name == "carol"]
    assert [2, 3] == [arguments[0] for _, arguments in meeting.told_to("alice", heard)]


def test_one_victim_hears_of_another_only_before_its_goodbye(meeting):
    """Carol waits for Bob's answer, and is told that it will not come before she has to go herself."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.carol, Call(1, {}, "com.add"))
    heard = meeting.call(meeting.alice, KILL_ALL)
    assert [Error, Goodbye] == [type(message) for name, message in heard if name == "carol"]


# Testaments


def test_a_testament_is_published_when_its_session_has_gone(meeting):
    """With its arguments, and before the leave is told."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.gone"))
    meeting.watch(meeting.alice, "wamp.session.on_leave")
    assert meeting.ask_for("wamp.session.add_testament", "com.gone", ["bye"], {"name": 1}, by=meeting.bob) is None
    heard = meeting.leave(meeting.bob)
    assert ["com.gone", "wamp.session.on_leave"] == [topic for topic, _ in meeting.told_to("alice", heard)]
    assert pack("bye") == heard[0][1].args


def test_a_killed_session_has_testaments(meeting):
    """It has gone."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.gone"))
    meeting.ask_for("wamp.session.add_testament", "com.gone", [], {}, by=meeting.bob)
    heard = meeting.call(meeting.alice, "wamp.session.kill", 2)
    assert ["com.gone"] == [topic for topic, _ in meeting.told_to("alice", heard)]


@pytest.mark.parametrize(("scope", "left"), [({}, 0), ({"scope": "destroyed"}, 0), ({"scope": "detached"}, 1)])
def test_testaments_are_flushed_by_scope(meeting, scope, left):
    """The scope is ``destroyed`` unless another is named."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.gone"))
    meeting.ask_for("wamp.session.add_testament", "com.gone", [], {}, by=meeting.bob)
    assert meeting.ask_for("wamp.session.flush_testaments", by=meeting.bob, **scope) is None
    assert left == len(meeting.leave(meeting.bob))


@pytest.mark.parametrize("procedure", ["wamp.session.add_testament", "wamp.session.flush_testaments"])
def test_an_unknown_scope_is_an_error(meeting, procedure):
    """There are two."""
    args = ["com.gone"] if procedure.endswith("add_testament") else []
    assert "wamp.error.invalid_argument" == meeting.ask_for(procedure, *args, scope="lost")


def test_options_of_a_testament_hold(meeting):
    """Here that Alice is not to hear it."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.gone"))
    meeting.ask_for("wamp.session.add_testament", "com.gone", [], {}, publish_options={"exclude": [1]}, by=meeting.bob)
    assert [] == meeting.leave(meeting.bob)
