"""Twisted's transport without a system below it, for what depends on how much a socket takes."""

from __future__ import annotations

from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

__all__ = ["Socket"]


class Socket(FileDescriptor):
    """Takes so many bytes at once, keeps the rest in its buffer."""

    protocol: Any = None

    def __init__(self, room: int = 1_000_000) -> None:
        super().__init__(reactor=object())  # type: ignore[arg-type]  # nothing asks it for anything
        self.connected = True
        self.room = room
        self.sent = b""
        self.writes = 0
        self.is_lost = False
        self.is_closed = False
        self.is_aborted = False

    def writeSomeData(self, data: bytes) -> int | Exception:
        self.writes += 1
        if self.is_lost:
            return ConnectionError("lost")
        taken = data[: self.room]
        self.room -= len(taken)
        self.sent += taken
        return len(taken)

    def startWriting(self) -> None:
        """Nothing to do: ``drain`` plays the reactor."""

    stopWriting = startReading = stopReading = startWriting

    @property
    def kept(self) -> int:
        """How many bytes are in the transport's buffer."""
        return len(self.dataBuffer) - self.offset + self._tempDataLen

    def drain(self, room: int = 1_000_000) -> None:
        """The peer reads: there is room for so many bytes more."""
        self.room = room
        self.is_closed = self.doWrite() is not None or self.is_closed

    def _postLoseConnection(self) -> Exception:
        return ConnectionDone()

    def loseConnection(self) -> None:
        """Close when everything is sent; where nothing waits, that is now."""
        super().loseConnection()
        if not self.kept and self.producer is None:
            self.is_closed = True

    def abortConnection(self) -> None:
        self.is_aborted = True

    def lose(self) -> None:
        """The peer is gone."""
        failure = Failure(ConnectionDone())
        self.connectionLost(failure)
        self.protocol.connectionLost(failure)
