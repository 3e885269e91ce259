"""From a configured transport to an open port."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from errno import EADDRINUSE
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from wamprouter import config
from wamprouter.authz import Access
from wamprouter.server.connections import Connections
from wamprouter.server.factories import (
    echo_factory,
    period_of,
    rawsocket_factory,
    universal_factory,
    wamp_factory,
    web_factory,
)
from wamprouter.server.forms import CannotStart, Form, Maker
from wamprouter.server.ports import listen_tcp, listen_unix
from wamprouter.server.proxies import NO_PROXIES, Proxies

if TYPE_CHECKING:
    from wamprouter.realm.realm import Realm
    from wamprouter.server.tls_context import TlsContext

__all__ = ["Listener"]

_log = Logger()

_ANOTHER_PORT: Final = ' (for the section "admin"; another port: start --admin PORT)'


class Listener:
    """One transport of the configuration: its port, its connections, and the timer that looks after them."""

    def __init__(self, transport: config.Transport, maker: Maker) -> None:
        self.transport = transport
        self.connections = Connections(
            transport.max_connections,
            maker.now,
            maker.admission,
            maker.turns,
            _proxies(transport),
            maker.statistics.transports,
        )
        self._reactor = maker.reactor
        self._inherited = maker.inherited
        self._form = Form(maker, access=_access(transport))
        self.tls = _holder(_context(transport))
        """The certificate and key that new connections get; None without TLS."""
        self._factory = self._make_factory(transport, self._form, self.tls)
        self._sweeping = LoopingCall(self.connections.sweep)
        self._sweeping.clock = maker.reactor
        self._port: IListeningPort | None = None

    def _make_factory(self, transport: config.Transport, form: Form, tls: TlsContext | None) -> Any:
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
        form = Form(self._form.maker, self._form, _access(transport))
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
                self._sweeping.start(period_of(transport), now=False)
            self._reactor.callLater(0, _warn, transport)

        return put_in_place

    def listen(self, port: int | None = None) -> None:
        """Open the port, or that one of those that it may be; raise CannotStart if that is not possible."""
        endpoint = self.transport.endpoint
        try:
            if isinstance(endpoint, config.TcpEndpoint):
                self._port = self._listen_on_tcp(endpoint) if port is None else self._listen_on(port, endpoint)
            else:
                self._port = listen_unix(
                    self._reactor, endpoint.path, self._factory, backlog=endpoint.backlog, inherited=self._inherited
                )
        except (CannotListenError, OSError) as error:  # OSError: the lock file beside a Unix socket
            cause = error.socketError if isinstance(error, CannotListenError) else error
            reason = getattr(cause, "strerror", None) or cause
            more = _ANOTHER_PORT if isinstance(self.transport, config.AdminTransport) else ""
            raise CannotStart(f"cannot listen on {endpoint.address}: {reason}{more}") from None
        self._sweeping.start(period_of(self.transport), now=False)
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
        return listen_tcp(
            self._reactor,
            port,
            self._factory,
            backlog=endpoint.backlog,
            interface=endpoint.interface,
            inherited=self._inherited,
        )

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

    def go_away(self, reason: str) -> None:
        """Send everybody away in the way that lets them come back: the router stops."""
        for connection in self.connections:
            connection.go_away(reason)
        self._form.leave()

    @property
    def is_deserted(self) -> bool:
        """Whether nobody is connected any more, and no request of the HTTP bridge waits for its answer."""
        return not self.connections and not self._form.in_flight

    def revise(self, changed: Container[Realm]) -> None:
        """Look at every session again: the configuration is another one now, and so are these realms."""
        for connection in self.connections:
            connection.revise(changed)
        self._form.revise(changed)

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
        transport = self.transport
        paths = config.flat_paths(config.web_paths(transport))
        if isinstance(transport, config.UniversalTransport):
            found = [] if transport.rawsocket is None else [transport.rawsocket]
            if isinstance(transport.endpoint, config.UnixEndpoint):
                return [
                    self._url(scheme) for scheme in dict.fromkeys(map(self._scheme, [*found, *(p for _, p in paths)]))
                ]
            return [self._url(self._scheme(one)) for one in found] + self._on_paths(paths)
        if isinstance(transport.endpoint, config.UnixEndpoint):
            return [self.base]
        if isinstance(transport, config.WebTransport):
            return self._on_paths(paths)
        # RawSocket has no paths, and Autobahn's clients refuse one.
        return [self.base if isinstance(transport, config.RawSocketTransport) else f"{self.base}/"]

    def _on_paths(self, paths: Iterable[tuple[str, config.WebPath]]) -> list[str]:
        return [self._url(self._scheme(path)) + name for name, path in paths]

    @property
    def base(self) -> str:
        """The URL of the transport itself, without a path."""
        return self._url(self._scheme(self.transport))

    def _url(self, scheme: str) -> str:
        endpoint = self.transport.endpoint
        if isinstance(endpoint, config.UnixEndpoint):
            return f"{scheme}+unix://{endpoint.path}"
        host = "[::1]" if endpoint.interface == "::" else endpoint.interface
        host = "127.0.0.1" if host == "0.0.0.0" else host  # compared, not bound to
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        return f"{scheme}://{host}:{self.port}"

    def _scheme(self, service: object) -> str:
        return _SCHEMES.get(type(service), "http") + ("s" if self.tls is not None else "")


def _access(transport: config.Transport) -> Access:
    return Access.OPERATOR if isinstance(transport, config.AdminTransport) else Access.CLIENT


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
    elif (options := config.web_options(transport)) is not None and options.hsts:
        _log.warn("hsts has no effect on {address}, which has no TLS", address=transport.endpoint.address)


_SCHEMES: Final[Mapping[type, str]] = {
    config.WebSocketTransport: "ws",
    config.EchoTransport: "ws",
    config.RawSocketTransport: "rs",
    config.RawSocketService: "rs",
    config.WebTransport: "http",
    config.WebSocketPath: "ws",
    config.UniversalWebSocket: "ws",
    config.EchoPath: "ws",
}
"""The schemes of addresses; every other path is one of HTTP."""


_FACTORIES: Final[Mapping[type, Callable[[Any, Connections, Form], Any]]] = {
    config.WebSocketTransport: wamp_factory,
    config.RawSocketTransport: rawsocket_factory,
    config.WebTransport: web_factory,
    config.AdminTransport: web_factory,
    config.UniversalTransport: universal_factory,
    config.EchoTransport: echo_factory,
}
