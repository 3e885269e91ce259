"""What is particular to cryptosign: keys without a name, and signatures that are bound to a TLS connection."""

from typing import Any

import pytest

from tests.support.auth import Door, Knock
from wamp.protocol.auth import cryptosign
from wamp.protocol.errors import AuthenticationDenied, AuthenticationFailed, AuthenticationRequired
from wamprouter.auth import Grant
from wamprouter.auth.cryptosign import CryptosignMethod, CryptosignPrincipal
from wamprouter.auth.principals import Static

JOE, ANNA, STRANGER = (bytes([number]) * 32 for number in (1, 2, 3))
CHANNEL = bytes(range(32))
RECORDS = {
    "joe": CryptosignPrincipal(role="user", authorized_keys=(cryptosign.public_key(JOE).hex(),)),
    "anna": CryptosignPrincipal(
        role="admin", authorized_keys=(cryptosign.public_key(ANNA).hex().upper(), cryptosign.public_key(JOE).hex())
    ),
}


def door(*, requires_binding: bool = False, records: dict[str, Any] | None = None) -> Door:
    challenges = iter(bytes([number]) * 32 for number in range(100, 200))
    principals = Static(RECORDS if records is None else records)
    return Door(CryptosignMethod(principals, lambda: next(challenges), requires_binding=requires_binding))


def log_in(door: Door, key: bytes, *, channel: bytes | None = None, **who: Any) -> Any:
    knock = Knock("cryptosign", **{"pubkey": cryptosign.public_key(key).hex(), **who})
    return door.log_in(knock, lambda extra: cryptosign.answer(key, bytes.fromhex(extra["challenge"]), channel))


def test_a_principal_may_have_several_keys():
    """Of either case in the configuration."""
    for key in (ANNA, JOE):
        assert ("anna", "admin") == (log_in(door(), key, authid="anna").authid, log_in(door(), key, authid="anna").role)


def test_a_client_is_known_by_its_key_alone():
    """If nobody else has it."""
    assert "anna" == log_in(door(), ANNA).authid
    assert isinstance(log_in(door(), STRANGER), AuthenticationDenied)


def test_a_key_of_two_does_not_tell_whose_it_is():
    """Then the client has to say who it is."""
    assert isinstance(log_in(door(), JOE), AuthenticationDenied)
    assert "joe" == log_in(door(), JOE, authid="joe").authid


def test_a_key_of_somebody_else_does_not_let_in():
    """However right its signature is."""
    assert isinstance(log_in(door(), ANNA, authid="joe"), AuthenticationDenied)


def test_who_signs_must_have_the_key_that_it_named():
    """The public key is public."""
    knock = Knock("cryptosign", authid="joe", pubkey=cryptosign.public_key(JOE).hex())
    refusal = door().log_in(knock, lambda extra: cryptosign.answer(ANNA, bytes.fromhex(extra["challenge"])))
    assert isinstance(refusal, AuthenticationDenied)


def test_without_a_key_there_is_nothing_to_do():
    """The client has offered a method that it does not serve."""
    assert isinstance(door().knock("cryptosign", authid="joe"), AuthenticationRequired)


@pytest.mark.parametrize("pubkey", ["", "00", "zz" * 32, "é" * 64, 7, None, [0] * 64, {"a": 1}, "00" * 33, b"0" * 64])
def test_a_key_that_is_none_is_a_failure(pubkey):
    """Or, if it is only a strange one, a challenge that nobody can answer."""
    step = door().knock("cryptosign", authid="joe", pubkey=pubkey)
    if pubkey == b"0" * 64:
        step = door().reply(step, "")
        assert isinstance(step, AuthenticationDenied)
    else:
        assert isinstance(step, AuthenticationFailed)
        assert "authextra.pubkey" in str(step)


# Channel binding


@pytest.mark.parametrize("kind", ["tls-unique", "tls-exporter"])
def test_a_signature_may_be_bound_to_the_connection(kind):
    """Which the challenge confirms, so that the client knows that nobody has dropped it on the way."""
    channels = {kind: CHANNEL}
    step = door().admit(
        Knock(
            "cryptosign", authid="joe", pubkey=cryptosign.public_key(JOE).hex(), channel_binding=kind, channels=channels
        )
    )
    assert kind == step.extra["channel_binding"]
    bound = log_in(door(), JOE, channel=CHANNEL, authid="joe", channel_binding=kind, channels=channels)
    assert isinstance(bound, Grant)


def test_a_signature_for_another_connection_is_worth_nothing():
    """That is what the binding is for: somebody in between has two connections, with two ids."""
    who = {"authid": "joe", "channel_binding": "tls-unique", "channels": {"tls-unique": CHANNEL}}
    for channel in (bytes(32), None):
        assert isinstance(log_in(door(), JOE, channel=channel, **who), AuthenticationDenied)


def test_an_unbound_signature_is_not_taken_for_a_bound_one():
    """Nor the other way round."""
    assert isinstance(
        log_in(door(), JOE, channel=CHANNEL, authid="joe", channels={"tls-unique": CHANNEL}), AuthenticationDenied
    )


@pytest.mark.parametrize("binding", ["tls-unique", "tls-server-end-point", "", "x", 7, [], {}, True])
def test_a_binding_that_the_connection_has_not_is_a_failure(binding):
    """Never a signature without one."""
    refusal = log_in(door(), JOE, authid="joe", channel_binding=binding, channels={"tls-exporter": CHANNEL})
    assert isinstance(refusal, AuthenticationFailed)


def test_binding_may_be_required():
    """Then a signature without it is not even asked for."""
    strict = door(requires_binding=True)
    assert isinstance(log_in(strict, JOE, authid="joe"), AuthenticationFailed)
    who = {"authid": "joe", "channel_binding": "tls-unique", "channels": {"tls-unique": CHANNEL}}
    assert isinstance(log_in(strict, JOE, channel=CHANNEL, **who), Grant)


# Reload


def test_a_session_stays_as_long_as_its_key_is_there():
    """Other keys of the principal may come and go."""
    granted = log_in(door(), ANNA, authid="anna")
    keys = RECORDS["anna"].authorized_keys

    def still(*authorized: str) -> bool:
        records = {"anna": CryptosignPrincipal(role="admin", authorized_keys=authorized)}
        return door(records=records).gate.still_admits(granted)

    assert still(*keys)
    assert still(keys[0])
    assert not still(keys[1])
    assert not still()
