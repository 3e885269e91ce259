"""Ports that take a few connections in each turn of the event loop.

Twisted takes a hundred at once, and more each time that so many are waiting: whoever opens connections in masses keeps
everybody else waiting, as long as it takes to make them all.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet import tcp, unix

__all__ = ["AT_ONCE", "listen_tcp", "listen_unix"]

AT_ONCE: Final = 5
"""Connections in one turn: about a millisecond. Turns follow each other at once while more are waiting."""


def _few(_port: Any) -> int:
    return AT_ONCE


def _no_more(_port: Any, _number: int) -> None:
    """Twisted's port adapts the number to what it has seen; ours does not."""


class _TcpPort(tcp.Port):
    numberAccepts = property(_few, _no_more)


class _UnixPort(unix.Port):
    numberAccepts = property(_few, _no_more)


def listen_tcp(reactor: Any, port: int, factory: Any, *, backlog: int, interface: str) -> tcp.Port:
    """Do what ``reactor.listenTCP`` does."""
    listening = _TcpPort(port, factory, backlog, interface, reactor)
    listening.startListening()
    return listening


def listen_unix(reactor: Any, path: str, factory: Any, *, backlog: int) -> unix.Port:
    """Do what ``reactor.listenUNIX`` does, with a lock file."""
    listening = _UnixPort(path.encode(), factory, backlog, 0o666, reactor, wantPID=True)
    listening.startListening()
    return listening
