"""WAMP-CRA: the text that is signed, the keys that may sign it, and what a peer may send instead of a signature."""

import json

import pytest
from autobahn.wamp import auth as autobahn
from autobahn.wamp.types import Challenge as AutobahnChallenge
from hypothesis import given
from hypothesis import strategies as st

from wamp.protocol.auth import cra
from wamp.protocol.auth.cra import Challenge, Salting

SALTING = Salting("salt123", 1000, 32)
TEXT = cra.challenge_text(
    authid="joe",
    authrole="frontend",
    authprovider="static",
    nonce="bm9uY2U=",
    timestamp="2025-01-31T12:00:00.000Z",
    session=3251278072152162,
)


def test_the_challenge_says_who_the_session_will_be():
    """All that the specification asks for, as a JSON object."""
    assert {
        "authid": "joe",
        "authrole": "frontend",
        "authmethod": "wampcra",
        "authprovider": "static",
        "nonce": "bm9uY2U=",
        "timestamp": "2025-01-31T12:00:00.000Z",
        "session": 3251278072152162,
    } == json.loads(TEXT)


@given(st.text())
def test_the_challenge_is_ascii_whatever_the_authid(authid):
    """Clients that disagree about encodings still sign the same bytes."""
    text = cra.challenge_text(authid=authid, authrole="r", authprovider="p", nonce="n", timestamp="t", session=1)
    assert text.isascii()
    assert authid == json.loads(text)["authid"]


# PBKDF2 with HMAC-SHA-256: the inputs of RFC 6070, whose outputs for SHA-256 are published with many implementations.
@pytest.mark.parametrize(
    ("iterations", "keylen", "expected"),
    [
        (1, 32, "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"),
        (2, 32, "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"),
        (4096, 32, "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"),
        (1, 20, "120fb6cffcf8b32c43e7225256c4f837a86548c9"),
    ],
)
def test_a_derived_key_is_pbkdf2_in_base64(iterations, keylen, expected):
    """Known values for password "password" and salt "salt"."""
    key = cra.derive_key("password", Salting("salt", iterations, keylen))
    assert bytes.fromhex(expected) == cra.base64_bytes(key)


@given(st.text(), st.text(), st.integers(1, 50), st.integers(1, 64))
def test_keys_are_derived_as_autobahn_derives_them(secret, salt, iterations, keylen):
    """Autobahn's function on the other side."""
    expected = autobahn.derive_key(secret, salt, iterations, keylen).decode()
    assert expected == cra.derive_key(secret, Salting(salt, iterations, keylen))


@given(st.text(), st.text())
def test_texts_are_signed_as_autobahn_signs_them(key, text):
    """HMAC-SHA-256, in base64."""
    assert autobahn.compute_wcs(key, text).decode() == cra.sign(key, text)


@pytest.mark.parametrize("salting", [None, SALTING])
def test_an_autobahn_client_is_verified(salting):
    """With Autobahn's own authenticator on the other end, salted and not."""
    secret = "s3cret" if salting is None else cra.derive_key("s3cret", SALTING)
    extra = Challenge(TEXT, salting).extra()
    client = autobahn.AuthWampCra(authid="joe", secret="s3cret")
    signature = client.on_challenge(None, AutobahnChallenge("wampcra", extra))
    assert cra.verify(cra.keys(secret, salting), TEXT, signature)


@pytest.mark.parametrize("salting", [None, SALTING])
def test_our_client_signs_as_autobahns_does(salting):
    """From the same CHALLENGE."""
    extra = Challenge(TEXT, salting).extra()
    client = autobahn.AuthWampCra(authid="joe", secret="s3cret")
    expected = client.on_challenge(None, AutobahnChallenge("wampcra", extra))
    assert expected == cra.answer("s3cret", Challenge.read(extra))


@pytest.mark.parametrize("stored", [cra.derive_key("s3cret", SALTING), "s3cret"])
def test_a_salted_user_may_be_configured_with_the_key_or_the_password(stored):
    """Crossbar has changed its mind about it; files of both kinds log the same user in."""
    signature = cra.answer("s3cret", Challenge(TEXT, SALTING))
    assert cra.verify(cra.keys(stored, SALTING), TEXT, signature)


def test_a_password_in_the_form_of_a_key_logs_in_as_well():
    """32 random bytes in base64 are a good password, too."""
    password = cra.derive_key("anything", SALTING)
    signature = cra.answer(password, Challenge(TEXT, SALTING))
    assert cra.verify(cra.keys(password, SALTING), TEXT, signature)


def test_a_salted_password_itself_does_not_sign():
    """A client that ignores the salt is not let in, although the file would show its password."""
    assert not cra.verify(cra.keys("s3cret", SALTING), TEXT, cra.sign("s3cret", TEXT))


def test_a_wrong_secret_is_refused():
    """Salted and not."""
    for salting in (None, SALTING):
        signature = cra.answer("another", Challenge(TEXT, salting))
        assert not cra.verify(cra.keys("s3cret", salting), TEXT, signature)


def test_a_signature_of_another_challenge_is_refused():
    """A recorded one is worth nothing: its challenge had another nonce, time and session."""
    assert not cra.verify(("s3cret",), TEXT.replace("bm9u", "bm9v"), cra.sign("s3cret", TEXT))


@given(st.text(st.characters()) | st.binary().map(cra.base64_text))
def test_whatever_is_no_signature_is_refused_without_an_exception(signature):
    """Of any characters, half surrogate pairs among them."""
    assert not cra.verify(("s3cret", "another"), TEXT, signature)


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"challenge": None},
        {"challenge": 7},
        {"challenge": "x", "salt": 7},
        {"challenge": "x", "salt": "s", "iterations": "1000"},
        {"challenge": "x", "salt": "s", "iterations": 0},
        {"challenge": "x", "salt": "s", "iterations": 10**12},
        {"challenge": "x", "salt": "s", "keylen": -1},
        {"challenge": "x", "salt": "s", "keylen": 2**40},
    ],
)
def test_a_client_refuses_a_challenge_that_is_malformed_or_would_take_for_ever(extra):
    """The router might be a false one."""
    with pytest.raises(ValueError, match=r"expected|Expected"):
        Challenge.read(extra)


def test_nulls_in_a_challenge_are_absent():
    """Some routers write what is not salted that way."""
    extra = {"challenge": "x", "salt": None, "iterations": None, "keylen": None}
    assert Challenge("x") == Challenge.read(extra)
