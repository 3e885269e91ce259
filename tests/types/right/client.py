"""``connect``: a session that outlives its connections."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, assert_type

import wamp.asyncio
from wamp import ApplicationError, CallOptions, CallTimeout, PublishOptions, RegisterOptions, TransportLost
from wamp.asyncio import Client, connect
from wamp.auth import create_authenticator
from wamp.types import Publication


@dataclass
class Point:
    x: float
    y: float


def add(a: int, b: int) -> int:
    return a + b


async def numbers() -> AsyncIterator[int]:
    yield 1
    yield 2


async def main() -> None:
    async with connect("ws://127.0.0.1:8080/ws", realm="realm1", auth={"ticket": {"ticket": "secret"}}) as session:
        assert_type(session, Client)
        assert_type(await session.call("com.example.point", returns=Point), Point)
        assert_type(
            await session.call("com.example.points", returns=list[Point], timeout=timedelta(seconds=2)), list[Point]
        )
        whatever: str = await session.call("com.example.name", 1, 2, key="value", timeout=1.5)
        assert_type(session.call("com.example.name"), asyncio.Future[Any])
        five: int = await session.rpc.com.example.add2(2, 3, key=whatever)
        five = await session.rpc(timeout=2, returns=int).com.example.add2(2, 3)
        five = await session.rpc["com.example.add-2"](five, 3)
        publication = await session.publish("com.example.news", five, options=PublishOptions(acknowledge=True))
        assert_type(publication, Publication | None)

        held = await session.register(add, "com.example.add", RegisterOptions(invoke="random"), check_types=True)
        assert_type(held.uri, str)
        await held.remove()
        for each in await session.subscribe(Handlers()):
            assert_type(each.is_active, bool)
        assert_type(session.session_details.authid, str | None)
        async with session.stream("com.example.count", 3, timeout=10, buffer=16) as stream:
            async for part in stream:
                print(part)
        print(stream.result)
        async for number in session.stream("com.example.numbers", numbers()):
            five += number
        session.define(TooHot, "com.example.error.too_hot")
        try:
            await session.call("com.example.slow", options=CallOptions(details=True))
        except CallTimeout as late:
            assert_type(late.error, str)
        except ApplicationError as error:
            assert_type(error.kwargs, dict[str, Any])
        except TransportLost:
            await session.wait_connected()
    other = await wamp.asyncio.connect(
        ["rs://127.0.0.1:8081", {"type": "websocket", "url": "wss://example.com/ws"}],
        auth=[create_authenticator("ticket", authid="joe", ticket="secret")],
        timeout=timedelta(seconds=10),
        wait=30,
        serializers=["cbor"],
        tls=ssl.create_default_context(),
        headers={"X-Name": "value"},
        offline_publishes=100,
        reconnect=False,
    )
    assert_type(other.is_connected(), bool)
    await other.close()
    await other.wait_closed()


class Handlers:
    @wamp.subscribe("com.example.news")
    def news(self, text: str) -> None: ...


class TooHot(Exception):
    """A class of the user's for an error URI."""


asyncio.run(main())
