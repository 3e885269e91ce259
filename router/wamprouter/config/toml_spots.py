"""Where the values of a TOML text stand. The text has been read already, so nothing is checked here.

A table stands where its header does, or, if it has none, where its name is first written.
"""

import re
import tomllib
from dataclasses import dataclass

from wamprouter.config.positions import Spot

_BLANK = re.compile(r"(?:[\s,]|#[^\n]*)*")  # with the commas of arrays and inline tables
_KEY = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'|[A-Za-z0-9_-]+')
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_SCALAR = re.compile(
    r'"""(?:\\.|[^\\])*?""""{0,2}'
    r"|'''.*?''''{0,2}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'"
    r"|[^\s,\]}#]+(?: \d\d:[^\s,\]}#]*)?",  # with the time of a date that is written with a space
    re.DOTALL,
)


def spots(text: str) -> Spot:
    """Return the spots of a valid TOML text."""
    return _Scanner(text).document()


@dataclass(slots=True)
class _Scanner:
    """Walks through a text once."""

    text: str
    at: int = 0

    def document(self) -> Spot:
        """Return the spots of the whole text."""
        root = Spot(0)
        table = root
        while self._sign():
            table = self._header(root) if self._sign() == "[" else self._assignment(table)
        return root

    def _sign(self) -> str:
        """Pass over what says nothing, and return the sign there, or nothing at the end."""
        self._pass(_BLANK)
        return self.text[self.at : self.at + 1]

    def _pass(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found is not None

    def _header(self, root: Spot) -> Spot:
        """Pass over `[a.b]` or `[[a.b]]` and return the table that follows."""
        begin = self.at
        brackets = 2 if self.text.startswith("[[", begin) else 1
        self.at += brackets
        self._pass(_BLANK)
        *way, (name, written) = self._names()
        self._pass(_BLANK)
        self.at += brackets
        around = _descend(root, way)
        if brackets == 1:
            table = _enter(around, name, written)
            table.offset = begin
            return table
        tables = around.below.get(name)
        if tables is None:
            tables = Spot(begin)
            around.put(name, tables, written)
        tables.below[len(tables.below)] = table = Spot(begin)
        return table

    def _assignment(self, table: Spot) -> Spot:
        """Pass over `a.b = value`, put it into the table, and return the table."""
        *way, (name, written) = self._names()
        self._pass(_EQUALS)
        around = _descend(table, way)
        around.put(name, self._value(), written)
        return table

    def _names(self) -> list[tuple[str, int]]:
        """Pass over a dotted key and return its parts, each with where it is written."""
        names = [self._name()]
        while self._pass(_DOT):
            names.append(self._name())
        return names

    def _name(self) -> tuple[str, int]:
        found = _KEY.match(self.text, self.at)
        assert found is not None, "the text is valid"
        self.at = found.end()
        [name] = tomllib.loads(f"{found[0]}=0")
        return name, found.start()

    def _value(self) -> Spot:
        spot = Spot(self.at)
        opening = self.text[self.at]
        if opening not in "[{":
            self._pass(_SCALAR)
            return spot
        self.at += 1
        while self._sign() not in ("]", "}"):
            if opening == "[":
                spot.below[len(spot.below)] = self._value()
            else:
                self._assignment(spot)
        self.at += 1
        return spot


def _descend(table: Spot, way: list[tuple[str, int]]) -> Spot:
    for name, written in way:
        table = _enter(table, name, written)
    return table


def _enter(table: Spot, name: str, written: int) -> Spot:
    """Return the table of a name, of several the last."""
    if name not in table.below:
        table.put(name, Spot(written), written)
    below = table.below[name]
    *_, last = below.below or (None,)
    return below.below[last] if isinstance(last, int) else below
