"""Procedures and handlers of a blocking session: plain ones in workers, coroutine functions in the event loop."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator

import pytest

import wamp
from tests.wamp.blocking.waiting import PATIENCE, threads, until
from wamp import ApplicationError, CallOptions, PublishOptions, RegisterOptions

TO_US = PublishOptions(exclude_me=False)


def here():
    return threading.current_thread().name


def limited(router, workers, pending):
    return wamp.connect(router.url, workers=workers, pending=pending)


def test_plain_functions_run_in_workers(session):
    session.register(here, "com.here")
    assert "wamp-worker-1" == session.call("com.here")


def test_coroutine_functions_run_in_the_event_loop(session):
    async def here():
        return threading.current_thread().name

    session.register(here, "com.here")
    assert "wamp" == session.call("com.here")


def test_a_plain_function_may_return_a_coroutine(session):
    async def double(number):
        return 2 * number

    session.register(lambda number: double(number), "com.double")
    assert 6 == session.call("com.double", 3)


def test_a_procedure_may_call_with_the_session_that_it_belongs_to(session):
    session.register(lambda number: number + 1, "com.next")
    session.register(lambda number: session.call("com.next", session.call("com.next", number)), "com.second")
    assert 3 == session.call("com.second", 1)


def test_a_coroutine_function_may_not_block_its_own_event_loop(session):
    async def ask():
        return session.call("wamp.session.count")

    session.register(ask, "com.ask")
    with pytest.raises(
        ApplicationError, match=r"wamp.session.count: a coroutine function .* `session.client` and await"
    ):
        session.call("com.ask")


def test_a_coroutine_function_has_the_client_instead(session):
    async def ask():
        return await session.client.call("wamp.session.count")

    session.register(ask, "com.ask")
    assert 1 == session.call("com.ask")


def test_a_coroutine_function_may_not_close_the_session(session):
    async def close():
        session.close()

    session.register(close, "com.close")
    with pytest.raises(ApplicationError, match="close"):
        session.call("com.close")


def test_a_procedure_may_close_the_session(router):
    session = wamp.connect(router.url)
    session.register(session.close, "com.close")
    with wamp.connect(router.url) as caller, pytest.raises(ApplicationError):
        caller.call("com.close")
    until(lambda: set() == threads())


def test_calls_run_side_by_side(session):
    both = threading.Barrier(2)
    session.register(lambda: both.wait(PATIENCE), "com.meet")
    calls = [session.start_call("com.meet") for _ in range(2)]
    assert {0, 1} == {call.result(PATIENCE) for call in calls}


def test_arguments_are_checked_when_asked(session):
    def double(number: int) -> int:
        return 2 * number

    session.register(double, "com.double", check_types=True)
    with pytest.raises(ApplicationError, match="invalid_argument"):
        session.call("com.double", "two")


def test_decorated_methods_are_registered_together(session):
    class Shop:
        @wamp.register("com.shop.price")
        def price(self):
            return 5

        @wamp.subscribe("com.shop.sold")
        def sold(self, article):
            seen.append(article)

    seen, shop = [], Shop()
    assert ["com.shop.price"] == [held.uri for held in session.register(shop)]
    assert ["com.shop.sold"] == [held.uri for held in session.subscribe(shop)]
    session.publish("com.shop.sold", "tea", options=TO_US)
    assert 5 == session.call("com.shop.price")
    until(lambda: ["tea"] == seen)


def test_a_refused_registration_is_raised(session):
    session.register(here, "com.here")
    with pytest.raises(ApplicationError, match="procedure_already_exists"):
        session.register(here, "com.here")


def test_a_call_beyond_the_bound_is_answered_with_unavailable(router):
    is_free = threading.Event()
    with limited(router, 1, 1) as session:
        session.register(lambda: is_free.wait(PATIENCE), "com.wait")
        calls = [session.start_call("com.wait") for _ in range(2)]
        with pytest.raises(
            ApplicationError, match="1 calls and events are being handled, and 1 wait already"
        ) as caught:
            session.call("com.wait")
        assert "wamp.error.unavailable" == caught.value.error
        is_free.set()
        assert [True, True] == [call.result(PATIENCE) for call in calls]
        assert session.call("com.wait")


def test_events_are_handled_one_at_a_time_and_in_order(session):
    seen, running = [], []

    def handle(number):
        running.append(number)
        assert [number] == running
        seen.append(number)
        running.remove(number)

    session.subscribe(handle, "com.news")
    for number in range(100):
        session.publish("com.news", number, options=TO_US)
    until(lambda: list(range(100)) == seen)


def test_a_handler_that_is_slow_keeps_no_other_from_its_events(session):
    is_free, seen = threading.Event(), []
    session.subscribe(lambda _: is_free.wait(PATIENCE), "com.news")
    session.subscribe(seen.append, "com.news")
    session.publish("com.news", 1, options=TO_US)
    session.publish("com.news", 2, options=TO_US)
    until(lambda: [1, 2] == seen)
    is_free.set()


def test_events_beyond_the_bound_are_dropped_and_counted(router, caplog):
    is_free, seen = threading.Event(), []

    def handle(number):
        is_free.wait(PATIENCE)
        seen.append(number)

    with limited(router, 1, 1) as session, caplog.at_level(logging.WARNING, "wamp"):
        session.subscribe(handle, "com.news")
        for number in range(5):
            session.publish("com.news", number, options=TO_US)
        session.call("wamp.session.count")
        is_free.set()
        until(lambda: [0, 1] == seen)
        until(lambda: session._workers._load == 0)
        session.publish("com.news", 5, options=TO_US)
        until(lambda: [0, 1, 5] == seen)
    assert "events of com.news are dropped: 1 calls and events are being handled" in caplog.messages[0]
    assert "3 events of com.news were dropped" == caplog.messages[1]


def test_an_exception_of_a_handler_is_logged_and_the_next_event_is_handled(session, caplog):
    seen = []

    def handle(number):
        seen.append(number)
        raise ZeroDivisionError

    session.subscribe(handle, "com.news")
    session.publish("com.news", 1, options=TO_US)
    session.publish("com.news", 2, options=TO_US)
    until(lambda: [1, 2] == seen)
    until(lambda: 2 == len(caplog.records))
    assert "While handling an event of com.news" in caplog.text


@pytest.mark.parametrize("raised", [ValueError("odd"), StopIteration("odd"), SystemExit("odd")])
def test_what_a_procedure_raises_is_its_answer(session, raised):
    def refuse():
        raise raised

    session.register(refuse, "com.refuse")
    with pytest.raises(ApplicationError, match="odd"):
        session.call("com.refuse")


def test_a_call_that_is_cancelled_before_its_turn_does_not_run(router):
    is_free, ran = threading.Event(), []
    with limited(router, 1, 10) as session:
        session.register(lambda: is_free.wait(PATIENCE), "com.wait")
        session.register(lambda: ran.append(True), "com.run")
        session.start_call("com.wait")
        begun = session.start_call("com.run")
        session.call("wamp.session.count")
        begun.cancel()
        session.call("wamp.session.count")
        is_free.set()
        session.call("com.wait")
        assert [] == ran


def test_a_generator_yields_all_at_once_to_who_wants_no_progress(session):
    def count(n):
        yield from range(n)

    session.register(count, "com.count")
    assert [0, 1, 2] == session.call("com.count", 3)


def test_a_function_that_reads_parts_is_left_in_the_event_loop(session):
    def total(numbers: AsyncIterator[int]):
        async def add():
            return sum([number async for number in numbers])

        return add()

    session.register(total, "com.total")
    assert 3 == session.call("com.total", (number for number in (1, 2)))


def test_progress_may_be_sent_from_a_coroutine_function_too(session):
    async def work(details):
        details.progress(1)

    session.register(work, "com.work", RegisterOptions(details=True))
    seen = []
    session.call("com.work", options=CallOptions(on_progress=seen.append))
    assert [1] == seen


def test_progress_of_a_call_that_was_begun_comes_in_order(session):
    def count(n):
        yield from range(n)

    session.register(count, "com.count")
    seen = []
    session.start_call("com.count", 20, options=CallOptions(on_progress=seen.append)).result(PATIENCE)
    until(lambda: list(range(20)) == seen)


def test_an_on_progress_that_is_too_slow_ends_the_call(session, monkeypatch):
    monkeypatch.setattr("wamp.blocking.streams.PARTS", 2)
    sent = threading.Event()

    async def count(details):
        for number in range(10):
            await details.progress(number)
        sent.set()
        await asyncio.get_running_loop().create_future()

    session.register(count, "com.count", RegisterOptions(details=True))
    with pytest.raises(wamp.BufferFull, match="2 progressive results wait"):
        session.call("com.count", options=CallOptions(on_progress=lambda _: sent.wait(PATIENCE)))


# -- apps


def test_an_app_is_offered_and_has_the_blocking_session(router):
    app = wamp.App("com.shop")
    joined = []

    @app.register()
    def sessions():
        return app.session.call("wamp.session.count")

    @app.on_join
    def prepare(session):
        joined.append((session.call("wamp.session.count"), here()))

    with wamp.connect(router.url, app=app) as session:
        assert session is app.session
        assert 1 == session.call("com.shop.sessions")
    assert [(1, "wamp-worker-1")] == joined


def test_a_coroutine_function_of_an_app_has_the_client(router):
    app = wamp.App()
    counts = []

    @app.on_join
    async def prepare(client):
        counts.append(await client.call("wamp.session.count"))

    with wamp.connect(router.url, app=app):
        assert [1] == counts


def test_what_on_join_raises_ends_connecting(router):
    app = wamp.App()

    @app.on_join
    def prepare(session):
        raise ZeroDivisionError("no stock")

    with pytest.raises(ZeroDivisionError, match="no stock"), wamp.connect(router.url, app=app):
        pass


def test_an_app_is_offered_again_after_a_lost_connection(router):
    app = wamp.App("com.shop")
    app.register("price")(lambda: 5)
    with wamp.connect(router.url, app=app) as session:
        router.go_down()
        until(lambda: not session.is_connected())
        router.come_up()
        until(lambda: router.advance(1) or session.is_connected())
        session.wait_connected()
        assert 5 == session.call("com.shop.price")
