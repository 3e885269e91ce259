"""Routers in this process that can be connected to by name: what ``memory://NAME`` stands for.

``wamp.testing`` announces one for each test. What a router is made of is its own business; here is what a client asks of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from wamp.exception import TransportLost

if TYPE_CHECKING:
    from wamp.link import HostedSession

__all__ = ["Router", "Timer", "announce", "find", "known", "withdraw"]


class Timer(Protocol):
    """An action that is due later; cancelling it when it is over does nothing."""

    def cancel(self) -> None: ...


class Router(Protocol):
    """A router in this process, with a clock of its own."""

    def connect(self, handler: HostedSession, call_soon: Callable[[Callable[[], None]], object]) -> None:
        """Open a connection of ``handler``. All that it is told is told in turns that ``call_soon`` gives, from any thread.

        Raise TransportLost if the router takes no connections now.
        """
        ...

    def now(self) -> float:
        """Return the time, in seconds."""
        ...

    def call_later(self, delay: float, action: Callable[[], None], /) -> Timer:
        """Call ``action`` in so many seconds of the router's time, in whatever thread that time passes."""
        ...


_ROUTERS: dict[str, Router] = {}


def announce(name: str, router: Router) -> None:
    """Let ``memory://name`` stand for a router; raise ValueError if it stands for another one."""
    if _ROUTERS.setdefault(name, router) is not router:
        raise ValueError(f"there is another router at memory://{name}")


def withdraw(name: str) -> None:
    """Let ``memory://name`` stand for nothing."""
    _ROUTERS.pop(name, None)


def known(name: str) -> Router | None:
    """Return the router at ``memory://name``; None if there is none."""
    return _ROUTERS.get(name)


def find(name: str) -> Router:
    """Return the router at ``memory://name``; raise TransportLost if there is none."""
    router = known(name)
    if router is None:
        raise TransportLost(f"there is no router at memory://{name}")
    return router
