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
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.logger import Logger

if TYPE_CHECKING:
    from wamprouter.statistics.traffic import Traffic

__all__ = ["BUDGET", "LARGE", "LONG", "LOOK", "MESSAGES", "TURN", "TakesTurns", "Turns"]

_log = Logger()

MESSAGES: Final = 256
"""Messages of one connection in one turn: 1 to 2 milliseconds, and more than most ever have in one read. With 64, a publisher
that sends as fast as it can would cost 15 % more than without turns; so it is 6 %."""

TURN: Final = 0.002
"""Seconds after which a turn is over even if it was of fewer messages: some cost ten times what others do."""

LOOK: Final = 15
"""So often a turn looks at the clock: when the messages that are left divide by one more."""

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
        self.now = now
        self._paid_at = 0.0  # when others have had their share of the time since the long turns
        self._waiting: deque[Waiting] = deque()
        self._is_due = False

    def add(self, connection: Waiting) -> None:
        """Let a connection go on in a later round, behind those who wait already."""
        self._waiting.append(connection)
        self._ask_for_a_round()

    def pay(self, connection: Waiting, seconds: float) -> None:
        """Let a connection whose message took so long go on when others have had their time."""
        now = self.now()
        self._paid_at = min(max(now, self._paid_at) + SHARE * seconds, now + _LONGEST_WAIT)
        self._call_later(self._paid_at - now, partial(self._let_go_on, connection))

    def _ask_for_a_round(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._call_soon(self._round)

    def _round(self) -> None:
        end = self.now() + BUDGET
        waiting = self._waiting
        try:
            for _ in range(len(waiting)):  # who is not done stands behind the others again
                self._let_go_on(waiting.popleft())
                if self.now() >= end:
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


class TakesTurns:
    """How a connection reads: what has come is handled in turns and in order, also around pauses. A part of a protocol.

    ``_read`` handles what belongs in one turn, and ends with ``_end_turn``.
    """

    transport: Any
    heard_at: float
    is_paused: bool
    """Whether somebody has asked not to be fed."""
    _is_held: bool
    """Whether nothing new is read, because something is left."""
    _is_late: bool
    """Whether the last turn left something."""
    _is_due: bool
    """Whether it stands in the line."""
    _unread: bytes
    """What has come and was not looked at yet."""
    _ends_at: float
    """When the turn is over."""
    _spent: float
    """Seconds that large messages have taken in this turn."""
    _traffic: Traffic
    """Where octets are counted."""

    @property
    def turns(self) -> Turns:
        """Return the line of those who wait."""
        raise NotImplementedError

    def _read(self, data: bytes) -> None:
        raise NotImplementedError

    def _catch_up(self) -> None:
        """Handle what is left of what was looked at already."""

    def _may_be_read(self) -> bool:
        """Tell whether the connection is still of use."""
        raise NotImplementedError

    def _begin_reading(self) -> None:
        self.is_paused = self._is_held = self._is_late = self._is_due = False
        self._unread = b""
        self._spent = self._ends_at = 0.0

    def _begin_turn(self) -> None:
        self._spent = 0.0
        self._ends_at = self.turns.now() + TURN

    def dataReceived(self, data: bytes) -> None:
        self.heard_at = monotonic()
        self._traffic.received += len(data)
        if self._is_held:  # TLS had decrypted it before reading was paused
            self._unread += data
        elif self._is_late:  # who had too much the last time does not come before those who wait
            self._is_late = False
            self._unread = data
            self._hold()
        else:
            self._read(data)

    def _end_turn(self, *, is_something_left: bool) -> None:
        """Read on, or wait for the next turn."""
        if self._spent > LONG:
            self._wait_for_others()
        elif is_something_left:
            self._is_late = True
            self._hold()
        elif self._is_held:
            self._is_held = False
            if not self.is_paused:
                self.transport.resumeProducing()

    def _hold(self) -> None:
        """Read nothing new until the rest is handled."""
        self._stop_reading()
        if not self.is_paused and not self._is_due:
            self._is_due = True
            self.turns.add(self)

    def _stop_reading(self) -> None:
        if not self._is_held:
            self._is_held = True
            self.transport.pauseProducing()

    def _wait_for_others(self) -> None:
        """Go on when others have had their share of the time."""
        if not self._is_due:
            self._stop_reading()
            self._is_due = True
            self.turns.pay(self, self._spent)

    def go_on(self) -> None:
        """Take the next turn."""
        self._is_due = False
        if self._is_held and not self.is_paused:
            self._catch_up()
            data, self._unread = self._unread, b""
            self._read(data)

    def drop(self, reason: str) -> None:
        """Cut the connection."""
        raise NotImplementedError

    # -- Throttled

    def pause_reading(self) -> None:
        self.is_paused = True
        self.transport.pauseProducing()

    def resume_reading(self) -> None:
        self.is_paused = False
        if self._is_held:
            self._hold()
        elif self._may_be_read():
            self.transport.resumeProducing()

    @property
    def is_silenced(self) -> bool:
        return self.is_paused or self._is_held
