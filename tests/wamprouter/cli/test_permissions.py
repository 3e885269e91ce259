"""What `wamprouter check --from-crossbar` says of permissions that come out otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from wamprouter.cli.permissions import differences
from wamprouter.config import validate


def lines(*permissions: dict[str, Any]) -> list[str]:
    role = {"name": "frontend", "permissions": list(permissions)}
    transport = {
        "type": "websocket",
        "endpoint": {"type": "tcp", "port": 8080},
        "auth": {"anonymous": {"type": "static", "role": "frontend"}},
    }
    realm = {"name": "realm1", "roles": [role]}
    document = {"version": 2, "workers": [{"type": "router", "realms": [realm], "transports": [transport]}]}
    found = differences(document, validate(document, environ={}))
    return [line.removeprefix("role frontend in realm1: ") for line in found]


def rule(uri: str, match: str, *actions: str) -> dict[str, Any]:
    return {"uri": uri, "match": match, "allow": dict.fromkeys(actions, True)}


@pytest.mark.parametrize(
    ("permissions", "line"),
    [
        (
            [rule("com.", "prefix", "call"), rule("com.example.a", "exact", "call")],
            'call com.example.ax: Crossbar denies (no rule), wamprouter allows (rule "com.", prefix)',
        ),
        (
            [rule("org..x", "wildcard", "call"), rule("org..y", "wildcard", "call")],
            'call org.x.x: Crossbar denies (no rule), wamprouter allows (rule "org..x", wildcard)',
        ),
        (
            [rule("net.a.", "wildcard", "call")],
            'call net.a.x: Crossbar denies (no rule), wamprouter allows (rule "net.a.", wildcard)',
        ),
        (
            [rule("edu.a", "exact"), rule("edu.a", "prefix", "publish")],
            'publish edu.a: Crossbar allows (rule "edu.a", prefix), wamprouter denies (rule "edu.a", exact)',
        ),
        (
            [rule("com.", "prefix", "call"), rule("com..secret", "wildcard")],
            'call com.x.secret: Crossbar denies (rule "com..secret", wildcard), wamprouter allows (rule "com.", prefix)',
        ),
        (
            [rule("", "prefix", "call")],
            'call wamp.session.kill: Crossbar allows (rule "", prefix), wamprouter denies (rule "", prefix, but what acts on '
            "other sessions needs a rule about wamp.)",
        ),
        (
            [rule("com.", "prefix", "subscribe"), rule("com.secret", "exact")],
            'subscribe com. (pattern, prefix): Crossbar allows (rule "com.", prefix), wamprouter denies (rule "com.secret", '
            "exact)",
        ),
    ],
)
def test_an_outcome_that_differs_is_told_with_the_rules_that_decide(
    permissions: list[dict[str, Any]], line: str
) -> None:
    assert line in lines(*permissions)


@pytest.mark.parametrize(
    "permissions",
    [
        [],
        [rule("com.example.a", "exact", "call", "publish")],
        [rule("com.example.", "prefix", "call", "register", "publish", "subscribe")],
        [rule("com.", "prefix", "call"), rule("com.example.", "prefix")],
        [{"uri": "com.example.*", "allow": {"call": True}}, {"uri": "org.example.add2", "allow": {"call": True}}],
    ],
)
def test_plain_rules_come_out_the_same(permissions: list[dict[str, Any]]) -> None:
    assert lines(*permissions) == []


def test_a_pattern_by_a_rule_about_one_uri_is_told_once() -> None:
    """Crossbar looks at the text of a pattern only, so that whoever may register one URI can take others."""
    found = lines(*(rule(f"com.example.{name}", "exact", "register") for name in "abc"))
    assert found == [
        'register com.example.a (pattern, prefix): Crossbar allows (rule "com.example.a", exact), wamprouter denies (no rule '
        "for all that it matches)"
    ]


def test_many_rules_are_not_compared_and_few_lines_are_printed() -> None:
    """What a person reads has a bound, and so has the time it takes."""
    many = [rule(f"com.p{number}", "exact", "call") for number in range(301)]
    assert lines(*many) == ["workers[0].realms[0].roles[0]: more than 300 permissions, which are not compared"]
    found = lines(*(rule(f"com.p{number}.", "wildcard", "call") for number in range(150)))
    assert len(found) == 101
    assert found[-1].endswith(" more that differ")
