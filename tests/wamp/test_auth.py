"""What an application logs in with: Autobahn's helper names, keys, and authenticators against the router's functions."""

import base64
import subprocess
import sys
from importlib.util import find_spec

import pytest
from autobahn.wamp import auth as autobahn
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from wamp import auth
from wamp.auth import CryptosignKey, create_authenticator
from wamp.protocol.auth import cra, cryptosign, scram
from wamp.types import Challenge, TransportDetails

PRIVATE = bytes(range(32))
PUBLIC = cryptosign.public_key(PRIVATE)
ISSUED = b"\xaa" * 32
CHANNEL_ID = b"\x55" * 32
SALT = b"0123456789abcdef"


class Session:
    """What an authenticator sees of the session that it logs in."""

    def __init__(self, channel_id=None):
        self.transport_details = None if channel_id is None else TransportDetails(channel_id=channel_id)


PLAIN = Session()


# -- helpers


def test_totp_codes_are_those_of_the_rfc(monkeypatch):
    """RFC 6238, appendix B, of which the last six digits count."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    for now, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        monkeypatch.setattr(auth.time, "time", lambda now=now: now)
        assert code == auth.compute_totp(secret) == autobahn.compute_totp(secret)
        assert auth.compute_totp(secret, 1) == autobahn.compute_totp(secret, 1)


def test_a_totp_code_is_good_for_one_step_before_and_after(monkeypatch):
    """Clocks differ."""
    secret = auth.generate_totp_secret()
    monkeypatch.setattr(auth.time, "time", lambda: 3000)
    codes = [auth.compute_totp(secret, offset) for offset in range(-5, 6)]
    monkeypatch.setattr(auth, "compute_totp", lambda _, offset=0: str(offset))
    assert [auth.check_totp(secret, str(offset)) for offset in (-2, -1, 0, 1, 2)] == [False, True, True, True, False]
    assert all(len(code) == 6 for code in codes)


def test_a_totp_code_may_be_anything_that_was_typed():
    assert not auth.check_totp(auth.generate_totp_secret(), "één")


def test_a_totp_secret_is_random_and_of_the_length_asked_for():
    assert len(base64.b32decode(auth.generate_totp_secret())) == 10
    assert len(base64.b32decode(auth.generate_totp_secret(20))) == 20
    assert auth.generate_totp_secret() != auth.generate_totp_secret()


def test_a_totp_secret_that_is_none_is_not_repeated():
    with pytest.raises(ValueError, match="of 7 characters, expected Base32") as caught:
        auth.compute_totp("S3CR3T!")
    assert "S3CR3T" not in str(caught.value)


@given(st.text() | st.binary(), st.text() | st.binary())
def test_signatures_are_those_of_autobahn(key, challenge):
    """Texts and bytes are the same."""
    assert autobahn.compute_wcs(key, challenge) == auth.compute_wcs(key, challenge)


@given(st.text() | st.binary(), st.text() | st.binary(), st.integers(1, 20), st.integers(1, 64))
def test_derived_keys_are_those_of_autobahn(secret, salt, iterations, keylen):
    """Texts and bytes are the same."""
    expected = autobahn.derive_key(secret, salt, iterations, keylen)
    assert expected == auth.derive_key(secret, salt, iterations, keylen)


def test_the_defaults_are_those_of_autobahn():
    """1000 iterations, 32 bytes, SHA-256."""
    assert autobahn.derive_key("secret", "salt") == auth.derive_key("secret", "salt")
    assert autobahn.pbkdf2(b"secret", b"salt") == auth.pbkdf2(b"secret", b"salt")
    assert autobahn.pbkdf2(b"a", b"b", 3, 20, "sha512") == auth.pbkdf2(b"a", b"b", 3, 20, "sha512")


def test_a_generated_secret_is_random_and_of_the_length_asked_for():
    """As bytes, of letters and digits."""
    first, second = auth.generate_wcs(), auth.generate_wcs()
    assert isinstance(first, bytes)
    assert 14 == len(first) == len(second)
    assert first != second
    assert auth.generate_wcs(100).isalnum()


@pytest.mark.parametrize("salt", [None, SALT])
def test_scram_credentials_are_those_of_autobahn(salt):
    """With a salt of one's own, or made from the name."""
    expected = autobahn.derive_scram_credential("joe@example.com", "secret", salt)
    assert expected == auth.derive_scram_credential("joe@example.com", "secret", salt)


def test_a_scram_salt_has_16_bytes():
    """As in Autobahn, but with a reason."""
    with pytest.raises(ValueError, match="salt of 3 bytes, expected 16"):
        auth.derive_scram_credential("joe", "secret", b"abc")


# -- keys


def test_a_key_comes_from_bytes_and_from_files(tmp_path):
    """Raw as Autobahn reads it, or in the digits that keygen writes."""
    (tmp_path / "raw").write_bytes(PRIVATE)
    (tmp_path / "digits").write_text(f"{PRIVATE.hex()}\n")
    for key in (
        CryptosignKey.from_bytes(PRIVATE),
        CryptosignKey.from_file(tmp_path / "raw"),
        CryptosignKey.from_file(str(tmp_path / "digits")),
    ):
        assert PUBLIC.hex() == key.public_key()
        assert PUBLIC == key.public_key(binary=True)
        assert key.can_sign
        assert cryptosign.sign(PRIVATE, b"data") == key.sign(b"data")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_key_comes_from_a_file_of_tags(tmp_path, newline):
    """The private one, or else the public one."""
    file = tmp_path / "node.priv"
    tags = [f"public-key-ed25519: {PUBLIC.hex()}", f"Private-Key-Ed25519: {PRIVATE.hex()}"]
    file.write_bytes(newline.join(["A node's key: keep it safe", "", "creator: joe", *tags, ""]).encode())
    assert CryptosignKey.from_keyfile(file).can_sign
    file.write_bytes(newline.join(["A node's key", "", tags[0]]).encode())
    key = CryptosignKey.from_keyfile(file)
    assert (key.can_sign, key.public_key()) == (False, PUBLIC.hex())


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "neither"), ("x\n\ncreator: joe\n", "neither"), ("x\n\nprivate-key-ed25519: 5ec3e7\n", "64 hexadecimal")],
)
def test_a_file_of_tags_without_a_key_is_named(tmp_path, text, said):
    """And what it holds is not shown."""
    file = tmp_path / "node.priv"
    file.write_text(text)
    with pytest.raises(ValueError, match=said) as caught:
        CryptosignKey.from_keyfile(file)
    assert str(file) in str(caught.value)
    assert "5ec3e7" not in str(caught.value)


def test_a_public_key_cannot_sign():
    """It can only be shown."""
    key = CryptosignKey.from_pubkey(PUBLIC)
    assert PUBLIC.hex() == key.public_key()
    assert not key.can_sign
    with pytest.raises(ValueError, match="expected a private one"):
        key.sign(b"data")


@pytest.mark.parametrize("content", [b"", PRIVATE[1:], PRIVATE.hex().encode()[1:], b"z" * 64, b"\xff" * 64])
def test_a_file_without_a_key_is_named(tmp_path, content):
    """And its content is not shown: it may be half of a secret."""
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ValueError, match=r"key: \d+ bytes, expected a key of 32 or its 64 digits"):
        CryptosignKey.from_file(tmp_path / "key")


def test_a_key_has_32_bytes():
    """Private and public."""
    for make in (CryptosignKey.from_bytes, CryptosignKey.from_pubkey):
        with pytest.raises(ValueError, match="key of 33 bytes, expected 32"):
            make(bytes(33))


def test_a_key_comes_from_openssh(tmp_path):
    """From the private file or from the public one, with its comment."""
    key = Ed25519PrivateKey.from_private_bytes(PRIVATE)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b" joe@desk\n"
    (tmp_path / "id").write_bytes(private)
    (tmp_path / "id.pub").write_bytes(public)
    assert CryptosignKey.from_ssh_file(tmp_path / "id").sign(b"x") == CryptosignKey.from_bytes(PRIVATE).sign(b"x")
    shown = CryptosignKey.from_ssh_file(tmp_path / "id.pub")
    assert (PUBLIC.hex(), "joe@desk", False) == (shown.public_key(), shown.comment, shown.can_sign)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
        "-----BEGIN",
        "ÄÖÜ",
    ],
)
def test_what_openssh_did_not_write_is_a_value_error(text):
    """Whatever it is."""
    with pytest.raises(ValueError, match="OpenSSH"):
        CryptosignKey.from_ssh_bytes(text)


def test_another_kind_of_openssh_key_is_refused():
    """Cryptosign is Ed25519."""
    key = generate_private_key(SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    for text in (private, public):
        with pytest.raises(ValueError, match="not ssh-ed25519"):
            CryptosignKey.from_ssh_bytes(text)


# In a process of its own, because it chooses an event loop for the whole of it.
AUTOBAHN = """
import sys, types
import txaio
txaio.use_twisted()
from autobahn.wamp.auth import AuthCryptoSign
from autobahn.wamp.types import Challenge

private, challenge, binding, channel_id = sys.argv[1:]
extra = {"channel_binding": binding} if binding else {}
client = AuthCryptoSign(privkey=private, authextra=extra)
ids = {"tls-unique": bytes.fromhex(channel_id)} if channel_id else {}
details = types.SimpleNamespace(channel_id=ids)
session = types.SimpleNamespace(_transport=types.SimpleNamespace(transport_details=details))
asked = Challenge("cryptosign", {"challenge": challenge, "channel_binding": binding or None})
print(client.authextra["pubkey"])
print(client.on_challenge(session, asked).result)
"""


@pytest.mark.parametrize("binding", [None, "tls-unique"])
def test_an_autobahn_client_with_a_key_logs_in(binding):
    """Its own authenticator on the other end, with and without channel binding; ours gives the same answer."""
    missing = [name for name in ("nacl", "base58", "ecdsa") if find_spec(name) is None]
    if missing:
        pytest.skip(f"Autobahn's cryptosign needs more: {', '.join(missing)}")
    channel_id = None if binding is None else CHANNEL_ID
    arguments = [PRIVATE.hex(), ISSUED.hex(), binding or "", (channel_id or b"").hex()]
    ran = subprocess.run([sys.executable, "-c", AUTOBAHN, *arguments], capture_output=True, text=True, check=True)
    public, answer = ran.stdout.split()
    assert PUBLIC.hex() == public
    assert cryptosign.verify(PUBLIC, ISSUED, answer, channel_id)
    asked = Challenge("cryptosign", {"challenge": ISSUED.hex(), "channel_binding": binding})
    assert answer == CryptosignKey.from_bytes(PRIVATE).sign_challenge(asked, channel_id, binding)


# -- authenticators


def test_a_ticket_is_shown():
    """As it is."""
    ticket = create_authenticator("ticket", ticket="t1", authid="joe", authrole="user", authextra={"a": 1})
    assert ("ticket", "joe", "user", {"a": 1}) == (ticket.name, ticket.authid, ticket.authrole, ticket.authextra)
    assert "t1" == ticket.on_challenge(PLAIN, Challenge("ticket"))
    assert ticket.on_welcome(PLAIN, None) is None


@pytest.mark.parametrize("salting", [None, cra.Salting("salt", 100, 32)])
@pytest.mark.parametrize("secret", ["s3cret", b"s3cret"])
def test_wampcra_logs_in(salting, secret):
    """The router's functions on the other end."""
    text = cra.challenge_text(authid="joe", authrole="r", authprovider="p", nonce="n", timestamp="t", session=1)
    stored = "s3cret" if salting is None else cra.derive_key("s3cret", salting)
    client = create_authenticator("wampcra", authid="joe", secret=secret)
    signature = client.on_challenge(PLAIN, Challenge("wampcra", cra.Challenge(text, salting).extra()))
    assert cra.verify(cra.keys(stored, salting), text, signature)


def scram_login(client, credential):
    """Log a client in; return the exchange and what WELCOME.authextra says, or None if it was refused."""
    nonce = scram.read_client_nonce(client.authextra)
    exchange = scram.Exchange(client.authid, nonce, credential.challenge(nonce + "c2VydmVy"))
    answer = client.on_challenge(PLAIN, Challenge(client.name, exchange.server_first.extra()))
    signature, extra = answer if isinstance(answer, tuple) else (answer, {})
    proven = scram.verify(credential, exchange, signature, extra)
    return exchange, extra, None if proven is None else scram.welcome_extra(proven)


@pytest.mark.parametrize("name", ["scram", "wamp-scram"])
@pytest.mark.parametrize(
    ("kdf", "cost"),
    [
        (scram.PBKDF2, {"iterations": 4096}),
        (scram.ARGON2ID, {"iterations": 2, "memory": 8192}),
        (scram.ARGON2ID_AUTOBAHN, {"iterations": 2, "memory": 8192}),
    ],
)
def test_scram_logs_in_at_both_ends(name, kdf, cost):
    """The router knows the client, and the client the router, login after login."""
    credential = scram.derive_credential("pässword", SALT, kdf, **cost)
    client = create_authenticator(name, authid="joe", password="pässword")
    nonces = set()
    for _ in range(2):
        exchange, extra, welcome = scram_login(client, credential)
        assert client.on_welcome(PLAIN, welcome) is None
        assert ({} if name == "scram" else exchange.authenticate_extra()) == extra
        nonces.add(exchange.client_nonce)
    assert 2 == len(nonces)


def test_a_wrong_scram_password_is_refused():
    """By the router."""
    credential = scram.derive_credential("password", SALT, iterations=4096)
    client = create_authenticator("wamp-scram", authid="joe", password="Password")
    assert scram_login(client, credential)[2] is None


def test_a_scram_client_refuses_a_router_that_proves_nothing():
    """One that lets everybody in to see what they do: with a wrong signature, or without any."""
    credential = scram.derive_credential("password", SALT, iterations=4096)
    client = create_authenticator("scram", authid="joe", password="password")
    scram_login(client, credential)
    for authextra in (None, {}, {"verifier": "v=AAAA"}, scram.welcome_extra(b"\x00" * 32)):
        assert "does not have the credential" in client.on_welcome(PLAIN, authextra)


def test_a_scram_client_refuses_what_a_router_once_proved():
    """A welcome without a challenge, with the signature of the login before."""
    credential = scram.derive_credential("password", SALT, iterations=4096)
    client = create_authenticator("scram", authid="joe", password="password")
    welcome = scram_login(client, credential)[2]
    assert client.on_welcome(PLAIN, welcome) is None
    assert client.authextra
    assert client.on_welcome(PLAIN, welcome) is not None


def test_a_scram_client_says_the_same_nonce_until_it_is_answered():
    """Whoever reads it twice for one HELLO gets the same."""
    client = create_authenticator("scram", authid="joe", password="password", authextra={"a": 1})
    assert client.authextra == client.authextra
    assert {"a": 1, "nonce": client.authextra["nonce"]} == client.authextra


def test_a_scram_nonce_can_be_continued_as_text_or_as_bytes():
    """The specification appends base64, Crossbar appends bytes: both begin with ours."""
    nonce = create_authenticator("scram", authid="joe", password="password").authextra["nonce"]
    assert base64.b64encode(base64.b64decode(nonce) + b"\x01" * 16).decode().startswith(nonce)


def test_a_scram_challenge_is_answered_once():
    """And not at all before HELLO."""
    credential = scram.derive_credential("password", SALT, iterations=4096)
    client = create_authenticator("scram", authid="joe", password="password")
    asked = Challenge("scram", credential.challenge("AAAABBBB").extra())
    with pytest.raises(ValueError, match="no HELLO asked for"):
        client.on_challenge(PLAIN, asked)
    exchange, _, _ = scram_login(client, credential)
    with pytest.raises(ValueError, match="no HELLO asked for"):
        client.on_challenge(PLAIN, Challenge("scram", exchange.server_first.extra()))


@pytest.mark.parametrize("privkey", [PRIVATE.hex(), CryptosignKey.from_bytes(PRIVATE)])
def test_cryptosign_logs_in(privkey):
    """HELLO shows the public key."""
    client = create_authenticator("cryptosign", privkey=privkey, authid="joe")
    assert {"pubkey": PUBLIC.hex()} == client.authextra
    answer = client.on_challenge(PLAIN, Challenge("cryptosign", {"challenge": ISSUED.hex()}))
    assert cryptosign.verify(PUBLIC, ISSUED, answer)


@pytest.mark.parametrize("binding", cryptosign.BINDINGS)
def test_cryptosign_is_bound_to_the_channel(binding):
    """With the id that the session's connection has for that type of binding."""
    client = create_authenticator("cryptosign", privkey=PRIVATE.hex(), authextra={"channel_binding": binding})
    asked = Challenge("cryptosign", {"challenge": ISSUED.hex(), "channel_binding": binding})
    answer = client.on_challenge(Session({binding: CHANNEL_ID}), asked)
    assert cryptosign.verify(PUBLIC, ISSUED, answer, CHANNEL_ID)


@pytest.mark.parametrize("session", [Session(), Session({}), Session({"tls-exporter": CHANNEL_ID})])
def test_cryptosign_does_not_sign_unbound_what_should_be_bound(session):
    """Without TLS there is nothing to bind to."""
    client = create_authenticator("cryptosign", privkey=PRIVATE.hex(), authextra={"channel_binding": "tls-unique"})
    with pytest.raises(ValueError, match="without the channel's id"):
        client.on_challenge(
            session, Challenge("cryptosign", {"challenge": ISSUED.hex(), "channel_binding": "tls-unique"})
        )


def test_cryptosign_refuses_a_binding_that_the_router_has_dropped():
    """It may be one that sits in between."""
    client = create_authenticator("cryptosign", privkey=PRIVATE.hex(), authextra={"channel_binding": "tls-unique"})
    with pytest.raises(ValueError, match="channel_binding is None"):
        client.on_challenge(Session({"tls-unique": CHANNEL_ID}), Challenge("cryptosign", {"challenge": ISSUED.hex()}))


def test_anonymous_has_nothing_to_answer():
    """A challenge is a mistake of the router's."""
    client = create_authenticator("anonymous")
    assert {} == client.authextra
    with pytest.raises(ValueError, match="asks for ticket"):
        client.on_challenge(PLAIN, Challenge("ticket"))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ticket", {"ticket": "t1"}),
        ("wampcra", {"authid": "joe", "secret": "s"}),
        ("scram", {"authid": "joe", "password": "p"}),
        ("wamp-scram", {"authid": "joe", "password": "p"}),
        ("cryptosign", {"privkey": PRIVATE.hex()}),
    ],
)
def test_a_challenge_of_another_method_is_not_answered(name, arguments):
    """Least of all by showing a ticket."""
    with pytest.raises(ValueError, match=f"asks for other authentication, expected {name}"):
        create_authenticator(name, **arguments).on_challenge(PLAIN, Challenge("other", {}))


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("tickets", {}, "'tickets', expected one of anonymous, ticket, wampcra, scram, wamp-scram, cryptosign"),
        ("ticket", {}, "'ticket'"),
        ("ticket", {"ticket": "t", "autid": "joe"}, "'autid'"),
        ("wampcra", {"secret": "s"}, "'authid'"),
        ("scram", {"authid": "joe"}, "'password'"),
        ("cryptosign", {}, "'privkey'"),
        ("cryptosign", {"privkey": "00"}, "privkey of 2 characters, expected 64"),
        ("cryptosign", {"privkey": PRIVATE.hex(), "authextra": {"pubkey": "00"}}, "authextra.pubkey is '00'"),
        ("cryptosign", {"privkey": PRIVATE.hex(), "authextra": {"channel_binding": "x"}}, "channel_binding is 'x'"),
    ],
)
def test_a_mistake_in_an_argument_is_told(name, arguments, said):
    """As ValueError, with what was expected."""
    with pytest.raises(ValueError, match=said):
        create_authenticator(name, **arguments)


def test_a_mistyped_private_key_is_not_shown():
    """It would end up in a log."""
    with pytest.raises(ValueError, match="privkey") as refused:
        create_authenticator("cryptosign", privkey="abc" * 22)
    assert "abc" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_authextra_of_the_caller_stays_as_it_is():
    """Two authenticators may be made from one dictionary."""
    given = {"a": 1}
    create_authenticator("cryptosign", privkey=PRIVATE.hex(), authextra=given)
    assert {"a": 1} == given
