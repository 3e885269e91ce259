"""The socket by which a router is told to reload: who may use it, who finds it, and what else comes by it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import eventually, open_sockets
from tests.support.process import ROOT, RouterProcess, endpoint
from tests.support.raw import Client
from tests.support.reloading import (
    BASE,
    NOTHING,
    Connect,
    changed,
    command,
    is_served,
)
from wamprouter.control import socket_paths


@pytest.fixture
def router(reloadable: RouterProcess) -> RouterProcess:
    return reloadable


def talk(router: RouterProcess, data: bytes) -> bytes:
    """Send something to the socket for commands; return all that comes back."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(socket_paths(router.file)[0]))
        connection.sendall(data)
        answer = b""
        try:
            while more := connection.recv(4096):
                answer += more
        except ConnectionResetError:
            pass
        return answer


@pytest.mark.parametrize("data", [b"halt\n", b"\n", b"\xff\xfe\0\n", b"reload now\n", b'{"command": "reload"}\n'])
def test_what_is_no_command_is_said_to_be_none(router: RouterProcess, connect: Connect, data: bytes) -> None:
    assert json.loads(talk(router, data)) == {"done": False, "lines": ["unknown command"]}
    assert is_served(connect())


def test_nothing_behind_a_command_is_read(router: RouterProcess) -> None:
    assert talk(router, b"reload\n" * 100).count(b"\n") == 1


def test_a_line_that_is_too_long_is_not_read(router: RouterProcess) -> None:
    assert talk(router, b"x" * 100_000) == b""
    assert (True, NOTHING) == router.reload()


def test_who_says_nothing_is_not_waited_for(router: RouterProcess) -> None:
    before = open_sockets(router)
    silent = socket.socket(socket.AF_UNIX)
    silent.connect(str(socket_paths(router.file)[0]))
    silent.settimeout(20)
    assert silent.recv(1) == b""
    silent.close()
    # Fewer, if one of those before it was not quite closed then.
    eventually(lambda: open_sockets(router) <= before, "it is closed")


def test_nobody_else_may_open_it(router: RouterProcess) -> None:
    path = socket_paths(router.file)[0]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_can_write_to_is_not_used(tmp_path: Path, start: Start) -> None:
    """The router starts all the same, and says so; whoever asks is not taken in by what is in there."""
    folder = tmp_path / "wamprouter"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    environ = {"XDG_RUNTIME_DIR": str(tmp_path), "TMPDIR": str(tmp_path)}
    with pytest.MonkeyPatch.context() as patch:
        for name, where in environ.items():
            patch.setenv(name, where)
        router = start({"type": "rawsocket", "endpoint": endpoint()})
    eventually(lambda: "no commands are taken" in router.log, "it says that it takes none")
    assert f"{folder} is not a folder of this user alone" in router.log
    with socket.socket(socket.AF_UNIX) as trap:
        trap.bind(str(socket_paths(router.file, environ)[0]))
        trap.listen()
        status, out, errors = command(router.file, **environ)
    assert (3, "", "no router runs with this configuration, or not as this user\n") == (status, out, errors)
    with Client(router.url("rs")) as client:
        router.file.write_text(json.dumps(changed("transports", [{"type": "rawsocket", "endpoint": endpoint()}])))
        router.process.send_signal(signal.SIGHUP)
        eventually(lambda: "realm other is new" in router.log, "a signal reaches it")
        assert is_served(client)


def test_it_is_found_from_a_shell_with_another_environment(router: RouterProcess, tmp_path: Path) -> None:
    """A service has no XDG_RUNTIME_DIR, whoever logs in has one."""
    assert (0, "nothing has changed\n", "") == command(router.file, XDG_RUNTIME_DIR=str(tmp_path))


def test_of_two_routers_with_one_file_the_first_is_meant(router: RouterProcess) -> None:
    """The second says that it takes no commands; it takes signals."""
    text = router.file.read_text()
    with RouterProcess(router.folder, json.loads(text)) as second:
        eventually(lambda: "no commands are taken" in second.log, "it says so")
        assert router.reload(changed("limits", {"max_connections": 999}))[0]
        assert "reloaded" not in second.log
        second.process.send_signal(signal.SIGHUP)
        eventually(lambda: "reloaded: limits are changed" in second.log, "it takes signals")
    assert (True, NOTHING) == router.reload()


@pytest.mark.parametrize("owner", ["another process", "nobody"])
def test_sockets_that_a_crash_has_left_behind_are_replaced(tmp_path: Path, owner: str) -> None:
    """Also if another process has the number by now that the dead router had, as in a container that is started again."""
    configuration = {**BASE, "transports": [{"type": "rawsocket", "endpoint": {"type": "unix", "path": "r.sock"}}]}
    crashed = RouterProcess(tmp_path, configuration)
    crashed.process.kill()
    crashed.stop()
    locks = [Path(f"{path}.lock") for path in (tmp_path / "r.sock", socket_paths(crashed.file)[0])]
    assert all(lock.is_symlink() for lock in locks)
    if owner == "another process":
        for lock in locks:
            lock.unlink()
            lock.symlink_to(str(os.getpid()))
    with RouterProcess(tmp_path, configuration) as router:
        assert (True, NOTHING) == router.reload()
        with Client(router.urls[0]) as client:
            assert is_served(client)


def test_nobody_is_there() -> None:
    status, out, errors = command(Path("/does/not/exist/router.json"))
    assert (3, "", "no router runs with this configuration, or not as this user\n") == (status, out, errors)


def test_a_router_without_a_file_says_so(tmp_path: Path) -> None:
    """It has nothing to read. A signal ends it, as its terminal does when it is closed."""
    environ = {**os.environ, "PYTHONPATH": f"{ROOT / 'client'}:{ROOT / 'router'}", "XDG_RUNTIME_DIR": str(tmp_path)}
    environ.pop("CROSSBAR_DIR", None)
    # The default's port may be taken, on a machine where more is tested: then there is nothing to ask.
    process = subprocess.Popen(
        [sys.executable, "-m", "wamprouter", "start"],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            pytest.skip("port 8080 is taken")
        done = subprocess.run(
            [sys.executable, "-m", "wamprouter", "reload"],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert (1, "the router was started without a configuration file\n") == (done.returncode, done.stderr)
        process.send_signal(signal.SIGHUP)
        assert process.wait(10) == -signal.SIGHUP
    finally:
        process.kill()
        process.communicate()
