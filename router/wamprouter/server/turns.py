"""Turns of the event loop among connections that have sent more than is handled in one.

One read brings up to 64 KiB: thousands of small messages, 10 to 20 milliseconds of work. If that were done at once, eight
peers that do nothing but send would let everybody else wait for a tenth of a second and more. So a connection handles
``MESSAGES`` at a time. What it has left goes on in a later turn, in order, and until then it reads nothing new. Those who
wait for their next turn get ``BUDGET`` together in each round of the event loop, one after the other, however many they
are; in between, everybody else is read as usual.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from twisted.logger import Logger

__all__ = ["BUDGET", "LARGE", "LONG", "MESSAGES", "Turns"]

_log = Logger()

MESSAGES: Final = 256
"""Messages of one connection in one turn: 1 to 2 milliseconds, and more than most ever have in one read. With 64, a publisher
that sends as fast as it can would cost 15 % more than without turns; so it is 6 %."""

BUDGET: Final = 0.002
"""Seconds of each round of the event loop for all that wait together."""

LARGE: Final = 65536
"""Octets of a message that may take long. Of others the time is not taken: what it shows then is an accident."""

LONG: Final = 0.02
"""Seconds for one message that others notice."""

SHARE: Final = 9
"""So a tenth of the time is for those who take long, and of what others ask for, less than one in a hundred meets them."""

_LONGEST_WAIT: Final = 5.0
"""Seconds: whoever waits longer looks dead to its peer."""


class Waiting(Protocol):
    """A connection that has something left."""

    def go_on(self) -> None:
        """Handle what belongs in one turn."""

    def drop(self, reason: str) -> None: ...


class Turns:
    """The connections that wait for their next turn. One for each router."""

    def __init__(
        self,
        call_soon: Callable[[Callable[[], None]], object],
        now: Callable[[], float],
        call_later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._call_soon = call_soon
        self._call_later = call_later
        self._now = now
        self._paid_at = 0.0  # when others have had their share of the time since the long turns
        self._waiting: deque[Waiting] = deque()
        self._is_due = False

    def add(self, connection: Waiting) -> None:
        """Let a connection go on in a later round, behind those who wait already."""
        self._waiting.append(connection)
        self._ask_for_a_round()

    def pay(self, connection: Waiting, seconds: float) -> None:
        """Let a connection whose message took so long go on when others have had their time."""
        now = self._now()
        self._paid_at = min(max(now, self._paid_at) + SHARE * seconds, now + _LONGEST_WAIT)
        self._call_later(self._paid_at - now, partial(self._let_go_on, connection))

    def _ask_for_a_round(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._call_soon(self._round)

    def _round(self) -> None:
        end = self._now() + BUDGET
        waiting = self._waiting
        try:
            for _ in range(len(waiting)):  # who is not done stands behind the others again
                self._let_go_on(waiting.popleft())
                if self._now() >= end:
                    break
        finally:
            self._is_due = False
            if waiting:
                self._ask_for_a_round()

    def _let_go_on(self, connection: Waiting) -> None:
        try:
            connection.go_on()
        except Exception:  # noqa: BLE001  # a bug of ours; the event loop ends a connection so whose reading fails
            _log.failure("a connection is dropped: what it has sent could not be handled")
            connection.drop("internal error")
