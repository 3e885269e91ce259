"""Weak spots of a configuration that is valid: what to look for, and what to write instead.

``WEAKNESSES`` is the table of all of them, which the documentation prints. Each has a function that yields where a
configuration has it. What these know is a `View`: the configuration, how it is written in its file, and of the machine what
they are told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from wamprouter.config.audit import access, bridge, browsers, credentials, encryption, files, limits, operators
from wamprouter.config.audit.view import Certificate, Imagined, Machine, View
from wamprouter.config.audit.weakness import Severity, Spot, Weakness
from wamprouter.config.problems import Problem

__all__ = [
    "WEAKNESSES",
    "Certificate",
    "Finding",
    "Imagined",
    "Machine",
    "Severity",
    "Spot",
    "View",
    "Weakness",
    "audit",
    "count",
]

WEAKNESSES: Final[tuple[Weakness, ...]] = (
    *access.WEAKNESSES,
    *operators.WEAKNESSES,
    *encryption.WEAKNESSES,
    *credentials.WEAKNESSES,
    *browsers.WEAKNESSES,
    *bridge.WEAKNESSES,
    *limits.WEAKNESSES,
    *files.WEAKNESSES,
)


class Finding(NamedTuple):
    """A weakness at a place."""

    weakness: Weakness
    spot: Spot

    @property
    def problem(self) -> Problem:
        """Return the line: what is weak, what to write instead, and under which name the documentation has it."""
        name, severity = self.weakness.name, self.weakness.severity.value
        return Problem(self.spot.place, f"{self.spot.weak}; {self.spot.fix} [{severity}: {name}]")


def audit(view: View, *, accepted: Collection[str] = ()) -> list[Finding]:
    """Return every weak spot, but for those of accepted weaknesses."""
    return [
        Finding(weakness, spot)
        for weakness in WEAKNESSES
        if weakness.name not in accepted
        for spot in dict.fromkeys(weakness.find(view))
    ]


def count(findings: Iterable[Finding]) -> str:
    """Return how many there are: `3 weak spots: 1 high, 2 low`."""
    by_severity = Counter(finding.weakness.severity for finding in findings)
    total = by_severity.total()
    if not total:
        return "no weak spots"
    parts = ", ".join(f"{by_severity[severity]} {severity.value}" for severity in Severity if by_severity[severity])
    return f"{total} weak spot{'' if total == 1 else 's'}: {parts}"
