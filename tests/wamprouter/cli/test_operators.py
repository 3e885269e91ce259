"""Commands for those who run a router: they find it by its configuration, and log in with the ticket that it tells its own user."""

from __future__ import annotations

import json
import os
import pty
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.process import ROOT, RouterProcess, config, endpoint
from tests.support.raw import Client
from tests.wamprouter.cli.commands import Running
from wamprouter.cli import main

EMPTY = {"PYTHONPATH": os.pathsep.join((str(ROOT / "client"), str(ROOT / "router")))}


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouterProcess]:
    configuration = config({"type": "rawsocket", "endpoint": endpoint()}, admin={"endpoint": endpoint()})
    with RouterProcess(tmp_path_factory.mktemp("router"), configuration) as started:
        yield started


class Listening(socket.socket):
    """A port of this machine that somebody else has."""

    def __init__(self) -> None:
        super().__init__()
        self.bind(("127.0.0.1", 0))
        self.listen()

    @property
    def port(self) -> int:
        return int(self.getsockname()[1])


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_a_router_that_runs(router: RouterProcess) -> None:
    """The status of a router that runs tells its process."""
    result = run("status", "--config", str(router.file), "--json")
    assert (0, router.process.pid) == (result.exit_code, json.loads(result.stdout)["pid"])


def test_a_router_that_does_not_run(tmp_path: Path) -> None:
    """Without a router the status is "stopped", and 3."""
    result = run("status", "--config", str(tmp_path / "router.json"))
    assert (3, "stopped: ") == (result.exit_code, result.stdout[:9])


@pytest.mark.parametrize(("expected", "code"), [("running", 1), ("stopped", 0)])
def test_a_script_asserts_what_it_expects(tmp_path: Path, expected: str, code: int) -> None:
    """With --assert, the exit status says whether it is as expected."""
    assert code == run("status", "--config", str(tmp_path / "router.json"), "--assert", expected).exit_code


def test_a_router_is_stopped(tmp_path: Path) -> None:
    """Stop returns when the router has ended."""
    with RouterProcess(tmp_path, config({"type": "rawsocket", "endpoint": endpoint()})) as started:
        result = run("stop", "--config", str(started.file))
        assert (0, 0) == (result.exit_code, started.process.wait(5))


def test_top_once(router: RouterProcess) -> None:
    """With --once, top looks for one interval and prints tables."""
    result = run("top", "--config", str(router.file), "--once", "--interval", "0.5")
    assert (0, True) == (result.exit_code, f"process {router.process.pid}" in result.stdout)


def test_top_as_json(router: RouterProcess) -> None:
    """With --json, top prints figures for programs."""
    result = run("top", "--config", str(router.file), "--once", "--interval", "0.5", "--json")
    assert router.process.pid == json.loads(result.stdout)["pid"]


def test_top_on_a_terminal(router: RouterProcess) -> None:
    """On a terminal, top fills the screen until q is pressed, and leaves the terminal as it was."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "wamprouter", "top", "--config", str(router.file), "--interval", "0.5"],
        stdin=theirs,
        stdout=theirs,
        env={**os.environ, **EMPTY},
    )
    os.close(theirs)
    shown = _read_until(ours, b"process ")
    os.write(ours, b"q")
    shown += _read_until(ours, b"\x1b[?1049l")
    code = process.wait(10)
    os.close(ours)
    assert (0, b"\x1b[?1049h") == (code, shown[:8])


def _read_until(terminal: int, wanted: bytes) -> bytes:
    shown = b""
    until = time.monotonic() + 20
    while wanted not in shown:
        assert select.select([terminal], [], [], max(0, until - time.monotonic()))[0], shown
        shown += os.read(terminal, 65536)
    return shown


def test_messages_are_tapped(router: RouterProcess) -> None:
    """Tap prints the messages of a realm with their URIs, and of arguments only the kind."""
    words = ("tap", "--config", str(router.file), "--uri", "com.example.*", "--count", "1")
    with Client(router.urls[0]) as guest, Running(words, {}) as running:
        guest.publish("com.example.one", "a secret")
        code, out, _ = running.result()
    assert (0, True, False) == (code, "PUBLISH" in out and '"<text of 8>"' in out, "secret" in out)


def test_who_may_not_see_payloads(router: RouterProcess) -> None:
    """Payloads as they are need a permission: without it, tap says so."""
    result = run("tap", "--config", str(router.file), "--payload", "full")
    assert (1, True) == (result.exit_code, "router.tap.full" in result.stderr)


def test_a_router_without_management(tmp_path: Path) -> None:
    """Without the section in the file, top says what to write."""
    with RouterProcess(tmp_path, config({"type": "rawsocket", "endpoint": endpoint()})) as started:
        result = run("top", "--config", str(started.file))
    assert (1, True) == (result.exit_code, '"admin": {}' in result.stderr)


def test_nobody_there(tmp_path: Path) -> None:
    """Without a router, top says how to reach one elsewhere."""
    result = run("top", "--config", str(tmp_path / "router.json"))
    assert (3, True) == (result.exit_code, "--url" in result.stderr)


def test_the_section_without_a_word_in_the_file(tmp_path: Path) -> None:
    """With --admin, a router whose file says nothing of it has its management."""
    configuration = config({"type": "rawsocket", "endpoint": endpoint()})
    with RouterProcess(tmp_path, configuration, "--admin", "0") as started:
        result = run("top", "--config", str(started.file), "--once", "--interval", "0.5", "--json")
    assert (0, started.process.pid) == (result.exit_code, json.loads(result.stdout)["pid"])


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """Where the console's port is taken, the one line that says so names the option."""
    taken = Listening()
    (tmp_path / "router.json").write_text(json.dumps(config({"type": "rawsocket", "endpoint": endpoint()})))
    words = ("start", "--config", str(tmp_path / "router.json"), "--admin", str(taken.port))
    with Running(words, {}) as running:
        code = running.result()[0]
    taken.close()
    assert (1, True) == (code, "--admin PORT" in running.ready)


@pytest.mark.parametrize("address", ["here", "1:", ":1", "70000", "127.0.0.1"])
def test_what_is_no_address(address: str) -> None:
    """What is no port, with a host or without, is wrong usage."""
    result = run("start", "--admin", address)
    assert (2, True) == (result.exit_code, "--admin" in result.stderr)
