"""The router's configuration: a file becomes a `NodeConfig`, or a list of lines that say what to mend.

The way of a file: `document` (syntax) → `environment` (variables) → `node` and its parts (fields) and
`references` (names) → `mistakes` and `problems` (lines). The rest of the router sees only the models, which
are fixed and complete: every default is filled in and every path is absolute.
"""

from wamprouter.config.auth import AnonymousStatic, Auth, Cookie, Dynamic, Function
from wamprouter.config.endpoints import Endpoint, TcpEndpoint, UnixEndpoint
from wamprouter.config.limits import RouterLimits
from wamprouter.config.loading import default, load, schema, validate
from wamprouter.config.node import ClassComponent, Component, NodeConfig
from wamprouter.config.options import Compression, ConnectionOptions, Deflate, RawSocketOptions, WebSocketOptions
from wamprouter.config.problems import ConfigError, UnreadableConfig
from wamprouter.config.realms import Allow, Disclose, Match, Permission, Realm, RealmOptions, RealmTemplate, Role
from wamprouter.config.starter import STARTER
from wamprouter.config.transports import (
    EchoPath,
    EchoService,
    EchoTransport,
    HttpListener,
    RawSocketService,
    RawSocketTransport,
    Serializer,
    StaticOptions,
    StaticPath,
    StaticService,
    Transport,
    WampService,
    WebOptions,
    WebPath,
    WebSocketPath,
    WebSocketService,
    WebSocketTransport,
    WebTransport,
)

__all__ = [
    "STARTER",
    "Allow",
    "AnonymousStatic",
    "Auth",
    "ClassComponent",
    "Component",
    "Compression",
    "ConfigError",
    "ConnectionOptions",
    "Cookie",
    "Deflate",
    "Disclose",
    "Dynamic",
    "EchoPath",
    "EchoService",
    "EchoTransport",
    "Endpoint",
    "Function",
    "HttpListener",
    "Match",
    "NodeConfig",
    "Permission",
    "RawSocketOptions",
    "RawSocketService",
    "RawSocketTransport",
    "Realm",
    "RealmOptions",
    "RealmTemplate",
    "Role",
    "RouterLimits",
    "Serializer",
    "StaticOptions",
    "StaticPath",
    "StaticService",
    "TcpEndpoint",
    "Transport",
    "UnixEndpoint",
    "UnreadableConfig",
    "WampService",
    "WebOptions",
    "WebPath",
    "WebSocketOptions",
    "WebSocketPath",
    "WebSocketService",
    "WebSocketTransport",
    "WebTransport",
    "default",
    "load",
    "schema",
    "validate",
]
