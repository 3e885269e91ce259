"""Nobody gets a retained event that it would not have received (advanced profile, "Event Retention")."""

import pytest

from tests.support.exchange import PUBLISH, SUBSCRIBE

ASKING = {"get_retained": True}


@pytest.mark.parametrize(
    "options",
    [
        {"eligible": []},
        {"eligible_authid": ["somebody"]},
        {"eligible_authrole": ["admin"]},
        {"exclude_authrole": ["anonymous"]},
        {"eligible_authrole": ["anonymous"], "exclude_authrole": ["anonymous"]},
    ],
)
def test_lists_hold_later_too(exchange, topic, options):
    """The event for few does not hide the one for all that came before it."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    bob.says(PUBLISH, 1, {"retain": True}, topic, ["for all"])
    bob.says(PUBLISH, 2, {"retain": True, **options}, topic, ["for few"])
    _, event = alice.says(SUBSCRIBE, 1, ASKING, topic)["alice"]
    assert ["for all"] == event[4]


def test_the_eligible_get_the_latest(exchange, topic):
    """Alice is in the list, Carol is not."""
    alice, bob, carol = (exchange.join(name) for name in ("alice", "bob", "carol"))
    bob.says(PUBLISH, 1, {"retain": True}, topic, ["for all"])
    bob.says(PUBLISH, 2, {"retain": True, "eligible": [alice.session]}, topic, ["for alice"])
    heard = [session.says(SUBSCRIBE, 1, ASKING, topic)[session.name][1][4] for session in (alice, carol)]
    assert [["for alice"], ["for all"]] == heard


@pytest.mark.parametrize(("options", "expected"), [({}, 1), ({"exclude_me": False}, 2)])
def test_a_publisher_gets_its_own_only_if_it_would_have(exchange, topic, options, expected):
    """Publisher exclusion holds later too."""
    bob = exchange.join("bob")
    bob.says(PUBLISH, 1, {"retain": True, **options}, topic)
    assert expected == len(bob.says(SUBSCRIBE, 2, ASKING, topic)["bob"])
