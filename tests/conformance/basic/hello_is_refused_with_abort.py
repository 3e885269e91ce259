"""A HELLO that is not accepted is answered with ABORT and the error's URI (basic profile, "Session Establishment")."""

import pytest

from tests.support.exchange import ABORT, CLOSED, HELLO, PLAIN, WELCOME, aborted


@pytest.mark.parametrize("realm", ["realm2", "", "no uri", "a" * 1000])
def test_no_such_realm(exchange, realm):
    """Whatever it is called."""
    alice = exchange.connect("alice")
    assert {"alice": aborted("wamp.error.no_such_realm")} == alice.says(HELLO, realm, {"roles": PLAIN})


def test_no_matching_auth_method(exchange):
    """The client insists on one that this transport does not have."""
    alice = exchange.connect("alice")
    assert {"alice": aborted("wamp.error.no_matching_auth_method")} == alice.says(
        HELLO, "realm1", {"roles": PLAIN, "authmethods": ["ticket", "wampcra"]}
    )


def test_unknown_details(exchange):
    """They are ignored (basic profile, "Extensibility")."""
    alice = exchange.connect("alice")
    [welcome] = alice.says(HELLO, "realm1", {"roles": {**PLAIN, "x_role": {"x": 1}}, "x_color": ["blue", {"a": None}]})[
        "alice"
    ]
    assert WELCOME == welcome[0]


def test_abort_is_not_answered(exchange):
    """A client that aborts its own HELLO hears no more."""
    alice = exchange.connect("alice")
    assert {"alice": [CLOSED]} == alice.says(ABORT, {}, "wamp.error.cannot_authenticate")


def test_welcome_says_what_the_router_can(exchange):
    """Both roles, each with its features, and who one is."""
    alice = exchange.connect("alice")
    [[_, _, details]] = alice.says(HELLO, "realm1", {"roles": PLAIN})["alice"]
    assert {"broker", "dealer"} == set(details["roles"])
    assert all("features" in role for role in details["roles"].values())
    assert {"realm1", "anonymous"} == {details["realm"], details["authrole"], details["authmethod"]}
