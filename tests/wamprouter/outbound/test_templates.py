"""Addresses made of the arguments of calls: a value fills its place, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from wamp.exception import ApplicationError
from wamprouter.outbound.templates import Address, Template

BASE = "https://api.example.com:8443"


def filled(url: str, *args: Any, appended: bool = False, **kwargs: Any) -> Address:
    return Template(BASE + url).fill(args, kwargs, appended=appended)


def refusal(url: str, *args: Any, appended: bool = False, **kwargs: Any) -> str:
    with pytest.raises(ApplicationError) as caught:
        filled(url, *args, appended=appended, **kwargs)
    assert caught.value.error == "wamp.error.invalid_argument"
    return str(caught.value.args[0])


@pytest.mark.parametrize(
    ("url", "args", "kwargs", "expected"),
    [
        ("", (), {}, "/"),
        ("?a=1", (), {}, "/?a=1"),
        ("/of/{city}", (), {"city": "Köln"}, "/of/K%C3%B6ln"),
        ("/of/{0}/{1}", ("a b", 7), {}, "/of/a%20b/7"),
        ("/of/{x}?y={x}&z={y}", (), {"x": "a&b=c", "y": True}, "/of/a%26b%3Dc?y=a%26b%3Dc&z=true"),
        ("/v{x}.json", (), {"x": 1.5}, "/v1.5.json"),
        ("/of/{x}", (), {"x": "a/b?c#d"}, "/of/a%2Fb%3Fc%23d"),
        ("/of/{x}", (), {"x": "\r\nHost: evil"}, "/of/%0D%0AHost%3A%20evil"),
        ("/of?x={x}", (), {"x": ""}, "/of?x="),
        ("/of?x={x}", (), {"x": "../.."}, "/of?x=..%2F.."),
    ],
)
def test_a_value_is_encoded(url: str, args: tuple[Any, ...], kwargs: dict[str, Any], expected: str) -> None:
    """Whatever is in it, the address has the form that the configuration says."""
    assert Template(BASE + url).fill(args, kwargs).url == BASE + expected


@pytest.mark.parametrize("value", ["", ".", "..", "../secret", "a/../b", "a\\..\\b"])
def test_no_value_leads_to_another_path(value: str) -> None:
    """Not even at a server that decodes a path before it looks for its parts."""
    assert refusal("/of/{x}/all", x=value) in ("these values make no path", "x: this value makes no path")


def test_several_values_make_no_dots_together() -> None:
    """Two values that are harmless alone do not become a step upwards."""
    assert refusal("/of/{x}{y}", x=".", y=".") == "these values make no path"


@pytest.mark.parametrize(
    ("url", "args", "kwargs", "problem"),
    [
        ("/of/{city}", (), {}, "expected the keyword argument city"),
        ("/of/{1}", ("a",), {}, "expected at least 2 positional arguments"),
        ("/of/{x}", (), {"x": {"a": 1}}, "x: expected a text, a number or a truth value"),
        ("/of/{x}", (), {"x": None}, "x: expected a text, a number or a truth value"),
        ("/of/{x}", (), {"x": "a" * 9000}, "these values make an address of more than 8000 characters"),
    ],
)
def test_arguments_that_make_no_address(url: str, args: tuple[Any, ...], kwargs: dict[str, Any], problem: str) -> None:
    """The caller is told what is expected."""
    assert refusal(url, *args, **kwargs) == problem


def test_what_has_no_place_is_left() -> None:
    """It is for the body."""
    address = filled("/of/{city}/{0}", 1, 2, city="Ulm", days=3)
    assert (address.args, address.kwargs) == ([2], {"days": 3})


def test_what_has_no_place_can_become_part_of_the_query() -> None:
    """A list is there several times, null not at all."""
    address = filled("/of/{city}?u=c", appended=True, city="Ulm", day=[1, 2], x=None, **{"a&b": "c d"})
    assert address.url == f"{BASE}/of/Ulm?u=c&day=1&day=2&a%26b=c%20d"
    assert address.kwargs == {}
