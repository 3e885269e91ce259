"""What a realm tells of its subscriptions (advanced profile, "Subscription Meta API")."""

import pytest

from tests.support.meta import InformedMeeting
from tests.support.realm import ALL_FEATURES, anyone, pack
from wamp.protocol.codec import CODECS
from wamp.protocol.errors import InvalidArgument, NoSuchSession, NoSuchSubscription, NotAuthorized
from wamp.protocol.messages import Event, Publish, Result, Subscribe, Subscribed, Unsubscribe, Unsubscribed
from wamp.protocol.uris import Match
from wamprouter.authz.roles import Action, Role, Rule
from wamprouter.realm.settings import HistoryRule, Settings

EVENTS = [f"wamp.subscription.on_{what}" for what in ("create", "subscribe", "unsubscribe", "delete")]
ABOUT_ONE = ["get", "list_subscribers", "count_subscribers"]


@pytest.fixture
def meeting() -> InformedMeeting:
    """Bob and Carol have subscribed to com.topic, Bob to a prefix and a wildcard as well."""
    meeting = InformedMeeting()
    meeting.send(meeting.bob, Subscribe(1, {}, "com.topic"))
    meeting.send(meeting.bob, Subscribe(2, {"match": "prefix"}, "com."))
    meeting.send(meeting.bob, Subscribe(3, {"match": "wildcard"}, "com..topic"))
    meeting.send(meeting.carol, Subscribe(1, {}, "com.topic"))
    meeting.facts.clear()
    return meeting


def test_subscriptions_are_listed_by_match(meeting):
    """Each policy is there, also without any."""
    assert {"exact": [1], "prefix": [2], "wildcard": [3]} == meeting.ask_for("wamp.subscription.list")
    meeting.leave(meeting.bob)
    assert {"exact": [1], "prefix": [], "wildcard": []} == meeting.ask_for("wamp.subscription.list")


@pytest.mark.parametrize(
    ("arguments", "subscription"),
    [
        (["com.topic"], 1),
        (["com.topic", {"match": "exact"}], 1),
        (["com.", {"match": "prefix"}], 2),
        (["com..topic", {"match": "wildcard"}], 3),
        (["com.other"], None),
        (["com.topic", {"match": "prefix"}], None),
    ],
)
def test_a_subscription_is_looked_up_as_it_was_made(meeting, arguments, subscription):
    """Nothing that merely matches is found: then the answer is null."""
    assert subscription == meeting.ask_for("wamp.subscription.lookup", *arguments)


@pytest.mark.parametrize(
    ("topic", "ids"), [("com.topic", [1, 2]), ("com.x.topic", [2, 3]), ("com.x", [2]), ("org.topic", None)]
)
def test_the_subscriptions_that_get_an_event_are_found(meeting, topic, ids):
    """All that match, or null if none does."""
    assert ids == meeting.ask_for("wamp.subscription.match", topic)


def test_a_subscription_is_described(meeting):
    """When it was made, in ISO 8601."""
    assert {
        "id": 3,
        "created": "2027-01-15T08:00:00.000Z",
        "uri": "com..topic",
        "match": "wildcard",
    } == meeting.ask_for("wamp.subscription.get", 3)


def test_subscribers_are_listed(meeting):
    """In the order of their subscribing."""
    assert [2, 3] == meeting.ask_for("wamp.subscription.list_subscribers", 1)
    assert 2 == meeting.ask_for("wamp.subscription.count_subscribers", 1)


@pytest.mark.parametrize("procedure", ABOUT_ONE)
def test_an_unknown_subscription_is_an_error(meeting, procedure):
    """Also one that was."""
    assert NoSuchSubscription.uri == meeting.ask_for(f"wamp.subscription.{procedure}", 999)
    meeting.leave(meeting.bob)
    assert NoSuchSubscription.uri == meeting.ask_for(f"wamp.subscription.{procedure}", 2)


# Events


def test_a_new_subscription_is_told_after_the_reply(meeting):
    """That it is there, then that somebody is in it."""
    meeting.watch(meeting.alice, *EVENTS)
    heard = meeting.send(meeting.carol, Subscribe(2, {"match": "prefix"}, "org."))
    (_, reply), *_ = heard
    assert Subscribed is type(reply)
    details = meeting.ask_for("wamp.subscription.get", reply.subscription)
    assert [
        ("wamp.subscription.on_create", [3, details]),
        ("wamp.subscription.on_subscribe", [3, reply.subscription]),
    ] == meeting.told_to("alice", heard)


def test_another_subscriber_is_told(meeting):
    """Nothing was created; who subscribes again changes nothing."""
    meeting.watch(meeting.alice, *EVENTS)
    assert [] == meeting.told_to("alice", meeting.send(meeting.bob, Subscribe(5, {}, "com.topic")))
    heard = meeting.send(meeting.alice, Subscribe(5, {}, "com.topic"))
    assert [("wamp.subscription.on_subscribe", [1, 1])] == meeting.told_to("alice", heard)


def test_who_watches_hears_of_its_own_subscription(meeting):
    """After SUBSCRIBED, so that it knows what that is."""
    heard = meeting.send(meeting.alice, Subscribe(1, {}, "wamp.subscription.on_subscribe"))
    assert [Subscribed, Event] == [type(message) for _, message in heard]


def test_the_last_subscriber_takes_the_subscription_away(meeting):
    """That it has gone, then that the subscription has."""
    meeting.watch(meeting.alice, *EVENTS)
    heard = meeting.send(meeting.bob, Unsubscribe(5, 1))
    assert ("bob", Unsubscribed(5)) == heard[0]
    assert [("wamp.subscription.on_unsubscribe", [2, 1])] == meeting.told_to("alice", heard)
    heard = meeting.send(meeting.carol, Unsubscribe(5, 1))
    assert [
        ("wamp.subscription.on_unsubscribe", [3, 1]),
        ("wamp.subscription.on_delete", [3, 1]),
    ] == meeting.told_to("alice", heard)


def test_a_refused_request_is_no_news(meeting):
    """Nothing has happened."""
    meeting.watch(meeting.alice, *EVENTS)
    assert [] == meeting.told_to("alice", meeting.send(meeting.carol, Unsubscribe(5, 2)))


# Revocation


def test_a_subscriber_can_be_removed(meeting):
    """It is told so, if it knows what that means."""
    dora = meeting.join("dora", features={*ALL_FEATURES, "subscriber.subscription_revocation"})
    meeting.send(dora, Subscribe(1, {}, "com.topic"))
    meeting.watch(meeting.carol, *EVENTS)
    heard = meeting.call(meeting.alice, "wamp.subscription.remove_subscriber", 1, dora.id, reason="com.reason")
    assert ("dora", Unsubscribed(0, {"subscription": 1, "reason": "com.reason"})) == heard[0]
    assert [Unsubscribed, Result, Event] == [type(message) for _, message in heard]
    assert [("wamp.subscription.on_unsubscribe", [dora.id, 1])] == meeting.told_to("carol", heard)


def test_a_subscriber_that_does_not_know_revocation_is_not_told(meeting):
    """It is removed all the same."""
    assert ["alice"] == [name for name, _ in meeting.call(meeting.alice, "wamp.subscription.remove_subscriber", 1, 2)]
    assert [3] == meeting.ask_for("wamp.subscription.list_subscribers", 1)


@pytest.mark.parametrize(("subscription", "uri"), [(1, NoSuchSession.uri), (999, NoSuchSubscription.uri)])
@pytest.mark.parametrize("subscriber", [1, 99])
def test_who_is_not_a_subscriber_cannot_be_removed(meeting, subscription, subscriber, uri):
    """The subscription is looked for first."""
    assert uri == meeting.ask_for("wamp.subscription.remove_subscriber", subscription, subscriber)


# History


@pytest.fixture
def remembering() -> InformedMeeting:
    """What is published to com.topic is kept; guests may subscribe to com.open only."""
    guest = Role("guest", [Rule("com.open", Match.EXACT, Action)])
    settings = Settings(history=(HistoryRule("com.topic"),))
    meeting = InformedMeeting({"user": anyone(), "guest": guest}, settings=settings)
    for number in range(4):
        meeting.send(meeting.bob, Publish(number + 1, {}, "com.topic", pack(number)))
    return meeting


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({}, [0, 1, 2, 3]),
        ({"limit": 2}, [0, 1]),
        ({"limit": 2.0, "reverse": True}, [3, 2]),
        ({"after_publication": 9002, "before_publication": 9004}, [2]),
        ({"from_time": "2027-01-15T08:00:00Z"}, [0, 1, 2, 3]),
        ({"after_time": "2027-01-15T08:00:00Z"}, []),
        ({"topic": None}, [0, 1, 2, 3]),
    ],
)
def test_history_is_read(remembering, filters, numbers):
    """With the filters by name."""
    events = remembering.ask_for("wamp.subscription.get_events", 1, **filters)
    assert numbers == [event["args"][0] for event in events]


@pytest.mark.parametrize(
    ("arguments", "filters", "uri"),
    [
        ([999], {}, NoSuchSubscription.uri),
        ([], {}, InvalidArgument.uri),
        ([1], {"limit": 0}, InvalidArgument.uri),
        ([1], {"limit": "2"}, InvalidArgument.uri),
        ([1], {"from_time": "yesterday"}, InvalidArgument.uri),
        ([1], {"since": 1}, InvalidArgument.uri),
    ],
)
def test_a_wrong_question_about_history_is_an_error(remembering, arguments, filters, uri):
    """Also one with a filter that does not exist: it would be answered with too much."""
    assert uri == remembering.ask_for("wamp.subscription.get_events", *arguments, **filters)


def test_history_is_for_who_may_subscribe(remembering):
    """Being allowed to call the procedure is not enough."""
    guest = remembering.join("guest", role="guest")
    assert NotAuthorized.uri == remembering.ask_for("wamp.subscription.get_events", 1, by=guest)


def test_subscriptions_with_history_are_there_without_subscribers(remembering):
    """They are made by the configuration, so a subscriber does not create one."""
    assert 0 == remembering.ask_for("wamp.subscription.count_subscribers", 1)
    remembering.watch(remembering.alice, *EVENTS)
    heard = remembering.send(remembering.bob, Subscribe(1, {}, "com.topic"))
    assert [("wamp.subscription.on_subscribe", [2, 1])] == remembering.told_to("alice", heard)


def test_history_that_has_no_form_is_an_error(remembering):
    """CBOR's values have a depth that the list of events would exceed."""
    codec = CODECS["cbor"]
    dora = remembering.join("dora", codec=codec)
    deep = []
    for _ in range(126):
        deep = [deep]
    remembering.send(dora, Publish(1, {}, "com.topic", codec.serializer.pack(deep)))
    assert InvalidArgument.uri == remembering.ask_for("wamp.subscription.get_events", 1, by=dora)
    assert 4 == len(remembering.ask_for("wamp.subscription.get_events", 1, limit=4, by=dora))


def test_meta_events_have_history_too():
    """They are published like any other."""
    meeting = InformedMeeting(settings=Settings(history=(HistoryRule("wamp.session.on_leave"),)))
    meeting.leave(meeting.bob)
    [event] = meeting.ask_for("wamp.subscription.get_events", 1)
    assert [2, "bob", "user"] == event["args"]
