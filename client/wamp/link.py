"""What the connections of all event loops share: bytes to messages, messages to bytes, and the session in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from wamp.exception import SerializationError, TransportLost
from wamp.protocol.codec import Codec
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.messages import Message
from wamp.protocol.serializers import TranscodingError
from wamp.transport import Transport
from wamp.types import TransportDetails

__all__ = ["Host", "HostedSession", "Link"]

CONNECT_TIMEOUT = 10.0
PING_INTERVAL = 10.0
PING_TIMEOUT = 5.0
HANDSHAKE_TIMEOUT = 5.0
MAX_MESSAGE_SIZE = 16 * 1024 * 1024
"""The largest message that we accept; RawSocket cannot express more."""


class HostedSession(Protocol):
    """A session as a transport sees it."""

    def onOpen(self, transport: Transport) -> Any: ...
    def onMessage(self, message: Message) -> None: ...
    def onViolation(self, violation: ProtocolViolation) -> None: ...
    def onClose(self, wasClean: bool) -> None: ...


class Host(Protocol):
    """Who wanted the connection."""

    def make_session(self) -> HostedSession | None:
        """Return the session for a connection whose handshake has succeeded; None closes it again."""
        ...

    def opened(self, link: Link) -> None:
        """The session of a connection was made and is about to learn of it."""
        ...

    def closed(self, link: Link, reason: str) -> None:
        """A connection is closed, and its session, if there was one, has been told."""
        ...


class Link:
    """One connection to a router: the ``Transport`` of its session. Subclasses write bytes and know how to close."""

    host: Host
    codec: Codec
    details: TransportDetails
    session: HostedSession | None = None
    is_congested = False
    _at_drain: list[Callable[[], None]] | None = None

    def begin(self, codec: Codec, details: TransportDetails) -> None:
        """Give the connection, whose handshake is done, to a new session."""
        self.codec = codec
        self.details = details
        self.session = session = self.host.make_session()
        if session is None:
            self.close()
            return
        self.host.opened(self)
        session.onOpen(self)

    def deliver(self, data: bytes) -> None:
        """Give the session one message."""
        session = self.session
        if session is None:
            return
        try:
            message = self.codec.decode(data)
        except ProtocolViolation as violation:
            self.violated(violation)
        else:
            session.onMessage(message)

    def violated(self, violation: ProtocolViolation) -> None:
        """End a connection whose router sends what cannot be read."""
        if self.session is not None:
            self.session.onViolation(violation)
        self.close()

    def end(self, reason: str, *, was_clean: bool) -> None:
        """Tell session and host that the connection is gone."""
        session, self.session = self.session, None
        if session is not None:
            session.onClose(was_clean)
        self.relieve()
        self.host.closed(self, reason)

    # -- back-pressure: whoever waits for an empty buffer cannot fill it without end

    def congest(self) -> None:
        """Learn that the peer takes less than is written."""
        self.is_congested = True

    def relieve(self) -> None:
        """Learn that the buffer is empty enough, or of no use any more."""
        self.is_congested = False
        actions, self._at_drain = self._at_drain or [], None
        for action in actions:
            action()

    def call_when_drained(self, action: Callable[[], None]) -> None:
        """See ``Transport.call_when_drained``."""
        if not self.is_congested:
            action()
            return
        if self._at_drain is None:
            self._at_drain = []
        self._at_drain.append(action)

    # -- sending

    def send(self, message: Message) -> None:
        """Send a message; see ``Transport.send``."""
        if not self.is_open():
            raise TransportLost("the connection is closed")
        try:
            data = self.codec.encode(message)
        except TranscodingError as error:
            raise SerializationError(str(error)) from None
        self.write(data)

    def write(self, data: bytes) -> None:
        """Send the bytes of one message; raise PayloadExceededError if the peer does not take that many."""
        raise NotImplementedError

    def is_open(self) -> bool:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def abort(self) -> None:
        raise NotImplementedError
