"""`wamprouter call`: one call, its results on standard output."""

from __future__ import annotations

from typing import Any

import click

from wamp.asyncio.connecting import Connecting
from wamp.types import CallOptions, CallResult
from wamprouter.cli.printing import result_lines

__all__ = ["call"]


async def call(
    connecting: Connecting,
    procedure: str,
    payload: tuple[list[Any], dict[str, Any]],
    *,
    timeout: float | None,
    shows_progress: bool,
    is_json: bool,
) -> None:
    """Call a procedure and print what it returns; raise what it raises."""

    def progressed(result: CallResult) -> None:
        for each in result_lines(result, is_json=is_json):
            click.echo(each, err=True)

    options = CallOptions(details=True, on_progress=progressed if shows_progress else None)
    args, kwargs = payload
    async with connecting as session:
        result = await session.rpc(options=options, timeout=timeout)[procedure](*args, **kwargs)
    for each in result_lines(result, is_json=is_json):
        click.echo(each)
