"""Decorators that mark procedures, handlers and error classes with their URI, and the URI patterns they take.

A mark does nothing by itself: ``session.register(obj)``, ``session.subscribe(obj)`` and ``session.define(cls)`` read it.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar

from wamp.protocol.uris import Match

if TYPE_CHECKING:
    from wamp.types import RegisterOptions, SubscribeOptions

__all__ = ["Pattern", "Target", "error", "patterns", "register", "subscribe"]

_F = TypeVar("_F", bound=Callable[..., Any])
_E = TypeVar("_E", bound=type[Exception])

_MARK: Final = "_wampuris"
"""The attribute that Autobahn's decorators set as well, so that marks of either library are understood."""

_NAMED: Final = re.compile(r"<([a-z][a-z0-9_]*)(?::([a-z]*))?>")
_PLAIN: Final = re.compile(r"[^\s.#<>]+")
_CONVERTERS: Final[dict[str | None, Callable[[str], Any]]] = {
    None: str,
    "str": str,
    "string": str,
    "suffix": str,
    "int": int,
}


class Target(enum.Enum):
    """What a URI was put on. The values are Autobahn's."""

    ENDPOINT = 1
    HANDLER = 2
    EXCEPTION = 3


class Pattern:
    """A URI as a decorator takes it: exact, with empty components, or with named ones: ``com.product.<product:int>.x``."""

    def __init__(
        self,
        uri: str,
        target: Target,
        options: RegisterOptions | SubscribeOptions | None = None,
        *,
        check_types: bool | None = None,
    ) -> None:
        self.target = target
        self.options = options
        self.check_types = bool(check_types)
        self._uri = uri
        self._converters: dict[str, Callable[[str], Any]] = {}
        self._wire, self._expression = self._parse(uri)

    def _parse(self, uri: str) -> tuple[str, re.Pattern[str] | None]:
        """Return the URI as the router gets it, and what reads named components out of an actual URI."""
        components = uri.split(".")
        wire, expression = [], []
        for position, component in enumerate(components):
            named = _NAMED.fullmatch(component)
            if named is not None:
                wire.append("")
                expression.append(self._name(named, is_last=position == len(components) - 1))
            elif not component:
                wire.append("")
                expression.append(r"[^\s.#]+")
            elif _PLAIN.fullmatch(component):
                wire.append(component)
                expression.append(re.escape(component))
            else:
                raise TypeError(f"invalid URI {uri!r}: {component!r} is neither a component nor <name> or <name:type>")
        return ".".join(wire), re.compile(r"\.".join(expression)) if self._converters else None

    def _name(self, named: re.Match[str], *, is_last: bool) -> str:
        name, converter = named.groups()
        if converter not in _CONVERTERS or (converter == "suffix" and not is_last) or name in self._converters:
            raise TypeError(f"invalid URI {self._uri!r}: {named.group()!r} is of unknown type, misplaced or repeated")
        self._converters[name] = _CONVERTERS[converter]
        return rf"(?P<{name}>[^\s.#]+)"

    def uri(self) -> str:
        """Return the pattern as it was written."""
        return self._uri

    @property
    def wire_uri(self) -> str:
        """The URI as the router gets it: a named component is an empty one."""
        return self._wire

    @property
    def match_policy(self) -> Match:
        """Exact, or wildcard where a component is named or empty."""
        return Match.WILDCARD if "" in self._wire.split(".") else Match.EXACT

    @property
    def has_names(self) -> bool:
        return self._expression is not None

    def arguments_of(self, uri: str) -> dict[str, Any]:
        """Return the named components of an actual URI; raise ValueError if it does not match."""
        if self._expression is None:
            return {}
        match = self._expression.fullmatch(uri)
        if match is None:
            raise ValueError(f"{uri} does not match {self._uri}")
        return {name: convert(match[name]) for name, convert in self._converters.items()}


def register(
    uri: str | None, options: RegisterOptions | None = None, check_types: bool | None = None
) -> Callable[[_F], _F]:
    """Mark a function as a procedure; ``None`` takes the function's name as its URI."""

    def decorate(function: _F) -> _F:
        name = function.__name__ if uri is None else uri
        return _mark(function, Pattern(name, Target.ENDPOINT, options, check_types=check_types))

    return decorate


def subscribe(
    uri: str | None, options: SubscribeOptions | None = None, check_types: bool | None = None
) -> Callable[[_F], _F]:
    """Mark a function as an event handler; ``None`` takes the function's name as its topic."""

    def decorate(function: _F) -> _F:
        name = function.__name__ if uri is None else uri
        return _mark(function, Pattern(name, Target.HANDLER, options, check_types=check_types))

    return decorate


def error(uri: str) -> Callable[[_E], _E]:
    """Mark an exception class with the URI that it stands for."""

    def decorate(cls: _E) -> _E:
        return _mark(cls, Pattern(uri, Target.EXCEPTION))

    return decorate


_T = TypeVar("_T")


def _mark(marked: _T, pattern: Pattern) -> _T:
    # A subclass of a marked exception gets a list of its own: its mark is not its parent's.
    marks: list[Pattern] = vars(marked).get(_MARK, [])
    if not marks:
        setattr(marked, _MARK, marks)
    marks.append(pattern)
    return marked


def patterns(marked: Any, target: Target) -> Iterator[Pattern]:
    """Yield the marks of one kind on a function or class, those of Autobahn's decorators included."""
    for pattern in getattr(marked, _MARK, ()):
        own = pattern if isinstance(pattern, Pattern) else _adopt(pattern)
        if own.target is target:
            yield own


def _adopt(foreign: Any) -> Pattern:
    """Return the mark of one of Autobahn's decorators as ours."""
    target = Target(foreign._target)
    return Pattern(foreign.uri(), target, foreign.options, check_types=foreign._check_types)
