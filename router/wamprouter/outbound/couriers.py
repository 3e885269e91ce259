"""Events on their way to another server: they wait in a queue with a bound, and are tried until they are taken or given up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from twisted.internet.defer import CancelledError, Deferred, ensureDeferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from wamprouter import config
from wamprouter.outbound.requests import Answer, NoAnswer, Outgoing, with_headers
from wamprouter.outbound.retries import delay_of, is_delivered, is_worth_another, retry_after
from wamprouter.outbound.signatures import signatures

__all__ = ["Courier", "Parcel", "Surroundings"]

_log = Logger()

_EXCERPT: Final = 512  # bytes of an answer that are read: nobody looks at them
_QUIET: Final = 10.0  # seconds between two lines about the same server: one that is down is no news each second


class Parcel(NamedTuple):
    """An event as the body of a request."""

    key: str
    """What tells the receiver that it has this one already."""
    body: bytes


class Surroundings(NamedTuple):
    """What a courier needs of the world."""

    send: Callable[[Outgoing], Deferred[Answer]]
    reactor: Any
    """Its clock."""
    wall_clock: Callable[[], float]
    """Seconds since 1970."""
    chance: Callable[[], float]
    """A random number from 0 to 1."""


class Courier:
    """Takes the events of one rule to their server, in their order unless several go at the same time."""

    def __init__(self, rule: config.HttpEvent, surroundings: Surroundings) -> None:
        self._rule = rule
        self._around = surroundings
        self._secret = None if rule.secret is None else rule.secret.reveal()
        self._headers = with_headers({"Content-Type": "application/json", "User-Agent": "wamprouter"}, rule)
        self._queue: deque[Parcel] = deque()
        self._queued_bytes = 0
        self._under_way: set[Deferred[None]] = set()
        self._finished: Deferred[None] | None = None
        self._is_going_on = False
        self._complaints = _Complaints(surroundings.reactor.seconds, _described(rule))
        self.delivered = 0
        self.given_up = 0
        """Events that the server did not take, however often they were tried."""
        self.dropped = 0
        """Events for which there was no room."""
        self.lost = 0
        """Events that were still here at the end."""

    @property
    def waiting(self) -> int:
        """How many events are here, those included that are being sent."""
        return len(self._queue) + len(self._under_way)

    def outcomes(self) -> dict[str, int]:
        """Return what has become of the events, by a word for it."""
        return {
            "delivered": self.delivered,
            "given_up": self.given_up,
            "dropped": self.dropped,
            "lost": self.lost,
        }

    def take(self, parcel: Parcel) -> None:
        """Take an event to the server, or drop the oldest ones that wait if there is no room."""
        self._queue.append(parcel)
        self._queued_bytes += len(parcel.body)
        self._go_on()
        while len(self._queue) > self._rule.queue_limit or self._queued_bytes > self._rule.queue_limit_bytes:
            self._next()
            self.dropped += 1
            self._complaints.say(f"events are dropped, because too many wait ({self.dropped} so far)")

    def finish(self, grace: float) -> Deferred[None]:
        """Take no more events; wait so many seconds for those that are here, then let them go."""
        finished: Deferred[None] = Deferred()
        self._finished = finished
        alarm = self._around.reactor.callLater(grace, self._abandon)
        finished.addCallback(lambda _: alarm.cancel() if alarm.active() else None)
        self._look_whether_all_is_done()
        return finished

    def _next(self) -> Parcel:
        parcel = self._queue.popleft()
        self._queued_bytes -= len(parcel.body)
        return parcel

    def _go_on(self) -> None:
        if self._is_going_on:  # one is done already: the loop below goes on
            return
        self._is_going_on = True
        while self._queue and len(self._under_way) < self._rule.concurrency:
            work: Deferred[None] = ensureDeferred(self._deliver(self._next()))
            self._under_way.add(work)
            work.addBoth(self._done, work)
        self._is_going_on = False

    def _done(self, result: object, work: Deferred[None]) -> None:
        self._under_way.discard(work)
        if isinstance(result, Failure) and not result.check(CancelledError):
            _log.failure("while sending an event", result)
        self._go_on()
        self._look_whether_all_is_done()

    async def _deliver(self, parcel: Parcel) -> None:
        attempts = 0
        while True:
            status, wanted, reason = await self._try(parcel)
            attempts += 1
            if is_delivered(status):
                self.delivered += 1
                return
            delay = delay_of(self._rule, attempts, wanted, self._around.chance()) if is_worth_another(status) else None
            if delay is None:
                self.given_up += 1
                self._complaints.say(
                    f"an event is given up after {attempts} of {self._rule.attempts} attempts: {reason}"
                )
                return
            await deferLater(self._around.reactor, delay)

    async def _try(self, parcel: Parcel) -> tuple[int | None, float, str]:
        """Send a request; return the status of its answer, after how many seconds to come back, and both in words."""
        rule = self._rule
        now = self._around.wall_clock()
        headers = [*self._headers, ("Idempotency-Key", parcel.key)]
        if self._secret is not None:
            headers += signatures(self._secret, int(now), rule.method, rule.url, parcel.body)
        request = Outgoing(rule.method, rule.url, headers, parcel.body, rule.timeout / 1000, _EXCERPT)
        try:
            answer = await self._around.send(request)
        except NoAnswer as problem:
            return None, 0.0, str(problem)
        wanted = retry_after(answer.header("retry-after"), now)
        return answer.status, wanted, f"it is answered with status {answer.status}"

    # -- the end

    def _look_whether_all_is_done(self) -> None:
        finished = self._finished
        if finished is not None and not finished.called and not self.waiting:
            finished.callback(None)

    def _abandon(self) -> None:
        self.lost += self.waiting
        text = "{what}: {lost} of them are lost, because the component ends"
        _log.warn(text, what=_described(self._rule), lost=self.lost)
        self._queue.clear()
        self._queued_bytes = 0
        for work in list(self._under_way):
            work.cancel()


class _Complaints:
    """Lines in the log about one server, not more than one in a while."""

    def __init__(self, now: Callable[[], float], what: str) -> None:
        self._now = now
        self._what = what
        self._silent_until = float("-inf")
        self._unsaid = 0

    def say(self, text: str) -> None:
        now = self._now()
        if now < self._silent_until:
            self._unsaid += 1
            return
        more = f" ({self._unsaid} lines like it were left out)" if self._unsaid else ""
        self._silent_until, self._unsaid = now + _QUIET, 0
        _log.warn("{what}: {text}{more}", what=self._what, text=text, more=more)


def _described(rule: config.HttpEvent) -> str:
    """Return what the log calls it; an address as a whole may be a secret."""
    return f"events of {rule.topic or 'all topics'} for {urlsplit(rule.url).hostname}"
