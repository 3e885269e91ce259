"""The kinds of value a field can hold, and the model that every part of the configuration is.

Each kind says in `words` what it expects, for the one line an operator reads; pydantic's own texts are never shown.
Numbers and flags accept what one environment variable became (`Variable`), and no other string.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeAlias, runtime_checkable

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from wamprouter.config.environment import Variable
from wamprouter.config.redaction import HIDDEN, SecretText

_VARIABLE = r"^\$[A-Za-z_][A-Za-z0-9_]*$"
_VARIABLE_SCHEMA = {"type": "string", "pattern": rf"^\$\{{.+\}}$|{_VARIABLE}"}
_DIGITS = 20  # more than any limit needs; int() of thousands of digits is refused by Python with another error
_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class Model(BaseModel):
    """A part of the configuration: fixed once read, and without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@runtime_checkable
class Worded(Protocol):
    """An annotation that says what its field expects."""

    @property
    def words(self) -> str:
        """Return the expectation in plain words, to follow "expected"."""
        ...


def expected(words: str) -> PydanticCustomError:
    """Return the error of a check that knows better than its field's kind what it expects."""
    return PydanticCustomError("expected", "{words}", {"words": words})


@dataclass(frozen=True, slots=True)
class Words:
    """Says what a field expects where its type alone says too little."""

    words: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds, both included."""

    low: int
    high: int
    unit: str = ""

    @property
    def words(self) -> str:
        """Return the bounds in words."""
        return f"an integer from {self.low} to {self.high}" + (f" ({self.unit})" if self.unit else "")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            _number, core_schema.int_schema(strict=True, ge=self.low, le=self.high)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), _VARIABLE_SCHEMA]}


def _number(value: object) -> object:
    if isinstance(value, Variable) and value.isascii() and value.isdigit() and len(value) <= _DIGITS:
        return int(value)
    return value


@dataclass(frozen=True, slots=True)
class _Flag:
    """True or false."""

    words: str = "true or false"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_truth, core_schema.bool_schema(strict=True))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), _VARIABLE_SCHEMA]}


def _truth(value: object) -> object:
    return _FLAGS.get(value.lower(), value) if isinstance(value, Variable) else value


@dataclass(frozen=True, slots=True)
class Text:
    """A string of a given form, which is a regular expression for the whole of it."""

    pattern: str
    words: str
    written: str = ""  # the form in a file, where that is wider

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.str_schema(strict=True, pattern=f"^(?:{self.pattern})$")

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        form = self.written or self.pattern
        return {"type": "string", "pattern": rf"^(?:{form})$|\$\{{|{_VARIABLE}"}  # with a variable in it, any text


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text that is never shown, neither in an error nor in the model."""

    words: str = "a string that is not empty"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            SecretText,
            core_schema.str_schema(strict=True, min_length=1),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda _: HIDDEN, when_used="json"),
        )


@dataclass(frozen=True, slots=True)
class _Location:
    """A path on disk. A relative one starts at the folder of the configuration file."""

    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(strict=True, pattern=r"^[^\x00]+$")
        located = core_schema.with_info_after_validator_function(_located, text)
        return core_schema.no_info_before_validator_function(_as_text, located)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "minLength": 1}


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _located(text: str, info: core_schema.ValidationInfo[dict[str, Path] | None]) -> Path:
    folder = (info.context or {}).get("folder")
    return Path(os.path.abspath(folder / text)) if folder else Path(text)


def _plain(value: object) -> object:
    """Return a value of any kind as what a serializer knows, which a `Variable` is not."""
    match value:
        case SecretText():
            return value.reveal()
        case str():
            return str(value)
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
    return value


def _inherited(value: object) -> object:
    match _truth(value):
        case True:
            return ("*",)
        case False:
            return ()
    return value


@dataclass(frozen=True, slots=True)
class _Inherited:
    """Names of environment variables, or all, or none."""

    words: str = "true, false or a list of names"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_inherited, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"type": "boolean"}]}


Flag: TypeAlias = Annotated[bool, _Flag()]
Inherited: TypeAlias = Annotated[tuple[str, ...], _Inherited()]
# Not in a model's repr, because a component's passwords are in it.
Anything: TypeAlias = Annotated[Any, BeforeValidator(_plain), Field(repr=False)]
# `secret.reveal()` is the plain string; a SecretText may also be compared and encoded as it is.
Secret: TypeAlias = Annotated[SecretText, Hidden()]

Port: TypeAlias = Annotated[int, Whole(0, 65535)]
Backlog: TypeAlias = Annotated[int, Whole(1, 65535)]
Connections: TypeAlias = Annotated[int, Whole(1, 10_000_000)]
Timeout: TypeAlias = Annotated[int, Whole(1, 3_600_000, "milliseconds")]
Interval: TypeAlias = Annotated[int, Whole(0, 3_600_000, "milliseconds, 0 for never")]
Seconds: TypeAlias = Annotated[int, Whole(0, 31_536_000, "seconds")]
MessageSize: TypeAlias = Annotated[int, Whole(512, 64 * 1024**2, "bytes")]
QueueSize: TypeAlias = Annotated[int, Whole(1024, 1024**3, "bytes")]

Name: TypeAlias = Annotated[str, Text(r"\S+", "a name without spaces")]
Id: TypeAlias = Annotated[str, Text("[A-Za-z][A-Za-z0-9_-]*", "a letter, then letters, digits, - and _")]
RealmName: TypeAlias = Annotated[str, Text(r"[^\s.#]+(\.[^\s.#]+)*", 'a realm name such as "realm1" or "com.example"')]
Classname: TypeAlias = Annotated[
    str, Text(r"[^\W\d]\w*(\.[^\W\d]\w*)+", 'a class with its module, such as "package.module.Class"')
]
PathName: TypeAlias = Annotated[str, Text("/|[A-Za-z0-9_-]+", '"/", or letters, digits, - and _')]
FileName: TypeAlias = Annotated[str, Text(r"[^/\\\x00]+", "the name of a file, without a folder")]
Interface: TypeAlias = Annotated[str, Text(r"[^\s/]+", 'an address of this machine such as "127.0.0.1"')]
Origin: TypeAlias = Annotated[str, Text(r"\S+", 'an origin such as "https://*.example.com"')]
HeaderName: TypeAlias = Annotated[
    str, Text(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", 'the name of an HTTP header such as "X-Frame-Options"')
]
HeaderValue: TypeAlias = Annotated[str, Text(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?", "one line of ASCII text")]
Suffix: TypeAlias = Annotated[str, Text(r"\.[^\s/.]+", 'the end of a file name such as ".wasm"')]
MimeType: TypeAlias = Annotated[
    str, Text(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:; *[\x21-\x7e]+)?", 'a type such as "text/css"')
]
Location: TypeAlias = Annotated[str, Text(r"[\x21-\x7e]+", 'a URL such as "/app/" or "https://www.example.com/"')]
Package: TypeAlias = Annotated[str, Text(r"[^\W\d]\w*(\.[^\W\d]\w*)*", 'a Python package such as "example.web"')]
Resource: TypeAlias = Annotated[str, Text(r"[^/\\\x00]+(/[^/\\\x00]+)*", 'a folder in the package such as "static"')]
Folder: TypeAlias = Annotated[Path, _Location("a folder")]
PemFile: TypeAlias = Annotated[Path, _Location("the path of a PEM file")]
Ciphers: TypeAlias = Annotated[str, Text(r"[\x21-\x7e]+", 'an OpenSSL cipher list such as "ECDHE+AESGCM"')]
SocketFile: TypeAlias = Annotated[Path, _Location("the path of a socket")]
DataFile: TypeAlias = Annotated[Path, _Location("the path of a file")]
