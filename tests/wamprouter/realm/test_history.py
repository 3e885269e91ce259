"""Event history: what was published before."""

import pytest

from tests.support.realm import PUBLICATION, Meeting, anyone, pack
from wamp.protocol.codec import CODECS
from wamp.protocol.errors import InvalidArgument, NoSuchSubscription, NotAuthorized
from wamp.protocol.messages import Event, Publish, Raw, Subscribe, Subscribed, Unsubscribe
from wamp.protocol.serializers import CBOR
from wamp.protocol.uris import Match
from wamprouter.authz.roles import Action, Role, Rule
from wamprouter.realm import history
from wamprouter.realm.history import HistoryFilter
from wamprouter.realm.settings import HistoryRule, Settings
from wamprouter.store.memory import MemoryStore

RULES = (HistoryRule("com.log"), HistoryRule("com.", Match.PREFIX, 5), HistoryRule("com..b", Match.WILDCARD))
EXACT, PREFIX, WILDCARD = 1, 2, 3
"""The ids of their subscriptions."""


@pytest.fixture
def meeting() -> Meeting:
    """Guests may subscribe to com.log only."""
    roles = {"user": anyone(), "guest": Role("guest", [Rule("com.log", Match.EXACT, [Action.SUBSCRIBE])])}
    return Meeting(roles, settings=Settings(history=RULES))


def publish(meeting, topic="com.log", *args, publisher="bob", seconds=1.0, **options):
    """Publish something, after which a second passes."""
    meeting.send(getattr(meeting, publisher), Publish(1, options, topic, pack(*args)))
    meeting.wall_time += seconds


def events(meeting, subscription=EXACT, reader=None, **filters):
    return meeting.realm.broker.history.events(subscription, HistoryFilter.of(filters), reader or meeting.alice)


def numbers(found):
    """Their publications, counted from the first one of all."""
    return [event["publication"] - PUBLICATION for event in found]


# What is kept


def test_events_are_kept_without_a_subscriber(meeting):
    """As the answer of wamp.subscription.get_events has them (advanced profile, "Event History")."""
    kwargs = CODECS["json"].serializer.pack({"level": 3})
    meeting.send(meeting.bob, Publish(1, {}, "com.log", pack("hello"), kwargs))
    assert [
        {
            "timestamp": "2027-01-15T08:00:00.000Z",
            "subscription": EXACT,
            "publication": PUBLICATION,
            "details": {},
            "args": ["hello"],
            "kwargs": {"level": 3},
        }
    ] == events(meeting)


def test_an_event_without_a_payload_has_none(meeting):
    """Neither arguments nor keyword arguments are made up."""
    meeting.send(meeting.bob, Publish(1, {}, "com.log"))
    [event] = events(meeting)
    assert {"timestamp", "subscription", "publication", "details"} == event.keys()


def test_each_subscription_has_its_own(meeting):
    """The specification's example: an event goes to all that match, with the topic where that is not known."""
    for topic in ("com.log", "com.a.b", "com.x", "org.x"):
        publish(meeting, topic)
    assert [0] == numbers(events(meeting, EXACT))
    assert [0, 1, 2] == numbers(events(meeting, PREFIX))
    assert [1] == numbers(events(meeting, WILDCARD))
    assert ["com.log", "com.a.b", "com.x"] == [event["details"]["topic"] for event in events(meeting, PREFIX)]
    assert {} == events(meeting, EXACT)[0]["details"]


def test_details_are_those_of_the_event(meeting):
    """Who published, if that was disclosed."""
    publish(meeting, disclose_me=True)
    [event] = events(meeting)
    assert {"publisher": 2, "publisher_authid": "bob", "publisher_authrole": "user"} == event["details"]
    event["details"]["mine"] = True
    assert "mine" not in events(meeting)[0]["details"]


def test_only_so_many_are_kept(meeting):
    """The oldest go first."""
    for _ in range(7):
        publish(meeting)
    assert [2, 3, 4, 5, 6] == numbers(events(meeting, PREFIX))


@pytest.mark.parametrize("options", [{"exclude": []}, {"exclude": [99]}, {"eligible": [1]}])
def test_what_was_for_some_sessions_is_not_kept(meeting, options):
    """Session ids mean nothing later."""
    publish(meeting, **options)
    assert [] == events(meeting)


def test_payloads_are_kept_as_copies(meeting):
    """The message that they came in may be gone."""
    whole = bytearray(b"....[1]....")
    meeting.send(meeting.bob, Publish(1, {}, "com.log", Raw(memoryview(whole)[4:7])))
    whole[:] = b"another one"
    assert [1] == events(meeting)[0]["args"]


# The subscription that they belong to


def test_who_subscribes_joins_the_subscription_that_is_there(meeting):
    """So that its id is that of the history."""
    assert [("alice", Subscribed(1, EXACT))] == meeting.send(meeting.alice, Subscribe(1, {}, "com.log"))
    assert ["Subscribed alice"] == meeting.told


def test_subscribers_get_events_as_ever(meeting):
    """Keeping them changes nothing; the publisher is still excluded."""
    for session in (meeting.alice, meeting.bob):
        meeting.send(session, Subscribe(1, {}, "com.log"))
    heard = meeting.send(meeting.bob, Publish(1, {}, "com.log", pack(1)))
    assert [("alice", Event(EXACT, PUBLICATION, {}, pack(1)))] == heard
    assert 1 == len(events(meeting))


def test_it_stays_when_nobody_is_left(meeting):
    """With its id and its events."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.log"))
    publish(meeting)
    meeting.send(meeting.alice, Unsubscribe(2, EXACT))
    publish(meeting)
    assert ["Subscribed alice", "Unsubscribed alice"] == meeting.told
    assert [0, 1] == numbers(events(meeting))
    assert [("alice", Subscribed(3, EXACT))] == meeting.send(meeting.alice, Subscribe(3, {}, "com.log"))


def test_two_rules_for_the_same_are_one():
    """The first one counts."""
    meeting = Meeting(settings=Settings(history=(HistoryRule("com.log", limit=1), HistoryRule("com.log", limit=9))))
    publish(meeting)
    publish(meeting)
    assert [1] == numbers(events(meeting))


def test_the_store_is_asked_for_each_rule_with_the_realms_name():
    """Realms share a store, and not their events."""
    store = MemoryStore()
    here, there = Meeting(settings=Settings(history=RULES)), Meeting(settings=Settings(history=RULES))
    publish(here)
    assert [] == events(there)
    assert [] == list(store.log("realm1", "com.log", Match.EXACT, 1, 1).events())


# Who may read it


def test_an_unknown_subscription_is_an_error(meeting):
    """Nobody has it."""
    with pytest.raises(NoSuchSubscription):
        events(meeting, 99)


def test_a_subscription_without_history_has_no_events(meeting):
    """Nothing was kept, which is no error."""
    meeting.send(meeting.alice, Subscribe(1, {}, "org.other"))
    meeting.send(meeting.bob, Publish(1, {}, "org.other"))
    assert [] == events(meeting, 4)


def test_who_may_not_subscribe_may_not_read(meeting):
    """A pattern that covers what is denied is denied too."""
    gustav = meeting.join("gustav", role="guest")
    publish(meeting)
    assert [0] == numbers(events(meeting, EXACT, gustav))
    with pytest.raises(NotAuthorized):
        events(meeting, PREFIX, gustav)


@pytest.mark.parametrize(
    "options",
    [
        {"eligible_authid": ["alice"]},
        {"eligible_authrole": ["user"]},
        {"exclude_authid": ["gustav"]},
        {"exclude_authrole": ["guest"]},
        {"eligible_authrole": ["guest", "user"], "exclude_authid": ["gustav"]},
    ],
)
def test_lists_of_people_hold_for_readers(meeting, options):
    """Alice was eligible and Gustav was not, whether or not they were there."""
    gustav = meeting.join("gustav", role="guest")
    publish(meeting, **options)
    assert [0] == numbers(events(meeting, EXACT, meeting.alice))
    assert [] == events(meeting, EXACT, gustav)


def test_a_publisher_may_read_what_it_did_not_want_to_hear(meeting):
    """Publisher exclusion is about sessions, and history is not."""
    publish(meeting)
    assert [0] == numbers(events(meeting, EXACT, meeting.bob))


# Filters. There are publications 0 to 4, a second apart from 08:00:00, on com.log and com.x in turn.


@pytest.fixture
def filled(meeting) -> Meeting:
    for number in range(5):
        publish(meeting, ["com.log", "com.x"][number % 2], number)
    return meeting


def at(second: float) -> str:
    return f"2027-01-15T08:00:{second:06.3f}Z"


P = PUBLICATION


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"reverse": False}, [0, 1, 2, 3, 4]),
        ({"reverse": True}, [4, 3, 2, 1, 0]),
        ({"limit": 2}, [0, 1]),
        ({"limit": 2, "reverse": True}, [4, 3]),
        ({"limit": 99}, [0, 1, 2, 3, 4]),
        ({"from_time": at(2)}, [2, 3, 4]),
        ({"after_time": at(2)}, [3, 4]),
        ({"before_time": at(2)}, [0, 1]),
        ({"until_time": at(2)}, [0, 1, 2]),
        ({"after_time": at(1.999)}, [2, 3, 4]),
        ({"before_time": at(2.001)}, [0, 1, 2]),
        ({"from_time": "2027-01-15T09:00:02+01:00"}, [2, 3, 4]),
        ({"from_time": at(1), "until_time": at(3)}, [1, 2, 3]),
        ({"after_time": at(1), "before_time": at(3)}, [2]),
        ({"from_time": at(1), "after_time": at(2)}, [3, 4]),
        ({"topic": "com.x"}, [1, 3]),
        ({"topic": "com.none"}, []),
        ({"topic": "com.log", "limit": 2}, [0, 2]),
        ({"topic": "com.log", "limit": 2, "reverse": True}, [4, 2]),
        ({"from_publication": P + 3}, [3, 4]),
        ({"after_publication": P + 3}, [4]),
        ({"after_publication": P + 4}, []),
        ({"before_publication": P + 1}, [0]),
        ({"before_publication": P}, []),
        ({"until_publication": P + 1}, [0, 1]),
        ({"from_publication": P + 1, "until_publication": P + 3}, [1, 2, 3]),
        ({"after_publication": P + 1, "before_publication": P + 3}, [2]),
        ({"from_publication": P + 3, "after_publication": P + 1}, [3, 4]),
        ({"before_publication": P + 3, "until_publication": P + 1}, [0, 1]),
        ({"from_publication": P + 3, "before_publication": P + 1}, []),
        ({"after_publication": P, "limit": 2}, [1, 2]),
        ({"before_publication": P + 3, "limit": 2, "reverse": True}, [2, 1]),
        ({"after_publication": P, "topic": "com.log", "before_time": at(4), "reverse": True}, [2]),
        ({"limit": 2.0}, [0, 1]),
        (
            {"limit": None, "reverse": None, "topic": None, "from_time": None, "after_publication": None},
            [0, 1, 2, 3, 4],
        ),
        ({"x_unknown": 1}, [0, 1, 2, 3, 4]),
    ],
)
def test_filters_hold_all_at_once(filled, filters, expected):
    """Each of the specification's, its near misses, and some together."""
    assert expected == numbers(events(filled, PREFIX, **filters))


@pytest.mark.parametrize(
    "filters",
    [
        {"limit": 0},
        {"limit": -1},
        {"limit": 1.5},
        {"limit": "1"},
        {"limit": True},
        {"reverse": 1},
        {"reverse": "yes"},
        {"topic": 1},
        {"from_time": "yesterday"},
        {"after_time": 1},
        {"before_time": "2027-01-15"},
        {"until_time": "2027-01-15T08:00:00"},
        {"until_time": "2027-13-15T08:00:00Z"},
        {"from_publication": 0},
        {"after_publication": "1"},
        {"before_publication": 2**53 + 1},
        {"until_publication": 1.5},
    ],
)
def test_filters_that_make_no_sense_are_refused(filled, filters):
    """Rather than ignored."""
    with pytest.raises(InvalidArgument):
        events(filled, PREFIX, **filters)


@pytest.mark.parametrize("name", ["from", "after", "before", "until"])
def test_a_publication_that_is_not_there_is_refused(filled, name):
    """Whoever reads page by page must hear that events were forgotten in between."""
    with pytest.raises(InvalidArgument):
        events(filled, PREFIX, **{f"{name}_publication": 77})


def test_a_publication_that_one_may_not_see_is_not_there(filled):
    """Else it could be found out when it was."""
    publish(filled, eligible_authid=["carol"])
    assert [] == events(filled, EXACT, filled.carol, after_publication=P + 5)
    with pytest.raises(InvalidArgument):
        events(filled, EXACT, filled.bob, after_publication=P + 5)


def test_pages_follow_on_one_another(filled):
    """With after_publication of the last event that one has."""
    first = events(filled, PREFIX, limit=2)
    second = events(filled, PREFIX, limit=2, after_publication=first[-1]["publication"])
    assert [0, 1, 2, 3] == numbers(first + second)


def test_what_comes_after_the_time_that_one_was_told(meeting):
    """Times are kept as exactly as they are told, so the event itself does not come again."""
    meeting.wall_time += 0.0019
    publish(meeting, seconds=0.01)
    publish(meeting)
    told = events(meeting)[0]["timestamp"]
    assert "2027-01-15T08:00:00.001Z" == told
    assert [1] == numbers(events(meeting, after_time=told))


def test_a_clock_that_was_set_back_does_not_hide_events(meeting):
    """Order is that of publication, times are what the clock said."""
    publish(meeting, seconds=-10)
    publish(meeting)
    assert [0, 1] == numbers(events(meeting))
    assert [0] == numbers(events(meeting, from_time=at(0)))


def test_an_answer_has_a_bound(filled, monkeypatch):
    """Also if more is asked for."""
    monkeypatch.setattr(history, "MOST", 2)
    assert [0, 1] == numbers(events(filled, PREFIX))
    assert [0, 1] == numbers(events(filled, PREFIX, limit=5))
    assert [0] == numbers(events(filled, PREFIX, limit=1))


# Serializers


@pytest.mark.parametrize("source", ["json", "msgpack", "cbor"])
@pytest.mark.parametrize("target", ["json", "msgpack", "cbor"])
def test_payloads_come_as_values(meeting, source, target):
    """Whatever they were written in: binary ones too."""
    writer, reader = meeting.join("writer", codec=CODECS[source]), meeting.join("reader", codec=CODECS[target])
    args = CODECS[source].serializer.pack([b"\x00\xff", 1, "two"])
    meeting.send(writer, Publish(1, {}, "com.log", args))
    assert [b"\x00\xff", 1, "two"] == events(meeting, EXACT, reader)[0]["args"]


def test_what_has_no_form_for_the_reader_is_left_out(meeting):
    """The rest is there, and others see it all."""
    writer, reader = meeting.join("writer", codec=CODECS["cbor"]), meeting.join("reader", codec=CODECS["cbor"])
    meeting.send(writer, Publish(1, {}, "com.log", CBOR.pack([2**70])))
    publish(meeting)
    msgpack = meeting.join("msgpack", codec=CODECS["msgpack"])
    assert [1] == numbers(events(meeting, EXACT, msgpack))
    assert [1] == numbers(events(meeting, EXACT, msgpack, limit=1))
    assert [0, 1] == numbers(events(meeting, EXACT, reader))
