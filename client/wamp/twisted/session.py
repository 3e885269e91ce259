"""``ApplicationSession`` for Twisted: the pure session of ``wamp.session`` with Deferreds around it.

Names, arguments and results are those of ``autobahn.twisted.wamp.ApplicationSession``. Methods in camelCase are called
by the transport or are hooks of the application's; every hook and handler may return a value, a Deferred or a
coroutine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import CoroutineType
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred, DeferredList, maybeDeferred, succeed
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from wamp.effects import (
    Challenged,
    Effect,
    Failed,
    Interrupted,
    Invoked,
    Left,
    Progressed,
    Received,
    Succeeded,
    Welcomed,
)
from wamp.errormap import RUNTIME_ERROR
from wamp.exception import (
    ApplicationError,
    Error,
    PayloadExceededError,
    SerializationError,
    TransportLost,
)
from wamp.handlers import call_details, checked, event_details, marked_endpoints, marked_handlers
from wamp.protocol import messages
from wamp.protocol.errors import CLOSE_REALM, CLOSE_SYSTEM_SHUTDOWN, ProtocolViolation
from wamp.protocol.messages import Message
from wamp.request import Endpoint, Handler, Registration, Subscription
from wamp.session import ClientSession
from wamp.transport import Transport
from wamp.types import (
    CallOptions,
    Challenge,
    CloseDetails,
    ComponentConfig,
    PublishOptions,
    RegisterOptions,
    SessionDetails,
    SubscribeOptions,
    TransportDetails,
    Welcome,
)

__all__ = ["ApplicationSession"]

_T = TypeVar("_T")

CANNOT_AUTHENTICATE = "wamp.error.cannot_authenticate"


class _Reply(Deferred[Any]):
    """What a request returns. It knows its request, so that cancelling needs no closure per call."""

    request = 0


_ORDERLY = (CloseDetails.REASON_DEFAULT, CLOSE_SYSTEM_SHUTDOWN, CLOSE_REALM)


class ApplicationSession:
    """One WAMP session. Subclass it and override ``onJoin``; construct it with a ``ComponentConfig``."""

    log = Logger()

    def __init__(self, config: ComponentConfig | None = None) -> None:
        self.config = config or ComponentConfig(realm="realm1")
        self.traceback_app = False
        """Whether a caller is sent the traceback of what a procedure raised, as keyword argument ``traceback``."""
        self._wamp = ClientSession(self)
        self._transport: Transport | None = None
        self._session_details = SessionDetails()
        self._close_waiters: list[Deferred[None]] = []
        self._ended_by: Exception | None = None
        self._is_disconnecting = False
        self._is_closed = True

    # -- what is known of the session

    @property
    def transport(self) -> Transport | None:
        return self._transport

    @property
    def session_details(self) -> SessionDetails | None:
        return None if self._session_details.session is None else self._session_details

    @property
    def realm(self) -> str | None:
        return self._wamp.realm

    @property
    def session_id(self) -> int | None:
        return self._wamp.id

    @property
    def _session_id(self) -> int | None:
        # Autobahn's own attribute: many components read it.
        return self._wamp.id

    @property
    def authid(self) -> str | None:
        return self._session_details.authid

    @property
    def authrole(self) -> str | None:
        return self._session_details.authrole

    @property
    def authmethod(self) -> str | None:
        return self._session_details.authmethod

    @property
    def authprovider(self) -> str | None:
        return self._session_details.authprovider

    @property
    def authextra(self) -> dict[str, Any] | None:
        return self._session_details.authextra

    @property
    def transport_details(self) -> TransportDetails | None:
        """What is known of the connection; None if there is none."""
        return None if self._transport is None else self._transport.details

    @property
    def ended_by(self) -> Exception | None:
        """Why the session did not end as it should; None as long as nothing went wrong. The first reason stays."""
        return self._ended_by

    def is_connected(self) -> bool:
        """Tell whether there is an open connection."""
        return self._transport is not None and self._transport.is_open()

    def is_attached(self) -> bool:
        """Tell whether the session is on a realm."""
        return self._wamp.id is not None and self.is_connected()

    def define(self, exception: type[BaseException], error: str | None = None) -> None:
        """Let an exception class stand for an error URI, in both directions."""
        self._wamp.errors.define(exception, error)

    # -- hooks: override them

    def onConnect(self) -> Any:
        """Called when the connection is open. By default it joins the realm of the configuration."""
        if self.config.realm is None:
            raise ValueError("no realm to join: give ComponentConfig a realm, or override onConnect and join one")
        self.join(self.config.realm)

    def onChallenge(self, challenge: Challenge) -> Any:
        """Called when the router asks for authentication. Return the signature, or a pair of it and AUTHENTICATE.extra."""
        raise RuntimeError(f"the router asks for {challenge.method} authentication: onChallenge is not implemented")

    def onWelcome(self, welcome: Welcome) -> Any:
        """Called when the router has accepted the session. Return a text to refuse it."""

    def onJoin(self, details: SessionDetails) -> Any:
        """Called when the session is on the realm. An exception ends the session."""

    def onLeave(self, details: CloseDetails) -> Any:
        """Called when the session has ended or was refused. By default it closes the connection."""
        if details.reason not in _ORDERLY:
            self.log.warn(
                "session closed with reason {reason} [{message}]", reason=details.reason, message=details.message
            )
        self.disconnect()

    def onDisconnect(self) -> Any:
        """Called when the connection is closed."""

    def onUserError(self, fail: Failure, msg: str) -> None:
        """Called with what a hook, procedure or handler raised. By default it logs the traceback.

        An ApplicationError is an answer that was meant so: one line for those who look closer.
        """
        facts = {"name": type(self).__name__, "session": self._wamp.id, "doing": msg}
        if isinstance(fail.value, ApplicationError):
            self.log.info("{name}, session {session}: {doing}: {error}", error=fail.value, **facts)
        else:
            self.log.failure("{name}, session {session}: {doing}", fail, level=LogLevel.error, **facts)

    # -- called by the transport

    def onOpen(self, transport: Transport) -> None:
        """Take a new connection."""
        self._transport = transport
        self._session_details = SessionDetails()
        self._ended_by = None
        self._is_disconnecting = self._is_closed = False
        self._wamp.open(transport.codec)
        self._hook(self.onConnect, doing="calling onConnect", then=lambda _: self.disconnect())

    def onMessage(self, message: Message) -> None:
        """Take a message from the router."""
        try:
            effect = self._wamp.receive(message)
        except ProtocolViolation as violation:
            self.onViolation(violation)
            return
        if effect is not None:
            _CARRY_OUT[type(effect)](self, effect)

    def onViolation(self, violation: ProtocolViolation) -> None:
        """Learn that the router broke the protocol: end the session."""
        self.log.error(
            "session {session}: the router broke the protocol: {text}", session=self._wamp.id, text=str(violation)
        )
        self._abort(violation.uri, str(violation))

    def onClose(self, wasClean: bool) -> None:
        """Learn that the connection is closed."""
        self._transport = None
        left = self._wamp.lost()
        if left is not None:
            if not left.was_asked and not self._is_disconnecting:
                self._fail_with(TransportLost(left.details.message))
            self._leave(left)
        self._hook(self.onDisconnect, doing="calling onDisconnect").addCallback(self._closed)

    def _closed(self, _: object) -> None:
        self._is_closed = True
        waiters, self._close_waiters = self._close_waiters, []
        for waiter in waiters:
            if not waiter.called:
                waiter.callback(None)

    # -- joining and leaving

    def join(
        self,
        realm: str,
        authmethods: list[str] | None = None,
        authid: str | None = None,
        authrole: str | None = None,
        authextra: dict[str, Any] | None = None,
        resumable: bool | None = None,
        resume_session: int | None = None,
        resume_token: str | None = None,
    ) -> None:
        """Ask for a session on ``realm``; ``onJoin`` or ``onLeave`` tells the answer."""
        more = {"resumable": resumable, "resume-session": resume_session, "resume-token": resume_token}
        transport = self._link()
        transport.send(self._wamp.join(realm, authmethods, authid, authrole, authextra, **more))

    def leave(self, reason: str | None = None, message: str | None = None) -> Deferred[None]:
        """Leave the realm; the Deferred fires when the connection is closed."""
        goodbye = self._wamp.leave(reason, message)
        if goodbye is None:
            self.log.debug("leave: not on a realm, or leaving it already")
        else:
            self._link().send(goodbye)
        return self.when_closed()

    def when_closed(self) -> Deferred[None]:
        """Return a Deferred that fires when the connection is closed and ``onDisconnect`` has finished."""
        if self._is_closed:
            return succeed(None)
        waiter: Deferred[None] = Deferred()
        self._close_waiters.append(waiter)
        return waiter

    def disconnect(self) -> None:
        """Close the connection, after what was sent."""
        self._is_disconnecting = True
        if self._transport is not None:
            self._transport.close()

    # -- the four verbs

    def call(self, procedure: str, *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Call a procedure; ``options=CallOptions(…)`` is taken out of the keyword arguments.

        The result is None, the one positional value, or a ``CallResult``. Cancelling the Deferred cancels the call.
        """
        options: CallOptions | None = kwargs.pop("options", None) if kwargs else None
        transport = self._link()
        reply = _Reply(self._cancel)
        message = self._wamp.call(reply, procedure, args, kwargs, options)
        self._send_request(transport, reply, message)
        return reply

    def publish(self, topic: str, *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Publish an event; ``options=PublishOptions(…)`` is taken out of the keyword arguments.

        With ``acknowledge=True`` the Deferred fires with a ``Publication`` or an error, otherwise with None, at once.
        """
        options: PublishOptions | None = kwargs.pop("options", None) if kwargs else None
        transport = self._link()
        if options is None or not options.acknowledge:
            transport.send(self._wamp.publish(None, topic, args, kwargs, options))
            return succeed(None)
        reply = _Reply(self._cancel)
        message = self._wamp.publish(reply, topic, args, kwargs, options)
        self._send_request(transport, reply, message)
        return reply

    def register(
        self,
        endpoint: Callable[..., Any] | object,
        procedure: str | None = None,
        options: RegisterOptions | None = None,
        prefix: str | None = None,
        check_types: bool | None = None,
    ) -> Deferred[Any]:
        """Offer a procedure: the Deferred fires with its ``Registration``.

        Given an object, register each of its methods decorated with ``@wamp.register``: the Deferred fires with the
        list of their registrations, or, once all are answered, with the first error.
        """
        self._link()
        if not callable(endpoint):
            marked = marked_endpoints(endpoint, options)
            return _all([self._register((prefix or "") + uri, each, chosen) for uri, each, chosen in marked])
        if procedure is None:
            raise ValueError("register: a function needs the URI of its procedure")
        function = checked(endpoint) if check_types else endpoint
        each = Endpoint(function, None, None if options is None else options.details_arg)
        return self._register((prefix or "") + procedure, each, options)

    def _register(self, procedure: str, endpoint: Endpoint, options: RegisterOptions | None) -> Deferred[Registration]:
        reply = _Reply(self._cancel)
        message = self._wamp.register(reply, procedure, endpoint, options)
        self._send_request(self._link(), reply, message)
        return reply

    def subscribe(
        self,
        handler: Callable[..., Any] | object,
        topic: str | None = None,
        options: SubscribeOptions | None = None,
        check_types: bool | None = None,
    ) -> Deferred[Any]:
        """Receive a topic's events: the Deferred fires with a ``Subscription``.

        Given an object, subscribe each of its methods decorated with ``@wamp.subscribe``, as ``register`` does.
        """
        self._link()
        if not callable(handler):
            marked = marked_handlers(handler, options)
            return _all([self._subscribe(uri, each, chosen) for uri, each, chosen in marked])
        if topic is None:
            raise ValueError("subscribe: a function needs the URI of its topic")
        function = checked(handler) if check_types else handler
        each = Handler(function, None, None if options is None else options.details_arg)
        return self._subscribe(topic, each, options)

    def _subscribe(self, topic: str, handler: Handler, options: SubscribeOptions | None) -> Deferred[Subscription]:
        reply = _Reply(self._cancel)
        message = self._wamp.subscribe(reply, topic, handler, options)
        self._send_request(self._link(), reply, message)
        return reply

    def _unregister(self, registration: Registration) -> Deferred[None]:
        reply = _Reply(self._cancel)
        message = self._wamp.unregister(reply, registration)
        self._send_request(self._link(), reply, message)
        return reply

    def _unsubscribe(self, subscription: Subscription) -> Deferred[int]:
        reply = _Reply(self._cancel)
        transport = self._link()
        message = self._wamp.unsubscribe(reply, subscription)
        if isinstance(message, int):
            return succeed(message)
        self._send_request(transport, reply, message)
        return reply

    # -- sending

    def _link(self) -> Transport:
        """Return the connection; raise TransportLost if there is none."""
        if self._transport is None:
            raise TransportLost("not connected")
        return self._transport

    def _send_request(self, transport: Transport, reply: _Reply, message: Any) -> None:
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

    def _cancel(self, reply: Deferred[Any]) -> None:
        """Cancel the request of a Deferred: Twisted calls it, and then fails the Deferred with CancelledError."""
        assert isinstance(reply, _Reply)
        self._send_if_open(self._wamp.cancel(reply.request))

    # -- running what is the user's

    def _hook(
        self,
        function: Callable[..., Any],
        *args: Any,
        doing: str,
        then: Callable[[BaseException], None] | None = None,
    ) -> Deferred[Any]:
        """Call a hook; report what it raises, and tell ``then``. The Deferred never fails."""
        return maybeDeferred(function, *args).addErrback(self._hook_failed, doing, then)

    def _hook_failed(self, failure: Failure, doing: str, then: Callable[[BaseException], None] | None) -> None:
        self._user_error(failure, f"While {doing}")
        if then is not None:
            exception = _exception(failure)
            self._fail_with(exception)
            then(exception)

    def _user_error(self, failure: Failure, doing: str) -> None:
        """Report an exception of the user's code, and never raise one."""
        try:
            self.onUserError(failure, doing)
        except Exception:  # noqa: BLE001  (an override of the user's)
            self.log.failure("onUserError raised when told of an error {doing}", doing=doing)

    def _fail_with(self, exception: BaseException) -> None:
        """Remember why the session ends, unless something else was the reason."""
        if self._ended_by is None:
            self._ended_by = exception if isinstance(exception, Exception) else Error(repr(exception))

    # -- effects

    def _abort(self, reason: str, text: str) -> None:
        self._fail_with(ApplicationError(reason, text))
        left = self._wamp.abort(reason, text)
        if left is not None:
            self._leave(left)

    def _welcomed(self, effect: Welcomed) -> None:
        def answer() -> Any:
            return maybeDeferred(self.onWelcome, effect.welcome).addCallback(self._enter, effect.welcome)

        self._hook(answer, doing="calling onWelcome", then=self._cannot_authenticate)

    def _cannot_authenticate(self, exception: BaseException) -> None:
        self._abort(CANNOT_AUTHENTICATE, str(exception))

    def _enter(self, refusal: Any, welcome: Welcome) -> None:
        """Begin the session that was welcomed, unless the application refuses it."""
        if refusal is not None:
            self._abort(CANNOT_AUTHENTICATE, str(refusal))
        elif self._transport is not None and self._wamp.established():
            self._session_details = _session_details(welcome, self._transport)
            self._hook(self.onJoin, self._session_details, doing="calling onJoin", then=self._join_failed)

    def _join_failed(self, _: BaseException) -> None:
        # What was raised may be nobody else's business, so the router is told only that something was.
        self._send_if_open(self._wamp.leave(RUNTIME_ERROR, "onJoin failed"))

    def _challenged(self, effect: Challenged) -> None:
        def answer() -> Any:
            return maybeDeferred(self.onChallenge, effect.challenge).addCallback(self._sign)

        self._hook(answer, doing="calling onChallenge", then=self._cannot_authenticate)

    def _sign(self, signature: Any) -> None:
        signature, extra = signature if isinstance(signature, tuple) else (signature, None)
        if isinstance(signature, bytes):
            signature = signature.decode("utf-8")
        if not isinstance(signature, str):
            raise TypeError(f"onChallenge returned {type(signature).__name__}, expected the signature as a string")
        self._send_if_open(self._wamp.authenticate(signature, extra))

    def _left(self, left: Left) -> None:
        if not left.was_asked and left.details.reason != CloseDetails.REASON_DEFAULT:
            text = () if left.details.message is None else (left.details.message,)
            self._fail_with(ApplicationError(left.details.reason or "", *text))
        self._leave(left)

    def _leave(self, left: Left) -> None:
        """Carry out the end of a session."""
        self._send_if_open(left.answer)
        for reply, exception in left.replies:
            if not reply.called:
                reply.errback(exception)
        # A connection that was lost before the router answered has no session to leave.
        if left.was_joined or self._transport is not None:
            self._hook(self.onLeave, left.details, doing="calling onLeave")

    def _succeeded(self, effect: Succeeded) -> None:
        if not effect.reply.called:
            effect.reply.callback(effect.value)

    def _failed(self, effect: Failed) -> None:
        if effect.cause is not None:
            self._user_error(Failure(effect.cause), "While building the exception for an ERROR")
        if not effect.reply.called:
            effect.reply.errback(effect.exception)

    def _progressed(self, effect: Progressed) -> None:
        self._hook(partial(effect.on_progress, *effect.args, **effect.kwargs), doing="calling on_progress")

    def _received(self, effect: Received) -> None:
        for subscription in effect.subscriptions:
            # One that an earlier handler of the same event has unsubscribed gets nothing any more.
            if subscription.active:
                self._handle(effect, subscription)

    def _handle(self, effect: Received, subscription: Subscription) -> None:
        handler = subscription.handler
        kwargs = effect.kwargs
        try:
            if handler.arguments_of is not None:
                topic = effect.message.details.get("topic") or subscription.topic
                kwargs = {**kwargs, **handler.arguments_of(topic)}
            if handler.details_arg is not None:
                # A dictionary of its own: the next handler has not asked for details.
                kwargs = {**kwargs, handler.details_arg: event_details(effect.message, subscription)}
            result = handler.fn(*effect.args, **kwargs)
        except Exception:  # noqa: BLE001  (a handler of the user's)
            self._user_error(Failure(), f"While handling an event of {subscription.topic}")
            return
        waiting = _waiting(result)
        if waiting is None:
            self._handled(None, effect)
        else:
            waiting.addCallback(self._handled, effect).addErrback(
                self._user_error, f"While handling an event of {subscription.topic}"
            )

    def _handled(self, _: object, effect: Received) -> None:
        if effect.acknowledge:
            self._send_if_open(messages.EventReceived(effect.message.publication))

    def _invoked(self, invoked: Invoked) -> None:
        endpoint = invoked.registration.endpoint
        kwargs = invoked.kwargs
        try:
            if endpoint.arguments_of is not None:
                uri = invoked.message.details.get("procedure") or invoked.registration.procedure
                kwargs = {**kwargs, **endpoint.arguments_of(uri)}
            if endpoint.details_arg is not None:
                kwargs = {**kwargs, endpoint.details_arg: self._call_details(invoked)}
            result = endpoint.fn(*invoked.args, **kwargs)
        except Exception:  # noqa: BLE001  (a procedure of the user's)
            self._refused(Failure(), invoked)
            return
        waiting = _waiting(result)
        if waiting is None:
            self._completed(result, invoked)
            return
        invoked.running = waiting
        waiting.addCallback(self._completed, invoked).addErrback(self._refused, invoked)

    def _call_details(self, invoked: Invoked) -> Any:
        wants_progress = invoked.message.details.get("receive_progress")
        progress = partial(self._progress, invoked) if wants_progress else None
        return call_details(invoked.message, invoked.registration, progress)

    def _progress(self, invoked: Invoked, /, *args: Any, **kwargs: Any) -> None:
        self._send_if_open(self._wamp.progress(invoked, args, kwargs))

    def _completed(self, value: Any, invoked: Invoked) -> None:
        answer = self._wamp.complete(invoked, value)
        if answer is None:
            self.log.debug("nobody waits for the result of {uri} any more", uri=invoked.registration.procedure)
        else:
            self._send_answer(invoked, answer)

    def _refused(self, failure: Failure, invoked: Invoked) -> None:
        if invoked.was_interrupted and failure.check(CancelledError):
            text = f"{invoked.registration.procedure} was cancelled by its caller"
            answer = self._wamp.reject(invoked, ApplicationError.CANCELED, text)
        else:
            self._user_error(failure, f"While running {invoked.registration.procedure}")
            traceback = failure.getTraceback() if self.traceback_app else None
            answer = self._wamp.refuse(invoked, _exception(failure), traceback)
        if answer is not None:
            self._send_answer(invoked, answer)

    def _send_answer(self, invoked: Invoked, answer: messages.Yield | messages.Error) -> None:
        """Send an answer, or, if it is too large, an ERROR that says so."""
        try:
            self._send_if_open(answer)
        except (PayloadExceededError, SerializationError) as error:
            uri = (
                ApplicationError.PAYLOAD_SIZE_EXCEEDED
                if isinstance(error, PayloadExceededError)
                else ApplicationError.INVALID_PAYLOAD
            )
            text = f"the answer of {invoked.registration.procedure} could not be sent: {error}"
            self.log.error("session {session}: {text}", session=self._wamp.id, text=text)
            self._send_if_open(self._wamp.replace(answer, uri, text))

    def _interrupted(self, effect: Interrupted) -> None:
        if effect.invoked.running is not None:
            effect.invoked.running.cancel()


_CARRY_OUT: dict[type[Effect], Callable[[ApplicationSession, Any], None]] = {
    Succeeded: ApplicationSession._succeeded,
    Failed: ApplicationSession._failed,
    Invoked: ApplicationSession._invoked,
    Received: ApplicationSession._received,
    Progressed: ApplicationSession._progressed,
    Interrupted: ApplicationSession._interrupted,
    Welcomed: ApplicationSession._welcomed,
    Challenged: ApplicationSession._challenged,
    Left: ApplicationSession._left,
}
"""Effect -> what carries it out."""


def _waiting(result: Any) -> Deferred[Any] | None:
    """Return a Deferred for a result that is not there yet, or None if it is."""
    if isinstance(result, Deferred):
        return result
    if isinstance(result, CoroutineType):
        return Deferred.fromCoroutine(result)
    return None


def _exception(failure: Failure) -> BaseException:
    return failure.value if failure.value is not None else Error("a Failure without an exception")


def _all(replies: list[Deferred[_T]]) -> Deferred[list[_T]]:
    """Return the results of all, once all are there; fail with the first error."""

    def unpack(results: list[tuple[bool, Any]]) -> Any:
        for has_succeeded, value in results:
            if not has_succeeded:
                return value
        return [value for _, value in results]

    return DeferredList(replies, consumeErrors=True).addCallback(unpack)


def _session_details(welcome: Welcome, transport: Transport) -> SessionDetails:
    details: TransportDetails = transport.details
    protocol = details.websocket_protocol
    return SessionDetails(
        welcome.realm,
        welcome.session,
        welcome.authid,
        welcome.authrole,
        welcome.authmethod,
        welcome.authprovider,
        welcome.authextra,
        protocol.removeprefix("wamp.2.") if protocol else transport.codec.serializer.name,
        details,
        False,
        False,
        None,
    )
