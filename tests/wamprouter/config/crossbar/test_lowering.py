"""What becomes of a Crossbar document, one thing at a time."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from wamprouter.config import ConfigError, validate
from wamprouter.config.crossbar import Kind, Lowered, lower
from wamprouter.config.environment import MAX_DEPTH

ROLE = {"name": "anonymous", "permissions": [{"uri": "com.*", "allow": {"call": True}}]}
REALM = {"name": "realm1", "roles": [ROLE]}
ENDPOINT = {"type": "tcp", "port": 8080}
TRANSPORT = {"type": "websocket", "endpoint": ENDPOINT}
ROUTER: dict[str, Any] = {"type": "router", "realms": [REALM], "transports": [TRANSPORT]}


def node(*workers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return copy.deepcopy({"version": 2, "workers": list(workers), **more})


def router(**fields: Any) -> dict[str, Any]:
    return {**ROUTER, **fields}


def with_transport(**fields: Any) -> Lowered:
    return lower(node(router(transports=[{**TRANSPORT, **fields}])), environ={})


def options(**fields: Any) -> Any:
    return with_transport(options=fields).document["transports"][0]["options"]


def lines(document: object) -> list[str]:
    try:
        validate(document, source="config.json", environ={})
    except ConfigError as error:
        return [line.removeprefix("config.json: ") for line in error.problems]
    return []


def told(found: Lowered, *kinds: Kind) -> list[str]:
    return [note.problem.line("c") for note in found.notes if note.kind in (kinds or (Kind.DIFFERS, Kind.IGNORED))]


# -- versions


def test_a_file_without_version_is_read_as_version_2() -> None:
    """With a warning."""
    document = node(ROUTER)
    del document["version"]
    assert lines(document) == []
    assert told(lower(document, environ={})) == [
        'c: differs: has no version, and is read as version 2: write "version": 2'
    ]


def test_an_older_version_is_refused_with_a_hint() -> None:
    assert lines({**node(ROUTER), "version": 1}) == [
        "version: got 1, expected 2: `crossbar upgrade` turns older files into version 2"
    ]


def test_the_document_is_left_as_it_is() -> None:
    document = node(router(transports=[{**TRANSPORT, "options": {"max_message_size": 0}}]), controller={"id": "x"})
    before = copy.deepcopy(document)
    lower(document, environ={})
    assert document == before


# -- mistakes have the places of the file


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"version": 2, "workers": {}}, "workers: got {}, expected a list"),
        (node({"type": "rooter"}), 'workers[0].type: got "rooter", expected "router", "container", "guest", '
         '"websocket-testee" or "proxy"; did you mean "router"?'),
        (node(ROUTER, {"realms": []}), 'workers[1].type: missing, expected "router", "container", "guest", '
         '"websocket-testee" or "proxy"'),
        (node(router(tranports=[])), 'workers[0].tranports: unknown field; did you mean "transports"?'),
        (node(router(realms=[{**REALM, "roless": []}])), 'workers[0].realms[0].roless: unknown field; did you mean "roles"?'),
        (node(router(realms=[{"name": "realm1", "roles": [{**ROLE, "permision": []}]}])),
         'workers[0].realms[0].roles[0].permision: unknown field; did you mean "permissions"?'),
        (node(router(transports=[{"type": "websocket", "endpoint": {"type": "tcp"}}])),
         "workers[0].transports[0].endpoint.port: missing, expected an integer from 0 to 65535"),
        (node(router(transports=[TRANSPORT, {**TRANSPORT, "endpoint": {"type": "tcp", "port": 70000}}])),
         "workers[0].transports[1].endpoint.port: got 70000, expected an integer from 0 to 65535"),
        (node({"type": "proxy"}, ROUTER), 'workers[0].type: "proxy" is not supported: one router process serves all '
         'connections, so there is nothing to spread: give the transports to a worker of type "router"'),
        (node(router(transports=[{**TRANSPORT, "endpoint": {"type": "onion", "port": 80}}])),
         'workers[0].transports[0].endpoint.type: "onion" is not supported: listen on "tcp" at 127.0.0.1, and let Tor '
         "forward an onion service to that port"),
        (node(router(transports=["ws"])), 'workers[0].transports[0]: got "ws", expected an object'),
        (node(router(components=[{"type": "class", "classname": "a.B", "realm": "realm2"}])),
         'workers[0].components[0].realm: got "realm2", expected a realm of this file ("realm1"); '
         'did you mean "realm1"?'),
        (node(ROUTER, router(transports=[])), 'workers[1].realms[0].name: got "realm1", expected another name than that of '
         "workers[0].realms[0]: all workers share one process, so write each realm once, with the roles of both"),
        (node(router(transports=[{**TRANSPORT, "auth": {"cryptosign": {"type": "static", "trustroots": {}}}}])),
         "workers[0].transports[0].auth.cryptosign.trustroots: not supported: list the public keys in principals, as "
         "authorized_keys"),
        (node(router(transports=[{**TRANSPORT, "serializers": ["ubjson"]}])),
         'workers[0].transports[0].serializers[0]: got "ubjson", expected "json", "msgpack" or "cbor"; '
         'did you mean "json"?'),
        (node(router(realms=[{"name": "realm1", "roles": [{"name": "anonymous", "permissions": [
            {"uri": "com.*", "match": "prefix"}]}]}])),
         'workers[0].realms[0].roles[0].permissions[0].uri: got "com.*" with "match", which makes the star a character of '
         'the URI, expected "com." with "match": "prefix", or no "match"'),
        (node(router(realms=[{**REALM, "store": {"type": "disk"}}])),
         'workers[0].realms[0].store.type: got "disk", expected "memory" or "cfxdb"'),
        (node(router(realms=[{**REALM, "store": {"type": "memory", "event-history": [{"uri": "a b"}]}}])),
         'workers[0].realms[0].store.event-history[0].uri: got "a b", expected a URI such as "com.x.y", or, without '
         '"match", one such as "com.x.*", "com.*.y" or "*"'),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_at_its_place_in_the_file(document: object, line: str) -> None:
    assert lines(document) == [line]


def test_a_document_that_contains_itself_is_told() -> None:
    """An alias in YAML can do that."""
    path: dict[str, Any] = {"type": "path"}
    path["paths"] = {"more": path}
    web = {"type": "web", "endpoint": ENDPOINT, "paths": {"/": path}}
    found = lower({"version": 2, "workers": [router(transports=[web])]}, environ={})
    assert [problem.text for problem in found.problems] == [f"nested deeper than {MAX_DEPTH} levels"]


# -- workers


def test_workers_are_put_together() -> None:
    other = router(realms=[{"name": "realm2", "roles": [ROLE]}])
    found = lower(node(ROUTER, other), environ={})
    assert [realm["name"] for realm in found.document["realms"]] == ["realm1", "realm2"]
    assert len(found.document["transports"]) == 2
    assert found.origin(("transports", 1, "endpoint", "port")) == ("workers", 1, "transports", 0, "endpoint", "port")


def test_two_workers_that_set_a_variable_differently_are_refused() -> None:
    first, second = ({"env": {"vars": {"A": value}}} for value in "12")
    other = router(realms=[], transports=[], options=second)
    assert lines(node(router(options=first), other)) == [
        "workers[1].options.env.vars.A: another worker gives this variable another value, and all share one process: rename "
        "one of them"
    ]


@pytest.mark.parametrize(
    ("disabled", "environ", "count"),
    [(True, {}, 1), (False, {}, 2), ("${OFF}", {}, 2), ("${OFF}", {"OFF": ""}, 2), ("${OFF}", {"OFF": "0"}, 1)],
)
def test_a_worker_can_be_disabled(disabled: object, environ: dict[str, str], count: int) -> None:
    """By any value of a variable but the empty one, as in Crossbar."""
    other = router(realms=[], options={"disabled": disabled})
    assert len(lower(node(ROUTER, other), environ=environ).document["transports"]) == count


def test_our_own_fields_may_stand_in_a_crossbar_file() -> None:
    """What our form adds needs no conversion first."""
    transport = {**TRANSPORT, "options": {"high_water": 65536}}
    document = node(router(realms=[{**REALM, "options": {"max_calls": 5}}], transports=[transport]), insecure=True)
    config = validate(document, environ={})
    assert config.insecure
    assert config.realms[0].options.max_calls == 5


# -- interfaces


@pytest.mark.parametrize(("version", "interface"), [({}, "0.0.0.0"), ({"version": 6}, "::")])
def test_an_endpoint_without_interface_is_open_as_in_crossbar(version: dict[str, int], interface: str) -> None:
    found = with_transport(endpoint={**ENDPOINT, **version})
    assert found.document["transports"][0]["endpoint"]["interface"] == interface
    assert "listens on all interfaces, as in Crossbar" in "".join(told(found, Kind.HONOURED))


ALL = {"name": "anonymous", "permissions": [{"uri": "", "match": "prefix", "allow": {"publish": True}}]}


def test_an_endpoint_that_would_let_strangers_publish_everywhere_is_not() -> None:
    found = lower(node(router(realms=[{"name": "realm1", "roles": [ALL]}])), environ={})
    assert "interface" not in found.document["transports"][0]["endpoint"]
    assert told(found) == [
        "c: workers[0].transports[0].endpoint: differs: listens on loopback only, because anonymous peers may register or "
        'publish everything: write "interface": "0.0.0.0" here and "insecure": true at the top of the file to open it to '
        "everyone as in Crossbar"
    ]


def test_an_endpoint_is_open_to_strangers_where_the_file_says_so() -> None:
    document = node(router(realms=[{"name": "realm1", "roles": [ALL]}]), insecure=True)
    assert lower(document, environ={}).document["transports"][0]["endpoint"]["interface"] == "0.0.0.0"
    assert lines(document) == []


def test_an_interface_of_the_file_stays() -> None:
    """Also where it is then refused, because the file asks for it in words."""
    transport = {**TRANSPORT, "endpoint": {**ENDPOINT, "interface": "0.0.0.0"}}
    (line,) = lines(node(router(realms=[{"name": "realm1", "roles": [ALL]}], transports=[transport])))
    assert line.startswith("workers[0].transports[0].endpoint: reachable at 0.0.0.0:8080")


# -- permissions


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"uri": "com.x"}, ("com.x", None)),
        ({"uri": "com.x.*"}, ("com.x.", "prefix")),
        ({"uri": "*"}, ("", "prefix")),
        ({"uri": "com.*.x"}, ("com..x", "wildcard")),
        ({"uri": "com.*.x.*"}, ("com..x.", "wildcard")),
        ({"uri": "com..x"}, ("com..x", "wildcard")),
        ({"uri": "com..x", "match": "exact"}, ("com..x", "wildcard")),
        ({"uri": "com..x", "match": "prefix"}, ("com..x", "wildcard")),
        ({"uri": "com..*"}, ("com..", "wildcard")),
        ({"uri": "com.x.", "match": "exact"}, ("com.x.", "wildcard")),
        ({"uri": "", "match": "prefix"}, ("", "prefix")),
        ({"uri": "${TOPIC}.*"}, ("${TOPIC}.*", None)),
    ],
)
def test_a_uri_is_read_as_crossbar_reads_it(written: dict[str, str], read: tuple[str, str | None]) -> None:
    role = {"name": "anonymous", "permissions": [written]}
    found = lower(node(router(realms=[{"name": "realm1", "roles": [role]}])), environ={})
    (permission,) = found.document["realms"][0]["roles"][0]["permissions"]
    assert (permission["uri"], permission.get("match")) == read


def test_roles_that_crossbar_has_anyway_are_added_where_they_are_needed() -> None:
    """ "trusted" may do everything, "anonymous" nothing."""
    parts = [{"type": "class", "classname": "a.B", "realm": "realm1", "role": "trusted"}, {
        "type": "class", "classname": "a.C", "realm": "realm1"}]  # fmt: skip
    document = node(router(realms=[{"name": "realm1", "roles": []}], components=parts))
    roles = {role.name: role.permissions for role in validate(document, environ={}).realms[0].roles}
    assert roles["anonymous"] == ()
    assert roles["trusted"][0].allow.actions == {"call", "register", "publish", "subscribe"}


def test_calls_time_out_by_seconds() -> None:
    """As programs written for Crossbar count."""
    assert validate(node(ROUTER), environ={}).realms[0].options.call_timeout_unit == "s"
    own = {**REALM, "options": {"call_timeout_unit": "ms"}}
    assert validate(node(router(realms=[own])), environ={}).realms[0].options.call_timeout_unit == "ms"


# -- options


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({}, {"max_message_size": 16 * 1024**2, "compression": None}),
        ({"max_message_size": 0}, {"max_message_size": 64 * 1024**2, "outbound_queue_limit": 64 * 1024**2}),
        ({"max_message_size": 100}, {"max_message_size": 512}),
        ({"max_frame_size": 0}, {}),
        ({"auto_ping_timeout": 0}, {}),
        ({"open_handshake_timeout": 2500}, {"open_handshake_timeout": 2500}),
        ({"compression": {}}, {"compression": None}),
    ],
)
def test_options_without_bounds_get_some(written: dict[str, Any], read: dict[str, Any]) -> None:
    assert options(**written) == {"max_message_size": 16 * 1024**2, "compression": None, **read}
    assert lines(node(router(transports=[{**TRANSPORT, "options": written}]))) == []


def test_compression_has_crossbars_defaults() -> None:
    assert options(compression={"deflate": {}})["compression"]["deflate"] == {
        "max_window_bits": 15,
        "memory_level": 8,
        "request_max_window_bits": 15,
    }


def test_serializers_that_there_are_not_are_left_out_while_others_remain() -> None:
    found = with_transport(serializers=["flatbuffers", "json", "ubjson"])
    assert found.document["transports"][0]["serializers"] == ["json"]


# -- authentication


def test_a_cookie_is_long_enough_and_forgotten_in_time() -> None:
    cookie = {"length": 6, "max_age": 86400 * 3600, "store": {"type": "database", "path": ".cookies"}}
    found = with_transport(cookie=cookie, auth={"cookie": {"type": "static"}})
    assert found.document["transports"][0]["cookie"] == {
        "length": 24,
        "max_age": 31_536_000,
        "store": {"type": "memory"},
    }
    assert len(told(found)) == 3


def test_a_plain_ticket_that_looks_like_a_hash_is_refused() -> None:
    """It would never be accepted, and nobody would know why."""
    auth = {"ticket": {"type": "static", "principals": {"joe": {"ticket": "$1$x", "role": "anonymous"}}}}
    (line,) = lines(node(router(transports=[{**TRANSPORT, "auth": auth}])))
    assert line.startswith("workers[0].transports[0].auth.ticket.principals.joe.ticket: begins with $")
    assert "$1$x" not in line


# -- containers

SERVICE = {"type": "class", "classname": "a.B", "realm": "realm1"}


def joined(component: dict[str, Any], *transports: dict[str, Any], environ: dict[str, str] | None = None) -> Any:
    container = {"type": "container", "components": [{**SERVICE, **component}]}
    found = lower(node(router(transports=list(transports)), container), environ=environ or {})
    return [problem.text for problem in found.problems] or found.document["components"][0]["role"]


def over(port: object = 8080, url: str = "ws://127.0.0.1:8080/ws", **more: Any) -> dict[str, Any]:
    return {
        "transport": {"type": "websocket", "endpoint": {"type": "tcp", "host": "localhost", "port": port}, "url": url},
        **more,
    }


BACKEND = {"anonymous": {"type": "static", "role": "backend"}}
TICKETS = {"ticket": {"type": "static", "principals": {"joe": {"ticket": "t", "role": "worker"}}}}


@pytest.mark.parametrize(
    ("component", "transport", "role"),
    [
        (over(), TRANSPORT, "anonymous"),
        (over(), {**TRANSPORT, "auth": BACKEND}, "backend"),
        (over(), {**TRANSPORT, "auth": {"anonymous": {"type": "static"}}}, "anonymous"),
        (over("${PORT}"), TRANSPORT, "anonymous"),
        (over(), {**TRANSPORT, "endpoint": {"type": "tcp", "port": "$PORT"}}, "anonymous"),
        (over(), {**TRANSPORT, "endpoint": {"type": "tcp", "portrange": [8000, 9000]}}, "anonymous"),
        (over(), {"type": "web", "endpoint": ENDPOINT, "paths": {"ws": {"type": "websocket", "auth": BACKEND}}}, "backend"),
        (over(url="ws://h/a/ws"), {"type": "web", "endpoint": ENDPOINT, "paths": {
            "a": {"type": "path", "paths": {"ws": {"type": "websocket", "auth": BACKEND}}}}}, "backend"),
        (over(), {"type": "universal", "endpoint": ENDPOINT, "websocket": {"ws": {"auth": BACKEND}}}, "backend"),
        (over(auth={"ticket": {"authid": "joe"}}), {**TRANSPORT, "auth": TICKETS}, "worker"),
        (over(role="anonymous"), {**TRANSPORT, "auth": TICKETS}, "anonymous"),
    ],
)  # fmt: skip
def test_a_contained_component_has_the_role_that_its_connection_would_give(
    component: dict[str, Any], transport: dict[str, Any], role: str
) -> None:
    assert joined(component, transport, environ={"PORT": "8080"}) == role


@pytest.mark.parametrize(
    ("component", "transport", "words"),
    [
        (over(), {**TRANSPORT, "endpoint": {"type": "tcp", "port": 9999}}, "where no transport of this file listens"),
        (over(), {"type": "web", "endpoint": ENDPOINT, "paths": {"other": {"type": "websocket"}}}, "no transport"),
        (over(), {**TRANSPORT, "auth": TICKETS}, "gives roles to those who log in"),
        (
            over(),
            {**TRANSPORT, "auth": {"anonymous": {"type": "dynamic", "authenticator": "a.b"}}},
            "to those who log in",
        ),
        ({}, TRANSPORT, "missing or no object"),
    ],
)
def test_a_contained_component_whose_role_is_not_known_is_told(
    component: dict[str, Any], transport: dict[str, Any], words: str
) -> None:
    (text,) = joined(component, transport)
    assert words in text
    assert 'expected "role" beside it' in text or '"role"' in text


# -- long-poll


def longpoll(**options: Any) -> Lowered:
    paths = {"lp": {"type": "longpoll", "options": options}}
    return lower(node(router(transports=[{"type": "web", "endpoint": ENDPOINT, "paths": paths}])), environ={})


def polled(found: Lowered) -> Any:
    return found.document["transports"][0]["paths"]["lp"]["options"]


def test_the_seconds_of_longpoll_become_milliseconds() -> None:
    """Its limits stay as they are."""
    found = longpoll(request_timeout=10, session_timeout=30, queue_limit_bytes=131072, queue_limit_messages=100)
    assert told(found) == []
    assert polled(found) == {
        "max_message_size": 16 * 1024**2,
        "request_timeout": 10_000,
        "session_timeout": 30_000,
        "queue_limit_bytes": 131_072,
        "queue_limit_messages": 100,
    }


def test_longpoll_without_limits_has_the_largest_there_are() -> None:
    """Of times, the defaults: a connection that nobody ends would stay for ever."""
    found = longpoll(request_timeout=0, session_timeout=0, queue_limit_bytes=0, queue_limit_messages=0)
    assert polled(found) == {
        "max_message_size": 16 * 1024**2,
        "queue_limit_bytes": 1024**3,
        "queue_limit_messages": 1_000_000,
    }
    assert len(told(found, Kind.DIFFERS)) == 4


def test_a_time_of_longpoll_that_is_a_variable_is_refused() -> None:
    """Its seconds could not be turned into milliseconds."""
    assert [problem.text for problem in longpoll(request_timeout="$TIME").problems] == [
        "a variable cannot be turned from seconds into milliseconds, expected a number"
    ]
