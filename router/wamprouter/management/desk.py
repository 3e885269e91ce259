"""The router's own session in the admin realm: a callee and publisher like any other, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from twisted.logger import Logger

from wamp.protocol.errors import InvalidArgument, RequestError
from wamp.protocol.ids import RequestIds
from wamp.protocol.messages import (
    ABSENT,
    Abort,
    Error,
    Goodbye,
    Hello,
    Invocation,
    Message,
    Publish,
    Register,
    Registered,
    Welcome,
    Yield,
)
from wamp.protocol.serializers import TranscodingError
from wamprouter.local import CODEC
from wamprouter.realm.meta.calling import read_arguments

if TYPE_CHECKING:
    import msgspec

    from wamprouter.local import LocalConnection

__all__ = ["Caller", "Desk", "Offer"]

_log = Logger()

_ROLES: Final[dict[str, Any]] = {"callee": {"features": {}}, "publisher": {"features": {}}}


class Caller(NamedTuple):
    """Who has called: for the log, and so that nobody ends himself by mistake."""

    session: int
    authid: str
    authrole: str


class Offer(NamedTuple):
    """A procedure: the arguments that it takes, and what it returns to whom."""

    arguments: type[msgspec.Struct]
    run: Callable[[Caller, Any], Any]


class Desk:
    """The session: registers what it offers, answers calls, and publishes."""

    def __init__(self, realm: str, offers: Mapping[str, Offer]) -> None:
        self._realm = realm
        self._offers = offers
        self._requests = RequestIds()
        self._registering: dict[int, str] = {}  # REGISTER.Request -> procedure
        self._procedures: dict[int, str] = {}  # registration id -> procedure
        self._connection: LocalConnection | None = None

    # -- Handler

    def onOpen(self, transport: Any) -> None:
        self._connection = transport
        transport.send(Hello(self._realm, {"roles": _ROLES}))

    def onMessage(self, message: Message) -> None:
        match message:
            case Welcome():
                self._register()
            case Registered():
                self._procedures[message.registration] = self._registering.pop(message.request)
            case Invocation():
                self._answer(message)
            case Goodbye():
                self._send(Goodbye({}, "wamp.close.goodbye_and_out"))
            case Abort() | Error():
                _log.error("the management of the router was refused: {message}", message=message)

    def onClose(self, wasClean: bool) -> None:
        self._connection = None

    # -- what it does

    def _register(self) -> None:
        for procedure in self._offers:
            request = next(self._requests)
            self._registering[request] = procedure
            self._send(Register(request, {"disclose_caller": True}, procedure))

    def publish(self, topic: str, *args: Any) -> None:
        """Publish an event; nothing happens if the session is not there."""
        if self._connection is not None:
            self._send(Publish(next(self._requests), {}, topic, CODEC.serializer.pack(list(args))))

    def _answer(self, invocation: Invocation) -> None:
        offer = self._offers[self._procedures[invocation.registration]]
        try:
            arguments = read_arguments(offer.arguments, CODEC.serializer, invocation.args, invocation.kwargs)
            result = offer.run(_caller(invocation.details), arguments)
            args = ABSENT if result is None else CODEC.serializer.pack([result])
        except TranscodingError as error:
            self._refuse(invocation, InvalidArgument(f"the result cannot be delivered: {error}"))
        except RequestError as error:
            self._refuse(invocation, error)
        except Exception:  # noqa: BLE001  # a bug of ours: the caller must not wait for ever
            _log.failure("while answering a call of the management")
            self._refuse(invocation, RequestError("the router failed to do this; its log has more"))
        else:
            self._send(Yield(invocation.request, {}, args))

    def _refuse(self, invocation: Invocation, error: RequestError) -> None:
        args = CODEC.serializer.pack([str(error)])
        self._send(Error(Invocation.CODE, invocation.request, {}, error.uri, args))

    def _send(self, message: Message) -> None:
        if self._connection is not None:
            self._connection.send(message)


def _caller(details: Mapping[str, Any]) -> Caller:
    return Caller(
        details.get("caller", 0), str(details.get("caller_authid", "")), str(details.get("caller_authrole", ""))
    )
