"""The transport of a TLS connection: Twisted's, with the promises that a TCP transport keeps.

Twisted's own lets small writes wait for the next turn of the reactor, does not tell what of a write is still here, and
waits for the peer's goodbye before it closes. Ours writes at once (``write_now``), so that a queue knows what the socket
has not taken (``wamprouter.server.outbox``), and closes like TCP when everything is sent: a server need not wait for the
peer's close_notify (RFC 8446, section 6.1).

Beware: Twisted's wrappers pass on whatever they do not have. ``writeSomeData`` of this transport is that of the socket
below, and would send in the clear.
"""

from __future__ import annotations

from typing import Any, Final

from OpenSSL.SSL import WantReadError
from twisted.internet.interfaces import IAddress, ISSLTransport
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from wamprouter.server.outbox import unsent, write_now
from wamprouter.server.tls_context import TlsContext

__all__ = ["TlsFactory", "TlsTransport"]

_log = Logger()

_RECORDS: Final = 1 << 16  # octets to take from OpenSSL at a time
_MOST_UNASKED: Final = 1 << 16  # octets that wait for a peer which makes TLS itself answer and does not read


@implementer(ISSLTransport)
class TlsTransport(TLSMemoryBIOProtocol):
    """One TLS connection, over TCP."""

    transport: Any
    _is_writing = False
    _unasked = 0

    def write_now(self, data: bytes) -> int:
        """Write as far as the socket takes it; return how many bytes wait below, in the TCP transport's buffer."""
        self.write(data)
        return unsent(self.transport)

    def write(self, data: bytes) -> None:
        self._is_writing = True
        super().write(data)
        self._is_writing = False

    def writeSomeData(self, data: bytes) -> int:
        raise NotImplementedError("this would bypass TLS")

    def abortConnection(self) -> None:
        if self._tlsConnection is not None:  # it is gone with the connection, and a time-out may come later
            super().abortConnection()

    def _flushSendBIO(self) -> None:
        """Give what TLS has to say to the socket, at once and all of it."""
        while True:
            try:
                records = self._tlsConnection.bio_read(_RECORDS)
            except WantReadError:  # there is nothing more
                return
            if self.transport.connected:
                rest = write_now(self.transport, records)
                if not self._is_writing:
                    self._bound_answers(len(records) if rest else 0)

    def _bound_answers(self, waiting: int) -> None:
        """End a connection whose peer has TLS itself answer (to a KeyUpdate, say) again and again, and does not read."""
        self._unasked = self._unasked + waiting if waiting else 0
        if self._unasked > _MOST_UNASKED and not self._aborted:
            _log.info("dropping a TLS peer that does not read")
            self._unasked = 0
            self.abortConnection()

    def _shutdownTLS(self) -> None:
        super()._shutdownTLS()
        self.transport.loseConnection()  # once everything is sent


class TlsFactory(TLSMemoryBIOFactory):
    """Makes the connections of a TLS port. The wrapped factory may refuse one."""

    protocol = TlsTransport

    def __init__(self, context: TlsContext, factory: Any, reactor: Any) -> None:
        super().__init__(context, False, factory, reactor)

    def buildProtocol(self, addr: IAddress | None) -> Any:
        protocol = self.wrappedFactory.buildProtocol(addr)
        return None if protocol is None else self.protocol(self, protocol)
