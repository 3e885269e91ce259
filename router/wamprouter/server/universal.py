"""One port for RawSocket, WebSocket and HTTP: the first octet tells which of them a client speaks.

RawSocket begins with an octet that no request of HTTP begins with (advanced profile, "RawSocket Transport"), and WebSocket
begins as a request of HTTP. So a connection waits for one octet, and then is one of RawSocket or of HTTP as if it had come
to a port of that kind, with everything that has been read.
"""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.protocol import Factory, Protocol
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper

from wamprouter.server.admission import NoRoom
from wamprouter.server.connections import Connections, Limits, address_of

if TYPE_CHECKING:
    from wamprouter.realm.realm import Realm

__all__ = ["UniversalConnection", "UniversalFactory"]

_log = Logger()

_RAWSOCKET: Final = 0x7F


class UniversalConnection(Protocol):
    """A connection of which nothing has been read. It is counted until another kind of connection takes its place."""

    factory: UniversalFactory
    transport: Any  # TCP, TLS or Unix
    kind = "universal"
    ending = ""
    is_shaken = False
    is_idle = False
    is_silenced = False
    authenticating_since = 0.0

    def connectionMade(self) -> None:
        connections = self.factory.connections
        self.limits = self.factory.limits
        self.address = address_of(self.transport.getPeer())
        self.opened_at = self.heard_at = connections.now()
        self.idle_since = self.pinged_at = 0.0
        self.place: str | None = None
        try:
            self.place = connections.enter(self.address)
        except NoRoom:
            self.transport.abortConnection()  # in which protocol to say so is not known
        else:
            connections.add(self)

    def dataReceived(self, data: bytes) -> None:
        factory = self.factory
        if self.place is None:
            return
        self.is_shaken, self.ending = True, "passed_on"
        factory.connections.discard(self)
        self.place = None
        chosen: Any = factory.rawsocket if data[0] == _RAWSOCKET else factory.http
        protocol = None if chosen is None else chosen.buildProtocol(self.transport.getPeer())
        transport = self.transport
        if protocol is None:  # it is not served here, or the place was needed by somebody in between
            transport.abortConnection()
            return
        if isinstance(transport, ProtocolWrapper):  # TLS
            transport.wrappedProtocol = protocol
        else:
            transport.protocol = protocol
        protocol.makeConnection(transport)
        protocol.dataReceived(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.factory.connections.discard(self)
        self.place = None

    # -- Monitored

    def is_cut(self) -> bool:
        return False

    def is_draining(self) -> bool:
        return False

    def ping(self) -> None:
        """There is nothing to ping yet."""

    def revise(self, changed: Container[Realm]) -> None:
        """There is no session yet."""

    def go_away(self, reason: str) -> None:
        self.transport.loseConnection()

    def drop(self, reason: str) -> None:
        _log.info("dropping {address}: {reason}", address=self.address, reason=reason)
        self.transport.abortConnection()


class UniversalFactory(Factory):
    """Makes the connections of a universal port, with the factories of what is served there."""

    protocol: Any = UniversalConnection
    noisy = False

    def __init__(
        self, connections: Connections, limits: Limits, *, rawsocket: Factory | None, http: Factory | None
    ) -> None:
        self.connections = connections
        self.limits = limits
        self.rawsocket = rawsocket
        self.http = http

    def startFactory(self) -> None:
        for factory in (self.rawsocket, self.http):
            if factory is not None:
                factory.doStart()

    def stopFactory(self) -> None:
        for factory in (self.rawsocket, self.http):
            if factory is not None:
                factory.doStop()
