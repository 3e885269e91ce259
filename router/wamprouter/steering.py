"""What the process around a router lets its management do: read its file again, and change what is logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from twisted.logger import LogLevel, LogLevelFilterPredicate

from wamprouter.control import Outcome

__all__ = ["LEVELS", "Levels", "Steering"]

LEVELS: Final = ("none", "error", "warn", "info", "debug", "trace")
"""The least important lines that are logged, by the names that `wamprouter start` takes."""

_NAMES: Final = {"none": "critical", "trace": "debug"}  # Crossbar's names


class Levels:
    """What is logged. ``predicate`` filters it."""

    def __init__(self, predicate: LogLevelFilterPredicate, level: str) -> None:
        self._predicate = predicate
        self.level = level

    @property
    def level(self) -> str:
        """One of ``LEVELS``."""
        return self._level

    @level.setter
    def level(self, level: str) -> None:
        self._level = level
        self._predicate.setLogLevelForNamespace("", LogLevel.levelWithName(_NAMES.get(level, level)))
        # A peer that breaks off a handshake is no news, and a thousand of them must not fill the log.
        quiet = LogLevel.debug if self.is_debug else LogLevel.error
        self._predicate.setLogLevelForNamespace("autobahn", quiet)

    @property
    def is_debug(self) -> bool:
        """Whether everything is logged."""
        return self._level in ("debug", "trace")


class Steering(NamedTuple):
    """What can be done with the process."""

    reload: Callable[[Callable[[list[str]], None]], Outcome]
    """Read the configuration again and take it. The argument is told what changes, at the last moment before it does."""
    levels: Levels
