"""Logging in: what an application gives its session to answer the router's challenges with.

The helper functions have the names, arguments and results of ``autobahn.wamp.auth``, and ``CryptosignKey`` those of
``autobahn.wamp.cryptosign``, but for what needs an Ethereum wallet or draws QR codes. An **authenticator** is one way to
log in: its ``name`` and ``authextra`` go into HELLO, ``on_challenge`` answers CHALLENGE, and ``on_welcome`` has the last
word on WELCOME. The computations are in ``wamp.protocol.auth``; here is what they need of the world: randomness, the
time and files.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import string
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, overload

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key, load_ssh_public_key

from wamp.exception import Error
from wamp.protocol.auth import cra, cryptosign, scram
from wamp.protocol.auth.encoding import base64_bytes, base64_text
from wamp.types import Challenge, TransportDetails

__all__ = [
    "Auth",
    "AuthAnonymous",
    "AuthCryptoSign",
    "AuthCryptosign",
    "AuthScram",
    "AuthTicket",
    "AuthTls",
    "AuthWampCra",
    "AuthWampScram",
    "Authenticator",
    "ChallengedSession",
    "CryptosignKey",
    "authenticators",
    "check_totp",
    "compute_totp",
    "compute_wcs",
    "create_authenticator",
    "derive_key",
    "derive_scram_credential",
    "generate_totp_secret",
    "generate_wcs",
    "pbkdf2",
]

Dict = dict[str, Any]


# -- WAMP-CRA and SCRAM, as functions


def compute_wcs(key: str | bytes, challenge: str | bytes) -> bytes:
    """Return the signature of a WAMP-CRA challenge, in base64. A salted secret must be derived first."""
    return base64_text(hmac.digest(_bytes(key), _bytes(challenge), hashlib.sha256)).encode()


def derive_key(secret: str | bytes, salt: str | bytes, iterations: int = 1000, keylen: int = 32) -> bytes:
    """Return the key that stands for a salted WAMP-CRA secret, in base64."""
    return base64_text(pbkdf2(_bytes(secret), _bytes(salt), iterations, keylen)).encode()


def pbkdf2(data: bytes, salt: bytes, iterations: int = 1000, keylen: int = 32, hashfunc: str | None = None) -> bytes:
    """Return ``keylen`` bytes derived with PBKDF2; ``hashfunc`` is a name that hashlib knows, by default sha256."""
    return hashlib.pbkdf2_hmac(hashfunc or "sha256", data, salt, iterations, dklen=keylen)


def generate_wcs(length: int = 14) -> bytes:
    """Return a random secret of letters and digits; 14 of them are 83 bits."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length)).encode()


def derive_scram_credential(email: str, password: str, salt: bytes | None = None) -> Dict:
    """Return what a router stores for a user of SCRAM, as Autobahn makes it: Argon2id, 512 KiB, 4096 passes.

    Without 16 bytes of ``salt``, the salt is made from ``email``. ``wamprouter credential scram`` draws one at random,
    and can make credentials that other clients than Autobahn understand as well.
    """
    if salt is not None and len(salt) != 16:
        raise ValueError(f"a salt of {len(salt)} bytes, expected 16")
    salt = salt or hashlib.sha256(email.encode()).digest()[:16]
    return scram.derive_credential(password, salt, scram.ARGON2ID_AUTOBAHN, iterations=4096, memory=512).entry()


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


# -- one-time passwords that change with the time, as apps show them (RFC 6238)

_TOTP_STEP = 30
"""Seconds for which a code is valid; like six digits and SHA-1, what every app has as its default."""


def generate_totp_secret(length: int = 10) -> str:
    """Return a random secret of ``length`` bytes in Base32, in which apps take it."""
    return base64.b32encode(secrets.token_bytes(length)).decode("ascii")


def compute_totp(secret: str, offset: int = 0) -> str:
    """Return the six digits for the present time, or for ``offset`` steps of 30 seconds later; ValueError if not Base32."""
    try:
        key = base64.b32decode(secret)
    except (binascii.Error, ValueError):
        # Without what was given: it is a secret.
        raise ValueError(f"a TOTP secret of {len(secret)} characters, expected Base32") from None
    step = int(time.time()) // _TOTP_STEP + offset
    digest = hmac.digest(key, step.to_bytes(8, "big"), hashlib.sha1)
    # Which four bytes count is in the digest's own last bits (RFC 4226, "Generating an HOTP Value").
    place = digest[-1] & 0x0F
    return f"{(int.from_bytes(digest[place : place + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def check_totp(secret: str, ticket: str) -> bool:
    """Tell whether ``ticket`` are the digits of now, or of the step before or after: clocks differ, and people type slowly."""
    return any(hmac.compare_digest(compute_totp(secret, offset).encode(), ticket.encode()) for offset in (0, 1, -1))


# -- cryptosign keys


class CryptosignKey:
    """An Ed25519 key: one that can sign, or only the public half."""

    def __init__(self, public: bytes, private: bytes | None = None, comment: str | None = None) -> None:
        self._public = public
        self._private = private
        self.comment = comment

    @classmethod
    def from_bytes(cls, key: bytes, comment: str | None = None) -> CryptosignKey:
        """Take a private key of 32 bytes."""
        return cls(cryptosign.public_key(_of_key_length(key)), key, comment)

    @classmethod
    def from_pubkey(cls, pubkey: bytes, comment: str | None = None) -> CryptosignKey:
        """Take a public key of 32 bytes: such a key cannot sign."""
        return cls(_of_key_length(pubkey), None, comment)

    @classmethod
    def from_file(cls, filename: str | Path, comment: str | None = None) -> CryptosignKey:
        """Read a private key: the 32 bytes themselves, or the 64 digits that ``wamprouter keygen --out`` writes."""
        content = Path(filename).read_bytes()
        if len(content) != cryptosign.KEY_BYTES:
            try:
                content = cryptosign.read_key(content.decode("ascii").strip())
            except ValueError:
                raise ValueError(f"{filename}: {len(content)} bytes, expected a key of 32 or its 64 digits") from None
        return cls.from_bytes(content, comment)

    @classmethod
    def from_keyfile(cls, keyfile: str | Path) -> CryptosignKey:
        """Read a key from a file of tags, such as Crossbar keeps for a node: the private key, or else the public one.

        Tags follow the first empty line: ``private-key-ed25519: 20e8…`` or ``public-key-ed25519: 7326…``.
        """
        _, _, body = Path(keyfile).read_text("utf-8").replace("\r\n", "\n").partition("\n\n")
        lines = (line.partition(":") for line in body.splitlines())
        tags = {tag.strip().lower(): value.strip() for tag, _, value in lines}
        try:
            if "private-key-ed25519" in tags:
                return cls.from_bytes(cryptosign.read_key(tags["private-key-ed25519"]))
            if "public-key-ed25519" in tags:
                return cls.from_pubkey(cryptosign.read_key(tags["public-key-ed25519"]))
        except ValueError:
            raise ValueError(f"{keyfile}: the key does not have 64 hexadecimal digits") from None
        raise ValueError(f"{keyfile}: neither private-key-ed25519 nor public-key-ed25519")

    @classmethod
    def from_ssh_file(cls, filename: str | Path) -> CryptosignKey:
        """Read an Ed25519 key from a file of OpenSSH's: a private key without passphrase, or a public one."""
        return cls.from_ssh_bytes(Path(filename).read_text("utf-8"))

    @classmethod
    def from_ssh_bytes(cls, key_data: str) -> CryptosignKey:
        """Take the content of a key file of OpenSSH's."""
        data = key_data.strip().encode()
        try:
            if data.startswith(b"-----BEGIN"):
                private = load_ssh_private_key(data, password=None)
                if isinstance(private, Ed25519PrivateKey):
                    return cls.from_bytes(private.private_bytes_raw())
            else:
                public = load_ssh_public_key(data)
                if isinstance(public, Ed25519PublicKey):
                    return cls.from_pubkey(public.public_bytes_raw(), " ".join(key_data.split()[2:]) or None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(f"not a key of OpenSSH's, or one with a passphrase: {error}") from None
        raise ValueError("a key of OpenSSH's that is not ssh-ed25519")

    @property
    def can_sign(self) -> bool:
        """Tell whether this is a private key."""
        return self._private is not None

    @overload
    def public_key(self, binary: Literal[False] = False) -> str: ...
    @overload
    def public_key(self, binary: Literal[True]) -> bytes: ...
    def public_key(self, binary: bool = False) -> str | bytes:
        """Return the public key, in hexadecimal or as bytes."""
        return self._public if binary else self._public.hex()

    def sign(self, data: bytes) -> bytes:
        """Return the 64 bytes of a signature."""
        return cryptosign.sign(self._private_key(), data)

    def sign_challenge(
        self, challenge: Challenge, channel_id: bytes | None = None, channel_id_type: str | None = None
    ) -> str:
        """Return the answer to a challenge, bound to a TLS channel if ``channel_id_type`` names one."""
        asked = cryptosign.read_challenge(challenge.extra, binding=channel_id_type)
        if channel_id_type is not None and channel_id is None:
            raise ValueError(f"channel binding {channel_id_type} without the channel's id")
        return cryptosign.answer(self._private_key(), asked, channel_id if channel_id_type else None)

    def _private_key(self) -> bytes:
        if self._private is None:
            raise ValueError("a public key cannot sign, expected a private one")
        return self._private


def _of_key_length(key: bytes) -> bytes:
    if len(key) != cryptosign.KEY_BYTES:
        raise ValueError(f"a key of {len(key)} bytes, expected {cryptosign.KEY_BYTES}")
    return key


# -- authenticators


class ChallengedSession(Protocol):
    """What an authenticator asks of the session that it logs in."""

    @property
    def transport_details(self) -> TransportDetails | None:
        """What is known of the connection; None if there is none."""
        ...


class Authenticator(Protocol):
    """One way to log in."""

    @property
    def name(self) -> str:
        """The method, as the router knows it."""
        ...

    @property
    def authid(self) -> str | None:
        """Who wants to log in."""
        ...

    @property
    def authrole(self) -> str | None:
        """As what."""
        ...

    @property
    def authextra(self) -> Dict:
        """HELLO.Details.authextra: ask for it once for each HELLO."""
        ...

    def on_challenge(self, session: ChallengedSession, challenge: Challenge) -> str | tuple[str, Dict]:
        """Return the signature for AUTHENTICATE, or the signature and AUTHENTICATE.extra.

        Raise ValueError if the challenge should not be answered.
        """
        ...

    def on_welcome(self, session: ChallengedSession, authextra: Dict | None) -> str | None:
        """Return None to accept the session, or why it must not be."""
        ...


class _Base:
    """What all share: who to be, and no objection to a welcome."""

    name: ClassVar[str]

    def __init__(
        self, *, authid: str | None = None, authrole: str | None = None, authextra: Dict | None = None
    ) -> None:
        self.authid = authid
        self.authrole = authrole
        self._authextra = dict(authextra or {})

    @property
    def authextra(self) -> Dict:
        return self._authextra

    def _check_method(self, challenge: Challenge) -> None:
        if challenge.method != self.name:
            raise ValueError(f"the router asks for {challenge.method} authentication, expected {self.name}")

    def on_welcome(self, session: ChallengedSession, authextra: Dict | None) -> str | None:
        return None


class AuthAnonymous(_Base):
    """No credentials: there is nothing to ask for."""

    name = "anonymous"

    def on_challenge(self, session: ChallengedSession, challenge: Challenge) -> str:
        """Refuse: nobody who is anonymous is challenged."""
        raise ValueError(f"the router asks for {challenge.method} authentication, expected to be let in as anonymous")


class AuthTls(_Base):
    """The certificate with which the connection was made: there is nothing to ask for."""

    name = "tls"

    def on_challenge(self, session: ChallengedSession, challenge: Challenge) -> str:
        """Refuse: who has shown a certificate is not challenged."""
        raise ValueError(f"the router asks for {challenge.method} authentication, expected to know the certificate")


class AuthTicket(_Base):
    """A ticket, which is sent as it is: over TLS only."""

    name = "ticket"

    def __init__(self, *, ticket: str, **who: Any) -> None:
        super().__init__(**who)
        self._ticket = ticket

    def on_challenge(self, session: ChallengedSession, challenge: Challenge) -> str:
        """Return the ticket."""
        self._check_method(challenge)
        return self._ticket


class AuthWampCra(_Base):
    """A secret that signs a challenge; salted, if the router says so."""

    name = cra.METHOD

    def __init__(self, *, authid: str, secret: str | bytes, **who: Any) -> None:
        super().__init__(authid=authid, **who)
        self._secret = secret if isinstance(secret, str) else secret.decode()

    def on_challenge(self, session: ChallengedSession, challenge: Challenge) -> str:
        """Return the signature of the challenge."""
        self._check_method(challenge)
        return cra.answer(self._secret, cra.Challenge.read(challenge.extra))


class AuthScram(_Base):
    """A password that proves itself without being sent, to a router that proves itself in turn.

    Under this name in Autobahn's dialect, which Crossbar speaks; ``AuthWampScram`` has the specification's.
    """

    name = "scram"

    def __init__(self, *, authid: str, password: str, **who: Any) -> None:
        super().__init__(authid=authid, **who)
        self._password = password
        self._nonce = ""
        self._answered: tuple[bytes, bytes] | None = None  # salted password and what was signed

    @property
    def authextra(self) -> Dict:
        """A nonce, and a new one for the next login: what a router proves must not be what it once proved.

        Of 18 bytes, so that its base64 ends without padding: Crossbar joins the bytes of both nonces before it encodes
        them, and what it sends begins with ours only then.
        """
        if not self._nonce or self._answered is not None:
            self._nonce = base64_text(secrets.token_bytes(18))
            self._answered = None
        return {**self._authextra, "nonce": self._nonce}

    def on_challenge(self, session: ChallengedSession, challenge: Challenge) -> str | tuple[str, Dict]:
        """Return the proof for the router's salt and nonce, as ``Authenticator`` says."""
        self._check_method(challenge)
        if not self._nonce or self._answered is not None:
            raise ValueError("a SCRAM challenge that no HELLO asked for")
        assert self.authid is not None  # __init__ takes no other
        first = scram.ServerFirst.read(challenge.extra, self._nonce)
        exchange = scram.Exchange(self.authid, self._nonce, first)
        message = exchange.auth_message(scram.dialect_of(self.name))
        salted = self._salted(first)
        self._answered = salted, message
        proof = base64_text(scram.client_proof(salted, message))
        return self._signature(proof, exchange)

    def _salted(self, first: scram.ServerFirst) -> bytes:
        salt = base64_bytes(first.salt)
        try:
            return scram.salted_password(
                self._password, salt, first.kdf, iterations=first.iterations, memory=first.memory
            )
        except RuntimeError as missing:  # Argon2: nothing is wrong with the program, so a command says it in one line
            raise Error(str(missing)) from None

    def _signature(self, proof: str, exchange: scram.Exchange) -> str | tuple[str, Dict]:
        return proof

    def on_welcome(self, session: ChallengedSession, authextra: Dict | None) -> str | None:
        """Refuse a router that lets us in without having asked, or cannot prove that it knows us."""
        if self._answered is not None and scram.verify_server(*self._answered, authextra):
            return None
        return "the router's SCRAM signature is wrong or missing: it does not have the credential"


class AuthWampScram(AuthScram):
    """SCRAM in the specification's dialect."""

    name = "wamp-scram"

    def _signature(self, proof: str, exchange: scram.Exchange) -> str | tuple[str, Dict]:
        return proof, exchange.authenticate_extra()


class AuthCryptosign(_Base):
    """An Ed25519 key. ``privkey`` is its hexadecimal form, or a ``CryptosignKey``.

    ``authextra["channel_binding"]`` binds the signature to the TLS channel: ``tls-unique`` or ``tls-exporter``.
    """

    name = cryptosign.METHOD

    def __init__(self, *, privkey: str | CryptosignKey, **who: Any) -> None:
        super().__init__(**who)
        self._key = privkey if isinstance(privkey, CryptosignKey) else _private_key(privkey)
        public = self._key.public_key()
        if self._authextra.setdefault("pubkey", public) != public:
            raise ValueError(f"authextra.pubkey is {self._authextra['pubkey']!r}, but that of privkey is {public}")
        self._binding = self._authextra.get("channel_binding")
        if self._binding not in (None, *cryptosign.BINDINGS):
            known = ", ".join(cryptosign.BINDINGS)
            raise ValueError(f"authextra.channel_binding is {self._binding!r}, expected one of {known}")

    def on_challenge(self, session: ChallengedSession, challenge: Challenge) -> str:
        """Return the signature of the challenge, bound to the TLS channel if that was asked for."""
        self._check_method(challenge)
        return self._key.sign_challenge(challenge, self._channel_id(session), self._binding)

    def _channel_id(self, session: ChallengedSession) -> bytes | None:
        if self._binding is None or session.transport_details is None:
            return None
        return (session.transport_details.channel_id or {}).get(self._binding)


AuthCryptoSign = AuthCryptosign
"""Autobahn's spelling."""


def _private_key(text: str) -> CryptosignKey:
    try:
        return CryptosignKey.from_bytes(cryptosign.read_key(text))
    except ValueError:
        # Without what was read: it is a secret, or nearly one.
        raise ValueError(f"privkey of {len(text)} characters, expected 64 hexadecimal digits") from None


_AUTHENTICATORS: dict[str, type[Any]] = {
    each.name: each
    for each in (AuthAnonymous, AuthTicket, AuthWampCra, AuthScram, AuthWampScram, AuthCryptosign, AuthTls)
}


def create_authenticator(name: str, **kwargs: Any) -> Authenticator:
    """Return the authenticator for an ``authmethod``; ValueError if the name or an argument is not right.

    All take ``authid``, ``authrole`` and ``authextra``; ``ticket`` needs ``ticket``, ``wampcra`` needs ``authid`` and
    ``secret``, ``scram`` and ``wamp-scram`` need ``authid`` and ``password``, ``cryptosign`` needs ``privkey``. ``anonymous`` and
    ``tls`` need nothing.
    """
    kind = _AUTHENTICATORS.get(name)
    if kind is None:
        raise ValueError(f"authentication method {name!r}, expected one of {', '.join(_AUTHENTICATORS)}")
    try:
        authenticator: Authenticator = kind(**kwargs)
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from None
    return authenticator


Auth = Authenticator | Iterable[Authenticator] | Mapping[str, Mapping[str, Any] | Authenticator] | None
"""What an argument ``auth`` takes: a way to log in, several, or methods with their arguments."""


def authenticators(auth: Auth) -> list[Authenticator]:
    """Return the authenticators that an argument ``auth`` means: one, several, or methods with their arguments.

    Raise ValueError for a method or an argument that is not right.
    """
    if auth is None:
        return []
    if isinstance(auth, Mapping):
        return [create_authenticator(name, **how) if isinstance(how, Mapping) else how for name, how in auth.items()]
    return list(auth) if isinstance(auth, Iterable) else [auth]
