"""A router under attack, and what must hold whatever the attack is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.robustness.measure import KIB, MIB, anonymous_bytes, eventually, open_sockets
from tests.support.attacks import Target
from tests.support.pair import Pair
from tests.support.process import RouterProcess
from wamprouter.farewells import MOST

__all__ = ["LOG_LINES", "SLACK", "Siege"]

SLACK: Final = 24 * MIB
"""What memory may be above what it was: pools of the allocator that an attack has filled and nobody needs now."""

LOG_LINES: Final = 30
"""What one attack may leave in the log, however large it was."""

LOG_OCTETS: Final = 64 * KIB

FAREWELLS: Final = 4 * (MOST + 2)
"""Lines for sessions that have ended, which have a bound of their own: no attack goes on for four of its periods."""


class Siege:
    """A router, with a well-behaved pair on it that must not notice anything."""

    def __init__(self, router: RouterProcess, pair: Pair) -> None:
        self.router = router
        self.pair = pair

    @property
    def ws(self) -> str:
        return self.router.url("ws")

    @property
    def rs(self) -> str:
        return self.router.url("rs")

    @property
    def http(self) -> str:
        return self.router.url("http")

    @property
    def path(self) -> str:
        """The WebSocket on a path of the web server."""
        return next(url for url in self.router.urls if url.endswith("/ws"))

    @property
    def target(self) -> Target:
        return Target(self.ws, self.rs, self.http, self.path)

    @contextmanager
    def attack(self, *, lines: int = LOG_LINES, slack: int = SLACK, connections_end: bool = True) -> Iterator[None]:
        """Around an attack: the pair is served meanwhile, memory and sockets come back, and the log stays short."""
        self.pair.go_on()
        sockets, memory, logged = open_sockets(self.router), anonymous_bytes(self.router), len(self.router.log)
        try:
            yield
        finally:
            assert self.router.process.poll() is None, f"the router has died:\n{self.router.log[logged:]}"
        self.pair.go_on()
        if connections_end:
            eventually(lambda: open_sockets(self.router) <= sockets, "all connections of the attack are gone")
        eventually(
            lambda: anonymous_bytes(self.router) <= memory + slack,
            f"memory returns to {memory >> 20} MiB, and {slack >> 20}",
        )
        self.pair.go_on()
        log = self.router.log[logged:]
        assert "Traceback" not in log, log
        ended = [line for line in log.splitlines(keepends=True) if "wamprouter.farewells" in line]
        others = [line for line in log.splitlines(keepends=True) if "wamprouter.farewells" not in line]
        assert len(ended) <= FAREWELLS, log
        assert len(others) <= lines, log
        assert len("".join(others)) <= LOG_OCTETS, log


def in_threads(count: int, work: Any) -> None:
    """Do ``work(number)`` in so many threads at once; raise what one of them raises."""
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as failure:  # noqa: BLE001  # raised below, in the test's own thread
            failures.append(failure)

    threads = [threading.Thread(target=run, args=[number], daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    if failures:
        raise failures[0]
    assert not any(thread.is_alive() for thread in threads), "an attack does not come to its end"
