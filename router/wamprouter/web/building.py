"""From the configured paths of a web server to what answers on them.

``BUILDERS`` has a function for each type of path. What a type needs is imported when it is configured.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from wamprouter import __version__, config
from wamprouter.server.connections import Connections
from wamprouter.server.factories import echo_factory, wamp_factory
from wamprouter.server.forms import CannotStart, Form
from wamprouter.web.headers import AnswerHeaders
from wamprouter.web.pages import JsonValue, NodeInfo, Redirection, ServiceInfo
from wamprouter.web.site import SitePages, Unavailable, WebSocketPath, static_files, tree

if TYPE_CHECKING:
    from wamprouter.web.signing import Seen
    from wamprouter.web.visitors import Entrance

__all__ = ["BUILDERS", "Spot", "pages_of"]


class Spot(NamedTuple):
    """Where a path is: by its full name, on a transport."""

    name: str
    transport: config.WebTransport | config.UniversalTransport
    connections: Connections
    form: Form


def pages_of(
    transport: config.WebTransport | config.UniversalTransport, connections: Connections, form: Form
) -> SitePages:
    """Return what a web server serves; raise CannotStart if that cannot be had."""
    options = config.web_options(transport) or config.WebOptions()
    is_secure = getattr(transport.endpoint, "tls", None) is not None
    bodies: dict[str, int] = {}
    return SitePages(
        _resources(config.web_paths(transport), Spot("/", transport, connections, form), bodies),
        bodies=bodies,
        timeout=options.client_timeout,
        access_log=options.access_log,
        headers=AnswerHeaders(
            options.headers,
            hsts=options.hsts_max_age if options.hsts and is_secure else None,  # RFC 6797, section 7.2
            server=f"wamprouter/{__version__}" if options.show_server_version else None,
        ),
    )


def _resources(paths: Mapping[str, config.WebPath], above: Spot, bodies: dict[str, int]) -> Any:
    """Return what answers on these paths, and note in ``bodies`` how long a request may be where."""
    resources = {}
    for name, path in paths.items():
        spot = above._replace(name=config.full_path(above.name, name))
        if isinstance(path, config.NestedPath):
            resources[name] = _resources(path.paths, spot._replace(name=f"{spot.name.rstrip('/')}/"), bodies)
        else:
            resources[name] = resource = BUILDERS[type(path)](path, spot)
            if limit := getattr(resource, "body_limit", 0):
                bodies[spot.name] = limit
    root = resources.pop("/", None)
    return tree(root, resources)


# -- the types


def _static(path: config.StaticPath, _spot: Spot) -> Any:
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


def _websocket(path: config.WebSocketPath, spot: Spot) -> Any:
    return WebSocketPath(wamp_factory(path, spot.connections, spot.form, spot.name))


def _longpoll(path: config.LongPollPath, spot: Spot) -> Any:
    from wamprouter.server.cookies import HandshakeCookies
    from wamprouter.server.metering import RateLimit, peer_class
    from wamprouter.server.polling import PollService
    from wamprouter.web.longpoll import LongPoll

    form, maker = spot.form, spot.form.maker
    call_later = maker.reactor.callLater
    gate = form.gate(path.auth, path.cookie, spot.name)
    service = PollService(
        maker.lobby,
        gate,
        spot.connections,
        path.options,
        path.serializers,
        form.poll_table(spot.name),
        call_later,
        peer_class(RateLimit.of(path.options, spot.connections.transports, call_later)),
    )
    cookies = None if path.cookie is None else HandshakeCookies(path.cookie, gate.knows_cookie)
    return LongPoll(service, path.options, cookies)


def _echo(path: config.EchoPath, spot: Spot) -> Any:
    return WebSocketPath(echo_factory(path, spot.connections, spot.form))


def _node_info(_path: config.NodeInfoPath, spot: Spot) -> Any:
    """Make the page about the paths that speak WAMP."""
    transport = spot.transport
    services = [
        ServiceInfo(name, path.type, path.serializers, path.options.max_message_size)
        for name, path in config.flat_paths(config.web_paths(transport))
        if isinstance(path, config.WebSocketPath | config.LongPollPath)
    ]
    rawsocket = getattr(transport, "rawsocket", None)
    if rawsocket is not None:
        services.append(ServiceInfo("", "rawsocket", rawsocket.serializers, rawsocket.options.max_message_size))
    options = config.web_options(transport)
    return NodeInfo(services, __version__ if options is not None and options.show_server_version else None)


def _json(path: config.JsonPath, _spot: Spot) -> Any:
    options = path.options
    return JsonValue(
        path.value,
        is_public=options.allow_cross_origin,
        may_be_kept=not options.discourage_caching,
        is_indented=options.prettify,
    )


def _reverse_proxy(path: config.ReverseProxyPath, spot: Spot) -> Any:
    from wamprouter.web.proxy import ReverseProxy

    endpoint = spot.transport.endpoint
    proxy = ReverseProxy(
        path,
        reactor=spot.form.maker.reactor,
        depth=len(spot.name.strip("/").split("/")) if spot.name != "/" else 0,
        port=getattr(endpoint, "port", None) or None,
        scheme="https" if getattr(endpoint, "tls", None) is not None else "http",
    )
    spot.form.ends.append(proxy.close)
    return proxy


def _wsgi(path: config.WsgiPath, spot: Spot) -> Any:
    from wamprouter.web.applications import WsgiApplication

    application = WsgiApplication(path, spot.form.maker.reactor)
    spot.form.ends.append(application.close)
    return application


def _resource(path: config.ResourcePath, _spot: Spot) -> Any:
    from wamprouter.web.applications import own_resource

    return own_resource(path)


def _publisher(path: config.PublisherPath, spot: Spot) -> Any:
    from wamprouter.web.posting import Publisher

    return Publisher(_entrance(path, spot), path.options, _seen(spot), time)


def _caller(path: config.CallerPath, spot: Spot) -> Any:
    from wamprouter.web.posting import Caller

    return Caller(_entrance(path, spot), path.options, _seen(spot), time)


def _webhook(path: config.WebhookPath, spot: Spot) -> Any:
    from wamprouter.web.webhook import Webhook

    return Webhook(_entrance(path, spot), path.options, _seen(spot), spot.form.maker.now)


def _rest(path: config.RestPath, spot: Spot) -> Any:
    from wamprouter.web.rest import Rest

    return Rest(_entrance(path, spot), path)


def _sse(path: config.SsePath, spot: Spot) -> Any:
    from wamprouter.web.sse import EventStreams

    return EventStreams(_entrance(path, spot), path)


def _entrance(path: config.BridgePath, spot: Spot) -> Entrance:
    return spot.form.entrance(spot.name, path.realm, path.role)


def _seen(spot: Spot) -> Seen:
    """Return what a path remembers of signed requests."""
    from wamprouter.web.signing import Seen

    return spot.form.memory(spot.name, Seen)


def _console(path: config.ConsolePath, _spot: Spot) -> Any:
    from wamprouter.web.console import console_files

    return console_files(path.realm)


def _health(_path: config.HealthPath, _spot: Spot) -> Any:
    from wamprouter.web.health import Health

    return Health(list)


def _ready(_path: config.ReadyPath, spot: Spot) -> Any:
    from wamprouter.web.health import Health

    return Health(spot.form.maker.obstacles)


def _info(_path: config.InfoPath, spot: Spot) -> Any:
    from wamprouter.web.health import Info

    return Info(spot.form.maker.about)


def _metrics(_path: config.MetricsPath, spot: Spot) -> Any:
    from wamprouter.web.metrics import Metrics

    return Metrics(spot.form.maker.statistics.snapshot)


BUILDERS: Final[Mapping[type, Callable[[Any, Spot], Any]]] = {
    config.StaticPath: _static,
    config.WebSocketPath: _websocket,
    config.UniversalWebSocket: _websocket,
    config.LongPollPath: _longpoll,
    config.EchoPath: _echo,
    config.NodeInfoPath: _node_info,
    config.JsonPath: _json,
    config.PublisherPath: _publisher,
    config.CallerPath: _caller,
    config.WebhookPath: _webhook,
    config.RestPath: _rest,
    config.SsePath: _sse,
    config.RedirectPath: lambda path, _spot: Redirection(path.url),
    config.ReverseProxyPath: _reverse_proxy,
    config.WsgiPath: _wsgi,
    config.ResourcePath: _resource,
    config.ConsolePath: _console,
    config.HealthPath: _health,
    config.ReadyPath: _ready,
    config.InfoPath: _info,
    config.MetricsPath: _metrics,
    config.UnavailablePath: lambda path, _spot: Unavailable(path.what),
}
"""What makes a path's resource; it raises CannotStart if that cannot be had.

A resource that takes a body has an attribute ``body_limit``, in bytes; anything longer is refused before it is read.
"""
