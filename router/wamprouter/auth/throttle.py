"""Slows down who guesses: after some failures, further attempts wait, longer and longer, one behind the other.

Attempts are counted by address and by authid. Somebody who has logged in from an address before is not slowed down there
because strangers elsewhere guess at the same authid: otherwise they could keep their victim out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from wamprouter.auth import NotReady

__all__ = ["Throttle"]

_FREE: Final = 3  # failures without consequences: people mistype
_FIRST: Final = 0.5  # seconds of the first penalty; each further failure doubles it
_LONGEST: Final = 16.0
_PATIENCE: Final = 5.0  # who would have to wait longer is sent away, well before an authentication times out
_MEMORY: Final = 600.0  # seconds after the last failure until it is forgotten
_ENTRIES: Final = 10_000  # of each table; the oldest goes first


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

    ``network_of`` returns what an address is known by, as some clients have many.
    """

    def __init__(self, now: Callable[[], float], network_of: Callable[[str], str] = str) -> None:
        self._now = now
        self._network_of = network_of
        self._records: OrderedDict[tuple[str, str], _Record] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()  # (address, authid) that succeeded
        self.failures = 0
        """Attempts that failed."""
        self.delayed = 0
        """Attempts that had to wait."""
        self.turned_away = 0
        """Attempts that would have had to wait too long."""

    def reserve(self, address: str, authid: str | None) -> float:
        """Return how many seconds this attempt has to wait; the next one waits behind it. Raise NotReady if too long."""
        now = self._now()
        records = [record for key in self._keys(address, authid) if (record := self._find(key, now)) is not None]
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

    def _find(self, key: tuple[str, str], now: float) -> _Record | None:
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
            self._records.pop(("authid", authid), None)
            self._known[address, authid] = None
            self._known.move_to_end((address, authid))
            _bound(self._known)

    def _keys(self, address: str, authid: str | None) -> list[tuple[str, str]]:
        keys = [] if address == "unix" else [("address", self._network_of(address))]
        if authid is not None and (address, authid) not in self._known:
            keys.append(("authid", authid[:200]))
        return keys


def _bound(table: OrderedDict[tuple[str, str], Any]) -> None:
    while len(table) > _ENTRIES:
        table.popitem(last=False)
