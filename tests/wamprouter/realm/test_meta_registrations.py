"""What a realm tells of its registrations (advanced profile, "Registration Meta API")."""

import pytest

from tests.support.meta import ROUTER, InformedMeeting
from tests.support.realm import ALL_FEATURES
from wamp.protocol.errors import NoSuchRegistration, NoSuchSession
from wamp.protocol.messages import Call, Event, Invocation, Register, Registered, Result, Unregister, Unregistered
from wamprouter.realm.settings import Settings

EVENTS = [f"wamp.registration.on_{what}" for what in ("create", "register", "unregister", "delete")]
ABOUT_ONE = ["get", "list_callees", "count_callees"]


@pytest.fixture
def meeting() -> InformedMeeting:
    """Bob and Carol share com.add, Bob has a prefix and a wildcard as well."""
    meeting = InformedMeeting()
    meeting.first = meeting.own + 1
    meeting.send(meeting.bob, Register(1, {"invoke": "roundrobin"}, "com.add"))
    meeting.send(meeting.bob, Register(2, {"match": "prefix"}, "com."))
    meeting.send(meeting.bob, Register(3, {"match": "wildcard"}, "com..add"))
    meeting.send(meeting.carol, Register(1, {"invoke": "roundrobin"}, "com.add"))
    meeting.facts.clear()
    return meeting


def test_registrations_are_listed_by_match(meeting):
    """The router's own are registrations like any."""
    first = meeting.first
    assert {
        "exact": [*range(1, first), first],
        "prefix": [first + 1],
        "wildcard": [first + 2],
    } == meeting.ask_for("wamp.registration.list")


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["com.add"], 0),
        (["com.add", {}], 0),
        (["com.add", None], 0),
        (["com.add", {"match": None}], 0),
        (["com.add", {"match": "exact", "invoke": "random", "concurrency": "any"}], 0),
        (["com.", {"match": "prefix"}], 1),
        (["com..add", {"match": "wildcard"}], 2),
        (["com."], None),
        (["com.add", {"match": "prefix"}], None),
        (["com.x.add"], None),
        ([""], None),
    ],
)
def test_a_registration_is_looked_up_as_it_was_registered(meeting, arguments, place):
    """Nothing that merely matches is found: then the answer is null."""
    expected = None if place is None else meeting.first + place
    assert expected == meeting.ask_for("wamp.registration.lookup", *arguments)


@pytest.mark.parametrize(
    ("procedure", "place"), [("com.add", 0), ("com.sub", 1), ("com.x.add", 1), ("org.add", None), ("wamp.x", None)]
)
def test_the_registration_that_a_call_would_go_to_is_found(meeting, procedure, place):
    """The one that matches best, or null."""
    expected = None if place is None else meeting.first + place
    assert expected == meeting.ask_for("wamp.registration.match", procedure)


def test_a_pattern_does_not_match_what_it_does_not_catch(meeting):
    """The router's procedures are not called by a pattern."""
    meeting.send(meeting.carol, Register(2, {"match": "prefix"}, ""))
    assert meeting.ask_for("wamp.registration.match", "wamp.nothing") is None
    own = meeting.ask_for("wamp.registration.match", "wamp.session.count")
    assert own == meeting.ask_for("wamp.registration.lookup", "wamp.session.count")
    assert own <= meeting.own


def test_a_registration_is_described(meeting):
    """When it was made, in ISO 8601, and how callees share it."""
    assert {
        "id": meeting.first,
        "created": "2027-01-15T08:00:00.000Z",
        "uri": "com.add",
        "match": "exact",
        "invoke": "roundrobin",
    } == meeting.ask_for("wamp.registration.get", meeting.first)


def test_callees_are_listed(meeting):
    """In the order of their registering."""
    assert [2, 3] == meeting.ask_for("wamp.registration.list_callees", meeting.first)
    assert 2 == meeting.ask_for("wamp.registration.count_callees", meeting.first)


def test_the_router_calls_itself(meeting):
    """Its own registrations have its own session as their callee."""
    assert [ROUTER] == meeting.ask_for("wamp.registration.list_callees", 1)


@pytest.mark.parametrize("procedure", ABOUT_ONE)
def test_an_unknown_registration_is_an_error(meeting, procedure):
    """Also one that was."""
    assert NoSuchRegistration.uri == meeting.ask_for(f"wamp.registration.{procedure}", 999)
    meeting.leave(meeting.bob)
    assert NoSuchRegistration.uri == meeting.ask_for(f"wamp.registration.{procedure}", meeting.first + 1)


# Events


def test_a_new_registration_is_told_after_the_reply(meeting):
    """That it is there, then that somebody is in it."""
    meeting.watch(meeting.alice, *EVENTS)
    heard = meeting.send(meeting.carol, Register(2, {"invoke": "last"}, "com.new"))
    assert ("carol", Registered(2, meeting.first + 3)) == heard[0]
    details = meeting.ask_for("wamp.registration.get", meeting.first + 3)
    assert [
        ("wamp.registration.on_create", [3, details]),
        ("wamp.registration.on_register", [3, meeting.first + 3]),
    ] == meeting.told_to("alice", heard)


def test_another_callee_is_told(meeting):
    """Nothing was created; who registers again changes nothing."""
    meeting.watch(meeting.alice, *EVENTS)
    again = Register(5, {"invoke": "roundrobin"}, "com.add")
    assert [] == meeting.told_to("alice", meeting.send(meeting.bob, again))
    heard = meeting.send(meeting.alice, again)
    assert [("wamp.registration.on_register", [1, meeting.first])] == meeting.told_to("alice", heard)


def test_the_last_callee_takes_the_registration_away(meeting):
    """That it has gone, then that the registration has."""
    meeting.watch(meeting.alice, *EVENTS)
    first = meeting.first
    heard = meeting.send(meeting.bob, Unregister(5, first))
    assert ("bob", Unregistered(5)) == heard[0]
    assert [("wamp.registration.on_unregister", [2, first])] == meeting.told_to("alice", heard)
    heard = meeting.send(meeting.carol, Unregister(5, first))
    assert [
        ("wamp.registration.on_unregister", [3, first]),
        ("wamp.registration.on_delete", [3, first]),
    ] == meeting.told_to("alice", heard)


# Revocation


def test_a_callee_can_be_removed(meeting):
    """It is told so, if it knows what that means; calls go to the others."""
    dora = meeting.join("dora", features={*ALL_FEATURES, "callee.registration_revocation"})
    meeting.send(dora, Register(1, {"invoke": "roundrobin"}, "com.add"))
    meeting.watch(meeting.carol, *EVENTS)
    first = meeting.first
    heard = meeting.call(meeting.alice, "wamp.registration.remove_callee", first, dora.id, reason="com.reason")
    assert ("dora", Unregistered(0, {"registration": first, "reason": "com.reason"})) == heard[0]
    assert [Unregistered, Result, Event] == [type(message) for _, message in heard]
    assert [("wamp.registration.on_unregister", [dora.id, first])] == meeting.told_to("carol", heard)
    assert [2, 3] == meeting.ask_for("wamp.registration.list_callees", first)


def test_a_callee_that_does_not_know_revocation_is_not_told(meeting):
    """It is removed all the same."""
    [(name, _)] = meeting.call(meeting.alice, "wamp.registration.remove_callee", meeting.first, 2)
    assert "alice" == name
    [(callee, invocation)] = meeting.send(meeting.alice, Call(1, {}, "com.add"))
    assert ("carol", Invocation) == (callee, type(invocation))


@pytest.mark.parametrize("callee", [1, 99, ROUTER])
def test_who_is_not_a_callee_cannot_be_removed(meeting, callee):
    """Nor the router itself."""
    assert NoSuchSession.uri == meeting.ask_for("wamp.registration.remove_callee", meeting.first, callee)


def test_the_routers_own_procedures_stay(meeting):
    """They are not for anybody to revoke."""
    assert NoSuchSession.uri == meeting.ask_for("wamp.registration.remove_callee", 1, ROUTER)
    assert 3 == meeting.ask_for("wamp.session.count")


def test_nobody_is_removed_from_what_is_not_there(meeting):
    """The registration is looked for first."""
    assert NoSuchRegistration.uri == meeting.ask_for("wamp.registration.remove_callee", 999, 2)


@pytest.mark.parametrize("limit", [1, 5])
def test_a_limit_on_registrations_is_not_for_the_router(limit):
    """However few a client may have."""
    meeting = InformedMeeting(settings=Settings(max_registrations=limit))
    assert 3 == meeting.ask_for("wamp.session.count")
