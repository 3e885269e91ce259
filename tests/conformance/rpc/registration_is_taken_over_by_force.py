"""``force_reregister``: the old callee loses its registration, and hears of it if it has announced that ("Revocation")."""

import pytest

from tests.support.exchange import (
    ABLE,
    CALL,
    INVOCATION,
    REGISTER,
    REGISTERED,
    RESULT,
    UNREGISTER,
    UNREGISTERED,
    YIELD,
    Id,
    refused,
    without,
)

FORCE = {"force_reregister": True}


def registered(exchange, *names, roles=ABLE, **options):
    """Return who shares com.add, and its id."""
    registration = Id()
    callees = [exchange.join(name, roles) for name in names]
    for callee in callees:
        assert [[REGISTERED, 1, registration]] == callee.says(REGISTER, 1, options, "com.add")[callee.name]
    return *callees, registration


def revoked(registration):
    return [UNREGISTERED, 0, {"registration": registration, "reason": "wamp.error.unregistered"}]


def test_told(exchange):
    """Without a request of its own, with the registration's id; calls go to the new callee."""
    _, old = registered(exchange, "bob")
    alice, new = exchange.join("alice"), Id()
    assert {"bob": [revoked(old)], "alice": [[REGISTERED, 1, new]]} == alice.says(REGISTER, 1, FORCE, "com.add")
    assert {"alice": [[INVOCATION, 1, new, {}]]} == alice.says(CALL, 2, {}, "com.add")


def test_not_told(exchange):
    """A client that has not announced it would not know what that is."""
    bob, old = registered(exchange, "bob", roles=without(ABLE, "callee.registration_revocation"))
    alice = exchange.join("alice")
    assert {"alice": [[REGISTERED, 1, Id()]]} == alice.says(REGISTER, 1, FORCE, "com.add")
    refusal = refused(UNREGISTER, 2, "wamp.error.no_such_registration")
    assert {"bob": [refusal]} == bob.says(UNREGISTER, 2, old)


def test_all_who_share(exchange):
    """Whatever the policy of who comes."""
    _, _, old = registered(exchange, "bob", "carol", invoke="roundrobin")
    alice = exchange.join("alice")
    heard = alice.says(REGISTER, 1, {**FORCE, "invoke": "last"}, "com.add")
    assert {"bob": [revoked(old)], "carol": [revoked(old)], "alice": [[REGISTERED, 1, Id()]]} == heard


def test_running_invocations_go_on(exchange):
    """They are answered by whom they were for."""
    bob, _ = registered(exchange, "bob")
    alice = exchange.join("alice")
    alice.says(CALL, 1, {}, "com.add")
    alice.says(REGISTER, 2, FORCE, "com.add")
    assert {"alice": [[RESULT, 1, {}]]} == bob.says(YIELD, 1, {})


def test_from_itself(exchange):
    """It loses one, and gets another."""
    bob, old = registered(exchange, "bob")
    assert {"bob": [revoked(old), [REGISTERED, 2, Id()]]} == bob.says(REGISTER, 2, FORCE, "com.add")


@pytest.mark.parametrize("options", [{}, {"force_reregister": False}])
def test_without_force(exchange, options):
    """It is refused."""
    registered(exchange, "bob")
    alice = exchange.join("alice")
    refusal = refused(REGISTER, 1, "wamp.error.procedure_already_exists")
    assert {"alice": [refusal]} == alice.says(REGISTER, 1, options, "com.add")


@pytest.mark.parametrize("procedure", ["com.closed", "wamp.session.count"])
def test_who_may_not_register_may_not_with_force(exchange, procedure):
    """Nobody takes over what is not theirs to register."""
    alice = exchange.join("alice", realm="guarded")
    uri = "wamp.error.invalid_uri" if procedure.startswith("wamp.") else "wamp.error.not_authorized"
    assert {"alice": [refused(REGISTER, 1, uri)]} == alice.says(REGISTER, 1, FORCE, procedure)
