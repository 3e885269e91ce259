"""What an event tells of who published it: nothing, unless somebody wants that."""

import pytest

from tests.support.realm import PUBLICATION, Meeting, anyone, pack
from wamp.protocol.messages import Error, Event, Publish, Subscribe
from wamp.protocol.uris import Match
from wamprouter.authz.roles import Action, Role, Rule
from wamprouter.realm.settings import Settings


@pytest.fixture
def meeting() -> Meeting:
    """Alice has subscribed. Trudy's role has trust level 7, Zoe's 0, and that of Dina discloses below com.known."""
    disclosing = Role("disclosing", [Rule("", Match.PREFIX, Action), Rule("com.known.", Match.PREFIX, Action, Action)])
    trusted = Role("trusted", [Rule("", Match.PREFIX, Action)], trustlevel=7)
    distrusted = Role("distrusted", [Rule("", Match.PREFIX, Action)], trustlevel=0)
    roles = [anyone(), disclosing, trusted, distrusted]
    meeting = Meeting({role.name: role for role in roles})
    meeting.dina = meeting.join("dina", role="disclosing")
    meeting.trudy = meeting.join("trudy", role="trusted")
    meeting.zoe = meeting.join("zoe", role="distrusted")
    meeting.send(meeting.alice, Subscribe(1, {"match": "prefix"}, "com"))
    return meeting


def details(heard: list) -> dict:
    [(_, event)] = heard
    assert isinstance(event, Event)
    return {name: value for name, value in event.details.items() if name != "topic"}


# Publisher identification

BOB = {"publisher": 2, "publisher_authid": "bob", "publisher_authrole": "user"}


def test_who_asks_for_it_is_named(meeting):
    """Session id, authid and role (advanced profile, "Publisher Identification")."""
    assert details(meeting.ask(meeting.bob, Publish(1, {"disclose_me": True}, "com.weather"))) == BOB


@pytest.mark.parametrize("options", [{}, {"disclose_me": False}, {"exclude_me": False}])
def test_who_does_not_ask_stays_unknown(meeting, options):
    """The default discloses nothing."""
    assert {} == details(meeting.ask(meeting.bob, Publish(1, options, "com.weather")))


@pytest.mark.parametrize("options", [{}, {"disclose_me": False}, {"exclude_me": False}])
def test_a_permission_can_disclose_who_does_not_ask(meeting, options):
    """For the topics of that rule, and for no others."""
    named = {"publisher": 4, "publisher_authid": "dina", "publisher_authrole": "disclosing"}
    assert named == details(meeting.ask(meeting.dina, Publish(1, options, "com.known.topic")))
    assert {} == details(meeting.ask(meeting.dina, Publish(2, options, "com.weather")))


def test_a_realm_can_refuse_to_disclose():
    """With an error, never silently."""
    meeting = Meeting(settings=Settings(may_disclose=False))
    refusal = Error(Publish.CODE, 1, {}, "wamp.error.option_disallowed.disclose_me")
    options = {"disclose_me": True, "acknowledge": True}
    assert [("bob", refusal)] == meeting.ask(meeting.bob, Publish(1, options, "com.weather"))


# Trust levels


@pytest.mark.parametrize("options", [{}, {"exclude_me": False}])
@pytest.mark.parametrize(("name", "level"), [("trudy", 7), ("zoe", 0)])
def test_an_event_says_how_far_its_publisher_is_trusted(meeting, name, level, options):
    """As the role says; 0 is a level too (advanced profile, "Publication Trust Levels")."""
    heard = meeting.ask(getattr(meeting, name), Publish(1, options, "com.weather"))
    assert {"trustlevel": level} == details(heard)


def test_a_role_without_a_level_says_nothing(meeting):
    """No level is not the lowest one."""
    assert {} == details(meeting.ask(meeting.bob, Publish(1, {}, "com.weather")))


# Who hears what of it


def test_each_subscription_has_details_of_its_own(meeting):
    """The topic of a pattern's event does not show in another's, and nobody can change what others get."""
    for options, topic in (({}, "com.weather"), ({"match": "wildcard"}, "com.")):
        meeting.send(meeting.carol, Subscribe(1, options, topic))
    for options in ({}, {"disclose_me": True}):
        events = [event for _, event in meeting.send(meeting.bob, Publish(1, options, "com.weather", pack(1)))]
        assert [False, True, True] == ["topic" in event.details for event in events]
        events[0].details["mine"] = True
        assert ["mine" in event.details for event in events] == [True, False, False]


def test_options_of_a_publication_do_not_leak_into_its_events(meeting):
    """Only what the specification says is handed on."""
    options = {"acknowledge": False, "exclude": [99], "rkey": "x", "retain": True, "x_whatever": 1, "trustlevel": 9}
    assert {} == details(meeting.send(meeting.bob, Publish(1, options, "com.weather")))


def test_a_disclosed_publisher_is_still_excluded(meeting):
    """One option does not change another."""
    assert [] == meeting.send(meeting.alice, Publish(1, {"disclose_me": True}, "com.weather"))
    heard = meeting.send(meeting.alice, Publish(1, {"disclose_me": True, "exclude_me": False}, "com.weather"))
    alice = {"publisher": 1, "publisher_authid": "alice", "publisher_authrole": "user"}
    assert [("alice", Event(1, PUBLICATION + 1, {**alice, "topic": "com.weather"}))] == heard
