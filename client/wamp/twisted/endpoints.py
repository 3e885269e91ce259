"""From a router's address to a Twisted endpoint that connects to it. TLS is loaded only where it is asked for."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import HostnameEndpoint, SSL4ClientEndpoint, UNIXClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IStreamClientEndpoint

from wamp.urls import Address

__all__ = ["client_endpoint"]

CONNECT_TIMEOUT = 10.0


def client_endpoint(
    reactor: Any, address: Address, ssl: Any = None, proxy: dict[str, Any] | None = None
) -> IStreamClientEndpoint:
    """Return the endpoint of an address.

    ``ssl`` is what Twisted takes for TLS: a connection creator (``optionsForClientTLS``) or a context factory
    (``CertificateOptions``); by default the platform's certificates decide. Raise ImportError if TLS is not installed,
    and ValueError for ``ssl`` with an address that is not secure.
    """
    if ssl is not None and not address.is_secure:
        raise ValueError(f"ssl= is given, but {address.url or 'the URL'} is not secure: use wss:// or rss://")
    if address.socket_path is not None:
        return UNIXClientEndpoint(reactor, address.socket_path, timeout=CONNECT_TIMEOUT)
    if proxy is not None:
        # To the proxy in the clear; Autobahn asks it for a tunnel, and speaks TLS inside that.
        return HostnameEndpoint(reactor, proxy["host"], proxy["port"], timeout=CONNECT_TIMEOUT)
    plain = HostnameEndpoint(reactor, address.host, address.port, timeout=CONNECT_TIMEOUT)
    if not address.is_secure:
        return plain
    creator = ssl or _default_tls(address.host)
    if IOpenSSLClientConnectionCreator.providedBy(creator):
        return wrapClientTLS(creator, plain)
    return SSL4ClientEndpoint(reactor, address.host, address.port, creator, timeout=CONNECT_TIMEOUT)


def _default_tls(host: str) -> Any:
    try:
        from twisted.internet.ssl import optionsForClientTLS
    except ImportError as error:
        raise ImportError(f"TLS is not installed ({error}): pip install 'twisted[tls]'") from None
    return optionsForClientTLS(host)
