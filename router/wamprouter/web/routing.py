"""From a method and an address to a route, and from a request to named arguments. Pure.

Addresses are a tree of their parts. A fixed part is meant rather than a parameter, and where it leads nowhere the parameter is
tried.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from wamprouter.config import Route
from wamprouter.web.exchange import BadRequest

__all__ = ["Routes", "arguments"]


class _Place:
    """A place in the tree: what goes on from here, and what is here."""

    __slots__ = ("fixed", "parameter", "routes")

    def __init__(self) -> None:
        self.fixed: dict[str, _Place] = {}
        self.parameter: _Place | None = None
        self.routes: dict[str, Route] = {}  # method -> route


class Routes:
    """All routes of a path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Place()
        for route in routes:
            place = self._root
            for part in route.parts:
                place = _next(place, part)
            place.routes[route.method] = route

    def match(self, parts: Sequence[str]) -> dict[str, tuple[Route, tuple[str, ...]]]:
        """Return what an address leads to: method -> its route, and what stands for its parameters. Nothing if it is unknown."""
        found: dict[str, tuple[Route, tuple[str, ...]]] = {}
        for place, values in _walk(self._root, parts, ()):
            for method, route in place.routes.items():
                found.setdefault(method, (route, values))
        return found


def _next(place: _Place, part: str) -> _Place:
    if not part.startswith("<"):
        return place.fixed.setdefault(part, _Place())
    if place.parameter is None:
        place.parameter = _Place()
    return place.parameter


def _walk(place: _Place, parts: Sequence[str], values: tuple[str, ...]) -> Iterable[tuple[_Place, tuple[str, ...]]]:
    """Yield where parts lead to from a place, the more fixed first."""
    if not parts:
        yield place, values
        return
    part, *rest = parts
    if part in place.fixed:
        yield from _walk(place.fixed[part], rest, values)
    if place.parameter is not None and part:
        yield from _walk(place.parameter, rest, (*values, part))


_PLACES: Final = ("address", "query", "body")


def arguments(
    route: Route, values: Sequence[str], query: Mapping[str, Sequence[str]], body: Any = None
) -> dict[str, Any]:
    """Return the named arguments of a request; raise BadRequest if one is given in two places, or more than once.

    ``body`` is the value of its JSON, None without one.
    """
    if body is not None and not isinstance(body, dict):
        raise BadRequest("got another value than an object in the body, expected named arguments")
    sources = (dict(zip(route.parameters, values, strict=True)), _query(route.lists, query), body or {})
    found: dict[str, Any] = {}
    given: dict[str, str] = {}
    for place, source in zip(_PLACES, sources, strict=True):
        for name, value in source.items():
            if name in given:
                raise BadRequest(f"{name!r} is given in the {given[name]} and in the {place}, expected it once")
            found[name], given[name] = value, place
    return found


def _query(lists: Collection[str], query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, values in query.items():
        if name in lists:
            found[name] = list(values)
        elif len(values) > 1:
            raise BadRequest(f"{name!r} comes {len(values)} times in the query, expected it once")
        else:
            found[name] = values[0]
    return found
