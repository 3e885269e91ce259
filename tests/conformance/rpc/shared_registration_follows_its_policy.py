"""Who is invoked of those that share a procedure, and who may share it (advanced profile, "Shared Registration")."""

import pytest

from tests.support.exchange import CALL, INVOCATION, REGISTER, REGISTERED, UNREGISTER, UNREGISTERED, YIELD, Id, refused

SHARED = ["first", "last", "roundrobin", "random"]
NAMES = ("bob", "carol", "dora")


def shared(exchange, **options):
    """Bob, Carol and Dora share com.add, in this order; Alice calls."""
    registration = Id()
    callees = {}
    for name in NAMES:
        callees[name] = exchange.join(name)
        assert {name: [[REGISTERED, 1, registration]]} == callees[name].says(REGISTER, 1, options, "com.add")
    return exchange.join("alice"), callees, registration


def invoked(alice, *requests):
    names = []
    for request in requests:
        [(name, [[kind, *_]])] = alice.says(CALL, request, {}, "com.add").items()
        names.append(name)
        assert kind == INVOCATION
    return names


@pytest.mark.parametrize(
    ("invoke", "names"),
    [
        ("first", ["bob", "bob", "bob", "bob"]),
        ("last", ["dora", "dora", "dora", "dora"]),
        ("roundrobin", ["bob", "carol", "dora", "bob"]),
    ],
)
def test_policy(exchange, invoke, names):
    """One of them for each call."""
    alice, _, _ = shared(exchange, invoke=invoke)
    assert names == invoked(alice, 1, 2, 3, 4)


def test_random(exchange):
    """All of them at some time; by chance alone this fails once in 10 to the power of 17."""
    alice, _, _ = shared(exchange, invoke="random")
    assert set(NAMES) == set(invoked(alice, *range(1, 101)))


@pytest.mark.parametrize("first", ["single", *SHARED])
@pytest.mark.parametrize("second", ["single", *SHARED, None])
def test_who_may_share(exchange, first, second):
    """Who says the same as the first; with single, which is the default, nobody."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    registration = Id()
    assert {"alice": [[REGISTERED, 1, registration]]} == alice.says(REGISTER, 1, {"invoke": first}, "com.add")
    heard = bob.says(REGISTER, 1, {"invoke": second} if second else {}, "com.add")
    refusal = refused(REGISTER, 1, "wamp.error.procedure_already_exists")
    assert {"bob": [[REGISTERED, 1, registration] if first == second != "single" else refusal]} == heard


@pytest.mark.parametrize("invoke", SHARED)
def test_registering_again(exchange, invoke):
    """The same id, and it is ended once."""
    alice, callees, registration = shared(exchange, invoke=invoke)
    bob = callees["bob"]
    assert {"bob": [[REGISTERED, 2, registration]]} == bob.says(REGISTER, 2, {"invoke": invoke}, "com.add")
    assert {"bob": [[UNREGISTERED, 3]]} == bob.says(UNREGISTER, 3, registration)
    refusal = refused(UNREGISTER, 4, "wamp.error.no_such_registration")
    assert {"bob": [refusal]} == bob.says(UNREGISTER, 4, registration)
    assert "bob" not in invoked(alice, 1, 2, 3)


@pytest.mark.parametrize(("invoke", "name"), [("first", "carol"), ("last", "dora"), ("roundrobin", "carol")])
def test_hot_stand_by(exchange, invoke, name):
    """Who is left takes over; with the last one the procedure goes."""
    alice, callees, _ = shared(exchange, invoke=invoke)
    callees["bob"].disappears()
    assert [name] == invoked(alice, 1)
    callees["carol"].disappears()
    callees["dora"].disappears()
    assert {"alice": [refused(CALL, 2, "wamp.error.no_such_procedure")]} == alice.says(CALL, 2, {}, "com.add")


@pytest.mark.parametrize("invoke", SHARED)
def test_concurrency(exchange, invoke):
    """No callee has more calls than it wants, whatever the policy; an answer makes room."""
    alice, callees, _ = shared(exchange, invoke=invoke, concurrency=2)
    names = invoked(alice, *range(1, 7))
    assert dict.fromkeys(NAMES, 2) == {name: names.count(name) for name in NAMES}
    refusal = refused(CALL, 7, "wamp.error.no_available_callee")
    assert {"alice": [refusal]} == alice.says(CALL, 7, {}, "com.add")
    callees["carol"].says(YIELD, 1, {})
    assert ["carol"] == invoked(alice, 8)
