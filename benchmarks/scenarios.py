"""What the clients of one measurement do. Each function plays all of them and returns figures, or raises when anything is lost.

Rates and latencies are taken from a window of time after a warm-up; what is in flight when it ends is awaited and
checked, but not counted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice, repeat
from time import perf_counter, process_time, sleep
from typing import NamedTuple

from benchmarks import processes
from benchmarks.errors import BenchmarkError, Lost
from benchmarks.sockets import Connection, Join, Poll, Target, arrivals, ask, join
from benchmarks.vocabulary import REGISTERED, SUBSCRIBED

Figures = dict[str, float]

# Long enough for a surplus answer or event to show up, short enough to wait for after each measurement.
AFTERMATH = 0.05
# Only as much as a router can hold without slowing down anybody: a benchmark of full queues is another benchmark.
EVENTS_IN_FLIGHT, PUBLICATIONS_IN_FLIGHT = 2048, 256


class Window(NamedTuple):
    """How long to measure, in seconds."""

    warmup: float
    seconds: float


@dataclass
class Meter:
    """What happened between the two ends of the window."""

    window: Window
    router: int | None  # process id, if its processor time is of interest
    start: float = 0.0
    end: float = 0.0
    _begun: tuple[float, float] | None = None
    _figures: Figures = field(default_factory=dict)

    def begin(self) -> None:
        self.start = perf_counter() + self.window.warmup
        self.end = self.start + self.window.seconds

    def running(self, now: float) -> bool:
        """Say whether to go on, and read the processors' clocks at both ends of the window."""
        if now < self.start:
            return True
        if self._begun is None:
            self._begun = self._clocks()
        if now < self.end:
            return True
        if not self._figures:
            elapsed = now - self.start
            ours, theirs = (after - before for before, after in zip(self._begun, self._clocks(), strict=True))
            self._figures = {"generator_busy": ours / elapsed, "router_busy": theirs / elapsed}
        return False

    def _clocks(self) -> tuple[float, float]:
        return process_time(), processes.processor_time(self.router) if self.router else 0.0

    def figures(self) -> Figures:
        return self._figures


@dataclass
class Caller:
    """One caller's requests in flight."""

    connection: Connection
    target: Target
    next_id: int = 1
    in_flight: dict[bytes, float] = field(default_factory=dict)  # encoded request id -> time of the CALL
    answers: list[tuple[float, list[float]]] = field(default_factory=list)  # time of arrival, times of the CALLs

    def call(self, count: int) -> None:
        """Send that many CALLs at once."""
        vocabulary = self.target.vocabulary
        tokens = vocabulary.notation.tokens(range(self.next_id, self.next_id + count))
        self.next_id += count
        self.in_flight.update(zip(tokens, repeat(perf_counter()), strict=False))
        self.connection.send(vocabulary.calls(tokens))

    def receive(self) -> int:
        """Take in what has arrived, and return how many calls it answers."""
        vocabulary = self.target.vocabulary
        count = 0
        for run in self.connection.receive():
            tokens = vocabulary.take(vocabulary.results, run)
            try:
                sent = list(map(self.in_flight.pop, tokens))
            except KeyError as error:
                raise Lost(f"request {error} was answered, but is not in flight") from None
            self.answers.append((perf_counter(), sent))
            count += len(sent)
        return count


def calls(target: Target, window: Window, router: int | None, *, callers: int, in_flight: int) -> Figures:
    """Keep calls in flight from each of some callers to one callee."""
    vocabulary = target.vocabulary
    callee, *connections = join(target, ["callee"] + ["caller"] * callers)
    if not vocabulary.echo:
        ask(target, callee, vocabulary.register(), REGISTERED)
    calling = {connection: Caller(connection, target) for connection in connections}
    meter = Meter(window, router)
    invocations = 0
    with Poll([callee, *connections]) as poll:
        meter.begin()
        for caller in calling.values():
            caller.call(in_flight)
        while meter.running(perf_counter()) or any(caller.in_flight for caller in calling.values()):
            for connection in poll.ready():
                if connection is callee:
                    runs = callee.receive()
                    tokens = [token for run in runs for token in vocabulary.take(vocabulary.invocations, run)]
                    invocations += len(tokens)
                    callee.send(vocabulary.answers(tokens))
                    continue
                caller = calling[connection]
                answered = caller.receive()
                if answered and perf_counter() < meter.end:
                    caller.call(answered)
        nothing_more(poll)
        poll.close_connections()
    made = sum(caller.next_id - 1 for caller in calling.values())
    if invocations != made:
        raise Lost(f"{made} calls led to {invocations} invocations")
    answers = [answer for caller in calling.values() for answer in caller.answers]
    latencies = sorted(
        arrived - sent for arrived, times in answers if meter.start <= arrived < meter.end for sent in times
    )
    return {
        "rate": len(latencies) / window.seconds,
        "p50": percentile(latencies, 0.50),
        "p99": percentile(latencies, 0.99),
        "total": made,
        **meter.figures(),
    }


def events(target: Target, window: Window, router: int | None, *, subscribers: int) -> Figures:
    """Publish to some subscribers, with a bounded number of events on their way."""
    vocabulary = target.vocabulary
    publisher, *connections = join(target, ["publisher"] + ["subscriber"] * subscribers)
    if not vocabulary.echo:
        for connection in connections:
            ask(target, connection, vocabulary.subscribe(), SUBSCRIBED)
    received = dict.fromkeys(connections, 0)
    published = arrived = counted = 0
    limit = min(EVENTS_IN_FLIGHT, PUBLICATIONS_IN_FLIGHT * subscribers)
    batch = limit // subscribers // 4
    meter = Meter(window, router)
    with Poll([publisher, *connections]) as poll:
        meter.begin()
        while meter.running(now := perf_counter()) or arrived < published * subscribers:
            room = (limit - (published * subscribers - arrived)) // subscribers
            if room >= batch and now < meter.end:
                requests = range(published + 1, published + 1 + room)
                publisher.send(vocabulary.publications(vocabulary.notation.tokens(requests)))
                published += room
            before = arrived
            for connection in poll.ready():
                for run in connection.receive():
                    vocabulary.expect(vocabulary.events, run)
                    received[connection] += run.count
                    arrived += run.count
            if meter.start <= perf_counter() < meter.end:
                counted += arrived - before
        nothing_more(poll)
        poll.close_connections()
    if set(received.values()) != {published}:
        raise Lost(f"{published} publications, but subscribers have received {sorted(received.values())}")
    return {"rate": counted / window.seconds, "total": arrived, **meter.figures()}


def joins(target: Target, window: Window, router: int | None, *, parallel: int) -> Figures:
    """Connect, join, and leave, by some clients at a time."""
    meter = Meter(window, router)
    total = counted = 0
    meter.begin()
    attempts = iter(lambda: Join(target, "echo", leave=True) if meter.running(perf_counter()) else None, None)
    with Poll() as poll:
        for now in arrivals(poll, attempts, parallel):
            total += 1
            counted += meter.start <= now < meter.end
    return {"rate": counted / window.seconds, "total": total, **meter.figures()}


def idle(target: Target, window: Window, router: int | None, *, sessions: int) -> Figures:
    """Join many sessions that do nothing, and weigh the router before and after."""
    if router is None:
        raise BenchmarkError("only a router can be weighed")
    # The first sessions pay for what a router allocates once, at first use.
    joined = join(target, ["echo"] * (sessions // 10))
    before = settled(router)
    joined += join(target, ["echo"] * sessions)
    after = settled(router)
    for connection in joined:
        if connection.receive():
            raise BenchmarkError("an idle session has received a message")
        connection.close()
    return {"bytes_per_session": (after - before) / sessions, "total": len(joined)}


def settled(router: int) -> int:
    """Return the router's resident memory once it has stopped changing."""
    resident = 0
    for _ in range(20):
        before, resident = resident, processes.resident(router)
        if before == resident:
            break
        sleep(0.2)
    return resident


def nothing_more(poll: Poll) -> None:
    """Make sure that nobody receives anything more."""
    for connection in poll.ready(AFTERMATH):
        if surplus := connection.receive():
            raise Lost(
                f"{sum(run.count for run in surplus)} messages more than expected, like {surplus[0].data[:200]!r}"
            )


def percentile(ordered: list[float], share: float) -> float:
    """Return the value below which that share lies."""
    if not ordered:
        raise BenchmarkError("nothing was measured")
    return next(islice(ordered, int(len(ordered) * share), None))


Scenario = Callable[..., Figures]
SCENARIOS: dict[str, Scenario] = {"calls": calls, "events": events, "joins": joins, "idle": idle}
