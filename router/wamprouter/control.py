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
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

__all__ = ["Command", "NobodyThere", "Outcome", "ask", "listen", "socket_path"]

_LONGEST_LINE: Final = 1024
_PATIENCE: Final = 30.0  # seconds for an answer; a reload takes milliseconds, unless a component is slow to start

Outcome = tuple[bool, list[str]]
"""Whether it was done, and lines for whoever asked."""

Command = Callable[[], Outcome]


class NobodyThere(Exception):
    """No router runs with this configuration, or not as this user. The text is one line."""


def socket_path(config: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the socket of the router that has a configuration; None is the router without one."""
    name = hashlib.sha256(b"" if config is None else os.fsencode(os.path.abspath(config))).hexdigest()[:16]
    return _folder(environ) / f"{name}.sock"


def _folder(environ: Mapping[str, str]) -> Path:
    runtime = environ.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK):
        return Path(runtime) / "wamprouter"
    return Path(tempfile.gettempdir()) / f"wamprouter-{os.getuid()}"


def listen(path: Path, commands: Mapping[str, Command], reactor: Any) -> Any:
    """Open the socket; return the port. Raise OSError or CannotListenError if that is not possible."""
    from twisted.internet.protocol import Factory
    from twisted.protocols.basic import LineOnlyReceiver

    class Conversation(LineOnlyReceiver):
        transport: Any  # a Unix connection, once there is one
        delimiter = b"\n"
        MAX_LENGTH = _LONGEST_LINE

        def lineReceived(self, line: bytes) -> None:
            command = commands.get(line.decode(errors="replace").strip())
            done, lines = (False, ["unknown command"]) if command is None else command()
            self.transport.write(json.dumps({"done": done, "lines": lines}).encode() + b"\n")
            self.transport.loseConnection()

    _make_private(path.parent)
    factory = Factory.forProtocol(Conversation)
    factory.noisy = False
    # With a lock file, a socket file that a crashed router left behind is known for what it is.
    return reactor.listenUNIX(str(path), factory, mode=0o600, wantPID=True)


def _make_private(folder: Path) -> None:
    """Make the folder. One that others can write to, or that somebody else has put there, is refused."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(1, f"{folder} is not a folder of this user alone")


def ask(path: Path, command: str) -> Outcome:
    """Send a command to the router behind a socket; return what came of it. Raise NobodyThere."""
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
            raise NobodyThere("no router runs with this configuration, or not as this user") from None
    try:
        told = json.loads(answer)
    except ValueError:
        raise NobodyThere("the router has ended while it was asked") from None
    return bool(told["done"]), [str(line) for line in told["lines"]]
