"""Variables in strings: `${NAME}` and `${NAME:-default}` become values from the environment.

Works on the plain document, before any field is known, so a variable may stand in every string. A default also replaces
a variable that is set but empty, as in a shell. `$${` stands for a literal `${`.
"""

import re
from collections.abc import Mapping

from wamprouter.config.problems import Place, Problem

# An operator's file is a handful of levels deep; a deeper one is a mistake, or an alias in YAML that contains itself.
MAX_DEPTH = 64

_REFERENCE = re.compile(r"(?P<literal>\$\$\{)|\$\{(?P<inner>[^}]*)(?P<end>\}?)")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?P<default>.*))?", re.DOTALL)


class Variable(str):
    """What a string that was nothing but one variable became.

    Only such a string may turn into a number or a flag where the field wants one: `"8080"` in quotes stays a mistake.
    """

    __slots__ = ()


class _Undefined(Exception):
    """A reference that has no value; its text is the problem."""


def substitute(document: object, environ: Mapping[str, str]) -> tuple[object, list[Problem]]:
    """Return the document with its variables replaced, and what could not be replaced."""
    problems: list[Problem] = []

    def walk(node: object, place: Place) -> object:
        if len(place) > MAX_DEPTH:
            problems.append(Problem(place[:3], f"nested deeper than {MAX_DEPTH} levels"))
            return None
        match node:
            case str():
                return replace(node, place)
            case list():
                return [walk(item, (*place, index)) for index, item in enumerate(node)]
            case dict():
                return {key: walk(value, (*place, key)) for key, value in node.items()}
        return node

    def replace(text: str, place: Place) -> str:
        try:
            return _replace(text, environ)
        except _Undefined as undefined:
            problems.append(Problem(place, str(undefined)))
            return text

    return walk(document, ()), problems


def _replace(text: str, environ: Mapping[str, str]) -> str:
    if "${" not in text:
        return text

    def value(reference: re.Match[str]) -> str:
        return "${" if reference["literal"] else _value(reference, environ)

    whole = _REFERENCE.fullmatch(text)
    replaced = _REFERENCE.sub(value, text)
    return Variable(replaced) if whole and not whole["literal"] else replaced


def _value(reference: re.Match[str], environ: Mapping[str, str]) -> str:
    variable = _VARIABLE.fullmatch(reference["inner"])
    if variable is None or not reference["end"]:
        raise _Undefined(f"got {reference[0]}, expected ${{NAME}} or ${{NAME:-default}} ($${{ for a literal ${{)")
    name, default = variable["name"], variable["default"]
    found = environ.get(name)
    if default is not None:
        return found or default
    if found is None:
        raise _Undefined(f"the environment has no variable {name}, expected one (or ${{{name}:-default}})")
    return found
