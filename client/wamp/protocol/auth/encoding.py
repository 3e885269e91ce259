"""Bytes as text, read strictly, and the few steps that all methods share."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

__all__ = ["base64_bytes", "base64_text", "hex_bytes", "placeholder_salt", "xor"]

_NOT_BASE64 = "not base64 in its canonical form: padded, without white space (RFC 4648, section 4)"


def base64_text(data: bytes) -> str:
    """Write bytes as base64 in canonical form (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def base64_bytes(text: str) -> bytes:
    """Read base64 in canonical form: padded, no white space, unused bits zero; anything else is a ValueError."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError(_NOT_BASE64) from None
    if base64_text(data) != text:
        raise ValueError(_NOT_BASE64)
    return data


def hex_bytes(text: str, length: int) -> bytes:
    """Read ``length`` bytes from hexadecimal digits of either case; anything else is a ValueError."""
    if len(text) != 2 * length:
        raise ValueError(f"{len(text)} characters, expected {2 * length} hexadecimal digits")
    try:
        # Not bytes.fromhex: that skips white space.
        return binascii.unhexlify(text)
    except ValueError:
        raise ValueError(f"not hexadecimal, expected {2 * length} digits from 0 to 9 and a to f") from None


def xor(left: bytes, right: bytes) -> bytes:
    """Combine bytes of equal length bit by bit."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def placeholder_salt(key: bytes, authid: str) -> bytes:
    """Return 16 bytes to show as the salt of a principal that does not exist.

    The same for each attempt at an authid, and unknown to whoever does not have ``key``, as a salt drawn at random would be
    (WAMP advanced profile, "WAMP-SCRAM": the mock CHALLENGE). Keep the key as long as the credentials: a new one with each
    start would show which salts have changed.
    """
    return hmac.digest(key, authid.encode("utf-8", "surrogatepass"), hashlib.sha256)[:16]
