"""A subscriber may ask to acknowledge its events; EVENT_RECEIVED is never answered (``x_acknowledged_event_delivery``)."""

import pytest

from tests.support.exchange import EVENT, EVENT_RECEIVED, PUBLISH, SUBSCRIBE, Id

ASKED = {"x_acknowledged_delivery": True}
FEATURES = {"features": {"x_acknowledged_event_delivery": True}}


@pytest.mark.parametrize("role", ["publisher", "subscriber"])
def test_who_asked_is_asked(exchange, role):
    """And whoever is there besides is not."""
    alice = exchange.join("alice", {"subscriber": {}, role: FEATURES})
    bob, carol = exchange.join("bob"), exchange.join("carol")
    alice.says(SUBSCRIBE, 1, ASKED, "com.topic")
    [[_, _, subscription]] = bob.says(SUBSCRIBE, 1, {}, "com.topic")["bob"]
    publication = Id()
    assert {
        "alice": [[EVENT, subscription, publication, ASKED]],
        "bob": [[EVENT, subscription, publication, {}]],
    } == carol.says(PUBLISH, 1, {}, "com.topic")
    assert {} == alice.says(EVENT_RECEIVED, publication)


def test_who_has_not_announced_it_is_not_asked(exchange):
    """The option alone does nothing."""
    alice, bob = exchange.join("alice", {"subscriber": {}}), exchange.join("bob")
    [[_, _, subscription]] = alice.says(SUBSCRIBE, 1, ASKED, "com.topic")["alice"]
    assert {"alice": [[EVENT, subscription, Id(), {}]]} == bob.says(PUBLISH, 1, {}, "com.topic")


def test_what_nobody_waits_for_is_ignored(exchange):
    """Any number of times, for any publication."""
    alice = exchange.join("alice")
    assert {} == alice.says(EVENT_RECEIVED, 1)
    assert {} == alice.says(EVENT_RECEIVED, 1)
