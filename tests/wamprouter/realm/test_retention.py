"""Retained events: what a subscriber gets that comes after the event."""

import pytest

from tests.support.realm import PUBLICATION, Meeting, pack
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import ABSENT, Event, Publish, Raw, Subscribe, Subscribed, Unsubscribe
from wamprouter.realm.settings import Settings

RETAINED = {"retained": True}
ASKING = {"get_retained": True}


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


def publish(meeting, topic="com.weather", *args, publisher="bob", **options):
    meeting.send(getattr(meeting, publisher), Publish(1, {"retain": True, **options}, topic, pack(*args)))


def retained(meeting, name="alice", topic="com.weather", **options):
    """Subscribe, and return the events that come with it."""
    session = getattr(meeting, name)
    (first, *events) = meeting.send(session, Subscribe(1, {**ASKING, **options}, topic))
    assert isinstance(first[1], Subscribed)
    assert {name} <= {who for who, _ in [first, *events]}
    return [event for _, event in events]


def what(events):
    """Their first arguments."""
    return [CODECS["json"].serializer.unpack(event.args)[0] for event in events]


# What comes


def test_a_retained_event_comes_after_subscribed(meeting):
    """As it was published, with its publication id, and marked (advanced profile, "Event Retention")."""
    publish(meeting, "com.weather", "rain")
    assert [
        ("alice", Subscribed(1, 1)),
        ("alice", Event(1, PUBLICATION, RETAINED, pack("rain"))),
    ] == meeting.send(meeting.alice, Subscribe(1, ASKING, "com.weather"))


@pytest.mark.parametrize("options", [{}, {"get_retained": False}])
def test_it_comes_only_if_asked_for(meeting, options):
    """The default is not to."""
    publish(meeting, "com.weather", "rain")
    assert [("alice", Subscribed(1, 1))] == meeting.send(meeting.alice, Subscribe(1, options, "com.weather"))


@pytest.mark.parametrize("options", [{}, {"retain": False}, {"acknowledge": True}])
def test_only_what_was_published_so_is_retained(meeting, options):
    """Everything else is for those who are there."""
    meeting.send(meeting.bob, Publish(1, options, "com.weather"))
    assert [] == retained(meeting)


def test_publishing_without_retain_leaves_what_is_retained(meeting):
    """The publisher decides what the last word is."""
    publish(meeting, "com.weather", "rain")
    meeting.send(meeting.bob, Publish(2, {}, "com.weather", pack("sun")))
    assert ["rain"] == what(retained(meeting))


def test_the_latest_one_replaces_those_before(meeting):
    """A topic has one."""
    publish(meeting, "com.weather", "rain")
    publish(meeting, "com.weather", "sun")
    assert ["sun"] == what(retained(meeting))
    assert 1 == len(meeting.realm.broker.retention)


def test_an_event_without_a_payload_is_one_too(meeting):
    """It replaces what there was, and does not merely clear it: the specification knows no clearing."""
    publish(meeting, "com.weather", "rain")
    meeting.send(meeting.bob, Publish(1, {"retain": True}, "com.weather"))
    assert [Event(1, PUBLICATION + 1, RETAINED)] == retained(meeting)


def test_those_who_are_there_get_it_unmarked(meeting):
    """For them it is new."""
    meeting.send(meeting.alice, Subscribe(1, ASKING, "com.weather"))
    heard = meeting.send(meeting.bob, Publish(1, {"retain": True}, "com.weather"))
    assert [("alice", Event(1, PUBLICATION, {}))] == heard


def test_another_topic_has_its_own(meeting):
    """A longer topic is no part of it."""
    publish(meeting, "com.weather.north", "snow")
    assert [] == retained(meeting)


def test_subscribing_again_brings_it_only_if_asked_for_again(meeting):
    """The second SUBSCRIBE changes nothing else."""
    publish(meeting, "com.weather", "rain")
    retained(meeting)
    assert [("alice", Subscribed(2, 1))] == meeting.send(meeting.alice, Subscribe(2, {}, "com.weather"))
    assert ["rain"] == what(retained(meeting))


def test_it_outlives_its_publisher(meeting):
    """And every subscription."""
    publish(meeting, "com.weather", "rain", disclose_me=True)
    meeting.leave(meeting.bob)
    meeting.send(meeting.alice, Subscribe(1, {}, "com.weather"))
    meeting.send(meeting.alice, Unsubscribe(2, 1))
    [event] = retained(meeting)
    bob = {"publisher": 2, "publisher_authid": "bob", "publisher_authrole": "user"}
    assert {**RETAINED, **bob} == event.details


def test_retained_events_are_counted_as_events(meeting):
    """They are handed on like others."""
    publish(meeting)
    retained(meeting)
    assert 1 == meeting.realm.tally.events


def test_the_payload_is_a_copy_in_the_serializer_of_its_publisher(meeting):
    """It must not keep the whole message in memory, and is translated for whoever gets it."""
    dora = meeting.join("dora", codec=CODECS["msgpack"])
    whole = bytearray(b"....\x91\x07....")
    meeting.send(dora, Publish(1, {"retain": True}, "com.weather", Raw(memoryview(whole)[4:6])))
    whole[:] = b"another msg"[: len(whole)]
    _, delivery = meeting.realm.handle(meeting.alice, Subscribe(1, ASKING, "com.weather"))
    assert CODECS["msgpack"] is delivery.source
    assert b"\x91\x07" == bytes(delivery.message.args)
    assert ABSENT is delivery.message.kwargs


def test_each_retained_event_has_details_of_its_own(meeting):
    """Nobody can change what the next one gets."""
    publish(meeting)
    [event] = retained(meeting)
    event.details["mine"] = True
    assert [RETAINED] == [event.details for event in retained(meeting, "carol")]


# For whom


@pytest.mark.parametrize(
    "options",
    [
        {"eligible": [1]},
        {"eligible_authid": ["alice"]},
        {"exclude": [3]},
        {"exclude_authid": ["carol"]},
        {"eligible_authrole": ["user"], "exclude": [3]},
    ],
)
def test_who_would_not_have_heard_it_does_not_hear_it_now(meeting, options):
    """Alice may, Carol may not: all lists hold later as they did then."""
    publish(meeting, "com.weather", "secret", **options)
    assert ["secret"] == what(retained(meeting, "alice"))
    assert [] == retained(meeting, "carol")


def test_roles_count_as_well():
    """What Crossbar forgets."""
    meeting = Meeting()
    publish(meeting, "com.weather", "secret", eligible_authrole=["admin"])
    publish(meeting, "com.news", "secret", exclude_authrole=["user"])
    assert [] == retained(meeting, "alice")
    assert [] == retained(meeting, "alice", "com.news")


def test_a_publisher_does_not_hear_itself_later_either(meeting):
    """It would not have received the event, unless it wanted to."""
    publish(meeting, "com.weather", "rain")
    assert [] == retained(meeting, "bob")
    publish(meeting, "com.news", "war", exclude_me=False)
    assert ["war"] == what(retained(meeting, "bob", "com.news"))


def test_an_event_for_few_does_not_hide_that_for_all(meeting):
    """Carol gets the latest of those that she may hear."""
    publish(meeting, "com.weather", "rain")
    publish(meeting, "com.weather", "storm", eligible_authid=["alice"])
    assert ["storm"] == what(retained(meeting, "alice"))
    assert ["rain"] == what(retained(meeting, "carol"))


def test_an_event_for_all_replaces_those_for_few(meeting):
    """It is the most recent one for everybody."""
    publish(meeting, "com.weather", "storm", eligible_authid=["alice"])
    publish(meeting, "com.weather", "sun")
    assert ["sun"] == what(retained(meeting, "alice"))
    assert 1 == len(meeting.realm.broker.retention)


def test_the_same_few_have_one(meeting):
    """In whatever order they were named; other few have their own."""
    publish(meeting, "com.weather", "a", eligible_authid=["alice", "carol"])
    publish(meeting, "com.weather", "b", eligible_authid=["carol"])
    publish(meeting, "com.weather", "c", eligible_authid=["carol", "alice"])
    assert 2 == len(meeting.realm.broker.retention)
    assert ["c"] == what(retained(meeting, "carol"))


# Patterns


@pytest.mark.parametrize(
    ("match", "pattern", "topics"),
    [
        ("prefix", "com.", ["com.b", "com.a", "com.a.b"]),
        ("prefix", "", ["com.b", "com.a", "com.a.b"]),
        ("prefix", "com.a", ["com.a", "com.a.b"]),
        ("prefix", "org", []),
        ("wildcard", "com.", ["com.b", "com.a"]),
        ("wildcard", ".a", ["com.a"]),
        ("wildcard", "..", ["com.a.b"]),
        ("wildcard", "...", []),
        ("wildcard", "com.a", ["com.a"]),
    ],
)
def test_a_pattern_gets_those_of_all_topics_that_match(meeting, match, pattern, topics):
    """In the order of publication, each with its topic."""
    for topic in ("com.b", "com.a", "com.a.b"):
        publish(meeting, topic, topic)
    events = retained(meeting, topic=pattern, match=match)
    assert topics == what(events)
    assert [{**RETAINED, "topic": topic} for topic in topics] == [event.details for event in events]


def test_publishing_again_moves_a_topic_to_the_end(meeting):
    """The order is that of the events, not of the topics' first ones."""
    for topic in ("com.a", "com.b", "com.a"):
        publish(meeting, topic, topic)
    assert ["com.b", "com.a"] == what(retained(meeting, topic="com", match="prefix"))


def test_each_topic_is_looked_at_for_who_may_hear_it(meeting):
    """A pattern is no way around a list."""
    publish(meeting, "com.a", "a", exclude_authid=["alice"])
    publish(meeting, "com.b", "b")
    assert ["b"] == what(retained(meeting, topic="com", match="prefix"))


# How many


def test_only_so_many_are_retained():
    """The one that was published longest ago is forgotten."""
    meeting = Meeting(settings=Settings(max_retained=2))
    for topic in ("com.a", "com.b", "com.a", "com.c"):
        publish(meeting, topic, topic)
    assert ["com.a", "com.c"] == what(retained(meeting, topic="com", match="prefix"))


def test_those_for_few_count_as_well():
    """Nothing grows without a bound: the forgotten one may leave others of its topic."""
    meeting = Meeting(settings=Settings(max_retained=2))
    for name in ("alice", "carol", "dora"):
        publish(meeting, "com.weather", name, eligible_authid=[name])
    assert [] == retained(meeting, "alice")
    assert ["carol"] == what(retained(meeting, "carol"))


def test_a_realm_may_retain_nothing():
    """With a limit of 0."""
    meeting = Meeting(settings=Settings(max_retained=0))
    publish(meeting, "com.weather", "rain")
    assert [] == retained(meeting)
    assert 0 == len(meeting.realm.broker.retention)


@pytest.fixture
def small() -> Meeting:
    """Where retained events may take 10,000 bytes."""
    return Meeting(settings=Settings(max_retained_bytes=10_000))


def topics(meeting):
    return list(meeting.realm.broker.retention._by_topic)


def test_beyond_the_bytes_the_oldest_are_forgotten(small):
    """As many as there must be to make room."""
    for number in range(5):
        publish(small, f"com.t{number}", "x" * 100)
    publish(small, "com.large", "x" * 6_300)
    assert ["com.t2", "com.t3", "com.t4", "com.large"] == topics(small)
    retention = small.realm.broker.retention
    assert 2 == retention.forgotten
    assert 10_000 >= retention.bytes == sum(event.weight for event in retention._events.values())


def test_what_is_replaced_weighs_nothing_any_more(small):
    """However often."""
    for _ in range(100):
        publish(small, "com.weather", "x" * 5_000)
        publish(small, "com.weather", "x", eligible_authid=["alice"])
    assert 0 == small.realm.broker.retention.forgotten
    assert ["x"] == what(retained(small))


def test_an_event_larger_than_all_may_be_drives_out_none(small):
    """It goes itself, with what it has replaced: nobody shall take that for the last word."""
    publish(small, "com.weather", "rain")
    publish(small, "com.news", "peace")
    publish(small, "com.weather", "x" * 20_000)
    assert ["com.news"] == topics(small)
    assert 1 == small.realm.broker.retention.forgotten


def test_lists_of_names_weigh_as_well(small):
    """They are kept with the event, and may be as long as a message."""
    publish(small, "com.weather", "rain")
    publish(small, "com.weather", "storm", eligible_authid=[f"somebody-{number}" for number in range(1000)])
    assert ["rain"] == what(retained(small))


def test_details_that_are_carried_weigh_as_well(small):
    """A key may be as long as a message."""
    publish(small, "com.weather", "rain")
    publish(small, "com.news", "war", enc_key="x" * 10_000)
    assert ["com.weather"] == topics(small)
