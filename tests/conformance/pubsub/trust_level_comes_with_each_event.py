"""What the router was told of a publisher's role goes with its events (advanced profile, "Publication Trust Levels")."""

import pytest

from tests.support.exchange import EVENT, PUBLISH, SUBSCRIBE, Id


@pytest.mark.parametrize(("realm", "details"), [("recorded", {"trustlevel": 3}), ("realm1", {})])
@pytest.mark.parametrize("options", [{}, {"exclude_me": False}])
def test_level_of_the_role(exchange, realm, details, options):
    """Where the role has none, nothing is said."""
    alice, bob = exchange.join("alice", realm=realm), exchange.join("bob", realm=realm)
    [[_, _, subscription]] = alice.says(SUBSCRIBE, 1, {}, "com.topic")["alice"]
    assert {"alice": [[EVENT, subscription, Id(), details]]} == bob.says(PUBLISH, 1, options, "com.topic")
