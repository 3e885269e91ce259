"""`wamprouter shell`: Python with a session in it, where `await` works at the top level.

The session lives in an event loop in a thread of its own, and so does what is typed, so that events come while the prompt waits. The
main thread has the keyboard: there Ctrl-C is what people expect, in a line as well as during a call.
"""

from __future__ import annotations

import ast
import asyncio
import concurrent.futures
import inspect
import sys
import traceback
from code import InteractiveConsole
from collections.abc import Callable, Coroutine
from threading import Thread
from types import CodeType, FunctionType, TracebackType
from typing import Any, Final, Self, TypeVar

import click

import wamp
from wamp.asyncio.client import Client
from wamp.asyncio.connecting import Connecting
from wamprouter.cli.ending import leave_pipe, say_error
from wamprouter.cli.waiting import news

__all__ = ["Background", "Console", "names", "shell"]

T = TypeVar("T")
_FILE: Final = "<console>"


class Background:
    """An event loop in a thread of its own, as long as the block lasts."""

    def __enter__(self) -> Self:
        self.loop = asyncio.new_event_loop()
        # A daemon, so that code that never ends keeps no user in the shell.
        self._thread = Thread(target=self._run, name="session", daemon=True)
        self._thread.start()
        return self

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def run(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a coroutine there; return its result here. Raise TimeoutError if it takes longer."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(timeout)
        except BaseException:
            future.cancel()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            self.run(_cancel_tasks(), 5.0)
        except TimeoutError:
            return  # code that was typed does not end: the thread goes with the process
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def _cancel_tasks() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def shell(connecting: Connecting) -> int:
    """Let the user type; return the exit status. Raise what connecting raises."""
    is_interactive = sys.stdin.isatty()
    with Background() as background:
        session = background.run(_opened(connecting))
        namespace = names(session)
        console = Console(background, namespace, stops_at_errors=not is_interactive)
        try:
            with news(is_json=False):
                if is_interactive:
                    from wamprouter.cli.keyboard import keyboard

                    with keyboard(background, session, namespace):
                        console.interact(_banner(session), exitmsg="")
                else:
                    console.follow(sys.stdin)
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            background.run(session.close())
    return 0


async def _opened(connecting: Connecting) -> Client:
    return await connecting


def names(session: Client) -> dict[str, Any]:
    """Return what is there to begin with."""
    verbs = {name: getattr(session, name) for name in ("call", "publish", "subscribe", "register", "rpc", "stream")}
    return {"__name__": "__console__", "asyncio": asyncio, "wamp": wamp, "session": session, **verbs}


def _banner(session: Client) -> str:
    details = session.session_details
    return (
        f"session {details.session} on {details.realm} as {details.authid}, role {details.authrole}\n"
        'try: await call("wamp.session.count")   also: publish, subscribe, register, rpc, session, wamp'
    )


class Console(InteractiveConsole):
    """Reads, runs in the background, prints. ``stops_at_errors``: the first one ends it, with status 1."""

    def __init__(self, background: Background, namespace: dict[str, Any], *, stops_at_errors: bool) -> None:
        super().__init__(namespace, _FILE)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._background = background
        self._stops_at_errors = stops_at_errors

    def follow(self, lines: Any) -> None:
        """Run lines as if they were typed, without prompts."""
        for line in lines:
            self.push(line.rstrip("\n"))
        if self.buffer:  # a block that no empty line has closed
            self.push("")

    def runcode(self, code: CodeType) -> None:
        running = _Running(self._background.loop, code, self.locals)
        try:
            running.result()
        except SystemExit:
            raise
        except BrokenPipeError:  # nobody reads any more
            leave_pipe()
            raise SystemExit from None
        except BaseException as error:  # noqa: BLE001  (of whatever the user has typed)
            self._show(error)
            self._stop()

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        super().showsyntaxerror(*args, **kwargs)
        self._stop()

    def _stop(self) -> None:
        if self._stops_at_errors:
            raise SystemExit(1)

    def _show(self, error: BaseException) -> None:
        if isinstance(error, wamp.Error):
            say_error(error, is_json=False)
        elif isinstance(error, KeyboardInterrupt | asyncio.CancelledError):
            click.echo(type(error).__name__, err=True)
        else:
            lines = traceback.format_exception(type(error), error, _from_console(error.__traceback__))
            self.write("".join(lines))


def _from_console(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback from where it is the user's code."""
    while trace is not None and trace.tb_frame.f_code.co_filename != _FILE:
        trace = trace.tb_next
    return trace


class _Running:
    """Code that runs in the background."""

    def __init__(self, loop: asyncio.AbstractEventLoop, code: CodeType, namespace: Any) -> None:
        self._loop = loop
        self._function: Callable[[], Any] = FunctionType(code, namespace)
        self._task: asyncio.Task[Any] | None = None
        self._ended: concurrent.futures.Future[None] = concurrent.futures.Future()

    def result(self) -> None:
        """Wait for its end and raise what it raises. Ctrl-C cancels it; once more, and it is left alone."""
        self._loop.call_soon_threadsafe(self._start)
        try:
            self._ended.result()
        except KeyboardInterrupt:
            if self._ended.done():
                raise
            self._loop.call_soon_threadsafe(self._cancel)
            try:
                self._ended.result()
            except KeyboardInterrupt:
                raise SystemExit(130) from None
            raise

    def _start(self) -> None:
        try:
            result = self._function()
        except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
            self._ended.set_exception(error)
            return
        if not inspect.iscoroutine(result):
            self._ended.set_result(None)
            return
        self._task = self._loop.create_task(self._finish(result))

    async def _finish(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except BaseException as error:  # noqa: BLE001  (likewise)
            self._ended.set_exception(error)
        else:
            self._ended.set_result(None)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
