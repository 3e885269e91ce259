"""What the process takes of the machine, and whether its event loop keeps up."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from typing import Any, Final

__all__ = ["LoopWatch", "process"]

_PERIOD: Final = 0.5
"""Seconds between two looks at the event loop."""


def process() -> dict[str, Any]:
    """Return what this process takes: CPU in seconds, memory in bytes, open files. What the system does not tell is left out."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    found: dict[str, Any] = {
        "cpu": usage.ru_utime + usage.ru_stime,
        "most_open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    }
    try:
        with open("/proc/self/statm", "rb") as file:
            found["memory"] = int(file.read().split()[1]) * resource.getpagesize()
        found["open_files"] = len(os.listdir("/proc/self/fd")) - 1  # without the one that this takes
    except OSError:  # another system than Linux tells the most that there ever was
        found["memory"] = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return found


class LoopWatch:
    """How late a timer comes: as late as everything else that waits for the event loop."""

    def __init__(self, call_later: Callable[[float, Callable[[], None]], Any], now: Callable[[], float]) -> None:
        self._call_later = call_later
        self._now = now
        self._due = 0.0
        self._timer: Any = None
        self._is_stopped = False
        self.lag = 0.0
        """Seconds, of the last time."""
        self.longest = 0.0
        """Seconds, of all times."""
        self.seconds = 0.0
        """Of all times together."""

    def _wait(self) -> None:
        self._due = self._now() + _PERIOD
        self._timer = self._call_later(_PERIOD, self._look)

    def stop(self) -> None:
        """Look no more."""
        self._is_stopped = True
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _look(self) -> None:
        self.lag = max(0.0, self._now() - self._due)
        self.longest = max(self.longest, self.lag)
        self.seconds += self.lag
        self._wait()

    def shown(self) -> dict[str, float]:
        """Return it as plain data. From the first time on it is looked at: a router that nobody watches has no timer for it."""
        if self._timer is None and not self._is_stopped:
            self._wait()
        return {"lag": self.lag, "longest": self.longest, "seconds": self.seconds}
