"""What becomes of each field of a Crossbar configuration, written from the table that the router itself reads."""

from __future__ import annotations

from wamprouter.config.crossbar.notes import Kind
from wamprouter.config.crossbar.policy import TABLES, TYPES, Field, Table

__all__ = ["markdown"]


def markdown() -> str:
    """Return a table of types, and one of fields that do not simply do what they do in Crossbar."""
    lines = ["### Types", "", "| type of | | |", "|---|---|---|"]
    for what, rows in TYPES.items():
        lines += [f"| {what} | `{name}` | {_treatment(row)} |" for name, row in rows.items()]
    lines += ["", "### Fields", "", "| in | honoured | not, or differently |", "|---|---|---|"]
    lines += [
        f"| {table} | {_honoured(rows)} | {_rest(rows)} |" for table, rows in TABLES.items() if table != "history"
    ]
    return "\n".join(lines)


def _honoured(rows: Table) -> str:
    return ", ".join(f"`{name}`" for name, row in rows.items() if row.kind is Kind.HONOURED)


def _rest(rows: Table) -> str:
    told = [(name, row) for name, row in rows.items() if row.kind is not Kind.HONOURED]
    return "<br>".join(f"`{name}`: {_treatment(row)}" for name, row in told)


def _treatment(row: Field) -> str:
    text = row.text.replace("|", "\\|")
    return f"{row.kind}{': ' if text else ''}{text}"
