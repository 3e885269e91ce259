"""Exceptions to ERROR messages and back: which class stands for which error URI in one session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from wamp.decorators import Target, patterns
from wamp.exception import ApplicationError, PayloadExceededError, SerializationError
from wamp.protocol.errors import WampError

__all__ = ["RUNTIME_ERROR", "Answer", "ErrorMap"]

RUNTIME_ERROR: Final = "wamp.error.runtime_error"


class Answer(msgspec.Struct, frozen=True):
    """An exception as an ERROR message carries it."""

    uri: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}


class ErrorMap:
    """The exception classes that a session has defined, by URI and the other way round."""

    __slots__ = ("_class_of", "_uri_of")

    def __init__(self) -> None:
        self._uri_of: dict[type[BaseException], str] = {}
        self._class_of: dict[str, Callable[..., BaseException]] = {
            ApplicationError.INVALID_PAYLOAD: SerializationError,
            ApplicationError.PAYLOAD_SIZE_EXCEEDED: PayloadExceededError,
        }

    def define(self, exception: type[BaseException], uri: str | None = None) -> None:
        """Let a class stand for a URI; without ``uri`` the class must be decorated with ``@wamp.error``."""
        marks = [pattern.uri() for pattern in patterns(exception, Target.EXCEPTION)]
        if (uri is None) == (not marks):
            expected = "give its URI or decorate it with @wamp.error" if uri is None else "its decorator gives the URI"
            raise RuntimeError(f"cannot define {exception.__name__}: {expected}")
        self._uri_of[exception] = uri or marks[0]
        for each in [uri] if uri else marks:
            self._class_of[each] = exception

    def answer(self, exception: BaseException) -> Answer:
        """Return what a caller is told about an exception of a procedure."""
        args = exception.args
        if not args and not isinstance(exception, ApplicationError) and (text := str(exception)):
            args = (text,)
        kwargs = getattr(exception, "kwargs", None)
        return Answer(self._uri(exception), args, kwargs if isinstance(kwargs, dict) else {})

    def _uri(self, exception: BaseException) -> str:
        if isinstance(exception, ApplicationError) or _is_foreign_application_error(exception):
            return str(exception.error)  # type: ignore[attr-defined]  # both have it
        if isinstance(exception, WampError):
            return exception.uri
        for cls in type(exception).__mro__:
            if cls in self._uri_of:
                return self._uri_of[cls]
        for pattern in patterns(type(exception), Target.EXCEPTION):
            return pattern.uri()
        return RUNTIME_ERROR

    def exception(
        self, uri: str, args: list[Any], kwargs: dict[str, Any], details: dict[str, Any]
    ) -> tuple[BaseException, BaseException | None]:
        """Return the exception for an ERROR message, and what its class raised if it could not be built from it."""
        failure: BaseException | None = None
        cls = self._class_of.get(uri)
        if cls is not None:
            try:
                return cls(*args, **kwargs), None
            except Exception as refusal:  # noqa: BLE001  (a constructor of the user's)
                failure = refusal
        error = ApplicationError(uri, *args)
        error.kwargs = kwargs
        error.callee = details.get("callee")
        error.callee_authid = details.get("callee_authid")
        error.callee_authrole = details.get("callee_authrole")
        error.forward_for = details.get("forward_for")
        error.enc_algo = details.get("enc_algo")
        return error, failure


def _is_foreign_application_error(exception: BaseException) -> bool:
    """Recognise Autobahn's ApplicationError, for a component that was moved over only in part, without importing it."""
    return any(
        cls.__name__ == "ApplicationError" and cls.__module__ == "autobahn.wamp.exception"
        for cls in type(exception).__mro__
    )
