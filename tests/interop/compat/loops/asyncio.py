"""What a program needs of its event loop, on asyncio; ``loops.twisted`` is the same on Twisted."""

from __future__ import annotations

import asyncio
from asyncio import CancelledError, sleep
from collections.abc import Coroutine
from typing import Any

__all__ = ["Box", "CancelledError", "sleep", "start", "stop"]


class Box:
    """What one part of a program leaves for another."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    def put(self, value: Any = None) -> None:
        self._queue.put_nowait(value)

    async def get(self) -> Any:
        return await self._queue.get()


def start(coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Run a coroutine, without waiting for it."""
    return asyncio.get_running_loop().create_task(coroutine)


def stop() -> None:
    """Stop the loop, as programs do in onDisconnect."""
    asyncio.get_event_loop().stop()
