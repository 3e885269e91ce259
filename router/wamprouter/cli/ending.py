"""How a command of a client ends: the exit status, and the one line that says why.

A refusal by the router is an answer, with a URI: status 1. No router is status 3. The reader of our output may leave whenever he
likes, and so may the user, with Ctrl-C.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, Final, NoReturn

import click

from wamp.exception import ApplicationError, Error, TransportLost
from wamp.types import CloseDetails
from wamprouter.cli.arguments import as_json, line, on_one_line
from wamprouter.cli.options import INTERRUPTED

__all__ = ["REFUSED", "UNREACHABLE", "conclude", "fail", "leave_pipe", "quiet", "say_error", "wrong_usage"]

REFUSED: Final = 1  # as in wamprouter.cli
UNREACHABLE: Final = 3


@contextmanager
def wrong_usage() -> Iterator[None]:
    """Say of a ValueError that the command was used wrongly, in one line with status 2."""
    try:
        yield
    except ValueError as error:
        raise click.UsageError(on_one_line(str(error))) from None


def conclude(work: Coroutine[Any, Any, None], *, is_json: bool) -> None:
    """Run a command to its end; exit with the status that says how it was, unless it was good."""
    signals: list[int] = []
    if isinstance(sys.stdout, TextIOWrapper):  # what its encoding does not have is shown all the same
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with quiet():
            asyncio.run(_until_signal(work, signals))
        sys.stdout.flush()
    except BrokenPipeError:
        leave_pipe()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except asyncio.CancelledError:
        sys.exit(128 + signals[0])
    except Error as error:
        fail(error, is_json=is_json)


async def _until_signal(work: Coroutine[Any, Any, None], signals: list[int]) -> None:
    """Do the work; cancel it at a signal that would otherwise end us with sessions and programs left behind."""
    task = asyncio.ensure_future(work)

    def end(number: int) -> None:
        signals.append(number)
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    await task


@contextmanager
def quiet() -> Iterator[None]:
    """Let the library log nothing by itself: what it would say is said in one line at the end."""
    logger, silence = logging.getLogger("wamp"), logging.NullHandler()
    logger.addHandler(silence)
    try:
        yield
    finally:
        logger.removeHandler(silence)


def fail(error: Error, *, is_json: bool) -> NoReturn:
    """Say what has gone wrong, and exit with the status for it."""
    say_error(error, is_json=is_json)
    sys.exit(UNREACHABLE if isinstance(error, TransportLost) else REFUSED)


def leave_pipe() -> None:
    """Write into nothing from now on: Python would complain at its end that what is left cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_error(error: Error, *, is_json: bool) -> None:
    """Write a line about an error to standard error."""
    click.echo(_as_json(error) if is_json else _as_text(error), err=True)


def _as_text(error: Error) -> str:
    if not isinstance(error, ApplicationError):
        return on_one_line(str(error))
    kwargs = {key: each for key, each in error.kwargs.items() if key != "traceback"}
    if len(error.args) == 1 and isinstance(error.args[0], str):
        rest = " ".join(filter(None, (error.args[0], line((), kwargs))))
    else:
        rest = line(error.args, kwargs)
    return on_one_line(f"{error.error}: {rest}" if rest else error.error)


def _as_json(error: Error) -> str:
    if isinstance(error, ApplicationError):
        return as_json({"error": error.error, "args": error.args, "kwargs": error.kwargs})
    uri = CloseDetails.REASON_TRANSPORT_LOST if isinstance(error, TransportLost) else None
    return as_json({"error": uri, "args": [str(error)], "kwargs": {}})
