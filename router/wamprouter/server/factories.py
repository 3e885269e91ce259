"""From a configured service to the factory of its connections."""

from __future__ import annotations

from typing import Any, TypeAlias

from twisted.internet.protocol import Factory

from wamprouter import config
from wamprouter.server.connections import Connections, Limits
from wamprouter.server.forms import Form
from wamprouter.server.metering import RateLimit, peer_class

__all__ = ["echo_factory", "period_of", "rawsocket_factory", "universal_factory", "wamp_factory", "web_factory"]

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


def period_of(transport: config.Transport) -> float:
    """Return how often to look at the connections of a transport, in seconds."""
    limits = [
        _limits_of(path)
        for _, path in config.flat_paths(config.web_paths(transport))
        if isinstance(path, config.WebSocketPath | config.EchoPath | config.LongPollPath)
    ]
    if isinstance(transport, config.UniversalTransport):
        limits.append(_first_octet_limits(transport))
        limits += [] if transport.rawsocket is None else [_limits_of(transport.rawsocket)]
    elif not isinstance(transport, config.WebTransport):
        limits.append(_limits_of(transport))
    return min((each.period for each in limits), default=60.0)


def _limits_of(service: Any) -> Limits:
    if isinstance(service, config.LongPollPath):
        from wamprouter.server.polling import polling_limits

        return polling_limits(service.options)
    return _limits(service.options)


def _first_octet_limits(transport: config.UniversalTransport) -> Limits:
    """Return the time-outs of connections of which nothing is known yet."""
    return Limits(
        handshake=transport.handshake_timeout / 1000, hello=0, authentication=0, ping_interval=0, ping_timeout=0
    )


def wamp_factory(transport: config.WebSocketService, connections: Connections, form: Form, path: str = "") -> Factory:
    """Return what makes WAMP connections over WebSocket; ``path`` names the service on its listener."""
    from wamprouter.server.cookies import HandshakeCookies
    from wamprouter.server.services import WampService
    from wamprouter.server.websocket import websocket_factory

    cookie = transport.cookie
    maker = form.maker
    gate = form.gate(transport.auth, cookie, path)
    cookies = None if cookie is None else HandshakeCookies(cookie, gate.knows_cookie)
    make_peer = peer_class(RateLimit.of(transport.options, connections.transports, maker.reactor.callLater))
    service = WampService(maker.lobby, gate, list(transport.serializers), make_peer, cookies)
    return websocket_factory(service, connections, transport.options, _limits(transport.options), maker.reactor)


def echo_factory(transport: config.EchoService, connections: Connections, form: Form) -> Factory:
    """Return what makes WebSocket connections that echo."""
    from wamprouter.server.services import EchoService
    from wamprouter.server.websocket import websocket_factory

    maker = form.maker
    return websocket_factory(
        EchoService(maker.lobby.dispatcher), connections, transport.options, _limits(transport.options), maker.reactor
    )


def rawsocket_factory(transport: config.RawSocketService, connections: Connections, form: Form) -> Factory:
    """Return what makes WAMP connections over RawSocket."""
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


def web_factory(
    transport: config.WebTransport | config.UniversalTransport, connections: Connections, form: Form
) -> Any:
    """Return what makes connections of HTTP, and of what begins with it."""
    from wamprouter.web.building import pages_of

    return form.serve(pages_of(transport, connections, form), connections)


def universal_factory(transport: config.UniversalTransport, connections: Connections, form: Form) -> Factory:
    """Return what makes connections that may speak any of a universal port's protocols."""
    from wamprouter.server.universal import UniversalFactory

    return UniversalFactory(
        connections,
        _first_octet_limits(transport),
        rawsocket=None if transport.rawsocket is None else rawsocket_factory(transport.rawsocket, connections, form),
        http=web_factory(transport, connections, form) if config.web_paths(transport) else None,
    )
