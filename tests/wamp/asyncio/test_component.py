"""``Component`` on asyncio: how it ends."""

import asyncio

import pytest

from wamp.asyncio import Component, run


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
