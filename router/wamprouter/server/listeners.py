"""From a configured transport to an open port."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping
from errno import EADDRINUSE
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from wamprouter import __version__, config
from wamprouter.auth.gate import MethodGate
from wamprouter.server.admission import Admission
from wamprouter.server.connections import Connections, Limits
from wamprouter.server.metering import RateLimit, peer_class
from wamprouter.server.peer import Lobby
from wamprouter.server.ports import listen_tcp, listen_unix
from wamprouter.server.proxies import NO_PROXIES, Proxies
from wamprouter.server.turns import Turns

if TYPE_CHECKING:
    from wamprouter.server.tls_context import TlsContext
    from wamprouter.web.pages import ServiceInfo
    from wamprouter.web.site import BoundedSite, SitePages

__all__ = ["CannotStart", "Listener", "Maker"]

_log = Logger()


class CannotStart(Exception):
    """The router cannot start; the text is one line for the operator."""


class Maker(Protocol):
    """What a listener is made with: the router's parts that a connection needs."""

    lobby: Lobby
    reactor: Any
    now: Callable[[], float]
    admission: Admission
    turns: Turns

    def gate(self, auth: config.Auth, cookie: config.Cookie | None = None) -> MethodGate: ...


class _Form:
    """What a listener is in one form of its configuration: a ``Maker`` whose gates and whose web server outlive it.

    Connections refer to the gate of their service. So that one keeps its gate when the configuration changes, and that gate
    learns to admit as the new configuration says. In the same way a connection of HTTP keeps its web server.
    """

    def __init__(self, maker: Maker, before: _Form | None = None) -> None:
        self.maker = maker
        self.gates: dict[str, MethodGate] = {}  # path of a service, "" where there are no paths -> its gate
        self.site: BoundedSite | None = None
        self._before = before
        self._successors: list[tuple[MethodGate, MethodGate]] = []
        self._pages: SitePages | None = None

    def gate(self, auth: config.Auth, cookie: config.Cookie | None, path: str) -> MethodGate:
        """Return the gate of a service; raise CannotStart if there can be none as it is configured."""
        made = self.maker.gate(auth, cookie)
        gate = None if self._before is None else self._before.gates.get(path)
        if gate is None:
            gate = made
        else:
            self._successors.append((gate, made))
        self.gates[path] = gate
        return gate

    def serve(self, pages: SitePages, connections: Connections) -> BoundedSite:
        """Return the web server that has these pages, once this form is put in place."""
        from wamprouter.web.site import BoundedSite

        before = None if self._before is None else self._before.site
        self._pages = pages
        self.site = BoundedSite(pages, connections) if before is None else before
        return self.site

    def put_in_place(self) -> None:
        """Let the gates admit as this form says, and those of services that are gone nobody any more."""
        before, self._before = self._before, None
        assert before is not None
        for gate, successor in self._successors:
            gate.adopt(successor)
        for path, gate in before.gates.items():
            if path not in self.gates:
                gate.close()
        if self.site is not None and self._pages is not None:
            self.site.serve(self._pages)
        elif before.site is not None:
            before.site.retire()
        self._successors, self._pages = [], None

    def retire(self) -> None:
        """Admit nobody any more, by whichever connection."""
        for gate in self.gates.values():
            gate.close()
        if self.site is not None:
            self.site.retire()


class Listener:
    """One transport of the configuration: its port, its connections, and the timer that looks after them."""

    def __init__(self, transport: config.Transport, maker: Maker) -> None:
        self.transport = transport
        self.connections = Connections(
            transport.max_connections, maker.now, maker.admission, maker.turns, _proxies(transport)
        )
        self._reactor = maker.reactor
        self._form = _Form(maker)
        self.tls = _holder(_context(transport))
        """The certificate and key that new connections get; None without TLS."""
        self._factory = self._make_factory(transport, self._form, self.tls)
        self._sweeping = LoopingCall(self.connections.sweep)
        self._sweeping.clock = maker.reactor
        self._port: IListeningPort | None = None

    def _make_factory(self, transport: config.Transport, form: _Form, tls: TlsContext | None) -> Any:
        factory = _FACTORIES[type(transport)](transport, self.connections, form)
        if tls is None:
            return factory
        from wamprouter.server.tls_transport import TlsFactory

        return TlsFactory(tls, factory, self._reactor)

    def prepare(self, transport: config.Transport) -> Callable[[], None]:
        """Make what another configuration of this endpoint needs; return what puts it in place for new connections.

        Raise CannotStart if it cannot be had; nothing has changed then. Connections that are open keep their options, and
        their gates follow.
        """
        form = _Form(self._form.maker, self._form)
        context = _context(transport)
        tls = _holder(context) if self.tls is None or context is None else self.tls
        factory = self._make_factory(transport, form, tls)

        def put_in_place() -> None:
            if tls is not None:
                tls.replace(context)
            form.put_in_place()
            self._form, self.tls, self.transport = form, tls, transport
            self.connections.configure(transport.max_connections, _proxies(transport))
            old, self._factory = self._factory, factory
            port: Any = self._port
            if port is not None:
                factory.doStart()
                port.factory = factory
                old.doStop()
                port.socket.listen(transport.endpoint.backlog)
            if self._sweeping.running:
                self._sweeping.stop()
                self._sweeping.start(_period(transport), now=False)
            self._reactor.callLater(0, _warn, transport)

        return put_in_place

    def listen(self, port: int | None = None) -> None:
        """Open the port, or that one of those that it may be; raise CannotStart if that is not possible."""
        endpoint = self.transport.endpoint
        try:
            if isinstance(endpoint, config.TcpEndpoint):
                self._port = self._listen_on_tcp(endpoint) if port is None else self._listen_on(port, endpoint)
            else:
                self._port = listen_unix(self._reactor, endpoint.path, self._factory, backlog=endpoint.backlog)
        except (CannotListenError, OSError) as error:  # OSError: the lock file beside a Unix socket
            cause = error.socketError if isinstance(error, CannotListenError) else error
            reason = getattr(cause, "strerror", None) or cause
            raise CannotStart(f"cannot listen on {endpoint.address}: {reason}") from None
        self._sweeping.start(_period(self.transport), now=False)
        self._reactor.callLater(0, _warn, self.transport)  # a start that may still fail logs one line, its reason

    def _listen_on_tcp(self, endpoint: config.TcpEndpoint) -> IListeningPort:
        """Open the first port that is free; raise CannotListenError of the last one if none is."""
        *most, last = endpoint.ports
        for port in most:
            try:
                return self._listen_on(port, endpoint)
            except CannotListenError as error:
                if getattr(error.socketError, "errno", None) != EADDRINUSE:
                    raise
        return self._listen_on(last, endpoint)

    def _listen_on(self, port: int, endpoint: config.TcpEndpoint) -> IListeningPort:
        return listen_tcp(self._reactor, port, self._factory, backlog=endpoint.backlog, interface=endpoint.interface)

    def stop_listening(self) -> Any:
        """Close the port, not the connections; return a Deferred or None."""
        if self._sweeping.running:
            self._sweeping.stop()
        port, self._port = self._port, None
        return port.stopListening() if port is not None else None

    def retire(self, reason: str) -> None:
        """Close the port and send everybody away: the configuration has this transport no longer."""
        self.stop_listening()
        self._form.retire()
        for connection in self.connections:
            connection.go_away(reason)

    def cut(self, reason: str) -> None:
        """Cut the connections that are still there."""
        for connection in self.connections:
            connection.drop(reason)
        if self._form.site is not None:
            self._form.site.cut()

    def close_at_once(self) -> None:
        """Close the port now and not in the next turn, so that another listener can have it."""
        if self._sweeping.running:
            self._sweeping.stop()
        port: Any = self._port
        self._port = None
        if port is not None:
            port.connectionLost(Failure(ConnectionDone()))

    @property
    def port(self) -> int | None:
        """The TCP port that is open, also where the configuration says 0."""
        host = self._port.getHost() if self._port is not None else None
        return getattr(host, "port", None)

    @property
    def address(self) -> str:
        """The address as logs write it, with the port that is open."""
        endpoint = self.transport.endpoint
        if isinstance(endpoint, config.UnixEndpoint) or self.port is None:
            return endpoint.address
        return endpoint.address_with(self.port)

    def addresses(self) -> list[str]:
        """Return the URLs under which clients reach it."""
        endpoint = self.transport.endpoint
        if isinstance(endpoint, config.UnixEndpoint):
            return [f"{self._scheme(self.transport)}+unix://{endpoint.path}"]
        host = "[::1]" if endpoint.interface == "::" else endpoint.interface
        host = "127.0.0.1" if host == "0.0.0.0" else host  # compared, not bound to
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        base = f"{host}:{self.port}"
        if isinstance(self.transport, config.WebTransport):
            return [f"{self._scheme(path)}://{base}{name}" for name, path in _flat(self.transport.paths)]
        # RawSocket has no paths, and Autobahn's clients refuse one.
        path = "" if isinstance(self.transport, config.RawSocketTransport) else "/"
        return [f"{self._scheme(self.transport)}://{base}{path}"]

    def _scheme(self, service: object) -> str:
        return _SCHEMES[type(service)] + ("s" if self.tls is not None else "")


def _proxies(transport: config.Transport) -> Proxies:
    return Proxies(transport.trusted_proxies) if isinstance(transport, config.HttpListener) else NO_PROXIES


def _tls_of(transport: config.Transport) -> config.Tls | None:
    return transport.endpoint.tls if isinstance(transport.endpoint, config.TcpEndpoint) else None


def _context(transport: config.Transport) -> Any:
    """Return what a transport's connections get for TLS, None without; raise CannotStart if the files are no good."""
    tls = _tls_of(transport)
    if tls is None:
        return None
    from wamprouter.server.tls_context import TlsProblem, load

    try:
        return load(tls)
    except TlsProblem as problem:
        raise CannotStart(f"cannot listen on {transport.endpoint.address}: {problem}") from None


def _holder(context: Any) -> TlsContext | None:
    if context is None:
        return None
    from wamprouter.server.tls_context import TlsContext

    return TlsContext(context)


def _warn(transport: config.Transport) -> None:
    """Log what works and yet is not what was meant."""
    tls = _tls_of(transport)
    if tls is not None:
        from wamprouter.server.tls_context import warnings_of

        for warning in warnings_of(tls):
            _log.warn("{warning}", warning=warning)
    elif isinstance(transport, config.WebTransport) and transport.options.hsts:
        _log.warn("hsts has no effect on {address}, which has no TLS", address=transport.endpoint.address)


_SCHEMES: Final[Mapping[type, str]] = {
    config.WebSocketTransport: "ws",
    config.EchoTransport: "ws",
    config.RawSocketTransport: "rs",
    config.WebTransport: "http",
    config.WebSocketPath: "ws",
    config.EchoPath: "ws",
    config.StaticPath: "http",
    config.UnavailablePath: "http",
    config.NodeInfoPath: "http",
    config.JsonPath: "http",
    config.RedirectPath: "http",
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
        services = [
            path for _, path in _flat(transport.paths) if isinstance(path, config.WebSocketPath | config.EchoPath)
        ]
    return min((_limits(service.options).period for service in services), default=60.0)


def _websocket(transport: config.WebSocketService, connections: Connections, form: _Form, path: str = "") -> Factory:
    from wamprouter.server.cookies import HandshakeCookies
    from wamprouter.server.services import WampService
    from wamprouter.server.websocket import websocket_factory

    cookie = transport.cookie
    maker = form.maker
    gate = form.gate(transport.auth, cookie, path)
    cookies = None if cookie is None else HandshakeCookies(cookie, gate.knows_cookie)
    make_peer = peer_class(RateLimit.of(transport.options, connections, maker.reactor.callLater))
    service = WampService(maker.lobby, gate, list(transport.serializers), make_peer, cookies)
    return websocket_factory(service, connections, transport.options, _limits(transport.options), maker.reactor)


def _echo(transport: config.EchoService, connections: Connections, form: _Form) -> Factory:
    from wamprouter.server.services import EchoService
    from wamprouter.server.websocket import websocket_factory

    maker = form.maker
    return websocket_factory(
        EchoService(maker.lobby.dispatcher), connections, transport.options, _limits(transport.options), maker.reactor
    )


def _rawsocket(transport: config.RawSocketTransport, connections: Connections, form: _Form) -> Factory:
    from wamprouter.server.rawsocket import RawSocketFactory

    maker = form.maker
    return RawSocketFactory(
        maker.lobby,
        form.gate(transport.auth, None, ""),
        connections,
        transport.options,
        _limits(transport.options),
        transport.serializers,
        maker.reactor,
    )


def _web(transport: config.WebTransport, connections: Connections, form: _Form) -> Any:
    from wamprouter.web.headers import AnswerHeaders
    from wamprouter.web.site import SitePages

    options = transport.options
    is_secure = _tls_of(transport) is not None
    pages = SitePages(
        _resources(transport.paths, transport, connections, form),
        timeout=options.client_timeout,
        access_log=options.access_log,
        headers=AnswerHeaders(
            options.headers,
            hsts=options.hsts_max_age if options.hsts and is_secure else None,  # RFC 6797, section 7.2
            server=f"wamprouter/{__version__}" if options.show_server_version else None,
        ),
    )
    return form.serve(pages, connections)


def _resources(
    paths: Mapping[str, config.WebPath],
    transport: config.WebTransport,
    connections: Connections,
    form: _Form,
    above: str = "/",
) -> Any:
    """Return what answers on these paths."""
    from wamprouter.web.site import tree

    resources = {
        name: _resource(path, transport, connections, form, _full(above, name)) for name, path in paths.items()
    }
    root = resources.pop("/", None)
    return tree(root, resources)


def _resource(
    path: config.WebPath, transport: config.WebTransport, connections: Connections, form: _Form, name: str
) -> Any:
    from wamprouter.web.pages import JsonValue, NodeInfo, Redirection
    from wamprouter.web.site import Unavailable, WebSocketPath

    match path:
        case config.StaticPath():
            return _static(path)
        case config.WebSocketPath():
            return WebSocketPath(_websocket(path, connections, form, name))
        case config.EchoPath():
            return WebSocketPath(_echo(path, connections, form))
        case config.NodeInfoPath():
            return NodeInfo(_services(transport), __version__ if transport.options.show_server_version else None)
        case config.JsonPath():
            return JsonValue(
                path.value,
                is_public=path.options.allow_cross_origin,
                may_be_kept=not path.options.discourage_caching,
                is_indented=path.options.prettify,
            )
        case config.RedirectPath():
            return Redirection(path.url)
        case config.NestedPath():
            return _resources(path.paths, transport, connections, form, f"{name.rstrip('/')}/")
        case config.UnavailablePath():
            return Unavailable(path.what)


def _static(path: config.StaticPath) -> Any:
    from wamprouter.web.site import static_files

    directory = path.directory or _folder_of_package(str(path.package), str(path.resource))
    if not directory.is_dir():
        raise CannotStart(f"cannot serve the files of {directory}: there is no such folder")
    return static_files(
        directory,
        list_folders=path.options.enable_directory_listing,
        default_file=path.options.default_file,
        cache_timeout=path.options.cache_timeout,
        mime_types=path.options.mime_types,
    )


def _folder_of_package(package: str, resource: str) -> Path:
    try:
        spec = importlib.util.find_spec(package)
    except Exception as error:  # noqa: BLE001  # the packages that it is in are imported: user code, which may do anything
        raise CannotStart(f"cannot serve the files of {package}: {error!r}") from None
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise CannotStart(f"cannot serve the files of {package}: there is no such package")
    found = (Path(os.path.abspath(place)) / resource for place in places)
    return next((folder for folder in found if folder.is_dir()), Path(places[0]) / resource)


def _services(transport: config.WebTransport) -> list[ServiceInfo]:
    """Return the paths that speak WAMP."""
    from wamprouter.web.pages import ServiceInfo

    return [
        ServiceInfo(name, path.serializers, path.options.max_message_size)
        for name, path in _flat(transport.paths)
        if isinstance(path, config.WebSocketPath)
    ]


def _flat(paths: Mapping[str, config.WebPath], above: str = "/") -> Iterator[tuple[str, config.WebPath]]:
    """Yield all paths by their full names, those below others in place of what they are below."""
    for name, path in paths.items():
        full = _full(above, name)
        if isinstance(path, config.NestedPath):
            yield from _flat(path.paths, f"{full.rstrip('/')}/")
        else:
            yield full, path


def _full(above: str, name: str) -> str:
    return above if name == "/" else f"{above}{name}"


_FACTORIES: Final[Mapping[type, Callable[[Any, Connections, _Form], Any]]] = {
    config.WebSocketTransport: _websocket,
    config.RawSocketTransport: _rawsocket,
    config.WebTransport: _web,
    config.EchoTransport: _echo,
}
