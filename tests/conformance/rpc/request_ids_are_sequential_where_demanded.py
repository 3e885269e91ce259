"""In a realm with ``strict_request_ids`` requests are 1, 2, 3; elsewhere not (basic profile, "IDs"; "Protocol Violations")."""

import pytest

from tests.support.exchange import (
    ABLE,
    CALL,
    CANCEL,
    PUBLISH,
    REGISTER,
    SUBSCRIBE,
    UNREGISTER,
    UNSUBSCRIBE,
    YIELD,
    aborted,
)

KINDS = [
    [PUBLISH, {}, "com.topic"],
    [SUBSCRIBE, {}, "com.topic"],
    [UNSUBSCRIBE, 99],
    [CALL, {}, "com.nothing"],
    [REGISTER, {}, "com.add"],
    [UNREGISTER, 99],
]


def says(talker, kind, request):
    return talker.says(kind[0], request, *kind[1:]).get(talker.name, [])


def test_in_sequence(exchange):
    """All kinds together, refused ones included."""
    alice = exchange.join("alice", realm="strict")
    for request, kind in enumerate(KINDS, 1):
        assert aborted()[0] not in says(alice, kind, request)


@pytest.mark.parametrize("kind", KINDS)
def test_gap(exchange, kind):
    """It is a violation."""
    alice = exchange.join("alice", realm="strict")
    assert aborted() == says(alice, kind, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_reuse(exchange, kind):
    """So is an id that was there."""
    alice = exchange.join("alice", realm="strict")
    alice.says(SUBSCRIBE, 1, {}, "com.topic")
    assert aborted() == says(alice, kind, 1)


def test_continuation(exchange):
    """A progressive call goes on with its id, also when it is over ("Verification of CALL Request IDs")."""
    alice, bob = exchange.join("alice", ABLE, realm="strict"), exchange.join("bob", ABLE, realm="strict")
    bob.says(REGISTER, 1, {}, "com.add")
    for request in (1, 2, 1):
        assert "bob" in alice.says(CALL, request, {"progress": True}, "com.add")
    alice.says(CANCEL, 2, {})
    bob.says(YIELD, 1, {})
    assert {} == alice.says(CALL, 1, {}, "com.add")
    assert aborted() == alice.says(CALL, 1, {}, "com.add")["alice"]


def test_elsewhere(exchange):
    """Many clients do not count."""
    alice = exchange.join("alice")
    for request, kind in zip((7, 7, 3, 2**53, 1, 1), KINDS, strict=True):
        assert aborted()[0] not in says(alice, kind, request)
