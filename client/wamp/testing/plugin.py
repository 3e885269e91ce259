"""The fixtures, which pytest finds by itself where this library is installed.

Nothing of the router, of Twisted or of asyncio is imported until a test uses one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from wamp.blocking import BlockingSession
    from wamp.testing.recorder import CallRecorder
    from wamp.testing.router import Router

__all__ = ["call_recorder", "wamp_router", "wamp_router_config", "wamp_session"]


@pytest.fixture
def wamp_router_config() -> Mapping[str, Any] | str | Path | None:
    """The configuration of ``wamp_router``: override it to have another one than realm1, where everybody may do everything.

    A dictionary as in router.json, or the path of such a file.
    """
    return None


@pytest.fixture
def wamp_router(wamp_router_config: Mapping[str, Any] | str | Path | None) -> Iterator[Router]:
    """A router in memory, at ``wamp_router.url``, in which no time passes but by ``wamp_router.advance(seconds)``."""
    from wamp.testing.router import Router

    with Router(wamp_router_config) as router:
        yield router


@pytest.fixture
def call_recorder(wamp_router: Router) -> Iterator[CallRecorder]:
    """What is called and published on ``wamp_router``; it also answers in place of callees."""
    from wamp.testing.recorder import CallRecorder

    recorder = CallRecorder(wamp_router)
    yield recorder
    recorder.close()


@pytest.fixture
def wamp_session(wamp_router: Router) -> Iterator[BlockingSession]:
    """A blocking session on the first realm of ``wamp_router``: ``wamp_session.call("com.example.add2", 2, 3)``."""
    from wamp.blocking import connect

    with connect(wamp_router.url, realm=wamp_router.default_realm) as session:
        yield session
