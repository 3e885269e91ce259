"""TLS: what is known of a connection that has it. It imports nothing of TLS, so that a router without it need not either."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import ISSLTransport

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from OpenSSL.SSL import Connection

__all__ = ["channel_binding", "is_secure", "peer_certificate"]

_EXPORTER_LABEL: Final = b"EXPORTER-Channel-Binding"
_EXPORTER_LENGTH: Final = 32


def is_secure(transport: Any) -> bool:
    """Tell whether a connection is encrypted."""
    return bool(ISSLTransport.providedBy(transport))


def _connection(transport: Any) -> Connection | None:
    """Return OpenSSL's view of a connection; None without TLS, or when it is lost."""
    return transport.getHandle() if is_secure(transport) else None


def peer_certificate(transport: Any) -> Certificate | None:
    """Return the certificate that the peer has proved to own, signed by one of ``ca_certificates``; None without any."""
    connection = _connection(transport)
    if connection is None:
        return None
    try:
        return connection.get_peer_certificate(as_cryptography=True)
    except ValueError:  # OpenSSL has accepted what the stricter parser does not: nobody can be named by it
        return None


def channel_binding(transport: Any, kind: str) -> bytes | None:
    """Return 32 octets that only the two ends of this TLS connection know; None if there are none of that kind.

    ``tls-unique`` (RFC 5929) is the client's Finished message. Its SHA-256 is used, because that is what Autobahn signs,
    with TLS 1.3 as well, for which RFC 5929 says nothing. ``tls-exporter`` (RFC 9266) is meant for TLS 1.3.
    """
    connection = _connection(transport)
    finished = connection.get_peer_finished() if connection is not None else None
    if connection is None or finished is None:  # without TLS, or before the end of its handshake
        return None
    if kind == "tls-unique":
        return sha256(finished).digest()
    if kind == "tls-exporter":
        return connection.export_keying_material(_EXPORTER_LABEL, _EXPORTER_LENGTH, b"")
    return None
