"""Subscribing to what one is subscribed to gives the same id, and events once (basic profile, "Subscribing")."""

import pytest

from tests.support.exchange import (
    EVENT,
    PUBLISH,
    SUBSCRIBE,
    SUBSCRIBED,
    UNSUBSCRIBE,
    UNSUBSCRIBED,
    Id,
    refused,
)


def test_same_id_and_one_event(exchange):
    """And one UNSUBSCRIBE ends it."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    subscription = Id()
    for request in (1, 2):
        assert {"alice": [[SUBSCRIBED, request, subscription]]} == alice.says(SUBSCRIBE, request, {}, "com.topic")
    assert {"alice": [[EVENT, subscription, Id(), {}]]} == bob.says(PUBLISH, 1, {}, "com.topic")
    assert {"alice": [[UNSUBSCRIBED, 3]]} == alice.says(UNSUBSCRIBE, 3, subscription)
    assert {} == bob.says(PUBLISH, 2, {}, "com.topic")


def test_another_match_is_another_subscription(exchange):
    """The match is part of what a subscription is."""
    alice = exchange.join("alice")
    ids = [
        alice.says(SUBSCRIBE, 1, {"match": match}, "com.topic")["alice"][0][2]
        for match in ("exact", "prefix", "wildcard")
    ]
    assert 3 == len(set(ids))


@pytest.mark.parametrize("is_there", [True, False])
def test_only_ones_own_is_ended(exchange, is_there):
    """A foreign id is as unknown as one that nobody has."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    [[_, _, subscription]] = alice.says(SUBSCRIBE, 1, {}, "com.topic")["alice"]
    refusal = refused(UNSUBSCRIBE, 1, "wamp.error.no_such_subscription")
    assert {"bob": [refusal]} == bob.says(UNSUBSCRIBE, 1, subscription if is_there else subscription + 10_000)
    assert {"alice": [[EVENT, subscription, Id(), {}]]} == bob.says(PUBLISH, 2, {}, "com.topic")
