"""What it costs to be watched: ``python -m benchmarks.scraping``.

A router has ten thousand sessions. A caller and a callee, in threads of this process, make one call at a time, first alone, then while
/metrics is asked for once a second, in turn and several times, so that both have the same of what else the machine does. Printed are how
long an answer of /metrics took and what the calls took with and without. The exit status is 1 if an answer takes longer than
``--bound`` milliseconds at the median: 100 by default.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.hostile import figures
from tests.support.pair import Pair
from tests.support.process import RouterProcess, config, endpoint
from tests.support.raw import Client

__all__ = ["main"]

ALONE: Final = "nothing"
SCRAPED: Final = "scraped each second"


def opened(url: str, count: int) -> list[Client]:
    """Return so many sessions. They stay as long as somebody has them."""
    return [Client(url) for _ in range(count)]


def scraped(url: str) -> tuple[float, int]:
    """Ask for the metrics; return how many seconds that took, and how many octets came."""
    began = time.perf_counter()
    with urllib.request.urlopen(url) as answer:  # it is our own router's
        octets = len(answer.read())
    return time.perf_counter() - began, octets


def pause(seconds: float) -> None:
    """Let the calls go on."""
    time.sleep(seconds)


def measured(pair: Pair, seconds: float, meanwhile: Callable[[float], None]) -> list[float]:
    """Return how long the calls took that were made meanwhile."""
    pair.go_on(5)
    del pair.seconds[:]
    meanwhile(seconds)
    return list(pair.seconds)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scraping", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sessions", type=int, default=10_000, help="that the router has (10000)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each part of a round (3)")
    parser.add_argument("--rounds", type=int, default=3, help="of both parts (3)")
    parser.add_argument("--bound", type=float, default=100.0, help="milliseconds for the metrics (100)")
    options = parser.parse_args(arguments)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    answers: list[tuple[float, int]] = []

    def scrape(url: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            answers.append(scraped(url))
            time.sleep(max(0.0, 1.0 - answers[-1][0]))

    transport = {"type": "rawsocket", "endpoint": endpoint(), "max_connections": options.sessions + 100}
    web = {"type": "web", "endpoint": endpoint(), "paths": {"metrics": {"type": "metrics"}}}
    taken: dict[str, list[float]] = {ALONE: [], SCRAPED: []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        router = stack.enter_context(RouterProcess(folder, config(transport, web)))
        url, metrics = router.url("rs"), router.url("http")
        clients = opened(url, options.sessions)
        with Pair(url, url) as pair:
            for _ in range(options.rounds):
                taken[ALONE] += measured(pair, options.seconds, pause)
                taken[SCRAPED] += measured(pair, options.seconds, lambda seconds: scrape(metrics, seconds))
        for client in clients:
            client.stream.close()
    took = [seconds * 1000 for seconds, _ in answers]
    print(
        f"{options.sessions} sessions; /metrics: {median(took):.1f} ms at the median, {max(took):.1f} ms at most, {answers[-1][1]} octets"
    )
    print(f"{'meanwhile':20} {'calls':>7} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}")
    for what, seconds in taken.items():
        row = figures(what, seconds, 0)
        print(f"{what:20} {row.calls:7} {row.p50:8.2f} {row.p99:8.2f} {row.longest:8.2f}")
    return 1 if median(took) > options.bound else 0


if __name__ == "__main__":
    sys.exit(main())
