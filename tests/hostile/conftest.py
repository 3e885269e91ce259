"""Routers under attack: with default limits, each in a process of its own, and each must end well (see ``start``)."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.siege import Siege
from tests.robustness.conftest import Start, start, start_shared
from tests.support.pair import Pair
from tests.support.process import RouterProcess, endpoint

__all__ = ["start", "start_shared"]


@pytest.fixture(autouse=True, scope="session")
def _enough_open_files() -> Iterator[None]:
    """As many as there may be, for the tests and for the routers that they start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(hard, 1 << 16) if hard != resource.RLIM_INFINITY else 1 << 16, hard)
    )
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def transports(folder: Path, **options: Any) -> list[dict[str, Any]]:
    """Return one transport of each kind."""
    (folder / "index.html").write_text("<!doctype html><title>a page</title>")
    paths = {"/": {"type": "static", "directory": str(folder)}, "ws": {"type": "websocket"}}
    return [
        {"type": "websocket", "endpoint": endpoint(), **options},
        {"type": "rawsocket", "endpoint": endpoint(), **options},
        {"type": "web", "endpoint": endpoint(), "paths": paths, **options},
    ]


@pytest.fixture(scope="module")
def router(start_shared: Start, tmp_path_factory: pytest.TempPathFactory) -> RouterProcess:
    """A router with the limits that are default."""
    return start_shared(*transports(tmp_path_factory.mktemp("www")))


@pytest.fixture(scope="module")
def siege(router: RouterProcess) -> Iterator[Siege]:
    with Pair(router.url("rs"), router.url("ws")) as pair:
        yield Siege(router, pair)
        pair.go_on()
