"""How a command reaches a router that is running: a Unix socket that only its own user can open.

One line of JSON goes in, one comes back. The socket's name follows from the path of the configuration, so that
`wamprouter reload --config FILE` finds the router that was started with that file.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

__all__ = ["Command", "NobodyThere", "Outcome", "ask", "listen", "socket_paths"]

_LONGEST_LINE: Final = 1024
_PATIENCE: Final = 30.0  # seconds for an answer; a reload takes milliseconds, unless a component is slow to start
_SILENCE: Final = 5.0  # seconds for the command itself; nobody types it

_NOBODY: Final = "no router runs with this configuration, or not as this user"

Outcome = tuple[bool, list[str]]
"""Whether it was done, and lines for whoever asked."""

Command = Callable[[], Outcome]


class NobodyThere(Exception):
    """No router runs with this configuration, or not as this user. The text is one line."""


def socket_paths(config: Path | None, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return where the socket of the router that has a configuration may be; None is the router without one.

    The router takes the first. Whoever looks for it may have been started in another way, with a folder of its own for
    such sockets or without, so it tries all.
    """
    name = hashlib.sha256(b"" if config is None else os.fsencode(os.path.abspath(config))).hexdigest()[:16]
    return [folder / f"{name}.sock" for folder in _folders(environ)]


def _folders(environ: Mapping[str, str]) -> Iterator[Path]:
    runtime = environ.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK):
        yield Path(runtime) / "wamprouter"
    yield Path(tempfile.gettempdir()) / f"wamprouter-{os.getuid()}"


def listen(path: Path, commands: Mapping[str, Command], reactor: Any) -> Any:
    """Open the socket; return the port. Raise OSError or CannotListenError if that is not possible."""
    from twisted.internet.protocol import Factory, connectionDone
    from twisted.protocols.basic import LineOnlyReceiver
    from twisted.protocols.policies import TimeoutMixin

    from wamprouter.server.ports import listen_unix

    class Conversation(LineOnlyReceiver, TimeoutMixin):
        transport: Any  # a Unix connection, once there is one
        delimiter = b"\n"
        MAX_LENGTH = _LONGEST_LINE

        def connectionMade(self) -> None:
            self.callLater = reactor.callLater  # type: ignore[method-assign]  # as Twisted means it
            self.setTimeout(_SILENCE)

        def connectionLost(self, reason: Any = connectionDone) -> None:
            self.setTimeout(None)

        def lineReceived(self, line: bytes) -> None:
            self.setTimeout(None)
            command = commands.get(line.decode(errors="replace").strip())
            done, lines = (False, ["unknown command"]) if command is None else command()
            self.transport.write(json.dumps({"done": done, "lines": lines}).encode() + b"\n")
            self.transport.loseConnection()

    _make_private(path.parent)
    factory = Factory.forProtocol(Conversation)
    factory.noisy = False
    return listen_unix(reactor, path, factory, mode=0o600)


def _make_private(folder: Path) -> None:
    """Make the folder. One that others can write to, or that somebody else has put there, is refused."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_private(folder):
        raise PermissionError(1, f"{folder} is not a folder of this user alone")


def _is_private(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


def ask(paths: Sequence[Path], command: str) -> Outcome:
    """Send a command to the router behind the first of these sockets that is there; return what came of it.

    Raise NobodyThere.
    """
    path = next((path for path in paths if path.exists() and _is_private(path.parent)), None)
    if path is None:
        raise NobodyThere(_NOBODY)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_PATIENCE)
        try:
            connection.connect(str(path))
            connection.sendall(command.encode() + b"\n")
            answer = b""
            while more := connection.recv(65536):
                answer += more
        except TimeoutError:
            raise NobodyThere("the router does not answer") from None
        except OSError:
            raise NobodyThere(_NOBODY) from None
    try:
        told = json.loads(answer)
    except ValueError:
        raise NobodyThere("the router has ended while it was asked") from None
    return bool(told["done"]), [str(line) for line in told["lines"]]
