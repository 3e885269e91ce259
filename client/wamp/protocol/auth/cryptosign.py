"""Cryptosign: the client signs 32 random bytes of the router's with its Ed25519 key.

With channel binding, what is signed are these bytes XOR the id of the TLS channel, so that a signature made for one
connection is worth nothing on another. AUTHENTICATE carries the signature and the signed message, both in hexadecimal.

(WAMP advanced profile, "Cryptosign-based Authentication".)
"""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wamp.protocol.auth.encoding import hex_bytes, xor

__all__ = ["BINDINGS", "METHOD", "answer", "message", "public_key", "read_challenge", "read_key", "sign", "verify"]

METHOD = "cryptosign"

BINDINGS = ("tls-unique", "tls-exporter")
"""The types of channel binding: RFC 5929, and RFC 9266 for TLS 1.3."""

KEY_BYTES = 32
CHALLENGE_BYTES = 32
SIGNATURE_BYTES = 64


def read_key(text: str) -> bytes:
    """Read a private or public key from its 64 hexadecimal digits; raise ValueError for anything else."""
    return hex_bytes(text, KEY_BYTES)


def public_key(private: bytes) -> bytes:
    """Return the public key of a private one, which is the seed of RFC 8032: 32 bytes each."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def sign(private: bytes, data: bytes) -> bytes:
    """Return the 64 bytes of an Ed25519 signature."""
    return Ed25519PrivateKey.from_private_bytes(private).sign(data)


def read_challenge(extra: dict[str, object], *, binding: str | None = None) -> bytes:
    """Return the 32 bytes of CHALLENGE.extra; raise ValueError unless the channel binding is the one asked for.

    A router that has dropped the binding may be one that sits in between.
    """
    text = extra.get("challenge")
    if not isinstance(text, str):
        raise ValueError(f"challenge is {text!r}, expected {2 * CHALLENGE_BYTES} hexadecimal digits")
    if extra.get("channel_binding") != binding:
        raise ValueError(f"channel_binding is {extra.get('channel_binding')!r}, expected {binding!r} as asked for")
    return hex_bytes(text, CHALLENGE_BYTES)


def message(challenge: bytes, channel_id: bytes | None = None) -> bytes:
    """Return what is signed: the challenge, bound to the channel if it has an id. 32 bytes each, or ValueError."""
    for what, data in (("challenge", challenge), ("channel id", channel_id)):
        if data is not None and len(data) != CHALLENGE_BYTES:
            raise ValueError(f"{what} of {len(data)} bytes, expected {CHALLENGE_BYTES}")
    return challenge if channel_id is None else xor(challenge, channel_id)


def answer(private: bytes, challenge: bytes, channel_id: bytes | None = None) -> str:
    """Return AUTHENTICATE.signature."""
    data = message(challenge, channel_id)
    return (sign(private, data) + data).hex()


def verify(public: bytes, challenge: bytes, signature: str, channel_id: bytes | None = None) -> bool:
    """Tell whether the owner of a public key signed *this* challenge, on this channel.

    The signed message comes with the signature, and a signature over another message, recorded elsewhere, verifies just as
    well. So it is first of all compared with what was sent.
    """
    expected = message(challenge, channel_id)
    try:
        given = hex_bytes(signature, SIGNATURE_BYTES + CHALLENGE_BYTES)
        is_the_challenge = hmac.compare_digest(given[SIGNATURE_BYTES:], expected)
        Ed25519PublicKey.from_public_bytes(public).verify(given[:SIGNATURE_BYTES], expected)
    except (ValueError, InvalidSignature):
        return False
    return is_the_challenge
