"""A router that cannot start says why: one line on standard error, nothing else, and status 1 or 2 (never a traceback)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import ROOT, RouterProcess, config, endpoint
from tests.support.raw import Client

TCP = {"type": "websocket", "endpoint": endpoint()}

COMPONENTS = """
from autobahn.twisted.wamp import ApplicationSession as Theirs
from wamp.twisted import ApplicationSession

class Good(ApplicationSession):
    pass

class Raising(ApplicationSession):
    def __init__(self, config):
        raise ValueError("no database\\nat this address")

class TheirsRaising(Theirs):
    def __init__(self, config):
        raise RuntimeError("no licence")

class NoSession:
    pass

class WrongArguments(ApplicationSession):
    def __init__(self):
        super().__init__()

def function(config):
    return Good(config)

text = "not a class"
"""


def start(folder: Path, configuration: dict[str, Any] | str, name: str = "router.json") -> tuple[int, list[str]]:
    """Start a router that will not stay; return its exit status and the lines on standard error."""
    file = folder / name
    if not file.exists() and not file.is_symlink():
        file.write_text(configuration if isinstance(configuration, str) else json.dumps(configuration))
    done = subprocess.run(
        [sys.executable, "-m", "wamprouter", "start", "--config", name],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'client'}:{ROOT / 'router'}"},
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert done.stdout == "", "nothing listens, so no address may be printed"
    return done.returncode, done.stderr.splitlines()


def one_line(outcome: tuple[int, list[str]]) -> str:
    status, lines = outcome
    assert status in (1, 2), lines
    assert len(lines) == 1, "\n".join(lines)
    assert "Traceback" not in lines[0]
    return lines[0]


def component(classname: str, **more: Any) -> dict[str, Any]:
    return {"type": "class", "classname": classname, "realm": "realm1", "role": "anonymous", **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parts.py").write_text(COMPONENTS)
    (tmp_path / "broken.py").write_text("import does_not_exist.anywhere\n")
    (tmp_path / "crashing.py").write_text("1 / 0\n")
    (tmp_path / "misspelt.py").write_text("def f(:\n")
    return tmp_path


@pytest.fixture
def taken() -> Iterator[int]:
    """A TCP port on which somebody else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_is_in_use(folder: Path, taken: int) -> None:
    line = one_line(start(folder, config({"type": "websocket", "endpoint": {"type": "tcp", "port": taken}})))
    assert line == f"cannot listen on 127.0.0.1:{taken}: Address already in use"


def test_a_range_of_ports_is_tried_from_its_first(folder: Path) -> None:
    """The first that is free is taken; if none is, the router does not start."""
    first, others = neighbours()
    span = {"type": "tcp", "portrange": [first, first + 1]}
    try:
        with RouterProcess(folder, config({"type": "websocket", "endpoint": span})) as router:
            assert router.address("ws") == ("127.0.0.1", first + 1)
            (folder / "router.json").unlink()
            line = one_line(start(folder, config({"type": "websocket", "endpoint": span})))
            assert line == f"cannot listen on 127.0.0.1:{first}-{first + 1}: Address already in use"
    finally:
        others.close()


def neighbours() -> tuple[int, socket.socket]:
    """Return a port on which somebody listens while the next one is free, and who does."""
    while True:
        other = socket.create_server(("127.0.0.1", 0))
        port = other.getsockname()[1]
        try:
            socket.create_server(("127.0.0.1", port + 1)).close()
        except (OSError, OverflowError):
            other.close()
        else:
            return port, other


@pytest.mark.parametrize("kind", ["rawsocket", "echo"])
def test_a_port_that_is_in_use_by_any_transport(folder: Path, taken: int, kind: str) -> None:
    line = one_line(start(folder, config(TCP, {"type": kind, "endpoint": {"type": "tcp", "port": taken}})))
    assert f"127.0.0.1:{taken}: Address already in use" in line


def test_an_address_that_is_not_of_this_machine(folder: Path) -> None:
    other = {"type": "tcp", "port": 0, "interface": "192.0.2.1"}  # TEST-NET-1 (RFC 5737)
    line = one_line(start(folder, config({"type": "websocket", "endpoint": other}, insecure=True)))
    assert "192.0.2.1" in line
    assert "Cannot assign requested address" in line


def test_an_interface_that_is_no_address(folder: Path) -> None:
    line = one_line(
        start(folder, config({"type": "websocket", "endpoint": {"type": "tcp", "port": 0, "interface": "lo"}}))
    )
    assert "'lo'" in line or '"lo"' in line or "lo:0" in line


def test_a_unix_socket_in_a_folder_that_is_not_there(folder: Path) -> None:
    unix = {"type": "unix", "path": "missing/router.sock"}
    line = one_line(start(folder, config({"type": "rawsocket", "endpoint": unix})))
    assert "missing/router.sock: No such file or directory" in line


def test_a_unix_socket_where_a_file_is(folder: Path) -> None:
    (folder / "router.sock").write_text("precious")
    unix = {"type": "unix", "path": "router.sock"}
    line = one_line(start(folder, config({"type": "rawsocket", "endpoint": unix})))
    assert "router.sock" in line
    assert (folder / "router.sock").read_text() == "precious"


def test_a_unix_socket_that_is_in_use(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(folder / "router.sock"))
        other.listen()
        unix = {"type": "unix", "path": "router.sock"}
        line = one_line(start(folder, config({"type": "rawsocket", "endpoint": unix})))
    assert "router.sock: Address already in use" in line


def test_a_unix_socket_with_a_name_that_is_too_long(folder: Path) -> None:
    unix = {"type": "unix", "path": "x" * 200}
    line = one_line(start(folder, config({"type": "rawsocket", "endpoint": unix})))
    assert "xxx" in line


def test_a_configuration_that_is_not_there(folder: Path) -> None:
    (folder / "router.json").symlink_to("nowhere.json")
    assert "router.json: " in one_line(start(folder, ""))


def test_a_configuration_that_is_a_folder(folder: Path) -> None:
    (folder / "router.json").mkdir()
    assert "router.json: " in one_line(start(folder, ""))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_configuration_that_may_not_be_read(folder: Path) -> None:
    (folder / "router.json").write_text("{}")
    (folder / "router.json").chmod(0)
    assert "Permission denied" in one_line(start(folder, ""))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("router.json", "{"),
        ("router.json", ""),
        ("router.json", "\ufeff\x00\x01"),
        ("router.yaml", "a: [1"),
        ("router.toml", "= 1"),
        ("router.ini", "[x]"),
    ],
)
def test_a_configuration_that_cannot_be_understood(folder: Path, name: str, text: str) -> None:
    assert one_line(start(folder, text, name)).startswith(name)


def test_an_environment_variable_that_is_not_set(folder: Path) -> None:
    document = json.dumps(config(TCP)).replace("realm1", "${NO_SUCH_NAME}")
    assert "NO_SUCH_NAME" in one_line(start(folder, document))


def test_a_folder_of_files_that_is_not_there(folder: Path) -> None:
    web = {"type": "web", "endpoint": endpoint(), "paths": {"/": {"type": "static", "directory": "missing"}}}
    assert "missing" in one_line(start(folder, config(web)))


def test_an_unknown_realm_in_a_component(folder: Path) -> None:
    line = one_line(start(folder, config(TCP, components=[component("parts.Good", realm="realm2")])))
    assert "components[0].realm" in line
    assert "realm2" in line


def test_an_unknown_role_in_a_component(folder: Path) -> None:
    line = one_line(start(folder, config(TCP, components=[component("parts.Good", role="admin")])))
    assert "components[0].role" in line
    assert "admin" in line


CLASSES = {
    "nowhere.Class": "no module named 'nowhere'",
    "parts.Missing": "module parts has no Missing",
    "parts.text": "is not a class",
    "parts.function": "is not a class",
    "broken.Class": "no module named 'does_not_exist'",
    "crashing.Class": "division by zero",
    "misspelt.Class": "SyntaxError",
    "parts.Raising": "no database",
    "parts.TheirsRaising": "no licence",
    "parts.NoSession": "parts.NoSession",
    "parts.WrongArguments": "TypeError",
}


@pytest.mark.parametrize(("classname", "reason"), CLASSES.items())
def test_a_component_that_cannot_be_made(folder: Path, classname: str, reason: str) -> None:
    """Neither does the router listen then: half an application is not what was asked for."""
    line = one_line(start(folder, config(TCP, components=[component("parts.Good"), component(classname)])))
    assert classname in line
    assert reason in line


def test_everything_is_well(folder: Path) -> None:
    """The counter-example: with the same files a good component starts, and standard output has the address."""
    with RouterProcess(folder, config(TCP, components=[component("parts.Good")])) as router:
        with Client(router.url("ws")) as client:
            client.publish_acknowledged("com.t")
        assert router.stop() == 0
        assert "Traceback" not in router.log
