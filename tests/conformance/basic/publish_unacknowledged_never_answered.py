"""PUBLISH without ``acknowledge`` is never answered, whatever is wrong with it (basic profile, "Publishing")."""

import pytest

from tests.support.exchange import PUBLISH, PUBLISHED, Id, refused


@pytest.mark.parametrize("options", [{}, {"acknowledge": False}])
@pytest.mark.parametrize("topic", ["com.open.topic", "com.closed.topic", "com..topic", "wamp.session.on_join"])
def test_without_acknowledge(exchange, topic, options):
    """Neither PUBLISHED nor ERROR."""
    alice = exchange.join("alice", realm="guarded")
    assert {} == alice.says(PUBLISH, 1, options, topic)


def test_with_acknowledge(exchange):
    """PUBLISHED comes whoever hears the event: here nobody."""
    alice = exchange.join("alice")
    assert {"alice": [[PUBLISHED, 1, Id()]]} == alice.says(
        PUBLISH, 1, {"acknowledge": True, "eligible": []}, "com.topic"
    )


@pytest.mark.parametrize(
    ("topic", "uri"), [("com.closed.topic", "wamp.error.not_authorized"), ("com..topic", "wamp.error.invalid_uri")]
)
def test_refused_with_acknowledge(exchange, topic, uri):
    """ERROR comes if it was asked for an answer."""
    alice = exchange.join("alice", realm="guarded")
    assert {"alice": [refused(PUBLISH, 1, uri)]} == alice.says(PUBLISH, 1, {"acknowledge": True}, topic)
