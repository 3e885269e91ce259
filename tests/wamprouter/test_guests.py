"""Processes that the router runs: found before it listens, their lines in the log, ended when it stops."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock

from tests.support.process import RouterProcess, config, endpoint
from tests.support.raw import Client
from wamp.protocol.messages import Register
from wamprouter.config import NodeConfig, validate
from wamprouter.guests import Guest, Lines
from wamprouter.server.forms import CannotStart


def guest(folder: Path, **fields: Any) -> Any:
    document = config(
        {"type": "rawsocket", "endpoint": endpoint()}, components=[{"type": "guest", "executable": "program", **fields}]
    )
    found: NodeConfig = validate(document, folder=folder, environ={})
    return found.components[0]


def program(folder: Path, text: str, name: str = "program") -> Path:
    file = folder / name
    file.write_text(f"#!{sys.executable}\n{text}")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b"one\ntwo\n"], ["one", "two"]),
        ([b"o", b"n", b"e\nt", b"wo"], ["one", "two"]),
        ([b"one\r\n\r\n\n"], ["one"]),
        ([b"x" * 30 + b"\nshort\n"], ["xxxxxxxxxx…", "short"]),
        ([b"x" * 7, b"y" * 7, b"z" * 7, b"\n"], ["xxxxxxxyyy…"]),
        ([b"caf\xc3\xa9\n"], ["café"]),
        ([b"\xff\x00\x1b[2J\n"], ["\\xff\\x00\\x1b[2J"]),
    ],
)
def test_output_is_cut_into_lines_of_a_bounded_length(pieces: list[bytes], lines: list[str]) -> None:
    cutter = Lines(10)
    assert [line for piece in pieces for line in cutter.feed(piece)] + cutter.end() == lines


def test_one_byte_at_a_time_gives_the_same_lines() -> None:
    text, whole, piecewise = b"one\ntwo is longer than ten\n\xc3\xa9\n", Lines(10), Lines(10)
    assert [line for byte in text for line in piecewise.feed(bytes([byte]))] == whole.feed(text)


def test_a_program_beside_the_configuration_comes_before_one_of_that_name_in_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    elsewhere = program(tmp_path / "bin", "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert Guest(guest(tmp_path), Clock())._command == [str(elsewhere)]
    beside = program(tmp_path, "")
    assert Guest(guest(tmp_path, arguments=["-x"]), Clock())._command == [str(beside), "-x"]


def test_a_program_that_is_nowhere_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"^guest mine cannot be started: there is no program no-such-program$"):
        Guest(guest(tmp_path, id="mine", executable="no-such-program"), Clock())


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=f"there is no folder {tmp_path / 'missing'}$"):
        Guest(guest(tmp_path, options={"workdir": "missing"}), Clock())


@pytest.mark.parametrize(
    ("inherit", "names"),
    [
        (True, ["A", "B", "C", "PYTHONUNBUFFERED"]),
        (False, ["C", "PYTHONUNBUFFERED"]),
        (["B"], ["B", "C", "PYTHONUNBUFFERED"]),
    ],
)
def test_the_environment_is_what_the_configuration_says(tmp_path: Path, inherit: object, names: list[str]) -> None:
    program(tmp_path, "")
    options = {"env": {"inherit": inherit, "vars": {"C": "3"}}}
    made = Guest(guest(tmp_path, options=options), Clock(), environ={"A": "1", "B": "2"})
    assert sorted(made._environment) == names


def test_a_guest_that_is_not_found_leaves_nothing_running(tmp_path: Path) -> None:
    components = [{"type": "guest", "executable": "no-such-program"}]
    with pytest.raises(RuntimeError, match="guest no-such-program cannot be started"):
        RouterProcess(tmp_path, config({"type": "rawsocket", "endpoint": endpoint()}, components=components))


def test_a_guest_that_ends_is_told_with_how_and_the_router_goes_on(tmp_path: Path) -> None:
    program(tmp_path, "import sys\nprint('about to fail')\nsys.exit(3)\n")
    components = [{"type": "guest", "executable": "program"}]
    with RouterProcess(
        tmp_path, config({"type": "rawsocket", "endpoint": endpoint()}, components=components)
    ) as router:
        # The router's own log is the only thing that tells; a peer that joins shows that it still serves.
        with Client(router.url("rs")) as client:
            client.register("com.example.x")
        wait_for_line(router, "guest program has ended with exit status 3")
        assert "guest program: about to fail" in router.log


def test_a_guest_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    program(tmp_path, "import signal, sys\nsignal.signal(15, signal.SIG_IGN)\nprint('deaf')\nsignal.pause()\n")
    components = [{"type": "guest", "executable": "program"}]
    router = RouterProcess(tmp_path, config({"type": "rawsocket", "endpoint": endpoint()}, components=components))
    wait_for_line(router, "guest program: deaf")
    pid = int(next(line for line in router.errors if "runs as process" in line).rsplit(" ", 1)[1])
    assert router.stop() == 0
    assert "does not end on SIGTERM and is killed" in router.log
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_is_dropped_is_not_logged(tmp_path: Path) -> None:
    program(tmp_path, "import sys\nprint('dropped')\nprint('logged', file=sys.stderr)\n")
    components = [{"type": "guest", "executable": "program", "options": {"stdout": "drop", "stdin": "close"}}]
    with RouterProcess(
        tmp_path, config({"type": "rawsocket", "endpoint": endpoint()}, components=components)
    ) as router:
        wait_for_line(router, "guest program has ended with exit status 0")
        assert "guest program: logged" in router.log
        assert "dropped" not in router.log


def wait_for_line(router: RouterProcess, text: str) -> None:
    """Ask the router for something, again and again, until its log has a line: no time is measured."""
    with Client(router.url("rs")) as client:
        while text not in router.log:
            client.send(Register(client.next_request(), {}, f"com.example.p{client.requests}"))
            client.receive()
