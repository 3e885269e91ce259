"""Words of a command line as values, and values as text."""

import json
import math
from typing import Any

import pytest

from wamprouter.cli.arguments import TEXT, as_json, line, on_one_line, payload, value


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("2", 2),
        ("-2", -2),
        ("3.5", 3.5),
        ("1e3", 1000.0),
        ("true", True),
        ("null", None),
        ('{"a":1}', {"a": 1}),
        ("[1,2]", [1, 2]),
        ('"text"', "text"),
        ('"2"', "2"),
        ("text", "text"),
        ("", ""),
        ("02", "02"),
        ("{a:1}", "{a:1}"),
        ("ws://host/?a=b", "ws://host/?a=b"),
    ],
)
def test_a_word_is_json_if_it_can_be_and_else_text(word: str, expected: Any) -> None:
    assert ([expected], {}) == payload([word])


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_what_json_does_not_know_is_text(word: str) -> None:
    """Python's own parser would make numbers of some."""
    assert word == value(word)


def test_key_and_value_are_a_keyword_argument() -> None:
    """The value is read like any other word."""
    assert ([], {"a": 1, "b": "text", "c": "x=y", "d": ""}) == payload(["a=1", "b=text", "c=x=y", "d="])


@pytest.mark.parametrize("word", ["1=2", "a-b=1", "=1", "a.b=1"])
def test_what_is_no_name_makes_no_keyword_argument(word: str) -> None:
    assert ([word], {}) == payload([word])


def test_text_is_never_read() -> None:
    assert (["2", "a=1"], {"b": "3"}) == payload([TEXT + "2", TEXT + "a=1"], ["b=3"])


@pytest.mark.parametrize(
    ("words", "texts", "problem"),
    [
        (["a=1", "a=2"], [], "the keyword argument a is given twice"),
        (["a=1"], ["a=2"], "the keyword argument a is given twice"),
        ([], ["2=a"], "'2=a' is no keyword argument, expected KEY=TEXT"),
        (["[" * 100_000], [], "JSON that is nested too deeply"),
        (["\udcff"], [], r"the argument '\udcff' is not UTF-8"),
    ],
)
def test_what_cannot_be_meant_is_told(words: list[str], texts: list[str], problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        payload(words, texts)
    assert problem == str(refusal.value)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"a": [1, "ö", None]}, '{"a": [1, "ö", null]}'),
        ([math.nan, math.inf, 1.5], "[null, null, 1.5]"),
        (b"hello", r'"\u0000aGVsbG8="'),
        ({"a": b""}, r'{"a": "\u0000"}'),
        ("half \ud83d", r'"half \ud83d"'),
        ({1: 2}, '{"1": 2}'),
    ],
)
def test_every_value_has_a_line_of_json(item: Any, expected: str) -> None:
    """Binary values as WAMP writes them in JSON; what is no number as JavaScript does."""
    assert expected == as_json(item)
    json.loads(as_json(item))


def test_what_is_printed_can_be_typed() -> None:
    args, kwargs = [1, None, "x"], {"a": "b", "c": 2}
    assert '1 null "x" a="b" c=2' == line(args, kwargs)
    assert (args, kwargs) == payload(line(args, kwargs).split())


def test_a_line_of_others_stays_one_line() -> None:
    """And commands no terminal."""
    assert r"a\nb \x1b[2J\x9b" == on_one_line("a\nb \x1b[2J\x9b")
