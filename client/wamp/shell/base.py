"""What the parts of a session share: what they ask of an event loop, and how a message gets out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from wamp.exception import PayloadExceededError, SerializationError, TransportLost
from wamp.observable import ObservableMixin
from wamp.protocol.messages import Message
from wamp.session import ClientSession
from wamp.transport import Transport

if TYPE_CHECKING:
    from wamp.effects import Invoked, Received
    from wamp.protocol.messages import Call, Publish
    from wamp.request import Subscription

__all__ = ["Base", "Failure", "Tracing"]

Failure = Any
"""What an event loop has for an exception and its traceback: ``value``, ``getTraceback()``."""


class Tracing(Protocol):
    """What makes spans of what a session does: ``wamp.tracing``. Each method calls the function that it is given, once."""

    def calling(self, session: Base, reply: Any, message: Call, send: Callable[[], None]) -> None: ...

    def publishing(self, session: Base, reply: Any, message: Publish, send: Callable[[], None]) -> None: ...

    def invoked(self, session: Base, invoked: Invoked, run: Callable[[Invoked], None]) -> None: ...

    def received(
        self, session: Base, effect: Received, subscription: Subscription, handle: Callable[..., None]
    ) -> None: ...


class Base(ObservableMixin):
    """A session as its parts see it. The methods that raise NotImplementedError are an event loop's own."""

    _cancelled: ClassVar[type[BaseException]]
    """What an awaitable raises that was cancelled."""
    log: Any
    traceback_app: bool
    _tracing: ClassVar[Tracing | None] = None
    """Set for all sessions of the process by ``wamp.tracing.enable``."""
    _wamp: ClientSession
    _transport: Transport | None

    # -- an event loop's own

    def _reply(self) -> Any:
        """Return what a request returns: an awaitable with an attribute ``request``, which calls ``_cancel(self)``."""
        raise NotImplementedError

    def _settle(self, reply: Any, value: Any) -> None:
        """Give a reply its value, unless it has been cancelled."""
        raise NotImplementedError

    def _fail(self, reply: Any, exception: BaseException) -> None:
        """Let a reply fail, unless it has been cancelled."""
        raise NotImplementedError

    def _resolved(self, value: Any) -> Any:
        """Return an awaitable that is over already."""
        raise NotImplementedError

    def _all(self, replies: list[Any]) -> Any:
        """Return an awaitable of the list of all results, once all are there; it fails with the first error."""
        raise NotImplementedError

    def _waiting(self, result: Any) -> Any:
        """Return something cancellable for a result of the user's that is not there yet, or None if it is."""
        raise NotImplementedError

    def _when(self, promise: Any, then: Callable[..., None], otherwise: Callable[..., None], *args: Any) -> None:
        """Call ``then(value, *args)`` or ``otherwise(failure, *args)`` as soon as there is something to say."""
        raise NotImplementedError

    def _at_end(self, reply: Any, action: Callable[[], object]) -> None:
        """Call ``action`` when a reply is there, has failed or is cancelled; it goes on to whoever awaits it."""
        raise NotImplementedError

    def _watch(self, reply: Any, then: Callable[[BaseException | None], None]) -> None:
        """Call ``then(exception)`` when a reply has failed or is cancelled, ``then(None)`` when it is there; it goes on as it is."""
        raise NotImplementedError

    def _turn(self) -> Any:
        """Return an awaitable that is over when others had their turn."""
        raise NotImplementedError

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> Any:
        """Run a coroutine that fails only by mistake; return something that others can await, and that can be cancelled."""
        raise NotImplementedError

    def _failure(self, exception: BaseException) -> Failure:
        """Return the failure for an exception that is being handled."""
        raise NotImplementedError

    def _log_failure(self, text: str, failure: Failure, **facts: Any) -> None:
        """Log a failure with its traceback, as an error."""
        raise NotImplementedError

    # -- sending

    async def _pace(self) -> None:
        """Let others have their turn; wait while the connection is congested."""
        transport = self._transport
        if transport is not None and transport.is_congested:
            await self._drained(transport)
        else:
            await self._turn()

    def _drained(self, transport: Transport) -> Any:
        """Return an awaitable that is over when the connection is not congested any more."""
        reply = self._reply()
        transport.call_when_drained(partial(self._settle, reply, None))
        return reply

    def _link(self) -> Transport:
        """Return the connection; raise TransportLost if there is none."""
        if self._transport is None:
            raise TransportLost("not connected")
        return self._transport

    def _send_request(self, transport: Transport, reply: Any, message: Any) -> None:
        reply.request = message.request
        try:
            transport.send(message)
        except (TransportLost, SerializationError, PayloadExceededError):
            self._wamp.forget(message.request)
            raise

    def _send_if_open(self, message: Message | None) -> None:
        """Send what nobody waits for; a connection that closes at this moment is reported by ``onClose``."""
        if message is None or self._transport is None:
            return
        try:
            self._transport.send(message)
        except TransportLost:
            self.log.debug("not sent, the connection is closed: {name}", name=type(message).__name__)

    def _cancel(self, reply: Any) -> None:
        """Cancel the request of a reply that nobody waits for any more."""
        self._send_if_open(self._wamp.cancel(reply.request))

    # -- what goes wrong

    def onUserError(self, fail: Failure, msg: str) -> None:
        """Called with what a hook, procedure or handler raised."""
        raise NotImplementedError

    def _user_error(self, failure: Failure, doing: str) -> None:
        """Report an exception of the user's code, and never raise one."""
        try:
            self.onUserError(failure, doing)
        except Exception as exception:  # noqa: BLE001  (an override of the user's)
            self._log_failure("onUserError raised when told of an error {doing}", self._failure(exception), doing=doing)
