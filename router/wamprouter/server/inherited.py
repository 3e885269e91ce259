"""Sockets that listen already when the router starts, because a service manager has opened them (``sd_listen_fds(3)``).

Each is taken by the endpoint with its address. The service manager keeps them open, so that clients who come while the router
restarts wait instead of being refused.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, MutableMapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final

__all__ = ["NOTHING", "Inherited", "inherited"]

_FIRST: Final = 3  # behind standard input, output and error

_Address = tuple[str, int] | str  # host and port; the path of a Unix socket


class Inherited:
    """The sockets by their addresses. They stay open as long as the process lives, also where no endpoint has them any more."""

    def __init__(self, sockets: Iterable[socket.socket]) -> None:
        self._sockets = {_address_of(one): one for one in sockets}
        self._taken: set[_Address] = set()

    def tcp(self, interface: str, port: int) -> socket.socket | None:
        """Return the socket that listens on an address; None if none does."""
        return self._take((_host(interface), port))

    def unix(self, path: Path) -> socket.socket | None:
        """Return the Unix socket with a path; None if there is none."""
        return self._take(str(path))

    def _take(self, address: _Address) -> socket.socket | None:
        found = self._sockets.get(address)
        if found is not None:
            self._taken.add(address)
        return found

    def unused(self) -> list[str]:
        """Return the addresses that no endpoint has, as a configuration would write them."""
        return [_written(address) for address in self._sockets if address not in self._taken]


NOTHING: Final = Inherited(())


def inherited(environ: MutableMapping[str, str]) -> Inherited:
    """Return the sockets that the environment names, and take its variables out. Raise OSError for one that is no socket."""
    pid, number = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not number.isdecimal():
        return NOTHING
    return Inherited([_taken_over(_FIRST + each) for each in range(int(number))])


def _taken_over(descriptor: int) -> socket.socket:
    """Return the socket of a descriptor, which processes that the router starts do not get."""
    found = socket.socket(fileno=descriptor)
    found.set_inheritable(False)
    found.setblocking(False)
    return found


def _address_of(listening: socket.socket) -> _Address:
    name = listening.getsockname()
    if listening.family == socket.AF_UNIX:
        return os.fsdecode(name)
    return _host(name[0]), name[1]


def _host(host: str) -> str:
    """Return an IP address in the one form that is compared."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host


def _written(address: _Address) -> str:
    if isinstance(address, str):
        return f"unix:{address}"
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
