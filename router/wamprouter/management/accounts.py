"""What is known of one session besides what the realm knows: when it came, by what, and how much went to and fro."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any

from wamprouter.server.peer import Peer

if TYPE_CHECKING:
    from wamprouter.node import Node
    from wamprouter.session import Session

__all__ = ["address_of", "details_of", "is_throttled", "joined", "received", "sent"]


def _peer(session: Session) -> Peer | None:
    owner = session.link.owner
    return owner if isinstance(owner, Peer) else None


def joined(session: Session) -> float:
    """Return when it has joined, on the router's monotonic clock; 0.0 if nobody knows."""
    peer = _peer(session)
    return 0.0 if peer is None else peer.joined


def received(session: Session) -> int:
    """Return how many messages have come from it."""
    peer = _peer(session)
    return 0 if peer is None else peer.session_received


def sent(session: Session) -> int:
    """Return how many messages were put in its queue."""
    peer = _peer(session)
    return 0 if peer is None else peer.session_sent


def address_of(session: Session) -> str:
    """Return where its client is, without a port; empty if nobody knows."""
    peer = _peer(session)
    return "" if peer is None else peer.address


def is_throttled(session: Session) -> bool:
    """Tell whether the router does not read from it at present."""
    peer = _peer(session)
    return peer is not None and peer.is_paused


def details_of(session: Session, node: Node) -> dict[str, Any]:
    """Return what those who run the router are told of a session."""
    since = joined(session)
    transport, peer = _transport(session)
    return {
        "session": session.id,
        "realm": session.realm.name,
        "authid": session.authid,
        "authrole": session.authrole,
        "authmethod": session.authmethod,
        "authprovider": session.authprovider,
        "transport": transport,
        "serializer": session.codec.serializer.name,
        "peer": peer,
        "agent": session.agent,
        "joined_at": time() - (node.now() - since) if since else None,
        "received": received(session),
        "sent": sent(session),
        "queued": session.link.queued,
        "queue_limit": session.link.limit,
        "is_throttled": is_throttled(session),
        "calls": len(session.calls),
        "invocations": len(session.invocations),
        "subscriptions": len(session.subscriptions),
        "registrations": len(session.registrations),
    }


def _transport(session: Session) -> tuple[str, str]:
    """Return how it is connected, as in "websocket/tls", and to where."""
    peer = _peer(session)
    if peer is None:
        return "memory", ""
    described = peer.described()
    kind = str(described.get("type", "memory"))
    if "is_secure" in described:
        below = "unix" if peer.address == "unix" else "tls" if described["is_secure"] else "tcp"
        kind = f"{kind}/{below}"
    return kind, str(described.get("peer", peer.address))
