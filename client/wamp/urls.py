"""Where a router is: URLs of the seven kinds that a client accepts.

=================================  ===================================================
``ws://host:port/path``            WebSocket; ``wss`` for TLS
``rs://host:port``                 RawSocket; ``rss`` for TLS
``ws://unix:/run/router.sock``     WebSocket over a Unix socket; ``rs`` for RawSocket
``unix:///run/router.sock``        RawSocket over a Unix socket; also ``rs+unix``
``ws+unix:///run/router.sock:/ws``  WebSocket over a Unix socket, with the path to ask for
``memory://name``                  a router in this process that was announced under a name: ``wamp.testing``
=================================  ===================================================
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlsplit

__all__ = ["Address", "parse_url"]


class Address(NamedTuple):
    """A router's address. With the path of a Unix socket, or a name in memory, ``host`` and ``port`` mean nothing."""

    is_websocket: bool
    is_secure: bool
    host: str
    port: int
    socket_path: str | None = None
    url: str = ""
    """For WebSocket: the URL of the handshake."""
    name: str | None = None
    """What a router in this process was announced as."""


_SCHEMES: Final = {"ws": (True, False), "wss": (True, True), "rs": (False, False), "rss": (False, True)}
"""Scheme -> is it WebSocket, is it TLS."""


def parse_url(url: str) -> Address:
    """Return the address that a URL stands for; raise ValueError."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError(f"{url!r} is not a router's URL, expected for example ws://127.0.0.1:8080/ws")
    if scheme in ("unix", "rs+unix"):
        return _unix(url, rest, is_websocket=False)
    if scheme == "ws+unix":
        return _unix(url, *_split_path(rest), is_websocket=True)
    if scheme == "memory":
        return Address(False, False, "", 0, name=rest)
    if scheme not in _SCHEMES:
        known = ", ".join((*_SCHEMES, "unix", "rs+unix", "ws+unix", "memory"))
        raise ValueError(f"{url!r} has the scheme {scheme!r}, expected one of {known}")
    is_websocket, is_secure = _SCHEMES[scheme]
    if rest.startswith("unix:"):
        return _unix(url, rest.removeprefix("unix:"), is_websocket=is_websocket)
    return _network(url, is_websocket=is_websocket, is_secure=is_secure)


def _split_path(rest: str) -> tuple[str, str]:
    path, _, resource = rest.partition(":")
    return path, resource or "/"


def _unix(url: str, path: str, resource: str = "/", *, is_websocket: bool) -> Address:
    if not path.startswith("/"):
        raise ValueError(f"{url!r} needs the absolute path of a Unix socket")
    return Address(is_websocket, False, "localhost", 0, path, f"ws://localhost{resource}" if is_websocket else "")


def _network(url: str, *, is_websocket: bool, is_secure: bool) -> Address:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise ValueError(f"{url!r} has an invalid port, expected 1 to 65535") from None
    if not parts.hostname:
        raise ValueError(f"{url!r} has no host")
    if port == 0:
        raise ValueError(f"{url!r} has an invalid port, expected 1 to 65535")
    if parts.fragment or (not is_websocket and (parts.path.strip("/") or parts.query)):
        raise ValueError(f"{url!r} has more than a host and a port can use")
    return Address(is_websocket, is_secure, parts.hostname, port or (443 if is_secure else 80), None, url)
