"""Threads that share a session, and those that it has of its own."""

import asyncio
import gc
import signal
import sys
import threading

import pytest

import wamp
from tests.wamp.blocking.waiting import PATIENCE, threads, until

CALLS = 100


def run(*works):
    """Run functions in threads of their own; return their results."""
    results = [None] * len(works)

    def keep(at, work):
        results[at] = work()

    running = [threading.Thread(target=keep, args=each) for each in enumerate(works)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    return results


def test_eight_threads_share_a_session(session):
    """Each gets the results of its own calls."""
    session.register(lambda thread, number: [thread, number], "com.echo")

    def work(thread):
        return [session.call("com.echo", thread, number) for number in range(CALLS)]

    results = run(*[lambda thread=thread: work(thread) for thread in range(8)])
    assert [[[thread, number] for number in range(CALLS)] for thread in range(8)] == results


def test_threads_that_use_it_first_connect_once(router):
    session = wamp.connect(router.url)
    together = threading.Barrier(8)

    def work():
        together.wait(PATIENCE)
        return session.call("wamp.session.count")

    assert [1] * 8 == run(*[work] * 8)
    session.close()


def test_a_session_is_closed_while_others_wait(session):
    is_running = threading.Event()

    async def never():
        is_running.set()
        await asyncio.get_running_loop().create_future()

    session.register(never, "com.never")

    def work():
        with pytest.raises((wamp.TransportLost, wamp.ApplicationError, wamp.Error)):
            session.call("com.never")
        return "ended"

    def close():
        is_running.wait(PATIENCE)
        session.close()
        return "closed"

    assert ["ended", "closed"] == run(work, close)


def test_two_threads_may_close_it(session):
    assert [None, None] == run(session.close, session.close)
    assert set() == threads()


@pytest.mark.parametrize("options", [None, wamp.CallOptions(on_progress=print)])
def test_ctrl_c_cancels_the_call_that_waits(session, options):
    is_cancelled = threading.Event()
    main = threading.get_ident()

    async def never():
        try:
            signal.pthread_kill(main, signal.SIGINT)
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            is_cancelled.set()
            raise

    session.register(never, "com.never")
    with pytest.raises(KeyboardInterrupt):
        session.call("com.never", options=options)
    assert is_cancelled.wait(PATIENCE)
    assert 1 == session.call("wamp.session.count")


def test_it_works_inside_an_event_loop_that_runs(router):
    """As in a notebook, whose cells run in one."""

    async def cell():
        with wamp.connect(router.url) as session:
            session.register(lambda number: number + 1, "com.next")
            return session.call("com.next", 1)

    assert 2 == asyncio.run(cell())


def test_closing_leaves_no_threads(router):
    with wamp.connect(router.url) as session:
        session.register(lambda: 1, "com.one")
        session.call("com.one")
        assert {"wamp", "wamp-worker-1"} == {thread.name for thread in threads()}
    assert set() == threads()


def test_a_session_that_nobody_has_any_more_leaves(router):
    session = wamp.connect(router.url)
    session.register(lambda: 1, "com.one")
    session.call("com.one")
    del session
    gc.collect()
    until(lambda: not router.sessions() and not threads())


def test_an_attempt_that_failed_leaves_no_threads(router):
    router.go_down()
    session = wamp.connect(router.url)
    with pytest.raises(wamp.TransportLost):
        session.call("com.one")
    assert set() == threads()
    session.close()


def test_a_function_that_does_not_end_delays_closing_for_a_while_only(router, monkeypatch):
    monkeypatch.setattr("wamp.blocking.session.LEAVE_TIMEOUT", 0.01)
    monkeypatch.setattr("wamp.blocking.session.GRACE", 0.01)
    is_running, may_end = threading.Event(), threading.Event()

    def wait():
        is_running.set()
        may_end.wait(PATIENCE)

    session = wamp.connect(router.url)
    session.register(wait, "com.wait")
    session.start_call("com.wait")
    is_running.wait(PATIENCE)
    session.close()
    assert ["wamp-worker-1"] == [thread.name for thread in threads() if thread.name != "wamp"]
    may_end.set()


@pytest.mark.skipif(not hasattr(sys, "getswitchinterval"), reason="for interpreters with a lock")
def test_threads_that_change_at_any_moment_lose_nothing(session):
    """The inbox of the event loop has no lock: whoever is late must be seen by somebody."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        session.register(lambda number: number, "com.echo")
        results = run(*[lambda: [session.call("com.echo", number) for number in range(CALLS)]] * 4)
    finally:
        sys.setswitchinterval(interval)
    assert [list(range(CALLS))] * 4 == results


def test_a_thread_that_has_the_number_of_the_loops_is_not_taken_for_it(session):
    """The system gives the number of a thread that has ended to the next one."""
    session.call("wamp.session.count")
    session.close()
    for _ in range(20):
        assert [None] == run(session.close)
