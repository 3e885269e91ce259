"""What lowering a Crossbar document tells: what is honoured differently, what has no effect, what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from wamprouter.config.problems import Place, Problem

__all__ = ["Kind", "Note", "once"]


class Kind(StrEnum):
    """How the router treats a field of Crossbar's. The value is the word that an operator reads."""

    HONOURED = "honoured"  # does what it does in Crossbar; says nothing
    DIFFERS = "differs"  # has an effect, but not quite Crossbar's
    IGNORED = "ignored"  # accepted, and without effect
    REFUSED = "refused"  # a mistake, because the file asks for what the router does not have


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that an operator who comes from Crossbar should know, at a place of the original document."""

    place: Place
    kind: Kind
    text: str

    @property
    def problem(self) -> Problem:
        """Return the note as a line of the configuration's problems has it."""
        return Problem(self.place, f"{self.kind}: {self.text}")


def once(notes: Iterable[Note]) -> list[Note]:
    """Return one note for each kind of thing, the first, which says how many more there are."""
    alike: dict[tuple[Kind, str], list[Note]] = {}
    for note in notes:
        alike.setdefault((note.kind, note.text), []).append(note)
    return [_counted(first, len(more)) for first, *more in alike.values()]


def _counted(note: Note, more: int) -> Note:
    if not more:
        return note
    return Note(note.place, note.kind, f"{note.text} (and at {more} more place{'' if more == 1 else 's'})")
