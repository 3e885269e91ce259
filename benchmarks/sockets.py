"""The clients' end of the wire: sockets that wait together in one epoll, and how one of them joins a realm.

Everything here is bounded in time: a router that stays silent for PATIENCE seconds has failed.
"""

import base64
import hashlib
import select
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter

from benchmarks.errors import BenchmarkError, Lost
from benchmarks.frames import CLOSE, PING, PONG, FrameReader, Run, frame
from benchmarks.vocabulary import GOODBYE, WELCOME, Vocabulary

HOST = "127.0.0.1"
PATIENCE = 10.0
RECEIVE = 1 << 16

_NONCE = base64.b64encode(b"wamprouter bench")
_ACCEPT = base64.b64encode(hashlib.sha1(_NONCE + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # as RFC 6455 says


@dataclass(frozen=True)
class Target:
    """Where clients connect to and what they speak there."""

    port: int
    vocabulary: Vocabulary


class Closed(Exception):
    """The router has closed this connection."""


class Connection:
    """One client's non-blocking socket, after the WebSocket handshake."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.unsent = b""
        self._reader = FrameReader()

    def send(self, data: bytes) -> None:
        """Send, and keep for later what the socket does not take now."""
        if self.unsent:
            self.unsent += data
            return
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self.unsent = data[sent:]

    def flush(self) -> None:
        """Send what was kept."""
        unsent, self.unsent = self.unsent, b""
        self.send(unsent)

    def receive(self) -> list[Run]:
        """Return the messages that have arrived; answer pings. Raises Closed."""
        try:
            data = self.socket.recv(RECEIVE)
        except BlockingIOError:
            return []
        except ConnectionResetError as error:
            raise Closed from error
        if not data:
            raise Closed
        runs = self._reader.feed(data)
        return [run for run in runs if run.first < CLOSE or self._control(run)]

    def _control(self, run: Run) -> bool:
        if run.first == CLOSE:
            raise Closed
        if run.first == PING:
            for payload in run.payloads():
                self.send(frame(PONG, payload, masked=True))
        return False

    def close(self) -> None:
        self.socket.close()


class Poll:
    """The connections of one generator, waiting together."""

    def __init__(self, connections: Iterable[Connection] = ()) -> None:
        self._epoll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._writing: set[int] = set()
        for connection in connections:
            self.add(connection)

    def add(self, connection: Connection) -> None:
        self._connections[connection.socket.fileno()] = connection
        self._epoll.register(connection.socket, select.EPOLLIN)

    def remove(self, connection: Connection) -> None:
        del self._connections[connection.socket.fileno()]
        self._writing.discard(connection.socket.fileno())
        self._epoll.unregister(connection.socket)

    def ready(self, timeout: float = PATIENCE) -> list[Connection]:
        """Wait, and return who has something to read, flushing who can write. Empty only after a shorter `timeout`."""
        for descriptor, connection in self._connections.items():
            if connection.unsent and descriptor not in self._writing:
                self._writing.add(descriptor)
                self._epoll.modify(descriptor, select.EPOLLIN | select.EPOLLOUT)
        events = self._epoll.poll(timeout)
        if not events and timeout >= PATIENCE:
            raise Lost(f"nothing has arrived for {timeout:.0f} s")
        if self._writing:
            self._flush([descriptor for descriptor, event in events if event & select.EPOLLOUT])
        return [self._connections[descriptor] for descriptor, event in events if event != select.EPOLLOUT]

    def _flush(self, descriptors: list[int]) -> None:
        for descriptor in descriptors:
            connection = self._connections[descriptor]
            connection.flush()
            if not connection.unsent:
                self._writing.discard(descriptor)
                self._epoll.modify(descriptor, select.EPOLLIN)

    def close_connections(self) -> None:
        """End everybody's connection, without a word."""
        for connection in self._connections.values():
            connection.close()

    def __enter__(self) -> "Poll":
        return self

    def __exit__(self, *_: object) -> None:
        self._epoll.close()


def upgrade(target: Target, path: str) -> Connection:
    """Connect, ask for the WebSocket, and return the connection while the answer is still on its way."""
    sock = socket.create_connection((HOST, target.port), timeout=PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    sock.setblocking(False)
    connection = Connection(sock)
    connection.send(
        f"GET /{path} HTTP/1.1\r\nHost: {HOST}:{target.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {_NONCE.decode()}\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: {target.vocabulary.notation.subprotocol}\r\n\r\n".encode()
    )
    return connection


def accepted(answer: bytes, subprotocol: str) -> bool:
    """Check the answer to the upgrade. False if it is not complete yet; raises BenchmarkError if it is wrong."""
    if b"\r\n\r\n" not in answer:
        return False
    status, *lines = answer.decode("latin-1").split("\r\n")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if (
        not status.startswith("HTTP/1.1 101 ")
        or fields.get("sec-websocket-accept") != _ACCEPT.decode()
        or fields.get("sec-websocket-protocol") != subprotocol
        or not answer.endswith(b"\r\n\r\n")
    ):
        raise BenchmarkError(f"WebSocket handshake refused: {answer[:300]!r}")
    return True


class Join:
    """One client on its way into the realm, and, if wanted, out again. `step` whenever its socket is readable."""

    def __init__(self, target: Target, path: str, *, leave: bool = False) -> None:
        self._vocabulary = target.vocabulary
        self.leave = leave
        self._answer = b""
        self._upgraded = self._joined = False
        self.connection = upgrade(target, path)

    def step(self) -> bool:
        """Take the next step, and say whether it was the last."""
        if not self._upgraded:
            self._answer += self.connection.socket.recv(RECEIVE)
            if accepted(self._answer, self._vocabulary.notation.subprotocol):
                self._upgraded = True
                self.connection.send(self._vocabulary.hello())
            return False
        try:
            runs = self.connection.receive()
        except Closed:
            if self._joined and self.leave:
                return True
            raise BenchmarkError("the router closed the connection instead of welcoming us") from None
        for payload in (payload for run in runs for payload in run.payloads()):
            self._welcome(self._vocabulary.decode(payload))
        if runs and self.leave:
            self.connection.send(frame(CLOSE, (1000).to_bytes(2), masked=not self._vocabulary.echo))
        return bool(runs) and not self.leave

    def _welcome(self, message: list[object]) -> None:
        if self._joined and message[0] == GOODBYE:
            return
        if self._joined or message[0] != WELCOME:
            raise BenchmarkError(f"expected one WELCOME, got {str(message)[:300]}")
        self._joined = True


def join(target: Target, paths: Iterable[str], *, parallel: int = 8) -> list[Connection]:
    """Open a session for each path, up to `parallel` at a time, and return their connections in the order of the paths."""
    joins: list[Join] = []
    with Poll() as poll:
        for _ in arrivals(poll, (Join(target, path) for path in paths), parallel, started=joins):
            pass
    return [session.connection for session in joins]


def arrivals(poll: Poll, joins: Iterable[Join], parallel: int, *, started: list[Join] | None = None) -> Iterator[float]:
    """Run joins, `parallel` at a time, and yield the time at which each one is complete."""
    waiting = iter(joins)
    running: dict[Connection, Join] = {}

    def start() -> None:
        for session in waiting:
            running[session.connection] = session
            poll.add(session.connection)
            if started is not None:
                started.append(session)
            return

    for _ in range(parallel):
        start()
    while running:
        for connection in poll.ready():
            if running[connection].step():
                poll.remove(connection)
                if running.pop(connection).leave:
                    connection.close()
                yield perf_counter()
                start()


def ask(target: Target, connection: Connection, request: bytes, answer: int) -> None:
    """Send one request and wait for the one answer of the expected type."""
    connection.send(request)
    with Poll([connection]) as poll:
        runs: list[Run] = []
        while not runs:
            poll.ready()
            runs = connection.receive()
    messages = [target.vocabulary.decode(payload) for run in runs for payload in run.payloads()]
    if len(messages) != 1 or messages[0][0] != answer:
        raise BenchmarkError(f"expected one message of type {answer}, got {str(messages)[:300]}")
