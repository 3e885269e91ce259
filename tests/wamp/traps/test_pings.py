"""A link that is half open is noticed by this end: a component pings by default, whatever loop and transport it uses."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from twisted.internet.defer import succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

import wamp.asyncio
import wamp.twisted
from wamp.link import PING_INTERVAL, PING_TIMEOUT

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PINGS = {"ws": b"\x89\x80", "rs": b"\x01\0\0\0"}
"""What a ping begins with: a masked frame without payload, and a frame of RawSocket's."""


def answer(head: bytes) -> bytes:
    """Return a router's answer to either handshake."""
    if not head.startswith(b"GET"):
        return b"\x7f" + head[1:2] + b"\0\0"
    key = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key.split(b": ")[1].strip() + GUID).digest())
    return (
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Protocol: wamp.2.json\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def transport(scheme: str, port: int, **more: Any) -> dict[str, Any]:
    kind = {"type": "websocket", "serializers": ["json"]} if scheme == "ws" else {"type": "rawsocket"}
    return {**kind, "url": f"{scheme}://127.0.0.1:{port}", **more}


class Loop(asyncio.SelectorEventLoop):
    """Its clock can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


async def first_after_silence(scheme: str) -> bytes:
    """Return what a component on asyncio sends, without a word from the router, once it is time to ping."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Loop)
    read: asyncio.Future[bytes] = loop.create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake(reader.read, writer.write)
        await reader.read(4096)  # HELLO: the session has begun
        loop.ahead += PING_INTERVAL
        read.set_result(await reader.read(4096))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        component = wamp.asyncio.Component(transports=transport(scheme, port))
        component.start()
        found = await read
        await component.stop()
        return found


async def shake(read: Callable[[int], Awaitable[bytes]], write: Callable[[bytes], object]) -> None:
    head = await read(4096)
    while head.startswith(b"GET") and b"\r\n\r\n" not in head:
        head += await read(4096)
    write(answer(head))


@pytest.mark.parametrize("scheme", PINGS)
def test_a_component_on_asyncio_pings(scheme: str) -> None:
    with asyncio.Runner(loop_factory=Loop) as runner:
        assert PINGS[scheme] == runner.run(first_after_silence(scheme))[: len(PINGS[scheme])]


class Endpoint:
    """Connects to a router of which the test has the other end."""

    def connect(self, factory: Any) -> Any:
        self.protocol = factory.buildProtocol(None)
        self.transport = StringTransport()
        self.protocol.makeConnection(self.transport)
        return succeed(self.protocol)


def started(scheme: str, reactor: MemoryReactorClock) -> Endpoint:
    """Return the router's end of a component on Twisted, which has shaken hands."""
    endpoint = Endpoint()
    wamp.twisted.Component(transports=transport(scheme, 8080, endpoint=endpoint)).start(reactor)
    endpoint.protocol.dataReceived(answer(endpoint.transport.value()))
    endpoint.transport.clear()
    return endpoint


def test_a_component_on_twisted_pings_by_rawsocket() -> None:
    reactor = MemoryReactorClock()
    endpoint = started("rs", reactor)
    reactor.advance(PING_INTERVAL)
    assert PINGS["rs"] == endpoint.transport.value()[:4]


def test_a_component_on_twisted_pings_by_websocket() -> None:
    """Autobahn does, by a clock that a test cannot turn: the ping is due."""
    protocol = started("ws", MemoryReactorClock()).protocol
    is_due = protocol.autoPingPendingCall is not None
    protocol.connectionLost(Failure(ConnectionDone()))
    assert (True, PING_INTERVAL, PING_TIMEOUT) == (is_due, protocol.autoPingInterval, protocol.autoPingTimeout)
