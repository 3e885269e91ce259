"""Payloads that only the ends understand: who may send them, and who must be able to read them ("Payload Passthru Mode")."""

import pytest

from tests.support.exchange import (
    ABLE,
    CALL,
    ERROR,
    INTERRUPT,
    INVOCATION,
    PLAIN,
    REGISTER,
    RESULT,
    YIELD,
    Id,
    aborted,
    refused,
    without,
)

PPT = {"ppt_scheme": "wamp", "ppt_serializer": "cbor", "ppt_cipher": "aes256gcm", "ppt_keyid": "k1"}
ENC = {"enc_algo": "cryptobox", "enc_serializer": "json", "enc_key": "k2"}
REFUSED = refused(CALL, 7, "wamp.error.feature_not_supported")
UNABLE = without(ABLE, "caller.payload_passthru_mode", "callee.payload_passthru_mode")


def called(exchange, options=None, *, caller=ABLE, callee=ABLE):
    alice, bob = exchange.join("alice", caller), exchange.join("bob", callee)
    bob.says(REGISTER, 1, {}, "com.add")
    return bob, alice.says(CALL, 7, options or {}, "com.add", ["secret"])


@pytest.mark.parametrize(("options", "roles"), [(PPT, ABLE), ({"ppt_scheme": "mqtt"}, ABLE), (ENC, ABLE), (ENC, PLAIN)])
def test_both_ways(exchange, options, roles):
    """What describes the payload goes with it. The older attributes need no announcement."""
    bob, heard = called(exchange, options, caller=roles, callee=roles)
    assert {"bob": [[INVOCATION, 1, Id(), options, ["secret"]]]} == heard
    assert {"alice": [[RESULT, 7, options, ["secret"]]]} == bob.says(YIELD, 1, options, ["secret"])


@pytest.mark.parametrize("options", [PPT, ENC])
def test_with_an_error(exchange, options):
    """As with a result."""
    bob, _ = called(exchange)
    heard = bob.says(ERROR, INVOCATION, 1, options, "com.error", ["secret"])
    assert {"alice": [[ERROR, CALL, 7, options, "com.error", ["secret"]]]} == heard


def test_caller_has_not_announced_it(exchange):
    """It breaks the rules."""
    _, heard = called(exchange, PPT, caller=UNABLE)
    assert {"alice": aborted()} == heard


@pytest.mark.parametrize("answer", [[YIELD, 1, PPT], [ERROR, INVOCATION, 1, PPT, "com.error"]])
def test_callee_that_answers_has_not_announced_it(exchange, answer):
    """It breaks the rules, and the caller has the error of one whose callee is gone."""
    bob, _ = called(exchange, callee=UNABLE)
    assert {"bob": aborted(), "alice": [refused(CALL, 7, "wamp.error.canceled")]} == bob.says(*answer)


def test_callee_cannot_read_it(exchange):
    """It hears nothing, and the caller why."""
    _, heard = called(exchange, PPT, callee=UNABLE)
    assert {"alice": [REFUSED]} == heard


@pytest.mark.parametrize("answer", [[YIELD, 1, PPT], [ERROR, INVOCATION, 1, PPT, "com.error"]])
def test_caller_cannot_read_it(exchange, answer):
    """It hears that there is no answer for it; the callee has done nothing wrong."""
    bob, _ = called(exchange, caller=UNABLE)
    assert {"alice": [REFUSED]} == bob.says(*answer)


def test_caller_cannot_read_progress(exchange):
    """The call is over, so the callee is told to stop."""
    bob, _ = called(exchange, {"receive_progress": True}, caller=UNABLE)
    heard = bob.says(YIELD, 1, {**PPT, "progress": True})
    assert {"alice": [REFUSED], "bob": [[INTERRUPT, 1, {"mode": "killnowait"}]]} == heard
