"""RawSocket on Twisted: ``wamp.rawsocket`` as a protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from wamp.link import Host
from wamp.protocol.codec import Codec
from wamp.rawsocket import RawSocketLink
from wamp.twisted.link import Pressure, transport_details
from wamp.types import TransportDetails

__all__ = ["RawSocketConnection", "RawSocketFactory"]

_log = Logger()


class RawSocketConnection(RawSocketLink, Protocol):
    """One RawSocket connection."""

    transport: Any

    def __init__(self, host: Host, serializer: str, clock: IReactorTime) -> None:
        super().__init__(host, serializer)
        self._clock = clock

    # -- called by Twisted

    def connectionMade(self) -> None:
        if hasattr(self.transport, "setTcpNoDelay"):
            self.transport.setTcpNoDelay(True)
        self.write_bytes = self.transport.write
        self.transport.registerProducer(Pressure(self), True)
        self.shake_hands()

    def dataReceived(self, data: bytes) -> None:
        self.received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.disconnected(was_clean=isinstance(reason.value, ConnectionDone))

    # -- what Twisted has

    def call_later(self, delay: float, action: Callable[..., None], *args: Any) -> Any:
        return self._clock.callLater(delay, action, *args)

    def describe(self, codec: Codec) -> TransportDetails:
        return transport_details(self.transport, codec, TransportDetails.CHANNEL_FRAMING_RAWSOCKET)

    def report(self, reason: str) -> None:
        _log.debug("dropping the connection to {peer}: {reason}", peer=self.transport.getPeer(), reason=reason)

    def shut(self) -> None:
        self.transport.unregisterProducer()  # TLS waits for those that there are
        self.transport.loseConnection()

    def cut(self) -> None:
        self.transport.abortConnection()


class RawSocketFactory(ClientFactory):
    """Makes the connection of a host. It speaks one serializer: RawSocket has no choice to offer."""

    noisy = False

    def __init__(self, host: Host, serializer: str, clock: IReactorTime) -> None:
        self._host = host
        self._serializer = serializer
        self._clock = clock

    def buildProtocol(self, _addr: object) -> RawSocketConnection:
        return RawSocketConnection(self._host, self._serializer, self._clock)
