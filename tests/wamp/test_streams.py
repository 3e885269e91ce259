"""Progressive results and progressive calls as asynchronous iterators, on both event loops."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

import wamp
from tests.wamp.asyncio.turns import settle, until
from tests.wamp.testing.clients import Loop
from wamp.asyncio import connect
from wamp.exception import BufferFull, PayloadExceededError, SerializationError
from wamp.request import Place
from wamp.streams import PARTS, Buffer, place_of
from wamp.testing import Router
from wamp.types import CallOptions, RegisterOptions


@pytest.fixture
def router():
    with Router() as router:
        yield router


async def numbers(count):
    for number in range(count):
        yield number


async def collect(parts, into):
    async for part in parts:
        into.append(part)


async def total(label: str, values: AsyncIterator[int]):
    return f"{label} {sum([value async for value in values])}"


async def doubled(values: AsyncIterator[int]):
    async for value in values:
        yield 2 * value


def on_asyncio(router, work):
    async def main():
        async with connect(router.url) as session:
            await session.register(numbers, "com.numbers")
            await session.register(total, "com.total")
            await session.register(doubled, "com.doubled")
            await session.register(lambda *_: "plain", "com.plain")
            return await work(session)

    return asyncio.run(main())


def on_twisted(router, work):
    loop = Loop(router)
    session = loop.join()
    for procedure, uri in ((numbers, "com.numbers"), (total, "com.total"), (doubled, "com.doubled")):
        loop.result(session.register(procedure, uri))
    loop.result(session.register(lambda *_: "plain", "com.plain"))
    started = session._start(work(session))
    return loop.result(started)


LOOPS = pytest.mark.parametrize("run", [on_asyncio, on_twisted])


# -- progressive results


@LOOPS
def test_what_a_generator_yields_is_streamed(router, run):
    async def work(session):
        stream = session.stream("com.numbers", 5)
        assert [0, 1, 2, 3, 4] == [part async for part in stream]
        assert stream.result is None

    run(router, work)


@LOOPS
def test_a_caller_who_wants_no_progress_gets_it_all(router, run):
    async def work(session):
        assert [0, 1, 2] == await session.call("com.numbers", 3)

    run(router, work)


@LOOPS
def test_a_generator_without_end_is_refused_to_such_a_caller(router, run):
    async def work(session):
        with pytest.raises(PayloadExceededError, match="ask for progressive results"):
            await session.call("com.numbers", PARTS + 1)

    run(router, work)


def test_a_procedure_that_reports_progress_is_streamed_with_its_result(router):
    async def slow(details):
        await details.progress(1, half=True)
        await details.progress()
        return "done"

    async def work(session):
        await session.register(slow, "com.slow", RegisterOptions(details=True))
        stream = session.stream("com.slow")
        with pytest.raises(wamp.Error, match="not ended"):
            _ = stream.result
        first, second = [part async for part in stream]
        assert ((1,), {"half": True}) == (first.results, first.kwresults)
        assert second is None
        assert "done" == stream.result

    on_asyncio(router, work)


def test_what_the_procedure_raises_comes_behind_the_parts(router):
    async def fails():
        yield 1
        raise wamp.ApplicationError("com.error")

    async def work(session):
        await session.register(fails, "com.fails")
        seen = []
        with pytest.raises(wamp.ApplicationError, match=r"com\.error"):
            await collect(session.stream("com.fails"), seen)
        assert [1] == seen

    on_asyncio(router, work)


def test_leaving_the_block_cancels_the_call(router):
    closed = []

    async def endless():
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    async def work(session):
        await session.register(endless, "com.endless")
        async with session.stream("com.endless") as stream:
            assert 1 == await anext(stream)
        await until(lambda: closed)
        await collect(stream, [])  # what was there is read, then it ends

    on_asyncio(router, work)


def test_who_does_not_read_has_the_call_cancelled(router):
    """The buffer has a bound: a peer cannot be asked to be slower."""

    async def work(session):
        stream = session.stream("com.numbers", 1000, buffer=10)
        await settle(200)
        seen = []
        with pytest.raises(BufferFull, match="10 progressive results wait"):
            await collect(stream, seen)
        assert list(range(10)) == seen

    on_asyncio(router, work)


@pytest.mark.parametrize(
    ("options", "buffer", "error"), [(CallOptions(on_progress=print), 1, "on_progress"), (None, 0, "0 parts")]
)
def test_a_stream_with_wrong_arguments_is_refused(router, options, buffer, error):
    async def work(session):
        with pytest.raises(ValueError, match=error):
            session.stream("com.numbers", options=options, buffer=buffer)

    on_asyncio(router, work)


def test_a_stream_has_a_timeout_of_its_own_only(router):
    async def main():
        async with connect(router.url, timeout=1) as session:
            await session.register(asyncio.Event().wait, "com.slow")
            limited, endless = session.stream("com.slow", timeout=2), session.stream("com.slow")
            await settle()
            router.advance(5)
            with pytest.raises(wamp.CallTimeout):
                await anext(limited)
            await endless.aclose()

    asyncio.run(main())


# -- progressive calls


@LOOPS
def test_an_iterator_is_sent_in_parts(router, run):
    async def work(session):
        assert "sum 10" == await session.call("com.total", "sum", numbers(5))

    run(router, work)


@LOOPS
def test_an_empty_iterator_is_a_call_without_an_item(router, run):
    async def work(session):
        assert "sum 0" == await session.call("com.total", "sum", numbers(0))

    run(router, work)


@LOOPS
def test_a_call_at_once_is_an_iterator_of_one(router, run):
    async def work(session):
        assert "one 7" == await session.call("com.total", "one", 7)
        assert "one 7" == await session.call("com.total", label="one", values=7)

    run(router, work)


@LOOPS
def test_parts_both_ways_are_a_conversation(router, run):
    async def work(session):
        stream = session.stream("com.doubled", numbers(4))
        assert [0, 2, 4, 6] == [part async for part in stream]

    run(router, work)


def test_an_answer_comes_before_the_next_question(router):
    """No part waits for the one behind it."""

    async def work(session):
        questions = asyncio.Queue()

        async def asked():
            while (question := await questions.get()) is not None:
                yield question

        questions.put_nowait(1)
        async with session.stream("com.doubled", asked()) as answers:
            assert 2 == await anext(answers)
            questions.put_nowait(5)
            assert 10 == await anext(answers)
            questions.put_nowait(None)
            assert [] == [part async for part in answers]

    on_asyncio(router, work)


@LOOPS
def test_a_procedure_without_such_a_parameter_refuses_parts(router, run):
    async def work(session):
        with pytest.raises(wamp.ApplicationError, match="takes its arguments at once, not in parts"):
            await session.call("com.plain", numbers(3))

    run(router, work)


@LOOPS
def test_an_iterator_that_raises_ends_the_call(router, run):
    async def broken():
        yield 1
        raise LookupError("the file ends here")

    async def work(session):
        with pytest.raises(LookupError, match="the file ends here"):
            await session.call("com.total", "sum", broken())

    run(router, work)


@LOOPS
def test_an_item_that_cannot_be_sent_ends_the_call(router, run):
    async def broken():
        yield 1
        yield object()

    async def work(session):
        with pytest.raises(wamp.SerializationError):
            await session.call("com.total", "sum", broken())

    run(router, work)


def test_cancelling_the_call_ends_iterator_and_procedure(router):
    ended = []

    async def endless():
        try:
            while True:
                yield 1
        finally:
            ended.append("iterator")

    async def forever(values: AsyncIterator[int]):
        try:
            async for _ in values:
                pass
        finally:
            ended.append("procedure")

    async def work(session):
        await session.register(forever, "com.forever")
        reply = session.call("com.forever", endless())
        await settle()
        reply.cancel()
        await until(lambda: len(ended) == 2)

    on_asyncio(router, work)


def test_an_early_answer_ends_the_iterator(router):
    ended = []

    async def endless():
        try:
            while True:
                yield 1
        finally:
            ended.append(True)

    async def first(values: AsyncIterator[int]):
        return await anext(values)

    async def work(session):
        await session.register(first, "com.first")
        assert 1 == await session.call("com.first", endless())
        await until(lambda: ended)

    on_asyncio(router, work)


def test_a_procedure_that_does_not_read_is_ended(router):
    cancelled = []

    async def deaf(values: AsyncIterator[int]):
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    async def work(session):
        await session.register(deaf, "com.deaf")
        with pytest.raises(wamp.ApplicationError, match="takes its parts too slowly") as caught:
            await session.call("com.deaf", numbers(10 * PARTS))
        assert "wamp.error.unavailable" == caught.value.error
        await until(lambda: cancelled)

    on_asyncio(router, work)


def test_a_procedure_learns_that_the_other_parts_will_not_come(router):
    failures = []

    async def patient(values: AsyncIterator[int]):
        try:
            async for _ in values:
                pass
        except Exception as error:
            failures.append(error)
            raise

    async def waits():
        yield 1
        await asyncio.Event().wait()

    async def work(session):
        await session.register(patient, "com.patient")
        reply = session.call("com.patient", waits())
        await settle()
        router.go_down()
        with pytest.raises(wamp.TransportLost):
            await reply
        await until(lambda: failures)
        assert isinstance(failures[0], wamp.TransportLost)

    on_asyncio(router, work)


def test_items_are_checked_against_the_hint(router):
    async def work(session):
        await session.register(total, "com.checked", check_types=True)
        with pytest.raises(wamp.ApplicationError) as caught:
            await session.call("com.checked", "sum", _texts())
        assert "wamp.error.invalid_argument" == caught.value.error

    async def _texts():
        yield 1
        yield "two"

    on_asyncio(router, work)


# -- the parts


def test_only_one_may_wait_for_the_next_part(router):
    async def work(session):
        buffer = Buffer(session._session, 1)
        first = asyncio.ensure_future(anext(buffer))
        await settle(1)
        with pytest.raises(RuntimeError, match="somebody else waits"):
            await anext(buffer)
        first.cancel()
        await settle(2)
        buffer.put("for the next")
        assert "for the next" == await anext(buffer)

    on_asyncio(router, work)


def test_an_iterator_by_name_is_put_there():
    place, parts = Place("values", 1), object()
    assert ((7,), ()) == (place.item([], {"values": 7}), place.item([1], {}))
    assert (["a"], {"values": parts}) == place.filled(["a"], {"values": 7}, parts)
    assert ([], {"values": parts}) == place.filled([], {}, parts)
    assert (["a", parts, "b"], {}) == place.filled(["a", 7, "b"], {}, parts)


def test_two_iterators_are_refused_when_it_is_registered(router):
    async def both(one: AsyncIterator[int], other: AsyncIterator[int]):
        pass

    async def work(session):
        with pytest.raises(TypeError, match="one stream"):
            await session.register(both, "com.both")

    on_asyncio(router, work)


def test_the_place_is_found_behind_partials_and_methods():
    class Service:
        async def take(self, label: str, values: AsyncIterator[int]):
            pass

    assert Place("values", 1) == place_of(Service().take)
    assert Place("values", 0) == place_of(partial(Service().take, "label"))
    assert place_of(print) is None


@LOOPS
def test_a_generator_that_feeds_a_call_is_cleaned_up_in_peace(router, run):
    """Also if it is what goes wrong: what it awaits at its end is not cancelled."""
    done = []

    async def items(session):
        try:
            yield 1
            yield object()
        finally:
            await session.call("com.plain")
            done.append("clean")

    async def work(session):
        with pytest.raises(SerializationError):
            await session.call("com.total", "sum", items(session))
        assert ["clean"] == done

    run(router, work)


@LOOPS
def test_what_a_generator_raises_at_its_end_is_the_calls_failure(router, run):
    async def items():
        try:
            yield 1
            yield object()
        finally:
            raise OSError("disk full")

    async def work(session):
        with pytest.raises(OSError, match="disk full"):
            await session.call("com.total", "sum", items())

    run(router, work)
