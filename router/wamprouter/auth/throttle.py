"""Slows down who guesses: after some failures, further attempts wait, longer and longer, one behind the other.

Attempts are counted by address and by authid. Somebody who has logged in from an address before is counted apart there:
neither strangers who guess at its authid elsewhere, nor neighbours behind the same address who guess at others', keep it
out.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from wamprouter.auth import NotReady

__all__ = ["Key", "Throttle"]

_FREE: Final = 3  # failures without consequences: people mistype
_FIRST: Final = 0.5  # seconds of the first penalty; each further failure doubles it
_LONGEST: Final = 16.0
_PATIENCE: Final = 5.0  # who would have to wait longer is sent away, well before an authentication times out
_MEMORY: Final = 600.0  # seconds after the last failure until it is forgotten
_ENTRIES: Final = 10_000  # of each table; the oldest goes first
_AT_ONCE: Final = 16  # attempts at one authid that are being decided about: what has not failed yet slows nobody down
_LONGEST_KEY: Final = 64  # characters of an authid that are kept; of a longer one its hash

Key: TypeAlias = tuple[str, ...]
"""What attempts are counted by: a kind, then an address, an authid or both."""


class _Record:
    __slots__ = ("failures", "forgotten_at", "next_at")

    def __init__(self) -> None:
        self.failures = 0
        self.next_at = 0.0
        self.forgotten_at = 0.0

    @property
    def penalty(self) -> float:
        return float(min(_LONGEST, _FIRST * 2 ** min(self.failures - _FREE, 16)))


class Throttle:
    """The failed attempts of one router. ``now`` is in seconds and never goes back.

    ``network_of`` returns what an address is known by, as some clients have many; nothing for one that many clients have.
    """

    def __init__(self, now: Callable[[], float], network_of: Callable[[str], str] = str) -> None:
        self._now = now
        self._network_of = network_of
        self._records: OrderedDict[Key, _Record] = OrderedDict()
        self._known: OrderedDict[Key, None] = OrderedDict()  # pairs of address and authid that succeeded
        self._undecided: dict[Key, int] = {}  # pair or authid -> attempts that are being decided about
        self.failures = 0
        """Attempts that failed."""
        self.delayed = 0
        """Attempts that had to wait."""
        self.turned_away = 0
        """Attempts that would have had to wait too long, or were too many at once."""

    def reserve(self, address: str, authid: str | None) -> float:
        """Return how many seconds this attempt has to wait; the next one waits behind it. Raise NotReady if too long."""
        now = self._now()
        keys = self._keys(address, authid)
        if authid is not None and self._undecided.get(keys[-1], 0) >= _AT_ONCE:
            self.turned_away += 1
            raise NotReady("too many attempts at once, try again later")
        records = [record for key in keys if (record := self._find(key, now)) is not None]
        wait = max((record.next_at - now for record in records), default=0.0)
        if wait > _PATIENCE:
            self.turned_away += 1
            raise NotReady("too many failed attempts, try again later")
        for record in records:
            record.next_at = max(record.next_at, now) + record.penalty
        if wait > 0:
            self.delayed += 1
            return wait
        return 0.0

    def begun(self, address: str, authid: str | None) -> Key | None:
        """Take it that an attempt is decided about later; ``ended`` must be told what this returns."""
        if authid is None:
            return None
        key = self._keys(address, authid)[-1]
        self._undecided[key] = self._undecided.get(key, 0) + 1
        return key

    def ended(self, key: Key | None) -> None:
        """Take it that an attempt is decided about, one way or the other."""
        if key is not None:
            self._undecided[key] -= 1
            if not self._undecided[key]:
                del self._undecided[key]

    def _find(self, key: Key, now: float) -> _Record | None:
        record = self._records.get(key)
        if record is None or record.failures < _FREE:
            return None
        if record.forgotten_at <= now:
            del self._records[key]
            return None
        return record

    def failed(self, address: str, authid: str | None) -> None:
        """Take it that an attempt has failed."""
        self.failures += 1
        now = self._now()
        for key in self._keys(address, authid):
            record = self._records.get(key)
            if record is None or record.forgotten_at <= now:
                record = self._records[key] = _Record()
            record.failures += 1
            record.forgotten_at = now + _MEMORY
            if record.failures >= _FREE:
                record.next_at = max(record.next_at, now + record.penalty)
            self._records.move_to_end(key)
        _bound(self._records)

    def succeeded(self, address: str, authid: str | None) -> None:
        """Take it that an attempt has succeeded: its authid starts over, its address does not.

        Who owns one account must not buy free guesses at others with it.
        """
        if authid is not None:
            pair = _pair(address, authid)
            self._records.pop(_name(authid), None)
            self._records.pop(pair, None)
            self._known[pair] = None
            self._known.move_to_end(pair)
            _bound(self._known)

    def _keys(self, address: str, authid: str | None) -> list[Key]:
        """Return what an attempt is counted by; if it has an authid, the last is about that."""
        if authid is not None and (pair := _pair(address, authid)) in self._known:
            return [pair]
        network = self._network_of(address)
        keys: list[Key] = [("address", network)] if network else []
        if authid is not None:
            keys.append(_name(authid))
        return keys


def _name(authid: str) -> Key:
    return ("authid", _short(authid))


def _pair(address: str, authid: str) -> Key:
    return ("pair", address, _short(authid))


def _short(authid: str) -> str:
    if len(authid) <= _LONGEST_KEY:
        return authid
    return hashlib.sha256(authid.encode("utf-8", "surrogatepass")).hexdigest()


def _bound(table: OrderedDict[Key, Any]) -> None:
    while len(table) > _ENTRIES:
        table.popitem(last=False)
