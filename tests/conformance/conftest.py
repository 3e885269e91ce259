"""One router for all of these tests, and the same exchanges over every kind of connection.

Every file here is a requirement of the specification and named by it, so all are collected whatever they are called.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.exchange import CONFIGURATION, Exchange, MemoryRouter, PollingConnection, SocketConnection
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


LINES = [
    (kind, serializer) for serializer in ("json", "msgpack", "cbor") for kind in ("memory", "websocket", "rawsocket")
]
# A request of HTTP for each message costs ten times a frame. Beyond the basic profile, nothing depends on the transport.
POLLING = [("longpoll", "json"), ("longpoll", "msgpack.batched")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "line" in metafunc.fixturenames:
        lines = [*LINES, *POLLING] if metafunc.definition.path.parent.name == "basic" else LINES
        metafunc.parametrize("line", lines, ids="-".join)


@pytest.fixture
def exchange(request: pytest.FixtureRequest, line: tuple[str, str]) -> Iterator[Exchange]:
    """Talkers over one kind of connection, each gone when the test is over."""
    kind, serializer = line
    if kind == "memory":
        connect = partial(request.getfixturevalue("memory_router").connect, serializer)
    else:
        made, scheme = {
            "websocket": (SocketConnection, "ws"),
            "rawsocket": (SocketConnection, "rs"),
            "longpoll": (PollingConnection, "http"),
        }[kind]
        connect = partial(made, request.getfixturevalue("router"), scheme, serializer)
    exchange = Exchange(connect)
    yield exchange
    exchange.end()
