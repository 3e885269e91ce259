"""The command line: words in, one call into the router, an exit status out.

Importing it costs the import of click and nothing else, so that `wamprouter --help` answers at once: each command
imports what it needs when it runs. A mistake is one line on standard error, never a traceback.
"""

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from wamprouter.cli.clients import call, publish, register, subscribe
from wamprouter.cli.credentials import credential, keygen
from wamprouter.cli.operators import status, stop, tap, top
from wamprouter.cli.tools import bench, completion, run, shell

if TYPE_CHECKING:
    from wamprouter.config import Checked, ConfigError
    from wamprouter.server.inherited import Inherited

# Exit statuses besides 0. click itself uses 2 for wrong usage.
REFUSED = 1  # understood and not done: an invalid configuration, a file that would be overwritten
NOT_UNDERSTOOD = 2  # an unreadable file, a syntax error
UNREACHABLE = 3  # there is no router to talk to

# A folder is refused where the file is read, with the same line as any other unreadable file.
_FILE = click.Path(path_type=Path)


def _say_version(context: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    if is_wanted:
        context.invoke(version)
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_say_version, help="Print the version."
)
def main() -> None:
    """A WAMP router: calls and events between services, browsers and devices."""


_CONFIG = click.option(
    "--config", "config", type=_FILE, metavar="FILE", help="The configuration: .json, .yaml or .toml, or its folder."
)
_CBDIR = click.option(
    "--cbdir",
    type=_FILE,
    metavar="DIR",
    help="The folder of the configuration, as Crossbar calls it; --config is in it.",
)


@main.command()
@_CONFIG
@_CBDIR
@click.option(
    "--loglevel",
    type=click.Choice(("none", "error", "warn", "info", "debug", "trace")),
    default="info",
    show_default=True,
    help="The least important lines that are logged.",
)
@click.option(
    "--logformat",
    type=click.Choice(("standard", "syslogd", "none", "json")),
    default="standard",
    show_default=True,
    help="What begins a line of the log: time and origin, the origin, or nothing; or each line as JSON, for programs.",
)
@click.option("--logtofile", is_flag=True, help="Log into node.log in --logdir, or else in the configuration's folder.")
@click.option("--logdir", type=_FILE, metavar="DIR", help="The folder of node.log.")
@click.option(
    "--color", metavar="WHEN", help="Accepted for scripts that are made for Crossbar; the log has no colours."
)
@click.option(
    "--shutdownafter", type=click.FloatRange(min=0), metavar="SECONDS", help="Stop after that many seconds by itself."
)
@click.option(
    "--admin",
    is_flag=False,
    flag_value="8090",
    metavar="[HOST:]PORT",
    help='Have the console, metrics and management there, as by the section "admin" of the file. Default: 127.0.0.1:8090.',
)
def start(
    config: Path | None,
    cbdir: Path | None,
    loglevel: str,
    logformat: str,
    logtofile: bool,
    logdir: Path | None,
    color: str | None,
    shutdownafter: float | None,
    admin: str | None,
) -> None:
    """Start the router.

    The configuration may be Crossbar's. Without --config and --cbdir it is that of the folder in $CROSSBAR_DIR, else that
    in ./.crossbar, else realm1 is served to anyone on this machine, at ws://127.0.0.1:8080/ws.
    """
    from wamprouter.cli.imports import extend_path, set_environment

    file = _located(config, cbdir)
    found = _opened(file)
    if admin is not None:
        found = _administered(found, admin)
    sockets = _inherited()
    environ = dict(os.environ)
    set_environment(found.config)
    extend_path(found.config, file)

    from wamprouter import lean

    if lean.is_enough(found.config):
        lean.spare()

    from wamprouter.running import run

    log = None
    if logtofile:
        folder = logdir or (file.parent if file else Path())
        try:
            log = (folder / "node.log").open("a", encoding="utf-8")
        except OSError as error:
            _exit(REFUSED, [f"{folder / 'node.log'}: cannot be written: {error.strerror}"])
    from wamprouter.control import socket_paths

    sys.exit(
        run(
            found.config,
            reread=partial(_reread, file, environ, admin) if file else None,
            control=socket_paths(file)[0],
            loglevel=loglevel,
            warnings=found.warnings,
            log=log,
            logformat=logformat,
            shutdown_after=shutdownafter,
            inherited=sockets,
        )
    )


def _inherited() -> "Inherited":
    """Return the sockets of a service manager. To be asked before Twisted is imported, which takes the variables for itself."""
    from wamprouter.server.inherited import inherited

    try:
        return inherited(os.environ)
    except OSError as error:
        _exit(REFUSED, [f"LISTEN_FDS: what the service manager has passed is no socket: {error.strerror}"])


def _administered(found: "Checked", address: str) -> "Checked":
    """Return the configuration with its management at an address; exit if that cannot be."""
    from wamprouter.cli.administered import administered
    from wamprouter.config import ConfigError

    try:
        return administered(found, address)
    except ValueError as problem:
        raise click.UsageError(f"--admin: {problem}") from None
    except ConfigError as error:
        _exit(REFUSED, error.problems)


def _reread(file: Path, environ: Mapping[str, str], admin: str | None) -> "Checked":
    """Return the configuration as it is now. Components that it starts find their variables and their modules.

    ``environ`` is the environment as the router was started with it: that of the configuration must not get into it.
    """
    from wamprouter import config
    from wamprouter.cli.imports import extend_path, set_environment

    again = config.opened(file, environ=environ)
    if admin is not None:
        from wamprouter.cli.administered import administered

        again = administered(again, admin)
    set_environment(again.config)
    extend_path(again.config, file)
    return again


@main.command()
@_CONFIG
@_CBDIR
def reload(config: Path | None, cbdir: Path | None) -> None:
    """Let a running router take its configuration anew.

    The router is found by the path of its configuration. Permissions, credentials, realms, transports, limits, certificates
    and components become as the file says; sessions that are still admitted stay. A file with a mistake changes nothing.
    """
    from wamprouter.control import NobodyThere, ask, socket_paths

    try:
        done, lines = ask(socket_paths(_located(config, cbdir)), "reload")
    except NobodyThere as problem:
        _exit(UNREACHABLE, [str(problem)])
    if not done:
        _exit(REFUSED, lines)
    for line in lines:
        click.echo(line)


@main.command()
@_CONFIG
@_CBDIR
@click.option("--from-crossbar", is_flag=True, help="List what differs from Crossbar, permissions included.")
@click.option("--audit", "is_audited", is_flag=True, help="List weak spots, each with what to write instead.")
@click.option(
    "--accept",
    "accepted",
    metavar="NAME",
    multiple=True,
    help="Leave out a weakness that is meant so. May be repeated.",
)
def check(
    config: Path | None, cbdir: Path | None, from_crossbar: bool, is_audited: bool, accepted: tuple[str, ...]
) -> None:
    """Check a configuration without starting it.

    With --audit the exit status is 1 if there are weak spots; their names stand at the end of the lines.
    """
    file = _located(config, cbdir)
    if file is None:
        raise click.UsageError("Missing option '--config'.")
    if accepted and not is_audited:
        raise click.UsageError("--accept: only with --audit")
    found = _opened(file)

    from wamprouter.cli import certificates
    from wamprouter.cli.summary import summary

    problems = certificates.problems(found.config)
    if problems:
        _exit(REFUSED, [f"{file}: {problem}" for problem in problems])
    click.echo(f"{file}: ok")
    click.echo(summary(found.config))
    for warning in certificates.warnings(found.config):
        click.echo(f"{file}: {warning}", err=True)
    if from_crossbar:
        from wamprouter.cli.from_crossbar import report

        for line in report(file, found):
            click.echo(line)
    if is_audited:
        _audit(file, found, accepted)


def _audit(file: Path, found: "Checked", accepted: tuple[str, ...]) -> None:
    """Print the weak spots of a configuration; exit if there are any."""
    from wamprouter.cli.audit import NAMES, report
    from wamprouter.config.problems import did_you_mean, shown

    for name in accepted:
        if name not in NAMES:
            raise click.UsageError(f"--accept: no weakness is called {shown(name)}{did_you_mean(name, NAMES)}")
    number, lines = report(file, found, accepted=accepted)
    for line in lines:
        click.echo(line)
    if number:
        sys.exit(REFUSED)


@main.command()
@click.argument("file", metavar="FILE", type=_FILE)
@click.option(
    "--output",
    type=_FILE,
    metavar="FILE",
    help="Where to write it; .json, .yaml or .yml. Default: as JSON to the screen.",
)
def convert(file: Path, output: Path | None) -> None:
    """Write a configuration in another form.

    One of Crossbar's is written in our own form, and any into JSON or YAML. Variables stay as they are written. Comments
    are lost.
    """
    from wamprouter.cli.conversion import converted
    from wamprouter.config import ConfigError

    located = _located(file, None)
    assert located is not None  # a file was named
    try:
        text, remarks = converted(located, output)
    except ConfigError as error:
        _exit(_status(error), error.problems)
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            with output.open("x", encoding="utf-8") as new:
                new.write(text)
        except OSError as error:
            _exit(REFUSED, [f"{output}: not written: {error.strerror}"])
    for line in remarks:
        click.echo(line, err=True)


@main.command()
@click.argument("action", type=click.Choice(("call", "register", "publish", "subscribe")))
@click.argument("uri")
@click.option("--role", metavar="ROLE", required=True, help="The role of the session.")
@click.option("--realm", metavar="REALM", help="The realm, if the role is in several.")
@click.option(
    "--match",
    type=click.Choice(("exact", "prefix", "wildcard")),
    help="How the URI matches, to register or subscribe. Default: as a star in the URI says, exact without one.",
)
@click.option("--config", "file", type=_FILE, metavar="FILE", required=True, help="The file to read.")
def explain(action: str, uri: str, role: str, realm: str | None, match: str | None, file: Path) -> None:
    """Say whether a role may do something, and which permission decides.

    Exit status 0: it is allowed. 1: it is denied. 2: the file has mistakes, or no such role or realm. 3: an authorizer decides,
    which only a running router can ask.
    """
    from wamprouter import config
    from wamprouter.cli.explain import CannotExplain, question
    from wamprouter.cli.explain import explain as explained

    try:
        status, lines = explained(config.load(file), question(action, uri, match, role, realm))
    except config.ConfigError as error:
        _exit(NOT_UNDERSTOOD, error.problems)
    except CannotExplain as problem:
        _exit(NOT_UNDERSTOOD, [str(problem)])
    click.echo("\n".join(lines))
    sys.exit(status)


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


for _command in (
    bench,
    call,
    completion,
    credential,
    keygen,
    publish,
    register,
    run,
    shell,
    status,
    stop,
    subscribe,
    tap,
    top,
):
    main.add_command(_command)


def _located(config: Path | None, cbdir: Path | None) -> Path | None:
    """Return the file that is meant; exit if a folder is that has none."""
    from wamprouter.cli.location import NothingThere, located

    try:
        return located(config, cbdir, os.environ)
    except NothingThere as problem:
        _exit(NOT_UNDERSTOOD, [str(problem)])


def _opened(file: Path | None) -> "Checked":
    """Return the configuration in a file, or the default; exit with its problems if it has any."""
    from wamprouter import config

    try:
        return config.opened(file) if file else config.Checked(config.default(), (), "default", None)
    except config.ConfigError as error:
        _exit(_status(error), error.problems)


def _status(error: "ConfigError") -> int:
    from wamprouter.config import UnreadableConfig

    return NOT_UNDERSTOOD if isinstance(error, UnreadableConfig) else REFUSED


def _exit(status: int, lines: list[str]) -> NoReturn:
    for line in lines:
        click.echo(line, err=True)
    sys.exit(status)
