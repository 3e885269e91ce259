"""What the connections of all event loops share: bytes to messages, messages to bytes, and the session in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from wamp.exception import PayloadExceededError, SerializationError, TransportLost
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
_MOST_UNWRITTEN = 64 * 1024


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
    send_limit = MAX_MESSAGE_SIZE
    """The largest message that the router takes."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._is_open = False
        self._is_delivering = False
        self._out: list[bytes] = []  # messages that are sent, but not written
        self._out_size = 0
        self._at_drain: list[Callable[[], None]] = []

    def begin(self, codec: Codec, details: TransportDetails) -> None:
        """Give the connection, whose handshake is done, to a new session."""
        self.codec = codec
        self.details = details
        self._is_open = True
        self.session = session = self.host.make_session()
        if session is None:
            self.close()
            return
        self.host.opened(self)
        session.onOpen(self)

    def deliver(self, received: Iterable[bytes]) -> None:
        """Give the session messages, one after the other, as long as the connection is open."""
        session, decode = self.session, self.codec.decode
        if session is None:
            return
        self._is_delivering = True
        try:
            for data in received:
                if not self._is_open:
                    return
                try:
                    message = decode(data, is_relayed=False)
                except ProtocolViolation as violation:
                    self.violated(violation)
                else:
                    session.onMessage(message)
        finally:
            self._is_delivering = False
            self.flush()

    def violated(self, violation: ProtocolViolation) -> None:
        """End a connection whose router sends what cannot be read."""
        if self.session is not None:
            self.session.onViolation(violation)
        self.close()

    def end(self, reason: str, *, was_clean: bool) -> None:
        """Tell session and host that the connection is gone."""
        self._is_open = False
        self._out = []
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
        actions, self._at_drain = self._at_drain, []
        for action in actions:
            action()

    def call_when_drained(self, action: Callable[[], None]) -> None:
        """See ``Transport.call_when_drained``."""
        if self.is_congested:
            self._at_drain.append(action)
        else:
            action()

    # -- sending: what is sent while messages are delivered, or in one turn of a loop, is one system call

    def send(self, message: Message) -> None:
        """Send a message; see ``Transport.send``."""
        if not self._is_open:
            raise TransportLost("the connection is closed")
        try:
            data = self.codec.encode(message)
        except TranscodingError as error:
            raise SerializationError(str(error)) from None
        size = len(data)
        if size > self.send_limit:
            raise PayloadExceededError(f"a message of {size} bytes, the router accepts {self.send_limit}")
        out = self._out
        out.append(data)
        self._out_size += size
        if self._out_size > _MOST_UNWRITTEN:
            self.flush()  # only the transport can tell that the peer does not keep up
        elif len(out) == 1 and not self._is_delivering:
            self.flush_soon()

    def flush(self) -> None:
        """Write what was sent."""
        if self._out:
            out, self._out = self._out, []
            self._out_size = 0
            self.write_messages(out)

    def flush_soon(self) -> None:
        """Write what was sent, and perhaps what will be sent in this turn of the loop: a loop that has no turns flushes."""
        self.flush()

    def write_messages(self, payloads: list[bytes]) -> None:
        """Write messages."""
        raise NotImplementedError

    def stop(self) -> None:
        """Write what was sent; take and give no more messages."""
        self.flush()
        self._is_open = False

    def is_open(self) -> bool:
        return self._is_open

    def close(self) -> None:
        raise NotImplementedError

    def abort(self) -> None:
        raise NotImplementedError
