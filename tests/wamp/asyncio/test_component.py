"""``Component`` on asyncio: how it ends."""

import asyncio

import pytest

from tests.wamp.asyncio.turns import settle
from wamp.asyncio import Component, Session, run
from wamp.exception import TransportLost


@pytest.fixture
def set_loop():
    """A loop that the program has set, for ``run``."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


def test_a_session_that_cannot_be_constructed_ends_it(router, set_loop):
    """It could not be the next time, be the router far away or in this process."""

    def make(config):
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        run(Component(transports=router.url, session_factory=make), log_level=None)


def test_its_program_may_stop_the_loop(router, set_loop):
    """Many a program for Autobahn does when it is disconnected."""
    component = Component(transports=router.url, main=lambda *_: None)
    component.on_disconnect(lambda *_, **__: set_loop.stop())
    run(component, log_level=None)


def test_its_program_may_stop_the_loop_before_it_has_left(router, set_loop):
    component = Component(transports=router.url)
    component.on_ready(lambda *_: set_loop.stop())
    run(component, log_level=None)
    assert [] == router.sessions()


def test_a_connection_that_is_lost_before_it_is_used_is_a_lost_one(router):
    """A session may need some time before it joins, and the router may be gone then."""

    class Slow(Session):
        async def on_connect(self):
            await asyncio.get_running_loop().create_future()

    async def main():
        failures = []
        component = Component(transports=router.url, session_factory=Slow)
        component.on_connectfailure(lambda _, failure: failures.append(failure))
        ended = component.start()
        await settle()
        router.go_down()
        await settle()
        assert [TransportLost] == [type(each) for each in failures]
        assert not ended.done()
        await component.stop()

    asyncio.run(main())
