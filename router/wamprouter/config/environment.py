"""Variables in strings: `${NAME}` and `${NAME:-default}` become values from the environment, `${file:PATH}` what a file
holds.

Works on the plain document, before any field is known, so a variable may stand in every string. A default also replaces
a variable that is set but empty, as in a shell. `$${` stands for a literal `${`. A string that is nothing but `$NAME` is
a variable as well, and `$$NAME` stands for it; `$` inside of a string is a character like any other, so that tickets and
hashed passwords stay what they are. What comes from a file is a secret, whatever field it stands in.
"""

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wamprouter.config.problems import Place, Problem, shown
from wamprouter.config.redaction import SecretText, names_secret

# An operator's file is a handful of levels deep; a deeper one is a mistake, or an alias in YAML that contains itself.
MAX_DEPTH = 64
MAX_FILE = 64 * 1024  # a certificate's whole chain has a tenth of it

_FORMS = "${NAME}, ${NAME:-default} or ${file:PATH} ($${ for a literal ${)"
_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_BARE = re.compile(rf"(?P<literal>\$)?\$(?P<name>{_NAME})")
_REFERENCE = re.compile(r"(?P<literal>\$\$\{)|\$\{(?P<inner>[^}]*)(?P<end>\}?)")
_VARIABLE = re.compile(rf"(?P<name>{_NAME})(:-(?P<default>.*))?", re.DOTALL)
_FILE = re.compile(r"file:(?P<path>[^-${][^${]*?)(:-(?P<default>.*))?", re.DOTALL)


class Variable(str):
    """What a string that was nothing but one variable became.

    Only such a string may turn into a number or a flag where the field wants one: `"8080"` in quotes stays a mistake.
    """

    __slots__ = ()


class SecretVariable(SecretText, Variable):
    """What a string that was nothing but one file became."""

    __slots__ = ()


class _Undefined(Exception):
    """A reference that has no value; its texts are the problem, where anything and where no secret may be shown."""

    def __init__(self, text: str, concealed: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.concealed = text if concealed is None else concealed


def substitute(
    document: object, environ: Mapping[str, str], folder: Path | None = None
) -> tuple[object, list[Problem]]:
    """Return the document with its variables replaced, and what could not be replaced.

    Relative paths of files start at the folder.
    """
    problems: list[Problem] = []
    source = _Source(environ, folder or Path())

    def walk(node: object, place: Place) -> object:
        if len(place) > MAX_DEPTH:
            deep = Problem(place[:3], f"nested deeper than {MAX_DEPTH} levels")
            if problems[-1:] != [deep]:
                problems.append(deep)
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
            return source.replaced(text)
        except _Undefined as undefined:
            secret = any(names_secret(step) for step in place[-2:])  # of a list's entries the list has the name
            problems.append(Problem(place, undefined.concealed if secret else undefined.text))
            return text

    return walk(document, ()), problems


@dataclass(frozen=True, slots=True)
class _Source:
    """Where values come from."""

    environ: Mapping[str, str]
    folder: Path

    def replaced(self, text: str) -> str:
        """Return a string with its variables replaced."""
        if "$" not in text:
            return text
        bare = _BARE.fullmatch(text)
        if bare is not None:
            return text[1:] if bare["literal"] else Variable(self._bare(bare["name"]))
        whole = _REFERENCE.fullmatch(text)
        if whole is not None and not whole["literal"]:
            value = self._value(whole)
            return SecretVariable(value) if isinstance(value, SecretText) else Variable(value)
        return self._filled(text)

    def _filled(self, text: str) -> str:
        """Return a string that holds variables among other text."""
        secret = False

        def value(reference: re.Match[str]) -> str:
            nonlocal secret
            if reference["literal"]:
                return "${"
            found = self._value(reference)
            if not isinstance(found, SecretText):
                return found
            secret = True
            return found.reveal()

        filled = _REFERENCE.sub(value, text)
        return SecretText(filled) if secret else filled

    def _value(self, reference: re.Match[str]) -> str:
        inner, end = reference["inner"], reference["end"]
        if end and (file := _FILE.fullmatch(inner)):
            return self._content(file["path"], file["default"])
        if end and (variable := _VARIABLE.fullmatch(inner)):
            return self._variable(variable["name"], variable["default"])
        raise _Undefined(f"got {reference[0]}, expected {_FORMS}", f"got a secret, expected {_FORMS}")

    def _variable(self, name: str, default: str | None) -> str:
        found = self.environ.get(name)
        if default is not None:
            return found or default
        if found is None:
            raise _Undefined(f"the environment has no variable {name}, expected one (or ${{{name}:-default}})")
        return found

    def _bare(self, name: str) -> str:
        found = self.environ.get(name)
        if found is not None:
            return found
        text = f"the environment has no variable {name}, expected one (or ${{{name}:-default}}; $${name} for the text)"
        if name.isupper():
            raise _Undefined(text)
        raise _Undefined(
            text, "got a secret of the form $NAME, expected a variable of the environment ($$ for a literal $)"
        )

    def _content(self, path: str, default: str | None) -> str:
        try:
            return SecretText(_read(self.folder / path))
        except FileNotFoundError:
            if default is not None:
                return default
            raise _Undefined(
                f"the file {shown(path)} is not there, expected it (or ${{file:{path}:-default}})"
            ) from None
        except UnicodeDecodeError:
            raise _Undefined(f"the file {shown(path)} is not UTF-8, expected text") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise _Undefined(f"the file {shown(path)} cannot be read: {reason}") from None


def _read(path: Path) -> str:
    """Return the text in a file, without the line's end that editors put at its end."""
    if "\0" in str(path):  # Python's versions have different words for it
        raise ValueError("its name has a NUL in it")
    if not stat.S_ISREG(path.stat().st_mode):  # a named pipe would keep us waiting
        raise ValueError("it is no file")
    with path.open("rb") as file:
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise ValueError(f"it is larger than {MAX_FILE} bytes")
    text = content.decode("utf-8-sig")
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\r\n") else text.removesuffix("\n")
