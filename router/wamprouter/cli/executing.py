"""Calls that a program answers: each starts it anew, writes the call to its standard input and reads the result from its output.

No shell is between: what callers send is data, never a command line. Programs, their time, their output and the calls that wait
for one are bounded, because everybody who may call could ask for more.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from wamp.exception import ApplicationError
from wamp.types import CallDetails
from wamprouter.cli.arguments import as_json, value
from wamprouter.cli.printing import call_record

__all__ = ["MAX_OUTPUT", "MAX_WAITING", "Program"]

MAX_OUTPUT: Final = 16 * 1024 * 1024
"""Bytes of a result: what a router accepts in one message is less by default."""

MAX_WAITING: Final = 1000
"""Calls that may wait for their turn."""

_BUSY: Final = "wamp.error.no_available_callee"


class Program:
    """A command that answers calls, at most ``parallel`` at a time, each within ``timeout`` seconds."""

    def __init__(self, command: Sequence[str], *, parallel: int, timeout: float) -> None:
        self._command = command
        self._timeout = timeout
        self._turns = asyncio.Semaphore(parallel)
        self._waiting = 0

    async def answer(self, args: tuple[Any, ...], kwargs: dict[str, Any], details: CallDetails) -> Any:
        """Run the command; return its output as a value. Raise ApplicationError if it fails or takes too long."""
        if self._waiting >= MAX_WAITING:
            raise ApplicationError(_BUSY, f"{MAX_WAITING} calls are waiting already")
        question = as_json(call_record(args, kwargs, details)).encode() + b"\n"
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            return await self._run(question)
        finally:
            self._turns.release()

    async def _run(self, question: bytes) -> Any:
        process = await self._start()
        try:
            async with asyncio.timeout(self._timeout):
                output = await _converse(process, question)
                status = await process.wait()
        except TimeoutError:
            raise ApplicationError(ApplicationError.TIMEOUT, f"no result within {self._timeout:g} s") from None
        finally:
            await _end(process)
        if status:
            raise ApplicationError("wamp.error.runtime_error", f"the program has ended with status {status}")
        return _result(output)

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                # A group of its own: what it starts ends with it, and Ctrl-C is for us.
                start_new_session=True,
            )
        except OSError as error:
            raise ApplicationError(
                "wamp.error.runtime_error", f"the program cannot be started: {error.strerror}"
            ) from None


async def _converse(process: asyncio.subprocess.Process, question: bytes) -> bytes:
    """Write a question and read the answer at the same time: either could fill its pipe and wait for the other."""
    assert process.stdin is not None
    assert process.stdout is not None
    asking = asyncio.ensure_future(_ask(process.stdin, question))
    try:
        chunks, size = [], 0
        while chunk := await process.stdout.read(65536):
            size += len(chunk)
            if size > MAX_OUTPUT:
                raise ApplicationError(
                    ApplicationError.PAYLOAD_SIZE_EXCEEDED, f"a result of more than {MAX_OUTPUT} bytes"
                )
            chunks.append(chunk)
    finally:
        asking.cancel()
    return b"".join(chunks)


async def _ask(stdin: asyncio.StreamWriter, question: bytes) -> None:
    with suppress(ConnectionError):  # it need not read what it does not want to know
        stdin.write(question)
        await stdin.drain()
    stdin.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a program, and whatever it has started in its group."""
    with suppress(ProcessLookupError, PermissionError):  # nobody is left; macOS says so of those that have ended
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _result(output: bytes) -> Any:
    """Return the value that an output is: none if it is empty, JSON, or text without the line end at its end."""
    try:
        text = output.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ApplicationError("wamp.error.runtime_error", "the program's output is not UTF-8") from None
    return value(text) if text else None
