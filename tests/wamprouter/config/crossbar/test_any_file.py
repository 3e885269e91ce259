"""No Crossbar document whatever makes lowering fail with anything but lines, and every line has a place of the file."""

from __future__ import annotations

import copy
import json
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wamprouter.config.crossbar.running import FILES
from wamprouter.cli.permissions import differences
from wamprouter.config import ConfigError, validate
from wamprouter.config.crossbar import lower
from wamprouter.config.crossbar.policy import TABLES, TYPES
from wamprouter.config.loading import is_crossbar

DOCUMENTS = [
    yaml.safe_load(file.read_text()) if file.suffix == ".yaml" else json.loads(file.read_text())
    for file in sorted(FILES.glob("*/config.*"))
]
ENVIRON = {"PORT": "8080", "TICKET": "secret"}


def _places(node: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
    return [place, *(deeper for key, child in entries for deeper in _places(child, (*place, key)))]


names = st.sampled_from(sorted({name for rows in (*TABLES.values(), *TYPES.values()) for name in rows}))
texts = (
    st.text(st.characters(codec=None), max_size=5) | names | st.sampled_from(["$PORT", "${PORT}", "*", "com..x", ""])
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


def check(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    try:
        config = validate(document, source="config.json", environ=ENVIRON)
    except ConfigError as error:
        for line in error.problems:
            assert line.startswith("config.json: ")
            assert line.isprintable()
    else:
        differences(document, config)
        if is_crossbar(document):
            assert validate(lower(document, environ=ENVIRON).document, environ=ENVIRON) == config
    assert document == before


@settings(deadline=None)  # the machine may be busy
@given(st.data())
def test_any_value_anywhere_in_a_crossbar_file_is_valid_or_refused_by_lines(data: st.DataObject) -> None:
    """One to three places of a file get any value, or any field besides."""
    document: Any = copy.deepcopy(data.draw(st.sampled_from(DOCUMENTS)))
    for _ in range(data.draw(st.integers(1, 3))):
        places = [place for place in _places(document) if place]
        *way, last = data.draw(st.sampled_from(places))
        node = document
        for step in way:
            node = node[step]
        if isinstance(node, dict) and data.draw(st.booleans()):
            last = data.draw(texts)
        node[last] = data.draw(values)
    check(document)


@settings(deadline=None)  # the machine may be busy
@given(values, values)
def test_any_workers_and_any_controller_are_valid_or_refused_by_lines(workers: Any, controller: Any) -> None:
    check({"version": 2, "controller": controller, "workers": workers})
