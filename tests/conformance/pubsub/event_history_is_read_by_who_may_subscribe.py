"""``wamp.subscription.get_events`` returns what was published before (advanced profile, "Event History")."""

import re

import pytest

from tests.support.exchange import CALL, ERROR, PUBLISH, PUBLISHED, RESULT, SUBSCRIBE, SUBSCRIBED, Id

GET_EVENTS = "wamp.subscription.get_events"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Reader:
    """Somebody who has subscribed to what is kept."""

    def __init__(self, exchange):
        self._talker = exchange.join("reader", realm="recorded")
        subscribed = self._talker.says(SUBSCRIBE, 1, {"match": "prefix"}, "com.log.")["reader"]
        [[_, _, self.subscription]] = subscribed
        self._request = 1

    def asks(self, subscription, **filters):
        self._request += 1
        payload = [[subscription], filters] if filters else [[subscription]]
        [answer] = self._talker.says(CALL, self._request, {}, GET_EVENTS, *payload)["reader"]
        return answer

    def reads(self, topic, **filters):
        answer = self.asks(self.subscription, topic=topic, **filters)
        assert [RESULT, self._request, {}] == answer[:3]
        [events] = answer[3]
        return events


def fill(exchange, topic, amount=3):
    """Publish 0, 1, 2, ...; return the publications."""
    writer = exchange.join("writer", realm="recorded")
    publications = []
    for number in range(amount):
        [[kind, _, publication]] = writer.says(PUBLISH, number + 1, {"acknowledge": True}, topic, [number])["writer"]
        assert PUBLISHED == kind
        publications.append(publication)
    return publications


def arguments(events):
    return [event["args"][0] for event in events]


def test_events_from_before_anybody_subscribed(exchange, topic):
    """With time, ids, details and payload."""
    publications = fill(exchange, topic)
    reader = Reader(exchange)
    events = reader.reads(topic)
    for event in events:
        assert TIMESTAMP.fullmatch(event.pop("timestamp"))
    details = {"topic": topic, "trustlevel": 3}
    assert [
        {"subscription": reader.subscription, "publication": publication, "details": details, "args": [number]}
        for number, publication in enumerate(publications)
    ] == events


def test_pages(exchange, topic):
    """Forwards, and backwards."""
    publications = fill(exchange, topic, 4)
    reader = Reader(exchange)
    assert [0, 1] == arguments(reader.reads(topic, limit=2))
    assert [2, 3] == arguments(reader.reads(topic, limit=2, after_publication=publications[1]))
    assert [3, 2] == arguments(reader.reads(topic, limit=2, reverse=True))
    assert [1, 0] == arguments(reader.reads(topic, limit=9, reverse=True, before_publication=publications[2]))
    assert [1, 2] == arguments(reader.reads(topic, from_publication=publications[1], until_publication=publications[2]))


def test_times(exchange, topic):
    """Everything is after 2000 and before 2999."""
    fill(exchange, topic, 1)
    reader = Reader(exchange)
    assert [0] == arguments(reader.reads(topic, after_time="2000-01-01T00:00:00Z", before_time="2999-01-01T00:00:00Z"))
    assert [] == reader.reads(topic, from_time="2999-01-01T00:00:00Z")
    assert [] == reader.reads(topic, until_time="2000-01-01T00:00:00Z")
    [event] = reader.reads(topic)
    time = event["timestamp"]
    assert [0] == arguments(reader.reads(topic, from_time=time, until_time=time))
    assert [] == reader.reads(topic, after_time=time)


@pytest.mark.parametrize(
    "options", [{"eligible_authrole": ["admin"]}, {"exclude_authrole": ["anonymous"]}, {"exclude": [1]}]
)
def test_not_what_was_for_others(exchange, topic, options):
    """Nor what named sessions, which is not kept."""
    exchange.join("writer", realm="recorded").says(PUBLISH, 1, options, topic)
    assert [] == Reader(exchange).reads(topic)


@pytest.mark.parametrize(
    "filters", [{"limit": 0}, {"after_time": "yesterday"}, {"from_publication": 1}, {"reverse": "x"}]
)
def test_what_makes_no_sense_is_an_error(exchange, topic, filters):
    """The publication 1 is in no history."""
    reader = Reader(exchange)
    answer = reader.asks(reader.subscription, **filters)
    assert (ERROR, "wamp.error.invalid_argument") == (answer[0], answer[4])


def test_an_unknown_subscription_is_an_error(exchange):
    """Nobody has that many."""
    answer = Reader(exchange).asks(2**50)
    assert (ERROR, "wamp.error.no_such_subscription") == (answer[0], answer[4])


def test_the_subscription_stays_the_same(exchange):
    """Also when its last subscriber has gone."""
    subscription = Id()
    for name in ("alice", "bob"):
        talker = exchange.join(name, realm="recorded")
        subscribed = [SUBSCRIBED, 1, subscription]
        assert {name: [subscribed]} == talker.says(SUBSCRIBE, 1, {"match": "prefix"}, "com.log.")
        talker.disappears()
