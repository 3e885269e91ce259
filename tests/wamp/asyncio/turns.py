"""Waiting for what other tasks of this event loop do, without a clock."""

import asyncio


async def until(condition, turns=1000):
    """Give others their turn until a condition holds; bounded, in turns and not in time."""
    for _ in range(turns):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it has not come about")


async def settle(turns=20):
    """Let what is on its way arrive, and what follows from it."""
    for _ in range(turns):
        await asyncio.sleep(0)
