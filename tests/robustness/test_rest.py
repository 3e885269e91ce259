"""Addresses that stand for procedures and topics, over a real listener."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.support.bridge import Http, bridge_config, shop_is_open
from tests.support.process import RouterProcess
from tests.support.raw import Client
from wamprouter.config import ConfigError, validate

ROUTES: list[dict[str, Any]] = [
    {"method": "GET", "path": "/orders/<id>", "procedure": "com.shop.order.get"},
    {
        "method": "DELETE",
        "path": "/orders/<id>",
        "procedure": "com.shop.order.get",
        "status": 204,
        "errors": {"com.shop.error.no_such_order": 410},
    },
    {"method": "POST", "path": "/orders", "procedure": "com.shop.keywords", "lists": ["tag"], "status": 201},
    {"method": "POST", "path": "/news/<kind>", "topic": "com.shop.news"},
    {"method": "GET", "path": "/never", "procedure": "com.shop.never"},
    {"method": "GET", "path": "/other", "procedure": "org.other"},
    {"method": "GET", "path": "/sell/<what>", "procedure": "com.shop.sell"},
]
PATH: dict[str, Any] = {
    "type": "rest",
    "realm": "realm1",
    "role": "web",
    "routes": ROUTES,
    "errors": {"com.shop.error.no_such_order": 404},
    "options": {"request_timeout": 200},
}


@pytest.fixture(scope="module")
def router(start_shared: Start, tmp_path_factory: pytest.TempPathFactory) -> RouterProcess:
    root = {**PATH, "routes": [{"method": "GET", "path": "/prices/<id>", "procedure": "com.shop.order.get"}]}
    return shop_is_open(start_shared(**bridge_config(tmp_path_factory.mktemp("shop"), {"/": root, "api": PATH})))


@pytest.fixture
def http(router: RouterProcess) -> Iterator[Http]:
    with Http(router) as http:
        yield http


def test_an_address_calls_its_procedure(http: Http) -> None:
    """With what stands in it as named argument; the result is the answer."""
    answer = http.get("/api/orders/7%20%C3%BC")
    assert (200, {"id": "7 ü", "total": 5}) == (answer.status, answer.json)


def test_the_root_may_have_addresses_besides_other_paths(http: Http) -> None:
    """Which come first."""
    assert {"id": "7", "total": 5} == http.get("/prices/7").json
    assert 404 == http.get("/price/7").status
    assert 426 == http.get("/ws").status


def test_arguments_come_from_query_and_body(http: Http) -> None:
    """And the answer has the status of the route."""
    answer = http.post("/api/orders?tag=a&tag=b&dry=1", {"total": 5})
    assert (201, {"tag": ["a", "b"], "dry": "1", "total": 5}) == (answer.status, answer.json)


def test_an_answer_may_be_without_a_body(http: Http) -> None:
    """With 204."""
    answer = http.ask("DELETE", "/api/orders/7")
    assert (204, b"") == (answer.status, answer.body)


def test_head_is_get_without_the_body(http: Http) -> None:
    """Its length is told."""
    answer = http.ask("HEAD", "/api/orders/7")
    assert (200, b"", str(len(http.get("/api/orders/7").body))) == (
        answer.status,
        answer.body,
        answer.headers["content-length"],
    )


def test_an_address_publishes_to_its_topic(router: RouterProcess, http: Http) -> None:
    """And is answered with the publication."""
    with Client(router.url("ws")) as client:
        client.subscribe("com.shop.news")
        answer = http.post("/api/news/tea", {"text": "sold out"})
        event = client.receive()
        assert (202, event.publication) == (answer.status, answer.json["id"])
        assert b'{"kind":"tea","text":"sold out"}' == bytes(event.kwargs)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "uri"),
    [
        ("GET", "/api/orders/0", None, 404, "com.shop.error.no_such_order"),
        ("DELETE", "/api/orders/0", None, 410, "com.shop.error.no_such_order"),
        ("GET", "/api/never", None, 504, "wamp.error.timeout"),
        ("GET", "/api/other", None, 403, "wamp.error.not_authorized"),
        ("GET", "/api/sell/tea", None, 422, "com.shop.error.sold_out"),
        ("GET", "/api/nothing", None, 404, "http.error.not_found"),
        ("GET", "/api", None, 404, "http.error.not_found"),
        ("GET", "/api/orders/%ff", None, 400, "wamp.error.invalid_argument"),
        ("GET", "/api/orders/7?x=%ff", None, 400, "wamp.error.invalid_argument"),
        ("GET", "/api/orders/7?id=8", None, 400, "wamp.error.invalid_argument"),
        ("POST", "/api/orders", b"{", 400, "wamp.error.invalid_argument"),
        ("POST", "/api/orders", [1], 400, "wamp.error.invalid_argument"),
        ("PUT", "/api/orders/7", {}, 405, "http.error.method_not_allowed"),
    ],
)
def test_an_error_has_its_status(http: Http, method: str, path: str, body: Any, status: int, uri: str) -> None:
    """The route's, the path's, the usual one."""
    answer = http.ask(method, path, body)
    assert (status, uri) == (answer.status, answer.json["error"])


def test_methods_are_told(http: Http) -> None:
    """By 405 and OPTIONS."""
    assert "GET, DELETE, HEAD, OPTIONS" == http.ask("PUT", "/api/orders/7").headers["allow"]
    assert "POST, OPTIONS" == http.ask("OPTIONS", "/api/orders").headers["allow"]


def problem(**changes: Any) -> str:
    config = {
        "version": 1,
        "realms": [{"name": "realm1", "roles": [{"name": "web"}, {"name": "anonymous"}]}],
        "transports": [
            {
                "type": "web",
                "endpoint": {"type": "tcp", "port": 0},
                "paths": {"api": {**PATH, **changes}},
            }
        ],
    }
    with pytest.raises(ConfigError) as refused:
        validate(config)
    [line] = refused.value.problems
    return line


@pytest.mark.parametrize(
    ("routes", "line"),
    [
        ([], "routes: got [], expected a list with at least one route"),
        (
            [{"method": "GET", "path": "orders", "procedure": "a"}],
            'routes[0].path: got "orders", expected a path such as',
        ),
        (
            [{"method": "GET", "path": "/a<id>", "procedure": "a"}],
            'routes[0].path: got "/a<id>", expected a path such as',
        ),
        ([{"method": "get", "path": "/a", "procedure": "a"}], 'routes[0].method: got "get", expected'),
        ([{"method": "GET", "path": "/a"}], 'expected either "procedure" or "topic"'),
        ([{"method": "GET", "path": "/a", "procedure": "a", "topic": "a"}], 'expected either "procedure" or "topic"'),
        ([{"method": "GET", "path": "/a", "procedure": "not a uri"}], "routes[0].procedure: got"),
        ([{"method": "GET", "path": "/<a>/<a>", "procedure": "a"}], "expected a path in which <a> stands once"),
        ([{"method": "GET", "path": "/a", "procedure": "a", "status": 500}], "routes[0].status: got 500, expected"),
        (
            [
                {"method": "GET", "path": "/a/<b>", "procedure": "a"},
                {"method": "POST", "path": "/a/<b>", "procedure": "a"},
                {"method": "GET", "path": "/a/<c>/", "procedure": "a"},
            ],
            "expected another GET /a/<c>/ in routes[2] than that of routes[0]",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(routes: list[dict[str, Any]], line: str) -> None:
    """Before the router starts."""
    told = problem(routes=routes)
    assert "transports[0].paths.api" in told
    assert line in told


def test_realm_and_role_must_exist() -> None:
    """As for components."""
    assert 'transports[0].paths.api.role: got "wab", expected a role of "realm1"' in problem(role="wab")
    assert 'transports[0].paths.api.realm: got "realm2", expected a realm of this file' in problem(realm="realm2")
