"""What the sessions of all event loops share: the pure session of ``wamp.session``, and the user's code around it.

``Shell`` carries out effects, runs hooks, procedures and handlers, and turns methods into messages. What is an event loop's
own (what a request returns, how one waits for it) is in the few methods that raise NotImplementedError here;
``wamp.twisted.session`` and ``wamp.asyncio.session`` fill them in. What happens once in a session is written as coroutines, which
either loop runs; what happens with each message is written without them.

Names, arguments and results are those of Autobahn's ``ApplicationSession``: methods in camelCase are called by the
transport, or are hooks of the application's. Every hook and handler may return a value or what its loop can await.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from contextlib import aclosing
from functools import partial
from inspect import isawaitable
from types import AsyncGeneratorType
from typing import TYPE_CHECKING, Any, ClassVar, Final, overload

from wamp.effects import (
    Challenged,
    Continued,
    Effect,
    Failed,
    Interrupted,
    Invoked,
    Left,
    Progressed,
    Received,
    Succeeded,
    Undecodable,
    Welcomed,
)
from wamp.errormap import RUNTIME_ERROR
from wamp.exception import ApplicationError, BufferFull, Error, PayloadExceededError, SerializationError, TransportLost
from wamp.handlers import VALUES, call_details, checked, event_details, marked_endpoints, marked_handlers, payload_of
from wamp.observable import ObservableMixin
from wamp.protocol import messages
from wamp.protocol.errors import CLOSE_GOODBYE_AND_OUT, CLOSE_REALM, CLOSE_SYSTEM_SHUTDOWN, ProtocolViolation
from wamp.protocol.messages import Message
from wamp.request import Endpoint, Handler, Registration, Subscription
from wamp.session import ClientSession
from wamp.streams import PARTS, Buffer, Place, Stream, place_of
from wamp.transport import Transport
from wamp.types import (
    CallOptions,
    CallResult,
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

if TYPE_CHECKING:
    # Its cryptography takes as long to load as everything else; who logs in without it need not wait.
    from wamp.auth import Authenticator
    from wamp.payload import PayloadCodec

__all__ = ["Hooks", "Shell"]

UNAVAILABLE: Final = "wamp.error.unavailable"
CANNOT_AUTHENTICATE: Final = "wamp.error.cannot_authenticate"
_ORDERLY: Final = (CloseDetails.REASON_DEFAULT, CLOSE_GOODBYE_AND_OUT, CLOSE_SYSTEM_SHUTDOWN, CLOSE_REALM)

Failure = Any
"""What an event loop has for an exception and its traceback: ``value``, ``getTraceback()``."""


class Shell(ObservableMixin):
    """One WAMP session, whatever the event loop."""

    _valid_events = ("connect", "join", "ready", "leave", "disconnect")
    _cancelled: ClassVar[type[BaseException]]
    """What an awaitable raises that was cancelled."""
    log: Any

    def __init__(self, config: ComponentConfig | None = None) -> None:
        self.config = config or ComponentConfig(realm="realm1")
        self.traceback_app = False
        """Whether a caller is sent the traceback of what a procedure raised, as keyword argument ``traceback``."""
        self._wamp = ClientSession(self)
        self._transport: Transport | None = None
        self._session_details = SessionDetails()
        self._authenticators: dict[str, Authenticator] = {}
        self._at_close: list[Callable[[], None]] = []
        self._ended_by: Exception | None = None
        self._open_parts: dict[Invoked, None] = {}  # invocations of which more parts are to come
        self._is_disconnecting = False
        self._is_closed = True

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

    def set_payload_codec(self, payload_codec: PayloadCodec | None) -> None:
        """Let a codec make the payloads that are sent from now on, and read those that are encoded; None for no codec."""
        self._wamp.set_payload_codec(payload_codec)

    def get_payload_codec(self) -> PayloadCodec | None:
        """Return the payload codec, None if there is none."""
        return self._wamp.get_payload_codec()

    # -- hooks: override them

    def onConnect(self) -> Any:
        """Called when the connection is open. By default it joins the realm of the configuration."""
        if self.config.realm is None:
            raise ValueError("no realm to join: give ComponentConfig a realm, or override onConnect and join one")
        self.join(self.config.realm)

    def onChallenge(self, challenge: Challenge) -> Any:
        """Called when the router asks for authentication. Return the signature, or a pair of it and AUTHENTICATE.extra.

        By default the authenticator of that method answers, if one was added.
        """
        authenticator = self._authenticators.get(challenge.method)
        if authenticator is None:
            raise RuntimeError(
                f"the router asks for {challenge.method} authentication: onChallenge is not implemented"
                if not self._authenticators
                else f"the router asks for {challenge.method}, there is {', '.join(self._authenticators)}"
            )
        return authenticator.on_challenge(self, challenge)

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
            self._log_failure("{name}, session {session}: {doing}", fail, **facts)

    # -- called by the transport

    def onOpen(self, transport: Transport) -> None:
        """Take a new connection."""
        self._transport = transport
        self._session_details = SessionDetails()
        self._ended_by = None
        self._is_disconnecting = self._is_closed = False
        self._wamp.open(transport.codec)
        self._start(self._connected(transport))

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
        self._start(self._disconnected(wasClean))

    # -- joining and leaving

    def add_authenticator(self, authenticator: Authenticator) -> None:
        """Let ``join`` offer one more way to log in, and answer the router's challenge in that way.

        Raise ValueError if it is for another authid than those before it: a HELLO has one.
        """
        known, given = _said(self._authenticators.values(), "authid"), _said([authenticator], "authid")
        if known and given and given != known:
            raise ValueError(f"an authenticator for {given!r}, but there is one for {known!r}")
        self._authenticators[authenticator.name] = authenticator

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
        """Ask for a session on ``realm``; ``onJoin`` or ``onLeave`` tells the answer.

        Authenticators that were added say who we are, where the arguments do not.
        """
        more = {"resumable": resumable, "resume-session": resume_session, "resume-token": resume_token}
        transport = self._link()
        if self._authenticators and authmethods is None:
            ways = self._authenticators.values()
            authmethods = list(self._authenticators)
            authid = authid or _said(ways, "authid")
            authrole = authrole or _said(ways, "authrole")
            extras = {name: value for way in ways for name, value in (way.authextra or {}).items()}
            authextra = {**extras, **(authextra or {})} or None
        transport.send(self._wamp.join(realm, authmethods, authid, authrole, authextra, **more))

    def leave(self, reason: str | None = None, message: str | None = None) -> Any:
        """Leave the realm; what is returned is over when the connection is closed."""
        goodbye = self._wamp.leave(reason, message)
        if goodbye is None:
            self.log.debug("leave: not on a realm, or leaving it already")
        else:
            self._link().send(goodbye)
        return self.when_closed()

    def when_closed(self) -> Any:
        """Return an awaitable that is over when the connection is closed and ``onDisconnect`` has finished."""
        if self._is_closed:
            return self._resolved(None)
        waiter = self._reply()
        self._at_close.append(partial(self._settle, waiter, None))
        return waiter

    def call_when_closed(self, action: Callable[[], None]) -> None:
        """Call ``action`` when the connection is closed and ``onDisconnect`` has finished; at once if it is."""
        if self._is_closed:
            action()
        else:
            self._at_close.append(action)

    def disconnect(self) -> None:
        """Close the connection, after what was sent."""
        self._is_disconnecting = True
        if self._transport is not None:
            self._transport.close()

    # -- the four verbs

    def call(self, procedure: str, *args: Any, **kwargs: Any) -> Any:
        """Call a procedure; ``options=CallOptions(…)`` is taken out of the keyword arguments.

        The result is None, the one positional value, or a ``CallResult``. Cancelling what is returned cancels the call.

        If the last positional argument is an asynchronous iterator, the call is sent in parts, each with one of its items in that place
        (advanced profile, "Progressive Call Invocations"); the last part ends it and has no arguments.
        """
        options: CallOptions | None = kwargs.pop("options", None) if kwargs else None
        return self._call(procedure, args, kwargs, options)

    def _call(self, procedure: str, args: tuple[Any, ...], kwargs: dict[str, Any], options: CallOptions | None) -> Any:
        if args and type(args[-1]) not in VALUES and hasattr(type(args[-1]), "__aiter__"):
            return self._call_in_parts(procedure, args, kwargs, options)
        transport = self._transport or self._link()
        reply = self._reply()
        message = self._wamp.call(reply, procedure, args, kwargs, options)
        self._send_request(transport, reply, message)
        return reply

    def stream(self, procedure: str, *args: Any, buffer: int = PARTS, **kwargs: Any) -> Stream:
        """Call a procedure, and return its progressive results as an asynchronous iterator: see ``Stream``.

        At most ``buffer`` of them wait to be read: if there are more, the call is cancelled and the iteration raises BufferFull.
        ``options=CallOptions(…)`` is taken out of the keyword arguments.
        """
        stream = Stream(self, buffer)
        options = stream.options(kwargs.pop("options", None))
        stream.begin(self._call(procedure, args, kwargs, options))
        return stream

    def publish(self, topic: str, *args: Any, **kwargs: Any) -> Any:
        """Publish an event; ``options=PublishOptions(…)`` is taken out of the keyword arguments.

        With ``acknowledge=True`` the result is a ``Publication`` or an error, otherwise None: at once, or, if the router does not keep
        up, when there is room again. Who awaits that cannot fill the memory.
        """
        options: PublishOptions | None = kwargs.pop("options", None) if kwargs else None
        return self._publish(topic, args, kwargs, options)

    def _publish(
        self, topic: str, args: tuple[Any, ...], kwargs: dict[str, Any], options: PublishOptions | None
    ) -> Any:
        transport = self._link()
        if options is None or not options.acknowledge:
            transport.send(self._wamp.publish(None, topic, args, kwargs, options))
            return self._drained(transport) if transport.is_congested else self._resolved(None)
        reply = self._reply()
        message = self._wamp.publish(reply, topic, args, kwargs, options)
        self._send_request(transport, reply, message)
        return reply

    @overload
    def register(
        self,
        endpoint: Callable[..., Any],
        procedure: str,
        options: RegisterOptions | None = None,
        prefix: str | None = None,
        check_types: bool | None = None,
    ) -> Any: ...
    @overload
    def register(
        self,
        endpoint: object,
        procedure: None = None,
        options: RegisterOptions | None = None,
        prefix: str | None = None,
        check_types: bool | None = None,
    ) -> Any: ...
    def register(
        self,
        endpoint: Callable[..., Any] | object,
        procedure: str | None = None,
        options: RegisterOptions | None = None,
        prefix: str | None = None,
        check_types: bool | None = None,
    ) -> Any:
        """Offer a procedure: the result is its ``Registration``.

        Given an object, register each of its methods decorated with ``@wamp.register``: the result is the list of their
        registrations, or, once all are answered, the first error.
        """
        self._link()
        if not callable(endpoint):
            marked = marked_endpoints(endpoint, options)
            return self._all([self._register((prefix or "") + uri, each, chosen) for uri, each, chosen in marked])
        if procedure is None:
            raise ValueError("register: a function needs the URI of its procedure")
        function = checked(endpoint) if check_types else endpoint
        each = Endpoint(function, None, None if options is None else options.details_arg)
        return self._register((prefix or "") + procedure, each, options)

    def _register(self, procedure: str, endpoint: Endpoint, options: RegisterOptions | None) -> Any:
        endpoint.stream = place_of(endpoint.fn)
        reply = self._reply()
        message = self._wamp.register(reply, procedure, endpoint, options)
        self._send_request(self._link(), reply, message)
        return reply

    @overload
    def subscribe(
        self,
        handler: Callable[..., Any],
        topic: str,
        options: SubscribeOptions | None = None,
        check_types: bool | None = None,
    ) -> Any: ...
    @overload
    def subscribe(
        self,
        handler: object,
        topic: None = None,
        options: SubscribeOptions | None = None,
        check_types: bool | None = None,
    ) -> Any: ...
    def subscribe(
        self,
        handler: Callable[..., Any] | object,
        topic: str | None = None,
        options: SubscribeOptions | None = None,
        check_types: bool | None = None,
    ) -> Any:
        """Receive a topic's events: the result is a ``Subscription``.

        Given an object, subscribe each of its methods decorated with ``@wamp.subscribe``, as ``register`` does.
        """
        self._link()
        if not callable(handler):
            marked = marked_handlers(handler, options)
            return self._all([self._subscribe(uri, each, chosen) for uri, each, chosen in marked])
        if topic is None:
            raise ValueError("subscribe: a function needs the URI of its topic")
        function = checked(handler) if check_types else handler
        each = Handler(function, None, None if options is None else options.details_arg)
        return self._subscribe(topic, each, options)

    def _subscribe(self, topic: str, handler: Handler, options: SubscribeOptions | None) -> Any:
        reply = self._reply()
        message = self._wamp.subscribe(reply, topic, handler, options)
        self._send_request(self._link(), reply, message)
        return reply

    def _unregister(self, registration: Registration) -> Any:
        reply = self._reply()
        message = self._wamp.unregister(reply, registration)
        self._send_request(self._link(), reply, message)
        return reply

    def _unsubscribe(self, subscription: Subscription) -> Any:
        reply = self._reply()
        transport = self._link()
        message = self._wamp.unsubscribe(reply, subscription)
        if isinstance(message, int):
            return self._resolved(message)
        self._send_request(transport, reply, message)
        return reply

    # -- calls in parts

    def _call_in_parts(
        self, procedure: str, args: tuple[Any, ...], kwargs: dict[str, Any], options: CallOptions | None
    ) -> Any:
        self._link()
        reply = self._reply()
        *before, items = args
        feeding = self._start(self._feed(reply, procedure, tuple(before), aiter(items), kwargs, options))
        self._at_end(reply, feeding.cancel)  # also if the callee answers before it has everything
        return reply

    async def _feed(
        self,
        reply: Any,
        procedure: str,
        before: tuple[Any, ...],
        items: AsyncIterator[Any],
        kwargs: dict[str, Any],
        options: CallOptions | None,
    ) -> None:
        """Make a call of items that come one after the other; what goes wrong is the call's failure."""
        try:
            first = [item async for item in _first(items)]
            message = self._wamp.call(reply, procedure, (*before, *first), kwargs, options, is_progressive=bool(first))
            self._send_request(self._link(), reply, message)
            if first:
                async for item in items:
                    self._send_part(reply, (*before, item), kwargs, is_last=False)
                    await self._pace()
                self._send_part(reply, (), {}, is_last=True)
        except (Exception, self._cancelled) as error:  # noqa: BLE001  (the user's iterator)
            self._cancel(reply)
            self._fail(reply, error)
        finally:
            if isinstance(items, AsyncGenerator):
                await items.aclose()

    def _send_part(self, reply: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_last: bool) -> None:
        message = self._wamp.call_more(reply.request, args, kwargs, is_last=is_last)
        if message is not None:
            self._link().send(message)

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

    # -- the user's code: once in a session

    async def _outcome(self, doing: str, work: Coroutine[Any, Any, Any]) -> tuple[Any, BaseException | None]:
        """Return what comes of the user's code: its result, or what it raised, which is reported then."""
        try:
            return await work, None
        except (Exception, self._cancelled) as exception:  # noqa: BLE001  (hooks of the user's)
            self._user_error(self._failure(exception), f"While {doing}")
            return None, exception

    async def _connected(self, transport: Transport) -> None:
        async def work() -> None:
            await self._notify("connect", self, transport)
            await _result(self.onConnect())

        _, failure = await self._outcome("calling onConnect", work())
        if failure is not None:
            self._fail_with(failure)
            self.disconnect()

    async def _welcome(self, welcome: Welcome) -> None:
        async def work() -> Any:
            return self._mutual(welcome) or await _result(self.onWelcome(welcome))

        refusal, failure = await self._outcome("calling onWelcome", work())
        if failure is not None:
            self._fail_with(failure)
            refusal = str(failure)
        if refusal is not None:
            self._abort(CANNOT_AUTHENTICATE, str(refusal))
        elif self._transport is not None and self._wamp.established():
            self._session_details = _session_details(welcome, self._transport)
            await self._joined(self._session_details)

    def _mutual(self, welcome: Welcome) -> str | None:
        """Let the authenticator that was used check that the router is who it should be."""
        authenticator = self._authenticators.get(welcome.authmethod or "")
        return None if authenticator is None else authenticator.on_welcome(self, welcome.authextra)

    async def _joined(self, details: SessionDetails) -> None:
        async def work() -> None:
            await self._notify("join", self, details)
            await _result(self.onJoin(details))
            await self._notify("ready", self)

        _, failure = await self._outcome("calling onJoin", work())
        if failure is not None:
            self._fail_with(failure)
            # What was raised may be nobody else's business, so the router is told only that something was.
            self._send_if_open(self._wamp.leave(RUNTIME_ERROR, "onJoin failed"))

    async def _challenge(self, challenge: Challenge) -> None:
        async def work() -> tuple[str, dict[str, Any] | None]:
            return _signature(await _result(self.onChallenge(challenge)))

        answer, failure = await self._outcome("calling onChallenge", work())
        if failure is not None:
            self._fail_with(failure)
            self._abort(CANNOT_AUTHENTICATE, str(failure))
        else:
            self._send_if_open(self._wamp.authenticate(*answer))

    async def _has_left(self, details: CloseDetails) -> None:
        async def work() -> None:
            await _result(self.onLeave(details))
            await self._notify("leave", self, details)

        await self._outcome("calling onLeave", work())

    async def _disconnected(self, was_clean: bool) -> None:
        async def work() -> None:
            await _result(self.onDisconnect())
            await self._notify("disconnect", self, was_clean=was_clean)

        await self._outcome("calling onDisconnect", work())
        self._is_closed = True
        actions, self._at_close = self._at_close, []
        for action in actions:
            action()

    async def _notify(self, event: str, *args: Any, **kwargs: Any) -> None:
        """Let observers know, here and of the component; wait for all and raise the first error."""
        results = self._called(event, args, kwargs)
        if results:
            await self._gather(results)

    def _user_error(self, failure: Failure, doing: str) -> None:
        """Report an exception of the user's code, and never raise one."""
        try:
            self.onUserError(failure, doing)
        except Exception as exception:  # noqa: BLE001  (an override of the user's)
            self._log_failure("onUserError raised when told of an error {doing}", self._failure(exception), doing=doing)

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
        self._start(self._welcome(effect.welcome))

    def _challenged(self, effect: Challenged) -> None:
        self._start(self._challenge(effect.challenge))

    def _left(self, left: Left) -> None:
        if not left.was_asked and left.details.reason != CloseDetails.REASON_DEFAULT:
            text = () if left.details.message is None else (left.details.message,)
            self._fail_with(ApplicationError(left.details.reason or "", *text))
        self._leave(left)

    def _leave(self, left: Left) -> None:
        """Carry out the end of a session."""
        self._send_if_open(left.answer)
        for reply, exception in left.replies:
            self._fail(reply, exception)
        for invoked in list(self._open_parts):
            self._end_parts(invoked, TransportLost("the session ended before the last part had come"))
        # A connection that was lost before the router answered has no session to leave.
        if left.was_joined or self._transport is not None:
            self._start(self._has_left(left.details))

    def _succeeded(self, effect: Succeeded) -> None:
        self._settle(effect.reply, effect.value)

    def _failed(self, effect: Failed) -> None:
        if effect.cause is not None:
            self._user_error(self._failure(effect.cause), "While building the exception for an ERROR")
        self._fail(effect.reply, effect.exception)

    def _progressed(self, effect: Progressed) -> None:
        try:
            waiting = self._waiting(effect.on_progress(*effect.args, **effect.kwargs))
        except Exception as exception:  # noqa: BLE001  (a function of the user's)
            self._user_error(self._failure(exception), "While calling on_progress")
        else:
            if waiting is not None:
                self._when(waiting, _nothing, self._user_error, "While calling on_progress")

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
            waiting = self._waiting(handler.fn(*effect.args, **kwargs))
        except Exception as exception:  # noqa: BLE001  (a handler of the user's)
            self._user_error(self._failure(exception), f"While handling an event of {subscription.topic}")
            return
        if waiting is not None:
            self._when(waiting, self._handled, self._not_handled, effect, subscription)
        elif effect.acknowledge:
            self._handled(None, effect, subscription)

    def _handled(self, _: object, effect: Received, __: Subscription) -> None:
        if effect.acknowledge:
            self._send_if_open(messages.EventReceived(effect.message.publication))

    def _not_handled(self, failure: Failure, _: Received, subscription: Subscription) -> None:
        self._user_error(failure, f"While handling an event of {subscription.topic}")

    def _invoked(self, invoked: Invoked) -> None:
        endpoint = invoked.registration.endpoint
        kwargs = invoked.kwargs
        if endpoint.stream is not None:
            kwargs = self._begin_parts(invoked, endpoint.stream)
        elif invoked.is_progressive:
            text = f"{invoked.registration.procedure} takes its arguments at once, not in parts"
            self._send_if_open(self._wamp.reject(invoked, ApplicationError.INVALID_ARGUMENT, text))
            return
        try:
            if endpoint.arguments_of is not None:
                uri = invoked.message.details.get("procedure") or invoked.registration.procedure
                kwargs = {**kwargs, **endpoint.arguments_of(uri)}
            if endpoint.details_arg is not None:
                kwargs = {**kwargs, endpoint.details_arg: self._call_details(invoked)}
            result = endpoint.fn(*invoked.args, **kwargs)
        except Exception as exception:  # noqa: BLE001  (a procedure of the user's)
            self._refused(self._failure(exception), invoked)
            return
        if type(result) in VALUES:
            self._completed(result, invoked)
            return
        if type(result) is AsyncGeneratorType:
            result = self._pump(invoked, result)
        waiting = self._waiting(result)
        if waiting is None:
            self._completed(result, invoked)
        else:
            invoked.running = waiting
            self._when(waiting, self._completed, self._refused, invoked)

    def _begin_parts(self, invoked: Invoked, place: Place) -> dict[str, Any]:
        """Put an iterator of parts in its place among the arguments; return the keyword arguments."""
        parts = Buffer(self, PARTS)
        for item in place.item(invoked.args, invoked.kwargs):
            parts.put(item)
        if invoked.is_open:
            invoked.parts = parts
            self._open_parts[invoked] = None
        else:
            parts.end()
        invoked.args, kwargs = place.filled(invoked.args, invoked.kwargs, parts)
        return kwargs

    def _continued(self, effect: Continued) -> None:
        invoked = effect.invoked
        place = invoked.registration.endpoint.stream
        assert place is not None  # _invoked has refused the others
        for item in place.item(effect.args, effect.kwargs):
            if not invoked.parts.put(item):
                self._overflow(invoked)
        if effect.is_last:
            self._end_parts(invoked)

    def _overflow(self, invoked: Invoked) -> None:
        """End an invocation whose procedure does not take its parts as fast as they come."""
        text = f"{invoked.registration.procedure} takes its parts too slowly: {PARTS} wait"
        self._send_if_open(self._wamp.reject(invoked, UNAVAILABLE, text))
        self._end_parts(invoked, BufferFull(text))
        invoked.was_interrupted = True
        self._interrupt(invoked)

    def _end_parts(self, invoked: Invoked, failure: BaseException | None = None) -> None:
        if invoked.parts is not None:
            self._open_parts.pop(invoked, None)
            invoked.parts.end(failure)

    async def _pump(self, invoked: Invoked, items: AsyncGenerator[Any, None]) -> Any:
        """Send what a procedure yields as progressive results; return all of it to a caller who wants none."""
        wants_progress = invoked.message.details.get("receive_progress")
        kept: list[Any] = []
        async with aclosing(items):
            async for item in items:
                if not self._wamp.is_waited_for(invoked):
                    break
                if wants_progress:
                    args, kwargs = payload_of(item)
                    self._progress(invoked, *args, **kwargs)
                elif len(kept) < PARTS:
                    kept.append(item)
                else:
                    text = (
                        f"{invoked.registration.procedure} yields more than {PARTS} values: ask for progressive results"
                    )
                    raise ApplicationError(ApplicationError.PAYLOAD_SIZE_EXCEEDED, text)
                await self._pace()
        return CallResult() if wants_progress else kept

    def _undecodable(self, effect: Undecodable) -> None:
        self._send_if_open(effect.answer)
        if effect.invoked is not None:
            self._end_parts(effect.invoked)
            self._interrupt(effect.invoked)
        self._user_error(self._failure(effect.exception), effect.doing)

    def _call_details(self, invoked: Invoked) -> Any:
        wants_progress = invoked.message.details.get("receive_progress")
        progress = partial(self._progress, invoked) if wants_progress else None
        return call_details(invoked.message, invoked.registration, progress)

    def _progress(self, invoked: Invoked, /, *args: Any, **kwargs: Any) -> Any:
        """Send a progressive result; return an awaitable that is over when there is room for another one."""
        self._send_if_open(self._wamp.progress(invoked, args, kwargs))
        transport = self._transport
        return self._resolved(None) if transport is None or not transport.is_congested else self._drained(transport)

    def _completed(self, value: Any, invoked: Invoked) -> None:
        if invoked.parts is not None:
            self._end_parts(invoked)
        answer = self._wamp.complete(invoked, value)
        if answer is None:
            self.log.debug("nobody waits for the result of {uri} any more", uri=invoked.registration.procedure)
        else:
            self._send_answer(invoked, answer)

    def _refused(self, failure: Failure, invoked: Invoked) -> None:
        if invoked.parts is not None:
            self._end_parts(invoked)
        exception: BaseException = failure.value
        if invoked.was_interrupted and isinstance(exception, self._cancelled):
            text = f"{invoked.registration.procedure} was cancelled by its caller"
            answer = self._wamp.reject(invoked, ApplicationError.CANCELED, text)
        else:
            self._user_error(failure, f"While running {invoked.registration.procedure}")
            traceback = failure.getTraceback() if self.traceback_app else None
            answer = self._wamp.refuse(invoked, exception, traceback)
        if answer is not None:
            self._send_answer(invoked, answer)

    def _send_answer(self, invoked: Invoked, answer: messages.Yield | messages.Error) -> None:
        """Send an answer, or, if it is too large, an ERROR that says so."""
        if invoked.failure is not None:
            self._user_error(
                self._failure(invoked.failure), f"While encoding the answer of {invoked.registration.procedure}"
            )
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
        self._interrupt(effect.invoked)

    def _interrupt(self, invoked: Invoked) -> None:
        if invoked.running is not None:
            invoked.running.cancel()


_CARRY_OUT: dict[type[Effect], Callable[[Shell, Any], None]] = {
    Succeeded: Shell._succeeded,
    Failed: Shell._failed,
    Invoked: Shell._invoked,
    Received: Shell._received,
    Progressed: Shell._progressed,
    Interrupted: Shell._interrupted,
    Continued: Shell._continued,
    Undecodable: Shell._undecodable,
    Welcomed: Shell._welcomed,
    Challenged: Shell._challenged,
    Left: Shell._left,
}
"""Effect -> what carries it out."""


class Hooks(Shell):
    """The hooks in PEP 8 spelling, as ``Session`` of Autobahn's has them."""

    def on_welcome(self, welcome: Welcome) -> Any:
        """Called when the router has accepted the session. Return a text to refuse it."""

    def on_join(self, details: SessionDetails) -> Any:
        """Called when the session is on the realm. An exception ends the session."""

    def on_leave(self, details: CloseDetails) -> Any:
        """Called when the session has ended or was refused. By default it closes the connection."""
        return super().onLeave(details)

    def on_connect(self) -> Any:
        """Called when the connection is open. By default it joins the realm of the configuration."""
        return super().onConnect()

    def on_disconnect(self) -> Any:
        """Called when the connection is closed."""

    def onWelcome(self, welcome: Welcome) -> Any:
        return self.on_welcome(welcome)

    def onJoin(self, details: SessionDetails) -> Any:
        return self.on_join(details)

    def onLeave(self, details: CloseDetails) -> Any:
        return self.on_leave(details)

    def onConnect(self) -> Any:
        return self.on_connect()

    def onDisconnect(self) -> Any:
        return self.on_disconnect()


def _said(ways: Iterable[Authenticator], name: str) -> str | None:
    """Return the first ``authid`` or ``authrole`` that an authenticator has: one that was written for Autobahn may have none."""
    return next((value for way in ways if (value := getattr(way, name, None))), None)


async def _first(items: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Yield the first item, if there is one."""
    async for item in items:
        yield item
        return


async def _result(result: Any) -> Any:
    """Return what a hook has returned, once it is there."""
    return await result if isawaitable(result) else result


def _signature(answer: Any) -> tuple[str, dict[str, Any] | None]:
    """Return signature and AUTHENTICATE.extra of what onChallenge returned."""
    signature, extra = answer if isinstance(answer, tuple) else (answer, None)
    if isinstance(signature, bytes):
        signature = signature.decode("utf-8")
    if not isinstance(signature, str):
        raise TypeError(f"onChallenge returned {type(signature).__name__}, expected the signature as a string")
    return signature, extra


def _nothing(*_: object) -> None:
    """Take a result that nobody needs."""


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
