"""Processes that the router runs beside itself: a component of type "guest" of the configuration.

They start when the router listens, so that they can connect to it, and end when it stops: first with SIGTERM, a while later
with SIGKILL. What they write is logged line by line. One that ends by itself is not started again, as in Crossbar.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from wamprouter import config
from wamprouter.server.forms import CannotStart

__all__ = ["Guest", "reap_when_told"]

_log = Logger()

_PATIENCE: Final = 3.0  # seconds from SIGTERM to SIGKILL; a service manager usually waits for 10 to 90
_LONGEST_LINE: Final = 4096  # bytes of one line that are logged
_STDIN, _STDOUT, _STDERR = 0, 1, 2


class Guest:
    """One such process."""

    def __init__(self, guest: config.GuestComponent, reactor: Any, *, environ: Mapping[str, str] = os.environ) -> None:
        self.name = guest.name
        self._options = guest.options
        self._reactor = reactor
        self._environment = _environment(guest.options.env, environ)
        self._command = [_found(guest), *guest.arguments]
        self._ended: Deferred[None] | None = None  # while it runs
        self._process: Any = None
        self._is_due = False

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return None if self._process is None else self._process.pid

    @property
    def is_there(self) -> bool:
        """Whether it runs, or will soon."""
        return self._process is not None or self._is_due

    def follow(self, other: Guest) -> None:
        """Start once another one, which is told to end, has ended. If it cannot be started then, say so in the log."""
        self._is_due = True
        other.stop().addCallback(lambda _: self._start_if_due())

    def _start_if_due(self) -> None:
        if self._is_due:
            self._is_due = False
            try:
                self.start()
            except CannotStart as problem:
                _log.error("{problem}", problem=str(problem))

    def start(self) -> None:
        """Start the process; raise CannotStart if that is not possible."""
        options = self._options
        nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            is_silent = options.stdin is not None and options.stdin.type == "close"
            files: dict[int, int | str] = {
                _STDIN: nothing if is_silent else "w",
                _STDOUT: "r" if options.stdout == "log" else nothing,
                _STDERR: "r" if options.stderr == "log" else nothing,
            }
            self._ended = Deferred()
            self._process = self._reactor.spawnProcess(
                _Watching(self),
                self._command[0],
                self._command,
                env=self._environment,
                path=str(options.workdir),
                childFDs=files,
            )
        except OSError as error:
            self._ended = None
            raise CannotStart(f"guest {self.name} cannot be started: {error.strerror}") from None
        finally:
            os.close(nothing)

    def stop(self) -> Deferred[None]:
        """End the process; return what is called when it has ended."""
        self._is_due = False
        ended = self._ended
        if ended is None:
            return succeed(None)
        self._signal("TERM")
        kill = self._reactor.callLater(_PATIENCE, self._kill)
        ended.addCallback(lambda _: kill.cancel() if kill.active() else None)
        return ended

    def _kill(self) -> None:
        _log.warn("guest {name} does not end on SIGTERM and is killed", name=self.name)
        self._signal("KILL")

    def _signal(self, name: str) -> None:
        try:
            self._process.signalProcess(name)
        except ProcessExitedAlready:
            pass

    def greet(self, transport: Any) -> None:
        """Write what the process is to read."""
        given = self._options.stdin
        if given is not None and given.type == "json":
            transport.writeToChild(_STDIN, json.dumps(given.value, ensure_ascii=False).encode())
            if given.close:
                transport.closeChildFD(_STDIN)

    def tell(self, line: str) -> None:
        """Log a line that the process has written."""
        _log.info("guest {name}: {line}", name=self.name, line=line)

    def left(self, reason: Failure) -> None:
        """Learn that the process has ended."""
        end: Any = reason.value
        status, number = end.exitCode, end.signal
        how = f"by signal {number}" if number is not None else f"with exit status {status}"
        _log.emit(
            LogLevel.info if status == 0 or number == signal.SIGTERM else LogLevel.warn,
            "guest {name} has ended {how}",
            name=self.name,
            how=how,
        )
        ended, self._ended = self._ended, None
        self._process = None
        if ended is not None:
            ended.callback(None)


class _Watching(ProcessProtocol):
    """Hears of one process."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._lines = {_STDOUT: Lines(), _STDERR: Lines()}

    def connectionMade(self) -> None:
        self._guest.greet(self.transport)

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        for line in self._lines[childFD].feed(data):
            self._guest.tell(line)

    def childConnectionLost(self, childFD: int) -> None:
        if childFD in self._lines:
            for line in self._lines[childFD].end():
                self._guest.tell(line)

    def processEnded(self, reason: Failure) -> None:
        self._guest.left(reason)


class Lines:
    """Cuts what comes in pieces into lines. Of a line that is too long only the beginning is kept."""

    def __init__(self, longest: int = _LONGEST_LINE) -> None:
        self._longest = longest
        self._begun = b""
        self._is_cut = False

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that are complete."""
        *pieces, rest = data.split(b"\n")
        lines = []
        for piece in pieces:
            self._add(piece)
            lines += self.end()
        self._add(rest)
        return lines

    def end(self) -> list[str]:
        """Return the line that has begun, if it has."""
        text = self._begun.removesuffix(b"\r").decode("utf-8", "backslashreplace")
        line = "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text)
        found = [line + ("…" if self._is_cut else "")] if line else []
        self._begun, self._is_cut = b"", False
        return found

    def _add(self, piece: bytes) -> None:
        room = self._longest - len(self._begun)
        self._begun += piece[:room]
        self._is_cut = self._is_cut or len(piece) > room


def _environment(env: config.GuestEnvironment, environ: Mapping[str, str]) -> dict[str, str]:
    is_all = env.inherit == ("*",)
    inherited = {name: value for name, value in environ.items() if is_all or name in env.inherit}
    # What a Python program prints should be in the log when it is printed, not when its buffer is full.
    return {"PYTHONUNBUFFERED": "1", **inherited, **env.vars}


def _found(guest: config.GuestComponent) -> str:
    """Return the path of a program: below its folder, or where PATH says. Raise CannotStart if it is nowhere."""
    workdir = guest.options.workdir
    if not workdir.is_dir():
        raise CannotStart(f"guest {guest.name} cannot be started: there is no folder {workdir}")
    beside = Path(os.path.abspath(workdir / guest.executable))
    found = str(beside) if beside.is_file() and os.access(beside, os.X_OK) else shutil.which(guest.executable)
    if found is None:
        raise CannotStart(f"guest {guest.name} cannot be started: there is no program {guest.executable}")
    return os.path.abspath(found)


def reap_when_told(reactor: Any) -> None:
    """Let the reactor collect processes that have ended. It is run without signal handlers of its own."""
    from twisted.internet.process import reapAllProcesses

    signal.signal(signal.SIGCHLD, lambda *_: reactor.callFromThread(reapAllProcesses))
    signal.siginterrupt(signal.SIGCHLD, False)
    # One that ended before this moment has told nobody.
    reactor.callFromThread(reapAllProcesses)
