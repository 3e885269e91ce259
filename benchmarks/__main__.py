"""Plan the measurements, have them made in turn, and print the table. How and why: see the package's docstring."""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks import report, routers
from benchmarks.errors import BenchmarkError
from benchmarks.generator import Order
from benchmarks.report import Sample, Samples
from benchmarks.routers import Router, Running
from benchmarks.scenarios import Figures, Window

# name in the table -> scenario of the generator and its options
SCENARIOS: dict[str, tuple[str, dict[str, int]]] = {
    "calls 4x32": ("calls", {"callers": 4, "in_flight": 32}),
    "calls 1": ("calls", {"callers": 1, "in_flight": 1}),
    "events 1": ("events", {"subscribers": 1}),
    "events 32": ("events", {"subscribers": 32}),
    "joins": ("joins", {"parallel": 8}),
}
IDLE_SESSIONS = 1000

# Before each window: long enough for caches to fill and for sequential ids to reach their usual width.
FULL, QUICK = Window(0.25, 1.25), Window(0.2, 0.5)
BUDGET = 290.0  # seconds for everything but the installation; a slow machine gets fewer rounds
# Far above anything that ends well; the generator itself gives up earlier.
GENERATOR_TIMEOUT = 90.0


@dataclass
class Bench:
    """How to measure, the same for everybody."""

    window: Window
    payload: int
    generator_cpus: set[int]
    router_cpus: set[int]
    is_watched: bool = False  # ours: metrics are asked for and a console is open meanwhile

    def measure(self, subject: Running, serializer: str, name: str) -> list[Sample]:
        """Run one generator against one router or the echo."""
        scenario, options = ("idle", {"sessions": IDLE_SESSIONS}) if name == "idle" else SCENARIOS[name]
        order = Order(
            scenario=scenario,
            options=options,
            port=subject.port,
            serializer=serializer,
            payload=self.payload,
            echo=subject.name == "echo",
            router=subject.pid,
            cpus=sorted(self.generator_cpus),
            warmup=self.window.warmup,
            seconds=self.window.seconds,
        )
        figures = self._generate(order, f"{subject.name}, {name}, {serializer}")
        progress(subject.name, serializer, name, figures)
        return [Sample(subject.name, serializer, name, figure, value) for figure, value in figures.items()]

    def _generate(self, order: Order, what: str) -> Figures:
        command = [sys.executable, "-m", "benchmarks.generator", json.dumps(order)]
        try:
            done = subprocess.run(
                command, cwd=routers.ROOT, capture_output=True, text=True, timeout=GENERATOR_TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            raise BenchmarkError(f"{what}: the generator has not finished in time") from None
        if done.returncode:
            raise BenchmarkError(f"{what}: {done.stderr.strip()}")
        figures: Figures = json.loads(done.stdout)
        return figures

    def round(self, subjects: list[Router], serializer: str) -> Iterator[Sample]:
        """Start the routers afresh and measure everything once, taking turns. The echo is always first."""
        with ExitStack() as stack:
            started = [stack.enter_context(routers.echo(self.router_cpus))]
            for router in subjects:
                subject = stack.enter_context(routers.running(router, self.router_cpus))
                started.append(subject)
                if self.is_watched and router.name == "wamprouter":
                    stack.enter_context(routers.watching(subject, self.generator_cpus))
                start = {
                    "seconds": subject.seconds_to_listen,
                    "resident": float(subject.resident),
                    "packages": float(router.packages),
                }
                progress(subject.name, "", "start", start)
                for figure, value in start.items():
                    yield Sample(subject.name, "", "start", figure, value)
                yield from self.measure(subject, serializer, "idle")
            for name in SCENARIOS:
                for subject in started:
                    yield from self.measure(subject, serializer, name)


def progress(subject: str, serializer: str, name: str, figures: Figures) -> None:
    """Show on standard error that something has been measured."""
    shown = ", ".join(f"{figure} {value:,.4g}" for figure, value in figures.items())
    print(f"{subject:10} {serializer:7} {name:10} {shown}", file=sys.stderr, flush=True)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure wamprouter beside Crossbar.")
    parser.add_argument("--quick", action="store_true", help="one round of short windows: half a minute, rough figures")
    parser.add_argument("--only", choices=["ours", "crossbar"], help="measure one router, without ratios")
    parser.add_argument("--serializer", choices=["json", "msgpack"], help="instead of both")
    parser.add_argument("--repeat", type=int, metavar="N", help="rounds, of which medians are shown (3; quick: 1)")
    parser.add_argument(
        "--payload", type=int, default=0, metavar="OCTETS", help='one string this long instead of ["hello", 23]'
    )
    parser.add_argument("--crossbar", type=Path, metavar="VENV", help="virtual environment that has Crossbar")
    parser.add_argument("--pin", action="store_true", help="generator on one core, routers on the others")
    parser.add_argument(
        "--watched", action="store_true", help="ours with metrics asked for each second, and a console's session"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures of all rounds there")
    parser.add_argument("--check", action="store_true", help="fail if a goal of the project is missed")
    return parser.parse_args(arguments)


def plan_cores(*, pin: bool) -> tuple[set[int], set[int]]:
    """Return the cores of the generator and of the routers: the last one, and the others."""
    cores = os.sched_getaffinity(0)
    if not pin or len(cores) < 2:
        return cores, cores
    return {max(cores)}, cores - {max(cores)}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit status."""
    options = parse(arguments)
    # SIGTERM, as from `timeout`, must end the routers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    allow_many_sockets()
    try:
        subjects = choose(options)
        began = perf_counter()
        serializers = [options.serializer] if options.serializer else ["json", "msgpack"]
        generator_cpus, router_cpus = plan_cores(pin=options.pin)
        window = QUICK if options.quick else FULL
        bench = Bench(window, options.payload, generator_cpus, router_cpus, options.watched)
        collected: list[Sample] = []
        for number in range(1, 1 + (options.repeat or (1 if options.quick else 3))):
            elapsed = perf_counter() - began
            if not options.repeat and elapsed * number / max(1, number - 1) > BUDGET:
                print(f"no time for round {number}", file=sys.stderr)
                break
            # Who comes second profits a little from awakened cores, so they take turns in that too.
            order = subjects if number % 2 else subjects[::-1]
            for serializer in serializers:
                collected += bench.round(order, serializer)
    except BenchmarkError as error:
        print(f"benchmark failed: {error}", file=sys.stderr)
        return 1
    versions = {router.name: router.version for router in subjects}
    description = report.machine(versions, pinned=generator_cpus != router_cpus)
    if options.json:
        raw: dict[str, Any] = {"machine": description, "samples": [asdict(sample) for sample in collected]}
        options.json.write_text(json.dumps(raw, indent=1) + "\n")
    return show(
        Samples(collected), list(versions), serializers, description, perf_counter() - began, check=options.check
    )


def choose(options: argparse.Namespace) -> list[Router]:
    """Return the routers to measure, ours first."""
    subjects = []
    if options.only != "crossbar":
        subjects.append(routers.wamprouter(watched=options.watched))
    if options.only != "ours":
        subjects.append(routers.crossbar(options.crossbar))
    return subjects


def show(
    samples: Samples, subjects: list[str], serializers: list[str], description: str, seconds: float, *, check: bool
) -> int:
    """Print the result, and return the exit status."""
    print(f"\n{report.table(samples, subjects, serializers)}\n\n{description} Took {seconds:.0f} s.")
    for warning in report.warnings(samples, subjects, serializers):
        print(f"warning: {warning}")
    goals = report.missed(samples, subjects) if len(subjects) == 2 else []
    for goal in goals if check else []:
        print(f"missed: {goal}")
    return 1 if check and goals else 0


def allow_many_sockets() -> None:
    """Raise the limit of open files, for the idle sessions, for us and whatever we start."""
    import resource  # not on every platform; elsewhere nothing of this runs anyway

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * IDLE_SESSIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


if __name__ == "__main__":
    sys.exit(main())
