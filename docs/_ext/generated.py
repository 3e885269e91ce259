"""Sphinx extension: where a page says ``<!-- generated: NAME -->``, the reference of that name is put in as it is read."""

from __future__ import annotations

from typing import Any

import audit_reference
import command_reference
import configuration_reference
import crossbar_reference
import metrics_reference

GENERATORS = {
    "audit": audit_reference.markdown,
    "configuration": configuration_reference.markdown,
    "commands": command_reference.markdown,
    "crossbar": crossbar_reference.markdown,
    "metrics": metrics_reference.markdown,
}
"""Name in the page -> what writes the Markdown."""


def fill_in(text: str) -> str:
    """Return a page's text with its generated parts."""
    for name, generate in GENERATORS.items():
        marker = f"<!-- generated: {name} -->"
        if marker in text:
            text = text.replace(marker, generate())
    return text


def _read(_app: object, _page: str, source: list[str]) -> None:
    source[0] = fill_in(source[0])


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
