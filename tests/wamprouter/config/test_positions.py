"""Every place of a document is found in its text, whatever the layout, in each notation."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wamprouter.config.documents import SMALLEST
from wamprouter.config import ConfigError, UnreadableConfig, validate
from wamprouter.config.document import File, read
from wamprouter.config.positions import Position, Positions
from wamprouter.config.problems import Place

SAMPLES = Path(__file__).parents[3] / "config"

blanks = st.text(" \t\r\n", max_size=3)
texts = st.text(max_size=6) | st.sampled_from(['"', "\\", '\\"', "{", "]", ":", ",", "a\nb", "#", "'", "é", "😀"])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=15
)


def places(node: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield place, node
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
    for key, value in entries:
        yield from places(value, (*place, key))


def opened(folder: Path, name: str, text: str) -> File:
    path = folder / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return read(path)


def offset(text: str, at: Position) -> int:
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: at.line - 1]) + at.column - 1


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("positions")


# -- JSON


def laid_out(draw: st.DrawFn, node: Any) -> str:
    """Write a value as JSON with any white space where it may stand."""
    before, after = draw(blanks), draw(blanks)
    match node:
        case dict():
            entries = (
                f"{draw(blanks)}{string(draw, key)}{draw(blanks)}:{laid_out(draw, value)}"
                for key, value in node.items()
            )
            return f"{before}{{{','.join(entries) or draw(blanks)}}}{after}"
        case list():
            return f"{before}[{','.join(laid_out(draw, item) for item in node) or draw(blanks)}]{after}"
        case str():
            return f"{before}{string(draw, node)}{after}"
    return f"{before}{json.dumps(node)}{after}"


def string(draw: st.DrawFn, text: str) -> str:
    return json.dumps(text, ensure_ascii=draw(st.booleans()))


@st.composite
def json_texts(draw: st.DrawFn) -> tuple[str, Any]:
    document = draw(documents)
    return laid_out(draw, document), document


@settings(deadline=None)  # the machine may be busy
@given(written=json_texts())
def test_the_position_in_json_is_where_the_value_is_read_from(written: tuple[str, Any], folder: Path) -> None:
    """Python's own reader, started there, reads this value and no other."""
    text, document = written
    file = opened(folder, "a.json", text)
    assert file.document == document
    decoder = json.JSONDecoder()
    for place, value in places(document):
        at = offset(text, file.positions.value(place))
        assert decoder.raw_decode(text, at)[0] == value
        if place and isinstance(place[-1], str):
            key = offset(text, file.positions.key(place))
            assert decoder.raw_decode(text, key)[0] == place[-1]
            assert key < at


def test_a_place_that_is_not_in_the_file_stands_where_what_is_around_it_begins(folder: Path) -> None:
    """A field that is missing has no line of its own."""
    positions = opened(folder, "a.json", '{\n  "a": [\n    {"b": 1}\n  ]\n}').positions
    assert positions.value(("a", 0, "c")) == Position(3, 5)
    assert positions.value(("a", 0, "c", "d", 0)) == Position(3, 5)
    assert positions.key(("a", 0, "c")) == Position(3, 5)
    assert positions.value(("a", 7)) == Position(2, 8)
    assert positions.value(("x",)) == Position(1, 1)
    assert positions.key(()) == Position(1, 1)


def test_the_position_of_a_key_in_a_list_is_that_of_the_entry(folder: Path) -> None:
    """An index is not written anywhere."""
    assert opened(folder, "a.json", "[1,\n 2]").positions.key((1,)) == Position(2, 2)


def test_the_last_of_two_equal_keys_counts(folder: Path) -> None:
    """As it does in the document: what stands under the first is not there."""
    file = opened(folder, "a.json", '{"a": {"b": 1},\n "a": {"c": 2}, "d": {"e": 1, "e": 2, "e": 3}}')
    assert file.document == {"a": {"c": 2}, "d": {"e": 3}}
    assert file.positions.value(("a", "b")) == Position(2, 7)
    assert file.positions.value(("d", "e")) == Position(2, 44)
    assert sorted(problem.place for problem in file.problems) == [("a",), ("d", "e")]


class Lowered:
    """Positions of a document that was made from another: each place is that of where it came from."""

    def __init__(self, positions: Positions) -> None:
        self._positions = positions

    def value(self, place: Place) -> Position:
        return self._positions.value(("workers", 0, *place))

    def key(self, place: Place) -> Position:
        return self._positions.key(("workers", 0, *place))


def test_a_document_that_was_made_from_another_is_told_by_the_places_of_that(folder: Path) -> None:
    """Whoever makes one document of another says where its parts came from, and nothing else changes."""
    file = opened(folder, "a.yaml", yaml.safe_dump({"workers": [{**SMALLEST, "x": 1, "transports": [None]}]}))
    assert isinstance(file.document, dict)
    with pytest.raises(ConfigError) as caught:
        validate(file.document["workers"][0], source="a.yaml", positions=Lowered(file.positions))
    assert [line.split(": ")[:2] for line in caught.value.problems] == [
        ["a.yaml:10:5", "transports[0]"],
        ["a.yaml:12:3", "x"],
    ]


# -- YAML


@settings(deadline=None)  # the machine may be busy
@given(document=documents, flow=st.sampled_from([True, False, None]), width=st.sampled_from([20, 200]))
def test_the_position_in_yaml_is_where_the_value_is_read_from(
    document: Any, flow: bool | None, width: int, folder: Path
) -> None:
    """In blocks, in brackets and in both: the parser, asked for its events, finds the value to begin there."""
    text = yaml.safe_dump(document, default_flow_style=flow, width=width, allow_unicode=True)
    document = yaml.safe_load(text)  # safe_dump writes some characters that are not read as the same
    file = opened(folder, "a.yaml", text)
    assert file.document == document
    begun: dict[int, list[yaml.Event]] = {}
    for event in yaml.parse(text):
        begun.setdefault(event.start_mark.index, []).append(event)
    for place, value in places(document):
        assert any(begins(event, value) for event in begun[offset(text, file.positions.value(place))])
        if place and isinstance(place[-1], str):
            assert any(begins(event, place[-1]) for event in begun[offset(text, file.positions.key(place))])


def begins(event: yaml.Event, value: Any) -> bool:
    match value:
        case dict():
            return isinstance(event, yaml.MappingStartEvent)
        case list():
            return isinstance(event, yaml.SequenceStartEvent)
        case str():
            return isinstance(event, yaml.ScalarEvent) and event.value == value
    return isinstance(event, yaml.ScalarEvent) and yaml.safe_load(event.value) == value


ALIASES = """\
base: &base
  port: 8080
  type: tcp
first:
  <<: *base
  type: unix
second: *base
numbers: [&one 1, *one]
both:
  <<: [{a: 1}, {a: 2, b: 2}]
"""


def test_what_an_alias_stands_for_stands_where_it_is_written(folder: Path) -> None:
    """So does what `<<` merges, unless a field of its own replaces it."""
    file = opened(folder, "a.yaml", ALIASES)
    assert file.document == yaml.safe_load(ALIASES)
    assert file.problems == []
    assert file.positions.value(("first", "port")) == Position(2, 9)
    assert file.positions.key(("first", "port")) == Position(2, 3)
    assert file.positions.value(("first", "type")) == Position(6, 9)
    assert file.positions.value(("second", "type")) == Position(3, 9)
    assert file.positions.key(("second",)) == Position(7, 1)
    assert file.positions.value(("numbers", 1)) == Position(8, 11)
    assert file.positions.value(("both", "a")) == Position(10, 12)
    assert file.positions.value(("both", "b")) == Position(10, 26)


def test_keys_of_any_kind_are_found(folder: Path) -> None:
    """YAML makes numbers, flags and dates of what is not in quotes."""
    file = opened(folder, "a.yaml", "8080: a\non: b\n2024-01-02: c\n? |\n  long\n: d\n")
    assert isinstance(file.document, dict)
    assert [file.positions.value((key,)).line for key in file.document] == [1, 2, 3, 6]


@pytest.mark.parametrize(
    ("text", "place", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", ("a",), 3),
        ("x:\n- {k: 1, k: 2}\n", ("x", 0, "k"), 2),
        ("x: &x\n  k: 1\n  'k': 2\ny: *x\n", ("x", "k"), 3),
        ("1: a\n0x1: b\n", (1,), 2),
    ],
)
def test_a_key_that_is_written_twice_is_told_once(text: str, place: Any, line: int, folder: Path) -> None:
    """At the last of them, which is the one that counts; however it is written."""
    file = opened(folder, "a.yaml", text)
    [problem] = file.problems
    assert problem.place == place
    assert file.positions.key(place).line == line


def bomb(levels: int, entry: str) -> str:
    """Return a text in which each level holds the one before it ten times."""
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{n}: &a{n} {entry.format(', '.join([f'*a{n - 1}'] * 10))}" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize("entry", ["[{}]", "{{k: [{}]}}", "{{<<: [{}]}}"])
def test_aliases_that_multiply_are_refused(entry: str, folder: Path) -> None:
    """A few lines of aliases of aliases would fill the memory; merged ones too."""
    assert opened(folder, "a.yaml", bomb(4, entry)).problems == []
    with pytest.raises(UnreadableConfig, match=r"a.yaml:\d+:\d+: more than 100000 values, when each alias counts"):
        opened(folder, "a.yaml", bomb(30, entry))


@pytest.mark.parametrize("text", ["&a [*a]", "&a [*a, *a]", "&a {k: [*a, *a]}", "x: [&a {<<: *a}]"])
def test_an_alias_inside_what_it_stands_for_is_refused(text: str, folder: Path) -> None:
    """Such a document has no end."""
    with pytest.raises(UnreadableConfig, match=r"a.yaml:1:\d+: an alias stands inside what it stands for$"):
        opened(folder, "a.yaml", text)


# -- TOML


TOML = """\
# a comment with [brackets] and = signs
version = 1
title.main = "a ] # \\" b"

[owner]  # a table
"first name" = 'x'
born = 1979-05-27 07:32:00
text = '''
[[not.a.table]]
key = 1''''
[[realms]]
name = "realm1"
[[realms.roles]]
name = "anonymous"
permissions = [
  {uri = "com.a.*", allow = "all"},  # the first
  {uri = "com.b", allow.call = true},
]
[[realms]]
name = "realm2"
[realms.options]
uri_check = "strict"
[transports.web.paths."/"]
type = "static"
[transports]
id = \"\"\"a\\\\\"\"\"\"
empty = [ ]
days = [1979-05-27 07:32:00, 1979-05-28]
"""


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ((), (1, 1), (1, 1)),
        (("version",), (2, 1), (2, 11)),
        (("title",), (3, 1), (3, 1)),
        (("title", "main"), (3, 7), (3, 14)),
        (("owner",), (5, 2), (5, 1)),
        (("owner", "first name"), (6, 1), (6, 16)),
        (("owner", "born"), (7, 1), (7, 8)),
        (("owner", "text"), (8, 1), (8, 8)),
        (("realms",), (11, 3), (11, 1)),
        (("realms", 0), (11, 1), (11, 1)),
        (("realms", 0, "name"), (12, 1), (12, 8)),
        (("realms", 0, "roles"), (13, 10), (13, 1)),
        (("realms", 0, "roles", 0, "name"), (14, 1), (14, 8)),
        (("realms", 0, "roles", 0, "missing"), (13, 1), (13, 1)),
        (("realms", 0, "roles", 0, "permissions", 0), (16, 3), (16, 3)),
        (("realms", 0, "roles", 0, "permissions", 0, "allow"), (16, 21), (16, 29)),
        (("realms", 0, "roles", 0, "permissions", 1, "allow", "call"), (17, 25), (17, 32)),
        (("realms", 1), (19, 1), (19, 1)),
        (("realms", 1, "options", "uri_check"), (22, 1), (22, 13)),
        (("transports",), (23, 2), (25, 1)),
        (("transports", "web", "paths", "/", "type"), (24, 1), (24, 8)),
        (("transports", "id"), (26, 1), (26, 6)),
        (("transports", "days", 1), (28, 30), (28, 30)),
    ],
)
def test_the_position_in_toml(place: Any, key: Any, value: Any, folder: Path) -> None:
    """Tables, lists of tables, dotted keys, inline tables, and lists over several lines."""
    positions = opened(folder, "a.toml", TOML).positions
    assert (positions.key(place), positions.value(place)) == (key, value)


def written(draw: st.DrawFn, value: Any) -> str:
    """Write a value as TOML, on one line or over several where it may be."""
    match value:
        case dict():
            return "{" + ", ".join(f"{name(draw, key)} = {written(draw, below)}" for key, below in value.items()) + "}"
        case list():
            blank = draw(st.sampled_from(["", " ", "\n", " # it's [\n"]))
            return f"[{blank}" + f"{blank},".join(written(draw, below) for below in value) + f"{blank}]"
        case str() if draw(st.booleans()):
            return basic(value)
        case str() if value.isprintable() and "'" not in value:
            return f"'''{value}'''"
        case str():
            return '"""' + basic(value)[1:-1] + '"""'
    return json.dumps(value)


def basic(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def name(draw: st.DrawFn, key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare and draw(st.booleans()) else basic(key)


toml_scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts
toml_values = st.recursive(
    toml_scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=5
)


@st.composite
def toml_texts(draw: st.DrawFn) -> str:
    tables = draw(st.dictionaries(texts, st.dictionaries(texts, toml_values, max_size=3), max_size=3))
    lines = []
    for key, table in tables.items():
        header = draw(st.sampled_from(["[{}]", "[[{}]]", "[ {} ] # [x]"]))
        lines.append(header.format(name(draw, key)))
        lines += [f"{name(draw, entry)} = {written(draw, value)}" for entry, value in table.items()]
    return "\n".join(lines)


@settings(deadline=None)  # the machine may be busy
@given(text=toml_texts())
def test_the_position_in_toml_is_where_the_value_is_read_from(text: str, folder: Path) -> None:
    """The text from there on begins with the value; that from the key on with key and value."""
    file = opened(folder, "a.toml", text)
    assert file.document == tomllib.loads(text)
    for place, value in places(file.document):
        if len(place) < 2 or place[1:] == (0,):
            continue  # a table begins with its header
        rest = text[offset(text, file.positions.value(place)) :]
        assert longest(rest, value)
        if isinstance(place[-1], str):
            assert begins_with_key(text[offset(text, file.positions.key(place)) :], place[-1])


def longest(rest: str, value: Any) -> bool:
    """Say whether a text begins with a value, whatever follows it."""
    return any(toml(f"v = {rest[:end]}") == {"v": value} for end in range(len(rest), 0, -1))


def begins_with_key(rest: str, key: str) -> bool:
    return any(toml(f"{rest[:end]} = 0") == {key: 0} for end in range(len(rest), 0, -1))


def toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
