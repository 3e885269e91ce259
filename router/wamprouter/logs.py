"""The lines of the log: what stands before the text of an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TextIO

from twisted.logger import FileLogObserver, LogEvent, formatEvent, formatEventAsClassicLogText

__all__ = ["FORMATS", "log_lines"]


def _standard(event: LogEvent) -> str | None:
    return formatEventAsClassicLogText(event)


def _without_time(event: LogEvent) -> str | None:
    level = getattr(event.get("log_level"), "name", "-")
    return _lines(event, f"[{event.get('log_namespace', '-')}#{level}] ")


def _bare(event: LogEvent) -> str | None:
    return _lines(event, "")


def _lines(event: LogEvent, prefix: str) -> str | None:
    text = formatEvent(event)
    failure = event.get("log_failure")
    if failure is not None:
        text = f"{text}\n{failure.getTraceback()}"
    return prefix + text.rstrip("\n").replace("\n", "\n\t") + "\n" if text else None


FORMATS: Final[Mapping[str, Callable[[LogEvent], str | None]]] = {
    "standard": _standard,
    "syslogd": _without_time,  # for a journal, which has times of its own
    "none": _bare,
}
"""By Crossbar's names."""


def log_lines(file: TextIO, form: str) -> FileLogObserver:
    """Return what writes events to a file in one of the formats."""
    return FileLogObserver(file, FORMATS[form])
