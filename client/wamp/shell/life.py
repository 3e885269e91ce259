"""A session's life: connecting, joining, leaving, with the hooks that run meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Final

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
from wamp.exception import ApplicationError, Error, TransportLost, in_brief
from wamp.protocol.errors import CLOSE_GOODBYE_AND_OUT, CLOSE_REALM, CLOSE_SYSTEM_SHUTDOWN, ProtocolViolation
from wamp.protocol.messages import Message
from wamp.session import ClientSession, State
from wamp.shell.base import Failure
from wamp.shell.requests import Requests
from wamp.shell.serving import Serving
from wamp.transport import Transport
from wamp.types import Challenge, CloseDetails, ComponentConfig, SessionDetails, TransportDetails, Welcome

if TYPE_CHECKING:
    # Its cryptography takes as long to load as everything else; who logs in without it need not wait.
    from wamp.auth import Authenticator
    from wamp.payload import PayloadCodec

__all__ = ["Shell"]

CANNOT_AUTHENTICATE: Final = "wamp.error.cannot_authenticate"
_ORDERLY: Final = (CloseDetails.REASON_DEFAULT, CLOSE_GOODBYE_AND_OUT, CLOSE_SYSTEM_SHUTDOWN, CLOSE_REALM)


class Shell(Requests, Serving):
    """One WAMP session, whatever the event loop."""

    _valid_events = ("connect", "join", "ready", "leave", "disconnect")

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
        self._open_parts: dict[Invoked, None] = {}
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
            raise Error(
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
        name = type(self).__name__
        facts = {"name": "" if name.startswith("_") else f"{name}, ", "session": self._wamp.id, "doing": msg}
        if isinstance(fail.value, ApplicationError):
            self.log.info("{name}session {session}: {doing}: {error}", error=in_brief(fail.value), **facts)
        else:
            self._log_failure("{name}session {session}: {doing}", fail, **facts)

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
        was_unused = self._wamp.state is State.IDLE  # onConnect was not done with it
        left = self._wamp.lost()
        if left is not None:
            if not left.was_asked and not self._is_disconnecting:
                self._fail_with(TransportLost(left.details.message))
            self._leave(left)
        elif was_unused and not self._is_disconnecting:
            self._fail_with(TransportLost("the connection was lost before a session was asked for"))
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
        async def work() -> None:
            answer = _signature(await _result(self.onChallenge(challenge)))
            self._send_if_open(self._wamp.authenticate(*answer))

        _, failure = await self._outcome("calling onChallenge", work())
        if failure is not None:
            self._fail_with(failure)
            self._abort(CANNOT_AUTHENTICATE, str(failure))

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


def _said(ways: Iterable[Authenticator], name: str) -> str | None:
    """Return the first ``authid`` or ``authrole`` that an authenticator has: one that was written for Autobahn may have none."""
    return next((value for way in ways if (value := getattr(way, name, None))), None)


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
