"""What a well-behaved pair of clients feels while others attack the router: ``python -m benchmarks.hostile``.

A caller and a callee make one call at a time, in a process of their own, while each attack of tests/support/attacks.py goes on
in two others, and while ten thousand connections are half open. Printed are the calls that were answered and how long they
took. The exit status is 1 if the p99 is above ``--bound`` milliseconds for any attack: 20 by default, for a machine with two
cores that has nothing else to do. The attackers are polite to the processor only (``nice``): so the time is the router's.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.processes import resident
from tests.support.attacks import ATTACKS, Target, half_open
from tests.support.pair import Pair
from tests.support.process import RouterProcess, config, endpoint

ROOT: Final = Path(__file__).parents[1]
NOTHING: Final = "nothing"
HALF_OPEN: Final = "half-open connections"
ATTACKERS: Final = 2


class Figures(NamedTuple):
    """Of the calls during one attack, in milliseconds."""

    attack: str
    calls: int
    p50: float
    p99: float
    longest: float
    resident: int
    """Octets of the router's memory at the end."""


def figures(attack: str, seconds: list[float], memory: int) -> Figures:
    """Return what the durations of calls amount to."""
    ordered = sorted(seconds)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 for share in (0.5, 0.99))
    return Figures(attack, len(ordered), p50, p99, ordered[-1] * 1000, memory)


def table(rows: list[Figures], bound: float) -> str:
    """Return the figures as text; what is above the bound is marked."""
    lines = [f"{'attack':26} {'calls':>7} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'MiB':>6}"]
    lines += [
        f"{row.attack:26} {row.calls:7} {row.p50:8.2f} {row.p99:8.2f} {row.longest:8.2f} {row.resident >> 20:6}"
        f"{'  above the bound' if row.p99 > bound else ''}"
        for row in rows
    ]
    return "\n".join(lines)


@contextmanager
def attackers(attack: str, target: Target) -> Iterator[None]:
    """Have it attacked, again and again, until the end of the block."""
    count = {NOTHING: 0, HALF_OPEN: 1}.get(attack, ATTACKERS)
    command = [sys.executable, "-m", "benchmarks.hostile", "--attack", attack, *target]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "client"), str(ROOT / "router")))}
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=environment) for _ in range(count)]
    try:
        for process in running:
            assert process.stdout is not None
            process.stdout.read(1)  # it says when it begins
        yield
        for process in running:
            if process.poll() is not None:
                raise RuntimeError(f"the attack {attack} has ended with status {process.returncode}")
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.communicate()


def attack_for_ever(name: str, target: Target) -> None:
    """Be an attacker."""
    os.nice(10)
    work: Callable[[], Any]
    if name == HALF_OPEN:
        streams = half_open(target.ws, 10_000)

        def work() -> None:
            """Open again what the router has given up on, a few at a time."""
            for stream in streams[:100]:
                stream.close()
            del streams[:100]
            streams.extend(half_open(target.ws, 100))
    else:
        attack = ATTACKS[name]

        def work() -> None:
            attack(target)

    print("!", end="", flush=True)  # who measures waits for it
    while True:
        try:
            work()
        except Exception as problem:  # noqa: BLE001  # the router may do to attackers what it likes
            print(f"{name}: {problem!r}", file=sys.stderr)


def measure(attack: str, router: RouterProcess, pair: Pair, target: Target, seconds: float) -> Figures:
    """Have it attacked for a while."""
    with attackers(attack, target):
        pair.go_on(5)
        del pair.seconds[:]
        time.sleep(seconds)
        taken = list(pair.seconds)
        memory = resident(router.pid)
    pair.go_on(5)
    return figures(attack, taken, memory)


def transports(folder: Path) -> list[dict[str, Any]]:
    """Return one transport of each kind, with the limits that are default but for the number of connections."""
    (folder / "index.html").write_text("<!doctype html><title>a page</title>")
    paths = {"/": {"type": "static", "directory": str(folder)}, "ws": {"type": "websocket"}}
    return [
        {"type": "websocket", "endpoint": endpoint(), "max_connections": 12_000},
        {"type": "rawsocket", "endpoint": endpoint()},
        {"type": "web", "endpoint": endpoint(), "paths": paths},
    ]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of each attack (4)")
    parser.add_argument("--bound", type=float, default=20.0, help="milliseconds that the p99 must not exceed (20)")
    parser.add_argument("--only", action="append", metavar="ATTACK", help="this attack, may be given again")
    parser.add_argument("--attack", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 16 if hard == resource.RLIM_INFINITY else hard, hard))
    if options.attack:
        name, *urls = options.attack
        attack_for_ever(name, Target(*urls))
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        RouterProcess(Path(folder), config(*transports(Path(folder)))) as router,
    ):
        target = Target(router.url("ws"), router.url("rs"), router.url("http"), router.urls[-1])
        with Pair(target.rs, target.ws) as pair:
            for attack in options.only or [NOTHING, *ATTACKS, HALF_OPEN]:
                rows.append(measure(attack, router, pair, target, options.seconds))
                print(table(rows[-1:], options.bound).splitlines()[-1], file=sys.stderr, flush=True)
        log = router.log
    print(table(rows, options.bound))
    if "Traceback" in log:
        print(log, file=sys.stderr)
        return 1
    return 1 if any(row.p99 > options.bound for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
