"""A service manager opens sockets, and the router listens on them: socket activation, as sd_listen_fds(3) describes it."""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.process import RouterProcess, config
from wamprouter.server.inherited import inherited

HANDSHAKE = bytes([0x7F, 0xF1, 0, 0])  # RawSocket, JSON
NO_SOCKET = f"{os.strerror(errno.ENOTSOCK)}\n"

# What systemd does: the sockets become the descriptors from 3 on, and the environment says for whom they are.
LAUNCHER = """
import fcntl, os, sys
sockets = [fcntl.fcntl(int(word), fcntl.F_DUPFD, 100) for word in sys.argv[1].split(",")]
for number, each in enumerate(sockets):
    os.dup2(each, 3 + number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(sockets)))
os.execv(sys.argv[2], sys.argv[2:])
"""


def activated(folder: Path, configuration: dict[str, Any], *descriptors: int) -> RouterProcess:
    """Start a router as a service manager does that has these sockets open."""
    launcher = (sys.executable, "-SEc", LAUNCHER, ",".join(map(str, descriptors)))
    return RouterProcess(folder, configuration, launcher=launcher, descriptors=descriptors)


def rawsocket(endpoint: dict[str, Any]) -> dict[str, Any]:
    return config({"type": "rawsocket", "endpoint": endpoint})


@pytest.fixture
def tcp() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def unix(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "router.sock"))
        os.chmod(tmp_path / "router.sock", 0o620)
        listening.listen()
        yield listening


def test_clients_who_come_before_the_router_wait_for_it(tmp_path: Path, tcp: socket.socket) -> None:
    """The port is open already, and the router takes it instead of finding it in use."""
    host, port = tcp.getsockname()
    with socket.create_connection((host, port), timeout=10) as client:
        client.sendall(HANDSHAKE)
        with activated(tmp_path, rawsocket({"type": "tcp", "port": port}), tcp.fileno()):
            assert HANDSHAKE[:1] == client.recv(1)


def test_a_port_stays_open_when_the_router_ends(tmp_path: Path, tcp: socket.socket) -> None:
    """So that a restart refuses nobody."""
    host, port = tcp.getsockname()
    with activated(tmp_path, rawsocket({"type": "tcp", "port": port}), tcp.fileno()) as router:
        assert 0 == router.stop()
    socket.create_connection((host, port), timeout=10).close()


def test_a_unix_socket_stays_as_it_is(tmp_path: Path, unix: socket.socket) -> None:
    """With its mode while the router runs, and with its file afterwards."""
    path = tmp_path / "router.sock"
    with activated(tmp_path, rawsocket({"type": "unix", "path": str(path)}), unix.fileno()) as router:
        assert 0o620 == stat.S_IMODE(path.stat().st_mode)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(path))
            client.sendall(HANDSHAKE)
            assert HANDSHAKE[:1] == client.recv(1)
        assert 0 == router.stop()
    assert path.is_socket()


def test_a_socket_outlives_a_reload_that_drops_it(tmp_path: Path, tcp: socket.socket) -> None:
    """The transport can come back with another one."""
    port = tcp.getsockname()[1]
    with_it, without = rawsocket({"type": "tcp", "port": port}), rawsocket({"type": "tcp", "port": 0})
    with activated(tmp_path, with_it, tcp.fileno()) as router:
        assert router.reload(without)[0]
        done, lines = router.reload(with_it)
        assert done, lines
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(HANDSHAKE)
            assert HANDSHAKE[:1] == client.recv(1)


def test_a_socket_that_no_transport_has_is_told(tmp_path: Path, tcp: socket.socket) -> None:
    """Whoever connects there would wait for ever."""
    with activated(tmp_path, rawsocket({"type": "tcp", "port": 0}), tcp.fileno()) as router:
        router.stop()
    address = f"127.0.0.1:{tcp.getsockname()[1]}"
    assert f"the service manager listens on {address}, but no transport does" in router.log


def test_what_is_no_socket_is_refused(tmp_path: Path) -> None:
    """In one line."""
    with (tmp_path / "file").open("w") as file, pytest.raises(RuntimeError) as refused:
        activated(tmp_path, rawsocket({"type": "tcp", "port": 0}), file.fileno())
    assert str(refused.value).endswith("LISTEN_FDS: what the service manager has passed is no socket: " + NO_SOCKET)


@pytest.mark.parametrize(
    "variables", [{}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {"LISTEN_PID": "", "LISTEN_FDS": "x"}]
)
def test_the_sockets_of_another_process_are_left_alone(variables: dict[str, str]) -> None:
    """One that has started us, and has not removed its variables; our children do not find them either."""
    environ = {**variables, "LISTEN_FDNAMES": "x"}
    assert [] == inherited(environ).unused()
    assert {} == environ
