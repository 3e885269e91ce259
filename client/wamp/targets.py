"""Ways to a router: what ``ApplicationRunner``, ``Component`` and ``connect`` are told about transports, checked.

The keys of a transport's dictionary are Autobahn's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from wamp.backoff import Backoff
from wamp.link import CONNECT_TIMEOUT
from wamp.protocol.subprotocols import SUBPROTOCOLS
from wamp.urls import Address, parse_url

__all__ = ["SERIALIZERS", "Target", "serializer_names", "target", "targets"]

SERIALIZERS: Final = ("msgpack", "json", "cbor")
"""What is offered, in this order; the router takes the first that it knows."""

_TRANSPORT_KEYS: Final = frozenset(
    (
        "type",
        "url",
        "endpoint",
        "serializer",
        "serializers",
        "options",
        "max_retries",
        "max_retry_delay",
        "initial_retry_delay",
        "retry_delay_growth",
        "retry_delay_jitter",
        "proxy",
        "headers",
    )
)
_ENDPOINT_KEYS: Final = frozenset(("type", "host", "port", "path", "timeout", "version", "tls"))


class Target(msgspec.Struct):
    """One way to a router. ``tls`` is what its event loop takes; None: the platform's certificates decide."""

    address: Address
    serializers: list[str]
    backoff: Backoff
    tls: Any = None
    proxy: dict[str, Any] | None = None
    headers: dict[str, str] | None = None
    options: dict[str, Any] | None = None
    timeout: float = CONNECT_TIMEOUT
    endpoint: Any = None
    """An endpoint of Twisted's, to be used instead of the address's host and port."""

    @property
    def subprotocols(self) -> list[str]:
        """What a WebSocket handshake offers."""
        return [f"wamp.2.{name}" for name in self.serializers]

    @property
    def serializer(self) -> str:
        """The serializer of a RawSocket connection, which has no choice to offer."""
        return self.serializers[0].removesuffix(".batched")

    def describe(self) -> str:
        """Return the address for people."""
        address = self.address
        if address.name is not None:
            return f"memory://{address.name}"
        if address.socket_path is not None:
            scheme, path = ("ws", urlsplit(address.url).path) if address.is_websocket else ("rs", "")
            return f"{scheme}+unix://{address.socket_path}{path and ':'}{path}"
        return address.url or f"{'rss' if address.is_secure else 'rs'}://{address.host}:{address.port}"


def target(url: str, *, serializers: Sequence[Any] | None = None, tls: Any = None, **more: Any) -> Target:
    """Return the way that a URL stands for; raise ValueError for what contradicts it."""
    address = parse_url(url)
    if tls and not address.is_secure:
        raise ValueError(f"ssl= is given, but {url} is not secure: use wss:// or rss://")
    more.setdefault("backoff", Backoff())
    return Target(address, serializer_names(serializers), tls=None if tls is True else tls, **more)


def targets(transports: str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] | None) -> list[Target]:
    """Return the ways that the argument ``transports`` of a ``Component`` names; raise ValueError."""
    if transports is None:
        transports = "ws://127.0.0.1:8080/ws"
    each = [transports] if isinstance(transports, str | Mapping) else transports
    found = [target(one) if isinstance(one, str) else _configured(one) for one in each]
    if not found:
        raise ValueError("transports is empty, expected at least one")
    return found


def _configured(transport: Mapping[str, Any]) -> Target:
    if not isinstance(transport, Mapping):
        raise ValueError(f"a transport of type {type(transport).__name__}, expected a URL or a dictionary")
    _check_keys(transport, _TRANSPORT_KEYS, "transport")
    kind = transport.get("type", "websocket")
    if kind not in ("websocket", "rawsocket"):
        raise ValueError(f"transport type {kind!r}, expected websocket or rawsocket")
    refused = "serializer" if kind == "websocket" else "serializers"
    if refused in transport:
        other = "serializers, a list, for websocket" if kind == "websocket" else "serializer, one name, for rawsocket"
        raise ValueError(f"{refused} is not for {kind}: use {other}")
    address, timeout = _address(kind, transport)
    chosen = transport.get("serializers") or ([transport["serializer"]] if "serializer" in transport else None)
    endpoint = transport.get("endpoint")
    tls = endpoint.get("tls") if isinstance(endpoint, Mapping) else None
    return Target(
        address,
        serializer_names(chosen),
        Backoff(
            transport.get("initial_retry_delay"),
            transport.get("max_retry_delay"),
            transport.get("retry_delay_growth"),
            transport.get("max_retries"),
        ),
        None if isinstance(tls, bool) else tls,
        transport.get("proxy"),
        transport.get("headers"),
        transport.get("options"),
        timeout,
        endpoint if endpoint is not None and not isinstance(endpoint, Mapping) else None,
    )


def _address(kind: str, transport: Mapping[str, Any]) -> tuple[Address, float]:
    """Return the address of a transport, and the seconds that connecting may take."""
    url, endpoint = transport.get("url"), transport.get("endpoint")
    if kind == "websocket" and url is None:
        raise ValueError("a transport of type websocket needs a url")
    if url is not None:
        address = parse_url(_as_rawsocket(url) if kind == "rawsocket" else url)
    elif endpoint is None:
        raise ValueError("a transport of type rawsocket needs a url or an endpoint")
    else:
        address = Address(False, False, "localhost", 0)
    if not isinstance(endpoint, Mapping):
        return address, CONNECT_TIMEOUT
    return _at(address, endpoint), float(endpoint.get("timeout") or CONNECT_TIMEOUT)


def _as_rawsocket(url: str) -> str:
    """Return the URL of RawSocket for one of WebSocket, as Autobahn understands it: the type is what counts."""
    return f"rs{url.removeprefix('ws').rstrip('/')}" if url.startswith("ws") else url


def _at(address: Address, endpoint: Mapping[str, Any]) -> Address:
    """Return an address whose place is that of an endpoint."""
    _check_keys(endpoint, _ENDPOINT_KEYS, "endpoint")
    kind = endpoint.get("type")
    if kind == "unix":
        _check_needs(endpoint, "unix", needs=("path",), refuses=("host", "port", "tls"))
        return address._replace(socket_path=endpoint["path"])
    if kind != "tcp":
        raise ValueError(f"endpoint type {kind!r}, expected tcp or unix")
    _check_needs(endpoint, "tcp", needs=("host", "port"), refuses=("path",))
    is_secure = bool(endpoint["tls"]) if "tls" in endpoint else address.is_secure
    return address._replace(host=endpoint["host"], port=int(endpoint["port"]), is_secure=is_secure, socket_path=None)


def _check_keys(given: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    unknown = sorted(given.keys() - known)
    if unknown:
        raise ValueError(f"unknown {what} option {unknown[0]!r}, expected some of {', '.join(sorted(known))}")


def _check_needs(endpoint: Mapping[str, Any], kind: str, *, needs: tuple[str, ...], refuses: tuple[str, ...]) -> None:
    for name in needs:
        if name not in endpoint:
            raise ValueError(f"an endpoint of type {kind} needs {name!r}")
    for name in refuses:
        if name in endpoint:
            raise ValueError(f"an endpoint of type {kind} has no {name!r}")


def serializer_names(serializers: Sequence[Any] | None) -> list[str]:
    """Return the names of serializers: given as such, or as Autobahn's objects."""
    names = [
        each if isinstance(each, str) else str(getattr(each, "SERIALIZER_ID", each))
        for each in serializers or SERIALIZERS
    ]
    for name in names:
        if f"wamp.2.{name}" not in SUBPROTOCOLS:
            known = ", ".join(subprotocol.removeprefix("wamp.2.") for subprotocol in SUBPROTOCOLS)
            raise ValueError(f"unknown serializer {name!r}, expected one of {known}")
    return names
