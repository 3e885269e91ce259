"""`wamprouter status`, `stop`, `top` and `tap`: the words they take. What they do is imported when they run."""

import sys
from pathlib import Path

import click

from wamprouter.cli.options import ClientCommand, Number, Place, Seconds, json_option, management_options

__all__ = ["status", "stop", "tap", "top"]

_FILE = click.Path(path_type=Path)
_CONFIG = click.option(
    "--config",
    "config",
    type=_FILE,
    metavar="FILE",
    help="The configuration that the router was started with, or its folder.",
)
_CBDIR = click.option("--cbdir", type=_FILE, metavar="DIR", help="The folder of the configuration, as for start.")


@click.command()
@_CONFIG
@_CBDIR
@click.option(
    "--assert",
    "expected",
    type=click.Choice(("running", "stopped")),
    help="Exit with status 0 if it is so, and with 1 if not.",
)
@click.option("--json", "is_json", is_flag=True, help="Print what there is to say as JSON.")
def status(config: Path | None, cbdir: Path | None, expected: str | None, is_json: bool) -> None:
    """Say whether a router runs with a configuration, and what it is.

    Without --assert the exit status is 0 if it runs, and 3 if not.
    """
    from wamprouter.cli.process import status_lines

    is_running, lines = status_lines(config, cbdir, is_json=is_json)
    for line in lines:
        click.echo(line)
    if expected is not None:
        sys.exit(0 if is_running == (expected == "running") else 1)
    sys.exit(0 if is_running else 3)


@click.command()
@_CONFIG
@_CBDIR
@click.option(
    "--timeout",
    type=Seconds(min=0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for its end.",
)
def stop(config: Path | None, cbdir: Path | None, timeout: float) -> None:
    """Stop a running router, and wait until it has ended.

    Calls in flight come to their end first, as at a signal.
    """
    from wamprouter.cli.process import stop as stopped

    code, line = stopped(config, cbdir, timeout)
    click.echo(line, err=code != 0)
    sys.exit(code)


@click.command(cls=ClientCommand)
@management_options
@click.option(
    "--interval",
    type=Seconds(min=0.5),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look.",
)
@click.option("--once", is_flag=True, help="Look once, over one interval, and print that.")
@json_option
def top(place: Place, interval: float, once: bool, is_json: bool) -> None:
    """Show what a running router is doing: rates, latencies, realms, and who keeps it busy.

    The router is found by its configuration, as for reload; q ends it. Where the output is no terminal, it is lines.
    """
    from wamprouter.cli.ending import conclude, wrong_usage
    from wamprouter.cli.management import entrance
    from wamprouter.cli.top import top as shown

    with wrong_usage():
        connecting = entrance(place)
    conclude(shown(connecting, interval=interval, once=once, is_json=is_json), is_json=is_json)


@click.command(cls=ClientCommand)
@management_options
@click.option("--realm", metavar="REALM", default="realm1", show_default=True, help="The realm to look at.")
@click.option(
    "--session", "sessions", type=Number(min=1), multiple=True, metavar="ID", help="Only this session. May be repeated."
)
@click.option(
    "--uri",
    "uris",
    multiple=True,
    metavar="PATTERN",
    help="Only this procedure or topic: com.x, com.x.* for all that begin so, com.*.y. May be repeated.",
)
@click.option(
    "--type", "types", multiple=True, metavar="TYPE", help="Only messages of this type, such as CALL. May be repeated."
)
@click.option(
    "--direction", type=click.Choice(("in", "out")), help="Only what comes from sessions, or what goes to them."
)
@click.option(
    "--payload",
    type=click.Choice(("redacted", "full", "none")),
    default="redacted",
    show_default=True,
    help="What to show of arguments: of which kind they are, their values, or nothing. Values need a permission of their own.",
)
@click.option(
    "--sample",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Which part of the messages to show.",
)
@click.option(
    "--limit",
    type=Number(min=1, max=1000),
    default=200,
    show_default=True,
    help="How many messages to show a second, at most.",
)
@click.option(
    "--duration",
    type=Seconds(min=1, max=3600),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="After how long to end.",
)
@click.option("--count", type=Number(min=1), metavar="NUMBER", help="End after that many messages.")
@json_option
def tap(
    place: Place,
    realm: str,
    sessions: tuple[int, ...],
    uris: tuple[str, ...],
    types: tuple[str, ...],
    direction: str | None,
    payload: str,
    sample: float,
    limit: int,
    duration: float,
    count: int | None,
    is_json: bool,
) -> None:
    """Show messages of a running router while they happen.

    The router is found by its configuration, as for reload. What sessions log in with is never shown.
    """
    from wamprouter.cli.ending import conclude, wrong_usage
    from wamprouter.cli.management import entrance
    from wamprouter.cli.tapping import tap as tapped
    from wamprouter.cli.tapping import wanted

    with wrong_usage():
        connecting = entrance(place)
    what = wanted(realm, sessions, uris, types, direction) | {
        "payload": payload,
        "sample": sample,
        "limit_per_second": limit,
        "duration": duration,
    }
    conclude(tapped(connecting, what, count=count, is_json=is_json), is_json=is_json)
