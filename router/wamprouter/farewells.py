"""One line of the log for each session that has ended.

When thousands end at once, because a network is gone or the router stops, only the first have a line of their own. That is seen
to here, before a line is composed, which would take longer than all else that the end of a session takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from wamprouter.statistics.attendance import Ending

__all__ = ["MOST", "PERIOD", "Farewells"]

_log = Logger()

MOST: Final = 100
"""Lines in a period: more than ``wamprouter.brevity`` lets through, since each tells of another client."""

PERIOD: Final = 10.0
"""Seconds."""


class Farewells:
    """Logs endings."""

    def __init__(self, now: Callable[[], float], is_read: Callable[[], bool] = lambda: True) -> None:
        """``is_read`` tells whether such lines are logged at all."""
        self._now = now
        self._is_read = is_read
        self._since = -PERIOD
        self._written = 0
        self._left_out = 0

    def note(self, ending: Ending) -> None:
        """Log that a session has ended, unless that is one of too many."""
        if not self._is_read():
            return
        now = self._now()
        if now - self._since >= PERIOD:
            self._begin(now)
        if self._written < MOST:
            self._written += 1
            _tell(ending)
            return
        self._left_out += 1
        if self._left_out == 1:
            _log.info("more sessions end; they have no lines for {period:g} s", period=PERIOD, is_rationed=True)

    def _begin(self, now: float) -> None:
        left_out, self._left_out = self._left_out, 0
        self._since, self._written = now, 0
        if left_out:
            _log.info("{count} sessions that ended before have no lines", count=left_out, is_rationed=True)


def _tell(ending: Ending) -> None:
    session = ending.session
    _log.info(
        "session {session} of {authid} ({role}) in {realm}, from {peer}, ended after {seconds:.1f} s: {reason}; "
        "{received} messages received, {sent} sent",
        session=session.id,
        realm=session.realm.name,
        authid=session.authid,
        role=session.authrole,
        peer=ending.address,
        transport=session.transport,
        serializer=session.codec.serializer.name,
        reason=ending.reason,
        seconds=round(ending.seconds, 3),
        received=ending.received,
        sent=ending.sent,
        is_rationed=True,
    )
