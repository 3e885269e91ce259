"""From the options of a command to a session on a router's management."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final, NoReturn

import click

from wamp.asyncio.connecting import Connecting, connect
from wamp.auth import create_authenticator
from wamprouter.cli.connecting import arguments_of_connect
from wamprouter.cli.ending import REFUSED, UNREACHABLE
from wamprouter.cli.location import NothingThere, located
from wamprouter.cli.options import Place
from wamprouter.control import NobodyThere, ask, socket_paths

__all__ = ["entrance"]

_NOT_UNDERSTOOD: Final = 2  # as in wamprouter.cli


def entrance(place: Place) -> Connecting:
    """Return what connects to the management; exit if there is no router, or no management.

    A router of this machine and user is found by its configuration, and tells its ticket. Raise ValueError for options that
    contradict each other.
    """
    if place.url is not None:
        if place.config is not None or place.cbdir is not None:
            raise ValueError("--url is for a router elsewhere, --config and --cbdir for one on this machine: choose")
        return connect(**arguments_of_connect(place.connection), reconnect=False)
    found = _found(place)
    connection = place.connection._replace(url=found["url"], realm=place.admin_realm or found["realm"])
    if found["ticket"] is None or connection.authmethod is not None:
        return connect(**arguments_of_connect(connection), reconnect=False)
    # Credentials that stand in the environment are for other routers.
    arguments = arguments_of_connect(connection._replace(authmethod="anonymous", channel_binding=None))
    arguments["auth"] = [create_authenticator("ticket", authid="admin", ticket=found["ticket"])]
    return connect(**arguments, reconnect=False)


def _found(place: Place) -> dict[str, Any]:
    """Return what the router says of its management, on its control socket."""
    try:
        done, lines = ask(socket_paths(located(place.config, place.cbdir, os.environ)), "management")
    except NothingThere as problem:
        _exit(_NOT_UNDERSTOOD, str(problem))
    except NobodyThere as problem:
        _exit(UNREACHABLE, f"{problem}; is it elsewhere, say --url")
    if not done:
        _exit(REFUSED, f'{lines[0]}: start it with --admin, or write "admin": {{}} into the file')
    found: dict[str, Any] = json.loads(lines[0])
    return found


def _exit(status: int, line: str) -> NoReturn:
    click.echo(line, err=True)
    sys.exit(status)
