"""SUBSCRIBED comes before the first EVENT, and between two sessions order is kept (basic profile, "Ordering Guarantees")."""

from tests.support.exchange import CALL, EVENT, INVOCATION, PUBLISH, REGISTER, SUBSCRIBE, SUBSCRIBED


def test_subscribed_then_event(exchange):
    """Of one session, in one breath: its own event, which it wants."""
    alice = exchange.join("alice")
    pack = alice._connection.codec.serializer.pack
    alice._connection.send(bytes(pack([SUBSCRIBE, 1, {}, "com.topic"])))
    heard = alice.says(PUBLISH, 2, {"exclude_me": False}, "com.topic")["alice"]
    assert [SUBSCRIBED, EVENT] == [message[0] for message in heard]


def test_events_and_invocations(exchange):
    """Those of one sender come as they were sent."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    bob.says(SUBSCRIBE, 1, {"match": "prefix"}, "com.")
    bob.says(REGISTER, 2, {"match": "prefix"}, "com.")
    pack = alice._connection.codec.serializer.pack
    for number in range(1, 50):
        message = [CALL, number, {}, "com.a", [number]] if number % 3 else [PUBLISH, number, {}, "com.b", [number]]
        alice._connection.send(bytes(pack(message)))
    heard = alice.says(PUBLISH, 50, {}, "com.c", [50])["bob"]
    assert list(range(1, 51)) == [message[4][0] for message in heard]
    assert {EVENT, INVOCATION} == {message[0] for message in heard}
