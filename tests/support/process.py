"""A router in a process of its own, as an operator starts it: `python -m wamprouter start --config FILE`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from wamprouter.control import Outcome, ask, socket_paths

ROOT = Path(__file__).parents[2]

ALLOW_ALL = {"uri": "", "match": "prefix", "allow": "all"}
# What acts on other sessions (killing them, taking registrations away) needs a rule of its own.
EVERYTHING = [ALLOW_ALL, {"uri": "wamp.", "match": "prefix", "allow": {"call": True, "subscribe": True}}]
REALM = {"name": "realm1", "roles": [{"name": "anonymous", "permissions": EVERYTHING}]}


def endpoint() -> dict[str, Any]:
    """Return a TCP endpoint on a port that the system chooses."""
    return {"type": "tcp", "port": 0}


def config(*transports: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a configuration with realm1, where anonymous may do everything. ``more`` adds or replaces top-level keys."""
    return {"version": 1, "realms": [REALM], "transports": list(transports), **more}


def _addresses(node: dict[str, Any]) -> int:
    """Return how many addresses a transport has, or a path."""
    if node["type"] == "universal":
        of_web = sum(map(_addresses, node.get("web", {}).get("paths", {}).values()))
        return ("rawsocket" in node) + len(node.get("websocket", {})) + of_web
    return sum(map(_addresses, node["paths"].values())) if "paths" in node else 1


class RouterProcess:
    """A running router. ``urls`` are the addresses that it printed, in the order of its transports (and paths)."""

    def __init__(
        self,
        folder: Path,
        configuration: dict[str, Any],
        *arguments: str,
        launcher: Sequence[str] = (),
        descriptors: Sequence[int] = (),
    ) -> None:
        """Start it. ``launcher`` is a command that starts the rest of its words; it gets these open files."""
        self.folder = folder
        self.file = file = folder / "router.json"
        file.write_text(json.dumps(configuration))
        workers = configuration.get("workers", [configuration])  # where Crossbar has its transports
        expected = sum(_addresses(each) for worker in workers for each in worker["transports"])
        expected += "admin" in configuration  # the console's
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "client"), str(ROOT / "router")))}
        self.errors: list[str] = []
        self.process = subprocess.Popen(
            [*launcher, sys.executable, "-m", "wamprouter", "start", "--config", str(file), *arguments],
            pass_fds=descriptors,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._drain = threading.Thread(target=self._read_errors, daemon=True)
        self._drain.start()
        self.urls = [self.process.stdout.readline().strip() for _ in range(expected)]
        if not all(self.urls):
            self.stop()
            raise RuntimeError("the router did not start:\n" + "".join(self.errors))

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)

    def reload(self, configuration: dict[str, Any] | str | None = None) -> Outcome:
        """Let it read its file again, with something else in it if that is given; return what it says of that."""
        if configuration is not None:
            text = configuration if isinstance(configuration, str) else json.dumps(configuration)
            # At once, so that the router never reads half of it.
            written = self.file.with_name("router.new")
            written.write_text(text)
            written.replace(self.file)
        return ask(socket_paths(self.file), "reload")

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return "".join(self.errors)

    def url(self, scheme: str) -> str:
        """Return the first address with that scheme: ``ws``, ``rs``, ``http``, ``rs+unix``."""
        return next(url for url in self.urls if url.startswith(f"{scheme}://"))

    def address(self, scheme: str) -> tuple[str, int]:
        """Return host and port of the first address with that scheme."""
        host, port = self.url(scheme).removeprefix(f"{scheme}://").split("/")[0].rsplit(":", 1)
        return host, int(port)

    def resident_bytes(self) -> int:
        """Return how much memory the process has resident."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> int:
        """End it as an operator does, with SIGTERM; return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self._drain.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
