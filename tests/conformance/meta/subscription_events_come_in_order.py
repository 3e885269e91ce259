"""SUBSCRIBED, on_create, on_subscribe; on_unsubscribe, on_delete, on_leave (advanced profile, "Subscription Meta API")."""

import pytest

from tests.support.exchange import EVENT, SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBE, UNSUBSCRIBED, Id


@pytest.fixture
def watched(company):
    """Alice hears everything that the router tells."""
    company.alice.says(SUBSCRIBE, 1, {"match": "prefix"}, "wamp.subscription.")
    return company


def events(messages):
    """Return events as (what, arguments)."""
    assert all(message[0] == EVENT for message in messages)
    return [(message[3]["topic"].rpartition(".")[2], message[4]) for message in messages]


def test_first_subscriber(watched):
    """It creates the subscription, which is described."""
    bob = watched.join("bob")
    subscription = Id()
    heard = bob.says(SUBSCRIBE, 1, {"match": "wildcard"}, "com..x")
    assert [[SUBSCRIBED, 1, subscription]] == heard["bob"]
    [details] = watched.ask("wamp.subscription.get", subscription)
    assert [
        ("on_create", [bob.session.value, details]),
        ("on_subscribe", [bob.session.value, subscription.value]),
    ] == events(heard["alice"])
    assert {"id": subscription.value, "uri": "com..x", "match": "wildcard", "created": details["created"]} == details


def test_subscribing_twice(watched):
    """It is not told a second time."""
    bob = watched.join("bob")
    bob.says(SUBSCRIBE, 1, {}, "com.topic")
    assert {"bob"} == set(bob.says(SUBSCRIBE, 2, {}, "com.topic"))


def test_watcher_subscribes_itself(watched):
    """Its own reply comes before its own events."""
    heard = watched.alice.says(SUBSCRIBE, 2, {}, "com.topic")["alice"]
    assert [SUBSCRIBED, EVENT, EVENT] == [message[0] for message in heard]


def test_more_subscribers(watched):
    """They come and go; the last one deletes."""
    bob, carol = watched.join("bob"), watched.join("carol")
    subscription = Id()
    assert [[SUBSCRIBED, 1, subscription]] == bob.says(SUBSCRIBE, 1, {}, "com.topic")["bob"]
    number = subscription.value
    assert [("on_subscribe", [carol.session.value, number])] == events(
        carol.says(SUBSCRIBE, 1, {}, "com.topic")["alice"]
    )
    assert [[bob.session.value, carol.session.value]] == watched.ask("wamp.subscription.list_subscribers", number)
    assert [2] == watched.ask("wamp.subscription.count_subscribers", number)
    heard = bob.says(UNSUBSCRIBE, 2, subscription)
    assert [[UNSUBSCRIBED, 2]] == heard["bob"]
    assert [("on_unsubscribe", [bob.session.value, number])] == events(heard["alice"])
    heard = carol.says(UNSUBSCRIBE, 2, subscription)
    assert [
        ("on_unsubscribe", [carol.session.value, number]),
        ("on_delete", [carol.session.value, number]),
    ] == events(heard["alice"])
    assert "wamp.error.no_such_subscription" == watched.ask("wamp.subscription.get", number)


def test_loss_of_the_subscriber(watched, exchange):
    """With its id, and before it is told that it has left."""
    watched.alice.says(SUBSCRIBE, 2, {"match": "prefix"}, "wamp.session.on_l")
    bob = watched.join("bob")
    bob.says(SUBSCRIBE, 1, {}, "com.topic")
    exchange.heard()
    heard = bob.disappears()
    while "alice" not in heard:  # over a socket it is noticed a moment later
        heard = exchange.heard()
    told = events(heard["alice"])
    assert ["on_unsubscribe", "on_delete", "on_leave"] == [what for what, _ in told]
    assert {bob.session.value} == {arguments[0] for _, arguments in told}
