"""The router tells the service manager that started it what it does, as sd_notify(3) describes it."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from tests.support.process import RouterProcess, config, endpoint
from wamprouter.supervision import Supervisor, supervisor

RAWSOCKET = {"type": "rawsocket", "endpoint": endpoint()}

Message = dict[str, str]


class Manager:
    """The service manager's end of the socket."""

    def __init__(self, address: str | bytes) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(10)

    def hear(self) -> Message:
        """Return the next message that is more than a sign of life."""
        while True:
            message = self.hear_anything()
            if message != {"WATCHDOG": "1"}:
                return message

    def hear_anything(self) -> Message:
        return dict(line.split("=", 1) for line in self.socket.recv(65536).decode().split("\n"))

    def has_heard_nothing(self) -> bool:
        self.socket.setblocking(False)
        try:
            self.socket.recv(1)
        except BlockingIOError:
            return True
        return False


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(str(tmp_path / "notify"))
    with made.socket:
        yield made


class Life:
    """What a service manager hears of a router that is reloaded, reloaded with a mistake, and ended."""

    def __init__(self, folder: Path) -> None:
        name = f"wamprouter-test-{secrets.token_hex(8)}"
        self.manager = Manager(f"\0{name}".encode())
        self.manager.socket.settimeout(10)
        variables = {"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "100000"}
        with self.manager.socket, pytest.MonkeyPatch.context() as patch:
            for variable, value in variables.items():
                patch.setenv(variable, value)
            router = RouterProcess(folder, config(RAWSOCKET))
            with router:
                self.port = router.address("rs")[1]
                self.start = self.manager.hear()
                self.signs_of_life = [self.manager.hear_anything() for _ in range(2)]
                self.asked_at = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                router.reload(config(RAWSOCKET, drain_timeout=500))
                self.reload = [self.manager.hear() for _ in range(2)]
                router.reload("{")
                self.failure = [self.manager.hear() for _ in range(2)]
                router.stop()
            self.end = self.manager.hear()
            self.log = router.log


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    return Life(tmp_path_factory.mktemp("life"))


def test_a_router_is_ready_when_it_listens(life: Life) -> None:
    """With the addresses as the status that `systemctl status` shows; also at a name of the abstract namespace."""
    assert {"READY": "1", "STATUS": f"serving 127.0.0.1:{life.port}"} == life.start


def test_a_router_gives_signs_of_life(life: Life) -> None:
    """As often as the service manager asks for, and no less."""
    assert [{"WATCHDOG": "1"}] * 2 == life.signs_of_life


def test_a_reload_is_told(life: Life) -> None:
    """When it began, by the clock that systemd compares with, and that it is over."""
    begun, done = life.reload
    assert "1" == begun["RELOADING"]
    assert life.asked_at <= int(begun["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert {"READY": "1", "STATUS": "reloaded: nothing has changed"} == done


def test_a_reload_that_fails_is_over_as_well(life: Life) -> None:
    """The router serves on, and the status says why it is not reloaded."""
    begun, done = life.failure
    assert "1" == begun["RELOADING"]
    assert "1" == done["READY"]
    assert done["STATUS"].startswith("not reloaded: ")
    assert "router.json" in done["STATUS"]


def test_a_stop_is_told(life: Life) -> None:
    """With the time that it may take: what the configuration gives to calls, and ten seconds."""
    assert {"STOPPING": "1", "EXTEND_TIMEOUT_USEC": "10500000", "STATUS": "stopping"} == life.end


def test_a_router_without_service_manager_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose socket is gone is named in the log, once."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    with RouterProcess(tmp_path, config(RAWSOCKET)) as router:
        assert router.reload()[0]
        assert 0 == router.stop()
    assert 1 == router.log.count("the service manager is not told"), router.log
    assert f"NOTIFY_SOCKET={tmp_path}/gone" in router.log


def test_the_event_loop_itself_gives_the_signs_of_life() -> None:
    """A loop that hangs gives none."""
    heard: list[str] = []
    clock = Clock()
    Supervisor(heard.append, watchdog=10).keep_alive(clock)
    clock.pump([4.9])
    assert ["WATCHDOG=1"] == heard
    clock.pump([0.2, 5])
    assert ["WATCHDOG=1"] * 3 == heard


def test_no_sign_of_life_is_given_unasked(manager: Manager) -> None:
    """Without WATCHDOG_USEC there is no timer."""
    clock = Clock()
    supervisor({"NOTIFY_SOCKET": str(manager.socket.getsockname())}).keep_alive(clock)
    assert [] == clock.getDelayedCalls()
    assert manager.has_heard_nothing()


@pytest.mark.parametrize("limits", [{"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}])
def test_a_watchdog_of_somebody_else_is_none(manager: Manager, limits: dict[str, str]) -> None:
    """One that another process was given, which has started us, or that is no number."""
    supervisor({"NOTIFY_SOCKET": str(manager.socket.getsockname()), **limits}).keep_alive(Clock())
    assert manager.has_heard_nothing()


def test_our_own_watchdog_is_served(manager: Manager) -> None:
    """WATCHDOG_PID says whose it is."""
    environ = {
        "NOTIFY_SOCKET": str(manager.socket.getsockname()),
        "WATCHDOG_USEC": "1000000",
        "WATCHDOG_PID": str(os.getpid()),
    }
    supervisor(environ).keep_alive(Clock())
    assert {"WATCHDOG": "1"} == manager.hear_anything()


def test_programs_that_the_router_starts_do_not_speak_for_it(manager: Manager) -> None:
    """They do not find the variables."""
    environ = {"NOTIFY_SOCKET": str(manager.socket.getsockname()), "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "A": "b"}
    supervisor(environ)
    assert {"A": "b"} == environ


def test_a_status_is_one_line_of_bounded_length(manager: Manager) -> None:
    """Whatever a mistake in the configuration looks like."""
    supervisor({"NOTIFY_SOCKET": str(manager.socket.getsockname())}).ready("a\nREADY=0\n" + "x" * 1000)
    heard = manager.hear()
    assert "1" == heard["READY"]
    assert heard["STATUS"].startswith("a READY=0 xxx")
    assert 400 == len(heard["STATUS"])
