import pytest

from wamp.testing import Router


@pytest.fixture
def router():
    with Router() as router:
        yield router
