"""A session has only so many registrations, and calls in flight, as the realm lets it (``max_registrations``, ``max_calls``)."""

from tests.support.exchange import ABLE, CALL, REGISTER, REGISTERED, YIELD, Id, refused


def test_too_many_registrations(exchange):
    """The session lives on, and what it has stays."""
    alice = exchange.join("alice", realm="strict")
    for request in (1, 2):
        assert {"alice": [[REGISTERED, request, Id()]]} == alice.says(REGISTER, request, {}, f"com.p{request}")
    assert {"alice": [refused(REGISTER, 3, "wamp.error.limit_exceeded")]} == alice.says(REGISTER, 3, {}, "com.p3")


def test_too_many_calls(exchange):
    """An answer makes room."""
    alice, bob = exchange.join("alice", ABLE, realm="strict"), exchange.join("bob", ABLE, realm="strict")
    bob.says(REGISTER, 1, {}, "com.add")
    for request in (1, 2):
        assert "bob" in alice.says(CALL, request, {}, "com.add")
    assert {"alice": [refused(CALL, 3, "wamp.error.limit_exceeded")]} == alice.says(CALL, 3, {}, "com.add")
    bob.says(YIELD, 1, {})
    assert "bob" in alice.says(CALL, 4, {}, "com.add")
