"""Crossbar's static permissions as Crossbar 26.10 was seen to decide them: each outcome here is one of its own."""

from __future__ import annotations

from typing import Any

import pytest

from wamprouter.config.crossbar.matcher import CrossbarRole, read


def rule(uri: str, match: str | None = None, *, allow: bool = True) -> dict[str, Any]:
    return {"uri": uri, **({"match": match} if match else {}), "allow": {"call": allow}}


CASES: list[tuple[str, list[dict[str, Any]], dict[str, bool]]] = [
    ("nothing is allowed by no rule", [], {"com.a": False}),
    ("an exact rule is about one URI", [rule("com.a")], {"com.a": True, "com.a.b": False, "com.ab": False}),
    ("a prefix is one of the text", [rule("com.exam", "prefix")], {"com.example.x": True, "com.exam": True, "com.e": False}),
    ("an empty prefix is about everything", [rule("", "prefix")], {"com.a": True, "x": True}),
    ("a star at the end is a prefix", [rule("com.*")], {"com.a": True, "com.a.b": True, "comx": False}),
    ("a star alone is everything", [rule("*")], {"com.a": True}),
    (
        "an exact rule hides the prefix for whatever begins like it",
        [rule("com.", "prefix"), rule("com.example.a", "exact")],
        {"com.example.a": True, "com.example.ab": False, "com.example.b": True},
    ),
    (
        "two wildcards with the same beginning overwrite each other",
        [rule("com..x", "wildcard"), rule("com..y", "wildcard")],
        {"com.a.x": False, "com.a.y": True},
    ),
    ("a wildcard that ends with a dot matches nothing", [rule("com.a.", "wildcard")], {"com.a.b": False, "com.a.": True}),
    (
        "the later of an exact and a prefix rule for one text counts: here it grants",
        [rule("com.a", "exact", allow=False), rule("com.a", "prefix")],
        {"com.a": True, "com.a.b": True},
    ),
    (
        "and here it denies",
        [rule("com.a", "prefix"), rule("com.a", "exact", allow=False)],
        {"com.a": False, "com.a.b": False},
    ),
    ("two dots make a wildcard of any match", [rule("com..x", "exact")], {"com.a.x": True, "com..x": False}),
    (
        "a wildcard beats a prefix",
        [rule("com.", "prefix"), rule("com..x", "wildcard", allow=False)],
        {"com.a.x": False, "com.a.y": True},
    ),
    (
        "and not an exact rule",
        [rule("com.a.x", "exact"), rule("com..x", "wildcard", allow=False)],
        {"com.a.x": True, "com.b.x": False},
    ),
    ("a wildcard with a capital letter matches nothing", [rule("com..X", "wildcard")], {"com.a.X": False}),
    ("a named component is one of a wildcard with two dots", [rule("com..<id>", "wildcard")], {"com.a.7": True}),
    ("of a number, where it says so", [rule("com..<n:int>", "wildcard")], {"com.a.7": True, "com.a.b": False}),
    ("and alone it is only text", [rule("com.<id>", "wildcard")], {"com.7": False}),
    ("several stars are components", [rule("com.*.x.*")], {"com.a.x.b": True, "com.a.x": False}),
    ("a star with an explicit match is text", [rule("com.*", "prefix")], {"com.a": False, "com.*": True}),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "outcomes"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_crossbar_decides_like_this(rules: list[dict[str, Any]], outcomes: dict[str, bool]) -> None:
    role = CrossbarRole([read(one) for one in rules])
    assert {uri: role.allows("call", uri) for uri in outcomes} == outcomes


def test_only_what_a_rule_names_is_allowed() -> None:
    role = CrossbarRole([read(rule("com.a"))])
    assert not role.allows("publish", "com.a")
