"""TLS: what is known of a connection that has it."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import ISSLTransport

__all__ = ["channel_binding", "is_secure", "peer_certificate"]


def is_secure(transport: Any) -> bool:
    """Tell whether a connection is encrypted."""
    return bool(ISSLTransport.providedBy(transport))


def peer_certificate(transport: Any) -> Any:
    """Return the client certificate of a connection, or None."""
    return None


def channel_binding(transport: Any, kind: str) -> bytes | None:
    """Return the channel binding of a connection, or None where there is none of that kind."""
    return None
