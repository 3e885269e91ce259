"""Subscriptions that end because the router says so, and how many a session may have."""

import pytest

from tests.support.realm import PUBLICATION, Meeting, text_of
from wamp.protocol.errors import NoSuchSubscription
from wamp.protocol.messages import Error, Event, Publish, Subscribe, Subscribed, Unsubscribe, Unsubscribed
from wamp.protocol.uris import Match
from wamprouter.realm.settings import Settings

REVOCATION = "subscriber.subscription_revocation"
NO_SUCH_SUBSCRIPTION = "wamp.error.no_such_subscription"


@pytest.fixture
def meeting() -> Meeting:
    """Rosa knows revocation. She and Alice have subscribed to com.weather, subscription 1."""
    meeting = Meeting()
    meeting.rosa = meeting.join("rosa", features={REVOCATION})
    for session in (meeting.alice, meeting.rosa):
        meeting.send(session, Subscribe(1, {}, "com.weather"))
    meeting.facts.clear()
    return meeting


def revoke(meeting, session, reason=""):
    broker = meeting.realm.broker
    return meeting.heard(broker.revoke(broker.subscriptions[1], session, reason))


# Revocation


@pytest.mark.parametrize(
    ("reason", "details"),
    [("", {"subscription": 1}), ("com.no", {"subscription": 1, "reason": "com.no"})],
)
def test_who_has_announced_it_is_told(meeting, reason, details):
    """UNSUBSCRIBED without a request, with the subscription (advanced profile, "Subscription Revocation")."""
    assert [("rosa", Unsubscribed(0, details))] == revoke(meeting, meeting.rosa, reason)


def test_who_has_not_is_not(meeting):
    """It would take UNSUBSCRIBED with request 0 for an offence."""
    assert [] == revoke(meeting, meeting.alice, "com.no")


def test_a_publisher_that_announced_it_has_not(meeting):
    """Features belong to roles."""
    pia = meeting.join("pia", features={"publisher.subscription_revocation"})
    meeting.send(pia, Subscribe(1, {}, "com.weather"))
    assert [] == revoke(meeting, pia)


@pytest.mark.parametrize("name", ["alice", "rosa"])
def test_the_subscription_is_gone_either_way(meeting, name):
    """No events any more, and nothing to unsubscribe from; the others keep theirs."""
    session = getattr(meeting, name)
    revoke(meeting, session)
    [(other, _event)] = meeting.send(meeting.bob, Publish(1, {}, "com.weather"))
    assert {"alice": "rosa", "rosa": "alice"}[name] == other
    refusal = Error(Unsubscribe.CODE, 2, {}, NO_SUCH_SUBSCRIPTION)
    assert [(name, refusal)] == meeting.send(session, Unsubscribe(2, 1))


def test_a_revocation_is_told_as_leaving_the_subscription(meeting):
    """And as its end, with the last one."""
    revoke(meeting, meeting.alice)
    revoke(meeting, meeting.rosa)
    assert ["Unsubscribed alice", "Unsubscribed rosa", "SubscriptionDeleted rosa"] == meeting.told
    assert {} == meeting.realm.broker.subscriptions


def test_nobody_loses_what_it_has_not(meeting):
    """Bob is in no subscription."""
    with pytest.raises(NoSuchSubscription):
        revoke(meeting, meeting.bob)


def test_who_was_put_out_may_subscribe_again(meeting):
    """What may be subscribed to is a matter of permissions."""
    revoke(meeting, meeting.alice)
    assert [("alice", Subscribed(2, 1))] == meeting.send(meeting.alice, Subscribe(2, {}, "com.weather"))


# How many


def test_a_session_has_only_so_many_subscriptions():
    """The next one is an error that says how many, and leaves nothing behind."""
    meeting = Meeting(settings=Settings(max_subscriptions=2))
    for request in (1, 2):
        meeting.send(meeting.alice, Subscribe(request, {}, f"com.topic{request}"))
    [delivery] = meeting.realm.handle(meeting.alice, Subscribe(3, {}, "com.topic3"))
    assert "wamp.error.limit_exceeded" == delivery.message.error
    assert "this session has 2 subscriptions, as many as it may" == text_of(delivery.message)
    assert [1, 2] == list(meeting.realm.broker.subscriptions)


def test_the_limit_is_one_for_each_session():
    """What Alice has is not counted for Bob."""
    meeting = Meeting(settings=Settings(max_subscriptions=1))
    for session in (meeting.alice, meeting.bob):
        [(_, answer)] = meeting.send(session, Subscribe(1, {}, "com.topic"))
        assert Subscribed(1, 1) == answer


def test_at_the_limit_one_may_ask_for_what_one_has():
    """Subscribing twice is no second subscription."""
    meeting = Meeting(settings=Settings(max_subscriptions=1))
    meeting.send(meeting.alice, Subscribe(1, {}, "com.topic"))
    assert [("alice", Subscribed(2, 1))] == meeting.send(meeting.alice, Subscribe(2, {}, "com.topic"))


def test_giving_one_up_makes_room():
    """Nothing is counted that is gone."""
    meeting = Meeting(settings=Settings(max_subscriptions=1))
    meeting.send(meeting.alice, Subscribe(1, {}, "com.topic"))
    meeting.send(meeting.alice, Unsubscribe(2, 1))
    assert [("alice", Subscribed(3, 2))] == meeting.send(meeting.alice, Subscribe(3, {}, "com.other"))


# What others may ask the broker


def test_a_subscription_knows_when_it_was_made(meeting):
    """For the meta API: seconds since 1970, of the first SUBSCRIBE."""
    meeting.wall_time += 5
    meeting.send(meeting.bob, Subscribe(1, {}, "com.weather"))
    assert 1_800_000_000.0 == meeting.realm.broker.subscriptions[1].created


def test_subscriptions_are_found_by_what_they_are_to(meeting):
    """By topic and match, and by a topic that they get."""
    broker = meeting.realm.broker
    assert broker.subscriptions[1] is broker.lookup("com.weather", Match.EXACT)
    assert None is broker.lookup("com.weather", Match.PREFIX)
    assert [broker.subscriptions[1]] == broker.matching("com.weather")
    assert (True, False) == (broker.is_awaited("com.weather"), broker.is_awaited("com.news"))


def test_an_event_goes_to_who_is_left(meeting):
    """The near miss: revoking one subscription of a session leaves its others."""
    meeting.send(meeting.rosa, Subscribe(2, {"match": "prefix"}, "com"))
    revoke(meeting, meeting.rosa)
    heard = meeting.send(meeting.bob, Publish(1, {}, "com.weather"))
    assert ("rosa", Event(2, PUBLICATION, {"topic": "com.weather"})) in heard
