"""Arguments and results checked against the type hints of a procedure: dicts become its dataclasses, and the way back.

It knows functions and values, nothing of sessions or event loops. How strict it is ``wamp.conversion`` says.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from copy import copy
from inspect import Parameter
from itertools import chain, repeat
from math import inf
from typing import Any, Final, ParamSpec, TypeVar, overload

from msgspec import ValidationError

from wamp.conversion import Converter, as_is, builtins, converter, kept_converter, sender
from wamp.exception import ApplicationError, TypeCheckError
from wamp.hints import POSITIONAL, definition_of, is_stream, item_of, name_of, resolved, value_hint
from wamp.types import CallResult

__all__ = ["Typed", "converted", "typed"]

T = TypeVar("T")
P = ParamSpec("P")
_NAMED: Final = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


class Typed:
    """The types of one function, worked out when it is built.

    ``details_arg`` names the parameter that the library fills in: it is not checked, nor is its hint looked at.
    Raises TypeError if a hint cannot be resolved or checked, or if there is no such parameter.
    """

    __slots__ = ("_by_name", "_by_position", "_fewest", "_more", "_most", "_others", "_result", "_signature", "name")

    def __init__(self, function: Callable[..., Any], *, details_arg: str | None = None) -> None:
        self.name = name_of(function)
        self._signature = self._signature_of(function)
        definition = definition_of(function)
        self._by_position: list[tuple[str, Converter]] = []
        self._by_name: dict[str, Converter] = {}
        self._more: tuple[str, Converter] | None = None
        self._others: Converter | None = None
        for each in self._signature.parameters.values():
            self._add(each, as_is if each.name == details_arg else self._argument_converter(each, definition))
        if details_arg is not None:
            self._expect(details_arg)
        self._fewest, self._most = self._counts()
        hint = value_hint(self._hint("result", self._signature.return_annotation, definition))
        self._result = self._made("result", sender, hint)

    def arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments of a call as the function declares them.

        Raises ApplicationError ``wamp.error.invalid_argument`` for what is missing, not expected or of another type.
        """
        # bind takes 1.5 microseconds, half of it all: values in their right number need none.
        if kwargs or not self._fewest <= len(args) <= self._most:
            self._bind(args, kwargs)
        positions: Iterable[tuple[str, Converter]] = self._by_position
        if self._more:
            positions = chain(positions, repeat(self._more))
        return (
            # Not strict: defaults stand for the positions that are not given.
            [self._argument(name, convert, value) for (name, convert), value in zip(positions, args, strict=False)],
            {name: self._argument(name, self._convert_of(name), value) for name, value in kwargs.items()},
        )

    def result(self, value: Any) -> Any:
        """Return a result, or one item of a generator, as it is sent; of a CallResult its parts, which have no hints.

        Raises TypeError if it is not what the function declares, or cannot be sent: a bug of the function.
        """
        try:
            return _sent_parts(value) if isinstance(value, CallResult) else self._result(value)
        except (TypeError, ValueError) as refusal:
            raise TypeError(f"{self.name}: result: {refusal}") from refusal

    # -- at a call --

    def _bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError as refusal:
            raise self._refusal(refusal) from None

    def _convert_of(self, name: str) -> Converter:
        return self._by_name.get(name) or self._others or as_is

    def _argument(self, name: str, convert: Converter, value: Any) -> Any:
        try:
            return convert(value)
        except ValidationError as refusal:
            raise self._refusal(f"argument '{name}': {refusal}") from None

    def _refusal(self, reason: object) -> ApplicationError:
        return ApplicationError(ApplicationError.INVALID_ARGUMENT, f"{self.name}: {reason}")

    # -- when it is built --

    def _signature_of(self, function: Callable[..., Any]) -> inspect.Signature:
        try:
            return inspect.signature(function)
        except (ValueError, NameError) as refusal:
            raise TypeError(f"{self.name}: it has no readable type hints: {refusal}") from None

    def _add(self, parameter: Parameter, convert: Converter) -> None:
        name, kind = parameter.name, parameter.kind
        if kind in POSITIONAL:
            self._by_position.append((name, convert))
        if kind in _NAMED:
            self._by_name[name] = convert
        if kind is Parameter.VAR_POSITIONAL:
            self._more = name, convert
        if kind is Parameter.VAR_KEYWORD:
            self._others = convert

    def _expect(self, details_arg: str) -> None:
        """Let the details pass, also where they are one of ``**kwargs``."""
        if details_arg not in self._by_name and self._others is None:
            raise TypeError(f"{self.name}: it has no parameter '{details_arg}' to take the details")
        self._by_name[details_arg] = as_is

    def _counts(self) -> tuple[float, float]:
        """Return how many arguments a call has at least and at most that gives none by name."""
        required = [each.kind for each in self._signature.parameters.values() if each.default is Parameter.empty]
        fewest = inf if Parameter.KEYWORD_ONLY in required else sum(kind in POSITIONAL for kind in required)
        return fewest, inf if self._more else len(self._by_position)

    def _argument_converter(self, parameter: Parameter, definition: Callable[..., Any]) -> Converter:
        what = f"argument '{parameter.name}'"
        hint = self._hint(what, parameter.annotation, definition)
        if not is_stream(hint):
            return self._made(what, converter, hint)
        convert = self._made(what, converter, item_of(hint))

        async def items(source: AsyncIterable[Any]) -> AsyncIterator[Any]:
            async for item in source:
                yield self._argument(parameter.name, convert, item)

        return items

    def _hint(self, what: str, annotation: Any, definition: Callable[..., Any]) -> Any:
        if annotation is Parameter.empty:
            return Any
        try:
            return resolved(annotation, definition)
        except Exception as refusal:  # noqa: BLE001  (evaluating an annotation can raise anything)
            text = f"{self.name}: {what}: cannot resolve the type hint {annotation!r}: {refusal}"
            raise TypeError(text) from None

    def _made(self, what: str, make: Callable[[Any], Converter], hint: Any) -> Converter:
        try:
            return make(hint)
        except TypeError as refusal:
            raise TypeError(f"{self.name}: {what}: {refusal}") from None


def _sent_parts(result: CallResult) -> CallResult:
    sent = copy(result)
    sent.results = tuple(map(builtins, result.results))
    sent.kwresults = {name: builtins(value) for name, value in result.kwresults.items()}
    return sent


def _is(kind: Callable[[Any], bool], function: Callable[..., Any]) -> bool:
    """Tell whether a function, or the method behind a callable object, is of a kind that ``inspect`` knows."""
    return kind(function) or kind(type(function).__call__)


@overload
def typed(
    function: Callable[P, Awaitable[T]], *, details_arg: str | None = None
) -> Callable[P, Coroutine[Any, Any, T]]: ...
@overload
def typed(function: Callable[P, T], *, details_arg: str | None = None) -> Callable[P, T]: ...
def typed(function: Callable[..., Any], *, details_arg: str | None = None) -> Callable[..., Any]:
    """Return a function that checks arguments and results of ``function`` against its type hints: see ``Typed``.

    It is of the same kind: plain, coroutine function, or asynchronous generator function, of which each item is
    checked. What a plain function returns to be waited for, such as a Deferred, becomes a coroutine.
    """
    types_of = Typed(function, details_arg=details_arg)
    if _is(inspect.isasyncgenfunction, function):
        wrapper = _typed_generator(function, types_of)
    elif _is(inspect.iscoroutinefunction, function):
        wrapper = _typed_coroutine(function, types_of)
    else:
        wrapper = _typed_plain(function, types_of)
    return functools.update_wrapper(wrapper, function)


def _typed_plain(function: Callable[..., Any], types_of: Typed) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        given, named = types_of.arguments(args, kwargs)
        value = function(*given, **named)
        if isinstance(value, Awaitable):
            return _awaited(value, types_of)
        return _items(value, types_of) if isinstance(value, AsyncIterator) else types_of.result(value)

    return call


async def _awaited(value: Awaitable[Any], types_of: Typed) -> Any:
    return types_of.result(await value)


async def _items(items: AsyncIterator[Any], types_of: Typed) -> AsyncGenerator[Any, None]:
    try:
        async for item in items:
            yield types_of.result(item)
    finally:
        if isinstance(items, AsyncGenerator):  # an iterator need have no end of its own
            await items.aclose()


def _typed_coroutine(function: Callable[..., Any], types_of: Typed) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        given, named = types_of.arguments(args, kwargs)
        return types_of.result(await function(*given, **named))

    return call


def _typed_generator(function: Callable[..., Any], types_of: Typed) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        given, named = types_of.arguments(args, kwargs)
        async with aclosing(_items(function(*given, **named), types_of)) as items:
            async for item in items:
                yield item

    return call


# -- callers ----------------------------------------------------------------------------------------------------------


@overload
def converted(value: Any, hint: type[T]) -> T: ...


@overload
def converted(value: Any, hint: Any) -> Any: ...


def converted(value: Any, hint: Any) -> Any:
    """Return the result of a call as a value of type ``hint``.

    Raises TypeCheckError if it is none, TypeError if the hint cannot be checked.
    """
    try:
        convert = kept_converter(hint)
    except TypeError:  # a hint that has no hash, or a bad one: then it is said again
        convert = converter(hint)
    try:
        return convert(value)
    except ValidationError as refusal:
        raise TypeCheckError(f"result: {refusal}") from None
