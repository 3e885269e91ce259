"""From a target to a Twisted connection. TLS and WebSocket are loaded only where they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import HostnameEndpoint, SSL4ClientEndpoint, UNIXClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IDelayedCall, IOpenSSLClientConnectionCreator, IStreamClientEndpoint
from twisted.python.failure import Failure

from wamp.connector import Cancellable, Connector
from wamp.targets import Target

__all__ = ["Dialer", "ReactorClock", "client_endpoint"]


class ReactorClock:
    """A reactor as a connector sees it."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def now(self) -> float:
        seconds: float = self._reactor.seconds()
        return seconds

    def call_later(self, delay: float, action: Callable[[], None]) -> Cancellable:
        return _Timer(self._reactor.callLater(delay, action))

    def call_soon(self, action: Callable[[], None]) -> object:
        return self._reactor.callFromThread(action)


class _Timer:
    """A delayed call that may be cancelled also when it is over."""

    def __init__(self, call: IDelayedCall) -> None:
        self._call = call

    def cancel(self) -> None:
        if self._call.active():
            self._call.cancel()


class _Attempt:
    """A connection on its way."""

    def __init__(self, connecting: Deferred[Any], refused: Callable[[Exception], None]) -> None:
        self._connecting = connecting
        self._refused: Callable[[Exception], None] | None = refused
        self._protocol: Any = None
        connecting.addCallbacks(self._connected, self._failed)

    def _connected(self, protocol: Any) -> None:
        self._protocol = protocol

    def _failed(self, failure: Failure) -> None:
        exception = failure.value if isinstance(failure.value, Exception) else RuntimeError(str(failure.value))
        if self._refused is not None:
            self._refused(exception)

    def cancel(self) -> None:
        self._refused = None
        self._connecting.cancel()
        if self._protocol is not None:
            self._protocol.transport.abortConnection()  # in the handshake


class Dialer:
    """Connects to targets."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def __call__(self, target: Target, host: Connector, refused: Callable[[Exception], None]) -> Cancellable:
        def connect() -> Deferred[Any]:
            return client_endpoint(self._reactor, target).connect(self._factory(target, host))

        return _Attempt(maybeDeferred(connect), refused)

    def _factory(self, target: Target, host: Connector) -> Any:
        """Return the Twisted factory that speaks what the address says."""
        if not target.address.is_websocket:
            from wamp.twisted.rawsocket import RawSocketFactory

            return RawSocketFactory(host, target.serializer, self._reactor)
        # Here, because importing it takes longer than everything else together.
        from wamp.twisted.websocket import WebSocketFactory

        return WebSocketFactory(
            host,
            target.address.url,
            target.subprotocols,
            headers=target.headers,
            proxy=target.proxy,
            options={_camel(name): value for name, value in (target.options or {}).items()},
            reactor=self._reactor,
        )


def _camel(name: str) -> str:
    """Return the name of an option as Autobahn's WebSocket has it: both spellings are taken."""
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


def client_endpoint(reactor: Any, target: Target) -> IStreamClientEndpoint:
    """Return the endpoint of a target. Raise ImportError if TLS is asked for and not installed.

    ``target.tls`` is what Twisted takes for TLS: a connection creator (``optionsForClientTLS``) or a context factory
    (``CertificateOptions``); by default the platform's certificates decide.
    """
    address, timeout = target.address, target.timeout
    if target.endpoint is not None:
        endpoint: IStreamClientEndpoint = target.endpoint
        return endpoint
    if address.socket_path is not None:
        return UNIXClientEndpoint(reactor, address.socket_path, timeout=timeout)
    if target.proxy is not None:
        # To the proxy in the clear; Autobahn asks it for a tunnel, and speaks TLS inside that.
        return HostnameEndpoint(reactor, target.proxy["host"], target.proxy["port"], timeout=timeout)
    plain = HostnameEndpoint(reactor, address.host, address.port, timeout=timeout)
    if not address.is_secure:
        return plain
    creator = target.tls or _default_tls(address.host)
    if IOpenSSLClientConnectionCreator.providedBy(creator):
        return wrapClientTLS(creator, plain)
    return SSL4ClientEndpoint(reactor, address.host, address.port, creator, timeout=timeout)


def _default_tls(host: str) -> Any:
    try:
        from twisted.internet.ssl import optionsForClientTLS
    except ImportError as error:
        raise ImportError(f"TLS is not installed ({error}): pip install 'twisted[tls]'") from None
    return optionsForClientTLS(host)
