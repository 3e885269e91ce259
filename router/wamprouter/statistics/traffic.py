"""Connections and octets, by the kind of transport: ``websocket``, ``rawsocket``, ``memory``, ...

The octets are those that a connection reads and writes: with the framing of its transport, and without what TLS adds.
"""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Traffic", "Transports"]


class Queue(Protocol):
    """An outbound queue."""

    queued: int


class Traffic:
    """All connections of one kind of transport."""

    __slots__ = ("closed", "congested", "failed", "opened", "received", "sent")

    def __init__(self) -> None:
        self.opened = 0
        """Connections."""
        self.closed: dict[str, int] = {}  # reason -> connections
        self.failed: dict[str, int] = {}  # reason -> connections that came to their end before the handshake was done
        self.received = 0
        """Octets."""
        self.sent = 0
        """Octets."""
        self.congested: dict[Queue, None] = {}
        """Queues that wait for their peers to read. What is in any other one leaves in the same turn."""

    def close(self, reason: str, *, is_shaken: bool) -> None:
        """Count a connection that has come to its end, for a reason out of a few."""
        ends = self.closed if is_shaken else self.failed
        ends[reason] = ends.get(reason, 0) + 1

    @property
    def open(self) -> int:
        """Connections."""
        return self.opened - sum(self.closed.values()) - sum(self.failed.values())


class Transports:
    """The traffic of all listeners of a router, also of those that it has no more."""

    def __init__(self) -> None:
        self.full = 0
        """Connections that were turned away because their listener had as many as it may."""
        self.over_rate = 0
        """How often a session was paused or disconnected because it sent more messages a second than it may."""
        self.kinds: dict[str, Traffic] = {}  # their names are in the source, hence few

    def of(self, kind: str) -> Traffic:
        """Return the traffic of a kind of transport, the same each time."""
        found = self.kinds.get(kind)
        if found is None:
            found = self.kinds[kind] = Traffic()
        return found

    def queues(self) -> dict[str, Any]:
        """Return what waits for peers to read."""
        waiting = [queue.queued for traffic in self.kinds.values() for queue in traffic.congested]
        return {"bytes": sum(waiting), "congested": len(waiting), "longest": max(waiting, default=0)}
