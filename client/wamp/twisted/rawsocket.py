"""RawSocket on Twisted: sockets and timers around ``wamp.protocol.rawsocket``."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from wamp.exception import PayloadExceededError
from wamp.protocol.codec import CODECS
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.rawsocket import Accepted, ClientHandshake, FrameReader, FrameType, Refused, frame
from wamp.twisted.link import (
    HANDSHAKE_TIMEOUT,
    MAX_MESSAGE_SIZE,
    PING_INTERVAL,
    PING_TIMEOUT,
    Host,
    Link,
    transport_details,
)
from wamp.types import TransportDetails

__all__ = ["RawSocketFactory", "RawSocketLink"]

_log = Logger()


class RawSocketLink(Link, Protocol):
    """One RawSocket connection."""

    transport: Any

    def __init__(self, host: Host, serializer: str, clock: IReactorTime) -> None:
        self.host = host
        self._clock = clock
        self._handshake: ClientHandshake | None = ClientHandshake(serializer, MAX_MESSAGE_SIZE)
        self._reader = FrameReader(MAX_MESSAGE_SIZE)
        self._send_limit = 0
        self._is_open = False
        self._reason = "the connection was closed during the handshake"
        self._timer: IDelayedCall | None = None

    # -- called by Twisted

    def connectionMade(self) -> None:
        if hasattr(self.transport, "setTcpNoDelay"):
            self.transport.setTcpNoDelay(True)
        assert self._handshake is not None
        self.transport.write(self._handshake.request)
        self._restart(HANDSHAKE_TIMEOUT, self._drop, "no answer to the RawSocket handshake")

    def dataReceived(self, data: bytes) -> None:
        try:
            if self._handshake is not None:
                data = self._shake(self._handshake, data)
            if data:
                self._read(data)
        except ProtocolViolation as violation:
            self._reason = str(violation)
            self.violated(violation)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stop_timer()
        was_clean = isinstance(reason.value, ConnectionDone) and self._handshake is None
        self._is_open = False
        self.end(self._reason, was_clean=was_clean)

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
        self._send_limit = answer.send_limit
        self._is_open = True
        self._reason = "the router closed the connection"
        self._restart(PING_INTERVAL, self._ping)
        codec = CODECS[answer.serializer]
        framing = TransportDetails.CHANNEL_FRAMING_RAWSOCKET
        self.begin(codec, transport_details(self.transport, codec, framing))

    def _read(self, data: bytes) -> None:
        for kind, payload in self._reader.feed(data):
            if not self._is_open:
                return
            if kind is FrameType.MESSAGE:
                self.deliver(payload)
            elif kind is FrameType.PING:
                self.transport.write(frame(payload, FrameType.PONG))
        self._is_awaiting_pong = False

    # -- ping: whatever arrives is a sign of life

    _is_awaiting_pong = False

    def _ping(self) -> None:
        self._is_awaiting_pong = True
        self.transport.write(frame(b"", FrameType.PING))
        self._restart(PING_TIMEOUT, self._check)

    def _check(self) -> None:
        if self._is_awaiting_pong:
            self._drop(f"nothing was heard for {PING_TIMEOUT:g} s after a ping")
        else:
            self._restart(PING_INTERVAL - PING_TIMEOUT, self._ping)

    def _restart(self, delay: float, function: Any, *args: Any) -> None:
        self._stop_timer()
        self._timer = self._clock.callLater(delay, function, *args)

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _drop(self, reason: str) -> None:
        _log.warn("dropping the connection to {peer}: {reason}", peer=self.transport.getPeer(), reason=reason)
        self._reason = reason
        self.abort()

    # -- Transport

    def write(self, data: bytes) -> None:
        if len(data) > self._send_limit:
            raise PayloadExceededError(f"a message of {len(data)} bytes, the router accepts {self._send_limit}")
        self.transport.write(frame(data))

    def is_open(self) -> bool:
        return self._is_open

    def close(self) -> None:
        self._is_open = False
        self.transport.loseConnection()

    def abort(self) -> None:
        self._is_open = False
        self.transport.abortConnection()


class RawSocketFactory(ClientFactory):
    """Makes the connection of a host. It speaks one serializer: RawSocket has no choice to offer."""

    noisy = False

    def __init__(self, host: Host, serializer: str, clock: IReactorTime) -> None:
        self._host = host
        self._serializer = serializer
        self._clock = clock

    def buildProtocol(self, _addr: object) -> RawSocketLink:
        return RawSocketLink(self._host, self._serializer, self._clock)
