"""Where in a file the places of its document stand: line and column, counted from 1 as editors do.

Knows neither syntax nor fields. A syntax hands over a tree of spots, one for each value (`json_spots`, `yaml_spots`,
`toml_spots`); it is built when the first position is asked for, because most files have no mistake.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeAlias

from wamprouter.config.problems import Place

Step: TypeAlias = Any  # a key or an index; YAML allows any scalar as a key


class Position(NamedTuple):
    """A line and a column, both from 1."""

    line: int
    column: int


class Positions(Protocol):
    """Answers where a place stands. What is not in the file stands where the nearest part around it begins."""

    def value(self, place: Place) -> Position:
        """Return where the value at a place begins."""
        ...

    def key(self, place: Place) -> Position:
        """Return where the key that leads to a place begins; in a list, where the value does."""
        ...


@dataclass(slots=True)
class Spot:
    """Where a value begins in its text, and where the values do that it holds."""

    offset: int
    below: dict[Step, "Spot"] = field(default_factory=dict)
    keys: dict[Step, int] = field(default_factory=dict)  # key -> where it is written
    first: dict[Step, int] = field(default_factory=dict)  # key that is written again -> where it was written first

    def put(self, step: Step, spot: "Spot", written: int) -> None:
        """Add what a key leads to; the last one counts, as in the document."""
        if step in self.keys:
            self.first.setdefault(step, self.keys[step])
        self.keys[step] = written
        self.below[step] = spot


class FilePositions:
    """The positions of one text."""

    def __init__(self, text: str, spots: Callable[[], Spot]) -> None:
        self._text = text
        self._spots = spots

    def value(self, place: Place) -> Position:
        """Return where the value at a place begins."""
        spot, _ = self._nearest(place)
        return self._position(spot.offset)

    def key(self, place: Place) -> Position:
        """Return where the key that leads to a place begins; in a list, where the value does."""
        if not place:
            return self.value(place)
        *around, last = place
        spot, found = self._nearest(tuple(around))
        if found and last in spot.keys:
            return self._position(spot.keys[last])
        return self.value(place)

    def repeated(self) -> Iterator[tuple[Place, int]]:
        """Yield the places whose key is written more than once, with the line of the first time."""
        waiting: list[tuple[Place, Spot]] = [((), self._root)]
        while waiting:
            place, spot = waiting.pop()
            for step, offset in spot.first.items():
                yield (*place, step), self._position(offset).line
            waiting.extend(((*place, step), below) for step, below in spot.below.items())

    def _nearest(self, place: Place) -> tuple[Spot, bool]:
        """Return the spot of a place, or else of the nearest part around it, and which of both it is."""
        spot = self._root
        for step in place:
            below = spot.below.get(step)
            if below is None:
                return spot, False
            spot = below
        return spot, True

    def _position(self, offset: int) -> Position:
        return position(self._text, offset)

    @cached_property
    def _root(self) -> Spot:
        return self._spots()


def position(text: str, offset: int) -> Position:
    """Return the line and column of an offset in a text."""
    return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
