"""Who calls is told if caller, callee or operator want it, and to nobody else (advanced profile, "Caller Identification")."""

import pytest

from tests.support.exchange import CALL, INVOCATION, REGISTER, SOME_TEXT, Id, refused


def identity(talker):
    return {"caller": talker.session, "caller_authid": SOME_TEXT, "caller_authrole": "anonymous"}


def called(exchange, calling, registering, realm="realm1"):
    """Return what Bob hears of Alice's call, and who she is."""
    alice, bob = exchange.join("alice", realm=realm), exchange.join("bob", realm=realm)
    bob.says(REGISTER, 1, registering, "com.add")
    return alice, alice.says(CALL, 1, calling, "com.add")


@pytest.mark.parametrize(
    ("calling", "registering"),
    [
        ({"disclose_me": True}, {}),
        ({}, {"disclose_caller": True}),
        ({"disclose_me": False}, {"disclose_caller": True}),
    ],
)
def test_wanted(exchange, calling, registering):
    """With session id, authid and role."""
    alice, heard = called(exchange, calling, registering)
    assert {"bob": [[INVOCATION, 1, Id(), identity(alice)]]} == heard


@pytest.mark.parametrize("calling", [{}, {"disclose_me": False}])
@pytest.mark.parametrize("registering", [{}, {"disclose_caller": False}])
def test_not_wanted(exchange, calling, registering):
    """Nothing is told by default."""
    _, heard = called(exchange, calling, registering)
    assert {"bob": [[INVOCATION, 1, Id(), {}]]} == heard


def test_denied(exchange):
    """The realm forbids it: an error of the call, never silence."""
    _, heard = called(exchange, {"disclose_me": True}, {}, realm="strict")
    assert {"alice": [refused(CALL, 1, "wamp.error.option_disallowed.disclose_me")]} == heard


def test_denied_to_the_callee(exchange):
    """Its registration is refused."""
    bob = exchange.join("bob", realm="strict")
    refusal = refused(REGISTER, 1, "wamp.error.option_disallowed.disclose_me")
    assert {"bob": [refusal]} == bob.says(REGISTER, 1, {"disclose_caller": True}, "com.add")


@pytest.mark.parametrize("calling", [{}, {"disclose_me": True}])
def test_trust_level(exchange, calling):
    """It is that of the caller's role, whoever it is (advanced profile, "Call Trust Levels")."""
    alice, heard = called(exchange, calling, {}, realm="recorded")
    details = {"trustlevel": 3, **(identity(alice) if calling else {})}
    assert {"bob": [[INVOCATION, 1, Id(), details]]} == heard
