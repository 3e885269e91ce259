"""A URI that is none is answered with ERROR ``invalid_uri``; the session goes on (basic profile, "URIs")."""

import pytest

from tests.support.exchange import CALL, PUBLISH, REGISTER, SUBSCRIBE, SUBSCRIBED, Id, refused

INVALID = ["", "com..topic", "com.topic.", ".topic", "com.my topic", "com.#", "com.\ntopic"]


@pytest.mark.parametrize("uri", INVALID)
@pytest.mark.parametrize("kind", [CALL, REGISTER, SUBSCRIBE, PUBLISH])
def test_no_uri(exchange, kind, uri):
    """For every request that names one."""
    alice = exchange.join("alice")
    options = {"acknowledge": True} if kind == PUBLISH else {}
    assert {"alice": [refused(kind, 1, "wamp.error.invalid_uri")]} == alice.says(kind, 1, options, uri)


@pytest.mark.parametrize(
    ("uri", "match"),
    [
        ("com.", "prefix"),
        ("", "prefix"),
        ("com..topic", "wildcard"),
        ("..", "wildcard"),
        ("", "wildcard"),
        ("com.MyApp.größe", "exact"),
    ],
)
def test_near_misses(exchange, uri, match):
    """Empty components are for wildcards, a dot at the end for prefixes; loose URIs may have any letters."""
    alice = exchange.join("alice")
    heard = alice.says(SUBSCRIBE, 1, {"match": match}, uri)["alice"]
    assert [SUBSCRIBED, 1, Id()] == heard[0]  # a pattern of nearly everything also hears of itself


@pytest.mark.parametrize(("uri", "match"), [("com..topic", "prefix"), (".com", "prefix"), ("com.#", "wildcard")])
def test_no_pattern(exchange, uri, match):
    """Patterns have rules as well."""
    alice = exchange.join("alice")
    heard = alice.says(SUBSCRIBE, 1, {"match": match}, uri)
    assert {"alice": [refused(SUBSCRIBE, 1, "wamp.error.invalid_uri")]} == heard
