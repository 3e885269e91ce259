"""GOODBYE is answered with goodbye_and_out, nothing comes after it, and another HELLO may (basic profile, "Session Closing")."""

from tests.support.exchange import GOODBYE, HELLO, PLAIN, PUBLISH, SUBSCRIBE, WELCOME, Id, aborted

BYE = [GOODBYE, {}, "wamp.close.close_realm"]
AND_OUT = [GOODBYE, {}, "wamp.close.goodbye_and_out"]


def test_reply(exchange):
    """And the transport stays open."""
    alice = exchange.join("alice")
    assert {"alice": [AND_OUT]} == alice.says(*BYE)


def test_no_reply_to_a_reply(exchange):
    """Or it would never end."""
    alice = exchange.join("alice")
    alice.says(*BYE)
    assert {} == alice.says(*AND_OUT)


def test_nothing_comes_after(exchange):
    """No event for a session that has ended."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    alice.says(SUBSCRIBE, 1, {}, "com.topic")
    alice.says(*BYE)
    assert {} == bob.says(PUBLISH, 1, {}, "com.topic")


def test_another_session(exchange):
    """On the same transport, with another id."""
    alice = exchange.join("alice")
    alice.says(*BYE)
    second = Id()
    [[kind, session, _]] = alice.says(HELLO, "realm1", {"roles": PLAIN})["alice"]
    assert (WELCOME, second) == (kind, session)
    assert alice.session.value != second.value


def test_requests_without_a_session(exchange):
    """They are a violation."""
    alice = exchange.join("alice")
    alice.says(*BYE)
    assert {"alice": aborted()} == alice.says(SUBSCRIBE, 1, {}, "com.topic")
