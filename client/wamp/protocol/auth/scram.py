"""SCRAM: a password proves itself without being sent, the router stores what does not log in, and proves itself in turn.

RFC 5802 and RFC 7677 with SHA-256, in WAMP's messages (WAMP advanced profile, "WAMP-SCRAM"). There are two dialects. The
specification's is called ``wamp-scram``; Autobahn|Python and Crossbar speak an earlier draft under the name ``scram``. A
proof in one is not a proof in the other:

=====================  =======================================  ==========================================
.                      the specification                        Autobahn
=====================  =======================================  ==========================================
``c=`` of AuthMessage  base64 of ``n,,`` and channel binding    nothing at all
``,`` and ``=``        escaped in the authid                    not escaped
Argon2id is called     ``argon2id13``                           ``argon2id-13``
and the salted         the 32 bytes                             these 32 bytes as base64 text, unpadded
password is
the password           is prepared with SASLprep                is taken as it is
WELCOME.authextra      ``verifier``                             ``scram_server_signature``
AUTHENTICATE.extra     repeats the nonce                        is empty
=====================  =======================================  ==========================================

What a client calls the method does not tell its dialect for sure, but its proof does: ``verify`` computes both. How the
salted password is made is known from the name of the key derivation function, as that is stored with the credential. So a
user of Autobahn needs a credential of ``argon2id-13``: ``pbkdf2`` is in its list, but raises an exception (as of 26.10).
"""

from __future__ import annotations

import enum
import hashlib
import hmac
from typing import Any

import msgspec

from wamp.protocol.auth.encoding import base64_bytes, base64_text, hex_bytes, placeholder_salt, xor
from wamp.protocol.auth.saslprep import saslprep

__all__ = [
    "ARGON2ID",
    "ARGON2ID_AUTOBAHN",
    "KDFS",
    "METHODS",
    "PBKDF2",
    "Credential",
    "Dialect",
    "Exchange",
    "ServerFirst",
    "client_proof",
    "derive_credential",
    "dialect_of",
    "placeholder",
    "read_client_nonce",
    "salted_password",
    "server_signature",
    "verify",
    "verify_server",
    "welcome_extra",
]

METHODS = ("wamp-scram", "scram")

PBKDF2 = "pbkdf2"
ARGON2ID = "argon2id13"
ARGON2ID_AUTOBAHN = "argon2id-13"
KDFS = (PBKDF2, ARGON2ID, ARGON2ID_AUTOBAHN)

KEY_BYTES = 32  # of the salted password, and of everything made from it by SHA-256

# A client's bounds for what a router asks of it. Below, the router may be a false one that wants a hash that is quickly
# guessed ("the client SHOULD respond with an ABORT"): RFC 7677 has 4096 rounds of PBKDF2, and Argon2id then wants as much
# work, so that Autobahn's 512 KiB in 4096 passes are well within. Above, it takes memory or minutes of the client.
PBKDF2_ITERATIONS = (4096, 10_000_000)
ARGON2_MEMORY = (8, 1024 * 1024)  # KiB; 8 is Argon2's own minimum
ARGON2_WORK = (16 * 1024, 16 * 1024 * 1024)  # memory times iterations, in KiB

MIN_SALT_BYTES = 8  # RFC 8018, section 4.1; Argon2's minimum as well
MAX_SALT_BYTES = 1024

# A nonce is kept while the client thinks, and is part of every message that is signed.
MAX_CLIENT_NONCE = 256


class Dialect(enum.Enum):
    """Whose AuthMessage: the table above."""

    SPECIFICATION = "wamp-scram"
    AUTOBAHN = "scram"


def dialect_of(method: str) -> Dialect:
    """Return the dialect that a client speaks under a method's name; ValueError if it is none of ``METHODS``."""
    return Dialect(method)


# -- what both ends have said


class ServerFirst(msgspec.Struct, frozen=True):
    """What CHALLENGE.extra says. ``nonce`` is the client's and then the router's, ``salt`` is base64."""

    nonce: str
    salt: str
    kdf: str
    iterations: int
    memory: int | None = None

    def extra(self) -> dict[str, Any]:
        """Return CHALLENGE.extra. Nothing that is not needed: Autobahn refuses what it does not know, and a null."""
        said = msgspec.structs.asdict(self)
        return said if self.memory is not None else {name: said[name] for name in said if name != "memory"}

    @classmethod
    def read(cls, extra: dict[str, Any], client_nonce: str) -> ServerFirst:
        """Read CHALLENGE.extra at the client; raise ValueError if it is malformed or the router might be a false one."""
        said = msgspec.convert(extra, cls)
        if not said.nonce.startswith(client_nonce) or said.nonce == client_nonce:
            raise ValueError("the nonce of the challenge does not begin with ours, or adds nothing to it")
        _check_salt(base64_bytes(said.salt))
        _check_cost(said.kdf, said.iterations, said.memory)
        return said


class Exchange(msgspec.Struct, frozen=True):
    """What was said up to the proof, by both ends: the router keeps it until AUTHENTICATE comes.

    ``binding`` is the type of channel binding that the client asked for in HELLO, and ``channel_data`` what this end sees
    of the channel.
    """

    authid: str
    client_nonce: str
    server_first: ServerFirst
    binding: str | None = None
    channel_data: bytes | None = None

    def auth_message(self, dialect: Dialect) -> bytes:
        """Return what both ends sign; ValueError for an authid that SASLprep refuses."""
        name = saslprep(self.authid)
        said = self.server_first
        if dialect is Dialect.AUTOBAHN:
            bound = ""
        else:
            name = name.replace("=", "=3D").replace(",", "=2C")
            flag = "n" if self.binding is None else f"p={self.binding}"
            bound = base64_text(f"{flag},,".encode() + (self.channel_data or b""))
        return (
            f"n={name},r={self.client_nonce},r={said.nonce},s={said.salt},i={said.iterations},c={bound},r={said.nonce}"
        ).encode()

    def authenticate_extra(self) -> dict[str, Any]:
        """Return AUTHENTICATE.extra."""
        data = None if self.channel_data is None else base64_text(self.channel_data)
        return {"nonce": self.server_first.nonce, "channel_binding": self.binding, "cbind_data": data}


def read_client_nonce(authextra: dict[str, Any]) -> str:
    """Return the nonce of HELLO.authextra; raise ValueError if there is none, or it is not base64, or too long."""
    nonce = authextra.get("nonce")
    if not isinstance(nonce, str) or not 0 < len(nonce) <= MAX_CLIENT_NONCE:
        raise ValueError(f"authextra.nonce is missing or no base64 of 1 to {MAX_CLIENT_NONCE} characters")
    base64_bytes(nonce)
    return nonce


# -- the credential


class Credential(msgspec.Struct, frozen=True):
    """What the router stores: enough to check a password's proof, not enough to make one."""

    kdf: str
    salt: bytes
    iterations: int
    memory: int | None
    stored_key: bytes
    server_key: bytes

    def challenge(self, nonce: str) -> ServerFirst:
        """Return what CHALLENGE says; ``nonce`` is the client's, followed by one of the router's."""
        memory = None if self.kdf == PBKDF2 else self.memory
        return ServerFirst(nonce, base64_text(self.salt), self.kdf, self.iterations, memory)

    def entry(self) -> dict[str, Any]:
        """Return the credential as a configuration has it: Crossbar's names, bytes in hexadecimal."""
        return {
            "kdf": self.kdf,
            **({} if self.memory is None else {"memory": self.memory}),
            "iterations": self.iterations,
            "salt": self.salt.hex(),
            "stored-key": self.stored_key.hex(),
            "server-key": self.server_key.hex(),
        }

    @classmethod
    def read(cls, entry: dict[str, Any]) -> Credential:
        """Read what ``entry`` returns, or a dynamic authenticator; other keys are ignored. ValueError names the field."""
        raw = msgspec.convert(entry, _Entry)
        if raw.kdf not in KDFS:
            raise ValueError(f"kdf is {raw.kdf!r}, expected one of {', '.join(KDFS)}")
        if raw.iterations < 1 or (raw.kdf != PBKDF2 and raw.memory is None):
            raise ValueError(f"{raw.kdf} with iterations {raw.iterations} and memory {raw.memory}: not a cost")
        if len(raw.salt) % 2:
            raise ValueError("salt has an odd number of hexadecimal digits")
        salt = _named("salt", raw.salt, len(raw.salt) // 2)
        _check_salt(salt)
        stored_key = _named("stored-key", raw.stored_key, KEY_BYTES)
        return cls(
            raw.kdf, salt, raw.iterations, raw.memory, stored_key, _named("server-key", raw.server_key, KEY_BYTES)
        )


class _Entry(msgspec.Struct, rename="kebab"):
    kdf: str
    iterations: int
    salt: str
    stored_key: str
    server_key: str
    memory: int | None = None


def _named(field: str, text: str, length: int) -> bytes:
    try:
        return hex_bytes(text, length)
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from None


def derive_credential(
    password: str, salt: bytes, kdf: str = PBKDF2, *, iterations: int, memory: int | None = None
) -> Credential:
    """Return what the router stores for a password; ``memory`` in KiB is Argon2's. ValueError as in ``salted_password``."""
    salted = salted_password(password, salt, kdf, iterations=iterations, memory=memory)
    client_key = _hmac(salted, b"Client Key")
    return Credential(kdf, salt, iterations, memory, _sha256(client_key), _hmac(salted, b"Server Key"))


def placeholder(authid: str, key: bytes, *, like: Credential) -> Credential:
    """Return a credential for a principal that does not exist: it asks for the same each time, and no password fits.

    ``like`` is a credential whose cost, and length of salt, it shows; see ``placeholder_salt`` for the key.
    """
    keys = _hmac(key, b"stored" + authid.encode("utf-8", "surrogatepass"))
    salt = placeholder_salt(key, authid, len(like.salt))
    return Credential(like.kdf, salt, like.iterations, like.memory, keys, _hmac(key, keys))


def salted_password(password: str, salt: bytes, kdf: str, *, iterations: int, memory: int | None = None) -> bytes:
    """Return what all keys are made of. Slow on purpose: run it in a thread where that matters.

    ValueError if the function is unknown, its cost out of bounds, or the password not one that SASLprep allows.
    RuntimeError if Argon2 is not installed.
    """
    _check_salt(salt)
    _check_cost(kdf, iterations, memory)
    if kdf == PBKDF2:
        return hashlib.pbkdf2_hmac("sha256", saslprep(password).encode(), salt, iterations, dklen=KEY_BYTES)
    assert memory is not None  # checked with the cost
    if kdf == ARGON2ID:
        return _argon2id(saslprep(password), salt, iterations, memory)
    return base64_text(_argon2id(password, salt, iterations, memory)).rstrip("=").encode()


def _argon2id(password: str, salt: bytes, iterations: int, memory: int) -> bytes:
    try:
        from argon2.low_level import Type, hash_secret_raw
    except ImportError:
        raise RuntimeError('Argon2 is not installed: pip install "wamprouter[scram]"') from None
    return hash_secret_raw(
        password.encode(), salt, iterations, memory, parallelism=1, hash_len=KEY_BYTES, type=Type.ID, version=0x13
    )


def _check_salt(salt: bytes) -> None:
    if not MIN_SALT_BYTES <= len(salt) <= MAX_SALT_BYTES:
        raise ValueError(f"a salt of {len(salt)} bytes, expected {MIN_SALT_BYTES} to {MAX_SALT_BYTES}")


def _check_cost(kdf: str, iterations: int, memory: int | None) -> None:
    if kdf not in KDFS:
        raise ValueError(f"key derivation function {kdf!r}, expected one of {', '.join(KDFS)}")
    if kdf == PBKDF2:
        _check_bounds("iterations of PBKDF2", iterations, PBKDF2_ITERATIONS)
        return
    if memory is None:
        raise ValueError(f"{kdf} without memory, expected the KiB to use")
    _check_bounds("iterations of Argon2id", iterations, (1, ARGON2_WORK[1]))
    _check_bounds("KiB of memory for Argon2id", memory, ARGON2_MEMORY)
    _check_bounds("KiB of memory times iterations of Argon2id", memory * iterations, ARGON2_WORK)


def _check_bounds(what: str, value: int, bounds: tuple[int, int]) -> None:
    if not bounds[0] <= value <= bounds[1]:
        raise ValueError(f"{value} {what}, expected {bounds[0]} to {bounds[1]}")


# -- proofs and signatures


def client_proof(salted: bytes, auth_message: bytes) -> bytes:
    """Return the proof that the client knows the password."""
    client_key = _hmac(salted, b"Client Key")
    return xor(client_key, _hmac(_sha256(client_key), auth_message))


def server_signature(server_key: bytes, auth_message: bytes) -> bytes:
    """Return the proof that the router has the credential."""
    return _hmac(server_key, auth_message)


def verify(
    credential: Credential, exchange: Exchange, signature: str, extra: dict[str, Any] | None = None
) -> bytes | None:
    """Check AUTHENTICATE; return the server's signature for WELCOME, or None if the peer has not proved anything.

    ``extra`` is AUTHENTICATE.extra: what it repeats must be what was said. A client that asked for channel binding must
    speak the specification's dialect, as Autobahn's binds nothing.
    """
    try:
        proof = base64_bytes(signature)
        messages = [exchange.auth_message(dialect) for dialect in Dialect]
    except ValueError:
        return None
    if len(proof) != KEY_BYTES or not _repeats(exchange, extra or {}):
        return None
    if exchange.binding is not None:
        messages = messages[:1]
    proven = None
    for message in messages:
        recovered = xor(proof, _hmac(credential.stored_key, message))
        if hmac.compare_digest(_sha256(recovered), credential.stored_key):
            proven = message
    return None if proven is None else server_signature(credential.server_key, proven)


def _repeats(exchange: Exchange, extra: dict[str, Any]) -> bool:
    """Tell whether AUTHENTICATE.extra says what was said. Without channel binding, what is absent is not held against it."""
    said = exchange.authenticate_extra()
    if exchange.binding is None:
        return all(extra.get(name) in (None, said[name]) for name in said)
    return exchange.channel_data is not None and all(extra.get(name) == said[name] for name in said)


def welcome_extra(signature: bytes) -> dict[str, str]:
    """Return what WELCOME.authextra says of the server's signature, for clients of either dialect."""
    text = base64_text(signature)
    return {"verifier": f"v={text}", "scram_server_signature": text}


def verify_server(salted: bytes, auth_message: bytes, authextra: dict[str, Any] | None) -> bool:
    """Tell at the client whether WELCOME.authextra proves that the router has the credential."""
    said = authextra or {}
    text = said.get("verifier") or said.get("scram_server_signature")
    if not isinstance(text, str):
        return False
    try:
        # The specification's text has base64 alone, its example has RFC 5802's "v=" in front.
        given = base64_bytes(text.removeprefix("v="))
    except ValueError:
        return False
    return hmac.compare_digest(server_signature(_hmac(salted, b"Server Key"), auth_message), given)


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, hashlib.sha256)


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
