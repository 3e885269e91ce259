"""Unix sockets that outlive a crash of whoever had them."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

__all__ = ["listen_on_unix"]


def listen_on_unix(reactor: Any, path: Path, factory: Any, **options: Any) -> Any:
    """Open a Unix socket; return the port. Raise CannotListenError or OSError if that is not possible.

    With a lock file beside it, a socket that a crashed router left behind is known for what it is. The lock names a process.
    In a container there are few numbers, so that after a crash another process, or this one, often has the same; so
    somebody must also answer there.
    """
    lock = Path(f"{path}.lock")
    if lock.is_symlink() and _is_abandoned(path):
        lock.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    return reactor.listenUNIX(os.fspath(path), factory, wantPID=True, **options)


def _is_abandoned(path: Path) -> bool:
    """Tell whether nobody listens on a socket that is there."""
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX) as caller:
        caller.setblocking(False)
        try:
            caller.connect(os.fspath(path))
        except ConnectionRefusedError:
            return True
        except OSError:  # its queue is full, or it is somebody else's
            return False
    return False
