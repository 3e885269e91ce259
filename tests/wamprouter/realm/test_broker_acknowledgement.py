"""Events that a subscriber wants to acknowledge (``x_acknowledged_event_delivery``)."""

import pytest

from tests.support.realm import PUBLICATION, Meeting
from wamp.protocol.messages import Event, EventReceived, Publish, Subscribe, Unsubscribe
from wamprouter.realm import broker, facts

ASKED = {"x_acknowledged_delivery": True}


@pytest.fixture
def meeting() -> Meeting:
    """Ada has announced it as Autobahn does, Ari as a subscriber should. Ada and Alice have subscribed, Ada asking for it."""
    meeting = Meeting()
    meeting.ada = meeting.join("ada", features={"publisher.x_acknowledged_event_delivery"})
    meeting.ari = meeting.join("ari", features={"subscriber.x_acknowledged_event_delivery"})
    meeting.send(meeting.alice, Subscribe(1, {}, "com.topic"))
    meeting.send(meeting.ada, Subscribe(1, ASKED, "com.topic"))
    meeting.facts.clear()
    return meeting


def acknowledged(meeting):
    found = [fact for fact in meeting.facts if isinstance(fact, facts.EventAcknowledged)]
    return [(meeting.names[fact.session], fact.publication - PUBLICATION) for fact in found]


@pytest.mark.parametrize("options", [{}, {"exclude_me": False}])
def test_who_asked_is_asked(meeting, options):
    """In the event's details; the others get the plain event."""
    heard = meeting.send(meeting.bob, Publish(1, options, "com.topic"))
    assert {"ada": ASKED, "alice": {}} == {name: event.details for name, event in heard}
    assert 2 == meeting.realm.tally.events


def test_either_role_may_announce_it(meeting):
    """Autobahn announces it for the publisher."""
    meeting.send(meeting.ari, Subscribe(1, ASKED, "com.topic"))
    heard = meeting.send(meeting.bob, Publish(1, {}, "com.topic"))
    assert {"ada": ASKED, "ari": ASKED, "alice": {}} == {name: event.details for name, event in heard}


@pytest.mark.parametrize("options", [{}, {"x_acknowledged_delivery": False}])
def test_who_did_not_ask_is_not_asked(meeting, options):
    """Announcing alone is not asking."""
    meeting.send(meeting.ari, Subscribe(1, options, "com.other"))
    assert [("ari", Event(2, PUBLICATION, {}))] == meeting.send(meeting.bob, Publish(1, {}, "com.other"))


def test_who_has_not_announced_it_is_not_asked(meeting):
    """It would not know what to do."""
    meeting.send(meeting.carol, Subscribe(1, ASKED, "com.other"))
    assert [("carol", Event(2, PUBLICATION, {}))] == meeting.send(meeting.bob, Publish(1, {}, "com.other"))


def test_who_is_excluded_is_not_waited_for(meeting):
    """No event, no acknowledgement."""
    assert ["alice"] == [
        name for name, _ in meeting.send(meeting.bob, Publish(1, {"exclude_authid": ["ada"]}, "com.topic"))
    ]
    assert None is meeting.ada.unacknowledged


def test_an_acknowledgement_is_told(meeting):
    """Once, and answered by nothing."""
    meeting.send(meeting.bob, Publish(1, {}, "com.topic"))
    assert [] == meeting.send(meeting.ada, EventReceived(PUBLICATION))
    assert [] == meeting.send(meeting.ada, EventReceived(PUBLICATION))
    assert [("ada", 0)] == acknowledged(meeting)


def test_what_nobody_waits_for_is_ignored(meeting):
    """An unknown publication, and one of somebody who was not asked."""
    meeting.send(meeting.bob, Publish(1, {}, "com.topic"))
    for session, publication in ((meeting.ada, 77), (meeting.alice, PUBLICATION), (meeting.ari, PUBLICATION)):
        assert [] == meeting.send(session, EventReceived(publication))
    assert [] == acknowledged(meeting)


def test_each_delivery_of_a_publication_is_acknowledged(meeting):
    """Overlapping subscriptions get it twice."""
    meeting.send(meeting.ada, Subscribe(2, {**ASKED, "match": "prefix"}, "com"))
    meeting.send(meeting.bob, Publish(1, {}, "com.topic"))
    for _ in range(3):
        meeting.send(meeting.ada, EventReceived(PUBLICATION))
    assert [("ada", 0), ("ada", 0)] == acknowledged(meeting)


def test_a_retained_event_is_acknowledged_too(meeting):
    """It is delivered like others."""
    meeting.send(meeting.bob, Publish(1, {"retain": True}, "com.other"))
    _, (_, event) = meeting.send(meeting.ada, Subscribe(2, {**ASKED, "get_retained": True}, "com.other"))
    assert {**ASKED, "retained": True} == event.details


def test_only_so_many_are_waited_for(meeting, monkeypatch):
    """The oldest ones are given up."""
    monkeypatch.setattr(broker, "MOST_UNACKNOWLEDGED", 2)
    for request in (1, 2, 3):
        meeting.send(meeting.bob, Publish(request, {}, "com.topic"))
    for number in range(3):
        meeting.send(meeting.ada, EventReceived(PUBLICATION + number))
    assert [("ada", 1), ("ada", 2)] == acknowledged(meeting)


def test_they_go_with_the_session(meeting):
    """Nothing is left."""
    meeting.send(meeting.bob, Publish(1, {}, "com.topic"))
    meeting.leave(meeting.ada)
    assert None is meeting.ada.unacknowledged


def test_a_subscription_is_plain_again_without_the_last_one(meeting):
    """So that its events take the short way."""
    subscription = meeting.realm.broker.subscriptions[1]
    meeting.send(meeting.ari, Subscribe(1, ASKED, "com.topic"))
    meeting.send(meeting.ada, Unsubscribe(2, 1))
    assert not subscription.is_plain
    meeting.send(meeting.ari, Unsubscribe(2, 1))
    assert subscription.is_plain
