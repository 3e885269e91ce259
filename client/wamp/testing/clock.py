"""Time that passes only when a test says so: what the router is given in place of Twisted's reactor."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, Final

__all__ = ["Clock", "Timer"]

_MOST_AT_ONCE: Final = 1_000_000
"""Actions at one moment. Something that is due again and again at no delay would otherwise hang the test without a word."""


class Timer:
    """An action that is due at some time; what Twisted's reactor returns from ``callLater``."""

    __slots__ = ("_action", "at")

    def __init__(self, at: float, action: Callable[[], object]) -> None:
        self.at = at
        self._action: Callable[[], object] | None = action

    def active(self) -> bool:
        """Tell whether it is still to come."""
        return self._action is not None

    def cancel(self) -> None:
        """Take it back; when it is over this does nothing."""
        self._action = None

    def fire(self) -> None:
        """Do it, unless it was taken back."""
        action, self._action = self._action, None
        if action is not None:
            action()


class Clock:
    """Virtual time, in seconds, and what is due in it. What is due at the same moment happens in the order of asking."""

    def __init__(self) -> None:
        self._now = 0.0
        self._numbers = count()
        self._timers: list[tuple[float, int, Timer]] = []  # a heap: when, and which came first

    def seconds(self) -> float:
        """Return the time."""
        return self._now

    def call_at(self, at: float, action: Callable[[], object]) -> Timer:
        """Do something at that time, or in the next turn if it is over."""
        timer = Timer(max(at, self._now), action)
        heapq.heappush(self._timers, (timer.at, next(self._numbers), timer))
        return timer

    def call_soon(self, action: Callable[[], object]) -> Timer:
        """Do something in the next turn."""
        return self.call_at(self._now, action)

    def move(self, until: float) -> bool:
        """Let time pass up to the next thing that is due, at most to ``until``; tell whether it is that late."""
        while self._timers and not self._timers[0][2].active():
            heapq.heappop(self._timers)
        due = self._timers[0][0] if self._timers else until
        self._now = max(self._now, min(due, until))
        return self._now >= until

    def run(self) -> None:
        """Do all that is due now, and what that makes due at once."""
        timers = self._timers
        for _ in range(_MOST_AT_ONCE):
            if not timers or timers[0][0] > self._now:
                return
            heapq.heappop(timers)[2].fire()
        raise RuntimeError(f"the router did {_MOST_AT_ONCE} things at one moment and is not done")

    def clear(self) -> None:
        """Forget what is due."""
        self._timers.clear()

    # -- as a reactor

    def callLater(self, delay: float, function: Callable[..., object], *args: Any, **kwargs: Any) -> Timer:
        """Call a function in so many seconds."""
        return self.call_at(self._now + delay, partial(function, *args, **kwargs))

    def callFromThread(self, function: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        """Call a function in the next turn. There are no other threads: see ``getThreadPool``."""
        self.callLater(0, function, *args, **kwargs)

    def getThreadPool(self) -> _NoThreads:
        """Return where the router compares credentials, which takes long."""
        return _NoThreads()


class _NoThreads:
    """Does at once what others do in a thread, so that nothing needs real time."""

    def callInThreadWithCallback(
        self, told: Callable[[bool, object], None], function: Callable[..., object], *args: Any, **kwargs: Any
    ) -> None:
        """Call a function; tell whether that went well, and its result or Failure."""
        try:
            result = function(*args, **kwargs)
        except Exception:  # noqa: BLE001  # as a thread pool does: it is the asker's business
            from twisted.python.failure import Failure

            told(False, Failure())
        else:
            told(True, result)
