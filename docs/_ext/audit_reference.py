"""The weak spots that ``wamprouter check --audit`` looks for, written from the table that it goes through."""

from __future__ import annotations

from wamprouter.config.audit import WEAKNESSES

__all__ = ["markdown"]


def markdown() -> str:
    """Return a table with a row for each weakness, in the order in which they are looked for."""
    rows = [f"| `{each.name}` | {each.severity.value} | {each.summary} | {each.remedy} |" for each in WEAKNESSES]
    return "\n".join(["| name | severity | what is weak | what to do |", "|---|---|---|---|", *rows])
