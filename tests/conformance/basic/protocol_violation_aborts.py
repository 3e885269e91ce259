"""What breaks the rules ends the session with ABORT ``protocol_violation`` and closes the transport ("Protocol Errors")."""

import pytest

from tests.support.exchange import (
    CALL,
    EVENT,
    GOODBYE,
    HELLO,
    INVOCATION,
    PLAIN,
    PUBLISH,
    REGISTERED,
    RESULT,
    SUBSCRIBE,
    WELCOME,
    YIELD,
    aborted,
)

BAD_MESSAGES = {
    "second HELLO": [HELLO, "realm1", {"roles": PLAIN}],
    "WELCOME": [WELCOME, 1, {}],
    "RESULT": [RESULT, 1, {}],
    "EVENT": [EVENT, 1, 1, {}],
    "INVOCATION": [INVOCATION, 1, 1, {}],
    "REGISTERED": [REGISTERED, 1, 1],
    "unknown message": [999, 1, {}],
    "no message": [],
    "request 0": [SUBSCRIBE, 0, {}, "com.topic"],
    "negative request": [SUBSCRIBE, -1, {}, "com.topic"],
    "too large request": [SUBSCRIBE, 2**53 + 1, {}, "com.topic"],
    "request as text": [SUBSCRIBE, "1", {}, "com.topic"],
    "options as list": [SUBSCRIBE, 1, [], "com.topic"],
    "topic as number": [SUBSCRIBE, 1, {}, 7],
    "topic missing": [SUBSCRIBE, 1, {}],
    "one too many": [SUBSCRIBE, 1, {}, "com.topic", []],
    "args as number": [CALL, 1, {}, "com.add", 7],
    "kwargs as list": [CALL, 1, {}, "com.add", [], []],
    "option of the wrong type": [SUBSCRIBE, 1, {"match": 7}, "com.topic"],
    "unknown match": [SUBSCRIBE, 1, {"match": "fuzzy"}, "com.topic"],
    "acknowledge as text": [PUBLISH, 1, {"acknowledge": "yes"}, "com.topic"],
}


@pytest.mark.parametrize("message", BAD_MESSAGES.values(), ids=BAD_MESSAGES.keys())
def test_within_a_session(exchange, message):
    """The session ends, the transport too."""
    alice = exchange.join("alice")
    assert {"alice": aborted()} == alice.says(*message)


@pytest.mark.parametrize(
    "message",
    [
        [SUBSCRIBE, 1, {}, "com.topic"],
        [CALL, 1, {}, "com.add"],
        [YIELD, 1, {}],
        [WELCOME, 1, {}],
        [HELLO, "realm1", {}],
        [HELLO, "realm1", {"roles": {}}],
        [HELLO, "realm1"],
        [HELLO, 7, {"roles": PLAIN}],
    ],
)
def test_before_a_session(exchange, message):
    """Only a good HELLO may come, and it announces at least one role."""
    alice = exchange.connect("alice")
    assert {"alice": aborted()} == alice.says(*message)


def test_nonsense(exchange):
    """Bytes that are no message of the serializer."""
    alice = exchange.join("alice")
    assert {"alice": aborted()} == alice.sends(b"}{")


def test_nothing_is_done_afterwards(exchange):
    """What follows a violation in the same breath is not read."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    bob.says(SUBSCRIBE, 1, {}, "com.topic")
    codec = alice._connection.codec.serializer
    alice._connection.send(bytes(codec.pack([WELCOME, 1, {}])))
    assert {"alice": aborted()} == alice.says(PUBLISH, 1, {}, "com.topic")


def test_others_are_not_disturbed(exchange):
    """The router goes on."""
    alice, bob = exchange.join("alice"), exchange.join("bob")
    alice.says(WELCOME, 1, {})
    [goodbye] = bob.says(GOODBYE, {}, "wamp.close.close_realm")["bob"]
    assert [GOODBYE, {}, "wamp.close.goodbye_and_out"] == goodbye
