"""WebSocket subprotocols ``wamp.2.<serializer>[.batched]``, and how a batch is laid out.

A batched connection carries one or more messages in each WebSocket message (advanced profile, "Batched WebSocket
Transport"). JSON messages end with a separator, the others have a length in front.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from wamp.protocol.codec import CODECS, Codec
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.serializers import JSON, Serializer

__all__ = ["SUBPROTOCOLS", "BatchFraming", "names"]

RECORD_SEPARATOR: Final = b"\x1e"
"""Ends each JSON message of a batch, says the specification."""
AUTOBAHN_SEPARATOR: Final = b"\x18"
"""Ends each JSON message of a batch, say Autobahn's clients."""
_LENGTH: Final = struct.Struct("!I")

SUBPROTOCOLS: Final[dict[str, tuple[Codec, bool]]] = {
    f"wamp.2.{name}{suffix}": (codec, bool(suffix)) for name, codec in CODECS.items() for suffix in ("", ".batched")
}
"""Subprotocol -> codec, and whether it is batched."""


def names(serializers: Sequence[str], *, batched: bool = True) -> list[str]:
    """Return the subprotocols of the named serializers, in that order, batched ones behind the plain ones."""
    plain = [f"wamp.2.{name}" for name in serializers]
    return [*plain, *(f"{name}.batched" for name in plain)] if batched else plain


class BatchFraming:
    """Splits and joins the messages of one batched connection.

    For JSON it answers with the separator that the peer's latest batch used, so that both the specification's and
    Autobahn's are understood.
    """

    __slots__ = ("_serializer", "separator")

    def __init__(self, serializer: Serializer, separator: bytes = RECORD_SEPARATOR) -> None:
        self._serializer = serializer
        self.separator = separator
        """What ends the messages that ``wrap`` returns, where they are JSON."""

    def split(self, data: bytes) -> list[bytes]:
        """Return the messages of one batch; raise ProtocolViolation if it is empty or cut short."""
        return self._split_text(data) if self._serializer is JSON else self._split_binary(data)

    def _split_text(self, data: bytes) -> list[bytes]:
        separator = data[-1:]
        if separator not in (RECORD_SEPARATOR, AUTOBAHN_SEPARATOR):
            raise ProtocolViolation("a batch does not end with a record separator")
        self.separator = separator
        # Neither separator occurs inside a message: JSON escapes control characters.
        return data[:-1].split(separator)

    def _split_binary(self, data: bytes) -> list[bytes]:
        messages = []
        start = 0
        while start < len(data):
            body = start + _LENGTH.size
            if body > len(data):
                raise ProtocolViolation("a batch ends inside a length")
            end = body + int(_LENGTH.unpack_from(data, start)[0])
            if end > len(data):
                raise ProtocolViolation("a batch ends inside a message")
            messages.append(data[body:end])
            start = end
        if not messages:
            raise ProtocolViolation("an empty batch")
        return messages

    def wrap(self, message: bytes) -> bytes:
        """Return one message as an element of a batch; a batch is any number of them, one behind the other."""
        if self._serializer is JSON:
            return message + self.separator
        return _LENGTH.pack(len(message)) + message
