"""All black- and whitelists hold at once, and an empty one counts (advanced profile, "Subscriber Black- and Whitelisting")."""

import pytest

from tests.support.exchange import PUBLISH, SUBSCRIBE


@pytest.mark.parametrize(
    ("options", "hearing"),
    [
        ({}, {"alice", "bob"}),
        ({"eligible": []}, set()),
        ({"eligible_authid": []}, set()),
        ({"eligible_authrole": []}, set()),
        ({"exclude": []}, {"alice", "bob"}),
        ({"eligible_authrole": ["anonymous"]}, {"alice", "bob"}),
        ({"exclude_authrole": ["anonymous"]}, set()),
        ({"eligible": ["alice"]}, {"alice"}),
        ({"exclude": ["alice"]}, {"bob"}),
        ({"eligible": ["alice", "bob"], "exclude": ["alice"]}, {"bob"}),
        ({"eligible": ["alice"], "exclude_authrole": ["anonymous"]}, set()),
        ({"exclude_me": False, "eligible": ["publisher"]}, {"publisher"}),
        ({"exclude_me": True, "eligible": ["publisher"]}, set()),
    ],
)
def test_who_hears(exchange, options, hearing):
    """Names stand for the ids of sessions."""
    sessions = {name: exchange.join(name) for name in ("alice", "bob", "publisher")}
    for session in sessions.values():
        session.says(SUBSCRIBE, 1, {}, "com.topic")
    for key in ("eligible", "exclude"):
        if key in options:
            options = {**options, key: [sessions[name].session for name in options[key]]}
    assert hearing == set(sessions["publisher"].says(PUBLISH, 2, options, "com.topic"))
