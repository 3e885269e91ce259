"""Registering what is registered is an error, also for who has it; whoever may not register learns nothing ("Registering")."""

import pytest

from tests.support.exchange import CALL, GOODBYE, REGISTER, REGISTERED, UNREGISTER, Id, refused


@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
def test_conflict(exchange, match):
    """For others and for itself."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    assert {"alice": [[REGISTERED, 1, Id()]]} == alice.says(REGISTER, 1, {"match": match}, "com.add")
    for session in (alice, bob):
        refusal = refused(REGISTER, 2, "wamp.error.procedure_already_exists")
        assert {session.name: [refusal]} == session.says(REGISTER, 2, {"match": match}, "com.add")


def test_other_match(exchange):
    """The same URI with another match is another registration."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    alice.says(REGISTER, 1, {}, "com.add")
    assert {"bob": [[REGISTERED, 1, Id()]]} == bob.says(REGISTER, 1, {"match": "prefix"}, "com.add")


def test_free_again(exchange):
    """When its callee has left."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    alice.says(REGISTER, 1, {}, "com.add")
    alice.says(GOODBYE, {}, "wamp.close.close_realm")
    assert {"bob": [[REGISTERED, 1, Id()]]} == bob.says(REGISTER, 1, {}, "com.add")


@pytest.mark.parametrize("is_there", [True, False])
def test_only_ones_own_is_ended(exchange, is_there):
    """A foreign id is as unknown as one that nobody has."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    [[_, _, registration]] = alice.says(REGISTER, 1, {}, "com.add")["alice"]
    heard = bob.says(UNREGISTER, 1, registration if is_there else registration + 10_000)
    assert {"bob": [refused(UNREGISTER, 1, "wamp.error.no_such_registration")]} == heard


@pytest.mark.parametrize("kind", [REGISTER, CALL])
def test_not_authorized_comes_first(exchange, kind):
    """The answer is the same whether there is such a procedure or not."""
    alice = exchange.join("alice", realm="guarded")
    refusal = refused(kind, 1, "wamp.error.not_authorized")
    assert {"alice": [refusal]} == alice.says(kind, 1, {}, "com.closed")
