"""What names a TLS connection to both of its ends, for channel binding; its ids are the same there and known nowhere else."""

from __future__ import annotations

import hashlib
from typing import Any

from twisted.internet.interfaces import ISSLTransport

__all__ = ["channel_ids"]


def channel_ids(transport: Any, *, is_server: bool = False) -> dict[str, bytes] | None:
    """Return type of binding -> 32 bytes; None without TLS. Ask when the TLS handshake is over: after the first bytes.

    ``tls-exporter`` is that of RFC 9266. ``tls-unique`` is what Autobahn and Crossbar take for it: the SHA-256 of the
    client's Finished message (RFC 5929 has the message itself, and does not define it for TLS 1.3).
    """
    is_secure: bool = ISSLTransport.providedBy(transport)
    if not is_secure:
        return None
    connection: Any = transport.getHandle()
    ids = {"tls-exporter": connection.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")}
    finished = connection.get_peer_finished() if is_server else connection.get_finished()
    if finished is not None:
        ids["tls-unique"] = hashlib.sha256(finished).digest()
    return ids
