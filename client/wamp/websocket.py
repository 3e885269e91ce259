"""What WebSocket connections of all event loops share: subprotocols, batches, and whose messages they are."""

from __future__ import annotations

from wamp.frames import BINARY, TEXT, masks
from wamp.link import Host, Link
from wamp.protocol.codec import Codec
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.subprotocols import SUBPROTOCOLS, BatchFraming

__all__ = ["WebSocketLink"]


class WebSocketLink(Link):
    """The session's side of one WebSocket connection. Subclasses own the socket and a WebSocket library."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.masks = masks()
        self.first = 0
        """The first octet of a frame that carries a message."""
        self._framing: BatchFraming | None = None

    def speak(self, subprotocol: str) -> Codec:
        """Choose a subprotocol; return its codec."""
        codec, is_batched = SUBPROTOCOLS[subprotocol]
        self._framing = BatchFraming(codec.serializer) if is_batched else None
        self.first = BINARY if codec.serializer.binary else TEXT
        return codec

    def deliver_all(self, data: bytes) -> None:
        """Give the session what one WebSocket message holds."""
        if self._framing is None:
            self.deliver(data)
            return
        try:
            messages = self._framing.split(data)
        except ProtocolViolation as violation:
            self.violated(violation)
            return
        for message in messages:
            self.deliver(message)

    def deliver_foreign(self, data: bytes, *, is_binary: bool) -> None:
        """Give the session a message that a WebSocket library has put together, if it is of the right type."""
        if is_binary is (self.first == BINARY):
            self.deliver_all(data)
        else:
            expected = "binary" if self.first == BINARY else "text"
            self.violated(ProtocolViolation(f"expected {expected} messages, got one of the other type"))

    def write(self, data: bytes) -> None:
        self.write_message(data if self._framing is None else self._framing.wrap(data))

    def write_message(self, data: bytes) -> None:
        """Send one WebSocket message."""
        raise NotImplementedError
