"""How long something may take, as people write it."""

from __future__ import annotations

from datetime import timedelta

__all__ = ["Duration", "seconds"]

Duration = float | timedelta
"""Seconds, or a ``timedelta``."""


def seconds(duration: Duration, what: str) -> float:
    """Return a duration in seconds; raise ValueError, which names ``what`` it is for, unless it is 0 or more."""
    number = duration.total_seconds() if isinstance(duration, timedelta) else float(duration)
    if not number >= 0:  # nor NaN
        raise ValueError(f"{what} is {duration}, expected 0 s or more")
    return number
