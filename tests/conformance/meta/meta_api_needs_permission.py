"""Meta procedures and topics are subject to permissions like all others: without a rule, the answer is no."""

import pytest

from tests.support.exchange import CALL, SUBSCRIBE, refused

PROCEDURES = ["wamp.session.count", "wamp.session.kill_all", "wamp.registration.list", "wamp.subscription.get_events"]


@pytest.mark.parametrize("procedure", [*PROCEDURES, "wamp.session.no_such_procedure"])
def test_call(exchange, procedure):
    """In realm ``guarded``, where only com.open. is permitted."""
    alice = exchange.join("alice", realm="guarded")
    assert {"alice": [refused(CALL, 1, "wamp.error.not_authorized")]} == alice.says(CALL, 1, {}, procedure)


@pytest.mark.parametrize(
    ("topic", "match"), [("wamp.session.on_join", "exact"), ("wamp.", "prefix"), ("", "prefix"), ("wamp..", "wildcard")]
)
def test_subscribe(exchange, topic, match):
    """A pattern that covers meta topics is no way around."""
    alice = exchange.join("alice", realm="guarded")
    heard = alice.says(SUBSCRIBE, 1, {"match": match}, topic)
    assert {"alice": [refused(SUBSCRIBE, 1, "wamp.error.not_authorized")]} == heard
