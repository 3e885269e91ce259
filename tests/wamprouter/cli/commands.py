"""Commands of the command line, run here or in processes of their own."""

import os
import subprocess
import sys
from typing import Any

from click.testing import CliRunner, Result

from tests.support.certificates import Authority
from tests.support.process import ROOT, RouterProcess
from wamprouter.cli import main


class Clients:
    """Where the router is, and commands against it."""

    def __init__(self, router: RouterProcess, authority: Authority) -> None:
        self.url, self.login_url, self.tls_url, self.certificate_url = router.urls
        self.authority = authority

    def run(self, *words: str, url: str | None = None, **environ: str) -> Result:
        """Run a command here."""
        return CliRunner().invoke(main, words, env={"WAMP_URL": url or self.url, **environ})

    def start(self, *words: str, **how: Any) -> "Running":
        """Start a command in a process of its own; return when it says that it is ready."""
        return Running(words, {"WAMP_URL": self.url}, **how)


class Running(subprocess.Popen[str]):
    """A command that goes on until it is told to end. ``ready`` is its first line, on standard error if not told otherwise."""

    out = ""
    """All of standard output that ``ready`` does not have, when it has ended."""

    def __init__(
        self,
        words: tuple[str, ...],
        environ: dict[str, str],
        *,
        env: dict[str, str] | None = None,
        waits_for: str = "stderr",
        **how: Any,
    ) -> None:
        path = os.pathsep.join((str(ROOT / "client"), str(ROOT / "router")))
        super().__init__(
            [sys.executable, "-m", "wamprouter", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, **environ, **(env or {})},
            **how,
        )
        self.ready: str = getattr(self, waits_for).readline()

    def result(self) -> tuple[int, str, str]:
        """Return exit status, output and the rest of standard error, when it has ended."""
        self.out, err = self.communicate(timeout=20)
        return self.returncode, self.out, err
