"""What a WebSocket connection does in one turn of the reactor, without a socket."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from tests.support.raw import CONTINUATION, PING, TEXT, client_frame, handshake_request
from wamprouter.config import WebSocketOptions
from wamprouter.server.connections import Connections, Limits
from wamprouter.server.dispatch import Dispatcher
from wamprouter.server.services import EchoService
from wamprouter.server.websocket import websocket_factory


class Transport(StringTransport):
    """One that is asked for what TCP has."""

    def setTcpNoDelay(self, _: bool) -> None: ...


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
def connection(clock: Clock, transport: Transport) -> Any:
    """An echo's connection, shaken hands."""
    limits = Limits(handshake=0, hello=0, ping_interval=0, ping_timeout=0)
    service = EchoService(Dispatcher(lambda action: clock.callLater(0, action)))
    factory = websocket_factory(service, Connections(10, clock.seconds), WebSocketOptions(), limits, clock)
    connection = factory.buildProtocol(None)
    connection.makeConnection(transport)
    connection.dataReceived(handshake_request("ws://localhost/"))
    assert b" 101 " in transport.value()
    transport.clear()
    return connection


PONG = b"\x8a\x00"


def test_many_small_frames_are_not_all_parsed_in_one_turn(connection: Any, transport: Transport, clock: Clock) -> None:
    """Others are served in between. Until all are parsed, nothing more is read from that peer."""
    connection.dataReceived(client_frame(PING, b"") * 1000)
    assert transport.producerState == "paused"
    first = transport.value().count(PONG)
    assert 0 < first < 500
    clock.advance(0)
    assert transport.producerState == "producing"
    assert transport.value() == PONG * 1000


def test_frames_that_wait_for_their_turn_keep_their_order(connection: Any, transport: Transport, clock: Clock) -> None:
    frames = [client_frame(TEXT, b"%d" % number, fin=False) + client_frame(CONTINUATION, b"") for number in range(500)]
    connection.dataReceived(b"".join(frames))
    connection.dataReceived(client_frame(TEXT, b"last"))  # TLS may deliver what it has although it is paused
    clock.advance(0)
    expected = [b"%d" % number for number in range(500)] + [b"last"]
    assert transport.value() == b"".join(bytes((0x81, len(text))) + text for text in expected)


def test_who_is_paused_for_another_reason_stays_paused(connection: Any, transport: Transport, clock: Clock) -> None:
    connection.dataReceived(client_frame(PING, b"") * 1000)
    connection.pause_reading()
    clock.advance(0)
    assert transport.value() == PONG * 1000
    assert transport.producerState == "paused"
    connection.resume_reading()
    assert transport.producerState == "producing"


def test_flow_control_does_not_resume_who_is_behind(connection: Any, transport: Transport, clock: Clock) -> None:
    connection.dataReceived(client_frame(PING, b"") * 1000)
    connection.pause_reading()
    connection.resume_reading()
    assert transport.producerState == "paused"
    clock.advance(0)
    assert transport.value() == PONG * 1000


def test_who_is_gone_meanwhile_is_forgotten(connection: Any, clock: Clock) -> None:
    connection.dataReceived(client_frame(PING, b"") * 1000)
    connection.connectionLost()
    clock.advance(0)
    assert not clock.getDelayedCalls()
