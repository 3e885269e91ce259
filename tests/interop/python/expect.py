"""What the steps of the interop test say about what came out."""

from __future__ import annotations

from typing import Any

UNICODE = "Grüß Gott, 世界 ☃ 𝄞"
BINARY = bytes(range(256)) + b"\0"

PATIENCE = 200
"""How often to ask before giving up: some milliseconds each time, so that a good run never waits for a bad one."""


class Expected(Exception):
    """Something came out otherwise than expected."""


def equal(got: Any, expected: Any) -> None:
    if got != expected:
        raise Expected(f"got {str(got)[:300]!r}, expected {str(expected)[:300]!r}")


async def refused(library: Any, awaitable: Any) -> Any:
    """Return the error that a call fails with."""
    try:
        result = await awaitable
    except library.ApplicationError as error:
        return error
    raise Expected(f"got {result!r}, expected an error")


async def until(me: Any, procedure: str, token: str) -> None:
    """Ask until the answer is yes: asyncio takes some turns to begin, or to cancel, what a procedure does."""
    for _ in range(PATIENCE):
        if await me.call(procedure, token):
            return
    raise Expected(f"{procedure} did not become true")


async def come(me: Any, other: str, seen: list[Any], number: int) -> None:
    """Let events come that are on their way: asyncio hands them over some turns after the result that followed them."""
    for _ in range(PATIENCE):
        if len(seen) >= number:
            return
        await me.call(f"{other}.nothing")


async def settle(me: Any, other: str) -> None:
    """Let come what may be on its way, where nothing is expected."""
    for _ in range(3):
        await me.call(f"{other}.nothing")
