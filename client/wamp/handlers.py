"""From messages to user functions and back: arguments, details, results. It runs nothing that waits.

What a function returns is the shell's business: a value, a coroutine, a Deferred.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Final

from wamp.decorators import Pattern, Target, patterns
from wamp.exception import TypeCheckError
from wamp.payload import algorithm_of
from wamp.protocol.messages import Event, Invocation, Result
from wamp.request import Endpoint, Handler, Registration, Subscription
from wamp.types import CallDetails, CallResult, EventDetails, RegisterOptions, SubscribeOptions

__all__ = [
    "VALUES",
    "call_details",
    "checked",
    "event_details",
    "marked_endpoints",
    "marked_handlers",
    "payload_of",
    "result_of",
]

VALUES: Final = frozenset(
    {type(None), bool, int, float, str, bytes, list, tuple, dict, CallResult}  # most results, and most arguments
)
"""Classes whose instances are nothing to wait for, and no iterators: finding that out of any object takes longer."""

Arguments = tuple[list[Any], dict[str, Any]]


def call_details(message: Invocation, registration: Registration, progress: Callable[..., Any] | None) -> CallDetails:
    """Return what the procedure may learn about the call."""
    get = message.details.get
    return CallDetails(
        registration,
        progress,
        get("caller"),
        get("caller_authid"),
        get("caller_authrole"),
        get("procedure") or registration.procedure,
        get("transaction_hash"),
        algorithm_of(message.details),
        get("forward_for"),
    )


def event_details(message: Event, subscription: Subscription) -> EventDetails:
    """Return what the handler may learn about the event."""
    get = message.details.get
    return EventDetails(
        subscription,
        message.publication,
        get("publisher"),
        get("publisher_authid"),
        get("publisher_authrole"),
        get("topic") or subscription.topic,
        get("retained"),
        get("transaction_hash"),
        algorithm_of(message.details),
        get("forward_for"),
    )


def result_of(args: list[Any], kwargs: dict[str, Any], message: Result, *, details: bool | None) -> Any:
    """Return a call's result: None, the one value, or a CallResult where there is more to say."""
    if not kwargs and not details:
        if not args:
            return None
        return args[0] if len(args) == 1 else CallResult(*args)
    result = CallResult(*args)
    result.kwresults = kwargs
    get = message.details.get
    result.callee = get("callee")
    result.callee_authid = get("callee_authid")
    result.callee_authrole = get("callee_authrole")
    result.forward_for = get("forward_for")
    result.enc_algo = algorithm_of(message.details)
    return result


def payload_of(value: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return a procedure's result as a YIELD carries it: a CallResult's parts, else the one value."""
    if isinstance(value, CallResult):
        return value.results, value.kwresults
    return (value,), {}


# -- objects with decorated methods -----------------------------------------------------------------------------------


def marked_endpoints(
    obj: object, options: RegisterOptions | None
) -> Iterator[tuple[str, Endpoint, RegisterOptions | None]]:
    """Yield URI, endpoint and options of each method that is decorated with ``@wamp.register``.

    A method without options of its own is registered with ``options``.
    """
    for method, pattern in _marked(obj, Target.ENDPOINT):
        chosen = typing.cast("RegisterOptions | None", pattern.options) or options
        if chosen is None and pattern.has_names:
            chosen = RegisterOptions(match=pattern.match_policy)
        yield pattern.wire_uri, _attach(Endpoint, obj, method, pattern, chosen), chosen


def marked_handlers(
    obj: object, options: SubscribeOptions | None
) -> Iterator[tuple[str, Handler, SubscribeOptions | None]]:
    """Yield topic, handler and options of each method that is decorated with ``@wamp.subscribe``.

    A method without options of its own is subscribed with ``options``, or else as its URI says: exact or wildcard.
    """
    for method, pattern in _marked(obj, Target.HANDLER):
        chosen = typing.cast("SubscribeOptions | None", pattern.options) or options
        yield (
            pattern.wire_uri,
            _attach(Handler, obj, method, pattern, chosen),
            chosen or SubscribeOptions(match=pattern.match_policy),
        )


def _marked(obj: object, target: Target) -> Iterator[tuple[Callable[..., Any], Pattern]]:
    # getmembers goes over the class: asking the object would run its properties.
    for name, function in inspect.getmembers(type(obj), callable):
        for pattern in patterns(function, target):
            yield getattr(obj, name), pattern


_H = typing.TypeVar("_H", bound=Handler)


def _attach(
    kind: type[_H],
    obj: object,
    method: Callable[..., Any],
    pattern: Pattern,
    options: RegisterOptions | SubscribeOptions | None,
) -> _H:
    return kind(
        checked(method) if pattern.check_types else method,
        obj,
        None if options is None else options.details_arg,
        pattern.arguments_of if pattern.has_names else None,
    )


# -- argument types ---------------------------------------------------------------------------------------------------


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that first compares its arguments with the type hints of ``function``.

    It raises TypeCheckError with everything that does not fit. Only classes and unions of them are looked at: an
    annotation that ``isinstance`` does not understand is taken as met.
    """
    signature = inspect.signature(function)
    hints = typing.get_type_hints(function)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as refusal:
            raise TypeCheckError(str(refusal)) from None
        wrong = [
            f"'{name}' expected {_spell(hints[name])} got={type(value).__name__}"
            for name, value in given.items()
            if name in hints and not _fits(value, hints[name])
        ]
        if wrong:
            raise TypeCheckError(", ".join(wrong))
        return function(*args, **kwargs)

    return call


def _classes(hint: Any) -> tuple[type, ...] | None:
    """Return the classes of a hint, or None if it is more than classes."""
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    classes = typing.get_args(hint) if union else (hint,)
    return classes if all(isinstance(each, type) and not typing.get_origin(each) for each in classes) else None


def _fits(value: Any, hint: Any) -> bool:
    classes = _classes(hint)
    return classes is None or isinstance(value, classes)


def _spell(hint: Any) -> str:
    names = [each.__name__ for each in _classes(hint) or ()]
    return f"type={names[0]}" if len(names) == 1 else f"types={names}"
