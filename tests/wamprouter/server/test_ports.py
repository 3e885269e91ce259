"""How many connections a port takes at once."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from wamprouter.server.ports import AT_ONCE, listen_tcp, listen_unix


class Counting(Factory):
    protocol = Protocol
    noisy = False

    def __init__(self) -> None:
        self.made: list[Any] = []

    def buildProtocol(self, address: Any) -> Any:
        protocol = super().buildProtocol(address)
        self.made.append(protocol)
        return protocol


@pytest.fixture(params=["tcp", "unix"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A port where as many as that and three more wait to be taken, four times."""
    factory = Counting()
    reactor = MemoryReactorClock()
    if request.param == "tcp":
        port: Any = listen_tcp(reactor, 0, factory, backlog=100, interface="127.0.0.1")
        address: Any = ("127.0.0.1", port.getHost().port)
        family = socket.AF_INET
    else:
        address, family = str(tmp_path / "a.sock"), socket.AF_UNIX
        port = listen_unix(reactor, address, factory, backlog=100)
    waiting = [socket.socket(family) for _ in range(4 * AT_ONCE + 3)]
    for each in waiting:
        each.connect(address)
    yield port
    for each in waiting:
        each.close()
    for protocol in factory.made:
        protocol.transport.connectionLost(Failure(ConnectionDone()))
    port.connectionLost(Failure(ConnectionDone()))


def test_a_port_takes_a_few_connections_in_a_turn(port):
    """However many wait, and however many waited the last time."""
    taken = []
    for _ in range(6):
        before = len(port.factory.made)
        port.doRead()
        taken.append(len(port.factory.made) - before)
    assert [AT_ONCE] * 4 + [3, 0] == taken
