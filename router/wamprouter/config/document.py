"""A file becomes a plain document of dicts, lists, strings, numbers, booleans and None; its suffix says how.

Knows the three syntaxes and nothing of what the document means. Every failure is one `UnreadableConfig` line,
with line and column where there is one. The parsers are imported when a file needs them.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

from wamprouter.config.positions import FilePositions, Positions, Spot, position
from wamprouter.config.problems import Place, Problem, UnreadableConfig, choice, one_line

MAX_SIZE = 16 * 1024**2  # a thousand times an operator's file


@dataclass(frozen=True, slots=True)
class File:
    """What a file holds, and where."""

    document: object
    positions: Positions
    problems: list[Problem]  # what its syntax allows and no operator means: a key that is written twice


class _SyntaxProblem(Exception):
    """A text that its parser refuses, at a line and column that count from 1."""

    def __init__(self, text: str, line: int, column: int) -> None:
        super().__init__(text)
        self.line = line
        self.column = column


class _Refused(_SyntaxProblem):
    """A text that is well-formed and must not become a document."""


def read(path: Path) -> File:
    """Return what a file holds.

    Raises `UnreadableConfig` if the file cannot be read, has an unknown suffix or a syntax error.
    """
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None:
        raise _unreadable(f"{path}: unknown kind of file, expected a name that ends in {choice(_PARSERS)}")
    text = _text(path)
    try:
        return parse(text)
    except _Refused as problem:
        raise _unreadable(f"{path}:{problem.line}:{problem.column}: {problem}") from None
    except _SyntaxProblem as problem:
        kind = _KINDS[path.suffix.lower()]
        raise _unreadable(f"{path}:{problem.line}:{problem.column}: not valid {kind}: {problem}") from None
    except RecursionError:
        raise _unreadable(f"{path}: nested too deeply") from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise _unreadable(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > MAX_SIZE:
        raise _unreadable(f"{path}: larger than {MAX_SIZE} bytes")
    try:
        return content.decode("utf-8-sig")  # editors on Windows write a byte order mark
    except UnicodeDecodeError as error:
        line, column = position(content[: error.start].decode("utf-8-sig"), error.start)
        raise _unreadable(f"{path}:{line}:{column}: not valid UTF-8") from None


def _unreadable(line: str) -> UnreadableConfig:
    return UnreadableConfig([one_line(line)])


def _twice(place: Place, line: int) -> Problem:
    return Problem(place, f"got it again (first in line {line}), expected it once", key=place)


def _json(text: str) -> File:
    twice = False

    def collected(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        entries = dict(pairs)
        twice = twice or len(entries) < len(pairs)
        return entries

    try:
        document = json.loads(text, parse_constant=_no_constant, object_pairs_hook=collected)
    except json.JSONDecodeError as error:
        raise _SyntaxProblem(error.msg, error.lineno, error.colno) from None
    except ValueError as error:  # a number of thousands of digits, which has no place in the file by then
        raise _SyntaxProblem(str(error), 1, 1) from None
    positions = FilePositions(text, lambda: _json_spots(text))
    return File(document, positions, [_twice(*found) for found in positions.repeated()] if twice else [])


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _json_spots(text: str) -> Spot:
    from wamprouter.config.json_spots import spots

    return spots(text)


def _yaml(text: str) -> File:
    import yaml  # type: ignore[import-untyped,unused-ignore]  # PyYAML carries no types; types-PyYAML may be absent

    from wamprouter.config import yaml_spots

    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            return File(None, FilePositions(text, lambda: Spot(0)), [])
        repeated = yaml_spots.examine(loader, root)
        document = loader.construct_document(root)
    except yaml_spots.Refused as problem:
        raise _Refused(str(problem), *position(text, problem.offset)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise _SyntaxProblem(str(error.problem or error.context), line, column) from None
    except yaml.reader.ReaderError as error:
        raise _SyntaxProblem(error.reason, *position(text, error.position)) from None
    except ValueError as error:  # a scalar of the right form with an impossible value: 2024-99-99
        raise _SyntaxProblem(str(error), 1, 1) from None
    positions = FilePositions(text, lambda: yaml_spots.spots(loader, root))
    problems = [_twice(place, position(text, offset).line) for place, offset in repeated]
    return File(document, positions, problems)


def _toml(text: str) -> File:
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, line, column = _toml_place(str(error), text)
        raise _SyntaxProblem(message, line, column) from None
    except ValueError as error:  # a number of thousands of digits
        raise _SyntaxProblem(str(error), 1, 1) from None
    return File(document, FilePositions(text, lambda: _toml_spots(text)), [])


def _toml_place(message: str, text: str) -> tuple[str, int, int]:
    """Take the place out of the message, the only part of the error that holds it before Python 3.14."""
    found = re.fullmatch(r"(?P<text>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)", message, re.DOTALL)
    if found is None:
        return message.removesuffix(" (at end of document)"), *position(text, len(text))
    return found["text"], int(found["line"]), int(found["column"])


def _toml_spots(text: str) -> Spot:
    from wamprouter.config.toml_spots import spots

    return spots(text)


_PARSERS: dict[str, Callable[[str], File]] = {".json": _json, ".yaml": _yaml, ".yml": _yaml, ".toml": _toml}
_KINDS = {".json": "JSON", ".yaml": "YAML", ".yml": "YAML", ".toml": "TOML"}
