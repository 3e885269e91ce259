"""`wamprouter publish`: one event."""

from __future__ import annotations

from typing import Any

import click

from wamp.asyncio.connecting import Connecting
from wamp.types import PublishOptions
from wamprouter.cli.arguments import as_json

__all__ = ["publish"]


async def publish(
    connecting: Connecting,
    topic: str,
    payload: tuple[list[Any], dict[str, Any]],
    *,
    options: PublishOptions,
    is_json: bool,
) -> None:
    """Publish an event. If the router acknowledges it and JSON is wanted, print the id of the publication."""
    args, kwargs = payload
    async with connecting as session:
        publication = await session.publish(topic, *args, options=options, **kwargs)
    if publication is not None and is_json:
        click.echo(as_json({"publication": publication.id}))
