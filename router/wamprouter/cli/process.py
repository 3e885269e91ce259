"""A router as a process of this machine: whether it runs, and how it is told to end."""

from __future__ import annotations

import json
import os
from pathlib import Path
from time import monotonic, sleep, time
from typing import Any, Final

from wamprouter.cli.location import NothingThere, located
from wamprouter.control import NobodyThere, ask, socket_paths

__all__ = ["status_lines", "stop"]

_LOOK: Final = 0.05  # seconds between two looks at whether it is gone


def status_lines(config: Path | None, cbdir: Path | None, *, is_json: bool) -> tuple[bool, list[str]]:
    """Return whether a router runs, and what to say of it."""
    try:
        _, [line] = ask(_sockets(config, cbdir), "status")
    except (NobodyThere, NothingThere) as problem:
        return False, [json.dumps({"status": "stopped"}) if is_json else f"stopped: {problem}"]
    about: dict[str, Any] = json.loads(line)
    if is_json:
        return True, [json.dumps({"status": "running", **about})]
    addresses = ", ".join(transport["address"] for transport in about["transports"])
    return True, [
        f"running: process {about['pid']}, wamprouter {about['version']}, for {_ago(time() - about['started_at'])}",
        f"{about['sessions']} sessions in {len(about['realms'])} realms, listening on {addresses}",
    ]


def _ago(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"


def stop(config: Path | None, cbdir: Path | None, timeout: float) -> tuple[int, str]:
    """Tell a router to end; return the exit status and a line once it has, or has not."""
    try:
        _, [pid] = ask(_sockets(config, cbdir), "stop")
    except NothingThere as problem:
        return 2, str(problem)
    except NobodyThere as problem:
        return 3, str(problem)
    until = monotonic() + timeout
    while _is_there(int(pid)):
        if monotonic() > until:
            return 1, f"process {pid} was told to stop, and has not ended within {timeout:g} s"
        sleep(_LOOK)
    return 0, f"process {pid} has ended"


def _is_there(pid: int) -> bool:
    """Tell whether a process runs. One that has ended, whose parent has not asked how, is gone."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        pass
    except OSError:
        return False
    else:
        return state != "Z"
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _sockets(config: Path | None, cbdir: Path | None) -> list[Path]:
    return socket_paths(located(config, cbdir, os.environ))
