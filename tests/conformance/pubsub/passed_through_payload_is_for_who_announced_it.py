"""``ppt_*`` need the publisher's and the subscriber's announcement (advanced profile, "Payload Passthru Mode")."""

import pytest

from tests.support.exchange import EVENT, PUBLISH, SUBSCRIBE, Id, aborted

FEATURES = {"features": {"payload_passthru_mode": True}}
PPT = {"ppt_scheme": "x_mine", "ppt_serializer": "cbor", "ppt_cipher": "none", "ppt_keyid": "k1"}


def test_from_one_who_can_to_one_who_can(exchange):
    """With all that describes the payload; who cannot gets no event."""
    alice, bob = exchange.join("alice", {"subscriber": FEATURES}), exchange.join("bob", {"publisher": FEATURES})
    [[_, _, subscription]] = alice.says(SUBSCRIBE, 1, {}, "com.topic")["alice"]
    exchange.join("carol").says(SUBSCRIBE, 1, {}, "com.topic")
    event = [EVENT, subscription, Id(), PPT, ["\0sealed"]]
    assert {"alice": [event]} == bob.says(PUBLISH, 1, PPT, "com.topic", ["\0sealed"])


@pytest.mark.parametrize("name", PPT)
def test_who_has_not_announced_it_is_thrown_out(exchange, name):
    """Each of the attributes is a use of it."""
    bob = exchange.join("bob", {"publisher": {}, "subscriber": FEATURES})
    assert {"bob": aborted()} == bob.says(PUBLISH, 1, {name: "x"}, "com.topic")
