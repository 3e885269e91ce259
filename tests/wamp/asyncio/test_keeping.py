"""What a client keeps registered, when its connection is lost or it changes its mind at a bad moment."""

import asyncio
import gc

from tests.wamp.asyncio.turns import settle, until
from wamp.asyncio import connect
from wamp.protocol import messages
from wamp.types import PublishOptions

WHERE = "com.where"
TOPIC = "com.topic"


def run(router, work, **how):
    """Run ``work(session)`` in a session on a router in memory."""

    async def main():
        async with connect(router.url, **how) as session:
            return await work(session)

    return asyncio.run(main())


async def lose(router, session):
    """Let the connection be lost; return when the client knows and waits for its next attempt."""
    router.go_down()
    await until(lambda: not session.is_connected())
    await asyncio.sleep(0)


async def come_back(router):
    router.come_up()
    router.advance(2)
    await settle()


def once(router, kind, action):
    """Do something as soon as the router has taken such a message, before its answer arrives."""

    def told(_, message):
        if type(message) is kind:
            router.unwatch(told)
            action()

    router.watch(told)


def test_what_is_removed_while_it_is_asked_for_again_is_given_back(router):
    async def work(session):
        held = await session.register(print, WHERE)
        await lose(router, session)
        removing = []
        once(router, messages.Register, lambda: removing.append(asyncio.ensure_future(held.remove())))
        await come_back(router)
        await removing[0]
        assert [] == router.registrations()

    run(router, work)


def test_a_session_that_is_lost_is_not_asked_again(router):
    """Its successor is asked for everything; nothing goes on for the one before."""

    async def work(session):
        await session.register(print, WHERE)
        before = asyncio.all_tasks()
        await lose(router, session)
        once(router, messages.Register, router.go_down)
        await come_back(router)
        assert not session.is_connected()
        assert before == asyncio.all_tasks()

    run(router, work)


def test_events_wait_on_if_the_next_connection_is_lost_as_well(router):
    async def work(session):
        await session.register(print, WHERE)
        await lose(router, session)
        waiting = session.publish(TOPIC)
        once(router, messages.Register, router.go_down)
        await come_back(router)
        assert not waiting.done()
        await come_back(router)
        assert await waiting is None

    run(router, work, offline_publishes=1)


def test_removing_twice_at_once_is_removing_once(router):
    async def work(session):
        held = await session.register(print, WHERE)
        await asyncio.gather(held.remove(), held.remove())

    run(router, work)


def test_what_is_lost_with_its_connection_is_removed(router):
    async def work(session):
        held = await session.register(print, WHERE)
        once(router, messages.Unregister, router.go_down)
        await held.remove()
        await settle()
        await come_back(router)
        assert session.is_connected()
        assert [] == router.registrations()

    run(router, work)


def test_registering_that_is_cancelled_leaves_nothing(router):
    """Nobody would have what removes it."""

    async def work(session):
        once(router, messages.Register, lambda: registering.cancel())
        registering = asyncio.ensure_future(session.register(print, WHERE))
        await settle()
        assert registering.cancelled()
        assert [] == router.registrations()

    run(router, work)


def test_an_event_that_waited_and_that_nobody_waits_for_may_fail(router):
    async def work(session):
        warnings = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: warnings.append(context))
        await lose(router, session)
        waiting = session.publish(TOPIC, options=PublishOptions(acknowledge=True))
        once(router, messages.Publish, lambda: (waiting.cancel(), router.go_down()))
        await come_back(router)
        assert waiting.cancelled()
        gc.collect()
        assert [] == warnings

    run(router, work, offline_publishes=1)
