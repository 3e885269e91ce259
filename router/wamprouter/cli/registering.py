"""`wamprouter register`: a procedure that answers what it is told to, or what a program says."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable
from typing import Any

import click

from wamp.asyncio.connecting import Connecting
from wamp.exception import ApplicationError
from wamp.types import CallDetails, CallResult, RegisterOptions
from wamprouter.cli.arguments import value
from wamprouter.cli.executing import Program
from wamprouter.cli.printing import Output, call_line
from wamprouter.cli.waiting import Countdown, news, wait

__all__ = ["Answer", "answering", "register"]

Answer = Callable[[tuple[Any, ...], dict[str, Any], CallDetails], Awaitable[Any]]
"""What makes the result of a call, or raises."""

# What a call's own keyword arguments will hardly be called: the details come among them.
_DETAILS = "wamprouter_details"


async def register(
    connecting: Connecting,
    procedure: str,
    answer: Answer,
    *,
    options: RegisterOptions,
    count: int | None,
    timeout: float | None,
    is_json: bool,
) -> None:
    """Answer calls and print them, ``count`` of them if that is given."""
    output, countdown = Output(), Countdown(count)

    async def endpoint(*args: Any, **kwargs: Any) -> Any:
        details: CallDetails = kwargs.pop(_DETAILS)
        if not countdown.begin():  # on its way before the procedure was withdrawn
            raise ApplicationError(ApplicationError.CANCELED, "the procedure has answered all that it was to answer")
        output.say(call_line(args, kwargs, details, is_json=is_json))
        try:
            return await answer(args, kwargs, details)
        finally:
            countdown.finish()

    options.details_arg = _DETAILS
    async with connecting as session:
        registration = await session.register(endpoint, procedure, options)
        click.echo(f"registered {procedure}", err=True)
        with news(is_json=is_json):
            await wait(session, output, countdown, "calls", timeout)
        # The router confirms this after it has got all answers, so that the last one is not lost.
        await registration.remove()


def answering(*, echoes: bool, reply: str | None, command: str | None, parallel: int, timeout: float) -> Answer:
    """Return what the options say that calls are answered with; raise ValueError unless they say one thing."""
    if 1 != sum((echoes, reply is not None, command is not None)):
        raise ValueError("expected one of --echo, --reply and --exec")
    if command is not None:
        words = shlex.split(command)
        if not words:
            raise ValueError("--exec names no program")
        return Program(words, parallel=parallel, timeout=timeout).answer
    return _echo if reply is None else _same(value(reply))


async def _echo(args: tuple[Any, ...], kwargs: dict[str, Any], _: CallDetails) -> CallResult:
    result = CallResult(*args)
    result.kwresults = kwargs
    return result


def _same(result: Any) -> Answer:
    async def answer(*_: object) -> Any:
        return result

    return answer
