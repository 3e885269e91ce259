"""What must not be shown: secrets, by their type where it is known, else by the name of their field.

Whoever prints a value of a configuration prints it by `problems.shown`, a whole one by `redacted`.
"""

import re
from collections.abc import Mapping
from typing import Any, Self

HIDDEN = "<secret>"


class SecretText(str):
    """A text that shows itself to nobody who does not ask for it by `reveal`.

    It compares, hashes and encodes as what it is; `str`, `repr` and formatting, which is how a text gets into logs and
    tracebacks, show a stand-in.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Make a secret of a text; one of a secret is the same secret, although `str` would show its stand-in."""
        return super().__new__(cls, text.reveal() if isinstance(text, SecretText) else text)

    def reveal(self) -> str:
        """Return the text itself, as a plain string."""
        return str.__str__(self)

    def __str__(self) -> str:
        return HIDDEN

    def __repr__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)


_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
# A name with one of these in it, misspelt at its end or not; or with one of these as a word.
_TELLING = re.compile(r"secret|ticket|passw|passphrase|private|privkey|token|credential|apikey", re.IGNORECASE)
_TELLING_WORDS = frozenset({"key", "keys", "pass", "pwd"})
# A name with one of these as a word tells that it is none, or only where one is.
_PUBLIC_WORDS = frozenset({"public", "pub", "authorized", "authorised", "known", "salt", "file", "path"})
# What is called like a secret and has one of these fields is a method of authentication, and no secret.
_PRINCIPALS = frozenset({"principals", "users"})  # name -> an object; a text there is a password
_SETTINGS = _PRINCIPALS | {"type"}
_PEM = "PRIVATE KEY-----"
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")


def names_secret(name: object) -> bool:
    """Say whether a field of this name holds a secret, as far as a name can tell."""
    if not isinstance(name, str):
        return False
    words = {word.lower() for word in _WORD.findall(name)}
    if words & _PUBLIC_WORDS:
        return False
    return _TELLING.search(name) is not None or bool(words & _TELLING_WORDS)


def is_secret(value: object) -> bool:
    """Say whether a value is a secret whatever the field it stands in."""
    return isinstance(value, SecretText) or (isinstance(value, str) and _PEM in value)


def redacted(document: object, name: object = None) -> Any:
    """Return a document, or a part of one that stands under a name, with a stand-in for every secret."""
    return _redacted(document, beneath=names_secret(name))


def _redacted(node: object, *, beneath: bool) -> Any:
    """Replace the secrets in a part of a document, which stands beneath the name of a secret or does not."""
    match node:
        case dict():
            beneath = beneath and not _SETTINGS & node.keys()
            return {key: _entry(node, key, value, beneath=beneath) for key, value in node.items()}
        case list() | tuple():
            return [_redacted(item, beneath=beneath) for item in node]
        case None | bool() | "":
            return node
    if beneath or is_secret(node):
        return HIDDEN
    return _PASSWORD_IN_URL.sub(rf"\1:{HIDDEN}@", node) if isinstance(node, str) else node


def _entry(around: Mapping[Any, object], key: object, value: object, *, beneath: bool) -> Any:
    if key in _PRINCIPALS and isinstance(value, dict):
        return {name: _redacted(entry, beneath=not isinstance(entry, dict)) for name, entry in value.items()}
    return _redacted(value, beneath=beneath or (names_secret(key) and not _names_file(key, around)))


def _names_file(key: object, around: Mapping[Any, object]) -> bool:
    """Say whether a key is the file of one: in TLS it stands beside its certificate."""
    return key == "key" and "certificate" in around
