"""Transports: what listens, with which protocol, for whom.

A service is what speaks on a connection: WAMP over WebSocket or RawSocket, an echo, files. A transport is a service
with an endpoint of its own, or a web server whose paths are services, or several of these on one endpoint.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, ValidationInfo, field_validator, model_validator

from wamprouter.config.auth import Cookie
from wamprouter.config.bridge import CallerPath, PublisherPath, WebhookPath
from wamprouter.config.endpoints import Endpoint
from wamprouter.config.fields import Connections, Id, Model, Name, PathName, Timeout, Words, expected
from wamprouter.config.limits import Network
from wamprouter.config.longpoll import LongPollPath
from wamprouter.config.operations import ConsolePath, HealthPath, InfoPath, MetricsPath, ReadyPath
from wamprouter.config.options import RawSocketOptions, WebSocketOptions
from wamprouter.config.problems import shown
from wamprouter.config.rest import RestPath
from wamprouter.config.services import WampService
from wamprouter.config.serving import ResourcePath, ReverseProxyPath, WsgiPath
from wamprouter.config.sse import SsePath
from wamprouter.config.web import JsonPath, NodeInfoPath, RedirectPath, StaticPath, WebOptions

_PATHS = Words("an object with at least one path")


class Listener(Model):
    """What every transport has."""

    id: Id | None = Field(
        default=None,
        description="A name for logs and metrics, unique in the file. Default: none; the transport is known by its "
        "address.",
    )
    endpoint: Endpoint = Field(description="Where to listen.")
    max_connections: Connections = Field(
        default=10_000,
        description="Connections at the same time; more are refused. Default 10000: about 100 MB when they are "
        "idle, so that a flood ends in refusals and not in the machine's memory. The process's limit on"
        " open files must allow it.",
    )


class HttpListener(Listener):
    """What every transport has whose connections begin with an HTTP request."""

    trusted_proxies: tuple[Network, ...] = Field(
        default=(),
        description='Reverse proxies, such as "127.0.0.1", "10.0.0.0/8" or "unix", that are believed when they say in '
        "X-Forwarded-For for whom they connect: logs, authentication and limits then know the client's own address. "
        "Default: none, because anybody can send that header.",
    )


class WebSocketService(WampService):
    """WAMP over WebSocket."""

    cookie: Cookie | None = Field(
        default=None, description='The cookie that the handshake sets, for the method "cookie". Default: none.'
    )
    options: WebSocketOptions = Field(default=WebSocketOptions(), description="Options of the connections.")


class RawSocketService(WampService):
    """WAMP over RawSocket."""

    options: RawSocketOptions = Field(default=RawSocketOptions(), description="Options of the connections.")


class EchoService(Model):
    """WebSocket without WAMP: every message comes back. For conformance tools such as the Autobahn testsuite."""

    options: WebSocketOptions = Field(default=WebSocketOptions(), description="Options of the connections.")


class WebSocketPath(WebSocketService):
    """WAMP over WebSocket, on a path of a web server."""

    type: Literal["websocket"]


class EchoPath(EchoService):
    """A WebSocket echo, on a path of a web server."""

    type: Literal["echo"]


class NestedPath(Model):
    """Paths below a path."""

    type: Literal["path"]
    paths: "Annotated[dict[PathName, WebPath], _PATHS]" = Field(
        min_length=1, description='What is served where below this path: "/" for the path itself.'
    )


class UnavailablePath(Model):
    """What this version does not have: every request is answered with 501. Crossbar's files start with it."""

    type: Literal["unavailable"]
    what: Name = Field(description="The type of path that Crossbar has here.")


WebPath: TypeAlias = Annotated[
    StaticPath
    | WebSocketPath
    | LongPollPath
    | EchoPath
    | NodeInfoPath
    | JsonPath
    | RedirectPath
    | PublisherPath
    | CallerPath
    | WebhookPath
    | RestPath
    | SsePath
    | NestedPath
    | ReverseProxyPath
    | WsgiPath
    | ResourcePath
    | MetricsPath
    | HealthPath
    | ReadyPath
    | InfoPath
    | ConsolePath
    | UnavailablePath,
    Field(discriminator="type"),
]
NestedPath.model_rebuild()


class WebSocketTransport(HttpListener, WebSocketService):
    """WAMP over WebSocket, on any path of its own port."""

    type: Literal["websocket"]


class RawSocketTransport(Listener, RawSocketService):
    """WAMP over RawSocket: less overhead than WebSocket, not for browsers."""

    type: Literal["rawsocket"]


class EchoTransport(HttpListener, EchoService):
    """A WebSocket echo on its own port."""

    type: Literal["echo"]


class WebService(Model):
    """Paths, and how all of them are served."""

    paths: Annotated[dict[PathName, WebPath], _PATHS] = Field(
        min_length=1, description='What is served where: "/" for the root, "ws" for /ws.'
    )
    options: WebOptions = Field(default=WebOptions(), description="Options of the web server.")


class WebTransport(WebService, HttpListener):
    """A web server: files, WebSocket and more on one port."""

    type: Literal["web"]


class UniversalWebSocket(WebSocketPath):
    """WAMP over WebSocket, on a path of a universal port."""

    type: Literal["websocket"] = Field(default="websocket", description="May be left out.")


class UniversalTransport(HttpListener):
    """RawSocket, WebSocket and HTTP on one port. The first octet that a client sends tells which of them it speaks."""

    type: Literal["universal"]
    rawsocket: RawSocketService | None = Field(default=None, description="WAMP over RawSocket. Default: not served.")
    websocket: dict[PathName, UniversalWebSocket] = Field(
        default={},
        description='WAMP over WebSocket by paths: "/" for the root, "ws" for /ws. Default: none besides those of web.',
    )
    web: WebService | None = Field(
        default=None,
        description="What else is served over HTTP; its paths may speak WebSocket as well. Default: nothing.",
    )
    handshake_timeout: Timeout = Field(
        default=2500,
        description="Milliseconds to the first octet. Default 2500 as for WebSocket. A TLS handshake counts. After that "
        "the time-outs of what the client speaks hold.",
    )

    @field_validator("web")
    @classmethod
    def _adds_paths(cls, web: WebService | None, info: ValidationInfo) -> WebService | None:
        sockets = info.data.get("websocket", {})
        twice = next((name for name in web.paths if name in sockets), None) if web is not None else None
        if twice is not None:
            raise expected(f"paths that websocket has not; both have {shown(twice)}")
        return web

    @model_validator(mode="after")
    def _serves_something(self) -> Self:
        if self.rawsocket is None and self.web is None and not self.websocket:
            raise expected('at least one of "rawsocket", "websocket" and "web"')
        return self


Transport: TypeAlias = Annotated[
    WebSocketTransport | RawSocketTransport | WebTransport | UniversalTransport | EchoTransport,
    Field(discriminator="type"),
]


def web_paths(transport: Transport) -> dict[str, WebPath]:
    """Return what a transport serves over HTTP, by names; nothing if it has no paths."""
    if isinstance(transport, WebTransport):
        return transport.paths
    if isinstance(transport, UniversalTransport):
        return {**transport.websocket, **(transport.web.paths if transport.web is not None else {})}
    return {}


def web_options(transport: Transport) -> WebOptions | None:
    """Return how a transport serves its paths; None if it has none."""
    if isinstance(transport, WebTransport):
        return transport.options
    if isinstance(transport, UniversalTransport) and web_paths(transport):
        return WebOptions() if transport.web is None else transport.web.options
    return None


def flat_paths(paths: Mapping[str, WebPath], above: str = "/") -> Iterator[tuple[str, WebPath]]:
    """Yield all paths by their full names, those below others in place of what they are below."""
    for name, path in paths.items():
        full = full_path(above, name)
        if isinstance(path, NestedPath):
            yield from flat_paths(path.paths, f"{full.rstrip('/')}/")
        else:
            yield full, path


def full_path(above: str, name: str) -> str:
    """Return the full name of a path below another one, whose name ends with a slash."""
    return above if name == "/" else f"{above}{name}"
