"""Routers for the robustness tests: each in a process of its own, and each must end well."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import RouterProcess, config
from tests.support.raw import Client
from tests.support.reloading import BASE, ROLES, Connect
from wamp.protocol.messages import Hello, Welcome

Start = Callable[..., RouterProcess]


@contextmanager
def _running(folder: Path, *transports: dict[str, Any], **more: Any) -> Iterator[RouterProcess]:
    """A router that whatever happens to it logs no traceback, and ends with status 0."""
    router = RouterProcess(folder, config(*transports, **more))
    status = None
    try:
        yield router
        assert router.process.poll() in (None, 0), f"the router died:\n{router.log}"
    finally:
        status = router.stop()
    assert "Traceback" not in router.log, router.log
    assert status == 0, f"exit status {status}\n{router.log}"


def _starter(folder: Callable[[], Path]) -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda *transports, **more: stack.enter_context(_running(folder(), *transports, **more))


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start routers for one test: ``start(transport, …, realms=…)``."""
    yield from _starter(lambda: tmp_path_factory.mktemp("router"))


@pytest.fixture(scope="module")
def start_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start routers for all tests of a module."""
    yield from _starter(lambda: tmp_path_factory.mktemp("router"))


@pytest.fixture(scope="module")
def _shared(start_shared: Start) -> RouterProcess:
    return start_shared(**BASE)


@pytest.fixture
def reloadable(_shared: RouterProcess) -> RouterProcess:
    """A router with ``BASE``, whatever the test before has made of it."""
    done, lines = _shared.reload(BASE)
    assert done, lines
    return _shared


@pytest.fixture
def connect(reloadable: RouterProcess) -> Iterator[Connect]:
    """Join the router with ``BASE``; close everything at the end."""
    clients: list[Client] = []

    def connect(scheme: str = "rs", *, join: str | None = "realm1", **options: Any) -> Client:
        client = Client(reloadable.url(scheme), join=False, **options)
        clients.append(client)
        if join is not None:
            client.send(Hello(join, {"roles": ROLES}))
            client.expect(Welcome)
        return client

    yield connect
    for client in clients:
        client.close()
