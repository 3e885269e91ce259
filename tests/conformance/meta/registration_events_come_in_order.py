"""REGISTERED, on_create, on_register; on_unregister, on_delete, on_leave (advanced profile, "Registration Meta API")."""

import pytest

from tests.support.exchange import EVENT, REGISTER, REGISTERED, SUBSCRIBE, UNREGISTER, UNREGISTERED, Id

SHARED = {"invoke": "roundrobin"}


@pytest.fixture
def watched(company):
    """Alice hears everything that the router tells."""
    company.alice.says(SUBSCRIBE, 1, {"match": "prefix"}, "wamp.registration.")
    return company


def events(messages):
    """Return events as (what, arguments)."""
    assert all(message[0] == EVENT for message in messages)
    return [(message[3]["topic"].rpartition(".")[2], message[4]) for message in messages]


def test_first_callee(watched, exchange):
    """It creates the registration, which is described."""
    bob = watched.join("bob")
    registration = Id()
    heard = bob.says(REGISTER, 1, {"match": "prefix"}, "com.")
    assert [[REGISTERED, 1, registration]] == heard["bob"]
    [details] = watched.ask("wamp.registration.get", registration)
    assert [
        ("on_create", [bob.session.value, details]),
        ("on_register", [bob.session.value, registration.value]),
    ] == events(heard["alice"])
    assert ("com.", "prefix", "single") == (details["uri"], details["match"], details["invoke"])


def test_watcher_registers_itself(watched):
    """Its own reply comes before its own events."""
    heard = watched.alice.says(REGISTER, 1, {}, "com.add")["alice"]
    assert [REGISTERED, EVENT, EVENT] == [message[0] for message in heard]


def test_more_callees(watched):
    """They come and go; the last one deletes."""
    bob, carol = watched.join("bob"), watched.join("carol")
    registration = Id()
    assert [[REGISTERED, 1, registration]] == bob.says(REGISTER, 1, SHARED, "com.add")["bob"]
    number = registration.value
    assert [("on_register", [carol.session.value, number])] == events(
        carol.says(REGISTER, 1, SHARED, "com.add")["alice"]
    )
    assert [[bob.session.value, carol.session.value]] == watched.ask("wamp.registration.list_callees", number)
    assert [2] == watched.ask("wamp.registration.count_callees", number)
    heard = bob.says(UNREGISTER, 2, registration)
    assert [[UNREGISTERED, 2]] == heard["bob"]
    assert [("on_unregister", [bob.session.value, number])] == events(heard["alice"])
    heard = carol.says(UNREGISTER, 2, registration)
    assert [
        ("on_unregister", [carol.session.value, number]),
        ("on_delete", [carol.session.value, number]),
    ] == events(heard["alice"])
    assert "wamp.error.no_such_registration" == watched.ask("wamp.registration.get", number)


def test_loss_of_the_callee(watched, exchange):
    """With its id, and before it is told that it has left."""
    watched.alice.says(SUBSCRIBE, 2, {"match": "prefix"}, "wamp.session.on_l")
    bob = watched.join("bob")
    bob.says(REGISTER, 1, {}, "com.add")
    heard = bob.disappears()
    while "alice" not in heard:  # over a socket it is noticed a moment later
        heard = exchange.heard()
    told = events(heard["alice"])
    assert ["on_unregister", "on_delete", "on_leave"] == [what for what, _ in told]
    assert {bob.session.value} == {arguments[0] for _, arguments in told}
