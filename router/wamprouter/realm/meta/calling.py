"""How a meta procedure is called: which arguments it takes, and how they are read from a payload."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from wamp.protocol.errors import InvalidArgument, ProtocolViolation
from wamp.protocol.messages import ABSENT, Raw

if TYPE_CHECKING:
    from wamp.protocol.serializers import Serializer
    from wamprouter.session import Session

__all__ = ["Arguments", "Procedure", "read_arguments"]


class Arguments(msgspec.Struct, forbid_unknown_fields=True):
    """Base of what procedures take: positional arguments in the order of the fields, or any of them by name.

    As in Python. The specification has the one or the other for each, and clients in the field have both.
    """


class Procedure(NamedTuple):
    """What arguments a procedure takes, and what it does for a caller: return a list of results."""

    arguments: type[msgspec.Struct]
    run: Callable[[Session, Any], list[Any]]


def read_arguments(kind: type[msgspec.Struct], serializer: Serializer, args: Raw, kwargs: Raw) -> Any:
    """Return the arguments in a payload; raise InvalidArgument for what ``kind`` does not have.

    ``null`` counts as absent, and an integral float as an integer, as in the options of a message: that is how
    JavaScript's serializers write ids.
    """
    try:
        positional = [] if args is ABSENT else serializer.unpack(args)
        named = {} if kwargs is ABSENT else serializer.unpack(kwargs)
    except ProtocolViolation as error:  # of a hosted component, whose payloads no codec has looked at
        raise InvalidArgument(str(error)) from None
    names = kind.__struct_fields__
    if not isinstance(positional, list) or len(positional) > len(names):
        raise InvalidArgument(f"expected at most {len(names)} arguments: {', '.join(names)}")
    given = dict(zip(names, positional, strict=False))
    twice = given.keys() & named.keys()
    if twice:
        raise InvalidArgument(f"given twice: {', '.join(sorted(twice))}")
    given |= named
    values = {name: _integral(value) for name, value in given.items() if value is not None}
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise InvalidArgument(str(error)) from None


def _integral(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() else value
