"""Each weakness of the audit is found where it is, and is not found in a configuration that is as it should be."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.wamprouter.config.documents import REMOVED, changed
from wamprouter.auth.hashes import Argon2id, Scrypt, make
from wamprouter.cli.audit import view
from wamprouter.config.audit import WEAKNESSES, Certificate, Imagined, Severity, audit, count
from wamprouter.config.loading import Checked, checked, opened
from wamprouter.config.problems import ABSENT, lookup, printed

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FOLDER = Path("/etc/wamprouter")
FILE = FOLDER / "router.json"
TICKET = "correct horse battery staple"
DERIVED = "R6OY8mO4f2tlNvXcP3RwZZmoxzUihV/hLoRjyIGN2c4="
SALTED = {"secret": DERIVED, "salt": "6cb12f0808022068", "iterations": 100_000, "keylen": 32, "role": "service"}
SCRAM = {
    "kdf": "pbkdf2",
    "iterations": 600_000,
    "salt": "5c" * 16,
    "stored-key": "ab" * 32,
    "server-key": "cd" * 32,
    "role": "service",
}
CERTIFICATE = FOLDER / "fullchain.pem"
DENIED = {"uri": "com.example.authenticate"}

HARDENED: dict[str, Any] = {
    "version": 1,
    "pythonpath": ["lib"],
    "realms": [
        {
            "name": "realm1",
            "roles": [
                {
                    "name": "visitor",
                    "permissions": [{"uri": "com.example.public.*", "allow": {"call": True, "subscribe": True}}],
                },
                {"name": "service", "permissions": [{"uri": "com.example.*", "allow": "all"}, DENIED]},
                {
                    "name": "admin",
                    "permissions": [
                        {"uri": "wamp.session.kill", "allow": {"call": True}},
                        {"uri": "com.example.authenticate", "allow": {"register": True}},
                    ],
                },
            ],
        }
    ],
    "transports": [
        {
            "type": "web",
            "endpoint": {
                "type": "tcp",
                "port": 443,
                "interface": "0.0.0.0",
                "tls": {"key": "privkey.pem", "certificate": "fullchain.pem", "minimum_version": "1.3"},
            },
            "max_connections": 2000,
            "options": {"hsts": True},
            "paths": {
                "/": {"type": "static", "directory": "/srv/web"},
                "ws": {
                    "type": "websocket",
                    "cookie": {"store": {"type": "file", "filename": "/var/lib/wamprouter/cookies"}},
                    "auth": {
                        "cookie": {},
                        "anonymous": {"role": "visitor"},
                        "ticket": {
                            "principals": {"joe": {"ticket": make(TICKET, "scrypt", bytes(16)), "role": "service"}}
                        },
                        "wampcra": {"users": {"ann": SALTED}},
                        "scram": {"principals": {"eve": SCRAM}},
                        "cryptosign": {"principals": {"root": {"authorized_keys": ["12" * 32], "role": "admin"}}},
                    },
                    "options": {
                        "allowed_origins": ["https://app.example.com"],
                        "allow_null_origin": False,
                        "message_rate": 100,
                        "max_message_size": 65536,
                        "outbound_queue_limit": 1048576,
                    },
                },
            },
        },
        {
            "type": "rawsocket",
            "endpoint": {"type": "unix", "path": "/run/wamprouter/router.sock"},
            "auth": {"anonymous": {"role": "service"}},
        },
        {
            "type": "rawsocket",
            "endpoint": {
                "type": "tcp",
                "port": 8444,
                "interface": "0.0.0.0",
                "tls": {
                    "key": "privkey.pem",
                    "certificate": "fullchain.pem",
                    "minimum_version": "1.3",
                    "ca_certificates": ["services.pem"],
                },
            },
            "auth": {"tls": {"principals": {"sensor": {"certificate-sha256": "ef" * 32, "role": "service"}}}},
        },
    ],
}

WS = "transports.0.paths.ws"
OPTIONS = f"{WS}.options"
PERMISSIONS = "realms.0.roles.{}.permissions"
VISITORS, SERVICES, ADMINS = (PERMISSIONS.format(number) for number in range(3))

# A proxy on this machine ends TLS for a page and its WebSocket.
PROXIED = (
    ("transports.0.endpoint", {"type": "tcp", "port": 8080}),
    ("transports.0.trusted_proxies", ["127.0.0.1"]),
    (f"{WS}.cookie.secure", True),
)
# Nobody but this machine gets there.
LOCAL = (("transports.0.endpoint", {"type": "tcp", "port": 8080}),)


def machine(**more: Any) -> Imagined:
    """Return a machine on which everything is as it should be."""
    modes = {
        FILE: stat.S_IFREG | 0o640,
        FOLDER / "privkey.pem": stat.S_IFREG | 0o600,
        CERTIFICATE: stat.S_IFREG | 0o644,
        FOLDER / "services.pem": stat.S_IFREG | 0o644,
        FOLDER / "lib": stat.S_IFDIR | 0o755,
        Path("/var/lib/wamprouter/cookies"): stat.S_IFREG | 0o600,
        Path("/run/wamprouter"): stat.S_IFDIR | 0o750,
        Path("/run"): stat.S_IFDIR | 0o755,
        Path("/"): stat.S_IFDIR | 0o755,
        **more.pop("modes", {}),
    }
    certificates = more.pop("certificates", {CERTIFICATE: Certificate(NOW + timedelta(days=60), [], [])})
    return Imagined(NOW, modes=modes, certificates=certificates, **more)


def found_in(
    document: Any, on: Imagined | None = None, environ: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """Return the names of what is found, with the place of each."""
    opened = checked(document, source="router.json", folder=FOLDER, environ=environ or {})
    return [
        (each.weakness.name, printed(opened.original(each.problem).place))
        for each in audit(view(FILE, opened, on or machine()))
    ]


def hardened(*changes: tuple[str, Any]) -> dict[str, Any]:
    return changed(*changes, base=HARDENED)


class Case(NamedTuple):
    """A weakness, what has it, where it is found, and what is like it and has it not."""

    name: str
    weak: tuple[tuple[str, Any], ...]
    places: tuple[str, ...]
    strong: tuple[tuple[str, Any], ...] = ()
    on: Callable[[], Imagined] = machine
    also: tuple[str, ...] = ()
    """Other weaknesses that come with it."""


ALL = {"uri": "*", "allow": "all"}
AT_WS = "transports[0].paths.ws"
TLS_AT = "transports[0].endpoint.tls"
BOTH = (f"{TLS_AT}.certificate", "transports[2].endpoint.tls.certificate")


def principals(method: str, **entries: Any) -> tuple[str, dict[str, Any]]:
    return f"{WS}.auth.{method}.{'users' if method == 'wampcra' else 'principals'}", entries


def ticket(secret: str) -> tuple[str, dict[str, Any]]:
    return principals("ticket", joe={"ticket": secret, "role": "service"})


def certificate(
    days: float = 60, warnings: tuple[str, ...] = (), flaws: tuple[str, ...] = ()
) -> Callable[[], Imagined]:
    made = Certificate(NOW + timedelta(days=days), list(warnings), list(flaws))
    return lambda: machine(certificates={CERTIFICATE: made})


def bridge(kind: str, **options: Any) -> tuple[str, dict[str, Any]]:
    return "transports.0.paths.bridge", {"type": kind, "realm": "realm1", "role": "visitor", "options": options}


def with_mode(path: str | Path, mode: int) -> Callable[[], Imagined]:
    return lambda: machine(modes={Path(path): mode})


DYNAMIC = (f"{WS}.auth.ticket", {"type": "dynamic", "authenticator": "com.example.authenticate"})
AUTHORIZED = {"name": "guest", "authorizer": "com.example.authorize"}

CASES = [
    # -- the router itself
    Case(
        "anonymous-operators",
        (("admin", {"auth": {"anonymous": {"role": "admin"}}}),),
        ("admin.auth.anonymous",),
        (("admin", {"auth": {"ticket": {"principals": {"eve": {"ticket": "${TICKET}", "role": "admin"}}}}}),),
        also=("strangers-kill",),
    ),
    Case(
        "open-metrics",
        (("admin", {"endpoint": {"type": "tcp", "port": 8090, "interface": "0.0.0.0"}}),),
        ("admin.endpoint",),
        (("admin", {}),),
        also=("credentials-in-the-clear", "any-origin"),
    ),
    Case(
        "open-metrics",
        (("transports.0.paths.metrics", {"type": "metrics"}),),
        ("transports[0].paths.metrics",),
        (("transports.0.paths.healthz", {"type": "healthz"}),),
    ),
    # -- access
    Case(
        "open-to-strangers",
        (("insecure", True), (f"{VISITORS}.0", ALL)),
        ("transports[0].endpoint",),
        (("insecure", True), (f"{VISITORS}.0", {"uri": "*", "allow": {"call": True}}), ("insecure", False)),
    ),
    Case("open-to-strangers", (*PROXIED, (f"{VISITORS}.0", ALL)), ("transports[0].endpoint",), PROXIED),
    Case("needlessly-insecure", (("insecure", True),), ("insecure",), (("insecure", False),)),
    Case(
        "strangers-register",
        ((f"{VISITORS}.0.allow", {"call": True, "register": True}),),
        ("realms[0].roles[0].permissions[0].allow",),
        ((f"{VISITORS}.0.allow", {"call": True, "publish": True}),),
    ),
    Case(
        "strangers-decide",
        (DYNAMIC, (f"{VISITORS}.1", {"uri": "com.*.authenticate", "allow": {"register": True}})),
        ("realms[0].roles[0].permissions[1]",),
        (DYNAMIC, (f"{VISITORS}.1", {"uri": "com.*.authenticate", "allow": {"call": True}})),
        also=("strangers-register",),
    ),
    # On loopback too: any program and many a page connects.
    Case(
        "strangers-decide",
        (*LOCAL, DYNAMIC, (f"{VISITORS}.0", ALL)),
        ("realms[0].roles[0].permissions[0]",),
        (*LOCAL, DYNAMIC, (f"{VISITORS}.0", ALL), (f"{VISITORS}.1", DENIED)),
        also=("strangers-ask",),
    ),
    # An authorizer is as good as an authenticator.
    Case(
        "strangers-decide",
        (("realms.0.roles.3", AUTHORIZED), (f"{VISITORS}.0", {"uri": "com.example.*", "allow": {"register": True}})),
        ("realms[0].roles[0].permissions[0]",),
        (
            ("realms.0.roles.3", AUTHORIZED),
            (f"{VISITORS}.0", {"uri": "com.example.*", "allow": {"register": True}}),
            (f"{VISITORS}.1", {"uri": "com.example.authorize"}),
            (f"{SERVICES}.2", {"uri": "com.example.authorize"}),
        ),
        also=("strangers-register", "others-decide"),
    ),
    Case(
        "others-decide",
        (DYNAMIC, (SERVICES, [{"uri": "com.example.*", "allow": "all"}])),
        ("realms[0].roles[1].permissions[0]",),
        (DYNAMIC,),
        also=("others-ask",),
    ),
    Case(
        "strangers-ask",
        (DYNAMIC, (f"{VISITORS}.0", {"uri": "com.example.*", "allow": {"call": True}})),
        ("realms[0].roles[0].permissions[0]",),
        (DYNAMIC, (f"{VISITORS}.0", {"uri": "com.example.*", "allow": {"call": True}}), (f"{VISITORS}.1", DENIED)),
    ),
    # Who asks an authorizer learns what it may itself.
    Case(
        "strangers-ask",
        (DYNAMIC, (f"{VISITORS}.0", {"uri": "com.example.*", "allow": {"call": True}})),
        ("realms[0].roles[0].permissions[0]",),
        (("realms.0.roles.3", AUTHORIZED), (f"{VISITORS}.0", {"uri": "com.example.*", "allow": {"call": True}})),
    ),
    Case(
        "others-ask",
        (DYNAMIC, (f"{SERVICES}.1", {"uri": "com.example.authent*", "allow": {"call": True}})),
        ("realms[0].roles[1].permissions[1]",),
        (DYNAMIC, (f"{SERVICES}.1", {**DENIED, "allow": {"call": True}})),  # in words, so it is meant
    ),
    Case(
        "strangers-kill",
        ((f"{VISITORS}.1", {"uri": "wamp.*", "allow": {"call": True}}),),
        ("realms[0].roles[0].permissions[1]",),
        ((f"{VISITORS}.1", {"uri": "*", "allow": {"call": True}}),),  # which does not reach as far as that
    ),
    Case(
        "kill-by-pattern",
        ((f"{ADMINS}.0", {"uri": "wamp.session.*", "allow": {"call": True}}),),
        ("realms[0].roles[2].permissions[0]",),
        ((f"{ADMINS}.0", {"uri": "wamp.session.kill_all", "allow": {"call": True}}),),
    ),
    Case(
        "everything-for-many",
        ((f"{SERVICES}.0", ALL),),
        ("realms[0].roles[1].permissions[0].allow",),
        ((f"{SERVICES}.0", {"uri": "*", "allow": {"call": True, "publish": True}}),),
    ),
    Case(
        "everything-disclosed",
        (("realms.0.roles.1.disclose", {"caller": True, "publisher": True}),),
        ("realms[0].roles[1].disclose",),
        (("realms.0.roles.1.disclose", {"caller": True}),),
    ),
    Case(
        "everything-disclosed",
        ((f"{SERVICES}.0", {"uri": "*", "allow": {"call": True}, "disclose": {"caller": True, "publisher": True}}),),
        ("realms[0].roles[1].permissions[0].disclose",),
        (
            (
                f"{SERVICES}.0",
                {
                    **HARDENED["realms"][0]["roles"][1]["permissions"][0],
                    "disclose": {"caller": True, "publisher": True},
                },
            ),
        ),
    ),
    # -- encryption
    Case(
        "credentials-in-the-clear",
        (("transports.0.endpoint.tls", REMOVED), ("transports.0.options.hsts", False)),
        (f"{AT_WS}.auth.cookie", f"{AT_WS}.auth.wampcra", f"{AT_WS}.auth.ticket"),
        LOCAL,
    ),
    Case(
        "no-tls",
        (("transports.2.endpoint.tls", REMOVED), ("transports.2.auth", {"scram": {"principals": {"eve": SCRAM}}})),
        ("transports[2].endpoint",),
        (("transports.2.auth", {"scram": {"principals": {"eve": SCRAM}}}),),
    ),
    Case("refused-certificate", (), BOTH, on=certificate(-1, ("it expired",))),
    Case("expiring-certificate", (), BOTH, on=certificate(13)),
    Case("weak-certificate", (), BOTH, on=certificate(flaws=("key has 1024 bits",))),
    Case(
        "old-tls",
        (("transports.0.endpoint.tls.minimum_version", "1.2"),),
        (f"{TLS_AT}.minimum_version",),
        (("transports.0.endpoint.tls.minimum_version", "1.3"),),
    ),
    Case(
        "weak-ciphers",
        (
            ("transports.0.endpoint.tls.minimum_version", "1.2"),
            ("transports.0.endpoint.tls.ciphers", "GOOD:AES128-SHA"),
        ),
        (f"{TLS_AT}.ciphers",),
        (
            ("transports.0.endpoint.tls.minimum_version", "1.3"),
            ("transports.0.endpoint.tls.ciphers", "GOOD:AES128-SHA"),
        ),
        on=lambda: machine(weak=["AES128-SHA"]),
        also=("old-tls",),
    ),
    Case(
        "optional-certificates",
        (("transports.2.endpoint.tls.client_certificate", "optional"),),
        ("transports[2].endpoint.tls.client_certificate",),
        (
            ("transports.2.endpoint.tls.client_certificate", "optional"),
            ("transports.2.auth.scram", {"principals": {"eve": SCRAM}}),
        ),
    ),
    Case("no-hsts", (("transports.0.options.hsts", False),), ("transports[0].options.hsts",)),
    # -- the HTTP bridge
    Case(
        "unsigned-requests",
        (bridge("publisher"),),
        ("transports[0].paths.bridge",),
        (bridge("publisher", key="k", secret="${TICKET}"),),
    ),
    Case(
        "unsigned-requests",
        (bridge("webhook", topic="com.example.a"),),
        ("transports[0].paths.bridge",),
        (bridge("webhook", topic="com.example.a", github_secret="${TICKET}"),),
    ),
    Case(
        "unsigned-requests",
        (bridge("caller"),),
        ("transports[0].paths.bridge",),
        (bridge("caller", require_ip=["10.0.0.0/8"]),),
    ),
    Case(
        "any-page-may-post",
        (*LOCAL, bridge("caller", cors={"allowed_origins": ["*"]})),
        ("transports[0].paths.bridge.options.cors.allowed_origins",),
        (*LOCAL, bridge("caller", cors={"allowed_origins": ["https://app.example.com"]})),
    ),
    Case(
        "sha1-signature",
        (bridge("webhook", topic="com.example.a", github_secret="${TICKET}", allow_sha1=True),),
        ("transports[0].paths.bridge.options.allow_sha1",),
        (bridge("webhook", topic="com.example.a", github_secret="${TICKET}"),),
    ),
    # -- credentials
    Case("plain-ticket", (ticket(TICKET),), (f"{AT_WS}.auth.ticket.principals.joe.ticket",), (ticket("${TICKET}"),)),
    Case(
        "plain-password",
        (principals("wampcra", ann={**SALTED, "secret": TICKET}),),
        (f"{AT_WS}.auth.wampcra.users.ann.secret",),
        (principals("wampcra", ann=SALTED),),
    ),
    Case(
        "unsalted-secret",
        (principals("wampcra", ann={"secret": TICKET, "role": "service"}),),
        (f"{AT_WS}.auth.wampcra.users.ann.secret",),
        (principals("wampcra", ann=SALTED),),
    ),
    Case(
        "short-secret",
        (ticket("${SHORT}"),),
        (f"{AT_WS}.auth.ticket.principals.joe.ticket",),
        (ticket("${TICKET}"),),
    ),
    Case(
        "short-secret",
        (principals("wampcra", ann={"secret": "123456789012345", "role": "service"}),),
        (f"{AT_WS}.auth.wampcra.users.ann.secret",),
        (principals("wampcra", ann=SALTED),),
        also=("unsalted-secret",),
    ),
    Case(
        "cheap-derivation",
        (
            principals("wampcra", ann={**SALTED, "iterations": 1000}),
            principals("scram", eve={**SCRAM, "iterations": 4096}),
            ticket(str(Scrypt(10, 8, 1, bytes(16), bytes(32)))),
        ),
        (
            f"{AT_WS}.auth.scram.principals.eve.iterations",
            f"{AT_WS}.auth.wampcra.users.ann.iterations",
            f"{AT_WS}.auth.ticket.principals.joe.ticket",
        ),
        (
            principals("scram", eve={**SCRAM, "kdf": "argon2id-13", "iterations": 3, "memory": 65536}),
            ticket(str(Argon2id(65536, 3, 1, bytes(16), bytes(32)))),
        ),
    ),
    Case(
        "cheap-derivation",
        (principals("scram", eve={**SCRAM, "kdf": "argon2id-13", "iterations": 1, "memory": 1024}),),
        (f"{AT_WS}.auth.scram.principals.eve.memory",),
    ),
    Case(
        "shared-secret",
        (principals("wampcra", ann=SALTED, bob=SALTED),),
        (f"{AT_WS}.auth.wampcra.users.bob.secret",),
        (("transports.2.auth.wampcra", {"users": {"ann": SALTED}}),),  # the same user at another door
    ),
    Case(
        "shared-secret",
        (
            principals(
                "cryptosign",
                root={"authorized_keys": ["fe" * 32], "role": "admin"},
                toor={"authorized_keys": ["01" * 32, "FE" * 32], "role": "admin"},
            ),
        ),
        (f"{AT_WS}.auth.cryptosign.principals.toor.authorized_keys[1]",),
    ),
    Case(
        "sha1-fingerprint",
        (("transports.2.auth.tls.principals.sensor", {"certificate-sha1": "ef" * 20, "role": "service"}),),
        ("transports[2].auth.tls.principals.sensor.certificate-sha1",),
        (("transports.2.auth.tls.principals.sensor.certificate-sha1", "ef" * 20),),
    ),
    Case(
        "names-principals",
        ((f"{WS}.auth.name_unknown_principals", True),),
        (f"{AT_WS}.auth.name_unknown_principals",),
    ),
    Case(
        "long-leeway",
        (
            (
                f"{WS}.auth.ticket",
                {"type": "jwt", "jwks": "k", "issuer": "i", "audience": "a", "roles": ["service"], "leeway": 600},
            ),
        ),
        (f"{AT_WS}.auth.ticket.leeway",),
        ((f"{WS}.auth.ticket", {"type": "jwt", "jwks": "k", "issuer": "i", "audience": "a", "roles": ["service"]}),),
    ),
    # -- browsers
    Case(
        "any-origin-with-credentials", ((f"{OPTIONS}.allowed_origins", ["*"]),), (f"{AT_WS}.options.allowed_origins",)
    ),
    Case(
        "any-origin-with-credentials",
        (
            (f"{OPTIONS}.allowed_origins", ["https://*"]),
            ("transports.0.endpoint.tls.ca_certificates", ["services.pem"]),
        ),
        (f"{AT_WS}.options.allowed_origins",),
        ((f"{OPTIONS}.allowed_origins", ["*"]), (f"{WS}.auth.cookie", REMOVED)),
    ),
    Case(
        "any-origin-inside",
        (*LOCAL, (f"{OPTIONS}.allowed_origins", ["*"]), (f"{WS}.auth.cookie", REMOVED)),
        (f"{AT_WS}.options.allowed_origins",),
        (
            *LOCAL,
            (f"{OPTIONS}.allowed_origins", ["*"]),
            (f"{WS}.auth.cookie", REMOVED),
            (f"{WS}.auth.anonymous", REMOVED),
        ),
    ),
    Case(
        "any-origin-inside",
        (
            ("transports.0.endpoint.interface", "192.168.1.5"),
            (f"{OPTIONS}.allowed_origins", ["*"]),
            (f"{WS}.auth.cookie", REMOVED),
        ),
        (f"{AT_WS}.options.allowed_origins",),
        (("transports.0.endpoint.interface", "192.168.1.5"), (f"{WS}.auth.cookie", REMOVED)),
    ),
    Case(
        "any-origin",
        ((f"{OPTIONS}.allowed_origins", ["*"]), (f"{WS}.auth.cookie", REMOVED)),
        (f"{AT_WS}.options.allowed_origins",),
        (*LOCAL, (f"{OPTIONS}.allowed_origins", ["*"]), (f"{WS}.auth.cookie", REMOVED)),
    ),
    Case("null-origin", ((f"{OPTIONS}.allow_null_origin", True),), (f"{AT_WS}.options.allow_null_origin",)),
    Case(
        "cookie-for-other-sites",
        ((f"{WS}.cookie.same_site", "None"),),
        (f"{AT_WS}.cookie.same_site",),
        ((f"{WS}.cookie.same_site", "strict"),),
    ),
    Case(
        "cookie-without-tls",
        ((f"{WS}.cookie.secure", False),),
        (f"{AT_WS}.cookie.secure",),
        ((f"{WS}.cookie.secure", True),),
    ),
    Case("cookie-without-tls", (*PROXIED, (f"{WS}.cookie.secure", REMOVED)), (f"{AT_WS}.cookie.secure",), PROXIED),
    Case("cookie-for-scripts", ((f"{WS}.cookie.http_strict", False),), (f"{AT_WS}.cookie.http_strict",)),
    Case(
        "lasting-cookie",
        ((f"{WS}.cookie.max_age", 31 * 86_400),),
        (f"{AT_WS}.cookie.max_age",),
        ((f"{WS}.cookie.max_age", 30 * 86_400),),
    ),
    Case(
        "listed-folders",
        (("transports.0.paths./.options.enable_directory_listing", True),),
        ('transports[0].paths["/"].options.enable_directory_listing',),
    ),
    Case(
        "missing-headers",
        (("transports.0.options.headers", {"X-Frame-Options": None, "x-content-type-options": None}),),
        ("transports[0].options.headers",),
        (
            (
                "transports.0.options.headers",
                {"X-Frame-Options": None, "Content-Security-Policy": "frame-ancestors 'none'"},
            ),
        ),
    ),
    Case("server-version", ((f"{OPTIONS}.show_server_version", True),), (f"{AT_WS}.options.show_server_version",)),
    Case(
        "server-version",
        (("transports.0.options.show_server_version", True),),
        ("transports[0].options.show_server_version",),
    ),
    # -- limits
    Case(
        "no-message-rate",
        ((f"{OPTIONS}.message_rate", 0),),
        (f"{AT_WS}.options.message_rate",),
        ((f"{OPTIONS}.message_rate", 0), (f"{WS}.auth.anonymous", REMOVED)),
    ),
    Case(
        "no-join-limit",
        (("limits.joins_per_second", 0),),
        ("limits.joins_per_second",),
        (("limits.joins_per_second", 5),),
    ),
    Case("no-address-limit", (("limits.connections_per_address", 0),), ("limits.connections_per_address",)),
    Case("no-principal-limit", (("limits.sessions_per_principal", 0),), ("limits.sessions_per_principal",)),
    Case(
        "trusts-everybody",
        (("transports.0.trusted_proxies", ["127.0.0.1", "0.0.0.0/0", "::/0"]),),
        ("transports[0].trusted_proxies[1]", "transports[0].trusted_proxies[2]"),
        (("transports.0.trusted_proxies", ["unix", "10.0.0.0/8", "fd00::/16"]),),
    ),
    Case(
        "patient",
        (
            (f"{OPTIONS}.hello_timeout", 30_001),
            (f"{OPTIONS}.authentication_timeout", 60_001),
            (f"{OPTIONS}.open_handshake_timeout", 30_001),
            ("transports.2.options.handshake_timeout", 30_001),
            ("transports.0.options.client_timeout", 601),
        ),
        (
            "transports[2].options.handshake_timeout",
            f"{AT_WS}.options.open_handshake_timeout",
            f"{AT_WS}.options.hello_timeout",
            f"{AT_WS}.options.authentication_timeout",
            "transports[0].options.client_timeout",
        ),
        ((f"{OPTIONS}.hello_timeout", 30_000), (f"{OPTIONS}.authentication_timeout", 60_000)),
    ),
    Case("no-pings", ((f"{OPTIONS}.auto_ping_interval", 0),), (f"{AT_WS}.options.auto_ping_interval",)),
    Case(
        "more-than-memory",
        (("transports.0.max_connections", 10_000),),
        ("transports[0].max_connections",),
        (("transports.0.max_connections", 10_000), (f"{WS}.auth.anonymous", REMOVED)),
    ),
    # -- files
    Case("writable-files", (), ("",), on=with_mode(FILE, stat.S_IFREG | 0o642)),
    # Who may add files to a folder of code may do everything, although nobody may replace those of others there.
    Case("writable-files", (), ("",), on=with_mode(FOLDER, stat.S_IFDIR | stat.S_ISVTX | 0o777)),
    Case("writable-files", (), ("pythonpath[0]",), on=with_mode(FOLDER / "lib", stat.S_IFDIR | 0o777)),
    Case(
        "writable-files",
        (("transports.2.endpoint.tls.ca_certificates", ["/srv/ca.pem"]),),
        ("transports[2].endpoint.tls.ca_certificates[0]",),
        on=with_mode("/srv/ca.pem", stat.S_IFREG | 0o666),
    ),
    Case("readable-secrets", (), ("",), on=with_mode(FILE, stat.S_IFREG | 0o644)),
    Case(
        "readable-secrets",
        (),
        (f"{AT_WS}.cookie.store.filename",),
        on=with_mode("/var/lib/wamprouter/cookies", stat.S_IFREG | 0o644),
    ),
    Case(
        "readable-secrets",
        (),
        (f"{TLS_AT}.key", "transports[2].endpoint.tls.key"),
        on=with_mode(FOLDER / "privkey.pem", stat.S_IFREG | 0o604),
    ),
    Case(
        "served-secrets",
        (("transports.0.paths./.directory", "."),),
        ('transports[0].paths["/"].directory', 'transports[0].paths["/"].directory'),
        (("transports.0.paths./.directory", "web"),),
    ),
    Case(
        "shared-folder",
        (("transports.1.endpoint.path", "/tmp/router.sock"),),
        ("transports[1].endpoint.path",),
        on=with_mode("/tmp", stat.S_IFDIR | stat.S_ISVTX | 0o777),
        also=("open-socket",),
    ),
    Case(
        "open-socket",
        (),
        ("transports[1].endpoint.path",),
        (("transports.1.auth", {"scram": {"principals": {"eve": SCRAM}}}),),
        on=with_mode("/run/wamprouter", stat.S_IFDIR | 0o755),
    ),
]
ENVIRON = {"TICKET": TICKET, "SHORT": "short"}


def identity(case: Case) -> str:
    return case.name


def test_nothing_is_found_in_a_configuration_that_is_as_it_should_be() -> None:
    """Of this one, the tests below spoil one thing at a time."""
    assert found_in(HARDENED) == []


@pytest.mark.parametrize("case", CASES, ids=identity)
def test_a_weakness_is_found_where_it_is(case: Case) -> None:
    """And nothing else is, but for what comes with it."""
    found = found_in(hardened(*case.weak), case.on(), ENVIRON)
    assert [place for name, place in found if name == case.name] == list(case.places)
    assert {name for name, _ in found} == {case.name, *case.also}


@pytest.mark.parametrize("case", CASES, ids=identity)
def test_what_is_like_it_is_not_found(case: Case) -> None:
    """The fix that the line names, or what has the same look and does no harm."""
    on = case.on() if case.strong else machine()
    assert case.name not in {name for name, _ in found_in(hardened(*case.strong), on, ENVIRON)}


def on_universal_port() -> dict[str, Any]:
    """Return the configuration that is as it should be, on a universal port and with long-poll."""
    document = changed(base=HARDENED)
    transport = document["transports"][0]
    service = transport["paths"].pop("ws")
    longpoll = changed(("type", "longpoll"), ("options.outbound_queue_limit", REMOVED), base=service)
    document["transports"][0] = {
        "type": "universal",
        "endpoint": transport["endpoint"],
        "max_connections": transport["max_connections"],
        "rawsocket": {"auth": {"ticket": service["auth"]["ticket"]}},
        "websocket": {"ws": service},
        "web": {"options": transport["options"], "paths": {**transport["paths"], "lp": longpoll}},
    }
    return document


ON_UNIVERSAL = [
    ("any-origin-with-credentials", "websocket.ws.options.allowed_origins", ["*"]),
    ("any-origin-with-credentials", "web.paths.lp.options.allowed_origins", ["*"]),
    ("null-origin", "web.paths.lp.options.allow_null_origin", True),
    ("cookie-for-scripts", "web.paths.lp.cookie.http_strict", False),
    ("server-version", "web.options.show_server_version", True),
    ("missing-headers", "web.options.headers", {"X-Frame-Options": None}),
    ("no-hsts", "web.options.hsts", False),
    ("no-pings", "rawsocket.options.auto_ping_interval", 0),
    ("patient", "handshake_timeout", 60_000),
    ("patient", "rawsocket.options.handshake_timeout", 60_000),
    ("patient", "web.options.client_timeout", 3600),
]


def test_nothing_is_found_on_a_universal_port_that_is_as_it_should_be() -> None:
    """As of the same services on ports of their own."""
    assert found_in(on_universal_port()) == []


@pytest.mark.parametrize(("name", "place", "value"), ON_UNIVERSAL)
def test_a_weakness_of_a_universal_port_is_found_where_it_is(name: str, place: str, value: Any) -> None:
    """In each of its parts, and in those of long-poll."""
    document = changed((f"transports.0.{place}", value), base=on_universal_port())
    assert found_in(document) == [(name, f"transports[0].{place}")]


def test_every_weakness_has_a_case() -> None:
    """Names are unique, because the documentation and --accept know a weakness by its name."""
    names = [weakness.name for weakness in WEAKNESSES]
    assert sorted(set(names)) == sorted(names)
    assert {case.name for case in CASES} == set(names)


# -- more than a line of the table can say


def test_the_role_of_a_component_may_provide_what_is_asked() -> None:
    """Nobody else gets it, so that nobody else can take its place."""
    authenticator = {"name": "inside", "permissions": [{"uri": "com.example.*", "allow": "all"}]}
    component = {"type": "class", "classname": "a.B", "realm": "realm1", "role": "inside"}
    assert found_in(hardened(DYNAMIC, ("realms.0.roles.3", authenticator), ("components", [component]))) == []


def test_an_authenticator_in_a_realm_of_its_own_is_out_of_reach() -> None:
    """Strangers may register what they like in theirs."""
    apart = {
        "name": "auth",
        "roles": [{"name": "authenticator", "permissions": [{"uri": "com.example.authenticate", "allow": "all"}]}],
    }
    asked = {"type": "dynamic", "authenticator": "com.example.authenticate", "authenticator-realm": "auth"}
    everything = (f"{VISITORS}.0", {"uri": "com.example.*", "allow": {"register": True}})
    names = {name for name, _ in found_in(hardened((f"{WS}.auth.ticket", asked), ("realms.1", apart), everything))}
    assert names == {"strangers-register"}


@pytest.mark.parametrize("realm", [None, "made.up"])
def test_an_authenticator_may_be_taken_over_in_a_realm_on_demand(realm: str | None) -> None:
    """The client chooses the realm, and there the role of the template counts."""
    template = {"roles": [{"name": "visitor", "permissions": [{"uri": "com.*", "allow": {"register": True}}]}]}
    asked = {"type": "dynamic", "authenticator": "com.example.authenticate", "authenticator-realm": realm}
    found = found_in(hardened((f"{WS}.auth.ticket", asked), ("realm_template", template)))
    assert ("strangers-decide", "realm_template.roles[0].permissions[0]") in found


def test_who_needs_a_certificate_is_no_stranger() -> None:
    """Anonymous peers there have what an authority has signed."""
    services = ("transports.2.auth", {"anonymous": {"role": "service"}})
    assert found_in(hardened(services)) == []
    assert "strangers-register" in {
        name for name, _ in found_in(hardened(services, ("transports.2.endpoint.tls.client_certificate", "optional")))
    }


def test_secrets_are_not_in_the_lines() -> None:
    """Whatever is weak about them: the lines end up in the logs of CI."""
    document = hardened(
        ticket("hunter2-ticket"),
        principals(
            "wampcra", ann={**SALTED, "secret": "hunter2-password"}, bob={"secret": "hunter2-ticket", "role": "service"}
        ),
    )
    opened = checked(document, source="router.json", folder=FOLDER, environ={})
    lines = opened.lines(each.problem for each in audit(view(FILE, opened, machine())))
    assert {"plain-ticket", "plain-password", "unsalted-secret", "short-secret", "shared-secret"} <= {
        line.rpartition(": ")[2].rstrip("]") for line in lines
    }
    assert [line for line in lines if "hunter2" in line] == []


def test_a_line_says_what_is_weak_what_to_write_and_its_name() -> None:
    """With the value, in one line."""
    opened = checked(hardened(("limits.joins_per_second", 0)), source="router.json", folder=FOLDER, environ={})
    assert opened.lines(each.problem for each in audit(view(FILE, opened, machine()))) == [
        "router.json: limits.joins_per_second: 0 lets one address try to join as often as it can; leave it out, or write 50 "
        "[medium: no-join-limit]"
    ]


@pytest.mark.parametrize("case", CASES, ids=identity)
def test_every_line_is_one_sentence_with_its_fix(case: Case) -> None:
    """No line break, nothing empty, one semicolon between what is weak and what to write."""
    opened = checked(hardened(*case.weak), source="router.json", folder=FOLDER, environ=ENVIRON)
    for each in audit(view(FILE, opened, case.on())):
        (line,) = opened.lines([each.problem])
        assert line.isprintable()
        assert each.spot.weak
        assert each.spot.fix
        assert ";" not in each.spot.fix


def test_what_is_accepted_is_left_out() -> None:
    """By its name."""
    opened = checked(
        hardened(("limits.joins_per_second", 0), ("limits.sessions_per_principal", 0)), folder=FOLDER, environ={}
    )
    found = audit(view(FILE, opened, machine()), accepted=["no-join-limit"])
    assert [each.weakness.name for each in found] == ["no-principal-limit"]


def test_they_are_counted_by_severity() -> None:
    """The worst first."""
    document = hardened(
        ("limits.joins_per_second", 0), ("limits.sessions_per_principal", 0), ("transports.0.options.hsts", False)
    )
    opened = checked(document, folder=FOLDER, environ={})
    found = audit(view(FILE, opened, machine()))
    assert count(found) == "3 weak spots: 1 medium, 2 low"
    assert count(found[:1]) == f"1 weak spot: 1 {found[0].weakness.severity.value}"
    assert count([]) == "no weak spots"
    assert [severity.value for severity in Severity] == ["high", "medium", "low"]


def test_a_file_of_crossbars_is_told_by_its_own_places() -> None:
    """Not by those of the form that it is lowered to."""
    document = {
        "version": 2,
        "workers": [
            {
                "type": "router",
                "realms": [{"name": "realm1", "roles": [{"name": "service", "permissions": []}]}],
                "transports": [
                    {
                        "type": "websocket",
                        "endpoint": {"type": "tcp", "port": 8080, "interface": "127.0.0.1"},
                        "auth": {
                            "ticket": {"type": "static", "principals": {"joe": {"ticket": TICKET, "role": "service"}}}
                        },
                    }
                ],
            }
        ],
    }
    assert found_in(document) == [("plain-ticket", "workers[0].transports[0].auth.ticket.principals.joe.ticket")]


def test_a_secret_of_a_file_that_others_may_read_is_found_where_it_is_named() -> None:
    """Relative to the configuration's folder."""
    secret = FOLDER / "secrets/joe"
    document = hardened()
    opened: Checked = checked(document, folder=FOLDER, environ={})
    written = hardened(ticket("${file:secrets/joe}"))
    audited = view(FILE, Checked(opened.config, (), "", None, written), machine(modes={secret: stat.S_IFREG | 0o644}))
    assert [printed(each.spot.place) for each in audit(audited)] == [f"{AT_WS}.auth.ticket.principals.joe.ticket"]


# -- what we ship

SAMPLES = Path(__file__).parents[3] / "config"
SAMPLE_ENVIRON = {
    "ORDERS_TICKET": TICKET,
    "PUBLIC_ORIGIN": "https://app.example.com",
    "HOOK_SECRET": TICKET,
    "SHOP_TICKET": TICKET,
    "BIND_ADDRESS": "0.0.0.0",
    "BRIDGE_SECRET": TICKET,
    "GITHUB_SECRET": TICKET,
    "TLS_KEY": "privkey.pem",
    "TLS_CERTIFICATE": "fullchain.pem",
    "TLS_CLIENT_CA": "services.pem",
}

# Those for the first steps let any page connect, because nobody knows yet where the pages are going to be.
FOUND_IN_SAMPLES = {
    "bridge.yaml": [],
    "echo.json": [],
    "http.yaml": [],
    "minimal.json": ["any-origin-inside"],
    "minimal.toml": ["any-origin-inside"],
    "production.yaml": [],
    "router.json": ["any-origin-inside"],
    "tls.yaml": [],
    "universal.yaml": [],
}


def names_in(path: Path, on: Imagined, environ: Mapping[str, str]) -> list[str]:
    """Return the names of what is found in a file."""
    return [each.weakness.name for each in audit(view(path, opened(path, environ=environ), on))]


def test_every_sample_is_looked_at() -> None:
    """A new one is judged below."""
    suffixes = {".json", ".yaml", ".yml", ".toml"}
    there = {path.name for path in SAMPLES.iterdir() if path.suffix in suffixes} - {"router.schema.json"}
    assert set(FOUND_IN_SAMPLES) == there


@pytest.mark.parametrize("name", FOUND_IN_SAMPLES)
def test_a_sample_has_the_weak_spots_that_it_is_known_for(name: str) -> None:
    """The ones for production have none, even where they listen on all interfaces, behind a proxy or with TLS."""
    behind_a_proxy = {} if name != "production.yaml" else {"BIND_ADDRESS": "127.0.0.1"}
    assert FOUND_IN_SAMPLES[name] == names_in(SAMPLES / name, machine(), SAMPLE_ENVIRON | behind_a_proxy)


def test_the_sample_for_production_says_what_its_socket_depends_on() -> None:
    """In a folder that everybody may enter, everybody is a service; its comment says what to do."""
    path = SAMPLES / "production.yaml"
    on = machine(modes=dict.fromkeys((path / "router.sock").parents, stat.S_IFDIR | 0o755))
    assert ["open-socket"] == names_in(path, on, {"PUBLIC_ORIGIN": "https://app.example.com"})
    assert "Give it one that only the services' group may enter" in path.read_text()


def test_crossbars_default_is_kept_from_strangers_and_open_to_pages() -> None:
    """Its shape starts, on loopback; what is left are its own choices."""
    path = Path(__file__).parent / "crossbar/files/default/config.json"
    assert ["any-origin-inside", "listed-folders"] == names_in(path, machine(), {"PORT": "8080"})


CROSSBAR = Path(__file__).parent / "crossbar/files"
CROSSBAR_ENVIRON = {"PORT": "8080", "TICKET": TICKET, "FINGERPRINT": "ef" * 20, "NO_THIRD": "yes"}


@pytest.mark.parametrize("path", sorted(CROSSBAR.glob("*/config.*")), ids=lambda path: path.parent.name)
def test_every_file_of_crossbars_form_can_be_audited(path: Path) -> None:
    """And what is found is in the file itself, or is missing in a part of it."""
    opened_file = opened(path, environ=CROSSBAR_ENVIRON)
    for each in audit(view(path, opened_file, machine())):
        place = opened_file.original(each.problem).place
        assert place == () or lookup(opened_file.document, place[:1]) is not ABSENT
