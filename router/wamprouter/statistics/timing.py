"""How long things took, in a histogram.

A call is counted every few microseconds, so that what is done for each must be next to nothing. Two things make it so. The clock is
looked at once for all that one read of a connection brings: what comes of it begins and ends at one ``Moment``. And calls that began at
one moment and ended at one moment took equally long: they are only counted, and put in their place together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any, Final

__all__ = ["BOUNDS", "Moment", "Timing"]

BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
"""Seconds. The router's own part of a call is about the first; a call that takes a minute is a job."""


class Moment:
    """The time, as it was when it was first asked for since the moment passed. Then it passes: when everything is flushed."""

    __slots__ = ("_now", "time")

    def __init__(self, now: Callable[[], float]) -> None:
        """``now`` is in seconds and never goes back."""
        self._now = now
        self.time = 0.0
        """Seconds; 0.0 if nobody has asked yet. Who asks writes ``moment.time or moment.look()``."""

    def look(self) -> float:
        """Look at the clock; return what it says."""
        self.time = time = self._now()
        return time


class Timing:
    """How often something was done, and how long that took."""

    __slots__ = ("_buckets", "_seconds", "again", "moment", "since", "until")

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self.since = 0.0
        """When what was counted last began, and when it ended."""
        self.until = 0.0
        self.again = 0
        """How many have begun and ended then."""
        self._seconds = 0.0
        self._buckets = [0] * (len(BOUNDS) + 1)

    def note(self, since: float) -> None:
        """Count something that began at that moment, and is done.

        One that was as long as the last, by ``since`` and ``until``, may also be counted by one more in ``again``.
        """
        self._settle()
        self.since = since
        self.until = self.moment.time or self.moment.look()
        self.again = 1

    def _settle(self) -> None:
        count, self.again = self.again, 0
        if count:
            took = max(
                0.0, self.until - self.since
            )  # who looked at the clock itself may have done so after the moment began
            self._seconds += took * count
            self._buckets[bisect_left(BOUNDS, took)] += count

    @property
    def count(self) -> int:
        return sum(self._buckets) + self.again

    def shown(self) -> dict[str, Any]:
        """Return it as plain data: how often, the seconds of all together, and how often up to each of ``BOUNDS``."""
        self._settle()
        return {"count": self.count, "seconds": self._seconds, "buckets": list(self._buckets)}
