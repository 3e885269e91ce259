"""What is wrong with a configuration: a place in the document and a text, printed as one line.

Knows nothing of fields or files. A place is the keys and indexes that lead there from the document's root, kept as such
until it is printed, so that it can be looked up in the file.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeAlias

from wamprouter.config.redaction import is_secret, redacted

Place: TypeAlias = tuple[str | int, ...]

ABSENT = object()  # what `lookup` finds where the document has nothing; None is a value

_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_-]*")
_SHOWN = 60  # characters of a value: enough to recognize it, short enough for one line


class ConfigError(Exception):
    """A configuration that cannot be used; `problems` holds one line for each thing to mend."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class UnreadableConfig(ConfigError):
    """A file that is no document at all: missing, of an unknown kind, or with a syntax error."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake at one place of a document."""

    place: Place
    text: str
    key: Place | None = None  # the place whose key is at fault, where it is a key and not the value
    meant: Place | None = None  # the place that an unknown field was meant for

    def line(self, source: str) -> str:
        """Return the problem as one line that starts with the source's name, or with its file, line and column."""
        place = printed(self.place)
        return one_line(f"{source}: {place}: {self.text}" if place else f"{source}: {self.text}")


def printed(place: Place) -> str:
    """Write a place as an operator reads it: `transports[0].paths["/"].type`."""
    return "".join(_step(step) for step in place).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, str) and _PLAIN_KEY.fullmatch(step):
        return f".{step}"
    return f"[{shown(step)}]"


def shown(value: object) -> str:
    """Write a value as JSON, without the secrets in it and shortened to fit on a line."""
    if is_secret(value):
        return "a secret"
    text = json.dumps(redacted(value), ensure_ascii=False, default=str, skipkeys=True)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def one_line(text: str) -> str:
    """Escape what would break the line or the terminal: control characters, line separators, lone surrogates."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def choice(values: Iterable[object]) -> str:
    """Write alternatives: `"json", "msgpack" or "cbor"`."""
    *most, last = [shown(value) for value in values] or ["nothing"]
    return f"{', '.join(most)} or {last}" if most else last


def nearest(value: object, known: Sequence[str]) -> str | None:
    """Return the known name that a value resembles, if there is one; nothing resembles a secret."""
    near = get_close_matches(value, known, n=1) if isinstance(value, str) and not is_secret(value) else []
    return near[0] if near else None


def did_you_mean(value: object, known: Sequence[str]) -> str:
    """Return `; did you mean "…"?` when one of the known names resembles the value, else nothing."""
    near = nearest(value, known)
    return "" if near is None else f"; did you mean {shown(near)}?"


def lookup(document: object, place: Place) -> object:
    """Return what the document holds at a place, or `ABSENT`."""
    for step in place:
        match document:
            case dict() if step in document:
                document = document[step]
            case list() if isinstance(step, int) and 0 <= step < len(document):
                document = document[step]
            case _:
                return ABSENT
    return document
