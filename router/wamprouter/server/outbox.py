"""The outbound queue of a network connection, counted in bytes and written once for each turn of the reactor.

Frames wait in ``pending`` until ``flush`` hands them to the socket in one write. What the socket does not take goes to
the transport's buffer, and nothing more is written until that is empty. So the bytes that wait are those counted in
``queued``, and the dispatcher can hold them below ``limit``.

Who feeds a queue above ``high_water`` is slowed down (``feeders``) until the queue is below half of that. Every byte that
the peer takes counts as progress.
"""

from __future__ import annotations

import sys
import termios
from collections.abc import Callable
from fcntl import ioctl
from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from wamprouter.server.feeders import STALL, Feeders
from wamprouter.server.links import Throttled, Wire
from wamprouter.statistics.traffic import Traffic

__all__ = ["STALL", "Outbox", "socket_of", "unsent", "write_now"]


def socket_of(transport: Any) -> Any:
    """Return the transport that owns the socket: itself, or the one below TLS."""
    return transport.transport if hasattr(transport, "write_now") else transport


def unsent(transport: Any) -> int:
    """Return how many bytes wait in the buffer of a transport that owns a socket."""
    return len(transport.dataBuffer) - transport.offset + transport._tempDataLen  # type: ignore[no-any-return]  # it is Any


def _unacknowledged(transport: Any) -> int:
    """Return how many bytes the kernel has that the peer's end has not taken; 0 where it does not tell.

    A send buffer may hold megabytes, and the kernel takes more only when a third of it is free. So with a peer that reads
    slowly nothing moves here for a while, and yet it takes something all the time.
    """
    try:
        return int.from_bytes(ioctl(transport.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    except (OSError, ValueError):
        return 0


def write_now(transport: Any, data: bytes) -> int:
    """Write to the socket at once, which saves a round through the reactor; return how many bytes it did not take.

    Those are in the transport's buffer then. What is there already must go first, so then all of ``data`` joins it. Over
    TLS the count is of what waits in encrypted form.
    """
    if hasattr(transport, "write_now"):  # TLS
        return transport.write_now(data)  # type: ignore[no-any-return]  # it is Any
    return _write_to_socket(transport, data)


def _write_to_socket(transport: Any, data: bytes) -> int:
    has_more_to_send = transport.dataBuffer or transport._tempDataBuffer
    written = 0 if has_more_to_send else transport.writeSomeData(data)
    if written == len(data):
        return 0
    # An error comes as an exception object: write() then finds the loss and reports it in the usual way.
    rest = data[written:] if isinstance(written, int) else data
    transport.write(rest)
    return len(rest)


def _nobody(_reason: str) -> None:
    """A closed queue expels nobody."""


@implementer(IPushProducer)
class Outbox(Feeders):
    """The link to a session behind a socket."""

    __slots__ = (
        "_dirty",
        "_drains",
        "_handed_over",
        "_is_plain",
        "_last_look",
        "_on_expel",
        "_pending",
        "_sent",
        "_socket",
        "_traffic",
        "_transport",
        "high_water",
        "limit",
        "owner",
        "queued",
        "wire",
    )

    def __init__(
        self,
        transport: Any,
        wire: Wire,
        dirty: list[Outbox],
        *,
        high_water: int,
        limit: int,
        call_later: Callable[..., object],
        on_expel: Callable[[str], None],
        traffic: Traffic | None = None,
    ) -> None:
        """``traffic`` counts octets, and knows the queues that are blocked; without one nobody wants to know."""
        super().__init__(call_later)
        self._transport = transport
        self.wire = wire
        self._dirty = dirty
        """Where to queue for the next flush, if there is something to send."""
        self.high_water = high_water
        self.limit = limit
        self.queued = 0
        self.owner: Throttled | None = None
        self._pending: list[bytes] = []
        self._sent = 0
        self._traffic = Traffic() if traffic is None else traffic
        self._handed_over = 0  # how many of the queued bytes are in the transport's buffer
        self._drains = 0
        self._last_look: tuple[int, int, int] = (0, 0, 0)
        self._on_expel = on_expel
        self._socket = socket_of(transport)
        self._is_plain = self._socket is transport

    def append(self, packed: bytes) -> None:
        if self._closed:
            return
        if not self._pending:
            self._dirty.append(self)
        self._pending.append(packed)
        self.queued += len(packed)

    def flush(self) -> None:
        pending = self._pending
        if self._blocked or not pending:
            return
        count = len(pending)
        data = pending[0] if count == 1 else b"".join(pending)
        pending.clear()
        self._sent += count
        self.queued = 0
        self._write(data)
        if self._throttled and not self._blocked:  # it has all gone at once, and no drain will come to tell
            self._release()

    @property
    def sent(self) -> int:
        """How many messages were put in here, but for those that were thrown away."""
        return self._sent + len(self._pending)

    def _write(self, data: bytes) -> None:
        self._traffic.sent += len(data)
        rest = _write_to_socket(self._socket, data) if self._is_plain else self._transport.write_now(data)
        if not rest:
            return
        self._handed_over = self.queued = rest
        # With the socket, below TLS too: only there it is known when the buffer is empty.
        self._socket.registerProducer(self, True)
        self._socket.producerPaused = True  # so that resumeProducing comes when the buffer is empty
        self._blocked = True
        self._traffic.congested[self] = None

    # -- the transport's view (IPushProducer)

    def pauseProducing(self) -> None:
        self._blocked = True

    def resumeProducing(self) -> None:
        """The transport's buffer is empty."""
        self._socket.unregisterProducer()
        self._blocked = False
        self._traffic.congested.pop(self, None)
        self._drains += 1
        self._is_stalled = False
        self.queued -= self._handed_over
        self._handed_over = 0
        self.flush()
        if self._throttled and self.queued <= self.high_water // 2:
            self._release()

    def stopProducing(self) -> None:
        self.close()

    # -- for those who feed it, and who look after it

    def _progress(self) -> tuple[int, int, int]:
        """Return what changes whenever the peer takes something."""
        return self._drains, unsent(self._socket), _unacknowledged(self._socket)

    def is_draining(self) -> bool:
        """Tell whether something waits here, and the peer has taken some of it since the last time this was asked."""
        before, self._last_look = self._last_look, self._progress()
        return self._blocked and self._last_look != before

    # -- the end

    def expel(self, reason: str) -> None:
        self._on_expel(reason)

    def discard(self) -> None:
        """Throw away what is not yet with the transport: the peer will not read it."""
        self._pending.clear()
        self.queued = self._handed_over

    def close(self) -> None:
        """Send nothing more, and slow down nobody. The transport may then close: it waits for producers."""
        if self._closed:
            return
        self._closed = True
        self._pending.clear()
        self._traffic.congested.pop(self, None)
        self.queued = 0
        if self._blocked:
            self._socket.unregisterProducer()
        self._release()
        self.owner = None  # they refer to this queue as well: see WebSocketConnection.connectionLost
        self._on_expel = _nobody
