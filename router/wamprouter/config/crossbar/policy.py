"""What becomes of each field of a Crossbar configuration, as a table.

One table for each kind of object in Crossbar's format, one row for each of its fields. A row says whether the field is
honoured, honoured differently, ignored or refused, and what to tell the operator. The lowering reads these rows, the
documentation prints them, and a test goes through them one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wamprouter.config.crossbar.notes import Kind

__all__ = ["ENTRY", "TABLES", "TYPES", "VALUE", "Field", "Table"]

ENTRY = "[]"  # after the name of a table: each entry of a list is such an object
VALUE = "{}"  # after the name of a table: each value of an object is such an object


@dataclass(frozen=True, slots=True)
class Field:
    """The treatment of one field.

    ``below`` names the table of the object that stands there. A value among ``harmless`` is what the router does anyway,
    so that nothing need be told.
    """

    kind: Kind
    text: str = ""
    below: str = ""
    harmless: tuple[object, ...] = ()


Table = Mapping[str, Field]


def _honoured(below: str = "") -> Field:
    return Field(Kind.HONOURED, below=below)


def _differs(text: str, *harmless: object, below: str = "") -> Field:
    return Field(Kind.DIFFERS, text, below, harmless)


def _ignored(text: str, *harmless: object) -> Field:
    return Field(Kind.IGNORED, text, harmless=harmless)


def _refused(text: str) -> Field:
    return Field(Kind.REFUSED, text)


def _all(*names: str) -> dict[str, Field]:
    return dict.fromkeys(names, HONOURED)


HONOURED = _honoured()
_NAME = _ignored("an id here names nothing that the router has", "")
_DEBUG = _ignored('there is no debugging of one transport; start with "--loglevel debug"', False)
_MANHOLE = _ignored("there is no manhole")
_CONNECTIONS = _ignored("the router opens no connections to databases for components", [], {})
_ONE_PROCESS = "all workers run in the router's one process"

_LATER = "answers 501 in this version, which has no such service yet"

_WORKER_OPTIONS: Table = {
    "title": _ignored("the router does not change its title in the list of processes"),
    "python": _ignored(f"{_ONE_PROCESS} and its Python"),
    "pythonpath": HONOURED,
    "cpu_affinity": _ignored("bind the router to processors where it is started, with taskset or systemd"),
    "env": _honoured("worker env"),
    "disabled": HONOURED,
    "extra": _ignored("a worker has no code of its own that could read it"),
    "expose_controller": _ignored("there is no controller to expose", False),
    "expose_shared": _ignored("components share the process, and so need no shared object", False),
}

_LISTENING: Table = {"id": HONOURED, "type": HONOURED, "endpoint": _honoured("endpoint"), "max_connections": HONOURED}

_WEBSOCKET: Table = {
    "serializers": HONOURED,
    "auth": _honoured("auth"),
    "cookie": _honoured("cookie"),
    "options": _honoured("websocket options"),
    "url": _ignored("the router does not compare the address that clients use with one of its own"),
    "debug": _DEBUG,
}

_PATH: Table = {"id": _NAME, "type": HONOURED}


def _with(*fields: str) -> Table:
    return {**_PATH, **_all(*fields)}


_BRIDGE: Table = {**_all("post_body_limit", "require_tls", "require_ip"), "debug": _DEBUG}
_SIGNED: Table = {**_BRIDGE, **_all("key", "secret", "timestamp_delta_limit")}

TABLES: Mapping[str, Table] = {
    "node": {
        "$schema": _honoured(),
        "version": HONOURED,
        "controller": _honoured("controller"),
        "workers": HONOURED,
    },
    "controller": {
        "id": _NAME,
        "options": _honoured("controller options"),
        "manhole": _MANHOLE,
        "connections": _CONNECTIONS,
        "keyring": _ignored("the router itself has no key"),
    },
    "controller options": {
        "title": _WORKER_OPTIONS["title"],
        "shutdown": _ignored(
            "the router runs until a signal or --shutdownafter ends it",
            "shutdown_manual",
            ["shutdown_manual"],
        ),
        "enable_parallel_worker_start": _ignored(_ONE_PROCESS, False),
    },
    "router": {
        "id": _NAME,
        "type": HONOURED,
        "options": _honoured("worker options"),
        "manhole": _MANHOLE,
        "connections": _CONNECTIONS,
        "realms": HONOURED,
        "transports": HONOURED,
        "components": HONOURED,
    },
    "container": {
        "id": _NAME,
        "type": HONOURED,
        "options": _honoured("container options"),
        "manhole": _MANHOLE,
        "connections": _CONNECTIONS,
        "components": HONOURED,
    },
    "guest": {
        "id": HONOURED,
        "type": HONOURED,
        "executable": HONOURED,
        "arguments": HONOURED,
        "options": _honoured("guest options"),
    },
    "websocket-testee": {
        "id": _NAME,
        "type": HONOURED,
        "options": _honoured("worker options"),
        "transport": HONOURED,
    },
    "worker options": _WORKER_OPTIONS,
    "container options": {
        **_WORKER_OPTIONS,
        "shutdown": _ignored("a component that ends does not end the router", "shutdown-manual"),
        "restart": _ignored("a component that ends is not started again", "restart-never"),
    },
    "worker env": {
        "inherit": _ignored(f"{_ONE_PROCESS} and its environment", True),
        "vars": _differs(f"{_ONE_PROCESS}, so all of them have these variables"),
    },
    "guest options": {
        **_all("env", "workdir", "stdin", "stdout", "stderr"),
        "watch": _ignored("the router does not watch files, so the process is not started again when one changes"),
    },
    "realm": {
        "id": _NAME,
        "name": HONOURED,
        "roles": _honoured("role[]"),
        "options": _honoured("realm options"),
        "store": HONOURED,
    },
    "realm options": {
        "uri_check": HONOURED,
        "enable_meta_api": _ignored("the meta API is always there, for roles that may call and subscribe to it", True),
        "bridge_meta_api": _ignored("the meta API is in each realm, and bridged to no other", False),
        "event_dispatching_chunk_size": _ignored(
            "an event is encoded once and sent to all, so that it needs no chunks", 100
        ),
    },
    "store": {
        "type": _differs("events are kept in memory, and gone when the router stops", "memory"),
        "limit": HONOURED,
        "event-history": _differs(
            "wamp.subscription.get_events returns the oldest event first, Crossbar the latest first", []
        ),
        "call-queue": _ignored("a call that no callee takes is an error at once; it does not wait in a queue", []),
        **dict.fromkeys(
            ("path", "maxsize", "readonly", "sync", "max-buffer", "buffer-flush"),
            _ignored("events are kept in memory, and gone when the router stops"),
        ),
    },
    "history": _all("uri", "match", "limit"),
    "role": {
        "name": HONOURED,
        "permissions": _honoured("permission[]"),
        "authorizer": HONOURED,
    },
    "permission": {
        **_all("uri", "match", "allow", "disclose", "cache"),
        "validate": _ignored("payloads are not validated by this version"),
    },
    "component": {
        **_all("id", "type", "classname", "callbacks", "realm", "role", "extra"),
        "references": _ignored("components share the process: import what you need", []),
    },
    "container component": {
        **_all("id", "type", "classname", "callbacks", "realm", "role", "extra"),
        "transport": _differs("the component joins in the router's own process, without a connection"),
        "auth": _differs("the component joins in the router's own process, with the role that this login would give"),
    },
    "endpoint": {
        "type": HONOURED,
        **_all("port", "portrange", "interface", "version", "backlog", "path"),
        "tls": _honoured("tls"),
        "shared": _ignored("the router listens with one process", False),
        "user_timeout": _ignored("a dead peer is found by pings (auto_ping_interval) instead"),
    },
    "tls": _all("key", "certificate", "chain_certificates", "dhparam", "ciphers", "ca_certificates"),
    "transport websocket": {**_LISTENING, **_WEBSOCKET},
    "transport rawsocket": {
        **_LISTENING,
        "serializers": HONOURED,
        "auth": _honoured("auth"),
        "cookie": _ignored("RawSocket carries no cookies"),
        "options": _honoured("rawsocket options"),
        "debug": _DEBUG,
    },
    "transport web": {**_LISTENING, "paths": _honoured("path{}"), "options": _honoured("web options")},
    "transport universal": {
        **_LISTENING,
        "rawsocket": _honoured("universal rawsocket"),
        "websocket": _honoured("universal websocket{}"),
        "mqtt": _ignored("the router does not speak MQTT: keep an MQTT broker, and bridge it with a component"),
        "web": _honoured("universal web"),
    },
    "universal rawsocket": {
        "type": _ignored("its place says what it is", "rawsocket"),
        "serializers": HONOURED,
        "auth": _honoured("auth"),
        "cookie": _ignored("RawSocket carries no cookies"),
        "options": _honoured("rawsocket options"),
        "debug": _DEBUG,
        "id": _NAME,
    },
    "universal websocket": {**_PATH, **_WEBSOCKET},
    "universal web": {
        "id": _NAME,
        "type": _ignored("its place says what it is", "web"),
        "paths": _honoured("path{}"),
        "options": _honoured("web options"),
    },
    "transport websocket.testee": {
        **_LISTENING,
        "options": _honoured("websocket options"),
        "serializers": _ignored("an echo does not look into messages"),
        "auth": _ignored("an echo asks nobody who they are"),
        "cookie": _ignored("an echo asks nobody who they are"),
        "url": _WEBSOCKET["url"],
        "debug": _DEBUG,
    },
    "websocket options": {
        **_all(
            "allowed_origins",
            "allow_null_origin",
            "max_frame_size",
            "max_message_size",
            "open_handshake_timeout",
            "close_handshake_timeout",
            "auto_ping_interval",
            "auto_ping_timeout",
            "auto_ping_size",
            "fail_by_drop",
            "show_server_version",
        ),
        "compression": _honoured("compression"),
        "external_port": _ignored("the router does not compare the port that clients use with its own"),
        "enable_webstatus": _ignored("a browser that opens the address is told to use WebSocket, in one line", False),
        "validate_utf8": _ignored("text is always checked to be UTF-8", True),
        "auto_fragment_size": _ignored("a message is sent as one frame", 0),
        "echo_close_codereason": _ignored("the router answers a close frame with the same code", False),
        "auto_ping_restart_on_any_traffic": _ignored("only the answer to a ping counts", False),
        "tcp_nodelay": _ignored("TCP_NODELAY is always on", True),
        "require_websocket_subprotocol": _ignored("a client must offer a WAMP subprotocol", True),
        **dict.fromkeys(
            ("mask_server_frames",),
            _ignored("frames of a server are never masked, as RFC 6455 demands", False),
        ),
        "require_masked_client_frames": _ignored("frames of a client must be masked, as RFC 6455 demands", True),
        "apply_mask": _ignored("masks are always applied, as RFC 6455 demands", True),
        **dict.fromkeys(
            ("enable_hybi10", "enable_flash_policy", "flash_policy"),
            _ignored("only WebSocket of RFC 6455 is spoken", False),
        ),
        "enable_rfc6455": _ignored("WebSocket of RFC 6455 is always spoken", True),
    },
    "compression": {"deflate": _honoured("deflate")},
    "deflate": _all(
        "request_no_context_takeover",
        "request_max_window_bits",
        "no_context_takeover",
        "max_window_bits",
        "memory_level",
    ),
    "rawsocket options": _all("max_message_size"),
    "web options": {
        "access_log": HONOURED,
        "display_tracebacks": _ignored("a traceback never reaches a peer", False),
        "hsts": HONOURED,
        "hsts_max_age": HONOURED,
        "client_timeout": HONOURED,
    },
    "path websocket": {**_PATH, **_WEBSOCKET},
    "path static": {**_PATH, **_all("directory", "package", "resource"), "options": _honoured("static options")},
    "static options": {
        **_all("enable_directory_listing", "mime_types", "cache_timeout"),
        "default_file": _ignored(
            'in Crossbar it is sent for whatever is missing; here that is not found, and "index.html" stands for its folder'
        ),
    },
    "path nodeinfo": _PATH,
    "path json": {**_PATH, "value": HONOURED, "options": _honoured("json options")},
    "json options": _all("prettify", "allow_cross_origin", "discourage_caching"),
    "path redirect": {**_PATH, "url": HONOURED},
    "path path": {**_PATH, "paths": _honoured("path{}")},
    "path publisher": {**_with("realm", "role"), "options": _honoured("publisher options")},
    "path caller": {**_with("realm", "role"), "options": _honoured("caller options")},
    "path webhook": {**_with("realm", "role"), "options": _honoured("webhook options")},
    "publisher options": _SIGNED,
    "caller options": _SIGNED,
    "webhook options": {**_BRIDGE, **_all("topic", "success_response", "error_response", "github_secret")},
    "path longpoll": {
        **_PATH,
        **_all("serializers"),
        "auth": _honoured("auth"),
        "cookie": _honoured("cookie"),
        "options": _honoured("longpoll options"),
    },
    "longpoll options": {
        **_all("request_timeout", "session_timeout", "queue_limit_bytes", "queue_limit_messages"),
        "debug": _DEBUG,
        "debug_transport_id": _ignored("an id that is known beforehand would let anybody take the connection over"),
    },
    "path reverseproxy": _with("host", "port", "path", "forwarded_port", "forwarded_proto"),
    "path websocket-reverseproxy": _with("url", "options", "backend"),
    "path wsgi": _with("module", "object", "minthreads", "maxthreads"),
    "path resource": _with("classname", "extra"),
    "auth": _all("anonymous", "ticket", "wampcra", "scram", "cryptosign", "tls", "cookie"),
    "cookie": _all("name", "length", "max_age", "secure", "http_strict", "same_site", "store"),
    "connecting transport": {
        **dict.fromkeys(("id", "type", "endpoint", "url", "serializers", "serializer", "options", "debug"), HONOURED)
    },
}
"""The fields of each kind of object."""

_FUTURE = Field(Kind.DIFFERS, _LATER)

TYPES: Mapping[str, Table] = {
    "worker": {
        "router": HONOURED,
        "container": _differs("its components run in the router's own process"),
        "guest": HONOURED,
        "websocket-testee": _differs("becomes a WebSocket echo in the router's own process"),
        "proxy": _refused(
            "one router process serves all connections, so there is nothing to spread: give the transports to a worker "
            'of type "router"'
        ),
    },
    "transport": {
        "web": HONOURED,
        "websocket": HONOURED,
        "rawsocket": HONOURED,
        "universal": HONOURED,
        "websocket.testee": _differs("becomes a WebSocket echo"),
        "mqtt": _refused("the router does not speak MQTT: keep an MQTT broker, and bridge it with a component"),
        "flashpolicy": _refused("browsers have no Flash any more: leave it out"),
        "stream.testee": _refused("this is a tool for testing Crossbar: leave it out"),
    },
    "endpoint": {
        "tcp": HONOURED,
        "unix": HONOURED,
        "twisted": _refused('write "tcp" with port and interface, or "unix" with path'),
        "onion": _refused('listen on "tcp" at 127.0.0.1, and let Tor forward an onion service to that port'),
    },
    "component": {"class": HONOURED, "function": HONOURED},
    "path": {
        **_all("websocket", "longpoll", "static", "nodeinfo", "json", "redirect", "path"),
        **_all("reverseproxy", "wsgi", "resource", "publisher", "webhook"),
        "caller": _differs(
            "errors of the router itself, such as a procedure that is not there, have a status of HTTP; the application's have 200"
        ),
        **dict.fromkeys(
            ("websocket-reverseproxy",),
            _FUTURE,
        ),
        "cgi": _refused("run the program behind a web server, and let that one proxy to the router's port"),
        "upload": _refused("receive files with a web application of your own, and tell of them by an event"),
        "archive": _refused('unpack the archive, and serve its folder with "static"'),
        "wap": _refused("render pages in a web application of your own, which calls procedures as a client"),
        "catalog": _refused("there is no catalog of interfaces"),
        "pairme": _refused("there is no pairing of nodes"),
        "none": _refused("leave the path out: it is not found then"),
    },
    "store": {
        "memory": HONOURED,
        "cfxdb": _differs("events are kept in memory, and gone when the router stops"),
    },
}
"""The values that ``type`` has in each kind of object."""
