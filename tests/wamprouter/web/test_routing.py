"""Routes of the path ``rest``: which one an address means, and what its arguments are."""

import pytest

from wamprouter.config import Route
from wamprouter.web.exchange import BadRequest
from wamprouter.web.routing import Routes, arguments


def route(method, path, **more):
    return Route(method=method, path=path, procedure=path.replace("/", ".").strip(".") or "root", **more)


ROUTES = Routes(
    route(*one.split())
    for one in (
        "GET /",
        "GET /orders",
        "POST /orders",
        "GET /orders/<id>",
        "DELETE /orders/<id>",
        "GET /orders/latest",
        "GET /orders/<id>/lines/<line>",
        "GET /<kind>/latest/lines",
    )
)


@pytest.mark.parametrize(
    ("address", "method", "path", "values"),
    [
        ("", "GET", "/", ()),
        ("orders", "POST", "/orders", ()),
        ("orders/7", "GET", "/orders/<id>", ("7",)),
        ("orders/latest", "GET", "/orders/latest", ()),
        ("orders/latest", "DELETE", "/orders/<id>", ("latest",)),
        ("orders/7/lines/1", "GET", "/orders/<id>/lines/<line>", ("7", "1")),
        ("orders/latest/lines/1", "GET", "/orders/<id>/lines/<line>", ("latest", "1")),
        ("orders/latest/lines", "GET", "/<kind>/latest/lines", ("orders",)),
    ],
)
def test_an_address_means_the_route_whose_parts_it_has(address, method, path, values):
    """A fixed part rather than a parameter; a parameter where the fixed part leads nowhere."""
    found, given = ROUTES.match(address.split("/") if address else [])[method]
    assert (path, values) == (found.path, given)


@pytest.mark.parametrize("address", ["order", "orders/7/lines", "orders/", "orders/7/lines/1/2", "/orders"])
def test_other_addresses_mean_nothing(address):
    """A parameter stands for something."""
    assert {} == ROUTES.match(address.split("/"))


def test_an_address_has_the_methods_of_all_its_routes():
    """For 405 and for OPTIONS."""
    assert {"GET", "DELETE"} == ROUTES.match(["orders", "latest"]).keys()


def test_arguments_come_from_address_query_and_body():
    """By their names."""
    one = route("POST", "/orders/<id>", lists=("tag",))
    found = arguments(one, ["7"], {"dry": ["yes"], "tag": ["a"]}, {"total": 5})
    assert {"id": "7", "dry": "yes", "tag": ["a"], "total": 5} == found


@pytest.mark.parametrize(
    ("query", "body", "text"),
    [
        ({"id": ["8"]}, None, "'id' is given in the address and in the query"),
        ({}, {"id": 8}, "'id' is given in the address and in the body"),
        ({"a": ["1"]}, {"a": 1}, "'a' is given in the query and in the body"),
        ({"a": ["1", "2"]}, None, "'a' comes 2 times"),
        ({}, [1], "expected named arguments"),
    ],
)
def test_what_is_given_twice_is_refused(query, body, text):
    """Nobody could tell which one is meant."""
    with pytest.raises(BadRequest, match=text):
        arguments(route("POST", "/orders/<id>"), ["7"], query, body)
