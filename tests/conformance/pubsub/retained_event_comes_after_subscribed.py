"""The last word on a topic reaches who subscribes later and asks for it (advanced profile, "Event Retention")."""

import pytest

from tests.support.exchange import EVENT, PUBLISH, PUBLISHED, SUBSCRIBE, SUBSCRIBED, Id

RETAIN, ASKING = {"retain": True}, {"get_retained": True}


def test_after_subscribed_with_its_own_publication(exchange, topic):
    """Marked as retained, and again only if asked for again."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    publication, subscription = Id(), Id()
    bob.says(PUBLISH, 1, RETAIN, topic, ["old"])
    published = bob.says(PUBLISH, 2, {**RETAIN, "acknowledge": True}, topic, ["new"], {"a": 1})
    assert {"bob": [[PUBLISHED, 2, publication]]} == published
    event = [EVENT, subscription, publication, {"retained": True}, ["new"], {"a": 1}]
    assert {"alice": [[SUBSCRIBED, 1, subscription], event]} == alice.says(SUBSCRIBE, 1, ASKING, topic)
    assert {"alice": [[SUBSCRIBED, 2, subscription]]} == alice.says(SUBSCRIBE, 2, {}, topic)
    assert {"alice": [[SUBSCRIBED, 3, subscription], event]} == alice.says(SUBSCRIBE, 3, ASKING, topic)


@pytest.mark.parametrize(("publishing", "subscribing"), [({}, ASKING), (RETAIN, {}), ({"retain": False}, ASKING)])
def test_both_must_want_it(exchange, topic, publishing, subscribing):
    """The publisher and the subscriber."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    bob.says(PUBLISH, 1, publishing, topic)
    assert {"alice": [[SUBSCRIBED, 1, Id()]]} == alice.says(SUBSCRIBE, 1, subscribing, topic)


def test_a_pattern_gets_those_of_all_its_topics(exchange, topic):
    """In the order of publication, with the topic of each."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    for request, name in enumerate(("b", "a"), 1):
        bob.says(PUBLISH, request, RETAIN, f"{topic}.{name}", [name])
    subscription = Id()
    assert {
        "alice": [
            [SUBSCRIBED, 1, subscription],
            [EVENT, subscription, Id(), {"retained": True, "topic": f"{topic}.b"}, ["b"]],
            [EVENT, subscription, Id(), {"retained": True, "topic": f"{topic}.a"}, ["a"]],
        ]
    } == alice.says(SUBSCRIBE, 1, {**ASKING, "match": "prefix"}, f"{topic}.")


def test_it_outlives_who_published_it(exchange, topic):
    """However that went."""
    bob = exchange.join("bob")
    bob.says(PUBLISH, 1, RETAIN, topic, ["last words"])
    bob.disappears()
    _, event = exchange.join("alice").says(SUBSCRIBE, 1, ASKING, topic)["alice"]
    assert ["last words"] == event[4]
