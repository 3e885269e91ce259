"""`wamprouter bench`: how many calls, events or joins a router carries for clients in this process, and how long each takes.

All clients share one Python process, and both ends of a call or an event are among them: what is measured is the router and
its clients together. It compares two routers, two configurations or two machines; it does not find a router's limit.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from time import perf_counter
from typing import Any, Final, NamedTuple

import click

from wamp.asyncio.client import Client
from wamp.asyncio.connecting import Connecting
from wamp.types import PublishOptions
from wamprouter.cli.arguments import as_json
from wamprouter.cli.histogram import Histogram
from wamprouter.cli.waiting import Incomplete

__all__ = ["BENCHMARKS", "Load", "Measured", "bench", "report"]

_PERCENTILES: Final = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9}
_PATIENCE: Final = 5.0
"""Seconds to wait at the end for what is still on its way."""


class Load(NamedTuple):
    """How much to do. ``connect`` makes what connects a new client."""

    connect: Callable[[], Connecting]
    seconds: float
    clients: int
    in_flight: int
    size: int


class Measured(NamedTuple):
    """What a benchmark has found. ``number`` is how many of ``what`` came through in ``seconds``."""

    what: str
    number: int
    seconds: float
    times: Histogram


async def bench(name: str, load: Load, *, is_json: bool) -> None:
    """Run a benchmark and print what it found."""
    bar = asyncio.create_task(_show_progress(load.seconds))
    try:
        measured = await BENCHMARKS[name](load)
    except ExceptionGroup as group:  # of many clients that met the same problem, one tells
        raise group.exceptions[0] from None
    finally:
        bar.cancel()
        with suppress(asyncio.CancelledError):
            await bar
    click.echo(report(name, load, measured, is_json=is_json))


async def _rpc(load: Load) -> Measured:
    """Call a procedure that returns its argument."""
    procedure = f"wamprouter.bench.{secrets.token_hex(8)}"
    payload = "x" * load.size
    times = Histogram()

    async def keep_calling(caller: Client) -> None:
        while (began := perf_counter()) < end:
            await caller.call(procedure, payload)
            times.record(perf_counter() - began)

    async with AsyncExitStack() as stack:
        callee, *callers = await _connect(stack, load, load.clients + 1)
        await callee.register(lambda text: text, procedure)
        began = perf_counter()
        end = began + load.seconds
        await _all(keep_calling(caller) for caller in callers for _ in range(load.in_flight))
        return Measured("calls", times.count, perf_counter() - began, times)


async def _pubsub(load: Load) -> Measured:
    """Publish to all clients; the next event follows when one of those in flight has reached everybody."""
    topic = f"wamprouter.bench.{secrets.token_hex(8)}"
    payload = "x" * load.size
    times = Histogram()
    turns = asyncio.Semaphore(load.in_flight)
    missing: dict[int, int] = {}  # number of an event -> to how many it has still to come

    def handle(number: int, published: float, _: str) -> None:
        times.record(perf_counter() - published)
        missing[number] -= 1
        if not missing[number]:
            del missing[number]
            turns.release()

    async with AsyncExitStack() as stack:
        publisher, *subscribers = await _connect(stack, load, load.clients + 1)
        await _all(subscriber.subscribe(handle, topic) for subscriber in subscribers)
        acknowledged = PublishOptions(acknowledge=True)
        began = perf_counter()
        number = 0
        while perf_counter() < began + load.seconds:
            await _turn(turns)
            missing[number] = load.clients
            # Of the first event the router says whether it may be published at all.
            await publisher.publish(topic, number, perf_counter(), payload, options=None if number else acknowledged)
            number += 1
        for _ in range(load.in_flight):
            await _turn(turns)
        return Measured("events", times.count, perf_counter() - began, times)


async def _turn(turns: asyncio.Semaphore) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await turns.acquire()
    except TimeoutError:
        raise Incomplete(f"an event has not reached everybody within {_PATIENCE:g} s") from None


async def _joins(load: Load) -> Measured:
    """Connect, join the realm, and leave."""
    times = Histogram()
    began = perf_counter()

    async def keep_joining() -> None:
        while (start := perf_counter()) < began + load.seconds:
            async with load.connect():
                times.record(perf_counter() - start)

    await _all(keep_joining() for _ in range(load.clients))
    return Measured("joins", times.count, perf_counter() - began, times)


BENCHMARKS: Final[dict[str, Callable[[Load], Awaitable[Measured]]]] = {
    "rpc": _rpc,
    "pubsub": _pubsub,
    "connect": _joins,
}


async def _connect(stack: AsyncExitStack, load: Load, number: int) -> list[Client]:
    """Connect so many clients, one after the other: a router may limit how fast they come."""
    return [await stack.enter_async_context(load.connect()) for _ in range(number)]


async def _all(works: Any) -> None:
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work)


async def _show_progress(seconds: float) -> None:
    """Fill a bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        return
    began, shown = perf_counter(), 0
    with click.progressbar(length=100, file=sys.stderr, show_eta=False) as bar:
        while shown < 100:
            await asyncio.sleep(0.1)
            done = min(100, int(100 * (perf_counter() - began) / seconds))
            bar.update(done - shown)
            shown = done


def report(name: str, load: Load, measured: Measured, *, is_json: bool) -> str:
    """Return what to print: rate and percentiles, times in milliseconds."""
    rate = measured.number / measured.seconds
    times = {label: measured.times.percentile(percent) * 1e3 for label, percent in _PERCENTILES.items()}
    times["max"] = measured.times.longest * 1e3
    if is_json:
        asked = {"clients": load.clients, "in_flight": load.in_flight, "size": load.size}
        found = {"seconds": round(measured.seconds, 3), measured.what: measured.number, "per_second": round(rate, 1)}
        return as_json(
            {"benchmark": name, **asked, **found, "ms": {label: round(time, 3) for label, time in times.items()}}
        )
    lines = [
        f"{measured.number} {measured.what} in {measured.seconds:.1f} s: {rate:.0f} {measured.what}/s",
        "   ".join(f"{label} {time:.2f} ms" for label, time in times.items()),
    ]
    return "\n".join(lines)
