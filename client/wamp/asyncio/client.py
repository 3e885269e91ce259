"""A session for asyncio that outlives its connections.

A ``Client`` has one session of ``wamp.asyncio.session`` after the other, one for each connection. What it has registered and
subscribed is asked for again in each. What is in flight when a connection is lost fails: whether it was done, nobody knows.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast, overload

import msgspec

from wamp.asyncio.dialing import Dialer, LoopClock
from wamp.asyncio.keeping import Held, Keeper
from wamp.asyncio.log import Log
from wamp.asyncio.offline import OfflineEvents
from wamp.asyncio.session import Session
from wamp.connector import Connector
from wamp.durations import Duration, seconds
from wamp.effects import Left
from wamp.errormap import ErrorMap
from wamp.exception import ApplicationError, CallTimeout, Error, TransportLost, in_brief
from wamp.kept import Kept, registrations, subscriptions
from wamp.rpc import Rpc
from wamp.streams import PARTS, Stream
from wamp.targets import Target
from wamp.types import CallOptions, CloseDetails, ComponentConfig, SessionDetails

if TYPE_CHECKING:
    from wamp.app import App
    from wamp.request import Publication
    from wamp.types import PublishOptions, RegisterOptions, SubscribeOptions

__all__ = ["Client"]

T = TypeVar("T")
_log = Log()
_LOST: Final = "the connection was lost; whether the request was carried out is not known"


class _Session(Session):
    """The session of one connection."""

    def __init__(self, client: Client) -> None:
        super().__init__(ComponentConfig(client.realm))
        self._client = client

    def on_join(self, details: SessionDetails) -> Any:
        return self._client._joined(self)

    def on_leave(self, details: CloseDetails) -> Any:
        # What comes of it is said by who connects again, or raised to who waits for the first connection.
        if details.reason == CloseDetails.REASON_TRANSPORT_LOST or self._client._is_new:
            self.disconnect()
        else:
            super().on_leave(details)

    def _leave(self, left: Left) -> None:
        self._client._left(self, left.details)
        if left.details.reason == CloseDetails.REASON_TRANSPORT_LOST:
            left.replies = [(reply, TransportLost(_LOST)) for reply, _ in left.replies]
        super()._leave(left)


class Client:
    """A session on a realm, over one connection after the other. ``connect()`` makes it.

    All methods are for the event loop in which it was made.
    """

    def __init__(
        self,
        ways: list[Target],
        realm: str,
        *,
        auth: Any,
        app: App | None,
        timeout: float | None,
        wait: float,
        offline_publishes: int,
        reconnect: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.realm = realm
        self.rpc = Rpc(self._invoke)
        """Procedures by their URI: ``await session.rpc.com.example.add2(2, 3)``."""
        self._loop = loop
        self._auth = auth
        self._app = app
        self._timeout = timeout
        self._wait = wait
        self._attempts = len(ways)
        self._offline = OfflineEvents(offline_publishes)
        self._keeper = Keeper(app.kept() if app is not None else (), self._sleep)
        self._errors: list[tuple[type[BaseException], str | None]] = [(CallTimeout, ApplicationError.TIMEOUT)]
        self._session: _Session | None = None  # while it is on the realm
        self._failure: Exception | None = None  # why there is no connection
        self._has_given_up = False  # because of that, before there was any
        self._latest: _Session | None = None  # of the latest connection
        self._is_new = True
        self._was_granted = False  # all that is registered, once
        self._app_at_work: asyncio.Task[None] | None = None
        self._app_closes = False
        self._ready: asyncio.Future[None] = loop.create_future()  # over when the next session is as it should be
        self._closed: asyncio.Future[None] = loop.create_future()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._connector = Connector(
            ways, self._new_session, LoopClock(loop), Dialer(loop), _log, is_persistent=reconnect
        )
        self._connector.on_failure = self._failed
        self._connector.on_end = self._ended
        self._began_at = self._connector.now()

    # -- the connection

    def is_connected(self) -> bool:
        """Tell whether there is a session on the realm now."""
        return self._session is not None

    @property
    def session_details(self) -> SessionDetails:
        """What the router has said of the session; raise TransportLost if there is none now."""
        return self._on_realm()._session_details

    async def wait_connected(self) -> None:
        """Wait until there is a session with everything registered; raise what ended the client for good."""
        while not self._is_whole():
            await asyncio.shield(self._ready)

    def _was_closed(self) -> bool:
        """Tell whether the client has ended, and as it should."""
        return self._closed.done() and self._closed.exception() is None

    async def wait_closed(self) -> None:
        """Wait until the client has ended; raise what ended it, if it was not ``close``."""
        await asyncio.shield(self._closed)

    async def close(self) -> None:
        """Leave the realm and do not connect again; return when the connection is closed. Again it does nothing."""
        # A function of the app's that closes has something to do behind it, perhaps.
        self._app_closes = self._app_closes or asyncio.current_task() is self._app_at_work
        self._connector.stop()
        await asyncio.wait([self._closed])

    def __repr__(self) -> str:
        session = "not connected" if self._session is None else f"session {self._session.session_id}"
        return f"<{type(self).__name__} {self.realm}, {session}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def define(self, exception: type[BaseException], error: str | None = None) -> None:
        """Let an exception class stand for an error URI, in both directions; without ``error`` it is decorated with its URI."""
        ErrorMap().define(exception, error)  # what is wrong is said here, and to no later session
        self._errors.append((exception, error))
        if self._session is not None:
            self._session.define(exception, error)

    # -- the four verbs

    @overload
    def call(
        self,
        procedure: str,
        /,
        *args: Any,
        options: CallOptions | None = None,
        timeout: Duration | None = None,
        returns: type[T],
        **kwargs: Any,
    ) -> asyncio.Future[T]: ...
    @overload
    def call(
        self,
        procedure: str,
        /,
        *args: Any,
        options: CallOptions | None = None,
        timeout: Duration | None = None,
        returns: Any = None,
        **kwargs: Any,
    ) -> asyncio.Future[Any]: ...
    def call(
        self,
        procedure: str,
        /,
        *args: Any,
        options: CallOptions | None = None,
        timeout: Duration | None = None,
        returns: Any = None,
        **kwargs: Any,
    ) -> asyncio.Future[Any]:
        """Call a procedure: the result is None, the one positional value, or a ``CallResult``.

        ``timeout`` is seconds or a ``timedelta``. With ``returns`` the result is checked against that type hint, and converted. Cancelling
        what is returned cancels the call. Raise TransportLost if there is no connection; fail with it if it is lost meanwhile, with
        CallTimeout, with TypeCheckError for another result, or with what the procedure has raised.
        """
        return self._invoke(procedure, args, kwargs, options=options, timeout=timeout, returns=returns)

    def stream(
        self,
        procedure: str,
        /,
        *args: Any,
        options: CallOptions | None = None,
        timeout: Duration | None = None,
        buffer: int = PARTS,
        **kwargs: Any,
    ) -> Stream:
        """Call a procedure, and return its progressive results as an asynchronous iterator: see ``Stream``.

        ``timeout`` is for all of it; the client's own does not count. At most ``buffer`` results wait to be read: if there are more, the call
        is cancelled and the iteration raises BufferFull.
        """
        stream = Stream(self._on_realm(), buffer)
        limit = math.inf if timeout is None else timeout
        stream.begin(self._invoke(procedure, args, kwargs, options=stream.options(options), timeout=limit))
        return stream

    def _invoke(
        self,
        procedure: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        options: CallOptions | None = None,
        timeout: Duration | None = None,
        returns: Any = None,
    ) -> asyncio.Future[Any]:
        session = self._on_realm()
        limit = self._limit(timeout, options)
        reply: asyncio.Future[Any]
        if limit is None:
            reply = session._call(procedure, args, kwargs, options)
        else:
            reply = session._call(procedure, args, kwargs, _limited(options, limit))
            timer = self._connector.call_later(limit, partial(self._expired, session, reply, procedure, limit))
            reply.add_done_callback(lambda _: timer.cancel())
        if returns is None:
            return reply
        converting = self._task(_converted(reply, returns))
        converting.add_done_callback(lambda _: reply.cancel())  # it may be cancelled before it has begun
        return converting

    def _limit(self, timeout: Duration | None, options: CallOptions | None) -> float | None:
        """Return in how many seconds a call must be answered; None for no limit, or one that its options have."""
        if timeout is None:
            return None if options is not None and options.timeout is not None else self._timeout
        limit = seconds(timeout, "timeout")
        return None if limit == math.inf else limit

    def _expired(self, session: _Session, reply: asyncio.Future[Any], procedure: str, limit: float) -> None:
        """End a call to which nobody has an answer in time, be it that the router does not see to it."""
        if not reply.done():
            session._cancel(reply)
            reply.set_exception(CallTimeout(f"no answer from {procedure} within {limit:g} s"))

    def publish(
        self, topic: str, /, *args: Any, options: PublishOptions | None = None, **kwargs: Any
    ) -> asyncio.Future[Publication | None]:
        """Publish an event. It is sent at once; awaiting what is returned keeps the pace of the connection.

        With ``acknowledge=True`` the result is a ``Publication``, otherwise None. Without a connection the event waits for one, if
        ``connect`` was given ``offline_publishes``: raise BufferFull if so many wait, TransportLost if none may.
        """
        if self._session is not None and not self._offline:
            try:
                reply = self._session._publish(topic, args, kwargs, options)
            except TransportLost:
                if not self._offline.limit:
                    raise
                reply = self._offline.put(topic, args, kwargs, options)  # it is being closed
        elif self._offline.limit and not self._closed.done():
            reply = self._offline.put(topic, args, kwargs, options)
        else:
            reply = self._on_realm()._publish(topic, args, kwargs, options)
        return cast("asyncio.Future[Publication | None]", reply)

    @overload
    async def register(
        self,
        endpoint: Callable[..., Any],
        procedure: str,
        options: RegisterOptions | None = None,
        *,
        check_types: bool = False,
    ) -> Held: ...
    @overload
    async def register(
        self,
        endpoint: object,
        procedure: None = None,
        options: RegisterOptions | None = None,
        *,
        check_types: bool = False,
    ) -> list[Held]: ...
    async def register(
        self,
        endpoint: Any,
        procedure: str | None = None,
        options: RegisterOptions | None = None,
        *,
        check_types: bool = False,
    ) -> Any:
        """Offer a procedure, in this session and those after it; return what can ``remove()`` it.

        Given an object, register each of its methods decorated with ``@wamp.register`` and return a list. With ``check_types``
        arguments and results are checked against the type hints, and converted. Raise ApplicationError if the router refuses it.
        """
        found = await self._keep(registrations(endpoint, procedure, options, check_types=check_types))
        return found[0] if callable(endpoint) else found

    @overload
    async def subscribe(
        self,
        handler: Callable[..., Any],
        topic: str,
        options: SubscribeOptions | None = None,
        *,
        check_types: bool = False,
    ) -> Held: ...
    @overload
    async def subscribe(
        self,
        handler: object,
        topic: None = None,
        options: SubscribeOptions | None = None,
        *,
        check_types: bool = False,
    ) -> list[Held]: ...
    async def subscribe(
        self,
        handler: Any,
        topic: str | None = None,
        options: SubscribeOptions | None = None,
        *,
        check_types: bool = False,
    ) -> Any:
        """Receive a topic's events, in this session and those after it; return what can ``remove()`` the handler.

        Given an object, subscribe each of its methods decorated with ``@wamp.subscribe``, as ``register`` does.
        """
        found = await self._keep(subscriptions(handler, topic, options, check_types=check_types))
        return found[0] if callable(handler) else found

    async def _keep(self, wanted: Iterable[Kept[Any, Any]]) -> list[Held]:
        return [Held(self._keeper, kept) for kept in await self._keeper.add(self._on_realm(), wanted)]

    def _sleep(self, delay: float) -> asyncio.Future[None]:
        over: asyncio.Future[None] = self._loop.create_future()
        self._connector.call_later(delay, lambda: None if over.done() else over.set_result(None))
        return over

    # -- sessions come and go

    def _new_session(self) -> _Session:
        self._latest = session = _Session(self)
        for exception, error in self._errors:
            session.define(exception, error)
        if self._auth is not None:
            from wamp.auth import authenticators

            for authenticator in authenticators(self._auth):
                session.add_authenticator(authenticator)
        return session

    async def _joined(self, session: _Session) -> None:
        self._session = session
        self._failure = None
        where = self._connector.target.describe()
        _log.info(
            "session {session} on {realm} at {where}", session=session.session_id, realm=session.realm, where=where
        )
        await self._keeper.restore(session, is_first=not self._was_granted)
        if session is not self._session:
            return  # lost meanwhile: events wait for the next one
        self._was_granted = True
        self._offline.send(session)  # before the app, which may wait for what it publishes
        if self._app is not None:
            await self._tell_app(self._app, session)
        if session is self._session:
            self._is_new = False
            if not self._ready.done():
                self._ready.set_result(None)

    async def _tell_app(self, app: App, session: _Session) -> None:
        """Let the app's functions run. They end with the session, because they run again in the next one."""
        self._app_at_work = self._loop.create_task(app.joined(self))
        try:
            await self._app_at_work
        except asyncio.CancelledError:
            if session is self._session:
                raise

    def _left(self, session: _Session, details: CloseDetails) -> None:
        if session is self._session:
            self._session = None
            if self._app_at_work is not None and not self._app_closes:
                self._app_at_work.cancel()
            self._keeper.lost()
            self._failure = TransportLost(details.message or details.reason or "")
            if self._ready.done() and not self._closed.done():
                self._ready = self._loop.create_future()

    def _failed(self, exception: Exception, delay: float | None) -> None:
        self._failure = exception
        self._attempts -= 1
        if not self._is_new or delay is None or self._attempts > 0:
            return
        if self._connector.now() - self._began_at + delay > self._wait:
            self._has_given_up = True
            self._connector.stop()

    def _ended(self, exception: Exception | None) -> None:
        if self._has_given_up:
            exception = self._failure
        self._failure = exception or Error("the session was closed")
        self._offline.fail(self._failure)
        for task in self._tasks:
            task.cancel()
        if not self._ready.done():
            _conclude(self._ready, self._failure)
        _conclude(self._closed, exception)

    def _on_realm(self) -> _Session:
        """Return the session; raise TransportLost, whose cause is why, if there is none."""
        if self._session is None:
            # Not the failure itself: an exception that is raised again and again keeps all tracebacks.
            text = "the session has ended" if self._closed.done() else "not connected"
            why = "it has not joined yet" if self._failure is None else in_brief(self._failure)
            raise TransportLost(f"{text}: {why}") from self._failure
        return self._session

    def _is_whole(self) -> bool:
        return self._ready.done() and self._session is not None

    def _task(self, coroutine: Any) -> asyncio.Task[Any]:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _open(self) -> Self:
        """Connect for the first time."""
        self._connector.start()
        try:
            await asyncio.shield(self._ready)
        except asyncio.CancelledError:
            await self.close()
            raise
        except (OSError, TransportLost) as error:
            if isinstance(error, OSError) and self._latest is not None and error is self._latest.ended_by:
                raise  # the app's own
            where = self._connector.target.describe()
            raise TransportLost(f"cannot connect to {where}: {in_brief(error)}") from error
        return self


async def _converted(reply: asyncio.Future[Any], returns: Any) -> Any:
    from wamp.typed import converted

    return converted(await reply, returns)


def _limited(options: CallOptions | None, limit: float) -> CallOptions:
    """Return options that tell the router the time-out too: then the callee learns of it, even if we are gone."""
    return _of_limit(limit) if options is None else msgspec.structs.replace(options, timeout=timedelta(seconds=limit))


@lru_cache(maxsize=64)
def _of_limit(limit: float) -> CallOptions:
    return CallOptions(timeout=timedelta(seconds=limit))


def _conclude(future: asyncio.Future[None], exception: BaseException | None) -> None:
    if exception is None:
        future.set_result(None)
        return
    future.set_exception(exception)
    future.exception()  # asyncio need not warn where nobody waits for it
