"""One router, many threads: each with an event loop of its own."""

import asyncio
import threading

from wamp.asyncio import ApplicationSession
from wamp.testing import CallRecorder, Router
from wamp.types import ComponentConfig

CALLS = 200
PATIENCE = 20


class Member:
    """A thread with an event loop, and a session in it."""

    def __init__(self, router, work):
        self._router, self._work = router, work
        self.result = None
        self.error = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def join(self):
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error

    def _run(self):
        try:
            self.result = asyncio.run(self._main())
        except Exception as error:  # noqa: BLE001  # it is raised in the test's thread
            self.error = error

    async def _main(self):
        loop = asyncio.get_running_loop()
        joined = loop.create_future()
        session = ApplicationSession(ComponentConfig("realm1"))
        session.on("join", lambda *_: joined.set_result(None))
        self._router.connect(session, loop.call_soon_threadsafe)
        await joined
        result = await self._work(session)
        session.disconnect()
        await session.when_closed()
        return result


def run(router, *works):
    members = [Member(router, work) for work in works]
    for member in members:
        member.start()
    for member in members:
        member.join()
    return [member.result for member in members]


async def call_often(session):
    return [await session.call("com.next", number) for number in range(CALLS)]


def test_two_threads_call_at_the_same_time():
    """Each gets the answers to its own calls, in order."""
    with Router() as router:
        CallRecorder(router).reply("com.next", lambda number: number + 1)
        assert [list(range(1, CALLS + 1))] * 2 == run(router, call_often, call_often)


def test_a_callee_in_one_thread_serves_callers_in_others():
    with Router() as router:
        is_registered, is_done = threading.Event(), threading.Event()

        async def serve(session):
            await session.register(lambda number: number + 1, "com.next")
            is_registered.set()
            await asyncio.get_running_loop().run_in_executor(None, is_done.wait, PATIENCE)

        async def call(session):
            await asyncio.get_running_loop().run_in_executor(None, is_registered.wait, PATIENCE)
            return await call_often(session)

        callee = Member(router, serve)
        callee.start()
        results = run(router, call, call)
        is_done.set()
        callee.join()
        assert [list(range(1, CALLS + 1))] * 2 == results


def test_events_of_one_publisher_arrive_in_order_in_another_thread():
    with Router() as router:
        is_subscribed, seen = threading.Event(), []

        async def hear(session):
            loop = asyncio.get_running_loop()
            is_over = loop.create_future()

            def event(number):
                seen.append(number)
                if number == CALLS - 1:
                    is_over.set_result(None)

            await session.subscribe(event, "com.news")
            is_subscribed.set()
            await is_over

        async def tell(session):
            await asyncio.get_running_loop().run_in_executor(None, is_subscribed.wait, PATIENCE)
            for number in range(CALLS):
                session.publish("com.news", number)

        run(router, hear, tell)
        assert list(range(CALLS)) == seen


def test_a_procedure_that_waits_for_another_thread_does_not_stop_the_router():
    """Clients are never called under the router's lock."""
    with Router() as router:
        is_registered, may_go_on = threading.Event(), threading.Event()

        async def serve(session):
            await session.register(lambda: may_go_on.wait(PATIENCE), "com.wait")
            is_registered.set()
            while not may_go_on.is_set():
                await asyncio.sleep(0)
            await session.call("wamp.session.count")

        async def call(session):
            await asyncio.get_running_loop().run_in_executor(None, is_registered.wait, PATIENCE)
            waiting = session.call("com.wait")
            await session.call("wamp.session.count")
            router.advance(1)
            may_go_on.set()
            return await waiting

        assert True is run(router, serve, call)[1]


def test_a_session_is_dropped_from_another_thread():
    with Router() as router:

        async def stay(session):
            threading.Thread(target=router.drop, args=(session.session_id,)).start()
            await session.when_closed()
            return str(session.ended_by)

        assert ["the connection was lost while on the realm"] == run(router, stay)
