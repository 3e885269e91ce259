import pytest

import wamp
from tests.support.certificates import Authority
from tests.support.process import RouterProcess, config, endpoint
from tests.wamp.blocking.waiting import threads, until
from wamp.testing import Router


@pytest.fixture
def router():
    with Router() as router:
        yield router


@pytest.fixture
def session(router):
    with wamp.connect(router.url) as session:
        yield session


@pytest.fixture(scope="package")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="package")
def process(tmp_path_factory, authority):
    """A router in a process of its own, with real sockets."""
    kinds = [("websocket", endpoint()), ("websocket", authority.endpoint()), ("rawsocket", endpoint())]
    transports = [{"type": kind, "endpoint": where} for kind, where in kinds]
    with RouterProcess(tmp_path_factory.mktemp("router"), config(*transports)) as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_is_left():
    """No test leaves a thread behind."""
    before = threads()
    yield
    until(lambda: threads() <= before)
