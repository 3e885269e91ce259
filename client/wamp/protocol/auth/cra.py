"""WAMP-CRA: the client signs a text of the router's with a secret that both have.

The secret may be salted. The client then derives a key from its password by PBKDF2, with parameters that the router tells
it, and the base64 text of that key, not its bytes, is what signs.

(WAMP advanced profile, "Challenge Response Authentication".)
"""

from __future__ import annotations

import hashlib
import hmac
import json

import msgspec

from wamp.protocol.auth.encoding import base64_bytes, base64_text

__all__ = ["METHOD", "Challenge", "Salting", "answer", "challenge_text", "derive_key", "keys", "sign", "verify"]

METHOD = "wampcra"

# What a router may ask of a client: ten million rounds are some seconds, a thousand million would be a hung program.
MAX_ITERATIONS = 10_000_000
MAX_KEYLEN = 1024


class Salting(msgspec.Struct, frozen=True):
    """How a key is derived from a password. The defaults are Autobahn's."""

    salt: str
    iterations: int = 1000
    keylen: int = 32

    def __post_init__(self) -> None:
        if not 1 <= self.iterations <= MAX_ITERATIONS:
            raise ValueError(f"{self.iterations} iterations of PBKDF2, expected 1 to {MAX_ITERATIONS}")
        if not 1 <= self.keylen <= MAX_KEYLEN:
            raise ValueError(f"a PBKDF2 key of {self.keylen} bytes, expected 1 to {MAX_KEYLEN}")


class Challenge(msgspec.Struct, frozen=True):
    """What CHALLENGE.extra says: the text to sign, and how the secret is salted, if it is."""

    text: str
    salting: Salting | None = None

    def extra(self) -> dict[str, object]:
        """Return CHALLENGE.extra."""
        return {"challenge": self.text, **(msgspec.structs.asdict(self.salting) if self.salting else {})}

    @classmethod
    def read(cls, extra: dict[str, object]) -> Challenge:
        """Read CHALLENGE.extra; raise ValueError if it is not that of WAMP-CRA, or asks for too much."""
        text = extra.get("challenge")
        if not isinstance(text, str):
            raise ValueError(f"challenge is {text!r}, expected the text to sign")
        salting = {name: value for name in ("salt", "iterations", "keylen") if (value := extra.get(name)) is not None}
        return cls(text, msgspec.convert(salting, Salting) if "salt" in salting else None)


def challenge_text(
    *, authid: str, authrole: str, authprovider: str, nonce: str, timestamp: str, session: int, authmethod: str = METHOD
) -> str:
    """Return the text to sign: a JSON object of who the session will be, and what makes it unique.

    ``timestamp`` is UTC in ISO 8601, ``session`` the id that the session will have. All ASCII, so that no client can
    disagree about the bytes.
    """
    return json.dumps(
        {
            "authid": authid,
            "authrole": authrole,
            "authmethod": authmethod,
            "authprovider": authprovider,
            "nonce": nonce,
            "timestamp": timestamp,
            "session": session,
        }
    )


def derive_key(secret: str, salting: Salting) -> str:
    """Return the key that signs in place of a salted secret: base64, as the router's configuration has it."""
    derived = hashlib.pbkdf2_hmac(
        "sha256", secret.encode(), salting.salt.encode(), salting.iterations, dklen=salting.keylen
    )
    return base64_text(derived)


def keys(secret: str, salting: Salting | None) -> tuple[str, ...]:
    """Return the keys that may sign for a user whose configured ``secret`` is this. May take as long as PBKDF2 does.

    What Crossbar wants as the secret of a salted user has changed. Up to 2024 it was the derived key, as its documentation
    says and as the protocol means it; since then it is the password, and Crossbar derives the key itself
    (crossbario/crossbar, issues 2120 and 2123). A text that cannot be a derived key is a password. One that can is most
    likely the key, but might be a password all the same, so then either may sign: whoever has it could compute both.
    """
    if salting is None:
        return (secret,)
    derived = derive_key(secret, salting)
    return (secret, derived) if _can_be_derived(secret, salting) else (derived,)


def _can_be_derived(secret: str, salting: Salting) -> bool:
    try:
        return len(base64_bytes(secret)) == salting.keylen
    except ValueError:
        return False


def sign(key: str, text: str) -> str:
    """Return AUTHENTICATE.signature for a challenge's text."""
    return base64_text(hmac.digest(key.encode(), text.encode(), hashlib.sha256))


def answer(secret: str, challenge: Challenge) -> str:
    """Return the client's AUTHENTICATE.signature, from its password or secret."""
    key = secret if challenge.salting is None else derive_key(secret, challenge.salting)
    return sign(key, challenge.text)


def verify(accepted: tuple[str, ...], text: str, signature: str) -> bool:
    """Tell whether one of the keys of ``keys`` signed the text that was sent. Takes the same time for every signature."""
    given = signature.encode("utf-8", "surrogatepass")
    fits = False
    for key in accepted:
        fits |= hmac.compare_digest(sign(key, text).encode(), given)
    return fits
