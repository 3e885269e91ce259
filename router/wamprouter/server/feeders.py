"""Those who are slowed down because they feed a long queue.

Their transports stop reading until the queue is short again. But a peer that takes nothing at all for a while does not slow
down anybody: it is on its own, until it takes something again or its queue reaches the limit. A slow one is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from wamprouter.server.links import Throttled

__all__ = ["STALL", "Feeders"]

STALL: Final = 0.25  # seconds; long for a peer that reads at all, short for a publisher that has to wait


class Feeders:
    """What a queue is, for those who feed it. Whoever is one calls ``_release`` when the queue is short again."""

    __slots__ = ("_blocked", "_call_later", "_closed", "_is_stalled", "_is_watched", "_throttled")

    stall: ClassVar[float] = STALL
    """Seconds in which a peer that reads at all takes something."""

    def __init__(self, call_later: Callable[..., object]) -> None:
        self._call_later = call_later
        self._blocked = False  # whether something waits for the peer to take it
        self._closed = False
        self._throttled: dict[Throttled, None] | None = None
        self._is_stalled = False
        self._is_watched = False  # whether a look at the stall is due: one at a time, however often it throttles

    def throttle(self, feeder: Throttled) -> None:
        """Pause who feeds this queue until it is shorter, unless its peer does not read at all."""
        if self._is_stalled or self._closed:
            return
        if self._throttled is None:
            self._throttled = {}
        if feeder not in self._throttled:
            if not self._is_watched:
                self._is_watched = True
                self._call_later(self.stall, self._check_stall, self._progress())
            self._throttled[feeder] = None
            feeder.pause_reading()

    def _check_stall(self, before: object) -> None:
        self._is_watched = bool(self._throttled)
        if not self._throttled:
            return
        progress = self._progress()
        if progress == before and self._blocked:
            self._is_stalled = True
            self._is_watched = False
            self._release()
        else:
            self._call_later(self.stall, self._check_stall, progress)

    def _progress(self) -> object:
        """Return what changes whenever the peer takes something."""
        raise NotImplementedError

    def _release(self) -> None:
        throttled, self._throttled = self._throttled or {}, None
        for feeder in throttled:
            feeder.resume_reading()
