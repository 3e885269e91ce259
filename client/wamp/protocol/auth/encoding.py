"""Bytes as text, read strictly, and the few steps that all methods share."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import string

__all__ = ["base64_bytes", "base64_text", "hex_bytes", "placeholder_salt", "placeholder_text", "xor"]

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


def placeholder_salt(key: bytes, authid: str, length: int = 16) -> bytes:
    """Return bytes to show as the salt of a principal that does not exist.

    The same for each attempt at an authid, and unknown to whoever does not have ``key``, as a salt drawn at random would be
    (WAMP advanced profile, "WAMP-SCRAM": the mock CHALLENGE). Keep the key as long as the credentials: a new one with each
    start would show which salts have changed.
    """
    return hashlib.shake_256(hmac.digest(key, authid.encode("utf-8", "surrogatepass"), hashlib.sha256)).digest(length)


_ALPHABETS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


def placeholder_text(key: bytes, authid: str, like: str) -> str:
    """Return the same as a text that looks as if it were made as ``like`` was, a salt of a principal that exists.

    Hexadecimal digits stay such, and base64 stays canonical; of another text, each letter and each digit is replaced.
    """
    if re.fullmatch("([0-9a-f]{2})+", like):
        return placeholder_salt(key, authid, len(like) // 2).hex()
    try:
        return base64_text(placeholder_salt(key, authid, len(base64_bytes(like))))
    except ValueError:
        drawn = zip(like, placeholder_salt(key, authid, len(like)), strict=True)
        return "".join(_another(character, number) for character, number in drawn)


def _another(character: str, number: int) -> str:
    alphabet = next((each for each in _ALPHABETS if character in each), character)
    return alphabet[number % len(alphabet)]
