"""What WebSocket connections of all event loops share: subprotocols, batches, and whose messages they are."""

from __future__ import annotations

from wamp.frames import BINARY, TEXT, cut_frames, masked_frames, masks
from wamp.link import MAX_MESSAGE_SIZE, Host, Link
from wamp.protocol.codec import Codec
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.subprotocols import SUBPROTOCOLS, BatchFraming

__all__ = ["WebSocketLink"]

_LENGTH = 4
"""Octets that a batch adds to a message."""


class WebSocketLink(Link):
    """The session's side of one WebSocket connection. Subclasses own the socket and a WebSocket library."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.masks = masks()
        self.first = 0
        """The first octet of a frame that carries a message."""
        self._framing: BatchFraming | None = None

    def speak(self, subprotocol: str) -> Codec:
        """Choose a subprotocol; return its codec."""
        codec, is_batched = SUBPROTOCOLS[subprotocol]
        if is_batched:
            self._framing = BatchFraming(codec.serializer)
            self.send_limit = MAX_MESSAGE_SIZE - _LENGTH
        self.first = BINARY if codec.serializer.binary else TEXT
        return codec

    def read_frames(self, data: bytes) -> tuple[bytes, bool]:
        """Give the session the messages in the frames that are as nearly all are.

        Return what follows them, and whether it is but the beginning of one more such frame.
        """
        payloads, end, is_beginning = cut_frames(data, self.first)
        self.deliver_all(payloads)
        return data[end:], is_beginning

    def deliver_all(self, payloads: list[bytes]) -> None:
        """Give the session what WebSocket messages hold."""
        if self._framing is None:
            self.deliver(payloads)
            return
        for payload in payloads:
            try:
                self.deliver(self._framing.split(payload))
            except ProtocolViolation as violation:
                self.violated(violation)

    def deliver_foreign(self, data: bytes, *, is_binary: bool) -> None:
        """Give the session a message that a WebSocket library has put together, if it is of the right type."""
        if is_binary is (self.first == BINARY):
            self.deliver_all([data])
        else:
            expected = "binary" if self.first == BINARY else "text"
            self.violated(ProtocolViolation(f"expected {expected} messages, got one of the other type"))

    def write_messages(self, payloads: list[bytes]) -> None:
        if self._framing is not None:
            payloads = [self._framing.wrap(payload) for payload in payloads]
        self.write_websocket_messages(payloads)

    def frames(self, payloads: list[bytes]) -> bytes:
        """Return the frames of WebSocket messages."""
        return masked_frames(self.first, payloads, self.masks)

    def write_websocket_messages(self, payloads: list[bytes]) -> None:
        """Write one WebSocket message for each payload."""
        raise NotImplementedError
