"""A router that is started with a Crossbar file as it is: `python -m wamprouter start --cbdir FOLDER`."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

from tests.support.process import ROOT
from tests.support.raw import TIMEOUT, Client
from wamp.protocol.messages import Invocation, Result

FILES = Path(__file__).parent / "files"


def copied(name: str, folder: Path) -> Path:
    """Copy one of the files, with what stands beside it, into a folder; return where."""
    target = folder / name
    shutil.copytree(FILES / name, target)
    return target


class Running:
    """A running router; ``urls`` are the addresses that it printed before it was ready."""

    def __init__(self, cbdir: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wamprouter", "start", "--cbdir", str(cbdir)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cbdir,
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "PYTHONPATH": os.pathsep.join((str(ROOT / "client"), str(ROOT / "router"), str(ROOT))),
                "PORT": "0",
                **environment,
            },
        )
        self.urls: list[str] = []
        self._more_urls = threading.Condition()
        self.lines: list[str] = []
        self._coming: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._read_urls, daemon=True),
            threading.Thread(target=self._read_log, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        try:
            self.wait_for("is ready")
        except BaseException:
            self.stop()
            raise

    def _read_urls(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more_urls:
                self.urls.append(line.strip())
                self._more_urls.notify_all()

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._coming.put(line)
        self._coming.put(None)

    def wait_for(self, text: str) -> str:
        """Return the next line of the log with a text in it."""
        while (line := self._coming.get(timeout=TIMEOUT)) is not None:
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"ended without saying {text!r}:\n" + "".join(self.lines))

    @property
    def warnings(self) -> list[str]:
        """What it has warned of, without time and origin."""
        return [line.partition("#warn] ")[2].strip() for line in self.lines if "#warn] " in line]

    def url(self, end: str, nth: int = 0) -> str:
        """Return the first address that begins or ends so, or the one after that."""

        def found() -> list[str]:
            return [url for url in self.urls if url.endswith(end) or url.startswith(end)]

        with self._more_urls:
            assert self._more_urls.wait_for(lambda: len(found()) > nth, TIMEOUT), self.urls
            return found()[nth]

    def stop(self) -> int:
        """End it as an operator does; return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        for thread in self._threads:
            thread.join(TIMEOUT)
        while not self._coming.empty():
            line = self._coming.get()
            if line is not None:
                self.lines.append(line)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def calls_through(url: str, procedure: str = "com.example.add2", *, serializer: str = "json", **options: Any) -> None:
    """Register a procedure with one session, and call it with another."""
    with Client(url, serializer, **options) as callee, Client(url, serializer, **options) as caller:
        callee.register(procedure)
        caller.call(procedure, 2, 3)
        invocation = callee.expect(Invocation)
        assert callee.args(invocation) == [2, 3]
        callee.answer(invocation.request, 5)
        assert caller.args(caller.expect(Result)) == [5]


def result_of(url: str, procedure: str, *args: object) -> list[object]:
    """Call a procedure that a component has."""
    with Client(url) as caller:
        caller.call(procedure, *args)
        return caller.args(caller.expect(Result))
