"""What is known of a connection on asyncio."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from wamp.protocol.codec import Codec
from wamp.types import TransportDetails

__all__ = ["transport_details"]


def transport_details(transport: asyncio.BaseTransport, codec: Codec, framing: int) -> TransportDetails:
    """Return what is known of a transport of asyncio's."""
    peer, tls = transport.get_extra_info("peername"), transport.get_extra_info("ssl_object")
    is_unix = isinstance(peer, str | bytes)
    kind = (
        TransportDetails.CHANNEL_TYPE_MEMORY
        if is_unix
        else TransportDetails.CHANNEL_TYPE_TCP
        if tls is None
        else TransportDetails.CHANNEL_TYPE_TLS
    )
    return TransportDetails(
        channel_type=kind,
        channel_framing=framing,
        channel_serializer=codec.serializer.rawsocket_id,
        own=_spell(transport.get_extra_info("sockname")),
        peer=_spell(peer),
        is_server=False,
        is_secure=tls is not None,
        channel_id=None if tls is None else _channel_ids(tls),
    )


def _channel_ids(tls: Any) -> dict[str, bytes]:
    """Return type of binding -> 32 bytes, as ``wamp.twisted.channel`` does. Python's ssl has no keying material to export, so
    that ``tls-exporter`` is missing.
    """
    finished = tls.get_channel_binding("tls-unique")
    return {} if finished is None else {"tls-unique": hashlib.sha256(finished).digest()}


def _spell(address: Any) -> str:
    """Return an address as Autobahn writes it: ``tcp4:127.0.0.1:8080``."""
    if isinstance(address, bytes):
        address = address.decode(errors="replace")
    if isinstance(address, str):
        return f"unix:{address}"
    if not address:
        return "?"
    return f"tcp{6 if len(address) == 4 else 4}:{address[0]}:{address[1]}"
