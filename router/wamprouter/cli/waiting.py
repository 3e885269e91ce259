"""Waiting for events or calls: for a number of them, for some time, or until the user has enough."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click

from wamp.asyncio.client import Client
from wamp.exception import Error
from wamprouter.cli.arguments import on_one_line
from wamprouter.cli.printing import Output

__all__ = ["Countdown", "Incomplete", "news", "wait"]


class Incomplete(Error):
    """The time is over, and not as many have come as were waited for."""


class Countdown:
    """How many have come and been seen to; ``over`` is done when those are as many as were wanted. Without a number it never is."""

    def __init__(self, wanted: int | None) -> None:
        self.wanted = wanted
        self.finished = 0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._begun = 0

    def begin(self) -> bool:
        """Count one that has come; tell whether it is still wanted."""
        if self._begun == self.wanted:
            return False
        self._begun += 1
        return True

    def finish(self) -> None:
        """Count one that has been seen to."""
        self.finished += 1
        if self.finished == self.wanted:
            self.over.set_result(None)


@contextmanager
def news(*, is_json: bool) -> Iterator[None]:
    """Tell on standard error what becomes of the connection, unless that is for JSON."""
    logger = logging.getLogger("wamp")
    handler = logging.NullHandler() if is_json else _OneLine()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class _OneLine(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        click.echo(on_one_line(record.getMessage()), err=True)
        if record.exc_info:
            click.echo("".join(traceback.format_exception(*record.exc_info)), nl=False, err=True)


async def wait(session: Client, output: Output, countdown: Countdown, what: str, timeout: float | None) -> None:
    """Wait until enough have come, the session has ended or nobody reads; raise what ended it, or Incomplete.

    Time that runs out is a failure only where a number was wanted.
    """
    closed = asyncio.ensure_future(session.wait_closed())
    enough: list[asyncio.Future[None]] = [countdown.over, output.failed, closed]
    try:
        done, _ = await asyncio.wait(enough, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        closed.cancel()
    for each in done:
        each.result()
    if not done and countdown.wanted is not None:
        raise Incomplete(f"{countdown.finished} of {countdown.wanted} {what} within {timeout:g} s")
