"""Connections on their way."""

import asyncio

import pytest

from wamp.asyncio import connect


class Mute(asyncio.Protocol):
    """A router that takes connections and says nothing."""

    def __init__(self, came, gone):
        self.came = came
        self.gone = gone

    def data_received(self, data):
        if not self.came.done():
            self.came.set_result(None)

    def connection_lost(self, exc):
        self.gone.set_result(None)


@pytest.mark.parametrize("kind", ["rs", "ws"])
def test_connecting_that_is_cancelled_in_the_handshake_closes_the_connection(kind):
    async def main():
        loop = asyncio.get_running_loop()
        came, gone = loop.create_future(), loop.create_future()
        server = await loop.create_server(lambda: Mute(came, gone), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]

        async def work():
            await connect(f"{kind}://127.0.0.1:{port}/")

        connecting = asyncio.create_task(work())
        await came
        connecting.cancel()
        async with asyncio.timeout(2):  # half of what a handshake may take
            await gone
        assert connecting.cancelled()
        server.close()

    asyncio.run(main())
