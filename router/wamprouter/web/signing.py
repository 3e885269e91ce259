"""Signed requests: whether one is genuine, in time, and has not been here before. Pure, as Crossbar's clients sign them.

``signature = base64url(HMAC-SHA256(secret, key + timestamp + seq + nonce + body))``, with the parameters as they stand in the
address. The parts are not separated, so requests with different parameters can have the same signature: what must not come
twice is therefore the signature, and not the nonce.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

__all__ = ["Full", "Refused", "Replayed", "Seen", "Signature", "hub_signature", "moment"]

_FIELDS: Final = ("key", "timestamp", "seq", "nonce", "signature")
_NUMBER: Final = re.compile(r"-?[0-9]{1,40}", re.ASCII)
_FORM: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_DIGEST: Final = 32
_SPARE: Final = 1000  # entries that may be out of date before they are looked for


class Refused(Exception):
    """A signature that is not taken. The text is for the client."""

    status = 401


class Malformed(Refused):
    """What belongs to a signature is not of its form."""

    status = 400


class Replayed(Refused):
    """The request was here before."""


class Full(Exception):
    """As many requests are remembered as may be, so that of one more nobody could tell later that it was here."""


class Seen:
    """What has been here, for as long as it would be taken again. It forgets nothing before its time."""

    def __init__(self) -> None:
        self._until: dict[bytes, float] = {}  # what -> when it is forgotten
        self._oldest: deque[tuple[float, bytes]] = deque()  # in the order of coming, which is nearly that of forgetting

    def __len__(self) -> int:
        return len(self._until)

    def note(self, what: bytes, until: float, now: float, *, most: int) -> None:
        """Remember something until a time; raise Replayed if it is remembered, and Full beyond ``most``."""
        self._forget(now)
        if what in self._until:
            raise Replayed("this request has been here before")
        if len(self._until) >= most:
            raise Full(f"more than {most} signed requests in the time for which they are remembered")
        self._until[what] = until
        self._oldest.append((until, what))

    def take_back(self, what: bytes) -> None:
        """Forget something that was not done after all, so that it may come again."""
        self._until.pop(what, None)
        if len(self._oldest) > 2 * len(self._until) + _SPARE:
            self._oldest = deque(entry for entry in self._oldest if self._until.get(entry[1]) == entry[0])

    def _forget(self, now: float) -> None:
        oldest = self._oldest
        while oldest and (oldest[0][0] <= now or self._until.get(oldest[0][1]) != oldest[0][0]):
            until, what = oldest.popleft()
            if self._until.get(what) == until:
                del self._until[what]


class Signature:
    """The signatures of one key."""

    def __init__(self, key: str, secret: str, *, tolerance: int, most: int) -> None:
        """``tolerance``: seconds that a clock may differ from ours. ``most``: how many requests are remembered."""
        self._key = key.encode()
        self._secret = secret.encode()
        self._tolerance = tolerance
        self._most = most

    def check(self, parameters: Mapping[bytes, list[bytes]], body: bytes, seen: Seen, now: float) -> None:
        """Take a request if it is signed by the key, in time and new; raise Refused or Full. ``now``: seconds since 1970."""
        key, timestamp, seq, nonce, signature = (_only(parameters, name) for name in _FIELDS)
        for name, number in (("seq", seq), ("nonce", nonce)):
            if not _NUMBER.fullmatch(number.decode("ascii", "replace")):
                raise Malformed(f"{name} is no integer")
        at = moment(timestamp.decode("ascii", "replace"))
        digest = hmac.digest(self._secret, key + timestamp + seq + nonce + body, hashlib.sha256)
        is_key, is_signed = hmac.compare_digest(key, self._key), hmac.compare_digest(digest, _decoded(signature))
        if not (is_key and is_signed):
            raise Refused("wrong key or signature")
        if abs(now - at) > self._tolerance:
            raise Refused(f"the timestamp differs from the router's clock by more than {self._tolerance} seconds")
        seen.note(digest, at + self._tolerance, now, most=self._most)


def moment(text: str) -> float:
    """Return a timestamp as seconds since 1970; raise Malformed if it is none."""
    try:
        return datetime.strptime(text, _FORM).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise Malformed("timestamp is no time such as 2026-10-14T16:59:51.123Z") from None


def hub_signature(secret: str, body: bytes, algorithm: str) -> str:
    """Return what GitHub's header says of a body, as ``sha256=…``."""
    return f"{algorithm}={hmac.digest(secret.encode(), body, algorithm).hex()}"


def _only(parameters: Mapping[bytes, list[bytes]], name: str) -> bytes:
    values = parameters.get(name.encode(), [])
    if len(values) != 1:
        raise Refused(f"expected one parameter {name!r} in the address, as signed requests have")
    return values[0]


def _decoded(signature: bytes) -> bytes:
    try:
        digest = base64.b64decode(signature + b"=" * (-len(signature) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return digest if len(digest) == _DIGEST else b""
