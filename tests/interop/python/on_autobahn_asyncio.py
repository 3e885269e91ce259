"""A party of the interop test, as an unchanged Autobahn|Python client on asyncio."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import txaio

txaio.use_asyncio()

from autobahn.asyncio.rawsocket import WampRawSocketClientFactory  # noqa: E402  # after choosing the framework
from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession  # noqa: E402
from autobahn.wamp import types  # noqa: E402
from autobahn.wamp.exception import ApplicationError  # noqa: E402
from autobahn.wamp.message import Cancel  # noqa: E402
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer  # noqa: E402
from party import play  # noqa: E402

__all__ = ["ApplicationError", "ApplicationSession", "types"]

CAN_DISCLOSE = False

SERIALIZERS = {"json": JsonSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}
_tasks: set[Any] = set()


def future() -> Any:
    return asyncio.get_running_loop().create_future()


def resolve(waiting: Any, value: Any) -> None:
    if not waiting.done():
        waiting.set_result(value)


def read_line() -> Any:
    return asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


def newest_call(session: Any) -> int:
    """Return the request id of the call that was just made."""
    return int(max(session._call_reqs))


def cancel(session: Any, request: int, mode: str) -> None:
    """Cancel a call as the message says: Autobahn's own way has no mode."""
    session._transport.send(Cancel(request, mode))


def cut(session: Any) -> None:
    """Lose the connection, without a word to the router."""
    session._transport.transport.abort()


def connect(make: Any, url: str, serializer: str | None, extra: dict[str, Any]) -> None:
    """``serializer`` is None for whatever the library offers by itself."""
    task = asyncio.ensure_future(_connect(make, url, serializer, extra))
    _tasks.add(task)


async def _connect(make: Any, url: str, serializer: str | None, extra: dict[str, Any]) -> None:
    serializers = None
    if serializer is not None:
        name, _, batched = serializer.partition(".")
        serializers = [SERIALIZERS[name](batched=bool(batched))]
    try:
        if url.startswith("rs+unix://"):  # Autobahn's runner has no Unix sockets on asyncio; its factory does not mind
            factory = WampRawSocketClientFactory(
                lambda: make(types.ComponentConfig("realm1", extra)), serializer=serializers and serializers[0]
            )
            loop = asyncio.get_running_loop()
            await loop.create_unix_connection(factory, url.removeprefix("rs+unix://"))
        else:
            runner = ApplicationRunner(url, "realm1", extra=extra, serializers=serializers)
            await runner.run(make, start_loop=False)
    except Exception as error:  # noqa: BLE001  # told to the test
        resolve(extra["joined"], repr(error))


async def main() -> None:
    txaio.config.loop = asyncio.get_running_loop()  # type: ignore[attr-defined]  # made by use_asyncio
    await play(sys.modules[__name__])


if __name__ == "__main__":
    asyncio.run(main())
