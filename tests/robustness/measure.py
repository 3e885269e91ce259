"""What the robustness tests ask the system about a router, and how they wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.support.process import RouterProcess
from tests.support.raw import TIMEOUT

__all__ = ["KIB", "MIB", "MemoryWatch", "anonymous_bytes", "eventually", "open_sockets", "peak_bytes"]

KIB: Final = 1024
MIB: Final = 1024 * KIB


def _status(router: RouterProcess, name: str) -> int:
    status = Path(f"/proc/{router.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * KIB


def anonymous_bytes(router: RouterProcess) -> int:
    """Return how much memory the router has resident besides the files that it maps."""
    return _status(router, "RssAnon")


def peak_bytes(router: RouterProcess) -> int:
    """Return the most that the router ever had resident, files included."""
    return _status(router, "VmHWM")


def open_sockets(router: RouterProcess) -> int:
    """Return how many sockets the router has open."""
    count = 0
    for link in Path(f"/proc/{router.pid}/fd").iterdir():
        try:
            count += str(link.readlink()).startswith("socket:")
        except FileNotFoundError:
            pass  # closed in between
    return count


class MemoryWatch:
    """The most memory that a router had at any ``look``, compared with the beginning."""

    def __init__(self, router: RouterProcess) -> None:
        self._router = router
        self._start = anonymous_bytes(router)
        self.growth = 0

    def look(self) -> None:
        self.growth = max(self.growth, anonymous_bytes(self._router) - self._start)


def eventually(condition: Callable[[], bool], what: str, *, within: float = TIMEOUT) -> None:
    """Wait until a condition holds that nothing tells us about: another process's log, memory, sockets."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(0.01)  # between two looks; nothing relies on its length
