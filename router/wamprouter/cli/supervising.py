"""`wamprouter run --with-router` and `--reload`: a router and an application as processes of ours, started, watched and ended.

The router has a session of processes of its own, so that Ctrl-C does not reach it before the application has left. The
application shares ours: the keyboard is its own, for a debugger, say.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import sleep
from types import FrameType
from typing import IO, Final, NoReturn

import click

from wamp.urls import parse_url
from wamprouter.cli.options import INTERRUPTED
from wamprouter.cli.watching import MOST, Watch

__all__ = ["NoRouter", "Terminated", "router", "supervise", "terminated_by_signals"]

_STARTING: Final = 60.0  # seconds that a router may take to open its addresses
_LEAVING: Final = 5.0  # seconds that an application may take to leave
_LOOK: Final = 0.3  # seconds between two looks at the processes and files


class NoRouter(Exception):
    """The router has not started. It has said why."""


class Terminated(BaseException):
    """A signal has come that ends us."""


@contextmanager
def terminated_by_signals() -> Iterator[None]:
    """Raise Terminated where SIGTERM or SIGHUP would end us with processes left behind."""

    def end(_: int, __: FrameType | None) -> NoReturn:
        raise Terminated

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, end) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def router(config: Path | None) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a router for as long as the block lasts; give the first address that a client can use. Raise NoRouter."""
    words = ["start", "--loglevel", "warn", *(("--config", str(config)) if config is not None else ())]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "wamprouter", *words], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        address: Future[str] = Future()
        Thread(target=_read, args=(process.stdout, address), daemon=True).start()
        try:
            url = address.result(_STARTING)
        except (EOFError, TimeoutError) as error:
            raise NoRouter from error
        yield url, process
    finally:
        _end(process)


def _read(lines: IO[str], address: Future[str]) -> None:
    """Pass on the addresses that a router prints, and take the first that is one of WAMP."""
    for line in lines:
        click.echo(line, nl=False)
        if not address.done() and _is_of_wamp(line.strip()):
            address.set_result(line.strip())
    if not address.done():
        address.set_exception(EOFError())


def _is_of_wamp(url: str) -> bool:
    try:
        parse_url(url)
    except ValueError:
        return False
    return True


def supervise(words: Sequence[str], *, router: subprocess.Popen[str] | None, watch: Watch | None) -> int:
    """Run the application that ``wamprouter WORDS`` is; return its exit status.

    With ``watch`` it is started anew when a file has changed, and one that has failed waits for that. It ends with the router.
    """
    if watch is not None and not watch.is_complete:
        click.echo(f"more than {MOST} Python files here: changes of some are not seen", err=True)
    # What Python keeps compiled it takes for current if a file was written in the same second, with the same length.
    environ = None if watch is None else {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    while True:
        process = subprocess.Popen([sys.executable, "-P", "-m", "wamprouter", *words], env=environ)
        try:
            status = _watched(process, router, watch)
        except KeyboardInterrupt:
            # It had the same Ctrl-C, if that came from the keyboard.
            status = _status(process) if _wait(process, _LEAVING) else INTERRUPTED
        finally:
            _end(process)
        if status is not None:
            return status


def _watched(process: subprocess.Popen[bytes], router: subprocess.Popen[str] | None, watch: Watch | None) -> int | None:
    """Wait for the end of an application or of the router, and return the exit status; None after a change of files."""
    has_failed = False
    while True:
        if router is not None and router.poll() is not None:
            click.echo("the router has ended", err=True)
            return 1
        if not has_failed and _wait(process, _LOOK):
            if process.returncode == 0 or watch is None:
                return _status(process)
            has_failed = True
            click.echo(f"ended with status {_status(process)}; waiting for a change", err=True)
        if has_failed:
            sleep(_LOOK)
        changed = [] if watch is None else watch.changed()
        if changed:
            click.echo(f"{', '.join(changed[:3])}{' …' if len(changed) > 3 else ''} changed: starting anew", err=True)
            return None


def _wait(process: subprocess.Popen[bytes] | subprocess.Popen[str], seconds: float) -> bool:
    """Wait for the end of a process; tell whether it has come."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """End a process: as its user would, and then in any case."""
    if process.poll() is None:
        process.terminate()
        if not _wait(process, _LEAVING):
            process.kill()
            process.wait()


def _status(process: subprocess.Popen[bytes]) -> int:
    """Return the status of a process that has ended, as a shell has it for one that a signal has ended."""
    return process.returncode if process.returncode >= 0 else 128 - process.returncode
