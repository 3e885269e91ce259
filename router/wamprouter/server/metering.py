"""How many messages a second are taken of one session, where the operator sets that.

A token bucket that counts down by one for each message and is filled when it has run out, so that most messages cost one
subtraction. Sessions without such a limit have a ``Peer`` as it is, and pay nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, Protocol, cast

from wamprouter.server.peer import Peer

__all__ = ["MeteredPeer", "RateLimit", "Tally", "peer_class"]


class Tally(Protocol):
    """Where it is counted."""

    over_rate: int


class _Dismissing(Protocol):
    """A connection that can be ended for what its peer asks of us."""

    def dismiss(self, reason: str, *, may_return: bool = False) -> None: ...


class RateOptions(Protocol):
    """What the configuration says of it."""

    message_rate: int
    message_burst: int
    on_excess: Any


class RateLimit:
    """Messages a second of each session on a listener."""

    __slots__ = ("burst", "call_later", "is_strict", "now", "rate", "tally")

    def __init__(
        self,
        rate: float,
        burst: float,
        tally: Tally,
        call_later: Callable[[float, Callable[[], None]], Any],
        *,
        is_strict: bool = False,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.rate = rate
        self.burst = burst
        self.tally = tally
        self.call_later = call_later
        self.is_strict = is_strict
        """Whether who sends more is disconnected, instead of being read later."""
        self.now = now

    @classmethod
    def of(cls, options: RateOptions, tally: Tally, call_later: Callable[..., Any]) -> RateLimit | None:
        """Return the limit that the options ask for, or None if there is none."""
        if not options.message_rate:
            return None
        return cls(
            options.message_rate,
            options.message_burst,
            tally,
            call_later,
            is_strict=options.on_excess == "disconnect",
        )


def peer_class(limit: RateLimit | None) -> Callable[..., Peer]:
    """Return what makes peers with this limit."""
    return Peer if limit is None else partial(MeteredPeer, limit)


class MeteredPeer(Peer):
    """A peer whose messages are counted."""

    __slots__ = ("_filled_at", "_limit", "_pause", "_tokens")

    def __init__(self, limit: RateLimit, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._limit = limit
        self._tokens = limit.burst
        self._filled_at = limit.now()
        self._pause: Any = None

    def receive(self, data: bytes) -> None:
        self._tokens -= 1
        if self._tokens < 1 and not self._go_on():
            return
        super().receive(data)

    def _go_on(self) -> bool:
        """Fill the bucket; tell whether this message may still be taken. If it is the last one for now, pause."""
        limit = self._limit
        now = limit.now()
        self._tokens = min(limit.burst - 1, self._tokens + (now - self._filled_at) * limit.rate)
        self._filled_at = now
        if limit.is_strict:
            if self._tokens < 0:
                limit.tally.over_rate += 1
                cast(_Dismissing, self._connection).dismiss(f"more than {limit.rate} messages a second")
                return False
        elif self._tokens < 1 and self._pause is None:
            limit.tally.over_rate += 1
            self.pause_reading()
            self._pause = limit.call_later((1 - self._tokens) / limit.rate, self._end_pause)
        return True

    def _end_pause(self) -> None:
        self._pause = None
        self.resume_reading()

    def lost(self) -> None:
        pause, self._pause = self._pause, None
        if pause is not None:  # without this, it would be kept in memory until then
            pause.cancel()
        super().lost()
