"""What clients print: results, events and calls, for people or as JSON."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from wamp.types import CallDetails, CallResult, EventDetails
from wamprouter.cli.arguments import as_json, line

__all__ = ["Output", "call_line", "call_record", "event_line", "result_lines"]


class Output:
    """Standard output, written from where an exception would get lost.

    ``failed`` fails with BrokenPipeError when nobody reads it any more.
    """

    def __init__(self) -> None:
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def say(self, text: str) -> None:
        """Write a line at once: in a pipe, too, somebody waits for it."""
        if self.failed.done():
            return
        try:
            click.echo(text)
        except OSError as error:
            self.failed.set_exception(error)
            self.failed.exception()  # asyncio need not warn where nobody waits for it


def result_lines(result: CallResult, *, is_json: bool) -> list[str]:
    """Return a result: a text as it is, other values as JSON, each on a line of its own, and ``key=value`` last.

    As JSON it is one line: null, the one value, or an object of ``args`` and ``kwargs``.
    """
    if is_json:
        if len(result.results) > 1 or result.kwresults:
            return [as_json({"args": result.results, "kwargs": result.kwresults})]
        return [as_json(result.results[0] if result.results else None)]
    lines = [each if isinstance(each, str) else as_json(each) for each in result.results]
    return [*map(_for_terminal, lines), *(line((), {key: each}) for key, each in result.kwresults.items())]


def _for_terminal(text: str) -> str:
    """Return a text, without what would command a terminal, if there is one."""
    if not sys.stdout.isatty():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else repr(each)[1:-1] for each in text)


def event_line(args: Sequence[Any], kwargs: Mapping[str, Any], details: EventDetails, *, is_json: bool) -> str:
    """Return an event: its topic and its payload."""
    if not is_json:
        return " ".join(filter(None, (f"{details.topic}:", line(args, kwargs))))
    told = {
        "publication": details.publication,
        "publisher": details.publisher,
        "publisher_authid": details.publisher_authid,
        "publisher_authrole": details.publisher_authrole,
        "retained": details.retained,
    }
    return as_json({"topic": details.topic, "args": args, "kwargs": kwargs, "details": _known(told)})


def call_line(args: Sequence[Any], kwargs: Mapping[str, Any], details: CallDetails, *, is_json: bool) -> str:
    """Return a call that has come: the procedure and its arguments."""
    if not is_json:
        return " ".join(filter(None, (f"{details.procedure}:", line(args, kwargs))))
    return as_json(call_record(args, kwargs, details))


def call_record(args: Sequence[Any], kwargs: Mapping[str, Any], details: CallDetails) -> dict[str, Any]:
    """Return a call as an object of JSON."""
    told = {
        "caller": details.caller,
        "caller_authid": details.caller_authid,
        "caller_authrole": details.caller_authrole,
    }
    return {"procedure": details.procedure, "args": args, "kwargs": kwargs, "details": _known(told)}


def _known(details: dict[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in details.items() if each is not None}
