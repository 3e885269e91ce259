"""wamp.subscription.list, lookup, match, get, remove_subscriber (advanced profile, "Subscription Meta API")."""

import re

import pytest

from tests.support.exchange import PUBLISH, SUBSCRIBE, UNSUBSCRIBED

REVOCABLE = {"subscriber": {"features": {"subscription_revocation": True}}}


@pytest.fixture
def subscribed(company):
    """Bob's subscriptions by match."""
    bob = company.join("bob")
    ids = {}
    for request, (match, uri) in enumerate([("exact", "com.topic"), ("prefix", "com."), ("wildcard", "com..x")], 1):
        ids[match] = bob.says(SUBSCRIBE, request, {"match": match}, uri)["bob"][0][2]
    return ids


def test_list(company, subscribed):
    """For each way to match."""
    assert [{match: [number] for match, number in subscribed.items()}] == company.ask("wamp.subscription.list")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["com.topic"], "exact"),
        (["com.", {"match": "prefix"}], "prefix"),
        (["com..x", {"match": "wildcard"}], "wildcard"),
        (["com.a.x"], None),
        (["com.topic", {"match": "prefix"}], None),
    ],
)
def test_lookup(company, subscribed, arguments, found):
    """As it was subscribed to, or null."""
    assert [subscribed.get(found)] == company.ask("wamp.subscription.lookup", *arguments)


@pytest.mark.parametrize(
    ("topic", "found"),
    [("com.topic", ["exact", "prefix"]), ("com.a.x", ["prefix", "wildcard"]), ("org.x", None)],
)
def test_match(company, subscribed, topic, found):
    """All that get an event, or null."""
    expected = None if found is None else [subscribed[match] for match in found]
    assert [expected] == company.ask("wamp.subscription.match", topic)


def test_get(company, subscribed):
    """With the time in ISO 8601."""
    [details] = company.ask("wamp.subscription.get", subscribed["prefix"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", details.pop("created"))
    assert {"id": subscribed["prefix"], "uri": "com.", "match": "prefix"} == details


@pytest.mark.parametrize("procedure", ["get", "list_subscribers", "count_subscribers", "get_events"])
def test_unknown(company, procedure):
    """It is an error."""
    assert "wamp.error.no_such_subscription" == company.ask(f"wamp.subscription.{procedure}", 2**53)


def test_remove_subscriber(company):
    """It is told by an UNSUBSCRIBED that it has not asked for, and gets no more events."""
    bob = company.join("bob", roles=REVOCABLE)
    subscription = bob.says(SUBSCRIBE, 1, {}, "com.topic")["bob"][0][2]
    heard = company.call("wamp.subscription.remove_subscriber", subscription, bob.session, reason="com.reason")
    assert [[UNSUBSCRIBED, 0, {"subscription": subscription, "reason": "com.reason"}]] == heard["bob"]
    assert {} == company.alice.says(PUBLISH, 1, {}, "com.topic")


def test_remove_subscriber_that_has_not_announced_it(company, subscribed):
    """It is not told."""
    [[bob]] = company.ask("wamp.subscription.list_subscribers", subscribed["exact"])
    assert {"alice"} == set(company.call("wamp.subscription.remove_subscriber", subscribed["exact"], bob))
    assert "wamp.error.no_such_session" == company.ask("wamp.subscription.remove_subscriber", subscribed["prefix"], 1)
