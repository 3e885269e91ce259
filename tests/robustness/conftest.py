"""Routers for the robustness tests: each in a process of its own, and each must end well."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import RouterProcess, config

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
