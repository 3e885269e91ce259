"""The command line: words in, one call into the router, an exit status out.

Importing it costs the import of click and nothing else, so that `wamprouter --help` answers at once: each command
imports what it needs when it runs. A mistake is one line on standard error, never a traceback.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from wamprouter.cli.credentials import credential, keygen

if TYPE_CHECKING:
    from wamprouter.config import ConfigError, NodeConfig

# Exit statuses besides 0. click itself uses 2 for wrong usage.
REFUSED = 1  # understood and not done: an invalid configuration, a file that would be overwritten
NOT_UNDERSTOOD = 2  # an unreadable file, a syntax error

# A folder is refused where the file is read, with the same line as any other unreadable file.
_FILE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """A WAMP router: calls and events between services, browsers and devices."""


@main.command()
@click.option("--config", "file", type=_FILE, metavar="FILE", help="The configuration: .json, .yaml or .toml.")
@click.option(
    "--loglevel",
    type=click.Choice(("error", "warn", "info", "debug")),
    default="info",
    show_default=True,
    help="The least important lines that are logged.",
)
def start(file: Path | None, loglevel: str) -> None:
    """Start the router.

    Without --config it serves realm1 to anyone on this machine, at ws://127.0.0.1:8080/ws.
    """
    from wamprouter.cli.imports import extend_path

    config = _opened(file)
    extend_path(config, file)

    from wamprouter.node import run

    sys.exit(run(config, loglevel=loglevel))


@main.command()
@click.option("--config", "file", type=_FILE, metavar="FILE", required=True, help="The file to check.")
def check(file: Path) -> None:
    """Check a configuration without starting it."""
    config = _opened(file)

    from wamprouter.cli.summary import summary

    click.echo(f"{file}: ok")
    click.echo(summary(config))


@main.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path("."))
def init(folder: Path) -> None:
    """Write a starter router.json.

    It goes into DIR or the current folder. A file that is already there is left alone.
    """
    from wamprouter.cli.starter import next_steps, write

    file = folder / "router.json"
    try:
        write(file)
    except OSError as error:
        _exit(REFUSED, [f"{file}: not written: {error.strerror}"])
    click.echo(next_steps(file))


@main.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    import json

    from wamprouter import config

    click.echo(json.dumps(config.schema(), indent=2, ensure_ascii=False))


@main.command()
def version() -> None:
    """Print the version."""
    from wamprouter import __version__

    click.echo(f"wamprouter {__version__}")


main.add_command(keygen)
main.add_command(credential)


def _opened(file: Path | None) -> "NodeConfig":
    """Return the configuration in a file, or the default; exit with its problems if it has any."""
    from wamprouter import config

    try:
        return config.load(file) if file else config.default()
    except config.ConfigError as error:
        _exit(_status(error), error.problems)


def _status(error: "ConfigError") -> int:
    from wamprouter.config import UnreadableConfig

    return NOT_UNDERSTOOD if isinstance(error, UnreadableConfig) else REFUSED


def _exit(status: int, lines: list[str]) -> NoReturn:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(status)
