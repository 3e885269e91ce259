"""The type hints of a function: where they are written, what they stand for, and which parameter is a stream."""

from __future__ import annotations

import functools
import inspect
import re
import types
import typing
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Generator
from inspect import Parameter
from typing import Any, Final

from wamp.types import CallResult

__all__ = [
    "POSITIONAL",
    "definition_of",
    "is_stream",
    "item_of",
    "name_of",
    "resolved",
    "stream_parameter",
    "value_hint",
]

POSITIONAL: Final = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_STREAMS: Final = (AsyncIterator, AsyncIterable, AsyncGenerator)


def definition_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what was written with ``def``: below decorators, partials, methods and callable objects."""
    function = inspect.unwrap(function)
    if isinstance(function, functools.partial):
        return definition_of(function.func)
    if inspect.ismethod(function):
        return definition_of(function.__func__)
    if inspect.isroutine(function) or isinstance(function, type):
        return function
    return definition_of(type(function).__call__)


def resolved(annotation: Any, definition: Callable[..., Any]) -> Any:
    """Return the hint that an annotation stands for, be it a string. What evaluating it raises is passed on."""
    scope = {each.__name__: each for each in getattr(definition, "__type_params__", ())}
    owner = types.SimpleNamespace(__annotations__={"hint": annotation})
    names = getattr(definition, "__globals__", {})
    return typing.get_type_hints(owner, names, scope, include_extras=True)["hint"]


def is_stream(hint: Any) -> bool:
    """Tell whether a hint is an ``AsyncIterator[...]`` or the like."""
    return (typing.get_origin(hint) or hint) in _STREAMS


def item_of(stream: Any) -> Any:
    """Return the hint of what an ``AsyncIterator[...]`` yields; anything, if it does not say."""
    return next(iter(typing.get_args(stream)), Any)


def value_hint(hint: Any) -> Any:
    """Return the part of a return hint that is said of what is sent; Any if nothing is.

    Of ``Deferred[int]`` and ``Coroutine[Any, Any, int]`` that is the last argument, of ``AsyncIterator[int]`` the item.
    A CallResult is looked into by itself, beside the other members of a union. ``NoReturn`` never comes to a check.
    """
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = tuple(value_hint(each) for each in typing.get_args(hint) if each is not CallResult)
        return typing.Union[members]  # noqa: UP007  (of a tuple)
    if hint in (typing.NoReturn, typing.Never):
        return Any
    cls = typing.get_origin(hint) or hint
    if not isinstance(cls, type):
        return hint
    if issubclass(cls, AsyncIterable):
        return item_of(hint)
    if issubclass(cls, (Awaitable, Generator)):  # a generator is what inlineCallbacks makes a Deferred of
        return value_hint((typing.get_args(hint) or (Any,))[-1])
    return hint


_STREAM_TEXT: Final = re.compile(r"(\w+\.)*Async(Iterator|Iterable|Generator)\b")


def stream_parameter(function: Callable[..., Any]) -> tuple[str, int] | None:
    """Return name and position of the parameter that is an ``AsyncIterator[...]``, or None if there is none.

    A procedure with such a parameter takes a progressive call, one item an invocation (WAMP advanced profile,
    "Progressive Call Invocations"). ``AsyncIterable`` and ``AsyncGenerator`` count too. A hint that cannot be resolved,
    as its names are imported for the type checker only, is taken by its text. Raises TypeError if there are several.
    """
    definition = definition_of(function)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError, NameError):  # a builtin; from Python 3.14 on also a name that is not defined
        return None
    streams = [
        (each.name, position)
        for position, each in enumerate(parameters)
        if each.kind in POSITIONAL and _annotates_stream(each.annotation, definition)
    ]
    if len(streams) > 1:
        names = " and ".join(f"'{name}'" for name, _ in streams)
        raise TypeError(f"{name_of(function)}: a call brings one stream, but {names} are annotated as streams")
    return streams[0] if streams else None


def _annotates_stream(annotation: Any, definition: Callable[..., Any]) -> bool:
    try:
        return is_stream(resolved(annotation, definition))
    except Exception:  # noqa: BLE001  (evaluating an annotation can raise anything)
        return isinstance(annotation, str) and _STREAM_TEXT.match(annotation) is not None


def name_of(function: Callable[..., Any]) -> str:
    """Return what a function, or an object that can be called, is called in messages."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))
