"""For what happens between one message and the next there must be no time that nobody has counted: in memory only."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.support.exchange import Exchange, MemoryRouter


@pytest.fixture
def timeless(memory_router: MemoryRouter, serializer: str) -> Iterator[Exchange]:
    """Talkers for whom time passes only while they wait."""
    exchange = Exchange(partial(memory_router.connect, serializer))
    yield exchange
    exchange.end()
