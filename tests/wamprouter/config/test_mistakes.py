"""Each mistake in a configuration is one line: file, place, value, expectation."""

from typing import Any, get_args

import pytest

from tests.wamprouter.config.documents import COMPONENT, REMOVED, SMALLEST, UNIVERSAL, WEB, changed, lines
from wamprouter.config import WebPath

URI_WORDS = 'a URI such as "com.x.y", or, without "match", one such as "com.x.*", "com.*.y" or "*"'

_TYPES = [f'"{get_args(path.model_fields["type"].annotation)[0]}"' for path in get_args(get_args(WebPath)[0])]
PATH_TYPES = f"{', '.join(_TYPES[:-1])} or {_TYPES[-1]}"

# The changes to a valid document, and the one line they lead to, after "router.json: ".
MISTAKES: list[tuple[list[tuple[str, Any]], str]] = [
    # the whole
    ([("version", REMOVED)], "version: missing, expected 1"),
    ([("version", 2)], "version: got 2, expected 1"),
    ([("realms", [])], "realms: got [], expected a list with at least one realm"),
    ([("realms", {})], "realms: got {}, expected a list with at least one realm"),
    ([("transports", [])], "transports: got [], expected a list with at least one transport"),
    ([("compnents", [])], 'compnents: unknown field; did you mean "components"?'),
    (
        [("zzz", 1)],
        'zzz: unknown field, expected "$schema", "admin", "components", "drain_timeout", "environment", "insecure", "limits", "pythonpath", "realm_template", "realms", "transports" or "version"',
    ),
    (
        [("[key]", 1)],
        '["[key]"]: unknown field, expected "$schema", "admin", "components", "drain_timeout", "environment", "insecure", "limits", "pythonpath", "realm_template", "realms", "transports" or "version"',
    ),
    ([("pythonpath", "src")], 'pythonpath: got "src", expected a list'),
    ([("pythonpath", [""])], 'pythonpath[0]: got "", expected a folder'),
    # limits
    (
        [("limits", {"joins_per_second": -1})],
        "limits.joins_per_second: got -1, expected an integer from 0 to 10000000 (0 for no limit)",
    ),
    ([("limits", {"join_burst": 0})], "limits.join_burst: got 0, expected an integer from 1 to 10000000"),
    ([("limits", {"joins": 1})], 'limits.joins: unknown field; did you mean "join_burst"?'),
    *(
        (
            [("transports.0.trusted_proxies", [wrong])],
            f'transports[0].trusted_proxies[0]: got "{wrong}", '
            'expected an address or network such as "10.0.0.0/8", or "unix"',
        )
        for wrong in ("10.0.0.1/8", "proxy.example.com", "", "10.0.0.0/33")
    ),
    (
        [("transports.0.options", {"on_excess": "drop"})],
        'transports[0].options.on_excess: got "drop", expected "pause" or "disconnect"',
    ),
    # realms
    ([("realms.0", "realm1")], 'realms[0]: got "realm1", expected an object'),
    (
        [("realms.0.name", "a realm")],
        'realms[0].name: got "a realm", expected a realm name such as "realm1" or "com.example"',
    ),
    (
        [("realms.0.name", "a..b")],
        'realms[0].name: got "a..b", expected a realm name such as "realm1" or "com.example"',
    ),
    ([("realms.0.roless", [])], 'realms[0].roless: unknown field; did you mean "roles"?'),
    ([("realms.0.roles", [])], "realms[0].roles: got [], expected a list with at least one role"),
    (
        [("realms.0.roles.0.name", ""), ("transports.0.auth", {})],
        'realms[0].roles[0].name: got "", expected a name without spaces',
    ),
    ([("realms.0.roles.0.permision", [])], 'realms[0].roles[0].permision: unknown field; did you mean "permissions"?'),
    (
        [("realms.0.options.uri_check", "strickt")],
        'realms[0].options.uri_check: got "strickt", expected "strict" or "loose"; did you mean "strict"?',
    ),
    (
        [("realms.0.options.slow_subscriber", "kill")],
        'realms[0].options.slow_subscriber: got "kill", expected "disconnect" or "drop"',
    ),
    (
        [("realms.1", SMALLEST["realms"][0])],
        'realms[1].name: got "realm1", expected another name than that of realms[0]',
    ),
    (
        [("realms.0.roles.1", {"name": "anonymous"})],
        'realms[0].roles[1].name: got "anonymous", expected another name than that of realms[0].roles[0]',
    ),
    # permissions
    (
        [("realms.0.roles.0.permissions.0.uri", 7)],
        f"realms[0].roles[0].permissions[0].uri: got 7, expected {URI_WORDS} (in quotes)",
    ),
    (
        [("realms.0.roles.0.permissions.0.uri", "com.x*y")],
        f'realms[0].roles[0].permissions[0].uri: got "com.x*y", expected {URI_WORDS}',
    ),
    (
        [("realms.0.roles.0.permissions.0.uri", "com x")],
        f'realms[0].roles[0].permissions[0].uri: got "com x", expected {URI_WORDS}',
    ),
    (
        [("realms.0.roles.0.permissions.0.match", "prefix")],
        f'realms[0].roles[0].permissions[0].uri: got "*", expected {URI_WORDS}',
    ),
    (
        [("realms.0.roles.0.permissions.0", {"uri": "com..x", "match": "exact"})],
        'realms[0].roles[0].permissions[0].match: got "exact", expected "prefix" or "wildcard": "com..x" is no complete URI',
    ),
    (
        [("realms.0.roles.0.permissions.0.match", "prefx"), ("realms.0.roles.0.permissions.0.uri", "com.")],
        'realms[0].roles[0].permissions[0].match: got "prefx", expected "exact", "prefix" or "wildcard"; did you mean "prefix"?',
    ),
    (
        [("realms.0.roles.0.permissions.0.allow", "most")],
        'realms[0].roles[0].permissions[0].allow: got "most", expected an object or "all"',
    ),
    (
        [("realms.0.roles.0.permissions.0.allow", {"cal": True})],
        'realms[0].roles[0].permissions[0].allow.cal: unknown field; did you mean "call"?',
    ),
    (
        [("realms.0.roles.0.permissions.0.allow", {"register": "yes"})],
        'realms[0].roles[0].permissions[0].allow.register: got "yes", expected true or false',
    ),
    # what a web server has
    (
        [("transports.0", {**WEB, "paths": {"/": {"type": "static", "directory": "web", "package": "example"}}})],
        'transports[0].paths["/"]: got {"type": "static", "directory": "web", "package": "example"}, '
        'expected either "directory", or "package" and "resource"',
    ),
    (
        [("transports.0", {**WEB, "paths": {"old": {"type": "redirect", "url": "/new\r\nX: y"}}})],
        'transports[0].paths.old.url: got "/new\\r\\nX: y", expected a URL such as "/app/" or "https://www.example.com/"',
    ),
    (
        [("transports.0", {**WEB, "paths": {"config": {"type": "json"}}})],
        "transports[0].paths.config.value: missing, expected any value",
    ),
    (
        [("transports.0", {**WEB, "paths": {"a": {"type": "path", "paths": {}}}})],
        "transports[0].paths.a.paths: got {}, expected an object with at least one path",
    ),
    (
        [
            (
                "transports.0",
                {
                    **WEB,
                    "paths": {
                        "a": {"type": "path", "paths": {"b": {"type": "path", "paths": {"c/d": {"type": "nodeinfo"}}}}}
                    },
                },
            )
        ],
        'transports[0].paths.a.paths.b.paths: got the name "c/d", expected "/", or letters, digits, - and _',
    ),
    (
        [
            (
                "transports.0",
                {
                    **WEB,
                    "paths": {
                        "a": {
                            "type": "path",
                            "paths": {"ws": {"type": "websocket", "auth": {"anonymous": {"role": "nobody"}}}},
                        }
                    },
                },
            )
        ],
        'transports[0].paths.a.paths.ws.auth.anonymous.role: got "nobody", expected a role of some realm ("anonymous")',
    ),
    (
        [("transports.0", {**WEB, "options": {"headers": {"X Frame": "a"}}})],
        'transports[0].options.headers: got the name "X Frame", expected the name of an HTTP header such as "X-Frame-Options"',
    ),
    (
        [("transports.0", {**WEB, "options": {"headers": {"X-A": "a\r\nSet-Cookie: b"}}})],
        'transports[0].options.headers.X-A: got "a\\r\\nSet-Cookie: b", expected one line of ASCII text',
    ),
    (
        [("transports.0", {**WEB, "options": {"headers": {"Content-Length": "7"}}})],
        'transports[0].options.headers: got {"Content-Length": "7"}, expected headers without Content-Length, which the '
        "server sets itself",
    ),
    (
        [
            (
                "transports.0",
                {
                    **WEB,
                    "paths": {"/": {"type": "static", "directory": "web", "options": {"mime_types": {"js": "a/b"}}}},
                },
            )
        ],
        'transports[0].paths["/"].options.mime_types: got the name "js", expected the end of a file name such as ".wasm"',
    ),
    # TLS
    (
        [("transports.0.endpoint.tls", {"certificate": "c.pem"})],
        "transports[0].endpoint.tls.key: missing, expected the path of a PEM file",
    ),
    (
        [("transports.0.endpoint.tls", {"key": "", "certificate": "c.pem"})],
        'transports[0].endpoint.tls.key: got "", expected the path of a PEM file',
    ),
    (
        [("transports.0.endpoint.tls", {"key": "k.pem", "certificate": "c.pem", "minimum_version": 1.3})],
        'transports[0].endpoint.tls.minimum_version: got 1.3, expected "1.2" or "1.3" (in quotes)',
    ),
    (
        [("transports.0.endpoint.tls", {"key": "k.pem", "certificate": "c.pem", "ciphers": "A B"})],
        'transports[0].endpoint.tls.ciphers: got "A B", expected an OpenSSL cipher list such as "ECDHE+AESGCM"',
    ),
    (
        [("transports.0.endpoint.tls", {"key": "k.pem", "certificate": "c.pem", "client_certificate": "optional"})],
        'transports[0].endpoint.tls.client_certificate: got "optional", expected ca_certificates as well, which say '
        "whose certificates are good",
    ),
    (
        [("transports.0.endpoint.tls", {"key": "k.pem", "certificate": "c.pem", "ca_certificate": "ca.pem"})],
        'transports[0].endpoint.tls.ca_certificate: unknown field; did you mean "ca_certificates"?',
    ),
    (
        [("transports.0.endpoint.tls", "yes")],
        'transports[0].endpoint.tls: got "yes", expected an object, or null for none',
    ),
    # authorizers
    (
        [("realms.0.roles.0.authorizer", "com.judge")],
        'realms[0].roles[0].authorizer: got "com.judge", expected either permissions or an authorizer, not both',
    ),
    (
        [("realms.0.roles.1", {"name": "judged", "authorizer": "wamp.session.get"})],
        'realms[0].roles[1].authorizer: got "wamp.session.get", expected a procedure of the application: those below "wamp." '
        "are the router's own",
    ),
    (
        [("realms.0.roles.1", {"name": "judged", "authorizer": "com..judge"})],
        'realms[0].roles[1].authorizer: got "com..judge", expected the URI of a procedure of the application, such as '
        '"com.example.authorize"',
    ),
    (
        [("realms.0.roles.1", {"name": "judged", "authorizer": "com.judge", "authorizer_timeout": 0})],
        "realms[0].roles[1].authorizer_timeout: got 0, expected an integer from 1 to 3600000 (milliseconds)",
    ),
    (
        [("realms.0.roles.1", {"name": "judged", "authorizer": "com.judge", "authorizer_cache_ttl": -1})],
        "realms[0].roles[1].authorizer_cache_ttl: got -1, expected an integer from 0 to 86400 (seconds, 0 for never)",
    ),
    # endpoints
    (
        [("transports.0.endpoint.port", "x")],
        'transports[0].endpoint.port: got "x", expected an integer from 0 to 65535',
    ),
    (
        [("transports.0.endpoint.port", "8080")],
        'transports[0].endpoint.port: got "8080", expected an integer from 0 to 65535 (without quotes)',
    ),
    (
        [("transports.0.endpoint.port", "70000")],
        'transports[0].endpoint.port: got "70000", expected an integer from 0 to 65535',
    ),
    ([("version", "1")], 'version: got "1", expected 1 (without quotes)'),
    (
        [("transports.0.options.fail_by_drop", "true")],
        'transports[0].options.fail_by_drop: got "true", expected true or false (without quotes)',
    ),
    (
        [("transports.0.auth.anonymous.role", True)],
        "transports[0].auth.anonymous.role: got true, expected a name without spaces (in quotes)",
    ),
    (
        [("realms.0.name", 7.5)],
        'realms[0].name: got 7.5, expected a realm name such as "realm1" or "com.example" (in quotes)',
    ),
    (
        [("transports.0.endpoint.port", 65536)],
        "transports[0].endpoint.port: got 65536, expected an integer from 0 to 65535",
    ),
    (
        [("transports.0.endpoint.port", True)],
        "transports[0].endpoint.port: got true, expected an integer from 0 to 65535",
    ),
    (
        [("transports.0.endpoint.port", REMOVED)],
        "transports[0].endpoint.port: missing, expected an integer from 0 to 65535",
    ),
    ([("transports.0.endpoint.version", 5)], "transports[0].endpoint.version: got 5, expected 4 or 6"),
    (
        [("transports.0.endpoint.interface", "")],
        'transports[0].endpoint.interface: got "", expected an address of this machine such as "127.0.0.1"',
    ),
    (
        [("transports.0.endpoint.tcp", 1)],
        'transports[0].endpoint.tcp: unknown field, expected "backlog", "interface", "port", "portrange", "tls", "type" or "version"',
    ),
    ([("transports.0.endpoint.type", REMOVED)], 'transports[0].endpoint.type: missing, expected "tcp" or "unix"'),
    (
        [("transports.0.endpoint.type", "tpc")],
        'transports[0].endpoint.type: got "tpc", expected "tcp" or "unix"; did you mean "tcp"?',
    ),
    (
        [("transports.0.endpoint", {"type": "unix"})],
        "transports[0].endpoint.path: missing, expected the path of a socket",
    ),
    ([("transports.0.endpoint", 8080)], "transports[0].endpoint: got 8080, expected an object"),
    # transports
    ([("transports.0", None)], "transports[0]: got null, expected an object"),
    (
        [("transports.0.type", "webb")],
        'transports[0].type: got "webb", expected "websocket", "rawsocket", "web", "universal" or "echo"; did you mean "web"?',
    ),
    (
        [("transports.0.type", ["web"])],
        'transports[0].type: got ["web"], expected "websocket", "rawsocket", "web", "universal" or "echo"',
    ),
    (
        [("transports.0.serializers", [])],
        "transports[0].serializers: got [], expected a list with at least one serializer",
    ),
    (
        [("transports.0.serializers", ["jsn"])],
        'transports[0].serializers[0]: got "jsn", expected "json", "msgpack" or "cbor"; did you mean "json"?',
    ),
    (
        [("transports.0.max_connections", 0)],
        "transports[0].max_connections: got 0, expected an integer from 1 to 10000000",
    ),
    (
        [("transports.0.id", "my transport")],
        'transports[0].id: got "my transport", expected a letter, then letters, digits, - and _',
    ),
    (
        [("transports.0.id", "a"), ("transports.1", {**WEB, "id": "a"})],
        'transports[1].id: got "a", expected another id than that of transports[0]',
    ),
    # options
    (
        [("transports.0.options.max_message_size", 1.5)],
        "transports[0].options.max_message_size: got 1.5, expected an integer from 512 to 67108864 (bytes)",
    ),
    (
        [("transports.0.options.hello_timeout", 0)],
        "transports[0].options.hello_timeout: got 0, expected an integer from 1 to 3600000 (milliseconds)",
    ),
    (
        [("transports.0.options.auto_ping_interval", -1)],
        "transports[0].options.auto_ping_interval: got -1, expected an integer from 0 to 3600000 (milliseconds, 0 for never)",
    ),
    (
        [("transports.0.options.high_water", 32 * 1024**2)],
        "transports[0].options.outbound_queue_limit: got 16777216, expected at least high_water, which is 33554432",
    ),
    (
        [("transports.0.options", {"max_message_size": 2**25, "outbound_queue_limit": 2**20})],
        "transports[0].options.outbound_queue_limit: got 1048576, expected at least max_message_size, which is 33554432",
    ),
    (
        [("transports.0.options", {"compression": {"deflate": {"memory_level": 10}}})],
        "transports[0].options.compression.deflate.memory_level: got 10, expected an integer from 1 to 9",
    ),
    (
        [("transports.0.options", {"compression": "deflate"})],
        'transports[0].options.compression: got "deflate", expected an object, or null for none',
    ),
    (
        [("transports.0.options", {"allowed_origins": ["a b"]})],
        'transports[0].options.allowed_origins[0]: got "a b", expected an origin such as "https://*.example.com"',
    ),
    (
        [("transports.0.type", "rawsocket"), ("transports.0.options.max_message_size", 2**25)],
        "transports[0].options.max_message_size: got 33554432, expected an integer from 512 to 16777216 (bytes)",
    ),
    (
        [("transports.0.type", "rawsocket"), ("transports.0.options.hello_timout", 1)],
        'transports[0].options.hello_timout: unknown field; did you mean "hello_timeout"?',
    ),
    # web
    (
        [("transports.0", {**WEB, "paths": {}})],
        "transports[0].paths: got {}, expected an object with at least one path",
    ),
    (
        [("transports.0", {**WEB, "paths": {"a b": {"type": "echo"}}})],
        'transports[0].paths: got the name "a b", expected "/", or letters, digits, - and _',
    ),
    (
        [("transports.0", {**WEB, "paths": {"/": {"type": "static"}}})],
        'transports[0].paths["/"]: got {"type": "static"}, expected either "directory", or "package" and "resource"',
    ),
    (
        [("transports.0", {**WEB, "paths": {"x": {"type": "statik"}}})],
        f'transports[0].paths.x.type: got "statik", expected {PATH_TYPES}; did you mean "static"?',
    ),
    (
        [("transports.0", {**WEB, "paths": {"type": {"type": "static"}}})],
        'transports[0].paths.type: got {"type": "static"}, expected either "directory", or "package" and "resource"',
    ),
    (
        [("transports.0", WEB), ("transports.0.paths./.options", {"default_file": "a/b"})],
        'transports[0].paths["/"].options.default_file: got "a/b", expected the name of a file, without a folder',
    ),
    (
        [("transports.0", {**WEB, "options": {"client_timeout": 0}})],
        "transports[0].options.client_timeout: got 0, expected an integer from 1 to 86400 (seconds)",
    ),
    # auth
    (
        [("transports.0.auth", {"ticket": {"principals": {"joe": {"ticket": "x", "role": "anonimous"}}}})],
        'transports[0].auth.ticket.principals.joe.role: got "anonimous", expected a role of some realm ("anonymous"); did you mean "anonymous"?',
    ),
    (
        [("transports.0.auth", {"wampcra": {"users": {"joe": {"secret": "x"}}}})],
        "transports[0].auth.wampcra.users.joe.role: missing, expected a name without spaces",
    ),
    (
        [("transports.0.auth", {"ticket": {"type": "dynamik", "authenticator": "com.example.authenticate"}})],
        'transports[0].auth.ticket.type: got "dynamik", expected "static", "jwt", "dynamic" or "function"; did you mean "dynamic"?',
    ),
    (
        [("transports.0.auth.anonymous.role", "anonymus")],
        'transports[0].auth.anonymous.role: got "anonymus", expected a role of some realm ("anonymous"); did you mean "anonymous"?',
    ),
    # universal
    *(
        (
            [("transports.0", UNIVERSAL), (f"transports.0.{place}.auth", {"anonymous": {"role": "guest"}})],
            f'transports[0].{place}.auth.anonymous.role: got "guest", expected a role of some realm ("anonymous")',
        )
        for place in ("rawsocket", "websocket.ws", "web.paths.lp")
    ),
    (
        [("transports.0", {**UNIVERSAL, "web": {"paths": {"ws": {"type": "nodeinfo"}}}})],
        'transports[0].web: got {"paths": {"ws": {"type": "nodeinfo"}}}, expected paths that websocket has not; both have "ws"',
    ),
    (
        [("transports.0", {"type": "universal", "endpoint": {"type": "unix", "path": "s"}})],
        'transports[0]: got {"type": "universal", "endpoint": {"type": "unix", "path": …, expected at least one of "rawsocket", "websocket" and "web"',
    ),
    (
        [("transports.0", WEB), ("transports.0.paths.ws.auth", {"anonymous": {"role": "guest"}})],
        'transports[0].paths.ws.auth.anonymous.role: got "guest", expected a role of some realm ("anonymous")',
    ),
    (
        [("realms.0.roles.0.name", "visitor")],
        'transports[0].auth: missing, so peers would get the role "anonymous", expected a realm with that role',
    ),
    ([("transports.0.auth.anonymus", {})], 'transports[0].auth.anonymus: unknown field; did you mean "anonymous"?'),
    # components
    (
        [("components", [{**COMPONENT, "realm": "relam1"}])],
        'components[0].realm: got "relam1", expected a realm of this file ("realm1"); did you mean "realm1"?',
    ),
    (
        [("components", [{**COMPONENT, "role": "worker"}])],
        'components[0].role: got "worker", expected a role of "realm1" ("anonymous")',
    ),
    (
        [("components", [{**COMPONENT, "classname": "Clock"}])],
        'components[0].classname: got "Clock", expected a class with its module, such as "package.module.Class"',
    ),
    (
        [("components", [{**COMPONENT, "type": "clas"}])],
        'components[0].type: got "clas", expected "class", "function", "guest" or "http"; did you mean "class"?',
    ),
    (
        [("transports.0.endpoint", {"type": "tcp", "port": 1, "portrange": [1, 2]})],
        'transports[0].endpoint: got {"type": "tcp", "port": 1, "portrange": [1, 2]}, expected either "port" or "portrange"',
    ),
    (
        [("transports.0.endpoint", {"type": "tcp", "portrange": [9, 1]})],
        "transports[0].endpoint.portrange: got [9, 1], expected two ports, the lower one first",
    ),
    (
        [("transports.0.endpoint", {"type": "tcp", "portrange": [1]})],
        "transports[0].endpoint.portrange: got [1], expected two ports, the lower one first",
    ),
    (
        [("transports.0.endpoint", {"type": "tcp", "portrange": [1, "x"]})],
        'transports[0].endpoint.portrange[1]: got "x", expected an integer from 0 to 65535',
    ),
    (
        [("components", [{"type": "guest", "executable": "x", "options": {"env": {"inherit": "all"}}}])],
        'components[0].options.env.inherit: got "all", expected true, false or a list of names',
    ),
    (
        [("components", [{"type": "guest", "executable": "x", "options": {"stdin": "open"}}])],
        'components[0].options.stdin: got "open", expected an object or "close"',
    ),
    (
        [("components", [{"type": "function", "callbacks": {"jion": "a.b"}, "realm": "realm1", "role": "anonymous"}])],
        'components[0].callbacks.jion: unknown field; did you mean "join"?',
    ),
    (
        [("components", [{**COMPONENT, "id": "a"}, {**COMPONENT, "id": "a"}])],
        'components[1].id: got "a", expected another id than that of components[0]',
    ),
]


@pytest.mark.parametrize(("changes", "line"), MISTAKES, ids=[line.partition(", expected")[0] for _, line in MISTAKES])
def test_a_mistake_is_one_line(changes: list[tuple[str, Any]], line: str) -> None:
    """A single mistake is told by exactly one line, with its place, its value and what was expected."""
    assert lines(changed(*changes)) == [f"router.json: {line}"]


def test_the_document_these_start_from_is_valid() -> None:
    """The document that the other tests change has no mistake itself."""
    assert lines(SMALLEST) == []


def test_all_mistakes_are_told_at_once() -> None:
    """Mistakes of shape, of names and of the environment come together, each once."""
    document = changed(
        ("transports.0.endpoint.port", "${PORT}"),
        ("transports.0.max_connections", "many"),
        ("components", [{**COMPONENT, "realm": "other"}]),
    )
    assert lines(document) == [
        "router.json: transports[0].endpoint.port: the environment has no variable PORT, expected one (or ${PORT:-default})",
        'router.json: transports[0].max_connections: got "many", expected an integer from 1 to 10000000',
        'router.json: components[0].realm: got "other", expected a realm of this file ("realm1")',
    ]


def test_a_document_that_is_no_object_is_told_without_a_place() -> None:
    """A list where the whole configuration should be has no place to name."""
    assert lines([1]) == ["router.json: got [1], expected an object"]


def test_missing_realms_are_not_told_again_as_unknown_roles() -> None:
    """Without realms every role is unknown; only the cause is told."""
    assert lines(changed(("realms", REMOVED), ("components", [COMPONENT]))) == [
        "router.json: realms: missing, expected a list with at least one realm"
    ]


def test_entries_that_are_all_wrong_are_not_told_again_as_an_empty_list() -> None:
    """pydantic sees a list without valid entries as too short; the operator sees its entries."""
    assert lines(changed(("realms", [1]))) == ["router.json: realms[0]: got 1, expected an object"]


def test_a_long_value_is_shortened() -> None:
    """A value of a thousand characters does not push the expectation off the screen."""
    [line] = lines(changed(("transports.0.endpoint.port", "x" * 1000)))
    assert line.endswith("xxx…, expected an integer from 0 to 65535")
    assert len(line) < 160


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", "\u2028", "\ud800"])
def test_a_value_cannot_break_the_line_or_the_terminal(text: str) -> None:
    """Control characters, line separators and lone surrogates are escaped, in values and in names."""
    for line in lines(changed(("version", text), (text, 1))):
        assert line.isprintable()


def test_a_name_that_is_no_string_is_told() -> None:
    """YAML allows numbers as names; the configuration does not."""
    document: dict[Any, Any] = {**changed(), 8080: 1}
    assert lines(document) == ["router.json: got the name 8080, expected a string"]
