"""What is known of a connection on Twisted."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IPushProducer, ISSLTransport
from zope.interface import implementer

from wamp.link import Link
from wamp.protocol.codec import Codec
from wamp.twisted.channel import channel_ids
from wamp.types import TransportDetails

__all__ = ["Pressure", "transport_details"]


@implementer(IPushProducer)
class Pressure:
    """Tells a link how full its transport's buffer is. It is no producer that could be paused: whoever sends has to look."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def pauseProducing(self) -> None:
        self._link.congest()

    def resumeProducing(self) -> None:
        self._link.relieve()

    def stopProducing(self) -> None:
        """The connection is lost, which the link is told by other means."""


def transport_details(transport: Any, codec: Codec, framing: int) -> TransportDetails:
    """Return what is known of a Twisted transport."""
    is_secure = ISSLTransport.providedBy(transport)
    peer = transport.getPeer()
    kind = (
        TransportDetails.CHANNEL_TYPE_MEMORY
        if isinstance(peer, UNIXAddress)
        else TransportDetails.CHANNEL_TYPE_TLS
        if is_secure
        else TransportDetails.CHANNEL_TYPE_TCP
    )
    return TransportDetails(
        channel_type=kind,
        channel_framing=framing,
        channel_serializer=codec.serializer.rawsocket_id,
        own=_spell(transport.getHost()),
        peer=_spell(peer),
        is_server=False,
        is_secure=is_secure,
        channel_id=channel_ids(transport),
    )


def _spell(address: object) -> str:
    """Return an address as Autobahn writes it: ``tcp4:127.0.0.1:8080``."""
    if isinstance(address, IPv4Address):
        return f"tcp4:{address.host}:{address.port}"
    if isinstance(address, IPv6Address):
        return f"tcp6:{address.host}:{address.port}"
    if isinstance(address, UNIXAddress):
        return f"unix:{os.fsdecode(address.name or b'')}"
    return "?"
