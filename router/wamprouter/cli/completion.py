"""Completion of words by a shell: the script that a shell reads, and the URIs that a running router knows.

Somebody waits with a finger on a key: whatever is not there within half a second is not completed.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from threading import Thread
from typing import Any, Final

import click
from click.shell_completion import ShellComplete, get_completion_class

from wamp.asyncio.connecting import connect
from wamp.exception import Error
from wamp.urls import parse_url
from wamprouter.cli.catalogue import META_PROCEDURES, Kind, uris
from wamprouter.cli.connecting import arguments_of_connect
from wamprouter.cli.ending import quiet
from wamprouter.cli.options import Connection

__all__ = ["known_uris", "script"]

PATIENCE: Final = 0.5  # seconds


def script(shell: str, command: click.Command) -> str:
    """Return what a shell reads to complete the words of a command."""
    kind = get_completion_class(shell)
    assert kind is not None  # --help lists those that there are
    # Not its own source(): that of bash starts a bash to ask for its version.
    return ShellComplete.source(kind(command, {}, "wamprouter", "_WAMPROUTER_COMPLETE"))


def known_uris(kind: Kind, options: dict[str, Any]) -> list[str]:
    """Return the procedures or topics at the router that options and environment name; none if it does not answer at once."""
    given: dict[str, Any] = {
        name: options.get(name) for name in Connection._fields
    }  # click leaves out what was not said
    given["url"] = given["url"] or os.environ["WAMP_URL"]
    given["realm"] = given["realm"] or os.environ.get("WAMP_REALM", "realm1")
    connection = Connection(**given)._replace(wait=0.0)
    if not _is_resolved(connection.url):
        return []
    try:
        with quiet():
            found = asyncio.run(_asked(kind, connection))
    except (Error, ValueError):  # no router, no realm, a secret that would have to be asked for
        return []
    return sorted({*found, *META_PROCEDURES}) if kind == "registration" else found


async def _asked(kind: Kind, connection: Connection) -> list[str]:
    found: list[str] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            async with connect(**arguments_of_connect(connection, may_ask=False)) as session:
                found = await uris(session, kind)
    return found


def _is_resolved(url: str) -> bool:
    """Tell whether the name of a host becomes an address in time: asyncio would wait for a name server at its end."""
    try:
        address = parse_url(url)
    except ValueError:
        return False
    if address.socket_path is not None:
        return True
    resolving = Thread(target=_resolve, args=(address.host, address.port), daemon=True)
    resolving.start()
    resolving.join(PATIENCE)
    return not resolving.is_alive()


def _resolve(host: str, port: int) -> None:
    with suppress(OSError):
        socket.getaddrinfo(host, port)
