"""RawSocket on any event loop: timers and an open connection around ``wamp.protocol.rawsocket``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wamp.link import HANDSHAKE_TIMEOUT, MAX_MESSAGE_SIZE, PING_INTERVAL, PING_TIMEOUT, Host, Link
from wamp.protocol.codec import CODECS, Codec
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.rawsocket import Accepted, ClientHandshake, FrameReader, FrameType, Refused, frame, message_frames
from wamp.types import TransportDetails

__all__ = ["RawSocketLink"]

_MESSAGE: Final = FrameType.MESSAGE
_PING: Final = FrameType.PING


class RawSocketLink(Link):
    """One RawSocket connection. Subclasses own the socket and the clock.

    ``write_bytes`` is the transport's own method; ``shake_hands``, ``received`` and ``disconnected`` are for whoever reads.
    """

    write_bytes: Callable[[bytes], Any]

    def __init__(self, host: Host, serializer: str) -> None:
        super().__init__(host)
        self._handshake: ClientHandshake | None = ClientHandshake(serializer, MAX_MESSAGE_SIZE)
        self._reader = FrameReader(MAX_MESSAGE_SIZE)
        self._is_awaiting_pong = False
        self._reason = "the connection was closed during the handshake"
        self._timer: Any = None

    # -- what an event loop has

    def call_later(self, delay: float, action: Callable[..., None], *args: Any) -> Any:
        """Call ``action(*args)`` in so many seconds; return what has a method ``cancel``."""
        raise NotImplementedError

    def describe(self, codec: Codec) -> TransportDetails:
        """Return what is known of the connection."""
        raise NotImplementedError

    def report(self, reason: str) -> None:
        """Log why the connection is dropped."""
        raise NotImplementedError

    # -- called by whoever reads

    def shake_hands(self) -> None:
        """Begin the handshake."""
        assert self._handshake is not None
        self.write_bytes(self._handshake.request)
        self._restart(HANDSHAKE_TIMEOUT, self._drop, "no answer to the RawSocket handshake")

    def received(self, data: bytes) -> None:
        """Take what was read."""
        try:
            if self._handshake is not None:
                data = self._shake(self._handshake, data)
            if data:
                self._read(data)
        except ProtocolViolation as violation:
            self._reason = str(violation)
            self.violated(violation)

    def disconnected(self, *, was_clean: bool) -> None:
        """Learn that the connection is gone."""
        self._stop_timer()
        self._is_open = False
        self.end(self._reason, was_clean=was_clean and self._handshake is None)

    # -- the conversation

    def _shake(self, handshake: ClientHandshake, data: bytes) -> bytes:
        """Take part of the handshake; return what came behind it."""
        answer = handshake.receive(data)
        if answer is None:
            return b""
        if isinstance(answer, Refused):
            self._drop(f"the router refused the RawSocket handshake: {answer.reason}")
            return b""
        self._accepted(answer)
        return answer.rest

    def _accepted(self, answer: Accepted) -> None:
        self._handshake = None
        self._reader = FrameReader(answer.receive_limit)
        self.send_limit = answer.send_limit
        self._reason = "the router closed the connection"
        self._restart(PING_INTERVAL, self._ping)
        codec = CODECS[answer.serializer]
        self.begin(codec, self.describe(codec))

    def _read(self, data: bytes) -> None:
        frames = self._reader.feed(data)
        self._is_awaiting_pong = False
        for kind, payload in frames:
            if kind is _PING:
                self.write_bytes(frame(payload, FrameType.PONG))
        self.deliver([payload for kind, payload in frames if kind is _MESSAGE])

    # -- ping: whatever arrives is a sign of life

    def _ping(self) -> None:
        self._is_awaiting_pong = True
        self.write_bytes(frame(b"", FrameType.PING))
        self._restart(PING_TIMEOUT, self._check)

    def _check(self) -> None:
        if self._is_awaiting_pong:
            self._drop(f"nothing was heard for {PING_TIMEOUT:g} s after a ping")
        else:
            self._restart(PING_INTERVAL - PING_TIMEOUT, self._ping)

    def _restart(self, delay: float, action: Callable[..., None], *args: Any) -> None:
        self._stop_timer()
        self._timer = self.call_later(delay, self._fire, action, args)

    def _fire(self, action: Callable[..., None], args: tuple[Any, ...]) -> None:
        self._timer = None
        action(*args)

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _drop(self, reason: str) -> None:
        self.report(reason)
        self._reason = reason
        self.abort()

    # -- Transport

    def write_messages(self, payloads: list[bytes]) -> None:
        self.write_bytes(message_frames(payloads))

    def close(self) -> None:
        self.stop()
        self.shut()

    def abort(self) -> None:
        self._is_open = False
        self.cut()

    def shut(self) -> None:
        """Close the socket once what was written is sent."""
        raise NotImplementedError

    def cut(self) -> None:
        """Close the socket at once."""
        raise NotImplementedError
