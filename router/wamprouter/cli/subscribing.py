"""`wamprouter subscribe`: events as they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from wamp.asyncio.connecting import Connecting
from wamp.types import EventDetails, SubscribeOptions
from wamprouter.cli.printing import Output, event_line
from wamprouter.cli.waiting import Countdown, news, wait

__all__ = ["subscribe"]

# What an event's own keyword arguments will hardly be called: the details come among them.
_DETAILS = "wamprouter_details"


async def subscribe(
    connecting: Connecting,
    topics: Sequence[str],
    *,
    match: str | None,
    retained: bool,
    count: int | None,
    timeout: float | None,
    is_json: bool,
) -> None:
    """Print the events of topics, ``count`` of them if that is given."""
    output, countdown = Output(), Countdown(count)

    def handle(*args: Any, **kwargs: Any) -> None:
        details: EventDetails = kwargs.pop(_DETAILS)
        if countdown.begin():
            output.say(event_line(args, kwargs, details, is_json=is_json))
            countdown.finish()

    options = SubscribeOptions(match=match, get_retained=retained or None, details_arg=_DETAILS)
    async with connecting as session:
        for topic in dict.fromkeys(topics):
            await session.subscribe(handle, topic, options)
            click.echo(f"subscribed to {topic}", err=True)
        with news(is_json=is_json):
            await wait(session, output, countdown, "events", timeout)
