"""A callee that a test has in place of a real one: a session of the router's own, with one procedure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wamp.errormap import ErrorMap
from wamp.exception import ApplicationError, SerializationError
from wamp.handlers import payload_of
from wamp.protocol.errors import CLOSE_GOODBYE_AND_OUT, ProtocolViolation
from wamp.protocol.messages import (
    ABSENT,
    Abort,
    Error,
    Goodbye,
    Hello,
    Invocation,
    Message,
    Raw,
    Register,
    Welcome,
    Yield,
)
from wamp.protocol.roles import announcement
from wamp.protocol.serializers import TranscodingError
from wamp.transport import Transport
from wamprouter.local import CODEC

__all__ = ["Answer", "Answering", "packed", "values"]

Answer = Callable[..., Any]

_ROLES: Final = announcement({"callee": ("pattern_based_registration", "registration_revocation")})
_ERRORS: Final = ErrorMap()


class Answering:
    """Registers a procedure and answers each call at once, in the router's turn, with what ``answer(*args, **kwargs)`` returns.

    What that raises is answered as an error, as any session does.
    """

    def __init__(self, realm: str, procedure: str, answer: Answer) -> None:
        self.answer = answer
        self.failure: ApplicationError | None = None
        """Why it is not there, if it is not."""
        self._realm = realm
        self._procedure = procedure
        self._transport: Transport | None = None

    @property
    def is_there(self) -> bool:
        """Whether it still has its connection."""
        return self._transport is not None

    def close(self) -> None:
        """Take the procedure away."""
        if self._transport is not None:
            self._transport.close()

    # -- called by the connection

    def onOpen(self, transport: Transport) -> None:
        self._transport = transport
        transport.send(Hello(self._realm, {"roles": _ROLES, "agent": "wamp.testing"}))

    def onMessage(self, message: Message) -> None:
        if isinstance(message, Welcome):
            self._send(Register(1, {}, self._procedure))
        elif isinstance(message, Invocation):
            self._send(self._answered(message))
        elif isinstance(message, Error):
            self.failure = ApplicationError(message.error, *values(message)[0])
            self.close()
        elif isinstance(message, Abort | Goodbye):
            self.failure = ApplicationError(message.reason, message.details.get("message", ""))
            self._send(Goodbye({}, CLOSE_GOODBYE_AND_OUT))
        # Otherwise REGISTERED, or an INTERRUPT of what is answered already, or UNREGISTERED by force: the next one has it.

    def onViolation(self, violation: ProtocolViolation) -> None:
        raise violation

    def onClose(self, _was_clean: bool) -> None:
        self._transport = None

    def _answered(self, invocation: Invocation) -> Message:
        args, kwargs = values(invocation)
        try:
            return Yield(invocation.request, {}, *packed(*payload_of(self.answer(*args, **kwargs))))
        except Exception as exception:  # noqa: BLE001  # a function of the test's
            return _refusal(invocation.request, exception)

    def _send(self, message: Message) -> None:
        if self._transport is not None:
            self._transport.send(message)


def _refusal(request: int, exception: Exception) -> Error:
    refusal = _ERRORS.answer(exception)
    try:
        payload = packed(refusal.args, refusal.kwargs)
    except SerializationError:
        payload = packed([str(each) for each in refusal.args], {})
    return Error(Invocation.CODE, request, {}, refusal.uri, *payload)


def packed(args: Any, kwargs: dict[str, Any]) -> tuple[Raw, Raw]:
    """Return Python values as a payload; raise SerializationError."""
    pack = CODEC.serializer.pack
    try:
        return pack(args) if args else ABSENT, pack(kwargs) if kwargs else ABSENT
    except TranscodingError as error:
        raise SerializationError(str(error)) from None


def values(message: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return the payload of a message as Python values."""
    unpack = CODEC.serializer.unpack
    args = [] if message.args is ABSENT else unpack(message.args)
    kwargs = {} if message.kwargs is ABSENT else unpack(message.kwargs)
    # What a payload codec has made may stand in place of the arguments.
    return args if isinstance(args, list) else [args], kwargs
