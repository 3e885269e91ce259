"""``disclose_me`` names the publisher to its subscribers, and nothing else does (advanced profile, "Publisher Identification")."""

import pytest

from tests.support.exchange import EVENT, PUBLISH, SUBSCRIBE, Id


def test_who_asks_is_named(exchange):
    """Session id, authid and role."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    [[_, _, subscription]] = alice.says(SUBSCRIBE, 1, {}, "com.topic")["alice"]
    [[*event, details]] = bob.says(PUBLISH, 1, {"disclose_me": True}, "com.topic")["alice"]
    assert [EVENT, subscription, Id()] == event
    assert {"publisher", "publisher_authid", "publisher_authrole"} == details.keys()
    assert (bob.session, "anonymous") == (details["publisher"], details["publisher_authrole"])


@pytest.mark.parametrize("options", [{}, {"disclose_me": False}, {"disclose_me": None}, {"exclude_me": False}])
def test_who_does_not_ask_stays_unknown(exchange, options):
    """Also with other options."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    [[_, _, subscription]] = alice.says(SUBSCRIBE, 1, {}, "com.topic")["alice"]
    assert {"alice": [[EVENT, subscription, Id(), {}]]} == bob.says(PUBLISH, 1, options, "com.topic")
