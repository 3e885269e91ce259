"""The clock of a realm's calls: wakes the realm when one is late. There is at most one timer for each realm."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from wamprouter.realm.realm import Realm
    from wamprouter.server.dispatch import Dispatcher

__all__ = ["Alarm"]

# No longer than this is slept at once: event loops do not take any number of seconds.
_LONGEST: Final = 3600.0


class Alarm:
    """Calls ``Realm.expire`` in time, and delivers what follows."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        call_later: Callable[[float, Callable[[], None]], Any],
        now: Callable[[], float],
    ) -> None:
        self._dispatcher = dispatcher
        self._call_later = call_later
        self._now = now
        self._timer: Any = None
        self._at = 0.0
        self.realm: Realm | None = None
        """Set by whoever constructs both: a realm is made with the alarm's ``wake``."""

    def wake(self, at: float) -> None:
        """Ring at that time, if not before."""
        if self._timer is not None:
            if self._at <= at:
                return
            self._timer.cancel()
        self._at = at
        self._timer = self._call_later(min(max(at - self._now(), 0.0), _LONGEST), self._ring)

    def _ring(self) -> None:
        self._timer = None
        assert self.realm is not None
        self._dispatcher.deliver(self.realm.expire(self._now()))
        self._dispatcher.flush()
        at = self.realm.next_deadline()
        if at is not None:
            self.wake(at)
