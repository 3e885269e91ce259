"""What a service manager is told: that the router listens, reloads, stops, and still turns (``sd_notify(3)`` of systemd).

Each message is one datagram to the socket in ``$NOTIFY_SOCKET``. Where there is none, nobody is told, and nothing is done.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Final

from twisted.logger import Logger

__all__ = ["Supervisor", "supervisor"]

_log = Logger()

_PATIENCE: Final = 1.0  # seconds for a service manager whose queue is full; meanwhile the router stands still
_LONGEST_STATUS: Final = 400  # characters: it is one line on a terminal


class Supervisor:
    """Whoever started the router, as the router talks to them."""

    def __init__(self, send: Callable[[str], None], watchdog: float = 0.0) -> None:
        self._send = send
        self._period = watchdog / 2  # as sd_watchdog_enabled(3) recommends
        self._status = ""

    def ready(self, status: str) -> None:
        """Tell that the router listens."""
        self._status = status
        self._tell("READY=1", status)

    @contextmanager
    def reloading(self) -> Iterator[Callable[[str], None]]:
        """Tell of a reload, as long as the block lasts. It is given what sets the status that is told after it."""
        status = self._status

        def conclude(line: str) -> None:
            nonlocal status
            status = line

        # With the time, systemd can tell this reload from one that it asked for later (Type=notify-reload).
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={now}", "reloading")
        try:
            yield conclude
        finally:
            self.ready(status)

    def stopping(self, seconds: float) -> None:
        """Tell that the router stops, and how long that may take."""
        self._tell(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}", "stopping")

    def keep_alive(self, reactor: Any) -> None:
        """Tell from now on that the event loop turns, as often as is asked for: a loop that hangs falls silent."""
        if self._period:
            self._send("WATCHDOG=1")
            reactor.callLater(self._period, self.keep_alive, reactor)

    def _tell(self, state: str, status: str) -> None:
        line = " ".join(status.split())
        self._send(f"{state}\nSTATUS={line[:_LONGEST_STATUS]}")


def supervisor(environ: MutableMapping[str, str]) -> Supervisor:
    """Return who is to be told, by the variables of the environment; nobody if there are none.

    The variables are taken out: processes that the router starts must not speak for it.
    """
    address = environ.pop("NOTIFY_SOCKET", "")
    watchdog = _watchdog(environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", ""))
    if not address:
        return Supervisor(lambda _: None)
    return Supervisor(_Notifier(address).send, watchdog)


def _watchdog(microseconds: str, pid: str) -> float:
    """Return after how many seconds of silence we are taken for dead; 0 for never, or if it is another process's."""
    if not re.fullmatch(r"[0-9]{1,18}", microseconds) or pid not in ("", str(os.getpid())):
        return 0.0
    return int(microseconds) / 1_000_000


class _Notifier:
    """The socket of a service manager."""

    def __init__(self, address: str) -> None:
        self._name = address
        # "@" stands for the NUL that begins a name in Linux's abstract namespace.
        self._address = os.fsencode(f"\0{address[1:]}" if address.startswith("@") else address)
        self._has_failed = False

    def send(self, message: str) -> None:
        """Send a message; if that is not possible, say so once: the router works all the same."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
                one.settimeout(_PATIENCE)
                one.sendto(message.encode(errors="backslashreplace"), self._address)
            self._has_failed = False
        except OSError as error:
            if not self._has_failed:
                _log.warn(
                    "NOTIFY_SOCKET={name}: the service manager is not told: {error}", name=self._name, error=error
                )
            self._has_failed = True
