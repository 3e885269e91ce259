"""A file becomes a plain document of dicts, lists, strings, numbers, booleans and None; its suffix says how.

Knows the three syntaxes and nothing of what the document means. Every failure is one `UnreadableConfig` line,
with line and column where there is one. The parsers are imported when a file needs them.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Never

from wamprouter.config.problems import UnreadableConfig, choice, one_line


class _SyntaxProblem(Exception):
    """A text that its parser refuses, at a line and column that count from 1."""

    def __init__(self, text: str, line: int, column: int) -> None:
        super().__init__(text)
        self.line = line
        self.column = column


def read(path: Path) -> object:
    """Return the document in a file.

    Raises `UnreadableConfig` if the file cannot be read, has an unknown suffix or a syntax error.
    """
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None:
        raise _unreadable(f"{path}: unknown kind of file, expected a name that ends in {choice(_PARSERS)}")
    text = _text(path)
    try:
        return parse(text)
    except _SyntaxProblem as problem:
        kind = _KINDS[path.suffix.lower()]
        raise _unreadable(f"{path}:{problem.line}:{problem.column}: not valid {kind}: {problem}") from None
    except RecursionError:
        raise _unreadable(f"{path}: nested too deeply") from None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return content.decode("utf-8-sig")  # editors on Windows write a byte order mark
    except UnicodeDecodeError as error:
        line, column = _place(content[: error.start].decode("utf-8-sig"), error.start)
        raise _unreadable(f"{path}:{line}:{column}: not valid UTF-8") from None


def _unreadable(line: str) -> UnreadableConfig:
    return UnreadableConfig([one_line(line)])


def _place(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _json(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _SyntaxProblem(error.msg, error.lineno, error.colno) from None
    except ValueError as error:  # a number of thousands of digits, which has no place in the file by then
        raise _SyntaxProblem(str(error), 1, 1) from None


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _yaml(text: str) -> object:
    import yaml  # type: ignore[import-untyped,unused-ignore]  # PyYAML carries no types; types-PyYAML may be absent

    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise _SyntaxProblem(str(error.problem or error.context), line, column) from None
    except yaml.reader.ReaderError as error:
        raise _SyntaxProblem(error.reason, *_place(text, error.position)) from None
    except ValueError as error:  # a scalar of the right form with an impossible value: 2024-99-99
        raise _SyntaxProblem(str(error), 1, 1) from None


def _toml(text: str) -> object:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, line, column = _toml_place(str(error), text)
        raise _SyntaxProblem(message, line, column) from None
    except ValueError as error:  # a number of thousands of digits
        raise _SyntaxProblem(str(error), 1, 1) from None


def _toml_place(message: str, text: str) -> tuple[str, int, int]:
    """Take the place out of the message, the only part of the error that holds it before Python 3.14."""
    found = re.fullmatch(r"(?P<text>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)", message, re.DOTALL)
    if found is None:
        return message.removesuffix(" (at end of document)"), *_place(text, len(text))
    return found["text"], int(found["line"]), int(found["column"])


_PARSERS: dict[str, Callable[[str], object]] = {".json": _json, ".yaml": _yaml, ".yml": _yaml, ".toml": _toml}
_KINDS = {".json": "JSON", ".yaml": "YAML", ".yml": "YAML", ".toml": "TOML"}
