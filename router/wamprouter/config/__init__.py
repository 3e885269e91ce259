"""The router's configuration: a file becomes a `NodeConfig`, or a list of lines that say what to mend.

The way of a file: `document` (syntax) → `environment` (variables) → `node` and its parts (fields) and
`references` (names) → `mistakes` and `problems` (lines). The rest of the router sees only the models, which
are fixed and complete: every default is filled in and every path is absolute.
"""

from wamprouter.config.admin import Admin, AdminTransport, ManagementComponent, SessionComponent
from wamprouter.config.auth import AnonymousStatic, Auth, Cookie, Dynamic, Function
from wamprouter.config.components import (
    ClassComponent,
    Component,
    FunctionComponent,
    GuestComponent,
    GuestEnvironment,
)
from wamprouter.config.endpoints import Endpoint, TcpEndpoint, Tls, UnixEndpoint
from wamprouter.config.limits import RouterLimits
from wamprouter.config.loading import Checked, default, load, opened, schema, validate
from wamprouter.config.longpoll import LongPollPath
from wamprouter.config.node import NodeConfig
from wamprouter.config.operations import ConsolePath, HealthPath, InfoPath, MetricsPath, ReadyPath
from wamprouter.config.options import (
    Compression,
    ConnectionOptions,
    Deflate,
    LongPollOptions,
    PageOptions,
    RawSocketOptions,
    WebSocketOptions,
)
from wamprouter.config.problems import ConfigError, UnreadableConfig
from wamprouter.config.realms import Allow, Disclose, Match, Permission, Realm, RealmOptions, RealmTemplate, Role
from wamprouter.config.services import Serializer, WampService
from wamprouter.config.serving import ResourcePath, ReverseProxyPath, WsgiPath
from wamprouter.config.starter import STARTER
from wamprouter.config.transports import (
    EchoPath,
    EchoService,
    EchoTransport,
    HttpListener,
    NestedPath,
    RawSocketService,
    RawSocketTransport,
    Transport,
    UnavailablePath,
    UniversalTransport,
    UniversalWebSocket,
    WebPath,
    WebService,
    WebSocketPath,
    WebSocketService,
    WebSocketTransport,
    WebTransport,
    flat_paths,
    full_path,
    web_options,
    web_paths,
)
from wamprouter.config.web import (
    JsonOptions,
    JsonPath,
    NodeInfoPath,
    RedirectPath,
    StaticOptions,
    StaticPath,
    StaticService,
    WebOptions,
)

__all__ = [
    "STARTER",
    "Admin",
    "AdminTransport",
    "Allow",
    "AnonymousStatic",
    "Auth",
    "Checked",
    "ClassComponent",
    "Component",
    "Compression",
    "ConfigError",
    "ConnectionOptions",
    "ConsolePath",
    "Cookie",
    "Deflate",
    "Disclose",
    "Dynamic",
    "EchoPath",
    "EchoService",
    "EchoTransport",
    "Endpoint",
    "Function",
    "FunctionComponent",
    "GuestComponent",
    "GuestEnvironment",
    "HealthPath",
    "HttpListener",
    "InfoPath",
    "JsonOptions",
    "JsonPath",
    "LongPollOptions",
    "LongPollPath",
    "ManagementComponent",
    "Match",
    "MetricsPath",
    "NestedPath",
    "NodeConfig",
    "NodeInfoPath",
    "PageOptions",
    "Permission",
    "RawSocketOptions",
    "RawSocketService",
    "RawSocketTransport",
    "ReadyPath",
    "Realm",
    "RealmOptions",
    "RealmTemplate",
    "RedirectPath",
    "ResourcePath",
    "ReverseProxyPath",
    "Role",
    "RouterLimits",
    "Serializer",
    "SessionComponent",
    "StaticOptions",
    "StaticPath",
    "StaticService",
    "TcpEndpoint",
    "Tls",
    "Transport",
    "UnavailablePath",
    "UniversalTransport",
    "UniversalWebSocket",
    "UnixEndpoint",
    "UnreadableConfig",
    "WampService",
    "WebOptions",
    "WebPath",
    "WebService",
    "WebSocketOptions",
    "WebSocketPath",
    "WebSocketService",
    "WebSocketTransport",
    "WebTransport",
    "WsgiPath",
    "default",
    "flat_paths",
    "full_path",
    "load",
    "opened",
    "schema",
    "validate",
    "web_options",
    "web_paths",
]
