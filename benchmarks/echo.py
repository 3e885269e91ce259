"""The other end that does nothing: it shows how much the generator itself sustains.

    python -m benchmarks.echo        prints its port, then serves until its standard input ends

A bare echo for octets, without a look at them: no frames, no masks, no messages. Since a call passes through two clients and an
event goes to several, the path in the handshake says where a connection's octets go:

    /echo                  back
    /caller → /callee      and the callee's octets go back to the caller whose turn it is, by length
    /publisher → /subscriber    to all of them

The first message of every connection goes back in any case, as the WELCOME.
"""

import base64
import hashlib
import select
import socket
import sys
from collections import deque

RECEIVE = 1 << 16


class Echo:
    """The connections and who gets whose octets."""

    def __init__(self) -> None:
        self.paths: dict[socket.socket, str] = {}
        self.members: dict[str, list[socket.socket]] = {}  # path -> connections
        self.welcomed: set[socket.socket] = set()
        self.turns: deque[tuple[socket.socket, int]] = deque()  # caller, octets of answers it is still to get

    def received(self, peer: socket.socket, data: bytes) -> None:
        """Pass on what a peer has sent. An empty `data` is the end."""
        if not data:
            self._left(peer)
        elif peer not in self.paths:
            self._upgrade(peer, data)
        elif peer not in self.welcomed:
            self.welcomed.add(peer)
            peer.sendall(data)
        else:
            self._pass_on(peer, data)

    def _pass_on(self, peer: socket.socket, data: bytes) -> None:
        path = self.paths[peer]
        if path == "caller":
            self.turns.append((peer, len(data)))
            self.members["callee"][0].sendall(data)
        elif path == "callee":
            self._answer(data)
        elif path == "publisher":
            for subscriber in self.members["subscriber"]:
                subscriber.sendall(data)
        else:
            peer.sendall(data)

    def _answer(self, data: bytes) -> None:
        while data:
            caller, length = self.turns.popleft()
            part, data = data[:length], data[length:]
            caller.sendall(part)
            if len(part) < length:
                self.turns.appendleft((caller, length - len(part)))

    def _upgrade(self, peer: socket.socket, request: bytes) -> None:
        lines = request.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        nonce = fields["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(nonce.encode()).digest()).decode()  # as RFC 6455 says
        path = self.paths[peer] = lines[0].split()[1].lstrip("/")
        self.members.setdefault(path, []).append(peer)
        peer.sendall(
            f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n"
            f"Sec-WebSocket-Protocol: {fields['sec-websocket-protocol']}\r\n\r\n".encode()
        )

    def _left(self, peer: socket.socket) -> None:
        self.members.get(self.paths.pop(peer, ""), [peer]).remove(peer)
        self.welcomed.discard(peer)
        peer.close()


def serve() -> None:
    """Serve until standard input ends, which it does with whoever started us."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listener.getsockname()[1], flush=True)
    echo, poll, peers = Echo(), select.epoll(), dict[int, socket.socket]()
    poll.register(listener, select.EPOLLIN)
    poll.register(sys.stdin, select.EPOLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == sys.stdin.fileno():
                return
            if descriptor == listener.fileno():
                peer, _ = listener.accept()
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
                peers[peer.fileno()] = peer
                poll.register(peer, select.EPOLLIN)
                continue
            peer = peers[descriptor]
            try:
                data = peer.recv(RECEIVE)
            except ConnectionError:
                data = b""
            if not data:
                del peers[descriptor]  # closing it takes it out of the epoll
            echo.received(peer, data)


if __name__ == "__main__":
    serve()
