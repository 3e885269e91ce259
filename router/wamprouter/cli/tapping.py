"""`wamprouter tap`: messages of a running router as they happen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from wamp.asyncio.connecting import Connecting
from wamprouter.cli.arguments import as_json, line
from wamprouter.cli.printing import Output
from wamprouter.cli.waiting import Countdown, wait
from wamprouter.config.realms import unstarred

__all__ = ["tap", "tap_line", "wanted"]

_TELLING = ("reason", "error")


def wanted(
    realm: str, sessions: Sequence[int], uris: Sequence[str], types: Sequence[str], direction: str | None
) -> dict[str, Any]:
    """Return the arguments of the procedure for what was asked for at the command line."""
    patterns = [unstarred(uri) for uri in uris]
    found: dict[str, Any] = {"realm": realm}
    if sessions:
        found["sessions"] = [*sessions]
    if uris:
        found["uris"] = [{"uri": uri, "match": match} for uri, match in patterns]
    if types:
        found["types"] = [each.upper() for each in types]
    if direction:
        found["directions"] = [direction]
    return found


async def tap(connecting: Connecting, what: dict[str, Any], *, count: int | None, is_json: bool) -> None:
    """Print messages until the tap ends, or that many have come."""
    output, countdown = Output(), Countdown(count)

    def show(batch: list[dict[str, Any]]) -> None:
        for record in batch:
            if "ended" in record:
                click.echo(f"the tap has ended: {record['ended']}", err=True)
                if not countdown.over.done():
                    countdown.over.set_result(None)
            elif "dropped" in record:
                click.echo(f"{record['dropped']} more were not shown", err=True)
            elif countdown.begin():
                output.say(as_json(record) if is_json else tap_line(record))
                countdown.finish()

    async with connecting as session:
        started = await session.call("router.tap.start", **what)
        await session.subscribe(show, started["topic"])
        click.echo(f"tapping {what['realm']}", err=True)
        await wait(session, output, countdown, "messages", None)


def tap_line(record: dict[str, Any]) -> str:
    """Return a message as a line: when, whose, which way, what, and what is in it."""
    at = datetime.fromtimestamp(record["at"]).strftime("%H:%M:%S.%f")[:-3]
    arrow = "->" if record["direction"] == "in" else "<-"
    words = [at, f"{record['authid']}({record['session']})", arrow, record["type"]]
    if "request" in record:
        words.append(str(record["request"]))
    words += [str(record[key]) for key in ("uri", *_TELLING) if key in record]
    payload = line(record.get("args", ()), record.get("kwargs", {}))
    if payload:
        words.append(payload)
    if "excerpt" in record:
        words.append(record["excerpt"])
    if record.get("is_cut"):
        words.append(f"({record['size']} octets)")
    text = " ".join(words)
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
