"""A router as `make run` starts it, and a Chromium to look at its page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import ROOT, RouterProcess

NODE_MODULES = ROOT / "tests/js/node_modules"
CONFIG = ROOT / "config"


def as_in_make_run(*, port: int = 0) -> dict[str, Any]:
    """Return config/router.json with paths that hold anywhere and the web server on ``port``."""
    configuration: dict[str, Any] = json.loads((CONFIG / "router.json").read_text())
    configuration["pythonpath"] = [str((CONFIG / path).resolve()) for path in configuration["pythonpath"]]
    configuration["admin"] = {"endpoint": {"type": "tcp", "port": 0}}
    for transport in configuration["transports"]:
        transport["endpoint"]["port"] = port if transport["type"] == "web" else 0
        for path in transport.get("paths", {}).values():
            if "directory" in path:
                path["directory"] = str((CONFIG / path["directory"]).resolve())
    return configuration


@pytest.fixture(scope="session")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouterProcess]:
    with RouterProcess(tmp_path_factory.mktemp("router"), as_in_make_run()) as running:
        yield running


class Tab:
    """One tab, in a profile of its own: methods are those of playwright's Page, by name."""

    def __init__(self, ask: Callable[[int, str, list[Any]], Any], number: int) -> None:
        self._ask = ask
        self._number = number

    def do(self, action: str, *arguments: Any) -> Any:
        return self._ask(self._number, action, list(arguments))

    def click(self, selector: str) -> None:
        self.do("click", selector)

    def fill(self, selector: str, text: str) -> None:
        self.do("fill", selector, text)

    def text(self, selector: str) -> str:
        """Return what a person sees there."""
        return str(self.do("innerText", selector))

    def until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        self.do("until", condition)

    def until_state(self, state: str) -> None:
        self.until(f"document.body.dataset.state === {state!r}")

    def until_text(self, selector: str, text: str) -> None:
        self.until(f"document.querySelector({selector!r}).innerText.includes({text!r})")

    def screenshot(self) -> bytes:
        return b64decode(self.do("screenshot"))

    def complaints(self) -> list[str]:
        """Return the errors on its console, uncaught exceptions included."""
        return list(self.do("complaints"))


class Browser:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._opened = 0

    def open(self, url: str, **context: Any) -> Tab:
        """Open a page in a new tab; ``context`` holds options of playwright's ``newContext``."""
        self._opened += 1
        tab = Tab(self._ask, self._opened)
        tab.do("open", url, context)
        return tab

    def _ask(self, tab: int, action: str, arguments: list[Any]) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"tab": tab, "do": action, "with": arguments}) + "\n")
        stdin.flush()
        line = stdout.readline()
        assert line, "the browser has ended"
        answer = json.loads(line)
        assert "error" not in answer, f"{action} {arguments}: {answer['error']}"
        return answer["value"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    node = shutil.which("node")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if node is None:
        pytest.skip("node not found")
    if chromium is None:
        pytest.skip("chromium not found")
    if not (NODE_MODULES / "playwright-core").is_dir():
        pytest.skip("the npm packages of tests/js are not installed")
    process = subprocess.Popen(
        [node, "browser.cjs", chromium],
        cwd=ROOT / "tests/js",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Browser(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


@pytest.fixture
def open_page(browser: Browser, router: RouterProcess) -> Iterator[Callable[..., Tab]]:
    """Open the page and wait until it is connected."""
    tabs: list[Tab] = []

    def open_page(url: str = "", **context: Any) -> Tab:
        tab = browser.open(url or router.url("http"), **context)
        tabs.append(tab)
        tab.until_state("open")
        return tab

    yield open_page
    for tab in tabs:
        tab.do("close")


@pytest.fixture
def page(open_page: Callable[..., Tab]) -> Tab:
    return open_page()


@pytest.fixture
def keep(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Keep a picture: in the folder that WAMPROUTER_SCREENSHOTS names, or in the test's own."""

    def keep(name: str, picture: bytes) -> Path:
        folder = Path(os.environ.get("WAMPROUTER_SCREENSHOTS", tmp_path))
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.png"
        file.write_bytes(picture)
        return file

    return keep
