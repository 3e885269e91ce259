"""One router for all of these tests, and the same exchanges over every kind of connection.

Every file here is a requirement of the specification and named by it, so all are collected whatever they are called.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.exchange import CONFIGURATION, Exchange, MemoryRouter, SocketConnection
from tests.support.process import RouterProcess


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    if file_path.suffix != ".py" or file_path.name in ("conftest.py", "__init__.py"):
        return None
    if parent.session.isinitpath(file_path):
        return None  # named on the command line: pytest collects it by itself
    return pytest.Module.from_parent(parent, path=file_path)


@pytest.fixture(scope="session")
def memory_router() -> MemoryRouter:
    return MemoryRouter()


@pytest.fixture(scope="session")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouterProcess]:
    with RouterProcess(tmp_path_factory.mktemp("conformance"), CONFIGURATION) as router:
        yield router
        assert router.process.poll() is None, f"the router died:\n{router.log}"
    assert "Traceback" not in router.log, router.log


@pytest.fixture(params=["json", "msgpack", "cbor"])
def serializer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["memory", "websocket", "rawsocket"])
def exchange(request: pytest.FixtureRequest, serializer: str) -> Iterator[Exchange]:
    """Talkers over one kind of connection, each gone when the test is over."""
    if request.param == "memory":
        connect = partial(request.getfixturevalue("memory_router").connect, serializer)
    else:
        scheme = {"websocket": "ws", "rawsocket": "rs"}[request.param]
        connect = partial(SocketConnection, request.getfixturevalue("router"), scheme, serializer)
    exchange = Exchange(connect)
    yield exchange
    exchange.end()
