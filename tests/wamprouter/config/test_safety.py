"""A router that lets strangers do everything is never opened to other machines by accident."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.wamprouter.config.documents import UNIVERSAL, changed, lines
from wamprouter.cli import main
from wamprouter.config import validate
from wamprouter.config.safety import is_public, services

PERMISSION = "realms.0.roles.0.permissions.0"
ENDPOINT = "transports.0.endpoint"


def everywhere(action: str, **more: Any) -> dict[str, Any]:
    return {"uri": "*", "allow": {action: True}, **more}


def listening(interface: str, **more: Any) -> dict[str, Any]:
    return {"type": "tcp", "port": 8080, "interface": interface, **more}


def public(*changes: tuple[str, Any]) -> dict[str, Any]:
    """Return the smallest document, in which anonymous may do everything, listening on all interfaces."""
    return changed((ENDPOINT, listening("0.0.0.0")), *changes)


def nested(path: dict[str, Any], depth: int) -> dict[str, Any]:
    return path if not depth else {"type": "path", "paths": {"deeper": nested(path, depth - 1)}}


def test_strangers_who_may_do_everything_are_refused_in_one_line() -> None:
    """It says where, who, what, by which permission, and what to write instead."""
    assert lines(public()) == [
        "router.json: transports[0].endpoint: reachable at 0.0.0.0:8080, where anonymous peers may register and publish "
        "everywhere (realms[0].roles[0].permissions[0]); expected permissions for what they need, an interface such as "
        '"127.0.0.1", or "insecure": true in the file'
    ]


def test_it_is_allowed_in_words() -> None:
    """Who writes that it is insecure has seen it."""
    assert lines(public(("insecure", True))) == []


# -- where


PUBLIC = [
    "0.0.0.0",
    "::",
    "0",
    "192.168.1.5",
    "10.0.0.1",
    "169.254.3.4",
    "203.0.113.9",
    "fe80::1%eth0",
    "2001:db8::1",
    "::ffff:192.168.1.5",
    "::ffff:0.0.0.0",
    "router.example.com",
    "127.0.0.1.example.com",
    "localhost.example.com",
]


@pytest.mark.parametrize("interface", PUBLIC)
def test_what_other_machines_may_reach_is_public(interface: str) -> None:
    """All interfaces in every spelling, private networks, and names, of which nobody knows what they stand for."""
    version = 6 if ":" in interface else 4
    document = changed((ENDPOINT, listening(interface, version=version)))
    assert len(lines(document)) == 1
    assert is_public(validate({**document, "insecure": True}).transports[0])


@pytest.mark.parametrize("interface", ["127.0.0.1", "127.3.2.1", "::1", "localhost", "Localhost", "::ffff:127.0.0.1"])
def test_loopback_is_not_public(interface: str) -> None:
    """Whatever its spelling."""
    version = 6 if ":" in interface else 4
    assert lines(changed((ENDPOINT, listening(interface, version=version)))) == []


@pytest.mark.parametrize("version", [4, 6])
def test_an_endpoint_without_an_interface_is_not_public(version: int) -> None:
    """Its default is loopback."""
    assert lines(changed((ENDPOINT, {"type": "tcp", "port": 8080, "version": version}))) == []


def test_a_unix_socket_is_not_public() -> None:
    """Only this machine reaches it."""
    assert lines(changed((ENDPOINT, {"type": "unix", "path": "router.sock"}))) == []


def test_tls_makes_no_difference() -> None:
    """It says who the router is, and not who comes."""
    tls = {"key": "router.key", "certificate": "router.pem"}
    assert len(lines(changed((ENDPOINT, listening("0.0.0.0", tls=tls))))) == 1


# -- what


@pytest.mark.parametrize(
    ("permission", "may"),
    [
        ({"uri": "*", "allow": "all"}, "register and publish"),
        ({"uri": "", "match": "prefix", "allow": "all"}, "register and publish"),
        (everywhere("register"), "register"),
        (everywhere("publish"), "publish"),
        ({"uri": "*.*.*", "allow": "all"}, "register and publish"),
        ({"uri": "..", "match": "wildcard", "allow": {"publish": True}}, "publish"),
        ({"uri": "", "match": "wildcard", "allow": {"register": True}}, "register"),
    ],
)
def test_every_spelling_of_everywhere_counts(permission: dict[str, Any], may: str) -> None:
    """A star, an empty prefix, and wildcards without a literal component."""
    (line,) = lines(public((PERMISSION, permission)))
    assert f"where anonymous peers may {may} everywhere (realms[0].roles[0].permissions[0])" in line


@pytest.mark.parametrize(
    "permission",
    [
        everywhere("call"),
        everywhere("subscribe"),
        {"uri": "*"},
        {"uri": "com.example.*", "allow": "all"},
        {"uri": "com.*.log", "allow": "all"},
        {"uri": "com.example.log", "allow": "all"},
        {"uri": ".", "match": "prefix", "allow": "all"},  # what begins with a dot is no URI
    ],
)
def test_what_strangers_may_do_somewhere_is_not_refused(permission: dict[str, Any]) -> None:
    """Nor what hurts nobody else."""
    assert lines(public((PERMISSION, permission))) == []


def test_a_permission_that_a_later_one_replaces_does_not_count() -> None:
    """Of two with the same URI and match the last decides, here as in the router."""
    permissions = "realms.0.roles.0.permissions"
    harmless = {"uri": "", "match": "prefix", "allow": {"call": True}}
    assert lines(public((permissions, [{"uri": "*", "allow": "all"}, harmless]))) == []
    assert len(lines(public((permissions, [harmless, {"uri": "*", "allow": "all"}])))) == 1


def test_a_closed_corner_does_not_make_the_rest_harmless() -> None:
    """Everywhere but for what is below one prefix is everywhere."""
    permissions = [{"uri": "*", "allow": "all"}, {"uri": "com.example.admin.*"}]
    assert len(lines(public(("realms.0.roles.0.permissions", permissions)))) == 1


# -- who


def test_a_transport_without_auth_admits_anonymous() -> None:
    """With the role of that name: this is what the smallest document has."""
    assert "auth" not in changed()["transports"][0]
    assert len(lines(public())) == 1


def test_anonymous_with_another_role_is_looked_at_too() -> None:
    """It is the role that counts, not its name."""
    guest = {"name": "guest", "permissions": [everywhere("publish")]}
    document = public((PERMISSION, everywhere("call")), ("realms.0.roles.1", guest))
    assert lines(document) == []
    document["transports"][0]["auth"] = {"anonymous": {"role": "guest"}}
    assert "(realms[0].roles[1].permissions[0])" in lines(document)[0]


def test_principals_with_credentials_are_no_strangers() -> None:
    """A role that may do everything may be reached by logging in."""
    auth = {"ticket": {"principals": {"joe": {"ticket": "correct horse battery", "role": "anonymous"}}}}
    assert lines(public(("transports.0.auth", auth))) == []
    assert len(lines(public(("transports.0.auth", {**auth, "anonymous": {}})))) == 1


def test_a_procedure_that_is_asked_about_strangers_may_decide() -> None:
    """Which role it gives is not known before it is asked."""
    auth = {"anonymous": {"type": "dynamic", "authenticator": "com.example.admit"}}
    assert lines(public(("transports.0.auth", auth))) == []


def test_an_authorizer_that_is_asked_about_strangers_may_decide() -> None:
    """It has no permissions that could be too many."""
    assert lines(public(("realms.0.roles.0", {"name": "anonymous", "authorizer": "com.example.authorize"}))) == []


def test_only_the_realm_that_strangers_join_counts() -> None:
    """A realm that anonymous never gets into may have any such role."""
    harmless = {"name": "realm2", "roles": [{"name": "anonymous", "permissions": [everywhere("call")]}]}
    document = public(("realms.1", harmless), ("transports.0.auth", {"anonymous": {"realm": "realm2"}}))
    assert lines(document) == []
    document["transports"][0]["auth"]["anonymous"]["realm"] = "realm1"
    assert len(lines(document)) == 1


def test_a_realm_without_the_role_admits_nobody() -> None:
    """One realm has the role and is harmless, the other one is not, and has only other roles."""
    roles = [{"name": "service", "permissions": [{"uri": "*", "allow": "all"}]}]
    harmless = {"name": "realm2", "roles": [{"name": "anonymous"}]}
    assert lines(public(("realms.0.roles", roles), ("realms.1", harmless))) == []


@pytest.mark.parametrize("realm", [None, "made.up"])
def test_realms_on_demand_count(realm: str | None) -> None:
    """Also where anonymous is sent to one of them by its name, which no realm of the file has."""
    template = {"roles": [{"name": "anonymous", "permissions": [everywhere("register")]}]}
    document = public((PERMISSION, everywhere("call")), ("realm_template", template))
    document["transports"][0]["auth"] = {"anonymous": {"realm": realm}}
    assert "register everywhere (realm_template.roles[0].permissions[0])" in lines(document)[0]


def test_realms_on_demand_do_not_count_where_strangers_join_another() -> None:
    """They are sent to a realm of the file."""
    template = {"roles": [{"name": "anonymous", "permissions": [everywhere("register")]}]}
    document = public((PERMISSION, everywhere("call")), ("realm_template", template))
    document["transports"][0]["auth"] = {"anonymous": {"realm": "realm1"}}
    assert lines(document) == []


# -- through which door


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_paths_of_a_web_transport_are_looked_at(depth: int) -> None:
    """However deep they are nested."""
    web = {"type": "web", "endpoint": listening("0.0.0.0"), "paths": {"ws": nested({"type": "websocket"}, depth)}}
    assert len(lines(changed(("transports.0", web)))) == 1


def test_services_are_told_with_their_places() -> None:
    """Those of the transport itself, of its paths, and of paths below paths."""
    web = {
        "type": "web",
        "endpoint": {"type": "tcp", "port": 8080},
        "paths": {"ws": {"type": "websocket"}, "v1": nested({"type": "websocket"}, 1), "info": {"type": "nodeinfo"}},
    }
    config = validate(changed(("transports.1", web)))
    assert [[place for place, _ in services(transport)] for transport in config.transports] == [
        [()],
        [("paths", "ws"), ("paths", "v1", "paths", "deeper")],
    ]


def test_files_and_echoes_are_no_way_in() -> None:
    """They speak no WAMP."""
    transports = [
        {"type": "echo", "endpoint": listening("0.0.0.0")},
        {"type": "web", "endpoint": listening("0.0.0.0"), "paths": {"/": {"type": "static", "directory": "web"}}},
    ]
    assert lines(changed(("transports", transports))) == []


def test_each_open_transport_is_one_line_however_many_ways_lead_in() -> None:
    """Two realms, two paths and two permissions of one transport are one thing to mend."""
    web = {
        "type": "web",
        "endpoint": listening("0.0.0.0"),
        "paths": {"ws": {"type": "websocket"}, "more": {"type": "websocket"}},
    }
    document = changed(("transports.0", web), ("transports.1", {"type": "rawsocket", "endpoint": listening("::")}))
    document["realms"].append({**document["realms"][0], "name": "realm2"})
    document["transports"].append({"type": "rawsocket", "endpoint": listening("127.0.0.1")})
    assert [line.split(": ")[1] for line in lines(document)] == ["transports[0].endpoint", "transports[1].endpoint"]


@pytest.mark.parametrize("command", ["start", "check"])
def test_the_command_line_refuses_with_status_1(command: str, tmp_path: Path) -> None:
    """One line for each transport on standard error, with its position; nothing listens."""
    document = public(("transports.1", {"type": "rawsocket", "endpoint": listening("::", version=6)}))
    file = tmp_path / "router.json"
    file.write_text(json.dumps(document, indent=2))
    result = CliRunner().invoke(main, [command, "--config", str(file)])
    assert (result.exit_code, result.stdout) == (1, "")
    first, second = result.stderr.splitlines()
    assert first.startswith(f"{file}:22:19: transports[0].endpoint: reachable at 0.0.0.0:8080, where anonymous peers ")
    assert second.startswith(f"{file}:30:19: transports[1].endpoint: reachable at [::]:8080, where anonymous peers ")


@pytest.mark.parametrize("kept", ["rawsocket", "websocket", "web"])
def test_each_part_of_a_universal_port_is_looked_at(kept: str) -> None:
    """Whichever lets strangers in."""
    parts = {name: value for name, value in UNIVERSAL.items() if name in ("type", kept)}
    (line,) = lines(changed(("transports.0", {**parts, "endpoint": listening("0.0.0.0")})))
    assert line.startswith("router.json: transports[0].endpoint: reachable at 0.0.0.0:8080, where anonymous peers may")


# -- the HTTP bridge


def bridged(kind: str, action: str, interface: str = "0.0.0.0", **options: Any) -> dict[str, Any]:
    """Return a document with a path of the HTTP bridge whose role may do something everywhere."""
    web = {"name": "web", "permissions": [everywhere(action)]}
    path = {"type": kind, "realm": "realm1", "role": "web", "options": options}
    transport = {"type": "web", "endpoint": listening(interface), "paths": {"bridge": path}}
    return changed(("realms.0.roles", [web]), ("transports", [transport]))


@pytest.mark.parametrize(("kind", "action"), [("publisher", "publish"), ("caller", "call")])
def test_strangers_may_not_do_everything_by_http_either(kind: str, action: str) -> None:
    """Who only has to send a request is a stranger."""
    [line] = lines(bridged(kind, action))
    assert f"where anybody who uses paths.bridge may {action} everywhere (realms[0].roles[0].permissions[0])" in line


@pytest.mark.parametrize(
    "token", ["short", "$scrypt$ln=10,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "$5$x"]
)
def test_a_token_is_long_or_a_hash_that_is_fast(token: str) -> None:
    """It is not told."""
    [line] = lines(bridged("caller", "publish", tokens=[token]))
    assert "paths.bridge.options.tokens" in line
    assert token not in line


@pytest.mark.parametrize(
    "document",
    [
        bridged("publisher", "publish", key="k", secret="s"),
        bridged("publisher", "publish", require_ip=["10.0.0.0/8"]),
        bridged("publisher", "publish", tokens=["x" * 16]),
        bridged("publisher", "publish", interface="127.0.0.1"),
        bridged("publisher", "call"),
        bridged("caller", "publish"),
        {**bridged("caller", "call"), "insecure": True},
    ],
)
def test_what_is_signed_or_does_less_is_taken(document: dict[str, Any]) -> None:
    """Or comes from where it is expected."""
    assert [] == lines(document)
