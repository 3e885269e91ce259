"""`wamprouter top`: what a router is doing, again and again, on a terminal or as lines."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from typing import Any, Final

from wamp.asyncio.client import Client
from wamp.asyncio.connecting import Connecting
from wamprouter.cli.arguments import as_json
from wamprouter.cli.figures import Look, figures, lines
from wamprouter.cli.printing import Output

__all__ = ["top"]

_MOST: Final = 50  # sessions that are asked for: of those that have sent most, some may rest now

_ALTERNATE, _PLAIN_AGAIN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
_LEAVING: Final = ("q", "Q", "\x03")


async def top(connecting: Connecting, *, interval: float, once: bool, is_json: bool) -> None:
    """Show figures until the user has seen enough, or the router ends; raise what ended the session."""
    output = Output()
    is_screen = sys.stdout.isatty() and not (once or is_json)
    async with connecting as session:
        if is_screen:
            async with _screen() as screen:
                await _show(session, interval, screen.show, screen.left)
        else:
            enough: asyncio.Future[None] = asyncio.get_running_loop().create_future()

            def say(found: dict[str, Any]) -> None:
                output.say(as_json(found) if is_json else "\n".join([*lines(found), ""]))
                if once and not enough.done():
                    enough.set_result(None)

            await _show(session, interval, say, enough, output.failed)


async def _show(session: Client, interval: float, show: Any, *ends: asyncio.Future[None]) -> None:
    closed = asyncio.ensure_future(session.wait_closed())
    work = asyncio.ensure_future(_look_again(session, interval, show))
    try:
        done, _ = await asyncio.wait([work, closed, *ends], return_when=asyncio.FIRST_COMPLETED)
    finally:
        work.cancel()
        closed.cancel()
        with suppress(asyncio.CancelledError):
            await work
    for each in done:
        if each is not work:
            each.result()


async def _look_again(session: Client, interval: float, show: Any) -> None:
    before = await _look(session)
    while True:
        await asyncio.sleep(interval)
        after = await _look(session)
        show(figures(before, after))
        before = after


async def _look(session: Client) -> Look:
    info = await session.call("router.info")
    sessions = await session.call("router.session.list", order="received", limit=_MOST)
    queues = await session.call("router.session.list", order="queued", limit=_MOST)
    statistics = await session.call("router.statistics")
    return Look(info, statistics, sessions["sessions"], queues["sessions"])


class _Screen:
    """The whole terminal, as long as this runs. ``left`` is done when the user has pressed q."""

    def __init__(self) -> None:
        self.left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._shown: dict[str, Any] | None = None

    def show(self, found: dict[str, Any]) -> None:
        self._shown = found
        self.draw()

    def draw(self) -> None:
        """Write what is shown, as large as the terminal is now."""
        size = os.get_terminal_size(sys.stdout.fileno())
        width, height = size.columns or 80, size.lines or 24  # some terminals do not tell
        text = ["looking …"] if self._shown is None else lines(self._shown, width, height - 1)
        foot = "q: quit"[:width]
        sys.stdout.write(_HOME + "".join(f"{line}{_REST_OF_LINE}\r\n" for line in text) + foot + _REST_OF_SCREEN)
        sys.stdout.flush()

    def press(self) -> None:
        """Take the keys that were pressed."""
        keys = os.read(sys.stdin.fileno(), 100).decode(errors="replace")
        if (not keys or any(key in _LEAVING for key in keys)) and not self.left.done():
            self.left.set_result(None)


@asynccontextmanager
async def _screen() -> AsyncIterator[_Screen]:
    loop = asyncio.get_running_loop()
    screen = _Screen()
    has_keys = sys.stdin.isatty()
    with _keys() if has_keys else nullcontext():
        sys.stdout.write(_ALTERNATE)
        loop.add_signal_handler(signal.SIGWINCH, screen.draw)
        if has_keys:
            loop.add_reader(sys.stdin.fileno(), screen.press)
        try:
            screen.draw()
            yield screen
        finally:
            if has_keys:
                loop.remove_reader(sys.stdin.fileno())
            loop.remove_signal_handler(signal.SIGWINCH)
            sys.stdout.write(_PLAIN_AGAIN)
            sys.stdout.flush()


@contextmanager
def _keys() -> Iterator[None]:
    """Let keys come one by one, and not be shown."""
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    tty.setcbreak(number)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal may be gone
            termios.tcsetattr(number, termios.TCSADRAIN, before)
