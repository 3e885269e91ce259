"""``ApplicationSession`` and ``Session`` for asyncio: ``wamp.shell`` with Futures and Tasks."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any, overload

from wamp.asyncio.log import Log
from wamp.shell import Hooks, Shell

if TYPE_CHECKING:
    from wamp.request import Publication, Registration, Subscription
    from wamp.transport import Transport
    from wamp.types import CallOptions, PublishOptions, RegisterOptions, SubscribeOptions

__all__ = ["ApplicationSession", "Failure", "Session"]


class Failure:
    """An exception as ``onUserError`` gets it, with the attributes of txaio's ``FailedFuture``."""

    def __init__(self, exception: BaseException) -> None:
        self.value = exception
        self.type = type(exception)

    def getTraceback(self) -> str:
        """Return the traceback as text."""
        return "".join(traceback.format_exception(self.value))

    def getErrorMessage(self) -> str:
        """Return what the exception says."""
        return str(self.value)

    def __str__(self) -> str:
        return f"{self.type.__name__}: {self.value}"


class _Reply(asyncio.Future[Any]):
    """What a request returns. It knows its request, and cancelling it cancels that. Who makes it sets both attributes."""

    __slots__ = ("request", "session")  # an initializer in Python and a dictionary would double what it costs

    request: int
    session: ApplicationSession

    def cancel(self, msg: Any | None = None) -> bool:
        is_cancelled = super().cancel(msg)
        if is_cancelled:
            self.session._cancel(self)
        return is_cancelled


class ApplicationSession(Shell):
    """One WAMP session. Subclass it and override ``onJoin``; construct it with a ``ComponentConfig``.

    What a method returns is a Future; every hook, procedure and handler may return a value, a Future or a coroutine.
    """

    _cancelled = asyncio.CancelledError
    _loop: asyncio.AbstractEventLoop
    log = Log()

    if TYPE_CHECKING:

        def call(
            self, procedure: str, *args: Any, options: CallOptions | None = None, **kwargs: Any
        ) -> asyncio.Future[Any]: ...
        def publish(
            self, topic: str, *args: Any, options: PublishOptions | None = None, **kwargs: Any
        ) -> asyncio.Future[Publication | None]: ...
        def _publish(
            self, topic: str, args: tuple[Any, ...], kwargs: dict[str, Any], options: PublishOptions | None
        ) -> asyncio.Future[Any]: ...
        @overload
        def register(
            self,
            endpoint: Callable[..., Any],
            procedure: str,
            options: RegisterOptions | None = None,
            prefix: str | None = None,
            check_types: bool | None = None,
        ) -> asyncio.Future[Registration]: ...
        @overload
        def register(
            self,
            endpoint: object,
            procedure: None = None,
            options: RegisterOptions | None = None,
            prefix: str | None = None,
            check_types: bool | None = None,
        ) -> asyncio.Future[list[Registration]]: ...
        def register(self, *args: Any, **kwargs: Any) -> asyncio.Future[Any]: ...
        @overload
        def subscribe(
            self,
            handler: Callable[..., Any],
            topic: str,
            options: SubscribeOptions | None = None,
            check_types: bool | None = None,
        ) -> asyncio.Future[Subscription]: ...
        @overload
        def subscribe(
            self,
            handler: object,
            topic: None = None,
            options: SubscribeOptions | None = None,
            check_types: bool | None = None,
        ) -> asyncio.Future[list[Subscription]]: ...
        def subscribe(self, *args: Any, **kwargs: Any) -> asyncio.Future[Any]: ...
        def leave(self, reason: str | None = None, message: str | None = None) -> asyncio.Future[None]: ...
        def when_closed(self) -> asyncio.Future[None]: ...
        def fire(self, event: str, *args: Any, **kwargs: Any) -> asyncio.Future[list[Any]]: ...

    def onOpen(self, transport: Transport) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()  # the loop itself keeps none of them alive
        super().onOpen(transport)

    def _reply(self) -> _Reply:
        reply = _Reply(loop=self._loop)
        reply.session = self
        reply.request = 0
        return reply

    def _settle(self, reply: asyncio.Future[Any], value: Any) -> None:
        if not reply.done():
            reply.set_result(value)

    def _fail(self, reply: asyncio.Future[Any], exception: BaseException) -> None:
        if not reply.done():
            reply.set_exception(exception)

    def _resolved(self, value: Any) -> asyncio.Future[Any]:
        future = asyncio.get_running_loop().create_future()
        future.set_result(value)
        return future

    def _all(self, replies: list[Any]) -> asyncio.Future[list[Any]]:
        return self._task(_results(replies))

    def _gather(self, results: list[Any]) -> asyncio.Future[list[Any]]:
        return self._task(_results([self._waiting(result) or self._resolved(result) for result in results]))

    def _task(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _waiting(self, result: Any) -> asyncio.Future[Any] | None:
        if isinstance(result, CoroutineType):
            return self._task(result)
        return result if asyncio.isfuture(result) else None

    def _when(
        self, promise: asyncio.Future[Any], then: Callable[..., None], otherwise: Callable[..., None], *args: Any
    ) -> None:
        promise.add_done_callback(partial(_done, then, otherwise, args))

    def _at_end(self, reply: asyncio.Future[Any], action: Callable[[], object]) -> None:
        reply.add_done_callback(lambda _: action())

    def _watch(self, reply: asyncio.Future[Any], then: Callable[[BaseException | None], None]) -> None:
        def ended(_: object) -> None:
            # Asking for the exception would keep asyncio from telling of one that nobody else asks for.
            then(asyncio.CancelledError() if reply.cancelled() else reply._exception)

        reply.add_done_callback(ended)

    def _turn(self) -> Coroutine[Any, Any, None]:
        return asyncio.sleep(0)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._task(coroutine)

    def _failure(self, exception: BaseException) -> Failure:
        return Failure(exception)

    def _log_failure(self, text: str, failure: Failure, **facts: Any) -> None:
        self.log.failure(text, failure, **facts)


class Session(Hooks, ApplicationSession):
    """A session with hooks in PEP 8 spelling: ``on_connect``, ``on_welcome``, ``on_join``, ``on_leave``, ``on_disconnect``."""


async def _results(futures: list[asyncio.Future[Any]]) -> list[Any]:
    """Return the results of all, once all are there; raise the first error."""
    await asyncio.wait(futures) if futures else None
    for future in futures:
        if not future.cancelled():
            future.exception()  # asyncio need not warn of those behind the first
    return [future.result() for future in futures]


def _done(
    then: Callable[..., None], otherwise: Callable[..., None], args: tuple[Any, ...], future: asyncio.Future[Any]
) -> None:
    """Tell what has come of a future, or of telling it."""
    try:
        value = future.result()
    except BaseException as exception:  # noqa: BLE001  (the user's code, cancelled or not)
        otherwise(Failure(exception), *args)
        return
    then(value, *args)
