"""A party of the interop test, with this project's own client on asyncio."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from party import play

from wamp import ApplicationError, types
from wamp.asyncio import ApplicationRunner, ApplicationSession
from wamp.protocol.messages import Cancel

__all__ = ["ApplicationError", "ApplicationSession", "types"]

CAN_DISCLOSE = True

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
    return int(max(session._wamp._pending))


def cancel(session: Any, request: int, mode: str) -> None:
    """Cancel a call as the message says: as with Autobahn, cancelling a Future has no mode."""
    session.transport.send(Cancel(request, {"mode": mode}))


def cut(session: Any) -> None:
    """Lose the connection, without a word to the router."""
    session.transport.abort()


def connect(make: Any, url: str, serializer: str | None, extra: dict[str, Any]) -> None:
    """``serializer`` is None for whatever the library offers by itself."""
    task = asyncio.ensure_future(_connect(make, url, serializer, extra))
    _tasks.add(task)


async def _connect(make: Any, url: str, serializer: str | None, extra: dict[str, Any]) -> None:
    serializers = None if serializer is None else [serializer]
    try:
        await ApplicationRunner(url, "realm1", extra=extra, serializers=serializers).run(make, start_loop=False)
    except Exception as error:  # noqa: BLE001  # told to the test
        resolve(extra["joined"], repr(error))


if __name__ == "__main__":
    asyncio.run(play(sys.modules[__name__]))
