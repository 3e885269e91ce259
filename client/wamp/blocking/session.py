"""What ``wamp.connect()`` returns: a session whose methods return results, for any thread, before and after a ``fork``.

It does nothing until it is used; then a thread with an event loop starts, in which a ``wamp.asyncio`` client connects. A child
process forgets both and begins anew at its first use, without what its parent has registered and subscribed.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, overload
from weakref import finalize

import msgspec

from wamp.asyncio.client import Client
from wamp.asyncio.connecting import Connecting
from wamp.asyncio.log import Log
from wamp.blocking.engine import Engine, remember
from wamp.blocking.handlers import AppInWorkers, InOrder, in_turns, in_workers, is_asynchronous
from wamp.blocking.streams import BlockingStream, call_with_progress
from wamp.blocking.thread import carried
from wamp.blocking.workers import Workers
from wamp.connector import LEAVE_TIMEOUT
from wamp.durations import Duration, seconds
from wamp.errormap import ErrorMap
from wamp.exception import TransportLost
from wamp.kept import Kept, registrations, subscriptions
from wamp.rpc import Rpc
from wamp.streams import PARTS
from wamp.types import CallOptions, PublishOptions, SessionDetails

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wamp.app import App
    from wamp.request import Publication
    from wamp.streams import Stream
    from wamp.types import RegisterOptions, SubscribeOptions

__all__ = ["BlockingHeld", "BlockingSession", "finite"]

T = TypeVar("T")
_log = Log()

GRACE: Final = 2.0
"""How much longer than the event loop a thread waits, in seconds, in case that a handler keeps the loop from telling it."""


class BlockingSession:
    """A session on a realm, over one connection after the other. ``wamp.connect()`` makes it.

    Any number of threads may use it. It connects as a block begins, or else at its first use. If a client has ended for good, the
    next use connects again.
    """

    def __init__(
        self,
        connecting: Callable[[App | None], Connecting],
        *,
        app: App | None,
        timeout: float | None,
        patience: float | None,
        workers: int,
        pending: int,
    ) -> None:
        """``connecting`` makes a client that is given an app; ``patience`` is how many seconds it may take to connect."""
        self._connecting = connecting
        self._app = app
        self._timeout = timeout
        self._patience = patience
        self._room = (workers, pending)
        self._errors: list[tuple[type[BaseException], str | None]] = []
        self._is_closed = False
        self._begin()
        remember(self)

    def _begin(self) -> None:
        """Have nothing yet in this process."""
        self._engine: Engine | None = None
        self._finalizer: finalize[..., Any] | None = None
        self._opening = threading.Lock()  # whoever has it connects
        self._workers = Workers(*self._room)
        self._kept: dict[Kept[Any, Any], None] = {}  # of one client after the other
        self._offered = None if self._app is None else AppInWorkers(self._app, self, self._workers)

    def _forget(self) -> None:
        """Begin anew in a child process. An app that is offered already is the parent's to offer."""
        if self._finalizer is not None:
            self._finalizer.detach()
        if self._engine is not None:
            self._app = None
        self._begin()

    # -- the connection

    def is_connected(self) -> bool:
        """Tell whether there is a session on the realm now. It does not connect."""
        engine = self._engine
        return engine is not None and engine.is_up()

    @property
    def session_details(self) -> SessionDetails:
        """What the router has said of the session; raise TransportLost if there is none."""
        return self._ready().client.session_details

    @property
    def client(self) -> Client:
        """What does the work: for coroutine functions that are registered here, which run in its event loop and must not block it."""
        return self._ready().client

    def wait_connected(self, timeout: Duration | None = None) -> None:
        """Wait until there is a session with everything registered; raise what ended it for good, or CallTimeout.

        ``timeout`` is that of ``connect`` unless it is given.
        """
        engine = self._ready()
        engine.thread.wait(engine.client.wait_connected, self._limit(timeout), "wait_connected")

    def wait_closed(self, timeout: Duration | None = None) -> None:
        """Wait until the session has ended, without limit unless there is a ``timeout``; raise what ended it, if not ``close``.

        Raise CallTimeout if it goes on.
        """
        if self._is_closed:
            return
        limit = None if timeout is None else self._limit(timeout)
        engine = self._engine
        if engine is None or not engine.is_begun():
            engine = self._ready()
        engine.thread.wait(engine.client.wait_closed, limit, "wait_closed")

    def close(self) -> None:
        """Leave the realm and end all threads. A function that runs in one is waited for, but not for ever. Again it does nothing."""
        self._is_closed = True
        engine, until = self._engine, time.monotonic() + LEAVE_TIMEOUT + GRACE
        if engine is not None:
            engine.thread.refuse_inside("close")
            engine.stop()
            engine.thread.join(max(until - time.monotonic(), 0))
        self._workers.close()
        self._workers.join(max(until - time.monotonic(), 0))

    def __enter__(self) -> Self:
        self._ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else "connected" if self.is_connected() else "not connected"
        return f"<{type(self).__name__}, {state}>"

    def define(self, exception: type[BaseException], error: str | None = None) -> None:
        """Let an exception class stand for an error URI, in both directions; without ``error`` it is decorated with its URI."""
        ErrorMap().define(exception, error)  # what is wrong is said here and now
        self._errors.append((exception, error))
        engine = self._engine
        if engine is not None and not engine.has_ended():
            engine.thread.wait(partial(engine.client.define, exception, error), self._timeout, "define")

    # -- calls

    @property
    def rpc(self) -> Rpc:
        """Procedures by their URI: ``session.rpc.com.example.add2(2, 3)``."""
        return Rpc(self._invoke)

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
    ) -> T: ...
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
    ) -> Any: ...
    def call(
        self,
        procedure: str,
        /,
        *args: Any,
        options: CallOptions | None = None,
        timeout: Duration | None = None,
        returns: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Call a procedure, and return its result: None, the one positional value, or a ``CallResult``.

        ``timeout`` is seconds or a ``timedelta``, ``math.inf`` for no limit; by default that of ``connect``. With ``returns`` the result is
        checked against that type hint, and converted. ``on_progress`` of the options is called in this thread. A generator as last
        positional argument sends the call in parts. Ctrl-C cancels the call.

        Raise CallTimeout, TransportLost without a connection or if it is lost meanwhile, TypeCheckError for another result, or what the
        procedure has raised.
        """
        return self._invoke(procedure, args, kwargs, options=options, timeout=timeout, returns=returns)

    def _invoke(
        self,
        procedure: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        options: CallOptions | None = None,
        timeout: Duration | None = None,
        returns: Any = None,
    ) -> Any:
        engine = self._ready()
        limit = self._patience_for(timeout, options)
        invoke = partial(engine.client._invoke, procedure, self._sendable(args), kwargs, timeout=timeout)
        if options is None or options.on_progress is None or is_asynchronous(options.on_progress):
            value = engine.thread.wait(carried(partial(invoke, options=options)), limit, procedure)
        else:
            value = call_with_progress(engine.thread, invoke, options, limit, procedure)
        if returns is None:
            return value
        from wamp.typed import converted

        return converted(value, returns)

    def start_call(
        self,
        procedure: str,
        /,
        *args: Any,
        options: CallOptions | None = None,
        timeout: Duration | None = None,
        returns: Any = None,
        **kwargs: Any,
    ) -> Future[Any]:
        """Begin to call a procedure, and return what its ``result()`` waits for; the arguments are those of ``call``.

        Cancelling it cancels the call.
        """
        engine = self._ready()
        if options is not None and options.on_progress is not None and not is_asynchronous(options.on_progress):
            on_progress = InOrder(f"progressive results of {procedure}", options.on_progress, self._workers)
            options = msgspec.structs.replace(options, on_progress=on_progress)
        how = {"options": options, "timeout": timeout, "returns": returns}
        begin = partial(engine.client._invoke, procedure, self._sendable(args), kwargs, **how)
        return engine.thread.ask(carried(begin))

    def stream(
        self,
        procedure: str,
        /,
        *args: Any,
        options: CallOptions | None = None,
        timeout: Duration | None = None,
        buffer: int = PARTS,
        **kwargs: Any,
    ) -> BlockingStream:
        """Call a procedure, and return its progressive results as an iterator: see ``BlockingStream``.

        ``timeout`` is for all of it; that of ``connect`` does not count. At most ``buffer`` results wait to be read: if there are more, the
        call is cancelled and the iteration raises BufferFull.
        """
        engine = self._ready()
        sent = self._sendable(args)

        def begin() -> Stream:
            return engine.client.stream(procedure, *sent, options=options, timeout=timeout, buffer=buffer, **kwargs)

        return BlockingStream(engine.thread, engine.thread.wait(carried(begin), self._timeout, procedure))

    def _sendable(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return arguments of which the last one, if it is a generator, is one that the loop can wait for."""
        if args and isinstance(args[-1], GeneratorType):
            return (*args[:-1], in_turns(args[-1], self._workers))
        return args

    def _patience_for(self, timeout: Duration | None, options: CallOptions | None) -> float | None:
        """Return how long a thread waits for a call: longer than the event loop, which says what has happened."""
        limit = self._limit(timeout)
        if timeout is None and options is not None and options.timeout is not None:
            own = options.timeout
            limit = own.total_seconds() if isinstance(own, timedelta) else own / 1000
        return None if limit is None else limit + GRACE

    # -- events, procedures, handlers

    def publish(
        self, topic: str, /, *args: Any, options: PublishOptions | None = None, **kwargs: Any
    ) -> Publication | None:
        """Publish an event; return a ``Publication`` if ``acknowledge=True``, otherwise None as soon as there is room for the next one.

        Without a connection the event waits for one, if ``connect`` was given ``offline_publishes``: raise BufferFull if so many wait,
        TransportLost if none may.
        """
        client = (engine := self._ready()).client

        def publish() -> Any:
            is_connected = client.is_connected()
            sent = client.publish(topic, *args, options=options, **kwargs)
            if is_connected or (options is not None and options.acknowledge):
                return sent
            sent.add_done_callback(_nobody_waits)
            return None

        published: Publication | None = engine.thread.wait(carried(publish), self._timeout, topic)
        return published

    @overload
    def register(
        self,
        endpoint: Callable[..., Any],
        procedure: str,
        options: RegisterOptions | None = None,
        *,
        check_types: bool = False,
    ) -> BlockingHeld: ...
    @overload
    def register(
        self,
        endpoint: object,
        procedure: None = None,
        options: RegisterOptions | None = None,
        *,
        check_types: bool = False,
    ) -> list[BlockingHeld]: ...
    def register(
        self,
        endpoint: Any,
        procedure: str | None = None,
        options: RegisterOptions | None = None,
        *,
        check_types: bool = False,
    ) -> Any:
        """Offer a procedure, in this session and those after it; return what can ``remove()`` it.

        A plain function runs in one of the session's ``workers``, and may use the session; a coroutine function in its event loop, where it
        has ``session.client`` instead. A generator function yields progressive results. Given an object, register each of its methods
        decorated with ``@wamp.register`` and return a list. With ``check_types`` arguments and results are checked against the type
        hints, and converted. Raise ApplicationError if the router refuses it.
        """
        held = self._keep(registrations(endpoint, procedure, options, check_types=check_types), procedure)
        return held[0] if callable(endpoint) else held

    @overload
    def subscribe(
        self,
        handler: Callable[..., Any],
        topic: str,
        options: SubscribeOptions | None = None,
        *,
        check_types: bool = False,
    ) -> BlockingHeld: ...
    @overload
    def subscribe(
        self,
        handler: object,
        topic: None = None,
        options: SubscribeOptions | None = None,
        *,
        check_types: bool = False,
    ) -> list[BlockingHeld]: ...
    def subscribe(
        self,
        handler: Any,
        topic: str | None = None,
        options: SubscribeOptions | None = None,
        *,
        check_types: bool = False,
    ) -> Any:
        """Receive a topic's events, in this session and those after it; return what can ``remove()`` the handler.

        A plain function handles one event after the other, in one of the session's ``workers``. Given an object, subscribe each of its
        methods decorated with ``@wamp.subscribe``, as ``register`` does.
        """
        held = self._keep(subscriptions(handler, topic, options, check_types=check_types), topic)
        return held[0] if callable(handler) else held

    def _keep(self, wanted: Iterable[Kept[Any, Any]], what: str | None) -> list[BlockingHeld]:
        each = list(in_workers(wanted, self._workers))
        engine = self._ready()
        engine.thread.wait(partial(engine.client._keep, each), self._timeout, what or each[0].uri)
        return [BlockingHeld(self, kept) for kept in each]

    def _drop(self, kept: Kept[Any, Any]) -> None:
        engine = self._engine
        if engine is not None and not engine.has_ended() and kept in self._kept:
            engine.thread.wait(partial(engine.client._keeper.drop, kept), self._timeout, kept.uri)
        self._kept.pop(kept, None)

    # -- the engine

    def _limit(self, timeout: Duration | None) -> float | None:
        return self._timeout if timeout is None else finite(seconds(timeout, "timeout"))

    def _ready(self) -> Engine:
        """Return the engine; connect if it was never connected, or has ended."""
        engine = self._engine
        if engine is None:
            return self._open()
        # Functions of its own need not wait for it: they may be what it waits for.
        if engine.is_up() or engine.thread.is_inside() or self._workers.has_me():
            return engine
        return self._open()

    def _open(self) -> Engine:
        with self._opening:
            if self._is_closed:
                raise TransportLost("the session is closed")
            if self._engine is not None:
                if not self._engine.has_ended():
                    return self._engine  # of another thread, or on its way to the next connection
                self._engine.stop()
            self._engine = engine = Engine()
            self._watch(engine)
            try:
                if self._is_closed:  # meanwhile, when there was nothing to stop yet
                    raise TransportLost("the session is closed")
                engine.open(self._new_client, self._patience)
            except BaseException:
                engine.stop()
                engine.thread.join(LEAVE_TIMEOUT)
                self._workers.dismiss()
                self._engine = None
                raise
            return engine

    def _watch(self, engine: Engine) -> None:
        """End the engine when nobody has this session any more."""
        if self._finalizer is not None:
            self._finalizer.detach()
        self._finalizer = finalize(self, _abandoned, engine, self._workers)
        self._finalizer.atexit = False

    def _new_client(self) -> Client:
        client = self._connecting(self._offered)._make()
        self._kept.update(client._keeper.kept)
        client._keeper.kept = self._kept
        for exception, error in self._errors:
            client.define(exception, error)
        return client


class BlockingHeld:
    """A registration or subscription that outlives connections. In a child process it is not there."""

    __slots__ = ("_kept", "_session")

    def __init__(self, session: BlockingSession, kept: Kept[Any, Any]) -> None:
        self._session = session
        self._kept = kept

    @property
    def uri(self) -> str:
        return self._kept.uri

    @property
    def is_active(self) -> bool:
        """Whether calls or events arrive now: not while there is no connection."""
        return self._kept in self._session._kept and self._kept.is_active

    def remove(self) -> None:
        """Withdraw it, for good. Again it does nothing."""
        self._session._drop(self._kept)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.uri}>"


def finite(limit: float) -> float | None:
    """Return a time in seconds, None if it has no limit."""
    return None if limit == math.inf else limit


def _abandoned(engine: Engine, workers: Workers) -> None:
    """End what a session had, from whatever thread the garbage collector runs in: nothing here may wait."""
    engine.thread.post(workers.close)
    engine.stop()


def _nobody_waits(sent: asyncio.Future[Any]) -> None:
    """Log what has become of an event that waited for a connection."""
    if not sent.cancelled() and (error := sent.exception()) is not None:
        _log.warn("an event was not published: {error}", error=error)
