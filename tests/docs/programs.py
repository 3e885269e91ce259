"""Run what the documentation shows: Python programs, and pages in Chromium."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, Self

import pytest

from tests.docs.pages import ROOT, URL
from tests.support.process import RouterProcess

__all__ = ["Program", "browse", "needs_browser", "router", "wamprouter", "web"]

TIMEOUT: Final = 20
PATHS: Final = os.pathsep.join((str(ROOT / "client"), str(ROOT / "router")))
NODE_MODULES: Final = ROOT / "tests/js/node_modules"


def web(folder: Path | str | None = None) -> dict[str, Any]:
    """Return a web transport as that of config/router.json, on a port that the system chooses."""
    paths: dict[str, Any] = {"ws": {"type": "websocket"}}
    if folder is not None:
        paths["/"] = {"type": "static", "directory": str(folder)}
    return {"type": "web", "endpoint": {"type": "tcp", "port": 0}, "paths": paths}


def router(folder: Path, configuration: dict[str, Any]) -> RouterProcess:
    """Start a router with a configuration of the documentation, on free ports."""
    moved = json.loads(json.dumps(configuration))
    for transport in moved["transports"]:
        if "port" in transport["endpoint"]:
            transport["endpoint"]["port"] = 0
    if "admin" in moved:
        moved["admin"].setdefault("endpoint", {"type": "tcp"})["port"] = 0
    return RouterProcess(folder, moved)


class Program:
    """A running program of the documentation, told where the router is."""

    def __init__(self, folder: Path, text: str, url: str) -> None:
        file = folder / f"program{len(list(folder.glob('program*.py')))}.py"
        file.write_text(text.replace(URL, url), "utf-8")
        self.process = subprocess.Popen(
            [sys.executable, str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": PATHS},
        )

    def line(self) -> str:
        """Return the next line that it prints."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().rstrip("\n")
        if not line:
            raise AssertionError(f"the program ended: {self.end()}")
        return line

    def end(self) -> tuple[int, str, str]:
        """Wait until it ends by itself; return its status, its output and its log."""
        output, log = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, output, log

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def wamprouter(command: str, url: str) -> str:
    """Return what a command line of the documentation prints, with the router at ``url``; it must succeed."""
    name, *arguments = shlex.split(command)
    assert name == "wamprouter", command
    ran = subprocess.run(
        [sys.executable, "-m", "wamprouter", *arguments],
        env={**os.environ, "WAMP_URL": url, "PYTHONPATH": PATHS},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def needs_browser() -> str:
    """Return Chromium's path; skip where it, Node or playwright-core is missing."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None or shutil.which("node") is None or not (NODE_MODULES / "playwright-core").is_dir():
        pytest.skip("needs Chromium, Node and the packages of tests/js")
    return chromium


_DRIVER: Final = """
const { chromium } = require("playwright-core");
(async () => {
  const [path, url, script] = process.argv.slice(2);
  const browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.error(String(error)));
    await page.goto(url);
    console.log(JSON.stringify(await eval(`(async (page) => { ${script} })`)(page)));
  } finally {
    await browser.close();
  }
})().catch((error) => { console.error(error); process.exit(1); });
"""


def browse(folder: Path, url: str, script: str) -> Any:
    """Open a page in Chromium and return what a function body of Playwright's ``page`` returns."""
    chromium = needs_browser()
    driver = folder / "driver.js"
    driver.write_text(_DRIVER, "utf-8")
    ran = node(driver, chromium, url, script)
    return json.loads(ran)


def node(file: Path, *arguments: str) -> str:
    """Run a script with the packages of tests/js; return what it prints."""
    modules = file.parent / "node_modules"
    if not modules.exists():
        modules.symlink_to(NODE_MODULES)
    ran = subprocess.run(
        ["node", str(file), *arguments], capture_output=True, text=True, timeout=2 * TIMEOUT, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
