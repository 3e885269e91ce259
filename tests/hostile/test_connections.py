"""Connections that come to nothing: slow ones, ten thousand half-open ones, and more than the system has descriptors for."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hostile.conftest import transports
from tests.hostile.siege import Siege
from tests.robustness.conftest import Start
from tests.robustness.measure import MIB, MemoryWatch, eventually, open_sockets
from tests.support.pair import Pair
from tests.support.process import ROOT, RouterProcess, config
from tests.support.raw import TEXT, Client, Closed, RefusedHandshake, Stream, client_frame, handshake_request

HELLO = b'[1,"realm1",{"roles":{"caller":{}}}]'
MANY = 10_000
FEW = 120  # descriptors, with which a router still starts


def is_over(stream: Stream) -> bool:
    """Tell whether the router has closed, without waiting for it."""
    try:
        while True:
            if not stream.socket.recv(1 << 16):
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_slow_handshakes_and_requests_hold_nobody_up_and_are_cut_off(siege: Siege) -> None:
    """An octet now and then, for ever, on two hundred connections: each has its time for the whole of it, and no more."""
    sent = {
        siege.ws: handshake_request(siege.ws, "wamp.2.json", headers={"X-Slow": "x" * 2000}),
        siege.rs: b"\x7f\xf1\0",
        siege.path: handshake_request(siege.path, "wamp.2.json")[:-2] + b"X-Slow: " + b"x" * 2000,
    }
    slow_hello = handshake_request(siege.ws, "wamp.2.json") + client_frame(TEXT, HELLO + b" " * 2000)
    with siege.attack(lines=500):
        streams: list[tuple[Stream, Iterator[int]]] = []
        for _ in range(50):
            streams += [(Stream(url), iter(data)) for url, data in sent.items()]
            streams.append((Stream(siege.ws), iter(slow_hello)))
        for stream, _ in streams:
            stream.socket.setblocking(False)
        cut_off: set[Stream] = set()
        behind_paths = {stream for stream, _ in streams[2::4]}

        def drip() -> bool:
            siege.pair.go_on(1)  # between two octets, so that there is time between them
            for stream, octets in streams:
                if stream in cut_off:
                    continue
                octet = next(octets, None)
                try:
                    if octet is not None:
                        stream.socket.send(bytes((octet,)))
                except OSError:
                    pass
                if is_over(stream):
                    cut_off.add(stream)
            # The web server's own time-out is a minute, too long for a test: see test_limits for a shorter one.
            return all(stream in cut_off for stream, _ in streams if stream not in behind_paths)

        eventually(drip, "all slow clients are cut off", within=30)
        for stream, _ in streams:
            stream.close()


def test_ten_thousand_half_open_connections(start: Start, tmp_path: Path) -> None:
    """They take their places until their time is over; meanwhile those who are in go on, and afterwards others come in."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < MANY + 500:
        pytest.skip(f"{hard} open files are too few")
    router = start(*transports(tmp_path, max_connections=MANY + 100))
    with Pair(router.url("rs"), router.url("ws")) as pair:
        siege = Siege(router, pair)
        beginning = handshake_request(siege.ws, "wamp.2.json")[:-1]
        with siege.attack(slack=64 * MIB):
            watch = MemoryWatch(router)
            streams = []
            for number in range(MANY):
                stream = Stream((siege.ws, siege.ws, siege.rs, siege.ws, siege.http)[number % 5])
                stream.send((b"", beginning, b"\x7f", beginning, b"GET / HTTP/1.1\r\n")[number % 5])
                streams.append(stream)
                if number % 500 == 0:
                    pair.go_on(1)
                    watch.look()
            watch.look()
            assert watch.growth < MANY * 25_000
            with Client(siege.ws) as client:
                client.publish_acknowledged("com.still.room")
            for stream in streams:
                stream.close()


def test_a_listener_that_is_full_of_half_open_connections_is_free_again_in_time(start: Start, tmp_path: Path) -> None:
    """Nobody can keep it closed with connections that say nothing."""
    router = start(*transports(tmp_path, max_connections=50))
    silent = [Stream(router.url("ws")) for _ in range(60)]

    def is_served() -> bool:
        try:
            Client(router.url("ws")).close()
        except (RefusedHandshake, Closed):
            return False
        return True

    eventually(is_served, "the silent ones are cut off", within=15)
    for stream in silent:
        stream.close()


@contextmanager
def open_files(count: int) -> Iterator[None]:
    """Let what is started here have so many open files, until it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def processor_seconds(router: RouterProcess) -> float:
    fields = Path(f"/proc/{router.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.fixture
def poor(start: Start, tmp_path: Path) -> Iterator[Siege]:
    """A router that has far fewer descriptors than it may have connections."""
    with open_files(FEW):
        router = start(*transports(tmp_path))
    limit_hard(router.pid, FEW)
    with Pair(router.url("rs"), router.url("ws")) as pair:
        yield Siege(router, pair)


def limit_hard(pid: int, count: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (count, count))


def test_a_router_takes_the_descriptors_that_it_may_have(start: Start, tmp_path: Path) -> None:
    """The usual soft limit of 1024 is for programs that use ``select``. One of ten thousand connections needs more."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with open_files(FEW):
        router = start(*transports(tmp_path, max_connections=300))
    soft, _ = resource.prlimit(router.pid, resource.RLIMIT_NOFILE)
    assert soft >= min(hard, 3 * 300)
    assert "open files" not in router.log


def test_a_router_says_that_it_may_not_have_enough_descriptors(tmp_path: Path) -> None:
    (tmp_path / "router.json").write_text(json.dumps(config(*transports(tmp_path, max_connections=300))))
    command = ["sh", "-c", f'ulimit -n {FEW}; exec "$@"', "sh", sys.executable, "-m", "wamprouter", "start", "--config"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "client"), str(ROOT / "router")))}
    with subprocess.Popen(
        [*command, str(tmp_path / "router.json")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        process.terminate()
        process.stderr.read()
    assert f"{FEW} open files are allowed, but a transport may have 300 connections" in line
    assert process.returncode == 0


def test_a_router_without_descriptors_serves_who_is_in_and_says_so_briefly(poor: Siege) -> None:
    """Whoever is one too many is cut off at once. No loop that is busy with it, and no line for each."""
    with poor.attack(lines=60):
        streams = []
        for number in range(5 * FEW):
            try:
                streams.append(Stream((poor.ws, poor.rs, poor.http)[number % 3]))
            except OSError:
                pass  # cut off before we were ready
        poor.pair.go_on(10)
        before = processor_seconds(poor.router)
        poor.pair.go_on(20)
        assert processor_seconds(poor.router) - before < 5, "it is busy with those whom it cannot take"
        for stream in streams:
            stream.close()
        eventually(lambda: open_sockets(poor.router) < 20, "all are gone")
    with Client(poor.ws) as client:
        client.publish_acknowledged("com.again")


def test_a_page_without_descriptors_is_503(poor: Siege) -> None:
    with poor.attack(lines=60):
        browsers = [Stream(poor.http) for _ in range(5)]
        streams = []
        for _ in range(3 * FEW):
            try:
                streams.append(Stream(poor.rs))
            except OSError:
                pass
        poor.pair.go_on(3)
        statuses = set()
        for browser in browsers:
            browser.send(b"GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try:
                statuses.add(int(browser.read_until(b"\r\n").split()[1]))
            except Closed:
                statuses.add(0)  # it was one too many itself
        assert statuses <= {0, 200, 503}
        assert 503 in statuses
        for stream in streams + browsers:
            stream.close()
