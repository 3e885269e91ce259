"""Lines for the operator's log about what peers do: however often they do it, only so many lines come of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

__all__ = ["Remarks"]

_PERIOD: Final = 60.0  # seconds


class Remarks:
    """Says up to ``most`` lines a minute, and how many it has left out. ``now`` is in seconds and never goes back."""

    def __init__(self, say: Callable[[str], None], now: Callable[[], float], most: int = 10) -> None:
        self._say = say
        self._now = now
        self._most = most
        self._until = now() + _PERIOD
        self._said = 0
        self.left_out = 0
        """Lines that were not said, since the start."""
        self._left_out_lately = 0

    def __call__(self, text: str) -> None:
        """Say a line, if there is room for it this minute."""
        now = self._now()
        if now >= self._until:
            self._until = now + _PERIOD
            self._said = 0
            if self._left_out_lately:
                self._say(f"… and {self._left_out_lately} more lines like these")
                self._left_out_lately = 0
        if self._said >= self._most:
            self.left_out += 1
            self._left_out_lately += 1
            return
        self._said += 1
        self._say(text)
