"""Tickets as they are stored: as they are, or hashed in one of three formats.

========================================  ==============================================================================
``$sha256$SALT$HASH``                     HMAC-SHA-256 of the ticket with the salt as key. Fast: for random tickets, which
                                          nobody can guess one by one.
``$scrypt$ln=15,r=8,p=1$SALT$HASH``       For tickets that people choose. Needs nothing but Python.
``$argon2id$v=19$m=65536,t=3,p=1$SALT$…``  The same with Argon2id, if argon2-cffi is installed.
========================================  ==============================================================================

Salt and hash are base64 without padding, as in the PHC string format, so that other tools' strings of the last two can be
pasted. What checks is a ``Stored``; one that ``is_slow`` takes tens of milliseconds on purpose and belongs in a thread.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import ClassVar, Protocol

import msgspec

from wamp.protocol.auth.encoding import base64_bytes

__all__ = ["ALGORITHMS", "Argon2id", "Plain", "Scrypt", "Sha256", "Stored", "make", "parse"]

HASH_BYTES = 32
MIN_SALT_BYTES, MAX_SALT_BYTES = 8, 64
MIN_HASH_BYTES, MAX_HASH_BYTES = 16, 64

# What a configuration may ask of the router for one login: 256 MiB, and four seconds or so. Each waiting login takes as much.
MAX_MEMORY = 256 * 1024 * 1024
MAX_WORK = 16 * MAX_MEMORY
MAX_LANES = 16


class Stored(Protocol):
    """A ticket as it is stored."""

    is_slow: ClassVar[bool]

    @property
    def work(self) -> int:
        """What a check costs, in bytes of memory that are filled; 0 if it is fast."""
        ...

    def verify(self, ticket: str) -> bool:
        """Tell whether this is the ticket; for any text, and in the same time whether it is or not."""
        ...


class Plain(msgspec.Struct, frozen=True):
    """A ticket that the configuration shows."""

    is_slow: ClassVar[bool] = False
    ticket: str

    @property
    def work(self) -> int:
        return 0

    def verify(self, ticket: str) -> bool:
        # Of the hashes, so that not even the length shows.
        return hmac.compare_digest(
            hashlib.sha256(_bytes(ticket)).digest(), hashlib.sha256(_bytes(self.ticket)).digest()
        )

    def __repr__(self) -> str:
        return "Plain(…)"


class Sha256(msgspec.Struct, frozen=True):
    """For random tickets."""

    is_slow: ClassVar[bool] = False
    salt: bytes
    hash: bytes

    @property
    def work(self) -> int:
        return 0

    def verify(self, ticket: str) -> bool:
        return hmac.compare_digest(self._digest(ticket), self.hash)

    def of(self, ticket: str) -> Sha256:
        """Return the same with the hash of a ticket."""
        return Sha256(self.salt, self._digest(ticket))

    def _digest(self, ticket: str) -> bytes:
        return hmac.digest(self.salt, _bytes(ticket), hashlib.sha256)[: len(self.hash)]

    def __str__(self) -> str:
        return f"$sha256${_b64(self.salt)}${_b64(self.hash)}"


class Scrypt(msgspec.Struct, frozen=True):
    """For tickets that people choose (RFC 7914): ``ln`` is the binary logarithm of the cost."""

    is_slow: ClassVar[bool] = True
    ln: int
    r: int
    p: int
    salt: bytes
    hash: bytes

    def __post_init__(self) -> None:
        cost = f"scrypt with ln={self.ln},r={self.r},p={self.p}"
        if not (1 <= self.ln <= 30 and self.r >= 1 and 1 <= self.p <= MAX_LANES):
            raise ValueError(f"{cost}, expected ln from 1 to 30, r from 1, and p from 1 to {MAX_LANES}")
        _check_cost(self._memory, self.work, cost)

    @property
    def _memory(self) -> int:
        return 128 * self.r * (1 << self.ln)

    @property
    def work(self) -> int:
        return 128 * self.r * (1 << self.ln) * self.p

    def verify(self, ticket: str) -> bool:
        return hmac.compare_digest(self._digest(ticket), self.hash)

    def of(self, ticket: str) -> Scrypt:
        """Return the same with the hash of a ticket."""
        return Scrypt(self.ln, self.r, self.p, self.salt, self._digest(ticket))

    def _digest(self, ticket: str) -> bytes:
        return hashlib.scrypt(
            _bytes(ticket),
            salt=self.salt,
            n=(1 << self.ln),
            r=self.r,
            p=self.p,
            # OpenSSL also counts an array for each lane, and refuses at 32 MiB unless it is told otherwise.
            maxmem=self._memory + 128 * self.r * (self.p + 2) + 1024,
            dklen=len(self.hash),
        )

    def __str__(self) -> str:
        return f"$scrypt$ln={self.ln},r={self.r},p={self.p}${_b64(self.salt)}${_b64(self.hash)}"


class Argon2id(msgspec.Struct, frozen=True):
    """For tickets that people choose (RFC 9106), version 0x13: ``m`` KiB, ``t`` passes, ``p`` lanes."""

    is_slow: ClassVar[bool] = True
    m: int
    t: int
    p: int
    salt: bytes
    hash: bytes

    def __post_init__(self) -> None:
        cost = f"argon2id with m={self.m},t={self.t},p={self.p}"
        if not (self.t >= 1 and 1 <= self.p <= MAX_LANES and self.m >= 8 * self.p):
            raise ValueError(f"{cost}, expected t from 1, p from 1 to {MAX_LANES}, and m at least 8 times p")
        _check_cost(1024 * self.m, self.work, cost)
        try:
            import argon2.low_level  # noqa: F401  (that it is there is asked when the configuration is read, not at a login)
        except ImportError:
            raise ValueError('an argon2id hash needs argon2-cffi: pip install "wamprouter[scram]"') from None

    @property
    def work(self) -> int:
        return 1024 * self.m * self.t

    def verify(self, ticket: str) -> bool:
        return hmac.compare_digest(self._digest(ticket), self.hash)

    def of(self, ticket: str) -> Argon2id:
        """Return the same with the hash of a ticket."""
        return Argon2id(self.m, self.t, self.p, self.salt, self._digest(ticket))

    def _digest(self, ticket: str) -> bytes:
        from argon2.low_level import Type, hash_secret_raw

        return hash_secret_raw(
            _bytes(ticket), self.salt, self.t, self.m, self.p, len(self.hash), type=Type.ID, version=0x13
        )

    def __str__(self) -> str:
        return f"$argon2id$v=19$m={self.m},t={self.t},p={self.p}${_b64(self.salt)}${_b64(self.hash)}"


# -- text

_B64 = r"[A-Za-z0-9+/]+"
_NUMBER = r"[1-9][0-9]{0,9}"
_SHA256 = re.compile(rf"\$sha256\$({_B64})\$({_B64})", re.ASCII)
_SCRYPT = re.compile(rf"\$scrypt\$ln=({_NUMBER}),r=({_NUMBER}),p=({_NUMBER})\$({_B64})\$({_B64})", re.ASCII)
_ARGON2ID = re.compile(rf"\$argon2id\$v=19\$m=({_NUMBER}),t=({_NUMBER}),p=({_NUMBER})\$({_B64})\$({_B64})", re.ASCII)

EXPECTED = "expected $sha256$SALT$HASH, $scrypt$ln=N,r=N,p=N$SALT$HASH or $argon2id$v=19$m=N,t=N,p=N$SALT$HASH"


def parse(text: str) -> Stored:
    """Read a ticket from a configuration; what does not start with ``$`` is the ticket itself.

    Raise ValueError, whose text does not show the string, for a ``$`` that begins no known format, a cost out of bounds,
    or an algorithm that is not installed.
    """
    if not text.startswith("$"):
        return Plain(text)
    if found := _SHA256.fullmatch(text):
        return Sha256(*_salt_and_hash(*found.groups()))
    if found := _SCRYPT.fullmatch(text):
        ln, r, p, *ends = found.groups()
        return Scrypt(int(ln), int(r), int(p), *_salt_and_hash(*ends))
    if found := _ARGON2ID.fullmatch(text):
        m, t, p, *ends = found.groups()
        return Argon2id(int(m), int(t), int(p), *_salt_and_hash(*ends))
    raise ValueError(f"begins with $ and is no hash that is known, {EXPECTED}")


ALGORITHMS = ("sha256", "scrypt", "argon2id")


def make(ticket: str, algorithm: str, salt: bytes) -> str:
    """Return a ticket's hash for the configuration. ``salt`` is 16 random bytes, new for each."""
    _check_length("salt", salt, MIN_SALT_BYTES, MAX_SALT_BYTES)
    room = bytes(HASH_BYTES)
    if algorithm == "sha256":
        return str(Sha256(salt, room).of(ticket))
    if algorithm == "scrypt":
        # 32 MiB: what one login may cost a router that has other things to do. About 60 ms.
        return str(Scrypt(15, 8, 1, salt, room).of(ticket))
    if algorithm == "argon2id":
        # RFC 9106, section 4, the second recommendation: 64 MiB, here with one lane as the router has other things to do.
        return str(Argon2id(64 * 1024, 3, 1, salt, room).of(ticket))
    raise ValueError(f"algorithm {algorithm!r}, expected one of {', '.join(ALGORITHMS)}")


def _salt_and_hash(salt: str, digest: str) -> tuple[bytes, bytes]:
    decoded = _unpadded("salt", salt), _unpadded("hash", digest)
    _check_length("salt", decoded[0], MIN_SALT_BYTES, MAX_SALT_BYTES)
    _check_length("hash", decoded[1], MIN_HASH_BYTES, MAX_HASH_BYTES)
    return decoded


def _unpadded(what: str, text: str) -> bytes:
    try:
        return base64_bytes(text + "=" * (-len(text) % 4))
    except ValueError:
        raise ValueError(f"the {what} of the hash is not base64 without padding") from None


def _check_length(what: str, data: bytes, least: int, most: int) -> None:
    if not least <= len(data) <= most:
        raise ValueError(f"a {what} of {len(data)} bytes, expected {least} to {most}")


def _check_cost(memory: int, work: int, what: str) -> None:
    if memory > MAX_MEMORY:
        raise ValueError(
            f"{what} takes {memory >> 20} MiB of memory for each login, expected {MAX_MEMORY >> 20} at most"
        )
    if work > MAX_WORK:
        raise ValueError(f"{what} fills {work >> 20} MiB for each login, expected {MAX_WORK >> 20} at most")


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii").rstrip("=")


def _bytes(ticket: str) -> bytes:
    return ticket.encode("utf-8", "surrogatepass")
