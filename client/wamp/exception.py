"""The exceptions that an application sees; names and arguments are those of ``autobahn.wamp.exception``.

The wire has its own tree (``wamp.protocol.errors``); ``wamp.errormap`` leads from one to the other.
"""

from __future__ import annotations

import os
import re
from typing import Any, Final, Self

from wamp.decorators import error

__all__ = [
    "ApplicationError",
    "BufferFull",
    "CallTimeout",
    "Error",
    "InvalidPayload",
    "InvalidUri",
    "InvalidUriError",
    "NotAuthorized",
    "PayloadExceededError",
    "ProtocolError",
    "SerializationError",
    "SessionNotReady",
    "TransportLost",
    "TypeCheckError",
    "in_brief",
]


class Error(RuntimeError):
    """Base of all exceptions of this library."""


class SessionNotReady(Error):
    """The session is connected but not joined to a realm, or is leaving it."""


class SerializationError(Error):
    """A value cannot be expressed in the serializer of the connection."""


class InvalidUriError(Error):
    """A URI that was given is not a valid one."""


class ProtocolError(Error):
    """The router broke the rules of WAMP."""


class TransportLost(Error):
    """The connection is closed."""


class PayloadExceededError(Error):
    """A message is larger than the router accepts."""


class BufferFull(Error):
    """A buffer of a length that was given has no room for one more."""


class ApplicationError(Error):
    """An error with a URI: raise one in a procedure to answer with it, catch one around a call.

    ``error`` is the URI, ``args`` and ``kwargs`` are the payload; ``callee`` and its companions say who answered,
    where the router discloses it.
    """

    INVALID_URI: Final = "wamp.error.invalid_uri"
    INVALID_PAYLOAD: Final = "wamp.error.invalid_payload"
    PAYLOAD_SIZE_EXCEEDED: Final = "wamp.error.payload_size_exceeded"
    NO_SUCH_PROCEDURE: Final = "wamp.error.no_such_procedure"
    PROCEDURE_ALREADY_EXISTS: Final = "wamp.error.procedure_already_exists"
    PROCEDURE_EXISTS_INVOCATION_POLICY_CONFLICT: Final = "wamp.error.procedure_exists_with_different_invocation_policy"
    NO_SUCH_REGISTRATION: Final = "wamp.error.no_such_registration"
    NO_SUCH_SUBSCRIPTION: Final = "wamp.error.no_such_subscription"
    NO_SUCH_SESSION: Final = "wamp.error.no_such_session"
    INVALID_ARGUMENT: Final = "wamp.error.invalid_argument"
    SYSTEM_SHUTDOWN: Final = "wamp.error.system_shutdown"
    CLOSE_REALM: Final = "wamp.error.close_realm"
    GOODBYE_AND_OUT: Final = "wamp.error.goodbye_and_out"
    NOT_AUTHORIZED: Final = "wamp.error.not_authorized"
    AUTHORIZATION_FAILED: Final = "wamp.error.authorization_failed"
    AUTHENTICATION_FAILED: Final = "wamp.error.authentication_failed"
    NO_AUTH_METHOD: Final = "wamp.error.no_auth_method"
    NO_SUCH_REALM: Final = "wamp.error.no_such_realm"
    NO_SUCH_ROLE: Final = "wamp.error.no_such_role"
    NO_SUCH_PRINCIPAL: Final = "wamp.error.no_such_principal"
    CANCELED: Final = "wamp.error.canceled"
    TIMEOUT: Final = "wamp.error.timeout"
    NO_ELIGIBLE_CALLEE: Final = "wamp.error.no_eligible_callee"
    ENC_NO_PAYLOAD_CODEC: Final = "wamp.error.no_payload_codec"
    ENC_TRUSTED_URI_MISMATCH: Final = "wamp.error.encryption.trusted_uri_mismatch"
    ENC_DECRYPT_ERROR: Final = "wamp.error.encryption.decrypt_error"
    TYPE_CHECK_ERROR: Final = "wamp.error.type_check_error"

    def __init__(self, error: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args)
        self.error = error
        self.enc_algo: str | None = kwargs.pop("enc_algo", None)
        self.callee: int | None = kwargs.pop("callee", None)
        self.callee_authid: str | None = kwargs.pop("callee_authid", None)
        self.callee_authrole: str | None = kwargs.pop("callee_authrole", None)
        self.forward_for: list[dict[str, Any]] | None = kwargs.pop("forward_for", None)
        self.kwargs = kwargs

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own would call the class with `args` alone, the URI missing.
        return _rebuild, (type(self), self.args, self.__dict__)

    def error_message(self) -> str:
        """Return the URI and the positional arguments as one line."""
        return f"{self.error}: {' '.join(str(arg) for arg in self.args)}"

    def __str__(self) -> str:
        kwargs = {**self.kwargs, "traceback": "..."} if "traceback" in self.kwargs else self.kwargs
        text = (
            f"ApplicationError(error=<{self.error}>, args={list(self.args)}, kwargs={kwargs}, "
            f"enc_algo={self.enc_algo}, callee={self.callee}, callee_authid={self.callee_authid}, "
            f"callee_authrole={self.callee_authrole}, forward_for={self.forward_for})"
        )
        if "traceback" in self.kwargs:
            text += f":\n{self.kwargs['traceback']}\n"
        return text


def _rebuild(cls: type[ApplicationError], args: tuple[Any, ...], state: dict[str, Any]) -> ApplicationError:
    exception = cls.__new__(cls, *args)
    exception.args = args
    exception.__dict__.update(state)
    return exception


@error(ApplicationError.NOT_AUTHORIZED)
class NotAuthorized(Exception):
    """The session may not do that."""


@error(ApplicationError.INVALID_URI)
class InvalidUri(Exception):
    """The URI is not a valid one."""


@error(ApplicationError.INVALID_PAYLOAD)
class InvalidPayload(Exception):
    """The payload is not acceptable."""


class TypeCheckError(ApplicationError):
    """Arguments do not have the types that the procedure or handler declares."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(ApplicationError.TYPE_CHECK_ERROR, *args, **kwargs)


class CallTimeout(ApplicationError, TimeoutError):
    """A call was not answered in time. Whether the procedure has run, and goes on, is not known."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        # An OSError is larger than a RuntimeError, so that only its own way to make one will do.
        return TimeoutError.__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(ApplicationError.TIMEOUT, *args, **kwargs)


def in_brief(exception: BaseException) -> str:
    """Return what an exception says, in one line for people: without the fields, numbers and addresses that only programs need."""
    if isinstance(exception, ApplicationError):
        return exception.error_message() if exception.args else exception.error
    if not isinstance(exception, OSError):
        return str(exception)
    certificate = getattr(exception, "verify_message", None)  # an ssl.SSLCertVerificationError has one
    if certificate:
        return f"the router's certificate is not accepted: {certificate}"
    if isinstance(exception, ConnectionRefusedError) and exception.errno is not None:
        return os.strerror(exception.errno)  # asyncio has put the address in the place of that
    if exception.errno is None:
        # A name with several addresses: asyncio has joined what was wrong with each.
        numbers = dict.fromkeys(re.findall(r"\[Errno (\d+)\]", str(exception)))
        return "; ".join(os.strerror(int(number)) for number in numbers) or str(exception)
    return exception.strerror or str(exception)
