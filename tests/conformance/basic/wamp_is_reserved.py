"""Nobody registers or publishes below ``wamp``; ``wampfoo`` is anybody's (basic profile, "URIs")."""

import pytest

from tests.support.exchange import (
    CALL,
    INVOCATION,
    PUBLISH,
    PUBLISHED,
    REGISTER,
    REGISTERED,
    SUBSCRIBE,
    SUBSCRIBED,
    Id,
    refused,
)


@pytest.mark.parametrize("uri", ["wamp.session.on_join", "wamp.x", "wamp"])
@pytest.mark.parametrize("kind", [REGISTER, PUBLISH])
def test_reserved(exchange, kind, uri):
    """Neither a procedure nor an event of the router's can be forged."""
    alice = exchange.join("alice")
    options = {"acknowledge": True} if kind == PUBLISH else {}
    assert {"alice": [refused(kind, 1, "wamp.error.invalid_uri")]} == alice.says(kind, 1, options, uri)


def test_patterns_do_not_catch_it(exchange):
    """Who registers everything is not called for the router's procedures."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    assert {"bob": [[REGISTERED, 1, Id()]]} == bob.says(REGISTER, 1, {"match": "prefix"}, "")
    heard = alice.says(CALL, 1, {}, "wamp.no.such.procedure")
    assert {"alice": [refused(CALL, 1, "wamp.error.no_such_procedure")]} == heard
    assert [INVOCATION] == [message[0] for message in alice.says(CALL, 2, {}, "wampfoo.x")["bob"]]


def test_near_misses(exchange):
    """Only the first component counts, and subscribing is allowed."""
    alice = exchange.join("alice")
    assert {"alice": [[REGISTERED, 1, Id()]]} == alice.says(REGISTER, 1, {}, "wampfoo.x")
    assert {"alice": [[PUBLISHED, 2, Id()]]} == alice.says(PUBLISH, 2, {"acknowledge": True}, "com.wamp.x")
    assert {"alice": [[SUBSCRIBED, 3, Id()]]} == alice.says(SUBSCRIBE, 3, {}, "wamp.session.on_join")
