"""The metrics, written from the table that the router itself shows them by."""

from __future__ import annotations

from wamprouter.statistics.metrics import METRICS
from wamprouter.statistics.timing import BOUNDS

__all__ = ["markdown"]


def markdown() -> str:
    """Return a table of all metrics, and the bounds of histograms."""
    lines = ["| metric | kind | labels | |", "|---|---|---|---|"]
    lines += [
        f"| `{metric.exposed[0] if metric.kind == 'counter' else metric.name}` | {metric.kind} | "
        f"{', '.join(f'`{label}`' for label in metric.labels)} | {metric.help} |"
        for metric in METRICS
    ]
    bounds = ", ".join(f"{bound:g}" for bound in BOUNDS)
    return "\n".join([*lines, "", f"The buckets of histograms, in seconds: {bounds}, and more."])
