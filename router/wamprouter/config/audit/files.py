"""Files and folders that the configuration names, and who else on the machine may read or write them."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wamprouter.config.audit.credentials import is_written, stored
from wamprouter.config.audit.view import View
from wamprouter.config.audit.weakness import Severity, Spot, Weakness
from wamprouter.config.auth import FileCookies, TicketJwt
from wamprouter.config.endpoints import UnixEndpoint
from wamprouter.config.problems import Place
from wamprouter.config.transports import WebSocketService
from wamprouter.config.web import StaticPath

__all__ = ["WEAKNESSES"]

_REFERENCE: Final = re.compile(r"(?<!\$)\$\{file:(?P<path>[^}]*?)(:-[^}]*)?\}")


def _writable(view: View) -> Iterator[Spot]:
    for place, path, what in _named(view):
        mode = view.machine.mode(path)
        if mode is not None and mode & stat.S_IWOTH:
            yield Spot(
                place, f"{what} {path} may be written by every user of this machine ({_octal(mode)})", "chmod o-w"
            )


def _readable(view: View) -> Iterator[Spot]:
    for place, path, what in _secret(view):
        mode = view.machine.mode(path)
        if mode is not None and mode & stat.S_IROTH:
            yield Spot(place, f"{what} {path} may be read by every user of this machine ({_octal(mode)})", "chmod o-r")


def _named(view: View) -> Iterator[tuple[Place, Path, str]]:
    """Yield whatever decides what the router does."""
    if view.file is not None:
        yield (), view.file, "the configuration"
        yield (), view.file.parent, "the configuration's folder, in which components are found,"
    yield from _keys(view)
    for front in view.fronts:
        if front.tls is not None:
            at = (*front.place, "endpoint", "tls")
            yield (*at, "certificate"), front.tls.certificate, "the certificate"
            for number, path in enumerate(front.tls.ca_certificates):
                yield (*at, "ca_certificates", number), path, "the authority"
    for door in view.doors:
        method = door.service.auth.ticket
        if isinstance(method, TicketJwt):
            yield (*door.place, "auth", "ticket", "jwks"), method.jwks, "the key set"
    for number, folder in enumerate(view.config.pythonpath):
        yield ("pythonpath", number), folder, "the folder of components"


def _secret(view: View) -> Iterator[tuple[Place, Path, str]]:
    """Yield whatever others must not read."""
    if view.file is not None and any(is_written(view, one) for one in stored(view)):
        yield (), view.file, "the configuration, which has credentials in it,"
    yield from _keys(view)


def _keys(view: View) -> Iterator[tuple[Place, Path, str]]:
    """Yield what others may neither read nor write."""
    for front in view.fronts:
        if front.tls is not None:
            yield (*front.place, "endpoint", "tls", "key"), front.tls.key, "the private key"
    for door in view.doors:
        cookie = door.service.cookie if isinstance(door.service, WebSocketService) else None
        if cookie is not None and isinstance(cookie.store, FileCookies):
            yield (*door.place, "cookie", "store", "filename"), cookie.store.filename, "the file of cookies"
    for place, path in _references(view.document, ()):
        yield place, (view.file.parent if view.file else Path()) / path, "the secret"


def _references(node: object, place: Place) -> Iterator[tuple[Place, str]]:
    """Yield the files whose content stands for a part of a document as it is written."""
    match node:
        case str():
            for found in _REFERENCE.finditer(node):
                yield place, found["path"]
        case list():
            for index, item in enumerate(node):
                yield from _references(item, (*place, index))
        case dict():
            for key, value in node.items():
                yield from _references(value, (*place, key))


def _served(view: View) -> Iterator[Spot]:
    """What a static path serves is compared by name: the content of a folder may change."""
    guarded = [(path, what) for _, path, what in _keys(view)]
    if view.file is not None:
        guarded.append((view.file, "the configuration"))
    for _, place, path in view.paths:
        if isinstance(path, StaticPath) and path.directory is not None:
            for file, what in guarded:
                if file.is_relative_to(path.directory):
                    yield Spot(
                        (*place, "directory"),
                        f"{what} {file.relative_to(path.directory)} is in this folder, and so is served to everybody",
                        "serve a folder that has nothing else in it",
                    )


def _sockets(view: View) -> Iterator[tuple[Place, Path]]:
    for front in view.fronts:
        if isinstance(front.transport.endpoint, UnixEndpoint):
            yield (*front.place, "endpoint", "path"), front.transport.endpoint.path


def _shared_folder(view: View) -> Iterator[Spot]:
    for place, path in _sockets(view):
        mode = view.machine.mode(path.parent)
        if mode is not None and mode & stat.S_IWOTH:
            yield Spot(
                place,
                f"every user of this machine may write to {path.parent} ({_octal(mode)}), and put another socket in its place",
                "use a folder of the router's own, such as one below /run",
            )


def _open_socket(view: View) -> Iterator[Spot]:
    for place, path in _sockets(view):
        modes = [view.machine.mode(folder) for folder in path.parents]
        doors = [door for door in view.doors if door.place[:2] == place[:2]]
        is_anonymous = any(door.service.auth.anonymous is not None for door in doors)
        if is_anonymous and all(mode is not None and mode & stat.S_IXOTH for mode in modes):
            yield Spot(
                place,
                "every user of this machine may open this socket and join without credentials",
                f"chmod 750 {path.parent}, with the group of those who should",
            )


def _octal(mode: int) -> str:
    return f"mode {stat.S_IMODE(mode):04o}"


WEAKNESSES: Final = (
    Weakness(
        "writable-files",
        Severity.HIGH,
        "Every user of the machine may write the configuration or its folder, or a file or folder that it names.",
        "`chmod o-w`.",
        _writable,
    ),
    Weakness(
        "readable-secrets",
        Severity.HIGH,
        "Every user of the machine may read a key, a file of cookies, a secret in a file of its own, or the configuration with "
        "credentials in it.",
        "`chmod o-r`.",
        _readable,
    ),
    Weakness(
        "served-secrets",
        Severity.HIGH,
        "A static path serves a folder in which the configuration or one of its secrets is.",
        "Serve a folder that has nothing else in it.",
        _served,
    ),
    Weakness(
        "shared-folder",
        Severity.MEDIUM,
        "A Unix socket is in a folder that every user of the machine may write to, such as /tmp.",
        "Use a folder of the router's own.",
        _shared_folder,
    ),
    Weakness(
        "open-socket",
        Severity.LOW,
        "Every user of the machine may open a Unix socket where peers need no credentials.",
        "A folder that only the right group may enter.",
        _open_socket,
    ),
)
