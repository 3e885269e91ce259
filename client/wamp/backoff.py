"""How long to wait before the next attempt to connect. Chance and time are the caller's."""

from __future__ import annotations

from typing import Final

__all__ = ["Backoff"]

UNLIMITED: Final = -1


class Backoff:
    """Exponential back-off with jitter: ``initial`` seconds, then ``growth`` times as many, up to ``maximum``.

    Each delay is drawn between a tenth of that and all of it: many clients that lost one router come back spread out,
    and none of them at once. ``max_retries`` counts attempts in a row; ``reset`` starts over.
    """

    __slots__ = ("_attempts", "_growth", "_initial", "_max_retries", "_maximum")

    def __init__(
        self,
        initial: float | None = None,
        maximum: float | None = None,
        growth: float | None = None,
        max_retries: int | None = None,
    ) -> None:
        self._initial = 1.0 if initial is None else max(initial, 0.1)
        self._maximum = 60.0 if maximum is None else max(maximum, 0.1)
        self._growth = 1.5 if growth is None else max(growth, 1.0)
        self._max_retries = UNLIMITED if max_retries is None else max_retries
        self._attempts = 0

    def reset(self) -> None:
        """Forget the failures: the connection was good."""
        self._attempts = 0

    def delay(self, chance: float) -> float | None:
        """Return the seconds to wait, for a ``chance`` from 0 to 1; None if there were enough attempts."""
        if self._max_retries != UNLIMITED and self._attempts >= self._max_retries:
            return None
        # No power of a large number: it would not fit a float after an hour of failures.
        longest = self._initial
        for _ in range(self._attempts):
            longest *= self._growth
            if longest >= self._maximum:
                break
        longest = min(longest, self._maximum)
        self._attempts += 1
        return longest * (0.1 + 0.9 * chance)
