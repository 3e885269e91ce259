"""The seam between a client session and what carries its messages: a socket, or the router in the same process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from wamp.protocol.codec import Codec
from wamp.protocol.messages import Message
from wamp.types import TransportDetails

__all__ = ["Transport", "TransportDetails"]


class Transport(Protocol):
    """One open link to a router, as a session sees it.

    Whoever owns the link tells the session about it: ``session.onOpen(transport)``, then ``session.onMessage(message)``
    for each message, and at the end ``session.onClose(was_clean)``. The payload of every message, in both directions,
    is in the bytes of ``codec``. A message may be delivered while ``send`` runs.
    """

    @property
    def codec(self) -> Codec:
        """The codec that the link's payloads are in."""
        ...

    @property
    def details(self) -> TransportDetails:
        """What is known of the link, for ``SessionDetails.transport``."""
        ...

    @property
    def is_congested(self) -> bool:
        """Whether more waits to be sent than should."""
        ...

    def call_when_drained(self, action: Callable[[], None]) -> None:
        """Call ``action`` when the link is not congested any more, or closed; at once if it is so now."""
        ...

    def send(self, message: Message) -> None:
        """Send a message.

        Raise ``TransportLost`` if the link is closed, ``SerializationError`` if the message cannot be written, and
        ``PayloadExceededError`` if it is larger than the peer accepts. In the last two cases nothing was sent.
        """
        ...

    def is_open(self) -> bool:
        """Tell whether messages can still be sent."""
        ...

    def close(self) -> None:
        """Close the link after what was sent; closing it again does nothing."""
        ...

    def abort(self) -> None:
        """Drop the link at once, with whatever was not sent yet."""
        ...
