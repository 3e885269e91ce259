"""The process that plays the clients of one measurement.

    python -m benchmarks.generator '{"scenario": "calls", "port": 8080, …}'

Prints the figures as one line of JSON. Exit status 3: the measurement is void, and why is on standard error.
"""

import gc
import json
import os
import sys
from typing import Any, TypedDict

from benchmarks.errors import BenchmarkError
from benchmarks.scenarios import SCENARIOS, Figures, Window
from benchmarks.sockets import Target
from benchmarks.vocabulary import Vocabulary


class Order(TypedDict):
    """What to measure."""

    scenario: str
    options: dict[str, int]
    port: int
    serializer: str
    payload: int  # length of the one argument; 0 for the usual small ones
    echo: bool
    router: int | None  # process id
    cpus: list[int]  # where to run; empty for anywhere
    warmup: float
    seconds: float


def measure(order: Order) -> Figures:
    """Do what is ordered."""
    vocabulary = Vocabulary(order["serializer"], payload=order["payload"], echo=order["echo"])
    target = Target(order["port"], vocabulary)
    window = Window(order["warmup"], order["seconds"])
    return SCENARIOS[order["scenario"]](target, window, order["router"], **order["options"])


def main(argument: str) -> int:
    """Print the figures, and return the exit status."""
    order: Any = json.loads(argument)
    if order["cpus"]:
        os.sched_setaffinity(0, order["cpus"])
    # Nothing here is cyclic and the run is short: a collection would only show up as latency.
    gc.disable()
    try:
        print(json.dumps(measure(order)))
    except (BenchmarkError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
