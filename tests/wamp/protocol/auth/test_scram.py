"""SCRAM: the RFC's own exchange, both dialects, and what a peer may say instead of a proof."""

import base64
import hashlib
import sys

import pytest
from autobahn.wamp import auth as autobahn
from autobahn.wamp.types import Challenge as AutobahnChallenge
from hypothesis import given
from hypothesis import strategies as st

from wamp.protocol.auth import scram
from wamp.protocol.auth.encoding import base64_bytes, base64_text
from wamp.protocol.auth.scram import Credential, Dialect, Exchange, ServerFirst

# RFC 7677, section 3.
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
CLIENT_NONCE = "rOprNGfwEbeRWgbNEkqO"
NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
PROOF = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
VERIFIER = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

CREDENTIAL = scram.derive_credential("pencil", SALT, iterations=4096)
EXCHANGE = Exchange("user", CLIENT_NONCE, CREDENTIAL.challenge(NONCE))

COSTS = {
    scram.PBKDF2: {"iterations": 4096},
    scram.ARGON2ID: {"iterations": 2, "memory": 8192},
    scram.ARGON2ID_AUTOBAHN: {"iterations": 2, "memory": 8192},
}


def proof(exchange, password, dialect=Dialect.SPECIFICATION):
    """What a client with a password signs."""
    first = exchange.server_first
    salted = scram.salted_password(
        password, base64_bytes(first.salt), first.kdf, iterations=first.iterations, memory=first.memory
    )
    return base64_text(scram.client_proof(salted, exchange.auth_message(dialect)))


def bound(data=b"\x00" * 32, binding="tls-unique"):
    """The RFC's exchange, with channel binding."""
    return Exchange("user", CLIENT_NONCE, CREDENTIAL.challenge(NONCE), binding, data)


def test_the_exchange_of_rfc_7677_comes_out():
    """The message that both sign, the client's proof and the server's signature, from the password alone."""
    message = EXCHANGE.auth_message(Dialect.SPECIFICATION)
    assert f"n=user,r={CLIENT_NONCE},r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={NONCE}".encode() == message
    assert PROOF == proof(EXCHANGE, "pencil")
    assert base64_bytes(VERIFIER) == scram.verify(CREDENTIAL, EXCHANGE, PROOF)


def test_the_client_knows_the_server_by_its_signature():
    """As "verifier" with and without RFC 5802's prefix, and under Autobahn's name."""
    salted = scram.salted_password("pencil", SALT, scram.PBKDF2, iterations=4096)
    message = EXCHANGE.auth_message(Dialect.SPECIFICATION)
    assert {"verifier": f"v={VERIFIER}", "scram_server_signature": VERIFIER} == scram.welcome_extra(
        base64_bytes(VERIFIER)
    )
    for authextra in ({"verifier": f"v={VERIFIER}"}, {"verifier": VERIFIER}, {"scram_server_signature": VERIFIER}):
        assert scram.verify_server(salted, message, authextra)


@pytest.mark.parametrize(
    "authextra", [None, {}, {"verifier": 7}, {"verifier": "v="}, {"verifier": "ä"}, {"verifier": PROOF}]
)
def test_a_server_without_the_credential_is_found_out(authextra):
    """No signature, malformed, or another one."""
    salted = scram.salted_password("pencil", SALT, scram.PBKDF2, iterations=4096)
    assert not scram.verify_server(salted, EXCHANGE.auth_message(Dialect.SPECIFICATION), authextra)


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("kdf", scram.KDFS)
def test_a_password_logs_in_in_each_dialect(kdf, dialect):
    """With each key derivation function, and the server's signature is in the client's dialect."""
    credential = scram.derive_credential("pencil", SALT, kdf, **COSTS[kdf])
    exchange = Exchange("user", CLIENT_NONCE, credential.challenge(NONCE))
    signature = scram.verify(credential, exchange, proof(exchange, "pencil", dialect))
    salted = scram.salted_password("pencil", SALT, kdf, **COSTS[kdf])
    assert signature is not None
    assert scram.verify_server(salted, exchange.auth_message(dialect), scram.welcome_extra(signature))
    assert scram.verify(credential, exchange, proof(exchange, "pencil!", dialect)) is None


@pytest.mark.parametrize("authid", ["user", "jo,e=", "a\u00a0b"])
@pytest.mark.parametrize("password", ["pencil", "p\u00e4ncil \u2168 \U0001f600"])
def test_an_autobahn_client_logs_in(authid, password):
    """Autobahn's own authenticator on the other end: it also accepts our signature."""
    kdf = scram.ARGON2ID_AUTOBAHN
    credential = scram.derive_credential(password, SALT, kdf, **COSTS[kdf])
    client = autobahn.AuthScram(authid=authid, password=password)
    client_nonce = scram.read_client_nonce(client.authextra)
    exchange = Exchange(authid, client_nonce, credential.challenge(client_nonce + "c2VydmVy"))
    signature = client.on_challenge(None, AutobahnChallenge("scram", exchange.server_first.extra())).decode()

    welcome = scram.verify(credential, exchange, signature, {})
    assert welcome is not None
    session = _Session()
    assert client.on_welcome(session, scram.welcome_extra(welcome)) is None
    assert client.on_welcome(session, scram.welcome_extra(b"\x00" * 32)) is not None


def test_an_autobahn_client_cannot_do_pbkdf2():
    """Its own mistake, whatever we send: this is why `wamprouter credential scram` makes argon2id-13."""
    client = autobahn.AuthScram(authid="joe", password="pencil")
    first = CREDENTIAL.challenge(client.authextra["nonce"] + "c2VydmVy")
    with pytest.raises(ValueError, match="Invalid argument types"):
        client.on_challenge(None, AutobahnChallenge("scram", first.extra()))


class _Session:
    """What Autobahn's authenticator wants of a session: somewhere to log to."""

    def __init__(self):
        self.log = self
        self.info = self.error = lambda text: None


def test_autobahns_credentials_are_ours():
    """What its helper makes for Crossbar's configuration, read and made by us."""
    entry = autobahn.derive_scram_credential("joe@example.com", "pencil", SALT)
    credential = Credential.read(entry)
    assert credential == scram.derive_credential("pencil", SALT, scram.ARGON2ID_AUTOBAHN, iterations=4096, memory=512)
    assert entry == credential.entry()


@pytest.mark.parametrize("kdf", scram.KDFS)
def test_a_credential_survives_the_configuration(kdf):
    """Written and read again; the role beside it is somebody else's."""
    credential = scram.derive_credential("pencil", SALT, kdf, **COSTS[kdf])
    assert credential == Credential.read({**credential.entry(), "role": "frontend"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kdf": "md5"}, "kdf is 'md5'"),
        ({"kdf": 1}, "kdf"),
        ({"iterations": 0}, "not a cost"),
        ({"iterations": "4096"}, "iterations"),
        ({"kdf": scram.ARGON2ID}, "not a cost"),
        ({"salt": "abc"}, "salt"),
        ({"salt": "zz" * 8}, "salt"),
        ({"salt": ""}, "salt of 0 bytes"),
        ({"stored-key": "00" * 31}, "stored-key: 62 characters, expected 64"),
        ({"server-key": "zz" * 32}, "server-key: not hexadecimal"),
        ({"server-key": None}, "server-key"),
    ],
)
def test_a_malformed_credential_is_told_with_the_field(change, said):
    """In a configuration or from a dynamic authenticator."""
    with pytest.raises(ValueError, match=said):
        Credential.read({**CREDENTIAL.entry(), **change})


def test_a_password_in_another_form_is_the_same_password():
    """SASLprep, for what the specification's key derivation functions make."""
    for kdf in (scram.PBKDF2, scram.ARGON2ID):
        assert scram.salted_password("\u2168", SALT, kdf, **COSTS[kdf]) == scram.salted_password(
            "IX", SALT, kdf, **COSTS[kdf]
        )


def test_autobahn_takes_a_password_as_it_is():
    """So that its own derivation and ours agree for every password."""
    entry = autobahn.derive_scram_credential("joe@example.com", "\u2168", SALT)
    ours = scram.derive_credential("\u2168", SALT, scram.ARGON2ID_AUTOBAHN, iterations=4096, memory=512)
    assert entry == ours.entry()


def test_argon2_is_missed_by_name(monkeypatch):
    """It is an extra: whoever needs it is told which."""
    monkeypatch.setitem(sys.modules, "argon2.low_level", None)
    with pytest.raises(RuntimeError, match=r'pip install "wamprouter\[scram\]"'):
        scram.derive_credential("pencil", SALT, scram.ARGON2ID, **COSTS[scram.ARGON2ID])


# -- what may go wrong


def test_a_proof_of_another_exchange_is_refused():
    """A recorded one is worth nothing: the router's nonce is another."""
    later = Exchange("user", CLIENT_NONCE, CREDENTIAL.challenge(NONCE + "x"))
    assert scram.verify(CREDENTIAL, later, PROOF) is None


def test_a_proof_for_another_name_is_refused():
    """The name is part of what is signed."""
    assert scram.verify(CREDENTIAL, Exchange("root", CLIENT_NONCE, EXCHANGE.server_first), PROOF) is None


def test_a_name_that_saslprep_refuses_cannot_log_in():
    """It is no reason for an exception either."""
    assert scram.verify(CREDENTIAL, Exchange("\u0007", CLIENT_NONCE, EXCHANGE.server_first), PROOF) is None


@given(st.text(st.characters()) | st.binary().map(base64_text) | st.binary(min_size=32, max_size=32).map(base64_text))
def test_whatever_is_no_proof_is_refused_without_an_exception(signature):
    """Of any characters, and of any length."""
    assert scram.verify(CREDENTIAL, EXCHANGE, signature) is None


@pytest.mark.parametrize(
    ("extra", "is_right"),
    [
        (None, True),
        ({}, True),
        ({"nonce": NONCE, "channel_binding": None, "cbind_data": None}, True),
        ({"nonce": CLIENT_NONCE}, False),
        ({"nonce": 7}, False),
        ({"channel_binding": "tls-unique"}, False),
        ({"cbind_data": "AAAA"}, False),
    ],
)
def test_what_authenticate_repeats_must_be_what_was_said(extra, is_right):
    """Autobahn repeats nothing, the specification's clients do."""
    assert is_right is (scram.verify(CREDENTIAL, EXCHANGE, PROOF, extra) is not None)


def test_a_client_is_bound_to_its_channel():
    """The data of the channel is signed, and must be the one that the router sees."""
    exchange = bound()
    extra = {"nonce": NONCE, "channel_binding": "tls-unique", "cbind_data": base64_text(b"\x00" * 32)}
    assert extra == exchange.authenticate_extra()
    signature = proof(exchange, "pencil")
    assert scram.verify(CREDENTIAL, exchange, signature, extra) is not None
    assert scram.verify(CREDENTIAL, bound(b"\x01" * 32), signature, extra) is None
    assert scram.verify(CREDENTIAL, bound(binding="tls-exporter"), signature, extra) is None


@pytest.mark.parametrize(
    "change", [{"cbind_data": None}, {"channel_binding": None}, {"nonce": None}, {"cbind_data": "AA=="}]
)
def test_channel_binding_is_not_forgotten_on_the_way(change):
    """Who asked for it in HELLO must bring it in AUTHENTICATE."""
    exchange = bound()
    extra = {**exchange.authenticate_extra(), **change}
    assert scram.verify(CREDENTIAL, exchange, proof(exchange, "pencil"), extra) is None


def test_channel_binding_is_not_dropped_by_speaking_autobahns_dialect():
    """Its message has no place for the channel, so that a proof in it would bind nothing."""
    exchange = bound()
    signature = proof(exchange, "pencil", Dialect.AUTOBAHN)
    assert scram.verify(CREDENTIAL, exchange, signature, exchange.authenticate_extra()) is None
    assert scram.verify(CREDENTIAL, exchange, PROOF, exchange.authenticate_extra()) is None


def test_a_router_that_does_not_see_the_channel_lets_nobody_in_by_it():
    """The shell should have refused HELLO; if it did not, this does."""
    exchange = bound(data=None)
    assert scram.verify(CREDENTIAL, exchange, proof(exchange, "pencil"), exchange.authenticate_extra()) is None


@pytest.mark.parametrize(
    "authextra", [{}, {"nonce": None}, {"nonce": ""}, {"nonce": 7}, {"nonce": "n,r=x"}, {"nonce": "A" * 260}]
)
def test_a_hello_without_a_proper_nonce_is_refused(authextra):
    """Base64 has no comma, with which a nonce could say more than it should; and it is kept, so it is bounded."""
    with pytest.raises(ValueError, match="base64"):
        scram.read_client_nonce(authextra)


FIRST = {"nonce": NONCE, "salt": base64_text(SALT), "kdf": "pbkdf2", "iterations": 4096, "memory": None}


def test_a_challenge_is_read():
    """With a null for what PBKDF2 has not, as the specification's example writes it."""
    assert CREDENTIAL.challenge(NONCE) == ServerFirst.read(FIRST, CLIENT_NONCE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nonce": "x" + NONCE}, "does not begin with ours"),
        ({"nonce": CLIENT_NONCE}, "adds nothing"),
        ({"nonce": None}, "nonce"),
        ({"salt": "!"}, "base64"),
        ({"salt": "AAAA"}, "a salt of 3 bytes"),
        ({"kdf": "md5"}, "'md5', expected one of"),
        ({"iterations": 1}, "1 iterations of PBKDF2, expected 4096"),
        ({"iterations": 10**9}, "expected 4096 to 10000000"),
        ({"iterations": True}, "iterations"),
        ({"kdf": scram.ARGON2ID}, "without memory"),
        ({"kdf": scram.ARGON2ID, "memory": 2**30}, "KiB of memory"),
        ({"kdf": scram.ARGON2ID, "memory": 2**20, "iterations": 10**6}, "times iterations"),
        ({"kdf": scram.ARGON2ID, "memory": 1024, "iterations": 1}, "times iterations"),
        ({"kdf": scram.ARGON2ID, "memory": 1024, "iterations": 0}, "iterations of Argon2id"),
    ],
)
def test_a_client_refuses_a_challenge_that_is_malformed_or_too_cheap_or_too_dear(change, said):
    """The router might be a false one: after a hash that is quickly guessed, or the client's memory."""
    with pytest.raises(ValueError, match=said):
        ServerFirst.read({**FIRST, **change}, CLIENT_NONCE)


def test_a_placeholder_looks_like_a_credential_and_fits_no_password():
    """For a name that does not exist: the same each time, with the cost of those that do."""
    for like in (CREDENTIAL, scram.derive_credential("x", SALT, scram.ARGON2ID, **COSTS[scram.ARGON2ID])):
        shown = scram.placeholder("nobody", b"key", like=like)
        assert shown == scram.placeholder("nobody", b"key", like=like)
        assert shown != scram.placeholder("nobody else", b"key", like=like)
        assert set(like.challenge("n").extra()) == set(shown.challenge("n").extra())
        exchange = Exchange("nobody", CLIENT_NONCE, shown.challenge(NONCE))
        assert scram.verify(shown, exchange, proof(exchange, "")) is None


def test_nobody_proves_a_credential_by_having_it():
    """The stored key is a hash: with the file alone one cannot log in."""
    message = EXCHANGE.auth_message(Dialect.SPECIFICATION)
    from_file = scram.xor(CREDENTIAL.stored_key, hashlib.sha256(message).digest())
    assert scram.verify(CREDENTIAL, EXCHANGE, base64_text(from_file)) is None


def test_the_dialect_is_in_the_name_of_the_method():
    """And there are two."""
    assert (Dialect.SPECIFICATION, Dialect.AUTOBAHN) == tuple(map(scram.dialect_of, scram.METHODS))
    with pytest.raises(ValueError, match="scram-sha-1"):
        scram.dialect_of("scram-sha-1")
