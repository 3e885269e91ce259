"""Words of a command line as values, and values as text: what a payload looks like to whoever types it and reads it.

Both ways have one notation, so that what a command prints can be given to the next: JSON, ``key=value`` for keyword arguments, and
text for whatever is no JSON. Binary values are written as WAMP writes them in JSON: a NUL and their base64.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NoReturn

__all__ = ["TEXT", "VALUE", "as_json", "check_names", "line", "on_one_line", "payload", "value"]

Payload = tuple[list[Any], dict[str, Any]]

TEXT: Final = "\0t"
"""What begins a word that is text, whatever it looks like. No word that was typed has a NUL in it."""

VALUE: Final = "\0v"
"""What begins a word that must not be taken for an option, such as a negative number."""


def payload(words: Sequence[str], texts: Sequence[str] = ()) -> Payload:
    """Return the arguments and keyword arguments that words stand for; raise ValueError.

    Words after VALUE are read as any other, those after TEXT are not read at all. ``texts`` are keyword arguments whose values
    are text: ``key=text``.
    """
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for word in words:
        if word.startswith(TEXT):
            args.append(_utf8(word.removeprefix(TEXT)))
            continue
        word = _utf8(word.removeprefix(VALUE))
        key, separator, rest = word.partition("=")
        if separator and key.isidentifier():
            _add(kwargs, key, value(rest))
        else:
            args.append(value(word))
    for word in texts:
        key, separator, rest = word.partition("=")
        if not separator or not key.isidentifier():
            raise ValueError(f"{word!r} is no keyword argument, expected KEY=TEXT")
        _add(kwargs, key, _utf8(rest))
    return args, kwargs


def check_names(kwargs: Mapping[str, Any], reserved: Collection[str]) -> None:
    """Raise ValueError for a keyword argument that the client library keeps for itself."""
    for key in kwargs:
        if key in reserved:
            raise ValueError(f"a keyword argument cannot be called {key} here")


def value(word: str) -> Any:
    """Return what JSON says that a word is, or else the word; raise ValueError if it is nested too deeply."""
    try:
        return json.loads(word, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    except ValueError:  # no JSON, or a number beyond all bounds
        return word


def _add(kwargs: dict[str, Any], key: str, item: Any) -> None:
    if key in kwargs:
        raise ValueError(f"the keyword argument {key} is given twice")
    kwargs[key] = item


def _refuse(constant: str) -> NoReturn:
    """Python's parser would take NaN and Infinity, which are no JSON."""
    raise ValueError(constant)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(digits)
    return number


def _utf8(word: str) -> str:
    """Return a word, in which Python marks bytes that are not UTF-8: no serializer could write them."""
    try:
        word.encode()
    except UnicodeEncodeError:
        raise ValueError(f"the argument {word!r} is not UTF-8") from None
    return word


# -- values as text


def as_json(item: Any) -> str:
    """Return a value as JSON on one line. What JSON has no word for becomes what JavaScript makes of it: NaN becomes null."""
    try:
        text = json.dumps(item, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError):  # binary or infinite somewhere, or half a character
        text = json.dumps(_plain(item))
    return text


def _plain(item: Any) -> Any:
    match item:
        case bytes() | bytearray() | memoryview():
            return "\0" + b64encode(item).decode()
        case float() if not math.isfinite(item):
            return None
        case Mapping():
            return {str(key): _plain(each) for key, each in item.items()}
        case list() | tuple():
            return [_plain(each) for each in item]
        case str() | int() | float() | None:
            return item
        case _:
            return str(item)


def line(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return arguments as they would be typed, but for the quotes of a shell."""
    return " ".join([*map(as_json, args), *(f"{key}={as_json(each)}" for key, each in kwargs.items())])


def on_one_line(text: str) -> str:
    """Return a text that others have written without what moves the cursor, or begins another line."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
