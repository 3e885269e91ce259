"""The other end of a WebSocket, by wsproto: a client that shares no code with the router's parser, over a blocking socket.

What wsproto refuses to build is sent by hand (``raw``), and the answers still go through wsproto: it raises at whatever a
server may not send.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Self
from urllib.parse import urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.extensions import Extension
from wsproto.utilities import LocalProtocolError

from tests.support.raw import PONG, Closed, Stream, client_frame

__all__ = ["DELIVERIES", "Delivery", "Peer", "Refused", "octet_by_octet"]

Delivery = Callable[[Stream, bytes], None]


def whole(stream: Stream, data: bytes) -> None:
    """In one segment: the fast path, if the frame is one for it."""
    stream.send(data)


def octet_by_octet(stream: Stream, data: bytes) -> None:
    """Each octet sent by itself: the frame is put together on the fast path, or given to Autobahn in pieces."""
    try:
        for at in range(len(data)):
            stream.send(data[at : at + 1])
    except Closed:
        pass  # the router has seen enough, and what it said is still to be read


def with_more_behind(stream: Stream, data: bytes) -> None:
    """With the beginning of something else in the same segment."""
    stream.send(data + client_frame(PONG, b"behind") + b"\x8a")


def off_the_fast_path(stream: Stream, data: bytes) -> None:
    """Behind a control frame, after which the rest of a read is Autobahn's."""
    stream.send(client_frame(PONG, b"before") + data)


def octet_by_octet_off_the_fast_path(stream: Stream, data: bytes) -> None:
    """Behind the first octet of a control frame that is completed later, so that Autobahn has everything."""
    pong = client_frame(PONG, b"before")
    octet_by_octet(stream, pong[:-1])
    stream.send(pong[-1:] + data[:1])
    octet_by_octet(stream, data[1:])


DELIVERIES: Final[dict[str, Delivery]] = {
    "whole": whole,
    "octet by octet": octet_by_octet,
    "with more behind": with_more_behind,
    "off the fast path": off_the_fast_path,
    "octet by octet, off the fast path": octet_by_octet_off_the_fast_path,
}


class Refused(Exception):
    """The handshake was answered with another status than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Peer:
    """A client's WebSocket. Raises Refused if there is to be none."""

    def __init__(
        self, url: str, *subprotocols: str, extensions: Sequence[Extension] = (), deliver: Delivery = whole
    ) -> None:
        self.stream = Stream(url)
        self.octets_in = 0
        """Octets read so far, for tests of how much something takes on the wire."""
        self._deliver = whole
        self._connection = WSConnection(ConnectionType.CLIENT)
        self._events: deque[Event] = deque()
        parts = urlsplit(url)
        self.send(Request(parts.netloc, parts.path or "/", list(extensions), [], list(subprotocols)))
        answer = self.next_event()
        if isinstance(answer, RejectConnection):
            self.stream.close()
            raise Refused(answer.status_code)
        assert isinstance(answer, AcceptConnection), answer
        self.subprotocol = answer.subprotocol
        self.extensions = answer.extensions
        self._deliver = deliver

    def send(self, *events: Event) -> None:
        """Send events as wsproto makes frames of them, all in one delivery."""
        self._deliver(self.stream, b"".join(self._connection.send(event) for event in events))

    def raw(self, data: bytes) -> None:
        """Send octets that wsproto knows nothing of."""
        self._deliver(self.stream, data)

    def next_event(self) -> Event:
        """Return what comes next; raise Closed at the end of the connection."""
        while not self._events:
            try:
                data = self.stream.socket.recv(1 << 18)
            except (ConnectionResetError, BrokenPipeError):
                data = b""
            if not data:
                raise Closed
            self.octets_in += len(data)
            self._connection.receive_data(data)
            self._events.extend(self._connection.events())
        return self._events.popleft()

    def next_message(self) -> str | bytes:
        """Return the next message, put together of its parts; answer pings."""
        parts: list[str | bytes] = []
        while True:
            event = self.next_event()
            if isinstance(event, Message):
                parts.append(event.data if isinstance(event, TextMessage) else bytes(event.data))
                if event.message_finished:
                    return (b"" if isinstance(event, BytesMessage) else "").join(parts)  # type: ignore[arg-type]
            elif isinstance(event, Ping):
                self.send(event.response())
            elif isinstance(event, CloseConnection):
                raise Closed(event.code, event.reason or "")
            else:
                assert isinstance(event, Pong), event

    def close_frame(self) -> CloseConnection:
        """Read on until the close frame. In the middle of a frame of ours there is no way to answer it."""
        while True:
            event = self.next_event()
            if isinstance(event, CloseConnection):
                return event

    def closing(self) -> Closed:
        """Read on until the close frame, answer it, and see that nothing comes behind it; return code and reason."""
        event = self.close_frame()
        try:
            self.stream.send(self._connection.send(event.response()))
        except (Closed, LocalProtocolError):
            pass  # it does not wait for our answer; or this was the answer to ours
        assert not self._events, self._events
        assert self.stream.read_to_end() == b"", "data behind the close frame"
        return Closed(event.code, event.reason or "")

    def close(self) -> None:
        self.stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def fragments(kind: type[TextMessage] | type[BytesMessage], parts: Iterable[str | bytes]) -> list[Event]:
    """Return a message in fragments."""
    *first, last = parts
    events: list[Event] = [kind(data=part, message_finished=False) for part in first]  # type: ignore[arg-type]
    return [*events, kind(data=last)]  # type: ignore[arg-type]
