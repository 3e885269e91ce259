"""A router that does not read, or not fast enough: whoever awaits what `publish` returns cannot fill the memory."""

import asyncio
import base64
import hashlib

import pytest

from wamp.asyncio import connect
from wamp.protocol import messages as m
from wamp.protocol.codec import CODECS
from wamp.protocol.rawsocket import frame

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
WELCOME = CODECS["json"].encode(m.Welcome(1, {"roles": {"broker": {}, "dealer": {}}}))
EVENT = "x" * 100_000
MANY = 1000  # of them are more than kernel and client hold together


class DeafRouter(asyncio.Protocol):
    """Welcomes a client, then reads nothing until it is told to."""

    def __init__(self, kind, told):
        self.kind = kind
        self.told = told
        self.is_welcomed = False
        self.received = 0

    def connection_made(self, transport):
        self.transport = transport
        self.told.set_result(self)

    def data_received(self, data):
        self.received += len(data)
        if not self.is_welcomed:
            getattr(self, self.kind)(data)

    def rs(self, data):
        if data[:1] == b"\x7f":  # the handshake; HELLO is behind it, or comes next
            self.transport.write(bytes([0x7F, 0xF1, 0, 0]))
            data = data[4:]
        if data:
            self.welcome(frame(WELCOME))

    def ws(self, data):
        if data.startswith(b"GET"):
            key = next(line for line in data.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
            accept = base64.b64encode(hashlib.sha1(key.split(b": ")[1] + GUID).digest())
            self.transport.write(
                b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                + accept
                + b"\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n"
            )
        else:
            self.welcome(bytes([0x81, len(WELCOME)]) + WELCOME)

    def welcome(self, data):
        self.is_welcomed = True
        self.transport.write(data)
        self.transport.pause_reading()


def run(kind, work):
    async def main():
        loop = asyncio.get_running_loop()
        told = loop.create_future()
        server = await loop.create_server(lambda: DeafRouter(kind, told), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        session = await connect(f"{kind}://127.0.0.1:{port}/", serializers=["json"], reconnect=False)
        router = await told
        link = session._session.transport
        try:
            await work(session, router, link)
        finally:
            link.abort()
            await session.close()
            router.transport.abort()
            server.close()
            await server.wait_closed()

    asyncio.run(main())


async def flood(session, sent):
    for _ in range(MANY):
        await session.publish("com.topic", EVENT)
        sent.append(None)


@pytest.mark.parametrize("kind", ["rs", "ws"])
def test_a_publisher_is_slowed_down(kind):
    """It goes on when the router reads again."""

    async def work(session, router, link):
        sent = []
        flooding = asyncio.create_task(flood(session, sent))
        await _held_up(link)
        held_up_at = len(sent)
        assert held_up_at < MANY
        assert not flooding.done()
        router.transport.resume_reading()
        await flooding
        assert MANY == len(sent)

    run(kind, work)


@pytest.mark.parametrize("kind", ["rs", "ws"])
def test_a_publisher_that_waits_learns_that_the_connection_is_lost(kind):
    async def work(session, router, link):
        flooding = asyncio.create_task(flood(session, []))
        await _held_up(link)
        router.transport.abort()
        with pytest.raises(Exception, match=r"not connected|closed|ended"):
            await flooding

    run(kind, work)


async def _held_up(link):
    """Wait until the client's buffer is full."""
    while not link.is_congested:
        await asyncio.sleep(0)
