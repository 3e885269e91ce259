"""Topics, subscriptions and events: who hears what, and what is left afterwards."""

from itertools import permutations, product

import pytest

from tests.support.realm import PUBLICATION, Meeting, pack
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import (
    Error,
    Event,
    Publish,
    Published,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


# Subscribing


def test_a_subscriber_is_told_its_subscription(meeting):
    """SUBSCRIBED comes to who subscribed, and to nobody else."""
    assert [("alice", Subscribed(7, 1))] == meeting.send(meeting.alice, Subscribe(7, {}, "com.weather"))


def test_subscribing_twice_gives_the_same_subscription(meeting):
    """The second SUBSCRIBE is answered with the id of the first one (basic profile, "Subscribing")."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    assert [("alice", Subscribed(2, 1))] == meeting.send(meeting.alice, Subscribe(2, {}, "com.weather"))


def test_subscribing_twice_does_not_double_events(meeting):
    """A topic subscribed to twice delivers each event once."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.alice, Subscribe(2, {}, "com.weather"))
    assert [("alice", Event(1, PUBLICATION, {}))] == meeting.send(meeting.bob, Publish(1, {}, "com.weather"))


def test_one_unsubscribe_ends_what_two_subscribes_began(meeting):
    """Subscriptions are not counted."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.alice, Subscribe(2, {}, "com.weather"))
    meeting.send(meeting.alice, Unsubscribe(3, 1))
    assert [] == meeting.send(meeting.bob, Publish(1, {}, "com.weather"))


def test_subscribers_of_one_topic_share_a_subscription(meeting):
    """One subscription stands for one topic and match, whoever is in it."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    assert [("bob", Subscribed(1, 1))] == meeting.send(meeting.bob, Subscribe(1, {}, "com.weather"))


def test_match_is_part_of_what_a_subscription_is(meeting):
    """The same URI as exact topic, prefix and wildcard is three subscriptions."""
    policies = [{}, {"match": "prefix"}, {"match": "wildcard"}, {"match": "exact"}]
    answers = [meeting.send(meeting.alice, Subscribe(1, options, "com.weather")) for options in policies]
    assert [1, 2, 3, 1] == [subscribed.subscription for [(_, subscribed)] in answers]


# Unsubscribing


def test_unsubscribing_is_confirmed(meeting):
    """UNSUBSCRIBED names the request."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    assert [("alice", Unsubscribed(2))] == meeting.send(meeting.alice, Unsubscribe(2, 1))


def test_no_event_comes_after_unsubscribed(meeting):
    """Others go on hearing of the topic."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.bob, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.alice, Unsubscribe(2, 1))
    assert [("bob", Event(1, PUBLICATION, {}))] == meeting.send(meeting.carol, Publish(1, {}, "com.weather"))


def test_unsubscribing_from_nothing_is_an_error(meeting):
    """An id that nobody was given is no such subscription."""
    refusal = Error(Unsubscribe.CODE, 5, {}, "wamp.error.no_such_subscription")
    assert [("alice", refusal)] == meeting.send(meeting.alice, Unsubscribe(5, 1))


def test_unsubscribing_twice_is_an_error(meeting):
    """The second time there is nothing to end."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.alice, Unsubscribe(2, 1))
    refusal = Error(Unsubscribe.CODE, 3, {}, "wamp.error.no_such_subscription")
    assert [("alice", refusal)] == meeting.send(meeting.alice, Unsubscribe(3, 1))


def test_nobody_ends_a_subscription_it_is_not_in(meeting):
    """A foreign id is no such subscription, and the others keep it."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    refusal = Error(Unsubscribe.CODE, 1, {}, "wamp.error.no_such_subscription")
    assert [("bob", refusal)] == meeting.send(meeting.bob, Unsubscribe(1, 1))
    assert [("alice", Event(1, PUBLICATION, {}))] == meeting.send(meeting.carol, Publish(1, {}, "com.weather"))


def test_a_topic_that_was_abandoned_gets_a_new_subscription(meeting):
    """With its last subscriber a subscription ends, and its id with it."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.alice, Unsubscribe(2, 1))
    assert [("alice", Subscribed(3, 2))] == meeting.send(meeting.alice, Subscribe(3, {}, "com.weather"))


# Publishing


def test_an_event_carries_the_payload_as_it_came(meeting):
    """The broker copies arguments, it does not look into them."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    args, kwargs = pack("rain", 12), pack()
    heard = meeting.send(meeting.bob, Publish(1, {}, "com.weather", args, kwargs))
    assert [("alice", Event(1, PUBLICATION, {}, args, kwargs))] == heard


def test_a_delivery_knows_what_its_payload_is_written_in(meeting):
    """The publisher's codec goes along, so that it can be transcoded for others."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    dora = meeting.join("dora", codec=CODECS["cbor"])
    [delivery] = meeting.realm.handle(dora, Publish(1, {}, "com.weather"))
    assert CODECS["cbor"] is delivery.source


def test_a_fan_out_is_one_delivery(meeting):
    """However many subscribers: the event is made once, and can be encoded once."""
    for session in (meeting.alice, meeting.bob):
        meeting.send(session, Subscribe(1, {}, "com.weather"))
    [delivery] = meeting.realm.handle(meeting.carol, Publish(1, {}, "com.weather"))
    assert [meeting.alice, meeting.bob] == list(delivery.to)


def test_a_publisher_does_not_hear_itself(meeting):
    """By default an event goes to every subscriber but the session that published it."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.bob, Subscribe(1, {}, "com.weather"))
    assert [("bob", Event(1, PUBLICATION, {}))] == meeting.send(meeting.alice, Publish(2, {}, "com.weather"))


def test_a_publisher_hears_itself_if_it_wants_to(meeting):
    """With exclude_me false it is a subscriber like any other."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    heard = meeting.send(meeting.alice, Publish(2, {"exclude_me": False}, "com.weather"))
    assert [("alice", Event(1, PUBLICATION, {}))] == heard


def test_an_unacknowledged_publication_is_not_answered(meeting):
    """Nobody subscribed and nothing was asked: silence."""
    assert [] == meeting.send(meeting.alice, Publish(1, {}, "com.weather"))


def test_acknowledge_false_is_the_same_as_none(meeting):
    """The option must be true to have an effect."""
    assert [] == meeting.send(meeting.alice, Publish(1, {"acknowledge": False}, "com.weather"))


@pytest.mark.parametrize("options", [{}, {"exclude": [1, 2, 3]}, {"eligible": []}, {"exclude_me": False}])
def test_an_acknowledged_publication_is_answered_whoever_hears_it(meeting, options):
    """PUBLISHED comes also if no subscriber gets the event."""
    heard = meeting.send(meeting.alice, Publish(5, {"acknowledge": True, **options}, "com.weather"))
    assert [("alice", Published(5, PUBLICATION))] == heard


def test_published_and_event_name_the_same_publication(meeting):
    """What the publisher is told is what the subscriber sees."""
    meeting.send(meeting.bob, Subscribe(1, {}, "com.weather"))
    heard = meeting.send(meeting.alice, Publish(5, {"acknowledge": True}, "com.weather"))
    assert [("bob", Event(1, PUBLICATION, {})), ("alice", Published(5, PUBLICATION))] == heard


def test_each_publication_has_its_own_id(meeting):
    """Also one that nobody hears takes an id."""
    meeting.send(meeting.bob, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.alice, Publish(1, {}, "com.news"))
    heard = meeting.send(meeting.alice, Publish(2, {}, "com.weather"))
    assert [("bob", Event(1, PUBLICATION + 1, {}))] == heard


def test_events_are_counted_once_for_each_receiver(meeting):
    """What statistics show."""
    for session in (meeting.alice, meeting.bob):
        meeting.send(session, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.carol, Publish(1, {}, "com.weather"))
    meeting.send(meeting.alice, Publish(1, {}, "com.weather"))
    assert 3 == meeting.realm.tally.events


# Patterns


@pytest.mark.parametrize(
    ("options", "pattern", "details"),
    [
        ({}, "com.myapp.topic", {}),
        ({"match": "exact"}, "com.myapp.topic", {}),
        ({"match": "prefix"}, "com.my", {"topic": "com.myapp.topic"}),
        ({"match": "prefix"}, "", {"topic": "com.myapp.topic"}),
        ({"match": "prefix"}, "com.myapp.topic", {"topic": "com.myapp.topic"}),
        ({"match": "wildcard"}, "com..topic", {"topic": "com.myapp.topic"}),
        ({"match": "wildcard"}, "..", {"topic": "com.myapp.topic"}),
        ({"match": "wildcard"}, "com.myapp.topic", {"topic": "com.myapp.topic"}),
    ],
)
def test_an_event_names_its_topic_only_for_patterns(meeting, options, pattern, details):
    """Who subscribed to a topic knows it; who subscribed to a pattern must be told (advanced profile)."""
    meeting.send(meeting.alice, Subscribe(1, options, pattern))
    heard = meeting.send(meeting.bob, Publish(1, {}, "com.myapp.topic"))
    assert [("alice", Event(1, PUBLICATION, details))] == heard


@pytest.mark.parametrize(
    ("match", "pattern"),
    [("exact", "com.myapp"), ("prefix", "com.myapp.topic."), ("wildcard", "com."), ("wildcard", "...")],
)
def test_what_does_not_match_is_not_heard(meeting, match, pattern):
    """A pattern that only looks similar gets nothing."""
    meeting.send(meeting.alice, Subscribe(1, {"match": match}, pattern))
    assert [] == meeting.send(meeting.bob, Publish(1, {}, "com.myapp.topic"))


def test_overlapping_subscriptions_each_get_the_event(meeting):
    """One EVENT for each matching subscription, with one publication id (advanced profile, "Pattern-based Subscriptions")."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.myapp.topic"))
    meeting.send(meeting.alice, Subscribe(2, {"match": "prefix"}, "com."))
    meeting.send(meeting.alice, Subscribe(3, {"match": "wildcard"}, "com..topic"))
    assert [
        ("alice", Event(1, PUBLICATION, {})),
        ("alice", Event(2, PUBLICATION, {"topic": "com.myapp.topic"})),
        ("alice", Event(3, PUBLICATION, {"topic": "com.myapp.topic"})),
    ] == meeting.send(meeting.bob, Publish(1, {}, "com.myapp.topic"))


# Black- and whitelists. Alice is session 1, Bob 2, Carol 3; Dora publishes.


LISTS = {
    "exclude": [1],
    "exclude_authid": ["alice"],
    "exclude_authrole": ["user"],
    "eligible": [1],
    "eligible_authid": ["alice"],
    "eligible_authrole": ["user"],
}


def audience(options: dict[str, object]) -> list[str]:
    meeting = Meeting()
    dora = meeting.join("dora")
    for session in (meeting.alice, meeting.bob, meeting.carol):
        meeting.send(session, Subscribe(1, {}, "com.weather"))
    return [name for name, _ in meeting.send(dora, Publish(1, options, "com.weather"))]


@pytest.mark.parametrize(
    ("options", "hearing"),
    [
        ({"exclude": [1]}, ["bob", "carol"]),
        ({"exclude_authid": ["alice"]}, ["bob", "carol"]),
        ({"exclude_authrole": ["user"]}, []),
        ({"eligible": [1]}, ["alice"]),
        ({"eligible_authid": ["alice"]}, ["alice"]),
        ({"eligible_authrole": ["user"]}, ["alice", "bob", "carol"]),
    ],
)
def test_a_list_restricts_who_hears(options, hearing):
    """Each of the six conditions by itself (advanced profile, "Subscriber Black- and Whitelisting")."""
    assert hearing == audience(options)


@pytest.mark.parametrize("name", [name for name in LISTS if name.startswith("eligible")])
def test_an_empty_whitelist_means_nobody(name):
    """A list that is there counts, even if it is empty."""
    assert [] == audience({name: []})


@pytest.mark.parametrize("name", [name for name in LISTS if name.startswith("exclude")])
def test_an_empty_blacklist_means_everybody(name):
    """Nobody is in it."""
    assert ["alice", "bob", "carol"] == audience({name: []})


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_strangers_names_nobody_here(name):
    """Ids, authids and roles that no subscriber has."""
    strangers = [99] if LISTS[name] == [1] else ["stranger"]
    assert ([] if name.startswith("eligible") else ["alice", "bob", "carol"]) == audience({name: strangers})


@pytest.mark.parametrize(("one", "other"), list(permutations(LISTS, 2)))
def test_all_conditions_hold_at_once(one, other):
    """Two lists admit exactly those whom each of them admits."""
    both = audience({one: LISTS[one], other: LISTS[other]})
    assert [name for name in audience({one: LISTS[one]}) if name in audience({other: LISTS[other]})] == both


@pytest.mark.parametrize("admitted", list(product([None, [], [1], [2]], repeat=2)))
def test_whoever_is_excluded_is_not_saved_by_being_eligible(admitted):
    """For every pair of lists of sessions: eligible and not excluded."""
    exclude, eligible = admitted
    options = {name: ids for name, ids in (("exclude", exclude), ("eligible", eligible)) if ids is not None}
    expected = [
        name
        for session, name in ((1, "alice"), (2, "bob"), (3, "carol"))
        if session not in (exclude or []) and (eligible is None or session in eligible)
    ]
    assert expected == audience(options)


def test_an_eligible_publisher_is_still_excluded(meeting):
    """Publisher exclusion comes on top of every list."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    assert [] == meeting.send(meeting.alice, Publish(2, {"eligible": [1]}, "com.weather"))


def test_an_eligible_publisher_hears_itself_if_it_wants_to(meeting):
    """exclude_me false and in the list: both conditions hold."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    heard = meeting.send(meeting.alice, Publish(2, {"eligible": [1], "exclude_me": False}, "com.weather"))
    assert [("alice", Event(1, PUBLICATION, {}))] == heard


def test_lists_hold_for_every_matching_subscription(meeting):
    """A pattern is no way around a blacklist."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.alice, Subscribe(2, {"match": "prefix"}, "com"))
    assert [] == meeting.send(meeting.bob, Publish(1, {"exclude_authid": ["alice"]}, "com.weather"))


# Order and facts


def test_facts_come_in_the_order_of_the_meta_events(meeting):
    """A subscription is created, then joined; left, then deleted (advanced profile, "Subscription Meta Events")."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.bob, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.alice, Unsubscribe(2, 1))
    meeting.send(meeting.bob, Unsubscribe(2, 1))
    assert [
        "SubscriptionCreated alice",
        "Subscribed alice",
        "Subscribed bob",
        "Unsubscribed alice",
        "Unsubscribed bob",
        "SubscriptionDeleted bob",
    ] == meeting.told


def test_a_repeated_subscribe_is_no_news(meeting):
    """Nothing has happened, so nothing is told."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    meeting.facts.clear()
    meeting.send(meeting.alice, Subscribe(2, {}, "com.weather"))
    assert [] == meeting.told


# Leaving


def test_who_has_left_hears_nothing(meeting):
    """Subscriptions end with their session; others keep theirs."""
    for session in (meeting.alice, meeting.bob):
        meeting.send(session, Subscribe(1, {}, "com.weather"))
        meeting.send(session, Subscribe(2, {"match": "prefix"}, "com"))
    meeting.leave(meeting.alice)
    heard = meeting.send(meeting.carol, Publish(1, {}, "com.weather"))
    assert ["bob", "bob"] == [name for name, _ in heard]


def test_leaving_tells_of_each_subscription_that_ends(meeting):
    """What the meta API will report, with the leaving session's name on it."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    meeting.facts.clear()
    meeting.leave(meeting.alice)
    assert ["Unsubscribed alice", "SubscriptionDeleted alice", "SessionLeft alice"] == meeting.told


def test_leaving_tells_nobody_who_is_still_there(meeting):
    """No message to other subscribers."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.bob, Subscribe(1, {}, "com.weather"))
    assert [] == meeting.leave(meeting.alice)


@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
def test_nothing_is_left_of_those_who_have_gone(meeting, match):
    """Every table is as empty as at the start."""
    for session in (meeting.alice, meeting.bob, meeting.carol):
        for request, topic in enumerate(("com.a", "com.b", "com.b.c"), 1):
            meeting.send(session, Subscribe(request, {"match": match}, topic))
    for session in (meeting.alice, meeting.bob, meeting.carol):
        meeting.leave(session)
    assert meeting.is_blank()
