"""A subscription can be taken away (advanced profile, "Subscription Revocation")."""

import pytest

from tests.support.exchange import CALL, EVENT, PUBLISH, RESULT, SUBSCRIBE, UNSUBSCRIBE, UNSUBSCRIBED, Id, refused

REMOVE = "wamp.subscription.remove_subscriber"
ABLE = {"subscriber": {"features": {"subscription_revocation": True}}}


@pytest.mark.parametrize(
    ("reason", "details"),
    [([], {}), (["com.not_any_more"], {"reason": "com.not_any_more"})],
)
def test_who_knows_it_is_told(exchange, reason, details):
    """UNSUBSCRIBED with request 0, the subscription, and the reason if there is one."""
    alice, bob = exchange.join("alice", ABLE), exchange.join("bob")
    [[_, _, subscription]] = alice.says(SUBSCRIBE, 1, {}, "com.topic")["alice"]
    heard = bob.says(CALL, 1, {}, REMOVE, [subscription, alice.session, *reason])
    assert [[UNSUBSCRIBED, 0, {"subscription": subscription, **details}]] == heard["alice"]
    assert RESULT == heard["bob"][0][0]


@pytest.mark.parametrize("roles", [ABLE, {"subscriber": {}}])
def test_it_is_gone_for_both_kinds(exchange, roles):
    """Others keep the subscription."""
    alice, bob, carol = exchange.join("alice", roles), exchange.join("bob"), exchange.join("carol")
    for talker in (alice, bob):
        [[_, _, subscription]] = talker.says(SUBSCRIBE, 1, {}, "com.topic")[talker.name]
    heard = carol.says(CALL, 1, {}, REMOVE, [subscription, alice.session])
    assert ("alice" in heard) is (roles is ABLE)
    assert {"bob": [[EVENT, subscription, Id(), {}]]} == carol.says(PUBLISH, 2, {}, "com.topic")
    refusal = refused(UNSUBSCRIBE, 2, "wamp.error.no_such_subscription")
    assert {"alice": [refusal]} == alice.says(UNSUBSCRIBE, 2, subscription)
