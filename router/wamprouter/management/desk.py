"""The router's own session in the admin realm: a callee and publisher like any other, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from twisted.logger import Logger

from wamp.protocol.errors import CLOSE_GOODBYE_AND_OUT, InvalidArgument, RequestError, WampError
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

__all__ = ["Caller", "Desk", "Offer", "Part"]

_log = Logger()

_ROLES: Final[dict[str, Any]] = {"callee": {"features": {}}, "publisher": {"features": {}}}


class Caller(NamedTuple):
    """Who has called: for the log, and so that nobody ends himself by mistake."""

    session: int
    authid: str
    authrole: str
    answer: Callable[[Any], None]
    """Takes the result before the procedure returns: for one that may end the caller's session. What it returns is then for nobody."""

    def __str__(self) -> str:
        return f"{self.authid} (session {self.session})"


class Offer(NamedTuple):
    """A procedure: the arguments that it takes, and what it returns to whom."""

    arguments: type[msgspec.Struct]
    run: Callable[[Caller, Any], Any]


class Part(Protocol):
    """Something that is done as long as the session is there."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Desk:
    """The session: registers what it offers, answers calls, and publishes."""

    def __init__(self, realm: str) -> None:
        self._realm = realm
        self.offers: Mapping[str, Offer] = {}
        """Procedures by their URIs, to be set before the session joins."""
        self.parts: Sequence[Part] = ()
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
                for part in self.parts:
                    part.start()
            case Registered():
                self._procedures[message.registration] = self._registering.pop(message.request)
            case Invocation():
                self._answer(message)
            case Goodbye():
                self._send(Goodbye({}, CLOSE_GOODBYE_AND_OUT))
                if self._connection is not None:
                    self._connection.close()
            case Abort() | Error():
                _log.error("the management of the router was refused: {message}", message=message)

    def onClose(self, wasClean: bool) -> None:
        self._connection = None
        for part in self.parts:
            part.stop()

    # -- what it does

    def _register(self) -> None:
        for procedure in self.offers:
            request = next(self._requests)
            self._registering[request] = procedure
            self._send(Register(request, {"disclose_caller": True}, procedure))

    def publish(self, topic: str, *args: Any, **options: Any) -> None:
        """Publish an event; nothing happens if the session is not there."""
        if self._connection is not None:
            self._send(Publish(next(self._requests), options, topic, CODEC.serializer.pack(list(args))))

    def _answer(self, invocation: Invocation) -> None:
        offer = self.offers[self._procedures[invocation.registration]]
        answers: list[Any] = []

        def answer(result: Any) -> None:
            if not answers:
                answers.append(result)
                args = ABSENT if result is None else CODEC.serializer.pack([result])
                self._send(Yield(invocation.request, {}, args))

        try:
            arguments = read_arguments(offer.arguments, CODEC.serializer, invocation.args, invocation.kwargs)
            answer(offer.run(_caller(invocation.details, answer), arguments))
        except TranscodingError as error:
            self._refuse(invocation, InvalidArgument(f"the result cannot be delivered: {error}"))
        except WampError as error:
            self._refuse(invocation, error)
        except Exception:  # noqa: BLE001  # a bug of ours: the caller must not wait for ever
            _log.failure("while answering a call of the management")
            self._refuse(invocation, RequestError("the router failed to do this; its log has more"))

    def _refuse(self, invocation: Invocation, error: WampError) -> None:
        args = CODEC.serializer.pack([str(error)])
        self._send(Error(Invocation.CODE, invocation.request, {}, error.uri, args))

    def _send(self, message: Message) -> None:
        if self._connection is not None:
            self._connection.send(message)


def _caller(details: Mapping[str, Any], answer: Callable[[Any], None]) -> Caller:
    authid, authrole = str(details.get("caller_authid", "")), str(details.get("caller_authrole", ""))
    return Caller(details.get("caller", 0), authid, authrole, answer)
