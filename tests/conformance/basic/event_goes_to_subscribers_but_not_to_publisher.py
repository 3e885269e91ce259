"""An event goes to all subscribers of its topic except who published it (basic profile, "Publishing")."""

from tests.support.exchange import EVENT, PUBLISH, PUBLISHED, SUBSCRIBE, UNSUBSCRIBE, UNSUBSCRIBED, Id


def test_subscribers_hear(exchange):
    """With the payload, and PUBLISHED names the same publication."""
    alice, bob, carol = map(exchange.join, ("alice", "bob", "carol"))
    subscription, publication = Id(), Id()
    for session in (alice, bob):
        [[_, _, number]] = session.says(SUBSCRIBE, 1, {}, "com.topic")[session.name]
        assert subscription == number
    event = [EVENT, subscription, publication, {}, ["hello", 7], {"key": [None, True]}]
    assert {"alice": [event], "bob": [event], "carol": [[PUBLISHED, 2, publication]]} == carol.says(
        PUBLISH, 2, {"acknowledge": True}, "com.topic", ["hello", 7], {"key": [None, True]}
    )


def test_publisher_does_not_hear(exchange):
    """Although it has subscribed."""
    alice = exchange.join("alice")
    alice.says(SUBSCRIBE, 1, {}, "com.topic")
    assert {} == alice.says(PUBLISH, 2, {}, "com.topic", ["hello"])


def test_nothing_after_unsubscribed(exchange):
    """Who has unsubscribed hears no more."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    [[_, _, subscription]] = alice.says(SUBSCRIBE, 1, {}, "com.topic")["alice"]
    assert {"alice": [[UNSUBSCRIBED, 2]]} == alice.says(UNSUBSCRIBE, 2, subscription)
    assert {} == bob.says(PUBLISH, 1, {}, "com.topic")


def test_payload_stays_as_it_is(exchange):
    """An empty list stays an empty list, and what is absent stays absent."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    [[_, _, subscription]] = alice.says(SUBSCRIBE, 1, {}, "com.topic")["alice"]
    for payload in ([], [[]], [[1]], [[], {}], [[], {"a": 1}]):
        assert {"alice": [[EVENT, subscription, Id(), {}, *payload]]} == bob.says(PUBLISH, 1, {}, "com.topic", *payload)
