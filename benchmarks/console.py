"""What an open console costs: ``python -m benchmarks.console``.

A router has ten thousand sessions and is kept busy by four callers with 32 calls in flight each, once while nobody looks and once
while the console is open in Chromium at its sessions, in turn and several times; metrics are asked for each second in both. Printed
are the calls a second, the calls in a second of the router's own processor time (Chromium takes processors away from everybody), and
how smoothly the page is drawn. The exit status is 1 if the console costs more than ``--bound`` per cent: 5 by default.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.generator import Order
from benchmarks.scraping import opened
from tests.browser.conftest import Browser, Tab
from tests.support.process import ROOT, RouterProcess, config, endpoint

ALONE: Final = "nobody looks"
OPEN: Final = "the console is open"
# Counts what is drawn in three seconds, and the longest time in which nothing is.
SMOOTHNESS: Final = """new Promise((done) => {
  const began = performance.now();
  let last = began, longest = 0, frames = 0;
  const draw = (now) => {
    longest = Math.max(longest, now - last);
    last = now;
    frames += 1;
    if (now - began < 3000) requestAnimationFrame(draw);
    else done([frames / 3, longest]);
  };
  requestAnimationFrame(draw);
})"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a browser, and end it."""
    node, found = shutil.which("node"), shutil.which("chromium") or shutil.which("google-chrome")
    if node is None or found is None:
        sys.exit("node and chromium are needed")
    command = [node, "browser.cjs", found]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT / "tests/js", text=True, **pipes) as process:
        yield Browser(process)
        assert process.stdin is not None
        process.stdin.close()


@contextmanager
def scraping(url: str) -> Iterator[None]:
    """Ask for the metrics each second until the end of the block."""
    end = threading.Event()

    def scrape() -> None:
        while not end.wait(1):
            with urllib.request.urlopen(url) as answer:  # it is our own router's
                answer.read()

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def called(port: int, router: int, seconds: float) -> tuple[float, float]:
    """Return the calls a second, and those in a second of the router's processor time."""
    order = Order(
        scenario="calls",
        options={"callers": 4, "in_flight": 32},
        port=port,
        serializer="json",
        payload=0,
        echo=False,
        router=router,
        cpus=[],
        warmup=0.3,
        seconds=seconds,
    )
    command = [sys.executable, "-m", "benchmarks.generator", json.dumps(order)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    figures = json.loads(done.stdout)
    return figures["rate"], figures["rate"] / figures["router_busy"]


def configuration(sessions: int) -> dict[str, Any]:
    """Return a router for so many sessions, which are never pinged, and for an operator."""
    options = {"auto_ping_interval": 0}
    clients = {"type": "websocket", "endpoint": endpoint(), "options": options}
    idle = {"type": "rawsocket", "endpoint": endpoint(), "options": options, "max_connections": sessions + 100}
    return config(clients, idle, admin={"endpoint": endpoint()})


def look(tab: Tab) -> tuple[float, float]:
    """Look at the sessions; return how many times a second the page is drawn, and the longest gap in milliseconds."""
    tab.do("evaluate", "location.hash = '#/sessions'")
    tab.until("document.querySelectorAll('tbody tr').length > 3")
    frames, longest = tab.do("evaluate", SMOOTHNESS)
    return frames, longest


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sessions", type=int, default=10_000, help="that the router has (10000)")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each part of a round (4)")
    parser.add_argument("--rounds", type=int, default=5, help="of both parts (5)")
    parser.add_argument("--bound", type=float, default=5.0, help="per cent that the console may cost (5)")
    options = parser.parse_args(arguments)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    taken: dict[str, list[tuple[float, float]]] = {ALONE: [], OPEN: []}
    drawn: list[tuple[float, float]] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        RouterProcess(Path(folder), configuration(options.sessions)) as router,
        chromium() as browser,
    ):
        _, idle, console = router.urls
        port = urlsplit(router.url("ws")).port or 0
        clients = opened(idle, options.sessions)
        with scraping(f"{console.partition('/console/')[0]}/metrics"):
            for _ in range(options.rounds):
                taken[ALONE].append(called(port, router.pid, options.seconds))
                tab = browser.open(console)
                tab.until("document.querySelector('main').dataset.view === 'overview'")
                drawn.append(look(tab))
                taken[OPEN].append(called(port, router.pid, options.seconds))
                tab.do("close")
                time.sleep(1)
        for client in clients:
            client.stream.close()
    for what, figures in taken.items():
        rate, busy = (median(column) for column in zip(*figures, strict=True))
        print(f"{what:20} {rate:9,.0f} calls/s {busy:9,.0f} calls in a second of the router's processor time")
    frames, longest = (median(column) for column in zip(*drawn, strict=True))
    print(f"drawn {frames:.0f} times a second, at most {longest:.0f} ms apart; {options.sessions} sessions")
    costs = 100 * (1 - median(busy for _, busy in taken[OPEN]) / median(busy for _, busy in taken[ALONE]))
    print(f"the console costs {costs:.1f} % of the calls")
    return 1 if costs > options.bound else 0


if __name__ == "__main__":
    sys.exit(main())
