import pytest

from tests.wamp.testing.clients import Loop
from wamp.testing import Router


@pytest.fixture
def router():
    with Router() as router:
        yield router


@pytest.fixture
def loop(router):
    return Loop(router)
