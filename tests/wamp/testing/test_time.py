"""The router's time: it passes when a test says so, and then everything that is due happens."""

import asyncio

import pytest
from twisted.internet.defer import Deferred

import wamp
from tests.wamp.testing.clients import outcome
from wamp.asyncio import Component, Session
from wamp.testing.clock import Clock
from wamp.twisted.component import Component as TwistedComponent
from wamp.types import CallOptions


def test_a_call_times_out_in_the_routers_time(loop):
    """Nobody waits for real."""
    callee, caller = loop.join(), loop.join()
    loop.result(callee.register(Deferred, "com.slow"))
    reply = caller.call("com.slow", options=CallOptions(timeout=60_000))
    loop.turn()
    loop.advance(60)
    with pytest.raises(wamp.ApplicationError, match=r"wamp.error.timeout"):
        loop.result(reply)


def test_a_call_does_not_time_out_before(loop):
    callee, caller = loop.join(), loop.join()
    loop.result(callee.register(Deferred, "com.slow"))
    reply = outcome(caller.call("com.slow", options=CallOptions(timeout=60_000)))
    loop.advance(59.9)
    assert [] == reply


def test_what_is_asked_for_later_happens_then(router):
    seen = []
    router.call_later(2, lambda: seen.append(router.now()))
    router.advance(1.5)
    router.advance(1)
    assert [2.0] == seen


def test_each_thing_happens_at_its_time(router):
    """Also what is asked for while time passes."""
    seen = []

    def again():
        seen.append(router.now())
        router.call_later(1, again)

    router.call_later(1, again)
    router.advance(3.5)
    assert ([1.0, 2.0, 3.0], 3.5) == (seen, router.now())


def test_what_is_taken_back_does_not_happen(router):
    seen = []
    timer = router.call_later(1, lambda: seen.append(1))
    timer.cancel()
    router.advance(2)
    timer.cancel()
    assert [] == seen


def test_an_action_may_use_the_router(router, loop):
    session = loop.join()
    router.call_later(1, session.disconnect)
    loop.advance(1)
    assert ("close", True) in session.heard


def test_time_does_not_go_back(router):
    with pytest.raises(ValueError, match="does not go back"):
        router.advance(-1)


# -- components that connect again


def run(coroutine):
    return asyncio.run(coroutine)


async def turns():
    """Let an asyncio loop do all that is due."""
    for _ in range(20):
        await asyncio.sleep(0)


def component(router, joined):
    class Counted(Session):
        def on_join(self, details):
            joined.append(details.session)

    made = Component(transports=router.url, realm="realm1")
    made.session_factory = Counted
    return made


def test_a_component_of_asyncio_connects_by_name(router):
    async def test():
        joined = []
        running = component(router, joined)
        running.start()
        await turns()
        await running.stop()
        return joined

    assert 1 == len(run(test()))


def test_a_component_connects_again_in_the_routers_time(router):
    """Not before its delay, and without anybody waiting for real."""

    async def test():
        joined = []
        running = component(router, joined)
        running.start()
        await turns()
        router.drop(joined[0])
        await turns()
        before = len(joined)
        router.advance(2)
        await turns()
        await running.stop()
        return before, len(joined)

    assert (1, 2) == run(test())


def test_a_component_waits_for_a_router_that_is_down(router):
    async def test():
        joined = []
        router.go_down()
        running = component(router, joined)
        running.start()
        await turns()
        router.come_up()
        router.advance(2)
        await turns()
        await running.stop()
        return joined

    assert 1 == len(run(test()))


class Reactor(Clock):
    """A reactor of Twisted's that the test turns, as far as a component needs one."""

    def addSystemEventTrigger(self, *_):
        return None

    def removeSystemEventTrigger(self, _):
        pass


def test_a_component_of_twisted_connects_again_in_the_routers_time(router):
    reactor, joined = Reactor(), []
    made = TwistedComponent(transports=router.url, realm="realm1")
    made.on_join(lambda session, details: joined.append(details.session))
    made.start(reactor)
    reactor.run()
    router.drop(joined[0])
    reactor.run()
    router.advance(2)
    reactor.run()
    made.stop()
    reactor.run()
    assert (2, []) == (len(joined), router.sessions())
