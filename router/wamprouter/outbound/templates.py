"""From a URL with places for values, and the arguments of a call, to the address of a request.

A value fills its place and nothing else: it is encoded, and refused where even so it could lead to another path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from wamp.exception import ApplicationError

__all__ = ["Address", "Template"]

_PLACE: Final = re.compile(r"\{(\w+)\}")
_SEPARATORS: Final = re.compile(r"[/\\]")
_LONGEST: Final = 8000  # characters; web servers take as many (RFC 9110, section 4.1)


class Address(NamedTuple):
    """A URL, and the arguments that are not in it."""

    url: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]


class Template:
    """A URL in which ``{name}`` stands for a keyword argument and ``{0}`` for a positional one."""

    def __init__(self, url: str) -> None:
        start = re.match(r"https?://[^/?]*", url)
        assert start is not None  # the configuration has checked it
        self._base = start[0]
        path, question, query = url[start.end() :].partition("?")
        self._path = _PLACE.split(path or "/")  # text, name, text, name, … text
        self._query = _PLACE.split(question + query)
        self._names = {*self._path[1::2], *self._query[1::2]}

    def fill(self, args: Sequence[Any], kwargs: Mapping[str, Any], *, appended: bool = False) -> Address:
        """Return the address of a call; raise ApplicationError (invalid argument) if there is none.

        ``appended`` keyword arguments that have no place become part of the query: a list as several, null not at all.
        """
        path = "".join(self._filled(self._path, args, kwargs, is_path=True))
        if any(segment in (".", "..") for segment in path.split("/")) or ("//" in path and "//" not in self._path[0]):
            raise _invalid("these values make no path")
        query = "".join(self._filled(self._query, args, kwargs, is_path=False))
        rest = {name: value for name, value in kwargs.items() if name not in self._names}
        more = [value for place, value in enumerate(args) if str(place) not in self._names]
        if appended:
            for name, value in rest.items():
                for one in _several(value):
                    query += f"{'&' if query else '?'}{quote(name, safe='')}={_encoded(name, one)}"
            rest = {}
        url = f"{self._base}{path}{query}"
        if len(url) > _LONGEST:
            raise _invalid(f"these values make an address of more than {_LONGEST} characters")
        return Address(url, more, rest)

    def _filled(
        self, pieces: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any], *, is_path: bool
    ) -> Iterable[str]:
        for place, piece in enumerate(pieces):
            if place % 2 == 0:
                yield piece
                continue
            value = _value(piece, args, kwargs)
            # Some servers decode a path before they look for its parts.
            if is_path and (value == "" or (isinstance(value, str) and ".." in _SEPARATORS.split(value))):
                raise _invalid(f"{piece}: this value makes no path")
            yield _encoded(piece, value)


def _value(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    if name.isdigit():
        if int(name) < len(args):
            return args[int(name)]
        raise _invalid(f"expected at least {int(name) + 1} positional arguments")
    if name in kwargs:
        return kwargs[name]
    raise _invalid(f"expected the keyword argument {name}")


def _several(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _encoded(name: str, value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return quote(str(value), safe="")
        case str():
            return quote(value, safe="")
    raise _invalid(f"{name}: expected a text, a number or a truth value")


def _invalid(text: str) -> ApplicationError:
    return ApplicationError(ApplicationError.INVALID_ARGUMENT, text)
