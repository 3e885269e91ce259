"""Traces with OpenTelemetry: spans around calls, publications, procedures and handlers, joined across processes.

``enable()`` switches them on, for all sessions of the process, on both event loops and without one. The trace travels in the
attributes ``_traceparent`` and ``_tracestate`` of CALL and PUBLISH, which the router hands on (W3C, "Trace Context"). Nothing of
this is imported, and nothing done, unless it is asked for.

Names and attributes are those of OpenTelemetry's semantic conventions for RPC and for messaging. Arguments and results are in no span.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from wamp.effects import Invoked, Received
from wamp.exception import ApplicationError
from wamp.protocol.messages import Call, Event, Invocation, Publish
from wamp.request import Subscription
from wamp.shell.base import Base

try:
    from opentelemetry import context, trace
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, TracerProvider
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("wamp.tracing needs OpenTelemetry: pip install 'wamprouter[otel]'") from error

__all__ = ["disable", "enable"]

_W3C: Final = TraceContextTextMapPropagator()


def enable(tracer_provider: TracerProvider | None = None) -> None:
    """Trace all sessions of the process from now on, with a provider of one's own or else the global one."""
    Base._tracing = _Spans(trace.get_tracer("wamp", tracer_provider=tracer_provider))


def disable() -> None:
    """Trace no more. What is open ends when it ends."""
    Base._tracing = None


class _Spans:
    """What a session tells of what it does, as spans."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def calling(self, session: Base, reply: Any, message: Call, send: Callable[[], None]) -> None:
        """Send a call; its span lasts until the reply is there."""
        attributes = {**_of(session), **_RPC, "rpc.method": message.procedure}
        span = self._tracer.start_span(message.procedure, kind=SpanKind.CLIENT, attributes=attributes)
        self._send(session, span, reply, message, send)

    def publishing(self, session: Base, reply: Any, message: Publish, send: Callable[[], None]) -> None:
        """Send an event; its span lasts until it is sent, or acknowledged if that is asked for."""
        attributes = {**_of(session), **_PUBLISH, "messaging.destination.name": message.topic}
        span = self._tracer.start_span(f"publish {message.topic}", kind=SpanKind.PRODUCER, attributes=attributes)
        self._send(session, span, reply, message, send)

    def _send(self, session: Base, span: Span, reply: Any, message: Call | Publish, send: Callable[[], None]) -> None:
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, trace.set_span_in_context(span))
        message.options = {**message.options, **{f"_{name}": value for name, value in carrier.items()}}
        try:
            send()
        except BaseException as exception:
            _end(span, exception)
            raise
        if reply is None:
            _end(span, None)
        else:
            session._watch(reply, partial(_end, span))

    def invoked(self, session: Base, invoked: Invoked, run: Callable[[Invoked], None]) -> None:
        """Run a procedure; its span lasts until it has answered, and is the current one for all that it does."""
        procedure = invoked.registration.procedure
        attributes = {**_of(session), **_RPC, "rpc.method": procedure}
        called = invoked.message.details.get("procedure")
        if called is not None:
            attributes["rpc.method_original"] = called
        parent = _trace_of(invoked.message)
        span = self._tracer.start_span(procedure, parent, kind=SpanKind.SERVER, attributes=attributes)
        invoked.ended = partial(_end, span)
        _within(span, parent, partial(run, invoked))

    def received(
        self, session: Base, effect: Received, subscription: Subscription, handle: Callable[..., None]
    ) -> None:
        """Run a handler; its span lasts until it has done its work, and is the current one for all that it does."""
        topic = effect.message.details.get("topic") or subscription.topic
        attributes = {
            **_of(session),
            **_PROCESS,
            "messaging.destination.name": topic,
            "messaging.message.id": str(effect.message.publication),
        }
        if subscription.match != "exact":
            attributes["messaging.destination.template"] = subscription.topic
        parent = _trace_of(effect.message)
        name = f"process {subscription.topic}"
        span = self._tracer.start_span(name, parent, kind=SpanKind.CONSUMER, attributes=attributes)
        _within(span, parent, partial(handle, effect, subscription, partial(_end, span)))


# Both names of the same: older tools know the second one.
_RPC: Final = {"rpc.system.name": "wamp", "rpc.system": "wamp"}
_PUBLISH: Final = {
    "messaging.system": "wamp",
    "messaging.operation.name": "publish",
    "messaging.operation.type": "send",
}
_PROCESS: Final = {
    "messaging.system": "wamp",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
}


def _of(session: Base) -> dict[str, Any]:
    return {"wamp.realm": session._wamp.realm or "", "wamp.session": session._wamp.id or 0}


def _trace_of(message: Invocation | Event) -> Context:
    """Return the context that a message was sent in: of another process, so nothing of ours is in it."""
    details = message.details
    carrier = {name: details[f"_{name}"] for name in ("traceparent", "tracestate") if f"_{name}" in details}
    return _W3C.extract(carrier, Context())


def _within(span: Span, parent: Context, run: Callable[[], None]) -> None:
    """Run what is to see a span as the current one: tasks and threads that it starts take that along."""
    token = context.attach(trace.set_span_in_context(span, parent))
    try:
        run()
    finally:
        context.detach(token)


def _end(span: Span, exception: BaseException | None) -> None:
    if exception is not None:
        name = f"{type(exception).__module__}.{type(exception).__qualname__}".removeprefix("builtins.")
        span.set_attribute("error.type", exception.error if isinstance(exception, ApplicationError) else name)
        span.record_exception(exception)
        span.set_status(Status(StatusCode.ERROR, str(exception)))
    span.end()
