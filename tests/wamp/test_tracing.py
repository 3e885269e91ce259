"""Traces across caller, callee and subscriber, as OpenTelemetry's own SDK records them."""

import asyncio
import subprocess
import sys
import threading

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, format_span_id, format_trace_id
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred

import wamp
from tests.wamp.testing.clients import Bare, Loop
from wamp import ApplicationError, PublishOptions, RegisterOptions, SubscribeOptions, tracing
from wamp.asyncio import connect
from wamp.protocol.messages import Hello, Invocation, Register
from wamp.testing import Router

TO_ALL = PublishOptions(exclude_me=False, acknowledge=True)


class Traces:
    """What was recorded, and spans of the application's own."""

    def __init__(self):
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.span = self.provider.get_tracer("test").start_as_current_span

    @property
    def spans(self):
        return self.exporter.get_finished_spans()

    def one(self, name, kind):
        [found] = [span for span in self.spans if (span.name, span.kind.name) == (name, kind)]
        return found

    def tree(self):
        """Return kind and name of each span, with the name of its parent, in the order of their beginning."""
        names = {span.context.span_id: f"{span.kind.name} {span.name}" for span in self.spans}
        ordered = sorted(self.spans, key=lambda span: span.start_time)
        return [
            (names[span.context.span_id], None if span.parent is None else names[span.parent.span_id])
            for span in ordered
        ]


@pytest.fixture
def traces():
    made = Traces()
    tracing.enable(made.provider)
    yield made
    tracing.disable()
    made.provider.shutdown()


@pytest.fixture
def router():
    with Router() as router:
        yield router


def on_asyncio(router, traces):
    """A procedure publishes, and the subscriber calls another procedure."""

    async def main():
        heard = asyncio.Event()
        async with connect(router.url) as session:

            async def order():
                await asyncio.sleep(0)
                await session.publish("com.sold", options=TO_ALL)

            async def sold():
                await asyncio.sleep(0)
                await session.call("com.stock")
                heard.set()

            await session.register(order, "com.order")
            await session.register(lambda: 3, "com.stock")
            await session.subscribe(sold, "com.sold")
            with traces.span("work"):
                await session.call("com.order")
            await heard.wait()

    asyncio.run(main())


def on_twisted(router, traces):
    """The same, in turns of an event loop."""
    loop = Loop(router)
    session = loop.join()
    later = []

    async def order():
        later.append(Deferred())
        await later[-1]
        await session.publish("com.sold", options=TO_ALL)

    async def sold():
        later.append(Deferred())
        await later[-1]
        await session.call("com.stock")

    for function, uri in ((order, "com.order"), (lambda: 3, "com.stock")):
        loop.result(session.register(function, uri))
    loop.result(session.subscribe(sold, "com.sold"))

    async def work():
        with traces.span("work"):
            await session.call("com.order")

    done = ensureDeferred(work())
    for _ in range(2):
        loop.turn()
        later.pop().callback(None)
    loop.result(done)


def in_threads(router, traces):
    """The same, with functions that wait, in threads."""
    heard = threading.Event()
    with wamp.connect(router.url) as session:

        def order():
            session.publish("com.sold", options=TO_ALL)

        def sold():
            session.call("com.stock")
            heard.set()

        session.register(order, "com.order")
        session.register(lambda: 3, "com.stock")
        session.subscribe(sold, "com.sold")
        with traces.span("work"):
            session.call("com.order")
        assert heard.wait(10)


@pytest.mark.parametrize("run", [on_asyncio, on_twisted, in_threads])
def test_one_trace_goes_through_all(router, traces, run):
    """From the application's own span to the caller, the callee, the subscriber, and what that calls."""
    run(router, traces)
    parents = dict(traces.tree())
    assert {
        "INTERNAL work": None,
        "CLIENT com.order": "INTERNAL work",
        "SERVER com.order": "CLIENT com.order",
        "PRODUCER publish com.sold": "SERVER com.order",
        "CONSUMER process com.sold": "PRODUCER publish com.sold",
        "CLIENT com.stock": "CONSUMER process com.sold",
        "SERVER com.stock": "CLIENT com.stock",
    } == parents
    assert 1 == len({span.context.trace_id for span in traces.spans})


def joined(router):
    loop = Loop(router)
    return loop, loop.join()


def test_spans_say_what_was_called(router, traces):
    """By the semantic conventions for RPC; the callee also by which registration."""
    loop, session = joined(router)
    loop.result(session.register(lambda: 3, "com.", RegisterOptions(match="prefix")))
    loop.result(session.call("com.order"))
    common = {
        "rpc.system": "wamp",
        "rpc.system.name": "wamp",
        "wamp.realm": "realm1",
        "wamp.session": session.session_id,
    }
    assert {**common, "rpc.method": "com.order"} == dict(traces.one("com.order", "CLIENT").attributes)
    served = {**common, "rpc.method": "com.", "rpc.method_original": "com.order"}
    assert served == dict(traces.one("com.", "SERVER").attributes)


def test_spans_say_what_was_published(router, traces):
    """By the semantic conventions for messaging; the subscriber also by which subscription."""
    loop, session = joined(router)
    loop.result(session.subscribe(lambda: None, "com.", SubscribeOptions(match="prefix")))
    publication = loop.result(session.publish("com.sold", options=TO_ALL))
    common = {
        "messaging.system": "wamp",
        "messaging.destination.name": "com.sold",
        "wamp.realm": "realm1",
        "wamp.session": session.session_id,
    }
    sent = {**common, "messaging.operation.name": "publish", "messaging.operation.type": "send"}
    assert sent == dict(traces.one("publish com.sold", "PRODUCER").attributes)
    assert {
        **common,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.template": "com.",
        "messaging.message.id": str(publication.id),
    } == dict(traces.one("process com.", "CONSUMER").attributes)


def fail():
    raise ApplicationError("com.error.sold_out", "no tea")


async def fail_later():
    fail()


@pytest.mark.parametrize("procedure", [fail, fail_later])
def test_an_error_is_at_both_ends(router, traces, procedure):
    """With its URI, its text and its traceback."""
    loop, session = joined(router)
    loop.result(session.register(procedure, "com.order"))
    with pytest.raises(ApplicationError):
        loop.result(session.call("com.order"))
    for kind in ("CLIENT", "SERVER"):
        span = traces.one("com.order", kind)
        assert StatusCode.ERROR == span.status.status_code
        assert "com.error.sold_out" == span.attributes["error.type"]
        assert ["exception"] == [event.name for event in span.events]


def test_what_a_handler_raises_is_in_its_span(router, traces):
    """An exception of any class, by its name."""
    loop, session = joined(router)
    loop.result(session.subscribe(lambda: 1 / 0, "com.sold"))
    loop.result(session.publish("com.sold", options=TO_ALL))
    assert "ZeroDivisionError" == traces.one("process com.sold", "CONSUMER").attributes["error.type"]


def test_a_call_that_is_cancelled_ends_its_spans(router, traces):
    """On both sides."""
    loop, session = joined(router)
    loop.result(session.register(lambda: Deferred(), "com.order"))
    call = session.call("com.order")
    loop.turn()
    call.addErrback(lambda failure: failure.trap(CancelledError))
    call.cancel()
    loop.turn()
    assert {"CLIENT com.order", "SERVER com.order"} == set(dict(traces.tree()))


def test_a_call_that_cannot_be_sent_ends_its_span(router, traces):
    """With the reason."""
    _, session = joined(router)
    with pytest.raises(wamp.exception.PayloadExceededError):
        session.call("com.order", "x" * 20_000_000)
    span = traces.one("com.order", "CLIENT")
    assert "wamp.exception.PayloadExceededError" == span.attributes["error.type"]


def test_progressive_results_are_within_the_span(router, traces):
    """What an async generator does belongs to its call as well."""

    async def main():
        async with connect(router.url) as session:

            async def numbers():
                for number in range(2):
                    await session.call("com.stock")
                    yield number

            await session.register(numbers, "com.numbers")
            await session.register(lambda: 3, "com.stock")
            async with session.stream("com.numbers") as parts:
                assert [0, 1] == [part async for part in parts]

    asyncio.run(main())
    parents = [parent for name, parent in traces.tree() if name == "CLIENT com.stock"]
    assert ["SERVER com.numbers"] * 2 == parents


def test_a_call_without_a_trace_begins_one(router, traces):
    """What somebody else sends, in whose name nothing is known."""
    loop, session = joined(router)
    loop.result(session.register(lambda: 3, "com.order"))
    tracing.disable()
    plain = loop.join()
    call = plain.call("com.order")
    tracing.enable(traces.provider)
    loop.result(call)
    assert [("SERVER com.order", None)] == traces.tree()


def test_the_trace_is_in_the_options(router, traces):
    """As W3C writes it, so that clients in other languages join in."""
    loop, session = joined(router)
    bare = loop.open(Bare())
    bare.transport.send(Hello("realm1", {"roles": {"callee": {}}}))
    bare.transport.send(Register(1, {}, "com.order"))
    loop.turn()
    session.call("com.order").addErrback(lambda _: None)
    loop.turn()
    [invocation] = [each for each in bare.messages if type(each) is Invocation]
    router.drop(session)
    loop.turn()
    context = traces.one("com.order", "CLIENT").context
    assert {"_traceparent"} == set(invocation.details)
    written = f"00-{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}-"
    assert invocation.details["_traceparent"].startswith(written)


def test_nothing_is_imported_unasked():
    """Neither by the library nor by the router."""
    probe = (
        "import sys, wamp.asyncio, wamp.twisted, wamp.blocking, wamprouter.running;"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout


def test_who_lacks_opentelemetry_is_told_what_to_install():
    """Where it is asked for, and not somewhere below."""
    probe = "import sys; sys.modules['opentelemetry'] = None; import wamp.tracing"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert "wamp.tracing needs OpenTelemetry: pip install 'wamprouter[otel]'" in done.stderr.splitlines()[-1]
