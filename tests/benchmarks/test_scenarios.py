"""The benchmark's clients, against its echo and against one that loses or doubles something."""

import os
import socket
from collections.abc import Callable, Iterator

import pytest

from benchmarks.errors import BenchmarkError, Lost
from benchmarks.frames import CLOSE, PING, TEXT, frame
from benchmarks.routers import echo
from benchmarks.scenarios import Caller, Figures, Window, calls, events, joins, nothing_more, percentile
from benchmarks.sockets import Closed, Connection, Poll, Target, accepted
from benchmarks.vocabulary import Vocabulary

WINDOW = Window(0.02, 0.1)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with echo(os.sched_getaffinity(0)) as running:
        yield running.port


@pytest.fixture
def peers() -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield Connection(ours), theirs


@pytest.mark.parametrize("serializer", ["json", "msgpack"])
@pytest.mark.parametrize(
    "scenario",
    [
        lambda target: calls(target, WINDOW, None, callers=4, in_flight=32),
        lambda target: calls(target, WINDOW, None, callers=1, in_flight=1),
        lambda target: events(target, WINDOW, None, subscribers=3),
        lambda target: joins(target, WINDOW, None, parallel=3),
    ],
    ids=["calls", "call", "events", "joins"],
)
def test_scenario_against_the_echo(port: int, scenario: Callable[[Target], Figures], serializer: str) -> None:
    """Everything that is sent comes back, is counted, and makes a rate."""
    figures = scenario(Target(port, Vocabulary(serializer, echo=True)))
    assert figures["rate"] > 0
    assert figures["total"] >= figures["rate"] * WINDOW.seconds


def test_large_payload_comes_back_too(port: int) -> None:
    """What a socket does not take at once is sent later."""
    target = Target(port, Vocabulary("json", payload=60_000, echo=True))
    assert calls(target, WINDOW, None, callers=1, in_flight=32)["total"] >= 32


def test_answer_to_no_call_is_an_error(peers: tuple[Connection, socket.socket]) -> None:
    """A call that is answered twice fails the run."""
    connection, router = peers
    caller = Caller(connection, Target(0, Vocabulary("json")))
    caller.call(2)
    router.sendall(b"".join(frame(TEXT, b"[50,%d,{},[]]" % request, masked=False) for request in (2, 1, 2)))
    with pytest.raises(Lost, match=r"request b'2' was answered, but is not in flight"):
        caller.receive()


def test_answers_may_come_in_any_order(peers: tuple[Connection, socket.socket]) -> None:
    """A router is free to answer a later call first."""
    connection, router = peers
    caller = Caller(connection, Target(0, Vocabulary("json")))
    caller.call(3)
    router.sendall(b"".join(frame(TEXT, b"[50,%d,{},[]]" % request, masked=False) for request in (3, 1, 2)))
    assert caller.receive() == 3
    assert caller.in_flight == {}


def test_surplus_is_an_error(peers: tuple[Connection, socket.socket]) -> None:
    """An event that comes once too often fails the run."""
    connection, router = peers
    router.sendall(frame(TEXT, b"[36,1,2,{},[]]", masked=False))
    with Poll([connection]) as poll, pytest.raises(Lost, match="1 messages more than expected"):
        nothing_more(poll)


def test_silence_is_an_error(peers: tuple[Connection, socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    """A router that does not answer any more ends the run, not the patience of who watches it."""
    monkeypatch.setattr("benchmarks.sockets.PATIENCE", 0.01)
    with Poll([peers[0]]) as poll, pytest.raises(Lost, match="nothing has arrived"):
        poll.ready(0.01)


def test_ping_is_answered(peers: tuple[Connection, socket.socket]) -> None:
    """An idle session stays alive, and a ping is not counted as a message."""
    connection, router = peers
    router.sendall(frame(PING, b"are you there", masked=False) + frame(TEXT, b"[36]", masked=False))
    assert [run.payloads() for run in connection.receive()] == [[b"[36]"]]
    assert router.recv(100)[0] == 0x8A


@pytest.mark.parametrize("end", [frame(CLOSE, b"", masked=False), None], ids=["close frame", "end of stream"])
def test_end_of_connection_is_noticed(peers: tuple[Connection, socket.socket], end: bytes | None) -> None:
    """Both ways in which a router ends a connection are one."""
    connection, router = peers
    router.sendall(end) if end else router.close()
    with pytest.raises(Closed):
        connection.receive()


def test_refused_handshake_is_named() -> None:
    """Anything but the accepted subprotocol ends the run with the router's answer."""
    assert not accepted(b"HTTP/1.1 101 Switching", "wamp.2.json")
    with pytest.raises(BenchmarkError, match="404 Not Found"):
        accepted(b"HTTP/1.1 404 Not Found\r\n\r\n", "wamp.2.json")


def test_percentile() -> None:
    """The 99th of a hundred has ninety-nine below it."""
    ordered = [float(each) for each in range(100)]
    assert [percentile(ordered, 0.50), percentile(ordered, 0.99)] == [50.0, 99.0]
    with pytest.raises(BenchmarkError, match="nothing was measured"):
        percentile([], 0.5)
