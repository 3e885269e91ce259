"""Ports that take a few connections in each turn of the event loop.

Twisted takes a hundred at once, and more each time that so many are waiting: whoever opens connections in masses keeps
everybody else waiting, as long as it takes to make them all.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any, Final

from twisted.internet import tcp, unix

from wamprouter.server.inherited import NOTHING, Inherited

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


class _InheritedUnixPort(_UnixPort):
    """A Unix socket whose file is somebody else's: it keeps its mode, and stays when the port is closed."""

    factory: Any
    socket: Any
    fileno: Any  # a method that Twisted's ports replace by their socket's

    def startListening(self) -> None:
        self.factory.doStart()
        self.socket, self._preexistingSocket = self._preexistingSocket, None
        self.fileno = self.socket.fileno
        self.connected = True
        self.startReading()

    def connectionLost(self, reason: Any) -> None:
        tcp.Port.connectionLost(self, reason)


def listen_tcp(
    reactor: Any, port: int, factory: Any, *, backlog: int, interface: str, inherited: Inherited = NOTHING
) -> tcp.Port:
    """Do what ``reactor.listenTCP`` does, or take the socket that listens there already."""
    ready = inherited.tcp(interface, port)
    if ready is None:
        listening = _TcpPort(port, factory, backlog, interface, reactor)
    else:
        listening = _TcpPort._fromListeningDescriptor(reactor, ready.fileno(), ready.family, factory)
    listening.startListening()
    return listening


def listen_unix(
    reactor: Any, path: Path, factory: Any, *, backlog: int = 50, mode: int = 0o666, inherited: Inherited = NOTHING
) -> unix.Port:
    """Do what ``reactor.listenUNIX`` does, or take the socket that listens there already.

    Raise CannotListenError or OSError if that is not possible.

    With a lock file beside it, a socket that a crashed router left behind is known for what it is. The lock names a process.
    In a container there are few numbers, so that after a crash another process, or this one, often has the same; so
    somebody must also answer there.
    """
    ready = inherited.unix(path)
    if ready is not None:
        found: unix.Port = _InheritedUnixPort._fromListeningDescriptor(reactor, ready.fileno(), factory)
        found.startListening()
        return found
    lock = Path(f"{path}.lock")
    if lock.is_symlink() and _is_abandoned(path):
        lock.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    listening = _UnixPort(os.fsencode(path), factory, backlog, mode, reactor, wantPID=True)
    listening.startListening()
    return listening


def _is_abandoned(path: Path) -> bool:
    """Tell whether nobody listens on a socket that is there."""
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX) as caller:
        caller.setblocking(False)
        try:
            caller.connect(os.fspath(path))
        except ConnectionRefusedError:
            return True
        except OSError:  # its queue is full, or it is somebody else's
            return False
    return False
