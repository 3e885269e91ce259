"""Calls per second of client libraries, ours and Autobahn's, through one router: ``python -m benchmarks.clients``.

Callee and caller are sessions of one process, so that the figure is what the library costs at both ends of a call. The
router has a core of its own. So many calls are in flight that the process always has something to do: with few,
callee, router and caller wait for each other, and the rate is how fast a batch goes around. Whether it had, ``busy`` shows:
how much of a core it used. Below one, the rate is not the library's: that router and client wait for each other, or
somebody else has the core. Then calls per processor second, which need no quiet machine, say more.

Libraries take turns; look at the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PROGRAM = Path(__file__).with_name("calling.py")
LIBRARIES = ("autobahn", "wamp")
LOOPS = ("twisted", "asyncio")
TRANSPORTS = ("ws", "rs")

_CONFIGURATION = {
    "version": 1,
    "realms": [
        {
            "name": "realm1",
            "roles": [{"name": "anonymous", "permissions": [{"uri": "", "match": "prefix", "allow": "all"}]}],
        }
    ],
    "transports": [
        {"type": "websocket", "endpoint": {"type": "tcp", "port": 0}},
        {"type": "rawsocket", "endpoint": {"type": "tcp", "port": 0}},
    ],
}


class Figures(NamedTuple):
    """What one process has measured."""

    rate: float
    """Calls a second."""
    cpu: float
    """Processor time of callee and caller together, in seconds a call."""
    router: float
    """How much of a core the router has used: near 1, the rate says more about the router."""


def calls(order: Sequence[str], cpus: set[int]) -> Figures:
    """Run one library in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *order],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "client")},
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),  # no threads here
    )
    if not done.stdout:
        raise SystemExit(f"{' '.join(order)}: {done.stderr}")
    return Figures(**json.loads(done.stdout))


def compared(found: Mapping[str, Sequence[Figures]]) -> str:
    """Return the medians of all rounds, and their ratios."""
    theirs, own = (Figures(*map(statistics.median, zip(*found[each], strict=True))) for each in LIBRARIES)
    return (
        f"autobahn {_shown(theirs)}   wamp {_shown(own)}   "
        f"calls/s x {own.rate / theirs.rate:.1f}, calls per processor second x {theirs.cpu / own.cpu:.1f}"
    )


def _shown(each: Figures) -> str:
    return f"{each.rate:6.0f}/s {each.cpu * 1e6:5.1f} us (busy {each.rate * each.cpu:4.0%}, router {each.router:4.0%})"


def main() -> None:
    """Measure in turns, and print the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--in-flight", type=int, default=1024, help="how many calls wait for their result at a time")
    parser.add_argument("--serializer", default="default", help="default: what each library chooses by itself")
    options = parser.parse_args()
    available = sorted(os.sched_getaffinity(0))
    ours, router = ({available[0]}, {available[-1]})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "router.json")
        file.write_text(json.dumps(_CONFIGURATION))
        running = subprocess.Popen(
            [sys.executable, "-m", "wamprouter", "start", "--config", str(file), "--loglevel", "error"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert running.stdout is not None
        try:
            os.sched_setaffinity(running.pid, router)
            urls = dict(zip(TRANSPORTS, (running.stdout.readline().strip() for _ in TRANSPORTS), strict=True))
            for loop in LOOPS:
                for transport, url in urls.items():
                    found: dict[str, list[Figures]] = {library: [] for library in LIBRARIES}
                    for _ in range(options.rounds):
                        for library in LIBRARIES:
                            order = [library, loop, url.rstrip("/"), options.serializer, str(options.seconds)]
                            found[library].append(calls([*order, str(options.in_flight), str(running.pid)], ours))
                    print(f"{loop:8} {transport}  {compared(found)}", flush=True)
        finally:
            running.terminate()
            running.wait(10)


if __name__ == "__main__":
    main()
