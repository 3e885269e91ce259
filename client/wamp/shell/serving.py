"""What others ask for: invocations of procedures, and events for handlers, as the user's functions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from types import AsyncGeneratorType
from typing import Any, Final

from wamp.effects import Continued, Interrupted, Invoked, Received, Undecodable
from wamp.exception import ApplicationError, BufferFull, PayloadExceededError, SerializationError
from wamp.handlers import VALUES, call_details, event_details, payload_of
from wamp.protocol import messages
from wamp.request import Place, Subscription
from wamp.shell.base import Base, Failure
from wamp.streams import PARTS, Buffer
from wamp.types import CallResult

__all__ = ["UNAVAILABLE", "Serving"]

Ended = Callable[[BaseException | None], None] | None
"""What is to be called when a handler has done its work, with what it has raised."""

UNAVAILABLE: Final = "wamp.error.unavailable"


class Serving(Base):
    """The half of a session that runs procedures and handlers."""

    _open_parts: dict[Invoked, None]
    """Invocations of which more parts are to come."""

    # -- events

    def _received(self, effect: Received) -> None:
        for subscription in effect.subscriptions:
            # One that an earlier handler of the same event has unsubscribed gets nothing any more.
            if not subscription.active:
                continue
            if self._tracing is None:
                self._handle(effect, subscription)
            else:
                self._tracing.received(self, effect, subscription, self._handle)

    def _handle(self, effect: Received, subscription: Subscription, ended: Ended = None) -> None:
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
            self._not_handled(self._failure(exception), effect, subscription, ended)
            return
        if waiting is not None:
            self._when(waiting, self._handled, self._not_handled, effect, subscription, ended)
        elif effect.acknowledge or ended is not None:
            self._handled(None, effect, subscription, ended)

    def _handled(self, _: object, effect: Received, __: Subscription, ended: Ended) -> None:
        if ended is not None:
            ended(None)
        if effect.acknowledge:
            self._send_if_open(messages.EventReceived(effect.message.publication))

    def _not_handled(self, failure: Failure, _: Received, subscription: Subscription, ended: Ended) -> None:
        if ended is not None:
            ended(failure.value)
        self._user_error(failure, f"While handling an event of {subscription.topic}")

    # -- invocations

    def _invoked(self, invoked: Invoked) -> None:
        if self._tracing is None:
            self._run(invoked)
        else:
            self._tracing.invoked(self, invoked, self._run)

    def _run(self, invoked: Invoked) -> None:
        endpoint = invoked.registration.endpoint
        kwargs = invoked.kwargs
        if endpoint.stream is not None:
            kwargs = self._begin_parts(invoked, endpoint.stream)
        elif invoked.is_progressive:
            text = f"{invoked.registration.procedure} takes its arguments at once, not in parts"
            self._send_if_open(self._wamp.reject(invoked, ApplicationError.INVALID_ARGUMENT, text))
            if invoked.ended is not None:
                invoked.ended(ApplicationError(ApplicationError.INVALID_ARGUMENT, text))
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
        if invoked.ended is not None:
            invoked.ended(None)
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
        if invoked.ended is not None:
            invoked.ended(exception)
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
