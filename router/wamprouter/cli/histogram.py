"""How long many things took: counted in buckets that grow with the time they stand for, so that any number fits a fixed memory.

Two buckets that follow each other differ by less than a sixty-fourth, 1.6 %, from a microsecond to half an hour.
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["Histogram"]

_STEPS: Final = 64  # buckets for each power of two
_POWERS: Final = 31  # of microseconds


class Histogram:
    """Durations in seconds."""

    def __init__(self) -> None:
        self.count = 0
        self.longest = 0.0
        self._buckets = [0] * (_STEPS * _POWERS)

    def record(self, duration: float) -> None:
        """Count one."""
        self.count += 1
        self.longest = max(self.longest, duration)
        self._buckets[_bucket(duration)] += 1

    def percentile(self, percent: float) -> float:
        """Return the duration that so many percent did not exceed, rounded up to the end of its bucket; 0 if there are none."""
        wanted = math.ceil(self.count * percent / 100)
        seen = 0
        for bucket, count in enumerate(self._buckets):
            seen += count
            if count and seen >= wanted:
                return min(_end(bucket), self.longest)
        return self.longest


def _bucket(duration: float) -> int:
    """Return the bucket of a duration: which power of two it has, and how far it is to the next."""
    fraction, power = math.frexp(max(duration * 1e6, 1.0))  # 0.5 <= fraction < 1
    return min((power - 1) * _STEPS + int((2 * fraction - 1) * _STEPS), _STEPS * _POWERS - 1)


def _end(bucket: int) -> float:
    power, step = divmod(bucket, _STEPS)
    return math.ldexp(1 + (step + 1) / _STEPS, power) / 1e6
