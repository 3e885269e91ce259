"""Walk through a page about the client library: run its pieces one after the other, as a reader does with one session.

A piece of Python has a session as ``session``, and may ``await`` outside of a function, as in ``wamprouter shell``. A file that makes an
``app`` is served from there on. A command of a shell block is run, against the same router. What is printed is compared with the comments behind
``print(…)``, or with the text block that follows.
"""

from __future__ import annotations

import ast
import asyncio
import re
from contextlib import AsyncExitStack
from itertools import pairwise
from types import FunctionType
from typing import Any, Final

from tests.docs.pages import URL, Block
from tests.docs.programs import wamprouter
from wamp.asyncio import connect

__all__ = ["is_piece", "is_program", "is_service", "walk"]

_TOLD: Final = re.compile(r"^ *print\(.*\)  # (.+)$", re.MULTILINE)
_RUN: Final = re.compile(r"^(    )?asyncio\.run\(", re.MULTILINE)  # deeper, it is in a test that is shown
_SECONDS: Final = 10.0


def is_service(block: Block) -> bool:
    """Tell whether a block is an app that is to be served."""
    return block.language == "python" and "app.run(" in block.text


def is_piece(block: Block) -> bool:
    """Tell whether a block is Python that is no program."""
    return block.language == "python" and not is_program(block) and not is_service(block)


def is_program(block: Block) -> bool:
    """Tell whether a block is Python that runs by itself, and ends."""
    return (
        block.language == "python"
        and (URL in block.text or _RUN.search(block.text) is not None)
        and not is_service(block)
    )


class _Printed:
    """What pieces print, a line each."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, *words: Any, **_: Any) -> None:
        self.lines.extend(" ".join(map(str, words)).splitlines())
        self._more.set()

    async def take(self, count: int) -> list[str]:
        """Return what was printed, once there are so many lines; or what there is if no more come."""
        try:
            async with asyncio.timeout(_SECONDS):
                while len(self.lines) < count:
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            pass
        taken, self.lines = self.lines, []
        return taken


async def walk(page: list[Block], url: str) -> int:
    """Run what is on a page, and compare what it prints with what the page says; return how much there was."""
    printed = _Printed()
    count = 0
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(connect(url))
        names: dict[str, Any] = {"session": session, "print": printed, "__name__": "page"}
        for block, following in pairwise([*page, None]):
            assert block is not None
            if is_service(block):
                own = {"__name__": block.name.removesuffix(".py"), "print": printed}
                await _run(block, own)
                await stack.enter_async_context(connect(url, app=own["app"]))
            elif is_piece(block):
                await _run(block, names)
            elif block.language == "sh":
                for command in block.text.splitlines():
                    printed(await asyncio.to_thread(wamprouter, command, url))
            else:
                continue
            count += 1
            expected = _expected(block, following)
            said = await printed.take(len(expected))
            assert expected == said, (block.id, said)
    return count


def _expected(block: Block, following: Block | None) -> list[str]:
    if following is not None and following.language == "text":
        return following.text.splitlines()
    return _TOLD.findall(block.text)


async def _run(block: Block, names: dict[str, Any]) -> None:
    code = compile(block.text, block.id, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    waiting = FunctionType(code, names)()
    if waiting is not None:
        await waiting
