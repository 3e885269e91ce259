"""``wamp.connect()``: what asyncio's session does, for those who wait."""

import asyncio
import math
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

import wamp
from tests.wamp.blocking.waiting import threads, until
from wamp import ApplicationError, CallOptions, CallResult, PublishOptions, RegisterOptions, TransportLost
from wamp.exception import TypeCheckError
from wamp.testing import CallRecorder

ADD = "com.example.add"
NOBODY = "ws://127.0.0.1:1/ws"


def add(a, b):
    return a + b


def lose(router, session):
    """Let the connection be lost; return when the client knows."""
    router.go_down()
    until(lambda: not session.is_connected())


def come_back(router, session):
    router.come_up()
    until(lambda: router.advance(1) or session.is_connected())


# -- connecting


def test_a_block_is_a_session_that_leaves_at_its_end(router):
    with wamp.connect(router.url) as session:
        assert session.session_details.session == router.sessions()[0].id
    assert [] == router.sessions()


def test_nothing_happens_before_the_first_use(router):
    """A module of Django's or Flask's may make a session when it is imported."""
    session = wamp.connect(NOBODY)
    assert not session.is_connected()
    assert set() == threads()
    session.close()


def test_the_first_use_connects(router):
    session = wamp.connect(router.url)
    assert 1 == session.call("wamp.session.count")
    session.close()


def test_without_a_router_the_first_use_fails_with_its_cause():
    session = wamp.connect(NOBODY)
    with pytest.raises(TransportLost, match="cannot connect to ws://127") as caught:
        session.call(ADD)
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    session.close()


def test_the_use_after_one_that_failed_tries_again(router):
    router.go_down()
    session = wamp.connect(router.url)
    with pytest.raises(TransportLost, match="down"):
        session.call("wamp.session.count")
    router.come_up()
    assert 1 == session.call("wamp.session.count")
    session.close()


def test_a_realm_that_is_not_there_is_told_as_the_router_says_it(router):
    with pytest.raises(ApplicationError) as caught, wamp.connect(router.url, "nowhere"):
        pass
    assert ApplicationError.NO_SUCH_REALM == caught.value.error


def test_a_session_that_is_closed_stays_closed(router):
    with wamp.connect(router.url) as session:
        pass
    session.close()
    with pytest.raises(TransportLost, match="closed"):
        session.call(ADD)


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ({"url": "http://127.0.0.1"}, "http"),
        ({"url": []}, "url"),
        ({"realm": "a realm"}, "realm"),
        ({"timeout": -1}, "timeout is -1"),
        ({"wait": -1}, "wait is -1"),
        ({"auth": {"password": {}}}, "password"),
        ({"workers": 0}, "workers is 0"),
        ({"pending": -1}, "pending is -1"),
        ({"offline_publishes": -1}, "offline_publishes is -1"),
        ({"serializers": ["xml"]}, "xml"),
    ],
)
def test_a_wrong_argument_is_told_at_once(how, what):
    with pytest.raises((ValueError, wamp.Error), match=what):
        wamp.connect(**how)


def test_importing_the_package_loads_no_event_loop():
    code = "import sys, wamp; print('asyncio' in sys.modules); wamp.connect; print('asyncio' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ["False", "True"] == ran.stdout.split()


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="conect"):
        wamp.conect  # noqa: B018  # looking is the test


# -- calls


@pytest.fixture
def calls(router):
    recorder = CallRecorder(router)
    yield recorder
    recorder.close()


@pytest.mark.parametrize("result", [None, 5, CallResult(1, 2), CallResult(a=1)])
def test_a_call_returns_what_the_procedure_returns(session, calls, result):
    calls.reply("com.get", result)
    assert result == session.call("com.get")


def test_a_procedure_is_called_by_its_name(session):
    session.register(add, ADD)
    assert 5 == session.rpc.com.example.add(2, b=3)
    assert 5 == session.rpc(timeout=5, returns=int).com.example.add(2, 3)


def test_arguments_may_have_any_name(session):
    names = ("self", "procedure", "topic", "function", "args", "kwargs", "call", "start", "what")
    given = dict.fromkeys(names, 1)
    seen = []
    session.register(lambda **given: given, "com.echo")
    session.subscribe(lambda **given: seen.append(given), "com.news")
    assert given == session.call("com.echo", **given)
    assert given == session.rpc.com.echo(**given)
    assert given == session.start_call("com.echo", **given).result(5)
    session.publish("com.news", options=PublishOptions(exclude_me=False), **given)
    until(lambda: [given] == seen)


def test_a_result_is_checked_when_asked(session, calls):
    calls.reply("com.get", "5")
    with pytest.raises(TypeCheckError):
        session.call("com.get", returns=int)


def test_an_error_is_raised_with_its_class(session):
    class SoldOut(Exception):
        pass

    def order():
        raise SoldOut("tea")

    session.define(SoldOut, "com.example.error.sold_out")
    session.register(order, "com.order")
    with pytest.raises(SoldOut, match="tea"):
        session.call("com.order")


def test_an_exception_that_is_not_decorated_needs_a_uri_before_anything_is_sent(router):
    session = wamp.connect(NOBODY)
    with pytest.raises(RuntimeError, match="give its URI"):
        session.define(ValueError)
    session.close()


def test_calls_are_begun_and_waited_for_later(session):
    session.register(add, ADD)
    begun = [session.start_call(ADD, number, 1) for number in range(5)]
    assert [1, 2, 3, 4, 5] == [each.result(5) for each in begun]


def test_cancelling_what_was_begun_cancels_the_call(session):
    is_cancelled = []

    async def never():
        begun.append(True)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            is_cancelled.append(True)

    begun = []
    session.register(never, "com.never")
    call = session.start_call("com.never")
    until(lambda: begun)
    assert call.cancel()
    until(lambda: is_cancelled)
    assert not session.start_call("wamp.session.count").cancelled()


# -- time-outs


@pytest.fixture
def never(session):
    """A procedure that does not answer."""

    async def never():
        await asyncio.get_running_loop().create_future()

    session.register(never, "com.never")
    return "com.never"


@pytest.mark.parametrize("timeout", [2, timedelta(seconds=2)])
def test_a_call_ends_in_time(router, session, never, timeout):
    call = session.start_call(never, timeout=timeout)
    session.call("wamp.session.count")
    router.advance(1)
    assert not call.done()
    router.advance(1)
    with pytest.raises(wamp.CallTimeout):
        call.result(5)


def test_the_time_out_of_connect_is_for_all_calls(router, never):
    with wamp.connect(router.url, timeout=2) as session:
        call = session.start_call(never)
        session.call("wamp.session.count")
        router.advance(2)
        with pytest.raises(TimeoutError):
            call.result(5)


def test_unless_said_otherwise_a_call_takes_thirty_seconds_at_most(router, session, never):
    calls = [session.start_call(never), session.start_call(never, timeout=math.inf)]
    session.call("wamp.session.count")
    router.advance(30)
    with pytest.raises(wamp.CallTimeout):
        calls[0].result(5)
    router.advance(1000)
    session.call("wamp.session.count")
    assert not calls[1].done()


def test_who_waits_is_told_even_if_the_event_loop_is_blocked(session, never, monkeypatch):
    """Time in this router stands still, as it does for a loop that is blocked."""
    monkeypatch.setattr("wamp.blocking.session.GRACE", 0.0)
    with pytest.raises(wamp.CallTimeout, match=r"no answer within 0.05 s"):
        session.call(never, timeout=0.05)
    with pytest.raises(wamp.CallTimeout, match=r"no answer within 0.02 s"):
        session.call(never, options=CallOptions(timeout=20))
    with pytest.raises(wamp.CallTimeout, match=r"no answer within 0.03 s"):
        session.call(never, timeout=0.03, options=CallOptions(on_progress=print))
    assert 1 == session.call("wamp.session.count")


def test_a_router_that_says_nothing_is_given_up(monkeypatch):
    """It takes the connection, shakes hands, and that is all."""
    monkeypatch.setattr("wamp.blocking.connecting.JOIN_TIMEOUT", 0.05)

    def accept():
        taken.append(listening.accept()[0])
        taken[0].sendall(taken[0].recv(4))

    taken = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        silent = threading.Thread(target=accept)
        silent.start()
        url = f"rs://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(TransportLost, match=r"no session within 0.05 s"), wamp.connect(url):
            pass
        silent.join(5)
        taken[0].close()


# -- what comes back


def test_registrations_come_back_after_a_lost_connection(router, session):
    held = session.register(add, ADD)
    lose(router, session)
    assert not held.is_active
    with pytest.raises(TransportLost):
        session.call(ADD, 1, 2)
    come_back(router, session)
    session.wait_connected()
    assert held.is_active
    assert 3 == session.call(ADD, 1, 2)


def test_a_call_in_flight_fails_when_the_connection_is_lost(router, session, never):
    call = session.start_call(never)
    session.call("wamp.session.count")
    router.go_down()
    with pytest.raises(TransportLost, match="not known"):
        call.result(5)


def test_a_session_that_has_ended_for_good_begins_anew_with_what_it_had(router):
    session = wamp.connect(router.url, reconnect=False)
    session.register(add, ADD)
    router.go_down()
    with pytest.raises(TransportLost):
        session.wait_closed(5)
    router.come_up()
    assert 3 == session.call(ADD, 1, 2)
    session.close()


def test_events_wait_for_a_connection_if_they_may(router):
    with wamp.connect(router.url, offline_publishes=1) as session:
        seen = []
        session.subscribe(seen.append, "com.news")
        lose(router, session)
        assert session.publish("com.news", 1, options=PublishOptions(exclude_me=False)) is None
        with pytest.raises(wamp.BufferFull):
            session.publish("com.news", 2)
        come_back(router, session)
        until(lambda: [1] == seen)


def test_what_was_removed_does_not_come_back(router, session):
    held = session.register(add, ADD)
    held.remove()
    held.remove()
    lose(router, session)
    come_back(router, session)
    with pytest.raises(ApplicationError, match="no_such_procedure"):
        session.call(ADD, 1, 2)


def test_an_event_is_acknowledged_when_asked(session):
    assert session.publish("com.news", options=PublishOptions(acknowledge=True)).id > 0


def test_who_waits_for_the_end_returns_when_the_session_is_closed(session):
    ended = []
    thread = threading.Thread(target=lambda: ended.append(session.wait_closed()))
    thread.start()
    session.call("wamp.session.count")
    session.close()
    thread.join(5)
    assert [None] == ended


def test_who_waits_for_an_end_that_has_come_is_told_why(router):
    with wamp.connect(router.url, reconnect=False) as session:
        router.go_down()
        until(lambda: not session.is_connected())
        router.come_up()
        with pytest.raises(TransportLost):
            session.wait_closed(5)


def test_who_waits_for_the_end_may_stop_waiting(session):
    with pytest.raises(TimeoutError):
        session.wait_closed(0.01)
    assert session.is_connected()


# -- streams


def test_progressive_results_are_iterated_over(session):
    def count(n):
        yield from range(n)

    session.register(count, "com.count")
    with session.stream("com.count", 3) as numbers:
        assert [0, 1, 2] == list(numbers)
        assert numbers.result is None


def test_a_stream_that_ended_with_its_session_is_closed(session):
    async def count():
        yield 1
        yield 2

    session.register(count, "com.count")
    with session.stream("com.count") as numbers:
        assert 1 == next(numbers)
        session.close()


def test_leaving_a_stream_cancels_its_call(session):
    is_over = []

    def count():
        try:
            while True:
                yield 1
        finally:
            is_over.append(True)

    session.register(count, "com.count")
    with session.stream("com.count") as numbers:
        assert 1 == next(numbers)
    until(lambda: is_over)


def test_an_error_ends_the_iteration(session):
    def count():
        yield 1
        raise ApplicationError("com.example.error.tired")

    session.register(count, "com.count")
    numbers = session.stream("com.count")
    assert 1 == next(numbers)
    with pytest.raises(ApplicationError, match="tired"):
        next(numbers)


def test_on_progress_is_called_in_the_thread_that_waits(session):
    def count(n, details):
        for number in range(n):
            details.progress(number, twice=2 * number)
        return "done"

    session.register(count, "com.count", RegisterOptions(details=True))
    seen = []

    def on_progress(number, twice):
        seen.append((number, twice, threading.current_thread()))

    assert "done" == session.call("com.count", 2, options=CallOptions(on_progress=on_progress))
    here = threading.current_thread()
    assert [(0, 0, here), (1, 2, here)] == seen


def test_what_on_progress_raises_ends_the_call(session):
    def on_progress(number):
        raise ZeroDivisionError

    def count():
        yield from range(3)

    session.register(count, "com.numbers")
    with pytest.raises(ZeroDivisionError):
        session.call("com.numbers", options=CallOptions(on_progress=on_progress))


def test_a_generator_sends_a_call_in_parts(session):
    async def total(numbers: AsyncIterator[int]):
        return sum([number async for number in numbers])

    session.register(total, "com.total")
    assert 10 == session.call("com.total", (number for number in range(5)))
