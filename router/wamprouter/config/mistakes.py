"""What pydantic found, told in the words of the configuration: the place, what was there, what was expected.

pydantic's place names the branch of a union it took (`transports[0].web.paths`), and its texts speak of Python. So each
place is followed through the model's types: that tells branches from fields, the kind of value that belongs there, and
the names known there.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from wamprouter.config.environment import Variable
from wamprouter.config.fields import Hidden, Text, Worded, Words
from wamprouter.config.problems import ABSENT, Place, Problem, choice, did_you_mean, lookup, nearest, shown
from wamprouter.config.redaction import HIDDEN, SecretText, is_secret, names_secret, redacted

_WORDS = {
    str: "a string",
    int: "an integer",
    bool: "true or false",
    tuple: "a list",
    dict: "an object",
}
_SECRET = SecretText(HIDDEN)
_UNQUOTED = re.compile(r"-?(0|[1-9][0-9]{0,20})|true|false")
# Follows from another mistake, which is told: a default that needs another field.
_CONSEQUENCES = {"default_factory_not_called"}


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a place of pydantic's leads: the place in the document, and the types there."""

    place: Place
    type: Any  # of what belongs there
    key_type: Any = None  # of the key that leads there
    within: Any = None  # of what holds it


def mistakes(error: ValidationError, model: type[BaseModel], document: object) -> list[Problem]:
    """Return what is wrong with the document, in the order of the model's fields."""
    found = [(details["type"], _problem(details, model, document)) for details in error.errors(include_url=False)]
    misspelt = {problem.meant for _, problem in found if problem is not None}
    return [
        problem
        for kind, problem in found
        if problem is not None and not (kind == "missing" and problem.place in misspelt)  # told as an unknown field
    ]


def _problem(details: ErrorDetails, model: type[BaseModel], document: object) -> Problem | None:
    if details["type"] in _CONSEQUENCES:
        return None
    if _concerns_key(details):
        return _told_name(_spot(details["loc"][:-1], model), None, details)
    spot = _spot(details["loc"], model)
    value = lookup(document, spot.place)
    if details["type"] == "too_short" and value:  # all its entries are wrong, and are told
        return None
    tell = _TELL.get(details["type"], _told_kind)
    if tell is _told_expectation and _holds_secret(lookup(document, spot.place[:-1])):
        tell = _told_beside_secret  # the check's own words may tell of what stands beside
    return tell(spot, _visible(spot, details["input"] if value is ABSENT else value), details)


def _concerns_key(details: ErrorDetails) -> bool:
    """Say whether the key is wrong and not the value, which pydantic's place says with a last step of its own."""
    return len(details["loc"]) > 1 and details["loc"][-1] == "[key]" and details["type"].startswith("string_")


def _told_kind(spot: _Spot, value: object, details: ErrorDetails) -> Problem:
    near = did_you_mean(value, [name for name in _alternatives(spot.type) if isinstance(name, str)])
    hint = near or _quotes(spot.type, details["input"])
    return Problem(spot.place, f"got {shown(value)}, expected {_words(spot.type)}{hint}")


def _told_expectation(spot: _Spot, value: object, details: ErrorDetails) -> Problem:
    return Problem(spot.place, f"got {shown(value)}, expected {details['ctx']['words']}")


def _told_beside_secret(spot: _Spot, value: object, details: ErrorDetails) -> Problem:
    return Problem(spot.place, f"got {shown(value)}, expected {_words(spot.type)} that fits the secret beside it")


def _told_missing(spot: _Spot, value: object, details: ErrorDetails) -> Problem:
    return Problem(spot.place, f"missing, expected {_words(spot.type)}")


def _told_name(spot: _Spot, value: object, details: ErrorDetails) -> Problem:
    text = f"got the name {shown(spot.place[-1])}, expected {_words(spot.key_type)}"
    return Problem(spot.place[:-1], text, key=spot.place)


def _told_unknown(spot: _Spot, value: object, details: ErrorDetails) -> Problem:
    known = _known(spot.within)
    near = nearest(spot.place[-1], known)
    if near is None:
        return Problem(spot.place, f"unknown field, expected {choice(known)}", key=spot.place)
    text = f"unknown field; did you mean {shown(near)}?"
    return Problem(spot.place, text, key=spot.place, meant=(*spot.place[:-1], near))


def _told_type(spot: _Spot, value: object, details: ErrorDetails) -> Problem:
    known = [tag for member in _models(spot.type) for tag in _tags(member)]
    if not isinstance(value, dict):  # a string of our own, in whose attributes pydantic has looked for one
        return _told_kind(spot, value, details)
    if "type" not in value:
        unknown = [name for name in value if isinstance(name, str) and name not in _known(spot.type)]
        misspelt = nearest("type", unknown)
        if misspelt is not None:
            return _told_unknown(_Spot((*spot.place, misspelt), Any, str, spot.type), value[misspelt], details)
        return Problem((*spot.place, "type"), f"missing, expected {choice(known)}")
    near = did_you_mean(value["type"], known)
    return Problem((*spot.place, "type"), f"got {shown(value['type'])}, expected {choice(known)}{near}")


# What to say of which of pydantic's errors; of all others, what was there and what belongs there.
_TELL: dict[str, Callable[[_Spot, object, ErrorDetails], Problem]] = {
    "expected": _told_expectation,
    "missing": _told_missing,
    "invalid_key": _told_name,
    "extra_forbidden": _told_unknown,
    "union_tag_invalid": _told_type,
    "union_tag_not_found": _told_type,
}


def _visible(spot: _Spot, value: object) -> object:
    """Return what may be shown of a value: by the kind of its field, or by the field's name where no kind vouches."""
    if _hides(spot.type):
        shows = (
            value is None
            or isinstance(value, bool)
            or value in ("", [], {})
            or (isinstance(value, dict) and _models(spot.type))
        )
        return value if shows else _SECRET
    notes = (note for _, metadata in _members(spot.type) for note in metadata)
    if _alternatives(spot.type) or any(
        isinstance(note, Worded) and not isinstance(note, Text | Words) for note in notes
    ):
        return value  # no free text
    name = next((step for step in reversed(spot.place) if isinstance(step, str)), None)
    if not names_secret(name):
        return value
    visible = redacted(value, name)
    return _SECRET if visible == HIDDEN else visible


def _hides(kind: Any, models: int = 2) -> bool:
    """Say whether secrets belong there: one, a list or an object of them, or of principals who have one.

    Models deeper than that hold more than secrets, and what stands in their place is shown.
    """
    return any(
        any(isinstance(note, Hidden) for note in metadata)
        or (_is_model(member) and models > 0 and any(_field_hides(*field, models) for field in _fields(member).items()))
        or any(_hides(entry, models) for entry in get_args(member) if get_origin(member) is not Literal)
        for member, metadata in _members(kind)
    )


def _field_hides(name: str, kind: Any, models: int) -> bool:
    return _hides(kind, models - 1) or (names_secret(name) and str in [member for member, _ in _members(kind)])


def _holds_secret(node: object) -> bool:
    return isinstance(node, dict) and any(is_secret(value) for value in node.values())


def _quotes(kind: Any, value: object) -> str:
    """Return what to say of a value that would be right with quotes, or without them."""
    if isinstance(value, str) and not isinstance(value, Variable) and _UNQUOTED.fullmatch(value):
        return " (without quotes)" if _fits(json.loads(value), kind) else ""
    if isinstance(value, int | float):
        return " (in quotes)" if _fits(json.dumps(value), kind) else ""
    return ""


def _fits(value: object, kind: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def _known(kind: Any) -> list[str]:
    """Return the names of all fields that may stand there."""
    return sorted({name for model in _models(kind) for name in _fields(model)})


def _spot(loc: Place, model: type[BaseModel]) -> _Spot:
    """Follow one of pydantic's places from the model to a type."""
    spot = _Spot((), model)
    for step in loc:
        branches = _models(spot.type)
        if len(branches) > 1:  # a union: the step is the branch that was taken, not a key of the document
            branch = next((branch for branch in branches if step in _tags(branch)), spot.type)
            spot = _Spot(spot.place, branch, spot.key_type, spot.within)
        else:
            key_type, kind = _below(spot.type, step)
            spot = _Spot((*spot.place, step), kind, key_type, spot.type)
    return spot


def _below(kind: Any, step: str | int) -> tuple[Any, Any]:
    """Return the types of a key and its value in a type that holds others."""
    for member, _ in _members(kind):
        if _is_model(member):
            return str, _fields(member).get(str(step), Any)
        arguments = get_args(member)
        if get_origin(member) is tuple:
            return int, arguments[0]
        if get_origin(member) is dict:
            return arguments
    return Any, Any


def _members(kind: Any, metadata: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Take a type apart into the members of its unions, each with what annotates it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield from _members(arguments[0], (*metadata, *arguments[1:]))
    elif origin in (Union, UnionType):
        for argument in arguments:
            yield from _members(argument, metadata)
    else:
        yield kind, metadata


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _models(kind: Any) -> list[type[BaseModel]]:
    return [member for member, _ in _members(kind) if _is_model(member)]


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """Return the types of a model's fields by their names in a document."""
    return {
        field.alias or name: Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        for name, field in model.model_fields.items()
    }


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(model.model_fields["type"].annotation) if "type" in model.model_fields else ()


def _alternatives(kind: Any) -> list[Any]:
    return [value for member, _ in _members(kind) if get_origin(member) is Literal for value in get_args(member)]


def _words(kind: Any) -> str:
    """Say what a type expects. That null means the same as nothing is not worth a word."""
    parts = [_member_words(member, metadata) for member, metadata in _members(kind) if member is not NoneType]
    return " or ".join(dict.fromkeys(parts))


def _member_words(member: Any, metadata: tuple[Any, ...]) -> str:
    worded = next((note.words for note in metadata if isinstance(note, Worded)), None)
    if worded is not None:
        return worded
    if get_origin(member) is Literal:
        return choice(get_args(member))
    if _is_model(member):
        return "an object"
    return _WORDS.get(get_origin(member) or member, "another value")
