"""Values and type hints: what was received as what a hint says, and the way back.

msgspec converts. Hints that are pydantic's (its models, dataclasses and types, ``Annotated[int, Field(gt=0)]``) are left to
pydantic, which whoever wrote such a hint has imported: this module never does.

msgspec is strict: ``"5"`` is no int and ``1.0`` neither; a date, UUID or Decimal is read from a string, a tuple or set
from a list. ``Field(gt=0)`` is asked of what has passed there. A model of pydantic's is as strict as its own
configuration says. Of a class that neither of them knows only ``isinstance`` is asked.
"""

from __future__ import annotations

import functools
import sys
import typing
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec import ValidationError

from wamp.types import CallResult

__all__ = ["Converter", "as_is", "builtins", "converter", "kept_converter", "sender"]

Converter = Callable[[Any], Any]
"""Takes a value, returns it in another form or raises ValidationError."""

_UNCHECKED: Final = (Any, object)

# What serializers carry as it is. Without it msgspec would read bytes from base64, which is not what WAMP sends.
_BINARY: Final = (bytes, bytearray, memoryview)

# Classes whose instances need no look inside. True is no int here: type() is compared, not isinstance.
_PLAIN: Final = (int, str, bytes, bool, float, type(None))


def as_is(value: Any) -> Any:
    """Return a value: the converter for what is not checked."""
    return value


def converter(hint: Any) -> Converter:
    """Return what turns received values into ``hint``. Raises TypeError for a hint that cannot be checked."""
    if hint in _UNCHECKED:
        return as_is
    if _is_pydantic(hint):
        return _pydantic_converter(hint)
    convert = _msgspec_converter(hint)
    if not _has_constraint(hint):
        return convert
    constrain = _pydantic_converter(hint)
    return lambda value: constrain(convert(value))


kept_converter = functools.lru_cache(maxsize=256)(converter)


def _msgspec_converter(hint: Any) -> Converter:
    # For a bare hint msgspec.convert builds its tables at every call, for a Struct once: hence a box with one item.
    box = msgspec.defstruct("Box", [("value", hint)], array_like=True)
    try:
        msgspec.json.Decoder(box)
        if getattr(hint, "_is_protocol", False):
            isinstance(None, hint)  # which is what it would come to at each call, unless it is runtime_checkable
    except (TypeError, NameError, AttributeError) as refusal:
        raise TypeError(str(refusal)) from None

    def convert(value: Any) -> Any:
        try:
            # JSON has no keys but strings: str_keys lets {"1": ...} be a dict[int, ...], and {1: ...} as well.
            boxed: Any = msgspec.convert((value,), box, builtin_types=_BINARY, str_keys=True, dec_hook=_foreign)
        except ValidationError as refusal:
            raise ValidationError(_without_box(str(refusal))) from None
        return boxed.value

    return _unless_plain(hint, convert)


def _unless_plain(hint: Any, convert: Converter) -> Converter:
    """Return ``convert`` with a short way for the classes that are sent as they are."""
    if hint not in _PLAIN:
        return convert

    def plain(value: Any) -> Any:
        return value if type(value) is hint else convert(value)

    return plain


def _without_box(text: str) -> str:
    return text.replace("`$[0]", "`$", 1).removesuffix(" - at `$`")


def _foreign(hint: Any, value: Any) -> Any:
    """Convert what msgspec has no notion of: pydantic's types inside of other types, and any other class.

    Raises ValueError, to which msgspec adds the place; a ValidationError it would take for complete.
    """
    if _is_pydantic(hint):
        try:
            return kept_converter(hint)(value)
        except ValidationError as refusal:
            raise ValueError(str(refusal)) from None
    cls = typing.get_origin(hint) or hint
    if isinstance(value, cls):
        return value
    raise ValueError(f"Expected `{cls.__name__}`, got `{type(value).__name__}`")


def builtins(value: Any) -> Any:
    """Return a value as every serializer can send it. Raises TypeError or ValueError if there is no such form."""
    return msgspec.to_builtins(value, builtin_types=_BINARY, enc_hook=_dumped)


def _dumped(value: Any) -> Any:
    if hasattr(type(value), "model_dump"):
        return _dump(value.model_dump)
    raise TypeError(f"objects of type {type(value).__name__} cannot be sent")


def sender(hint: Any) -> Converter:
    """Return what turns results into what is sent, and checks that against ``hint``.

    Checked is what the caller gets, not what the procedure holds: a Struct is believed no more than a dict.
    """
    if hint in _UNCHECKED:
        return builtins
    if hint is CallResult:
        return _refuse_single_value
    if _is_pydantic(hint):
        return _pydantic_sender(hint)
    check = converter(hint)

    def send(value: Any) -> Any:
        sent = builtins(value)
        check(sent)
        return sent

    return _unless_plain(hint, send)


def _refuse_single_value(value: Any) -> Any:
    raise ValidationError(f"Expected `CallResult`, got `{type(value).__name__}`")


# -- pydantic ---------------------------------------------------------------------------------------------------------


def _is_pydantic(hint: Any) -> bool:
    """Tell whether a hint, or a hint inside its brackets, says itself how pydantic is to read it."""
    return "pydantic" in sys.modules and any(map(_has_schema, _parts(hint)))


def _has_schema(hint: Any) -> bool:
    return hasattr(hint, "__get_pydantic_core_schema__") or hasattr(hint, "__pydantic_core_schema__")


def _has_constraint(hint: Any) -> bool:
    """Tell whether a hint, or a hint inside its brackets, has a ``Field(...)`` or the like beside it."""
    return "pydantic" in sys.modules and any(
        type(each).__module__.partition(".")[0] in ("pydantic", "annotated_types") for each in _parts(hint)
    )


def _parts(hint: Any) -> Iterator[Any]:
    """Yield a hint, what it is annotated with, and the same of what is in its brackets."""
    yield hint
    yield from getattr(hint, "__metadata__", ())
    for each in typing.get_args(hint):
        yield from _parts(each)


def _adapter(hint: Any) -> Any:
    try:
        return sys.modules["pydantic"].TypeAdapter(hint)
    except (TypeError, NameError, RuntimeError) as refusal:
        raise TypeError(str(refusal)) from None


def _pydantic_converter(hint: Any) -> Converter:
    validate, refused = _adapter(hint).validate_python, sys.modules["pydantic"].ValidationError

    def convert(value: Any) -> Any:
        try:
            return validate(value)
        except refused as refusal:
            raise ValidationError(_complaint(refusal)) from None

    return convert


def _pydantic_sender(hint: Any) -> Converter:
    check, dump = _pydantic_converter(hint), _adapter(hint).dump_python
    return lambda value: _dump(dump, check(value))


def _dump(dump: Callable[..., Any], *value: Any) -> Any:
    try:
        # Pydantic takes an instance as it is, though its fields be spoilt since; dumping it warns of that.
        return dump(*value, mode="json", by_alias=True, warnings="error")
    except ValueError as refusal:
        # Pydantic's text has the values in it: that is for the log, where the cause is seen, not for the caller.
        raise ValidationError("a model cannot be sent as its fields are declared") from refusal


def _complaint(refusal: Any) -> str:
    """Return the first thing that pydantic complains of, in the words of msgspec: what, got what, where."""
    first, *others = refusal.errors(include_url=False)
    text: str = first["msg"]
    if first["type"] != "missing":  # there the input is the object around the gap
        text += f", got `{type(first['input']).__name__}`"
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
    if path:
        text += f" - at `${path}`"
    return f"{text} (and {len(others)} more)" if others else text
