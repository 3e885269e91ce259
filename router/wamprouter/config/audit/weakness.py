"""What a weakness is: a row of the table, and where a configuration has it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from wamprouter.config.problems import Place

if TYPE_CHECKING:
    from wamprouter.config.audit.view import View

__all__ = ["Severity", "Spot", "Weakness"]


class Severity(enum.Enum):
    """How bad it is."""

    HIGH = "high"
    """Somebody gets what is not meant for them."""
    MEDIUM = "medium"
    """It takes one more mistake, or a weak password, until somebody does."""
    LOW = "low"
    """It makes an attack easier, or its damage larger."""


class Spot(NamedTuple):
    """Where it is, what is weak there, and what to write instead. Both texts fit into one line; no secret is in them."""

    place: Place
    weak: str
    fix: str


class Weakness(NamedTuple):
    """A row of the table. ``name`` and ``summary`` are for the documentation, ``find`` yields every spot."""

    name: str
    severity: Severity
    summary: str
    remedy: str
    find: Callable[[View], Iterator[Spot]]
