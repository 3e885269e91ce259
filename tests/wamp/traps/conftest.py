import asyncio
from collections.abc import Iterator

import pytest
from twisted.logger import capturedLogs

from tests.wamp.traps.loops import LOOPS, Loop
from wamp.testing import Router


@pytest.fixture
def router() -> Iterator[Router]:
    with Router() as router:
        yield router


@pytest.fixture(params=LOOPS)
def loop(router: Router, request: pytest.FixtureRequest) -> Iterator[Loop]:
    """Each event loop in turn, with the router."""
    made: Loop = LOOPS[request.param](router)
    with capturedLogs():
        yield made
        router.close()
        made.turn()
        made.close()


@pytest.fixture
def set_loop() -> Iterator[None]:
    """A loop that the program has set, for what runs it by itself."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
