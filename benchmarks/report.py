"""Turn the figures of all rounds into one table, as Markdown, and say what is to be known about them."""

import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

BUSY = 0.8  # below this share of a core, a router has been waiting for something else than work
CEILING_SHARE = 0.5  # above this share of the generator's own ceiling, a figure may say more about the generator


@dataclass(frozen=True)
class Sample:
    """One figure, once measured."""

    subject: str  # wamprouter, Crossbar or echo
    serializer: str
    scenario: str  # a key of __main__.SCENARIOS
    figure: str  # rate, p50, …
    value: float


class Samples:
    """All that was measured."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._values: dict[tuple[str, str, str, str], list[float]] = {}
        for sample in samples:
            key = (sample.subject, sample.serializer, sample.scenario, sample.figure)
            self._values.setdefault(key, []).append(sample.value)

    def median(self, subject: str, serializer: str, scenario: str, figure: str) -> float | None:
        values = self._values.get((subject, serializer, scenario, figure))
        return median(values) if values else None


@dataclass(frozen=True)
class Row:
    """One line of the table, for one serializer: which figure it shows, and how."""

    title: str
    scenario: str
    figure: str
    show: Callable[[float], str]
    goal: float | None = None  # of the ratio ours/Crossbar, JSON: at least this, or at most this if less is better
    less_is_better: bool = False
    most: float | None = None  # of our own figure, whatever Crossbar's is

    def met(self, ratio: float) -> bool:
        if self.goal is None:
            return True
        return ratio <= self.goal if self.less_is_better else ratio >= self.goal


def count(value: float) -> str:
    """Show three digits, which is more than the noise leaves."""
    digits = len(f"{value:.0f}")
    return f"{round(value, 3 - digits):,.0f}" if digits > 3 else f"{value:.0f}"


def milliseconds(value: float) -> str:
    """Show seconds as milliseconds."""
    return f"{value * 1000:.2f} ms"


def seconds(value: float) -> str:
    """Show seconds."""
    return f"{value:.2f} s"


def kilobytes(value: float) -> str:
    """Show octets as kilobytes of 1,000."""
    return f"{value / 1000:.1f} KB"


def megabytes(value: float) -> str:
    """Show octets as megabytes of a million."""
    return f"{value / 1e6:.0f} MB"


ROWS = [
    Row("calls/s, 4 callers × 32 in flight", "calls 4x32", "rate", count, 15.0),
    Row("… p50", "calls 4x32", "p50", milliseconds, less_is_better=True),
    Row("… p99", "calls 4x32", "p99", milliseconds, less_is_better=True),
    Row("calls/s, 1 in flight", "calls 1", "rate", count),
    Row("… p50", "calls 1", "p50", milliseconds, 0.5, less_is_better=True),
    Row("… p99", "calls 1", "p99", milliseconds, less_is_better=True),
    Row("events/s, 1 → 1 subscriber", "events 1", "rate", count),
    Row("events/s, 1 → 32 subscribers", "events 32", "rate", count, 4.0),
    Row("joins/s, 8 at a time", "joins", "rate", count, 2.5),
    Row("resident memory per idle session", "idle", "bytes_per_session", kilobytes, 0.7, less_is_better=True),
]
START_ROWS = [
    Row("resident memory when idle", "start", "resident", megabytes, less_is_better=True, most=70e6),
    Row("from exec to listening", "start", "seconds", seconds, less_is_better=True, most=0.6),
    Row("installed packages", "start", "packages", count, less_is_better=True, most=32),
]


def table(samples: Samples, subjects: list[str], serializers: list[str]) -> str:
    """Return the table: a line for each figure and serializer, with the ratio if there are two routers."""
    ratio = len(subjects) == 2
    lines = [["", "", *subjects, *(["ratio"] if ratio else []), "generator's limit"]]
    for row, serializer in _lines(serializers):
        values = [samples.median(subject, serializer, row.scenario, row.figure) for subject in subjects]
        cells = ["–" if value is None else row.show(value) for value in values]
        if ratio:
            cells.append(_ratio(values))
        ceiling = samples.median("echo", serializer, row.scenario, row.figure)
        lines.append([row.title, _NAMES[serializer], *cells, "" if ceiling is None else row.show(ceiling)])
    return _markdown(lines)


_NAMES = {"json": "JSON", "msgpack": "MessagePack", "": ""}


def _lines(serializers: list[str]) -> list[tuple[Row, str]]:
    return [(row, serializer) for row in ROWS for serializer in serializers] + [(row, "") for row in START_ROWS]


def _ratio(values: list[float | None]) -> str:
    ours, theirs = values
    if ours is None or theirs is None or theirs <= 0:
        return "–"
    return f"{ours / theirs:.1f}×" if ours > 2 * theirs else f"{ours / theirs:.2f}×"


def _markdown(lines: list[list[str]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rule = ["-" * width if column < 2 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join(
        "| "
        + " | ".join(_align(cell, width, column) for column, (cell, width) in enumerate(zip(line, widths, strict=True)))
        + " |"
        for line in [lines[0], rule, *lines[1:]]
    )


def _align(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)


def warnings(samples: Samples, subjects: list[str], serializers: list[str]) -> list[str]:
    """Return what makes a figure doubtful."""
    found = []
    waiting = []
    for row, serializer in _lines(serializers):
        ceiling = samples.median("echo", serializer, row.scenario, row.figure)
        # With one call in flight, the generator spends its time waiting, for the echo as for a router.
        if row.figure != "rate" or row.scenario == "calls 1" or ceiling is None:
            continue
        for subject in subjects:
            busy = samples.median(subject, serializer, row.scenario, "router_busy")
            if busy is not None and busy < BUSY:
                waiting.append(f"{subject} {row.scenario} {_NAMES[serializer]} {busy:.0%}")
            value = samples.median(subject, serializer, row.scenario, row.figure)
            if value is not None and value > CEILING_SHARE * ceiling:
                found.append(
                    f"{subject}, {row.title}, {_NAMES[serializer]}: {value / ceiling:.0%} of the generator's ceiling; "
                    "the router may be faster than that"
                )
    if waiting:
        found.append(
            f"a router had less than a core, because the machine does other work or the generator was slower: {', '.join(waiting)}"
        )
    return found


def missed(samples: Samples, subjects: list[str]) -> list[str]:
    """Return the goals that are missed: of ratios, which are for JSON, and of our own figures."""
    found = []
    for row in ROWS:
        ours, theirs = (samples.median(subject, "json", row.scenario, row.figure) for subject in subjects)
        if ours is not None and theirs and not row.met(ours / theirs):
            bound = "at most" if row.less_is_better else "at least"
            found.append(f"{row.title} ({row.scenario}): {ours / theirs:.2f}×, goal: {bound} {row.goal}×")
    for row in START_ROWS:
        ours = samples.median(subjects[0], "", row.scenario, row.figure)
        if ours is not None and row.most is not None and ours > row.most:
            found.append(f"{row.title}: {row.show(ours)}, goal: at most {row.show(row.most)}")
    return found


def machine(versions: dict[str, str], *, pinned: bool) -> str:
    """Describe what all this was measured on."""
    routers = ", ".join(f"{name} {version}" for name, version in versions.items())
    placing = "generator on one core, routers on the others" if pinned else "processes not pinned to cores"
    return (
        f"{routers}; {processor()}, {len(os.sched_getaffinity(0))} cores, Linux {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}, loopback, {placing}."
    )


def processor() -> str:
    """Return the processor's model name."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
