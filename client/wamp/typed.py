"""Arguments and results checked against the type hints of a procedure: dicts become its dataclasses, and the way back.

It knows functions, hints and values, nothing of sessions or event loops. msgspec converts. Hints that are pydantic's
(its models, dataclasses and types, ``Annotated[int, Field(gt=0)]``) are left to pydantic, which whoever wrote such a
hint has imported: this module never does.

msgspec is strict: ``"5"`` is no int and ``1.0`` neither; a date, UUID or Decimal is read from a string, a tuple or set
from a list. ``Field(gt=0)`` is asked of what has passed there. A model of pydantic's is as strict as its own
configuration says. Of a class that neither of them knows only ``isinstance`` is asked.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
import types
import typing
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from copy import copy
from inspect import Parameter
from itertools import chain, repeat
from math import inf
from typing import Any, Final, ParamSpec, TypeVar, overload

import msgspec
from msgspec import ValidationError

from wamp.exception import ApplicationError, TypeCheckError
from wamp.types import CallResult

__all__ = ["Typed", "converted", "stream_item", "stream_parameter", "typed"]

T = TypeVar("T")
P = ParamSpec("P")
Converter = Callable[[Any], Any]
"""Takes a value, returns it in another form or raises ValidationError."""

_STREAMS: Final = (AsyncIterator, AsyncIterable, AsyncGenerator)
_UNCHECKED: Final = (Any, object)
_POSITIONAL: Final = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_NAMED: Final = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


# -- values -----------------------------------------------------------------------------------------------------------

# What serializers carry as it is. Without it msgspec would read bytes from base64, which is not what WAMP sends.
_BINARY: Final = (bytes, bytearray, memoryview)

# Classes whose instances need no look inside. True is no int here: type() is compared, not isinstance.
_PLAIN: Final = (int, str, bytes, bool, float, type(None))


def _as_is(value: Any) -> Any:
    return value


def _converter(hint: Any) -> Converter:
    """Return what turns received values into ``hint``. Raises TypeError for a hint that cannot be checked."""
    if hint in _UNCHECKED:
        return _as_is
    if _is_pydantic(hint):
        return _pydantic_converter(hint)
    convert = _msgspec_converter(hint)
    if not _has_constraint(hint):
        return convert
    constrain = _pydantic_converter(hint)
    return lambda value: constrain(convert(value))


_kept_converter = functools.lru_cache(maxsize=256)(_converter)


def _msgspec_converter(hint: Any) -> Converter:
    # For a bare hint msgspec.convert builds its tables at every call, for a Struct once: hence a box with one item.
    box = msgspec.defstruct("Box", [("value", hint)], array_like=True)
    try:
        msgspec.json.Decoder(box)
        if getattr(hint, "_is_protocol", False):
            isinstance(None, hint)  # which is what it would come to at each call, unless it is runtime_checkable
    except (TypeError, NameError, AttributeError) as refusal:
        raise TypeError(str(refusal)) from None

    def convert(value: Any) -> Any:
        try:
            # JSON has no keys but strings: str_keys lets {"1": ...} be a dict[int, ...], and {1: ...} as well.
            boxed: Any = msgspec.convert((value,), box, builtin_types=_BINARY, str_keys=True, dec_hook=_foreign)
        except ValidationError as refusal:
            raise ValidationError(_without_box(str(refusal))) from None
        return boxed.value

    return _unless_plain(hint, convert)


def _unless_plain(hint: Any, convert: Converter) -> Converter:
    """Return ``convert`` with a short way for the classes that are sent as they are."""
    if hint not in _PLAIN:
        return convert

    def plain(value: Any) -> Any:
        return value if type(value) is hint else convert(value)

    return plain


def _without_box(text: str) -> str:
    return text.replace("`$[0]", "`$", 1).removesuffix(" - at `$`")


def _foreign(hint: Any, value: Any) -> Any:
    """Convert what msgspec has no notion of: pydantic's types inside of other types, and any other class.

    Raises ValueError, to which msgspec adds the place; a ValidationError it would take for complete.
    """
    if _is_pydantic(hint):
        try:
            return _kept_converter(hint)(value)
        except ValidationError as refusal:
            raise ValueError(str(refusal)) from None
    cls = typing.get_origin(hint) or hint
    if isinstance(value, cls):
        return value
    raise ValueError(f"Expected `{cls.__name__}`, got `{type(value).__name__}`")


def _builtins(value: Any) -> Any:
    """Return a value as every serializer can send it. Raises TypeError or ValueError if there is no such form."""
    return msgspec.to_builtins(value, builtin_types=_BINARY, enc_hook=_dumped)


def _dumped(value: Any) -> Any:
    if hasattr(type(value), "model_dump"):
        return _dump(value.model_dump)
    raise TypeError(f"objects of type {type(value).__name__} cannot be sent")


def _sender(hint: Any) -> Converter:
    """Return what turns results into what is sent, and checks that against ``hint``.

    Checked is what the caller gets, not what the procedure holds: a Struct is believed no more than a dict.
    """
    if hint in _UNCHECKED:
        return _builtins
    if hint is CallResult:
        return _refuse_single_value
    if _is_pydantic(hint):
        return _pydantic_sender(hint)
    check = _converter(hint)

    def send(value: Any) -> Any:
        sent = _builtins(value)
        check(sent)
        return sent

    return _unless_plain(hint, send)


def _refuse_single_value(value: Any) -> Any:
    raise ValidationError(f"Expected `CallResult`, got `{type(value).__name__}`")


# -- pydantic ---------------------------------------------------------------------------------------------------------


def _is_pydantic(hint: Any) -> bool:
    """Tell whether a hint, or a hint inside its brackets, says itself how pydantic is to read it."""
    return "pydantic" in sys.modules and any(map(_has_schema, _parts(hint)))


def _has_schema(hint: Any) -> bool:
    return hasattr(hint, "__get_pydantic_core_schema__") or hasattr(hint, "__pydantic_core_schema__")


def _has_constraint(hint: Any) -> bool:
    """Tell whether a hint, or a hint inside its brackets, has a ``Field(...)`` or the like beside it."""
    return "pydantic" in sys.modules and any(
        type(each).__module__.partition(".")[0] in ("pydantic", "annotated_types") for each in _parts(hint)
    )


def _parts(hint: Any) -> Iterator[Any]:
    """Yield a hint, what it is annotated with, and the same of what is in its brackets."""
    yield hint
    yield from getattr(hint, "__metadata__", ())
    for each in typing.get_args(hint):
        yield from _parts(each)


def _adapter(hint: Any) -> Any:
    try:
        return sys.modules["pydantic"].TypeAdapter(hint)
    except (TypeError, NameError, RuntimeError) as refusal:
        raise TypeError(str(refusal)) from None


def _pydantic_converter(hint: Any) -> Converter:
    validate, refused = _adapter(hint).validate_python, sys.modules["pydantic"].ValidationError

    def convert(value: Any) -> Any:
        try:
            return validate(value)
        except refused as refusal:
            raise ValidationError(_complaint(refusal)) from None

    return convert


def _pydantic_sender(hint: Any) -> Converter:
    check, dump = _pydantic_converter(hint), _adapter(hint).dump_python
    return lambda value: _dump(dump, check(value))


def _dump(dump: Callable[..., Any], *value: Any) -> Any:
    try:
        # Pydantic takes an instance as it is, though its fields be spoilt since; dumping it warns of that.
        return dump(*value, mode="json", by_alias=True, warnings="error")
    except ValueError as refusal:
        # Pydantic's text has the values in it: that is for the log, where the cause is seen, not for the caller.
        raise ValidationError("a model cannot be sent as its fields are declared") from refusal


def _complaint(refusal: Any) -> str:
    """Return the first thing that pydantic complains of, in the words of msgspec: what, got what, where."""
    first, *others = refusal.errors(include_url=False)
    text: str = first["msg"]
    if first["type"] != "missing":  # there the input is the object around the gap
        text += f", got `{type(first['input']).__name__}`"
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
    if path:
        text += f" - at `${path}`"
    return f"{text} (and {len(others)} more)" if others else text


# -- hints ------------------------------------------------------------------------------------------------------------


def _definition(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what was written with ``def``: below decorators, partials, methods and callable objects."""
    function = inspect.unwrap(function)
    if isinstance(function, functools.partial):
        return _definition(function.func)
    if inspect.ismethod(function):
        return _definition(function.__func__)
    if inspect.isroutine(function) or isinstance(function, type):
        return function
    return _definition(type(function).__call__)


def _resolved(annotation: Any, definition: Callable[..., Any]) -> Any:
    """Return the hint that an annotation stands for, be it a string. What evaluating it raises is passed on."""
    scope = {each.__name__: each for each in getattr(definition, "__type_params__", ())}
    owner = types.SimpleNamespace(__annotations__={"hint": annotation})
    names = getattr(definition, "__globals__", {})
    return typing.get_type_hints(owner, names, scope, include_extras=True)["hint"]


def _is_stream(hint: Any) -> bool:
    return (typing.get_origin(hint) or hint) in _STREAMS


def _item(stream: Any) -> Any:
    """Return the hint of what an ``AsyncIterator[...]`` yields; anything, if it does not say."""
    return next(iter(typing.get_args(stream)), Any)


def _value_hint(hint: Any) -> Any:
    """Return the part of a return hint that is said of what is sent; Any if nothing is.

    Of ``Deferred[int]`` and ``Coroutine[Any, Any, int]`` that is the last argument, of ``AsyncIterator[int]`` the item.
    A CallResult is looked into by itself, beside the other members of a union. ``NoReturn`` never comes to a check.
    """
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = tuple(_value_hint(each) for each in typing.get_args(hint) if each is not CallResult)
        return typing.Union[members]  # noqa: UP007  (of a tuple)
    if hint in (typing.NoReturn, typing.Never):
        return Any
    cls = typing.get_origin(hint) or hint
    if not isinstance(cls, type):
        return hint
    if issubclass(cls, AsyncIterable):
        return _item(hint)
    if issubclass(cls, (Awaitable, Generator)):  # a generator is what inlineCallbacks makes a Deferred of
        return _value_hint((typing.get_args(hint) or (Any,))[-1])
    return hint


_STREAM_TEXT: Final = re.compile(r"(\w+\.)*Async(Iterator|Iterable|Generator)\b")


def stream_parameter(function: Callable[..., Any]) -> str | None:
    """Return the name of the positional parameter that is an ``AsyncIterator[...]``, or None if there is none.

    A procedure with such a parameter takes a progressive call, one item an invocation (WAMP advanced profile,
    "Progressive Call Invocations"). ``AsyncIterable`` and ``AsyncGenerator`` count too. A hint that cannot be resolved,
    as its names are imported for the type checker only, is taken by its text. Raises TypeError if there are several.
    """
    stream = _stream(function)
    return None if stream is None else stream.name


def stream_item(function: Callable[..., Any]) -> Any:
    """Return the hint of one item of the ``stream_parameter``; Any if it has none, or it cannot be resolved."""
    stream = _stream(function)
    if stream is None:
        return Any
    try:
        return _item(_resolved(stream.annotation, _definition(function)))
    except Exception:  # noqa: BLE001  (evaluating an annotation can raise anything)
        return Any


def _stream(function: Callable[..., Any]) -> Parameter | None:
    definition = _definition(function)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError, NameError):  # a builtin; from Python 3.14 on also a name that is not defined
        return None
    streams = [
        each for each in parameters if each.kind in _POSITIONAL and _annotates_stream(each.annotation, definition)
    ]
    if len(streams) > 1:
        names = " and ".join(f"'{each.name}'" for each in streams)
        raise TypeError(f"{_name(function)}: a call brings one stream, but {names} are annotated as streams")
    return streams[0] if streams else None


def _annotates_stream(annotation: Any, definition: Callable[..., Any]) -> bool:
    try:
        return _is_stream(_resolved(annotation, definition))
    except Exception:  # noqa: BLE001  (evaluating an annotation can raise anything)
        return isinstance(annotation, str) and _STREAM_TEXT.match(annotation) is not None


# -- functions --------------------------------------------------------------------------------------------------------


class Typed:
    """The types of one function, worked out when it is built.

    ``details_arg`` names the parameter that the library fills in: it is not checked, nor is its hint looked at.
    Raises TypeError if a hint cannot be resolved or checked, or if there is no such parameter.
    """

    __slots__ = ("_by_name", "_by_position", "_fewest", "_more", "_most", "_others", "_result", "_signature", "name")

    def __init__(self, function: Callable[..., Any], *, details_arg: str | None = None) -> None:
        self.name = _name(function)
        self._signature = self._signature_of(function)
        definition = _definition(function)
        self._by_position: list[tuple[str, Converter]] = []
        self._by_name: dict[str, Converter] = {}
        self._more: tuple[str, Converter] | None = None
        self._others: Converter | None = None
        for each in self._signature.parameters.values():
            self._add(each, _as_is if each.name == details_arg else self._argument_converter(each, definition))
        if details_arg is not None:
            self._expect(details_arg)
        self._fewest, self._most = self._counts()
        hint = _value_hint(self._hint("result", self._signature.return_annotation, definition))
        self._result = self._made("result", _sender, hint)

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
        return self._by_name.get(name) or self._others or _as_is

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
        if kind in _POSITIONAL:
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
        self._by_name[details_arg] = _as_is

    def _counts(self) -> tuple[float, float]:
        """Return how many arguments a call has at least and at most that gives none by name."""
        required = [each.kind for each in self._signature.parameters.values() if each.default is Parameter.empty]
        fewest = inf if Parameter.KEYWORD_ONLY in required else sum(kind in _POSITIONAL for kind in required)
        return fewest, inf if self._more else len(self._by_position)

    def _argument_converter(self, parameter: Parameter, definition: Callable[..., Any]) -> Converter:
        what = f"argument '{parameter.name}'"
        hint = self._hint(what, parameter.annotation, definition)
        if not _is_stream(hint):
            return self._made(what, _converter, hint)
        convert = self._made(what, _converter, _item(hint))

        async def items(source: AsyncIterable[Any]) -> AsyncIterator[Any]:
            async for item in source:
                yield self._argument(parameter.name, convert, item)

        return items

    def _hint(self, what: str, annotation: Any, definition: Callable[..., Any]) -> Any:
        if annotation is Parameter.empty:
            return Any
        try:
            return _resolved(annotation, definition)
        except Exception as refusal:  # noqa: BLE001  (evaluating an annotation can raise anything)
            text = f"{self.name}: {what}: cannot resolve the type hint {annotation!r}: {refusal}"
            raise TypeError(text) from None

    def _made(self, what: str, make: Callable[[Any], Converter], hint: Any) -> Converter:
        try:
            return make(hint)
        except TypeError as refusal:
            raise TypeError(f"{self.name}: {what}: {refusal}") from None


def _name(function: Callable[..., Any]) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def _sent_parts(result: CallResult) -> CallResult:
    sent = copy(result)
    sent.results = tuple(map(_builtins, result.results))
    sent.kwresults = {name: _builtins(value) for name, value in result.kwresults.items()}
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
        convert = _kept_converter(hint)
    except TypeError:  # a hint that has no hash, or a bad one: then it is said again
        convert = _converter(hint)
    try:
        return convert(value)
    except ValidationError as refusal:
        raise TypeCheckError(f"result: {refusal}") from None
