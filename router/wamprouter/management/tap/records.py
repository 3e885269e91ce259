"""What a tap tells of a message: plain data of bounded size, and no more of its payload than is asked for.

Nothing is ever told of what people log in with: neither of HELLO, CHALLENGE, AUTHENTICATE and WELCOME but that they came, nor of
the payload of what the router asks an authenticator, and hears of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.messages import ABSENT, Authenticate, Challenge, Hello, Message, Raw, Welcome
from wamp.protocol.serializers import TranscodingError
from wamprouter.local import CODEC

if TYPE_CHECKING:
    from wamp.protocol.codec import Codec

__all__ = ["MOST_SHOWN", "Showing", "name_of", "record"]

Showing: TypeAlias = Literal["redacted", "full", "none"]
"""What of a payload: of which kind each value is, the values, or nothing."""

MOST_SHOWN: Final = 4096
"""Octets of a payload whose values are shown. Of a longer one, shown in full, there is as much text of it."""

_MOST_VALUES: Final = 20
_SECRET: Final = frozenset({Hello, Welcome, Challenge, Authenticate})
# Options whose texts are the protocol's own and no secret of an application.
_PUBLIC: Final = frozenset(
    {"enc_algo", "error", "invoke", "match", "mode", "ppt_scheme", "ppt_serializer", "procedure", "topic"}
)


def name_of(kind: type[Message]) -> str:
    """Return the name of a kind of message, as the specification writes it."""
    return kind.__name__.upper()


def record(message: Any, codec: Codec, size: int, showing: Showing, *, is_confidential: bool) -> dict[str, Any]:
    """Return what is told of a message, whose payload is in that codec."""
    kind = type(message)
    told: dict[str, Any] = {"type": name_of(kind), "size": size}
    for field in ("request", "reason", "error"):
        value = getattr(message, field, None)
        if value is not None and kind not in _SECRET:
            told[field] = value
    if showing == "none" or kind in _SECRET:
        return told
    options = getattr(message, "options", None) or getattr(message, "details", None)
    if options:
        told["options"] = _options(options, showing)
    if not is_confidential:
        told |= _payload(codec, getattr(message, "args", ABSENT), getattr(message, "kwargs", ABSENT), showing)
    return _deliverable(told)


def _options(options: Mapping[str, Any], showing: Showing) -> dict[str, Any]:
    shown = list(options.items())[:_MOST_VALUES]
    return {key: value if _is_public(key, value, showing) else _kind(value) for key, value in shown}


def _is_public(key: str, value: Any, showing: Showing) -> bool:
    if isinstance(value, str | bytes | list | dict):
        is_short = isinstance(value, list | dict) or len(value) <= MOST_SHOWN
        return (showing == "full" and is_short) or (key in _PUBLIC and isinstance(value, str) and is_short)
    return True


def _payload(codec: Codec, args: Raw, kwargs: Raw, showing: Showing) -> dict[str, Any]:
    if len(memoryview(args)) + len(memoryview(kwargs)) > MOST_SHOWN:
        return _excerpt(codec, args, showing)
    told: dict[str, Any] = {}
    try:
        if args is not ABSENT:
            values = codec.serializer.unpack(args)
            told["args"] = values if showing == "full" else [_kind(value) for value in values[:_MOST_VALUES]]
        if kwargs is not ABSENT:
            named = codec.serializer.unpack(kwargs)
            told["kwargs"] = named if showing == "full" else _kinds(named)
    except ProtocolViolation:  # of a hosted component, whose payloads no codec has looked at
        return {"is_malformed": True}
    return told


def _excerpt(codec: Codec, args: Raw, showing: Showing) -> dict[str, Any]:
    """Return the beginning of a long payload, where it is text."""
    if showing != "full" or codec.serializer.binary:
        return {"is_cut": True}
    return {"is_cut": True, "excerpt": bytes(memoryview(args)[:MOST_SHOWN]).decode(errors="replace")}


def _kinds(named: Mapping[str, Any]) -> dict[str, str]:
    return {key: _kind(value) for key, value in list(named.items())[:_MOST_VALUES]}


def _kind(value: Any) -> str:
    """Return what a value is, without saying which."""
    match value:
        case None:
            return "<null>"
        case bool():
            return "<boolean>"
        case int() | float():
            return "<number>"
        case str():
            return f"<text of {len(value)}>"
        case bytes() | bytearray() | memoryview():
            return f"<binary of {len(value)}>"
        case list() | tuple():
            return f"<list of {len(value)}>"
        case dict():
            return f"<object of {len(value)}>"
    return "<value>"


def _deliverable(told: dict[str, Any]) -> dict[str, Any]:
    """Return a record that every serializer can express: CBOR has values that others have no form for."""
    try:
        CODEC.serializer.pack(told)
    except TranscodingError:
        return {key: value for key, value in told.items() if key not in ("args", "kwargs", "options")} | {
            "is_cut": True
        }
    return told
