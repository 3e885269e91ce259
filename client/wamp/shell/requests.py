"""What the application asks for: calls, events, registrations and subscriptions, and the answers to them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial
from typing import Any, overload

from wamp.effects import (
    Failed,
    Progressed,
    Succeeded,
)
from wamp.handlers import VALUES, checked, marked_endpoints, marked_handlers
from wamp.protocol.messages import Call
from wamp.request import Endpoint, Handler, Registration, Subscription
from wamp.shell.base import Base
from wamp.streams import PARTS, Stream, place_of
from wamp.transport import Transport
from wamp.types import (
    CallOptions,
    PublishOptions,
    RegisterOptions,
    SubscribeOptions,
)

__all__ = ["Requests"]


class Requests(Base):
    """The half of a session that calls, publishes, registers and subscribes."""

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
        self._send_call(transport, reply, message)
        return reply

    def _send_call(self, transport: Transport, reply: Any, message: Call) -> None:
        if self._tracing is None:
            self._send_request(transport, reply, message)
        else:
            self._tracing.calling(self, reply, message, partial(self._send_request, transport, reply, message))

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
            message = self._wamp.publish(None, topic, args, kwargs, options)
            if self._tracing is None:
                transport.send(message)
            else:
                self._tracing.publishing(self, None, message, partial(transport.send, message))
            return self._drained(transport) if transport.is_congested else self._resolved(None)
        reply = self._reply()
        message = self._wamp.publish(reply, topic, args, kwargs, options)
        if self._tracing is None:
            self._send_request(transport, reply, message)
        else:
            self._tracing.publishing(self, reply, message, partial(self._send_request, transport, reply, message))
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
            try:
                await self._send_parts(reply, procedure, before, items, kwargs, options)
            finally:
                # Before the reply fails, whose end cancels this: what an iterator does at its end would be cancelled too.
                if isinstance(items, AsyncGenerator):
                    await items.aclose()
        except (Exception, self._cancelled) as error:  # noqa: BLE001  (the user's iterator)
            self._cancel(reply)
            self._fail(reply, error)

    async def _send_parts(
        self,
        reply: Any,
        procedure: str,
        before: tuple[Any, ...],
        items: AsyncIterator[Any],
        kwargs: dict[str, Any],
        options: CallOptions | None,
    ) -> None:
        first = [item async for item in _first(items)]
        message = self._wamp.call(reply, procedure, (*before, *first), kwargs, options, is_progressive=bool(first))
        self._send_call(self._link(), reply, message)
        if first:
            async for item in items:
                self._send_part(reply, (*before, item), kwargs, is_last=False)
                await self._pace()
            self._send_part(reply, (), {}, is_last=True)

    def _send_part(self, reply: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_last: bool) -> None:
        message = self._wamp.call_more(reply.request, args, kwargs, is_last=is_last)
        if message is not None:
            self._link().send(message)

    # -- answers

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


async def _first(items: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Yield the first item, if there is one."""
    async for item in items:
        yield item
        return


def _nothing(*_: object) -> None:
    """Take a result that nobody needs."""
