"""From a configured transport to an open port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeAlias

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory
from twisted.internet.task import LoopingCall

from wamprouter import config
from wamprouter.auth import Gate
from wamprouter.server.admission import Admission
from wamprouter.server.connections import Connections, Limits
from wamprouter.server.metering import RateLimit, peer_class
from wamprouter.server.peer import Lobby
from wamprouter.server.proxies import NO_PROXIES, Proxies
from wamprouter.server.turns import Turns

__all__ = ["CannotStart", "Listener", "Maker"]


class CannotStart(Exception):
    """The router cannot start; the text is one line for the operator."""


class Maker(Protocol):
    """What a listener is made with: the router's parts that a connection needs."""

    lobby: Lobby
    reactor: Any
    now: Callable[[], float]
    admission: Admission
    turns: Turns

    def gate(self, auth: config.Auth, cookie: config.Cookie | None = None) -> Gate: ...


class Listener:
    """One transport of the configuration: its port, its connections, and the timer that looks after them."""

    def __init__(self, transport: config.Transport, maker: Maker) -> None:
        self.transport = transport
        proxies = Proxies(transport.trusted_proxies) if isinstance(transport, config.HttpListener) else NO_PROXIES
        self.connections = Connections(transport.max_connections, maker.now, maker.admission, maker.turns, proxies)
        self._reactor = maker.reactor
        self._factory = _FACTORIES[type(transport)](transport, self.connections, maker)
        self._sweeping = LoopingCall(self.connections.sweep)
        self._sweeping.clock = maker.reactor
        self._port: IListeningPort | None = None

    def listen(self) -> None:
        """Open the port; raise CannotStart if that is not possible."""
        endpoint = self.transport.endpoint
        try:
            if isinstance(endpoint, config.TcpEndpoint):
                self._port = self._reactor.listenTCP(
                    endpoint.port, self._factory, backlog=endpoint.backlog, interface=endpoint.interface
                )
            else:
                # With a lock file, a socket file that a crashed router left behind is known for what it is.
                self._port = self._reactor.listenUNIX(
                    str(endpoint.path), self._factory, backlog=endpoint.backlog, wantPID=True
                )
        except (CannotListenError, OSError) as error:  # OSError: the lock file beside a Unix socket
            cause = error.socketError if isinstance(error, CannotListenError) else error
            reason = getattr(cause, "strerror", None) or cause
            raise CannotStart(f"cannot listen on {endpoint.address}: {reason}") from None
        self._sweeping.start(_period(self.transport), now=False)

    def stop_listening(self) -> Any:
        """Close the port, not the connections; return a Deferred or None."""
        if self._sweeping.running:
            self._sweeping.stop()
        port, self._port = self._port, None
        return port.stopListening() if port is not None else None

    @property
    def port(self) -> int | None:
        """The TCP port that is open, also where the configuration says 0."""
        host = self._port.getHost() if self._port is not None else None
        return getattr(host, "port", None)

    def addresses(self) -> list[str]:
        """Return the URLs under which clients reach it."""
        endpoint = self.transport.endpoint
        if isinstance(endpoint, config.UnixEndpoint):
            return [f"{_SCHEMES[type(self.transport)]}+unix://{endpoint.path}"]
        host = "[::1]" if endpoint.interface == "::" else endpoint.interface
        host = "127.0.0.1" if host == "0.0.0.0" else host  # compared, not bound to
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        base = f"{host}:{self.port}"
        if isinstance(self.transport, config.WebTransport):
            return [
                f"{_SCHEMES[type(path)]}://{base}/{'' if name == '/' else name}"
                for name, path in self.transport.paths.items()
            ]
        # RawSocket has no paths, and Autobahn's clients refuse one.
        path = "" if isinstance(self.transport, config.RawSocketTransport) else "/"
        return [f"{_SCHEMES[type(self.transport)]}://{base}{path}"]


_SCHEMES: Final[Mapping[type, str]] = {
    config.WebSocketTransport: "ws",
    config.EchoTransport: "ws",
    config.RawSocketTransport: "rs",
    config.WebTransport: "http",
    config.WebSocketPath: "ws",
    config.EchoPath: "ws",
    config.StaticPath: "http",
}


_Options: TypeAlias = config.WebSocketOptions | config.RawSocketOptions


def _limits(options: _Options) -> Limits:
    """Return the time-outs of a service's connections."""
    handshake = (
        options.handshake_timeout if isinstance(options, config.RawSocketOptions) else options.open_handshake_timeout
    )
    return Limits(
        handshake=handshake / 1000,
        hello=options.hello_timeout / 1000,
        authentication=options.authentication_timeout / 1000,
        ping_interval=options.auto_ping_interval / 1000,
        ping_timeout=options.auto_ping_timeout / 1000,
    )


def _period(transport: config.Transport) -> float:
    """Return how often to look at the connections of a transport."""
    services: list[Any] = [transport]
    if isinstance(transport, config.WebTransport):
        services = [path for path in transport.paths.values() if not isinstance(path, config.StaticPath)]
    return min((_limits(service.options).period for service in services), default=60.0)


def _websocket(transport: config.WebSocketService, connections: Connections, maker: Maker) -> Factory:
    from wamprouter.server.cookies import HandshakeCookies
    from wamprouter.server.services import WampService
    from wamprouter.server.websocket import websocket_factory

    cookie = transport.cookie
    gate = maker.gate(transport.auth, cookie)
    cookies = None if cookie is None else HandshakeCookies(cookie, gate.knows_cookie)
    make_peer = peer_class(RateLimit.of(transport.options, connections, maker.reactor.callLater))
    service = WampService(maker.lobby, gate, list(transport.serializers), make_peer, cookies)
    return websocket_factory(service, connections, transport.options, _limits(transport.options), maker.reactor)


def _echo(transport: config.EchoService, connections: Connections, maker: Maker) -> Factory:
    from wamprouter.server.services import EchoService
    from wamprouter.server.websocket import websocket_factory

    return websocket_factory(
        EchoService(maker.lobby.dispatcher), connections, transport.options, _limits(transport.options), maker.reactor
    )


def _rawsocket(transport: config.RawSocketTransport, connections: Connections, maker: Maker) -> Factory:
    from wamprouter.server.rawsocket import RawSocketFactory

    return RawSocketFactory(
        maker.lobby,
        maker.gate(transport.auth),
        connections,
        transport.options,
        _limits(transport.options),
        transport.serializers,
        maker.reactor,
    )


def _web(transport: config.WebTransport, connections: Connections, maker: Maker) -> Any:
    from wamprouter.web.site import BoundedSite, WebSocketPath, static_files, tree

    resources: dict[str, Any] = {}
    for name, path in transport.paths.items():
        if isinstance(path, config.StaticPath):
            if not path.directory.is_dir():
                raise CannotStart(f"cannot serve the files of {path.directory}: there is no such folder")
            resources[name] = static_files(
                path.directory,
                list_folders=path.options.enable_directory_listing,
                default_file=path.options.default_file,
                cache_timeout=path.options.cache_timeout,
            )
        elif isinstance(path, config.WebSocketPath):
            resources[name] = WebSocketPath(_websocket(path, connections, maker))
        else:
            resources[name] = WebSocketPath(_echo(path, connections, maker))
    root = resources.pop("/", None)
    return BoundedSite(
        tree(root, resources),
        connections,
        timeout=transport.options.client_timeout,
        access_log=transport.options.access_log,
    )


_FACTORIES: Final[Mapping[type, Callable[[Any, Connections, Maker], Any]]] = {
    config.WebSocketTransport: _websocket,
    config.RawSocketTransport: _rawsocket,
    config.WebTransport: _web,
    config.EchoTransport: _echo,
}
