"""Whoever may call everything may ask about sessions, but neither kill them nor take from them what they have registered."""

import pytest

from tests.support.exchange import CALL, REGISTER, REGISTERED, RESULT, SUBSCRIBE, SUBSCRIBED, Id, refused

# In realm recorded the one permission is for all URIs; in realm meta there is another one for those below wamp.
NOT_AUTHORIZED = "wamp.error.not_authorized"


@pytest.mark.parametrize("procedure", ["kill_all", "kill", "kill_by_authid", "kill_by_authrole"])
def test_killing(exchange, procedure):
    """Nobody is."""
    alice, bob = exchange.join("alice", realm="recorded"), exchange.join("bob", realm="recorded")
    target = {"kill_all": [], "kill": [bob.session.value]}.get(procedure, ["anonymous"])
    uri = f"wamp.session.{procedure}"
    assert {"alice": [refused(CALL, 1, NOT_AUTHORIZED)]} == alice.says(CALL, 1, {}, uri, target)


@pytest.mark.parametrize(
    ("kind", "reply", "remove"),
    [
        (REGISTER, REGISTERED, "wamp.registration.remove_callee"),
        (SUBSCRIBE, SUBSCRIBED, "wamp.subscription.remove_subscriber"),
    ],
)
def test_removing(exchange, kind, reply, remove):
    """Nothing is."""
    alice, bob = exchange.join("alice", realm="recorded"), exchange.join("bob", realm="recorded")
    thing = Id()
    assert {"bob": [[reply, 1, thing]]} == bob.says(kind, 1, {}, "com.it")
    heard = alice.says(CALL, 1, {}, remove, [thing.value, bob.session.value])
    assert {"alice": [refused(CALL, 1, NOT_AUTHORIZED)]} == heard


def test_asking(exchange):
    """Needs no such permission."""
    alice = exchange.join("alice", realm="recorded")
    [(kind, *_)] = alice.says(CALL, 1, {}, "wamp.session.list")["alice"]
    assert RESULT == kind
