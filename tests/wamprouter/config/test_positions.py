"""Every place of a document is found in its text, whatever the layout, in each notation."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wamprouter.config.document import File, read
from wamprouter.config.positions import Position

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


# -- YAML


@settings(deadline=None)  # the machine may be busy
@given(document=documents, flow=st.sampled_from([True, False, None]), width=st.sampled_from([20, 200]))
def test_the_position_in_yaml_is_where_the_value_is_read_from(
    document: Any, flow: bool | None, width: int, folder: Path
) -> None:
    """In blocks, in brackets and in both: the parser, asked for its events, finds the value to begin there."""
    text = yaml.safe_dump(document, default_flow_style=flow, width=width, allow_unicode=True)
    file = opened(folder, "a.yaml", text)
    assert file.document == document
    begun = {(mark.index): event for event in yaml.parse(text) if (mark := event.start_mark)}
    for place, value in places(document):
        at = offset(text, file.positions.value(place))
        event = begun[at]
        match value:
            case dict():
                assert at in mappings(text)
            case list():
                assert at in sequences(text)
            case str():
                assert isinstance(event, yaml.ScalarEvent)
                assert event.value == value
        if place and isinstance(place[-1], str):
            key = begun[offset(text, file.positions.key(place))]
            assert isinstance(key, yaml.ScalarEvent | yaml.MappingStartEvent)
            assert place[-1] in {event.value for event in scalars_at(text, offset(text, file.positions.key(place)))}


def mappings(text: str) -> set[int]:
    return {event.start_mark.index for event in yaml.parse(text) if isinstance(event, yaml.MappingStartEvent)}


def sequences(text: str) -> set[int]:
    return {event.start_mark.index for event in yaml.parse(text) if isinstance(event, yaml.SequenceStartEvent)}


def scalars_at(text: str, at: int) -> list[yaml.ScalarEvent]:
    return [event for event in yaml.parse(text) if isinstance(event, yaml.ScalarEvent) and event.start_mark.index == at]
