"""RawSocket on asyncio: ``wamp.rawsocket`` as a protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from wamp.asyncio.details import transport_details
from wamp.asyncio.log import Log
from wamp.link import Host
from wamp.protocol.codec import Codec
from wamp.rawsocket import RawSocketLink
from wamp.types import TransportDetails

__all__ = ["RawSocketConnection"]

_log = Log()


class RawSocketConnection(RawSocketLink, asyncio.Protocol):
    """One RawSocket connection."""

    transport: asyncio.Transport

    def __init__(self, host: Host, serializer: str, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(host, serializer)
        self._loop = loop

    # -- called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.write_bytes = transport.write
        self.shake_hands()

    def data_received(self, data: bytes) -> None:
        self.received(data)

    def pause_writing(self) -> None:
        self.congest()

    def resume_writing(self) -> None:
        self.relieve()

    def connection_lost(self, exc: Exception | None) -> None:
        self.disconnected(was_clean=exc is None)

    # -- what asyncio has

    def call_later(self, delay: float, action: Callable[..., None], *args: Any) -> asyncio.TimerHandle:
        return self._loop.call_later(delay, action, *args)

    def flush_soon(self) -> None:
        self._loop.call_soon(self.flush)

    def describe(self, codec: Codec) -> TransportDetails:
        return transport_details(self.transport, codec, TransportDetails.CHANNEL_FRAMING_RAWSOCKET)

    def report(self, reason: str) -> None:
        _log.debug(
            "dropping the connection to {peer}: {reason}", peer=self.transport.get_extra_info("peername"), reason=reason
        )

    def shut(self) -> None:
        self.transport.close()

    def cut(self) -> None:
        self.transport.abort()
