"""No document whatever makes the configuration fail with anything but lines."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wamprouter.config.documents import COMPONENT, SMALLEST, WEB, lines
from wamprouter.config import ConfigError, load

FULL: dict[str, Any] = {
    **SMALLEST,
    "transports": [
        WEB,
        {**SMALLEST["transports"][0], "options": {"compression": {"deflate": {"memory_level": 5}}}},
        {"type": "rawsocket", "endpoint": {"type": "unix", "path": "a"}, "auth": {"anonymous": {"role": "anonymous"}}},
        {"type": "echo", "endpoint": {"type": "tcp", "port": 1}},
    ],
    "components": [COMPONENT],
}


def _names(node: Any) -> set[str]:
    below = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return {*(node if isinstance(node, dict) else ()), *(name for child in below for name in _names(child))}


def _places(node: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
    return [place, *(deeper for key, child in entries for deeper in _places(child, (*place, key)))]


# Any text, surrogates too, and the words the configuration knows, so that values are wrong in every place.
texts = st.text(st.characters(codec=None), max_size=5) | st.sampled_from(
    [*sorted(_names(FULL)), "tcp", "web", "static", "anonymous", "realm1", "[key]", "*", "${A", "${A:-1}", "\ud800"]
)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
documents = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


def check(document: object) -> None:
    for line in lines(document):
        assert line.startswith("router.json: ")
        assert line.isprintable()


@settings(deadline=None)  # the machine may be busy
@given(documents)
def test_any_document_is_valid_or_refused_by_lines(document: object) -> None:
    """Whatever JSON can say."""
    check(document)


@settings(deadline=None)  # the machine may be busy
@given(st.data())
def test_any_value_anywhere_in_a_valid_document_is_valid_or_refused_by_lines(data: st.DataObject) -> None:
    """One to three places of a complete configuration get any value, or any field besides."""
    document: Any = copy.deepcopy(FULL)
    for _ in range(data.draw(st.integers(1, 3))):
        places = [place for place in _places(document) if place]
        *way, last = data.draw(st.sampled_from(places))
        node = document
        for step in way:
            node = node[step]
        if isinstance(node, dict) and data.draw(st.booleans()):
            last = data.draw(texts)
        node[last] = data.draw(documents)
    check(document)


@settings(deadline=None)  # the machine may be busy
@given(text=st.text(max_size=30) | documents.map(json.dumps), suffix=st.sampled_from([".json", ".yaml", ".toml"]))
def test_any_text_in_a_file_is_loaded_or_refused(text: str, suffix: str, tmp_path_factory: Any) -> None:
    """Whatever stands in the file, in each notation."""
    path: Path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert all(line.isprintable() for line in refused(path))


def refused(path: Path) -> list[str]:
    try:
        load(path, environ={})
    except ConfigError as error:
        return error.problems
    return []
