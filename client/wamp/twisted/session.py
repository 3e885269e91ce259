"""``ApplicationSession`` and ``Session`` for Twisted: ``wamp.shell`` with Deferreds."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, overload

from twisted.internet.defer import CancelledError, Deferred, ensureDeferred, succeed
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from wamp.shell import Hooks, Shell
from wamp.twisted.deferreds import all_of, gathered, waiting

if TYPE_CHECKING:
    from wamp.request import Publication, Registration, Subscription
    from wamp.types import CallOptions, PublishOptions, RegisterOptions, SubscribeOptions

__all__ = ["ApplicationSession", "Session"]


class _Reply(Deferred[Any]):
    """What a request returns. It knows its request, so that cancelling needs no closure per call."""

    request = 0


class ApplicationSession(Shell):
    """One WAMP session. Subclass it and override ``onJoin``; construct it with a ``ComponentConfig``.

    What a method returns is a Deferred, which ``async def`` methods can await; every hook, procedure and handler may return a value,
    a Deferred or a coroutine.
    """

    _cancelled = CancelledError
    log = Logger()

    if TYPE_CHECKING:

        def call(
            self, procedure: str, *args: Any, options: CallOptions | None = None, **kwargs: Any
        ) -> Deferred[Any]: ...
        def publish(
            self, topic: str, *args: Any, options: PublishOptions | None = None, **kwargs: Any
        ) -> Deferred[Publication | None]: ...
        @overload
        def register(
            self,
            endpoint: Callable[..., Any],
            procedure: str,
            options: RegisterOptions | None = None,
            prefix: str | None = None,
            check_types: bool | None = None,
        ) -> Deferred[Registration]: ...
        @overload
        def register(
            self,
            endpoint: object,
            procedure: None = None,
            options: RegisterOptions | None = None,
            prefix: str | None = None,
            check_types: bool | None = None,
        ) -> Deferred[list[Registration]]: ...
        def register(self, *args: Any, **kwargs: Any) -> Deferred[Any]: ...
        @overload
        def subscribe(
            self,
            handler: Callable[..., Any],
            topic: str,
            options: SubscribeOptions | None = None,
            check_types: bool | None = None,
        ) -> Deferred[Subscription]: ...
        @overload
        def subscribe(
            self,
            handler: object,
            topic: None = None,
            options: SubscribeOptions | None = None,
            check_types: bool | None = None,
        ) -> Deferred[list[Subscription]]: ...
        def subscribe(self, *args: Any, **kwargs: Any) -> Deferred[Any]: ...
        def leave(self, reason: str | None = None, message: str | None = None) -> Deferred[None]: ...
        def when_closed(self) -> Deferred[None]: ...
        def fire(self, event: str, *args: Any, **kwargs: Any) -> Deferred[list[Any]]: ...

    def _reply(self) -> _Reply:
        return _Reply(self._cancel)

    def _settle(self, reply: Deferred[Any], value: Any) -> None:
        if not reply.called:
            reply.callback(value)

    def _fail(self, reply: Deferred[Any], exception: BaseException) -> None:
        if not reply.called:
            reply.errback(exception)

    def _resolved(self, value: Any) -> Deferred[Any]:
        return succeed(value)

    def _all(self, replies: list[Deferred[Any]]) -> Deferred[list[Any]]:
        return all_of(replies)

    def _gather(self, results: list[Any]) -> Deferred[list[Any]]:
        return gathered(results)

    def _waiting(self, result: Any) -> Deferred[Any] | None:
        return waiting(result)

    def _when(
        self, promise: Deferred[Any], then: Callable[..., None], otherwise: Callable[..., None], *args: Any
    ) -> None:
        promise.addCallback(then, *args).addErrback(otherwise, *args)

    def _at_end(self, reply: Deferred[Any], action: Callable[[], object]) -> None:
        def ended(result: Any) -> Any:
            action()
            return result

        reply.addBoth(ended)

    def _watch(self, reply: Deferred[Any], then: Callable[[BaseException | None], None]) -> None:
        def ended(result: Any) -> Any:
            then(result.value if isinstance(result, Failure) else None)
            return result

        reply.addBoth(ended)

    def _turn(self) -> Deferred[None]:
        return succeed(None)  # a reactor is none of a session's business: congestion gives it its turns

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> Deferred[None]:
        return ensureDeferred(coroutine)

    def _failure(self, exception: BaseException) -> Failure:
        return Failure(exception)

    def _log_failure(self, text: str, failure: Failure, **facts: Any) -> None:
        self.log.failure(text, failure, level=LogLevel.error, **facts)


class Session(Hooks, ApplicationSession):
    """A session with hooks in PEP 8 spelling: ``on_connect``, ``on_welcome``, ``on_join``, ``on_leave``, ``on_disconnect``."""
