"""From a target to a connection on asyncio. TLS and WebSocket are loaded only where they are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wamp.connector import Cancellable, Connector
from wamp.targets import Target

if TYPE_CHECKING:
    import ssl

__all__ = ["Dialer", "LoopClock"]


class LoopClock:
    """An event loop as a connector sees it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        return self._loop.time()

    def call_later(self, delay: float, action: Callable[[], None]) -> Cancellable:
        return self._loop.call_later(delay, action)

    def call_soon(self, action: Callable[[], None]) -> object:
        return self._loop.call_soon_threadsafe(action)


class _Attempt:
    """A connection on its way."""

    def __init__(self, connecting: asyncio.Task[asyncio.Transport], refused: Callable[[Exception], None]) -> None:
        self._connecting = connecting
        self._refused = refused
        connecting.add_done_callback(self._done)

    def _done(self, connecting: asyncio.Task[asyncio.Transport]) -> None:
        if connecting.cancelled():
            return
        exception = connecting.exception()
        if exception is not None:
            self._refused(exception if isinstance(exception, Exception) else RuntimeError(repr(exception)))

    def cancel(self) -> None:
        connecting = self._connecting
        if not connecting.cancel() and not connecting.cancelled() and connecting.exception() is None:
            connecting.result().abort()  # in the handshake


class Dialer:
    """Connects to targets."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __call__(self, target: Target, host: Connector, refused: Callable[[Exception], None]) -> Cancellable:
        return _Attempt(self._loop.create_task(self._connect(target, host)), refused)

    async def _connect(self, target: Target, host: Connector) -> asyncio.Transport:
        try:
            async with asyncio.timeout(target.timeout) as limit:
                transport, _ = await self._open(target, _factory(target, host, self._loop))
        except TimeoutError:
            if limit.expired():
                raise TimeoutError(f"no answer within {target.timeout:g} s") from None
            raise
        return transport

    async def _open(
        self, target: Target, factory: Callable[[], asyncio.Protocol]
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        address, loop = target.address, self._loop
        if address.socket_path is not None:
            return await loop.create_unix_connection(factory, address.socket_path)
        tls = _tls(target) if address.is_secure else None
        if target.proxy is None:
            return await loop.create_connection(factory, address.host, address.port, ssl=tls)
        from wamp.asyncio.proxies import tunnel

        sock = await tunnel(loop, target.proxy, address.host, address.port)
        return await loop.create_connection(factory, sock=sock, ssl=tls, server_hostname=address.host if tls else None)


def _factory(target: Target, host: Connector, loop: asyncio.AbstractEventLoop) -> Callable[[], asyncio.Protocol]:
    if not target.address.is_websocket:
        from wamp.asyncio.rawsocket import RawSocketConnection

        return lambda: RawSocketConnection(host, target.serializer, loop)
    from wamp.asyncio.websocket import WebSocketConnection

    return lambda: WebSocketConnection(
        host,
        target.address.url,
        target.subprotocols,
        loop,
        headers=target.headers,
        **_options(target.options or {}),
    )


_OPTIONS = {
    "autoPingInterval": "ping",
    "auto_ping_interval": "ping",
    "autoPingTimeout": "pong_timeout",
    "auto_ping_timeout": "pong_timeout",
    "openHandshakeTimeout": "handshake_timeout",
    "open_handshake_timeout": "handshake_timeout",
    "maxMessagePayloadSize": "max_message_size",
    "max_message_payload_size": "max_message_size",
}
"""Those of Autobahn's WebSocket options that mean something here; the others are about its own implementation."""


def _options(options: dict[str, Any]) -> dict[str, Any]:
    return {_OPTIONS[name]: value for name, value in options.items() if name in _OPTIONS}


def _tls(target: Target) -> ssl.SSLContext:
    """Return what the user gave, or what checks the router's certificate against the platform's."""
    import ssl

    if target.tls is None:
        return ssl.create_default_context()
    if not isinstance(target.tls, ssl.SSLContext):
        raise TypeError(f"TLS on asyncio takes an ssl.SSLContext, not {type(target.tls).__name__}")
    return target.tls
