"""Each row of the table of Crossbar's fields does what it says."""

from __future__ import annotations

import pytest

from wamprouter.config.crossbar.lowering import OURS, Walk
from wamprouter.config.crossbar.notes import Kind, Note, once
from wamprouter.config.crossbar.policy import TABLES, TYPES, Field
from wamprouter.config.problems import Problem

ROWS = [(table, name, row) for table, rows in TABLES.items() for name, row in rows.items()]
NAMED_TYPES = [(what, name, row) for what, rows in TYPES.items() for name, row in rows.items()]

# What is taken over in another way than under its own name, in its own place.
TAKEN = {
    ("realm", "store"),
    ("container component", "transport"),
    ("container component", "auth"),
    ("component", "callbacks"),  # of a function, while the class stands for all components here
    ("container component", "callbacks"),
    ("endpoint tcp", "path"),
}


@pytest.mark.parametrize(("table", "name", "row"), ROWS, ids=[f"{table}.{name}" for table, name, _ in ROWS])
def test_a_field_is_treated_as_its_row_says(table: str, name: str, row: Field) -> None:
    walk = Walk({})
    lowered = walk.fields(table, {name: "sample"}, ("here",), ("there",))
    place = ("here", name)
    note = [Note(place, row.kind, row.text)]
    match row.kind:
        case Kind.HONOURED:
            assert (lowered, walk.notes, walk.problems) == ({name: "sample"}, [], [])
        case Kind.DIFFERS:
            assert (lowered, walk.notes, walk.problems) == ({name: "sample"}, note, [])
        case Kind.IGNORED:
            assert (lowered, walk.notes, walk.problems) == ({}, note, [])
        case Kind.REFUSED:
            assert (lowered, walk.problems) == ({}, [Problem(place, f"not supported: {row.text}")])


@pytest.mark.parametrize(
    ("table", "name", "value"),
    [(table, name, value) for table, name, row in ROWS for value in row.harmless],
)
def test_a_value_that_changes_nothing_is_not_told(table: str, name: str, value: object) -> None:
    walk = Walk({})
    walk.fields(table, {name: value}, (), ())
    assert walk.notes == []


@pytest.mark.parametrize(("what", "name", "row"), NAMED_TYPES, ids=[f"{what} {name}" for what, name, _ in NAMED_TYPES])
def test_a_type_is_treated_as_its_row_says(what: str, name: str, row: Field) -> None:
    walk = Walk({})
    found = walk.kind(what, {"type": name}, ("here",))
    if row.kind is Kind.REFUSED:
        assert (found, walk.problems) == (
            None,
            [Problem(("here", "type"), f'"{name}" is not supported: {row.text}')],
        )
    else:
        assert (found, walk.problems) == (name, [])
        assert [note.kind for note in walk.notes] == ([] if row.kind is Kind.HONOURED else [row.kind])


def test_every_row_that_is_not_honoured_says_why() -> None:
    rows = [*ROWS, *NAMED_TYPES]
    assert [(where, name) for where, name, row in rows if row.kind is not Kind.HONOURED and not row.text] == []


def test_every_table_that_is_named_is_there() -> None:
    named = {row.below.removesuffix("[]").removesuffix("{}") for _, _, row in ROWS if row.below}
    several = {"path", "endpoint tcp"}
    assert named - TABLES.keys() - several == set()


def test_what_is_honoured_is_a_field_of_our_own_form() -> None:
    """So that a row cannot promise what the models then refuse."""
    lost = [
        (table, name)
        for key, model in OURS.items()
        for table in [key.split(" ")[0] if key.startswith("endpoint ") else key]
        for name, row in TABLES[table].items()
        if row.kind in (Kind.HONOURED, Kind.DIFFERS)
        and name not in {field.alias or n for n, field in model.model_fields.items()}
        and (key, name) not in TAKEN
        and key != "endpoint unix"
    ]
    assert lost == []


def test_a_thing_is_told_once_with_the_number_of_places() -> None:
    notes = [Note((name,), Kind.IGNORED, "text") for name in "abc"] + [Note(("d",), Kind.DIFFERS, "text")]
    assert once(notes) == [
        Note(("a",), Kind.IGNORED, "text (and at 2 more places)"),
        Note(("d",), Kind.DIFFERS, "text"),
    ]
