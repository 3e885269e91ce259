"""A partitioned call goes to the callee that has its ``rkey``, whatever the policy (advanced profile, "Sharded Registration")."""

import pytest

from tests.support.exchange import CALL, REGISTER, refused

KEYS = [f"key {number}" for number in range(20)]
NAMES = ("bob", "carol", "dora")


def sharded(exchange, invoke):
    callees = {name: exchange.join(name) for name in NAMES}
    for callee in callees.values():
        callee.says(REGISTER, 1, {"invoke": invoke}, "com.get")
    return exchange.join("alice"), callees


def shares(alice, first):
    """Return who has which key; requests count from ``first``."""
    return {
        key: next(iter(alice.says(CALL, request, {"runmode": "partition", "rkey": key}, "com.get")))
        for request, key in enumerate(KEYS, first)
    }


@pytest.mark.parametrize("invoke", ["first", "last", "roundrobin", "random"])
def test_same_key(exchange, invoke):
    """The same callee, each time; and not one callee for all keys."""
    alice, _ = sharded(exchange, invoke)
    before = shares(alice, 1)
    assert before == shares(alice, 100)
    assert len(set(before.values())) > 1


def test_callee_leaves(exchange):
    """Its keys move, and no others."""
    alice, callees = sharded(exchange, "roundrobin")
    before = shares(alice, 1)
    callees["carol"].disappears()
    after = shares(alice, 100)
    assert {"carol"} >= {before[key] for key in KEYS if before[key] != after[key]}
    assert "carol" not in after.values()


def test_no_key(exchange):
    """It must be there."""
    alice, _ = sharded(exchange, "first")
    refusal = refused(CALL, 1, "wamp.error.invalid_argument")
    assert {"alice": [refusal]} == alice.says(CALL, 1, {"runmode": "partition"}, "com.get")


@pytest.mark.parametrize("runmode", ["all", "Partition"])
def test_other_modes(exchange, runmode):
    """They are refused, as it is not written what they would be."""
    alice, _ = sharded(exchange, "first")
    refusal = refused(CALL, 1, "wamp.error.option_not_allowed")
    assert {"alice": [refusal]} == alice.says(CALL, 1, {"runmode": runmode, "rkey": "x"}, "com.get")


def test_key_without_mode(exchange):
    """It means nothing."""
    alice, _ = sharded(exchange, "first")
    assert {"bob"} == {
        next(iter(alice.says(CALL, request, {"rkey": key}, "com.get"))) for request, key in enumerate(KEYS, 1)
    }
