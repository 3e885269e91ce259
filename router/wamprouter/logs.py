"""The lines of the log: what stands before the text of an event, or the whole event as JSON.

Whatever the form, values that are called like secrets are not shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TextIO

from twisted.logger import FileLogObserver, LogEvent, formatEvent, formatEventAsClassicLogText

from wamprouter.config.redaction import HIDDEN, names_secret

__all__ = ["FIELDS", "FORMATS", "log_lines"]

FIELDS: Final = ("ts", "level", "event", "realm", "session", "authid", "peer", "uri", "request", "message")
"""The fields of a line of JSON that come first, in this order; what an event does not have is left out."""

_OTHER_NAMES: Final = {"address": "peer", "procedure": "uri", "topic": "uri", "error": "reason"}
_MARKS: Final = frozenset({"is_ours", "is_rationed"})  # for ``wamprouter.brevity``
_LONGEST: Final = 10_000  # characters of a value: what a client has chosen may be as long as a message

_names_secret = lru_cache(maxsize=1000)(names_secret)  # the names are in the source, so there are few


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


def _json(event: LogEvent) -> str | None:
    """Return a line of JSON: who is concerned by names of their own, so that a program need not look for it in a text."""
    text = formatEvent(event)
    failure = event.get("log_failure")
    if not text and failure is None:
        return None
    found: dict[str, Any] = {
        "ts": datetime.fromtimestamp(event["log_time"], UTC).isoformat(timespec="milliseconds"),
        "level": getattr(event.get("log_level"), "name", "info"),
        "event": event.get("log_namespace", "-"),
        "message": text[:_LONGEST],
    }
    for name, value in event.items():
        if not name.startswith("log_") and name not in _MARKS and isinstance(value, str | int | float):
            found[_OTHER_NAMES.get(name, name)] = value[:_LONGEST] if isinstance(value, str) else value
    if failure is not None:
        found["traceback"] = failure.getTraceback()
    ordered = {name: found.pop(name) for name in FIELDS if name in found}
    return json.dumps({**ordered, **found}) + "\n"


FORMATS: Final[Mapping[str, Callable[[LogEvent], str | None]]] = {
    "standard": _standard,
    "syslogd": _without_time,  # for a journal, which has times of its own
    "none": _bare,
    "json": _json,
}
"""The first three by Crossbar's names."""


def log_lines(file: TextIO, form: str) -> FileLogObserver:
    """Return what writes events to a file in one of the formats."""
    formatted = FORMATS[form]
    return FileLogObserver(file, lambda event: formatted(_redacted(event)))


def _redacted(event: LogEvent) -> LogEvent:
    if any(_names_secret(name) for name in event):
        return {name: HIDDEN if _names_secret(name) else value for name, value in event.items()}
    return event
