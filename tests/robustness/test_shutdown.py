"""SIGTERM: everybody is told, and the process ends with status 0, whatever its clients do."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import KIB
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import Client, Closed, Stream, WebSocket, handshake_request
from wamp.protocol.messages import Invocation

GOING_AWAY = 1001  # "such as a server going down" (RFC 6455, section 7.4.1)
WAIT = 10


@pytest.fixture
def router(start: Start) -> RouterProcess:
    return start(
        {"type": "websocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": {"type": "unix", "path": "router.sock"}},
        {"type": "web", "endpoint": endpoint(), "paths": {"ws": {"type": "websocket"}, "echo": {"type": "echo"}}},
    )


def terminate(router: RouterProcess) -> None:
    router.process.send_signal(signal.SIGTERM)


def test_clients_are_told_that_the_router_goes_away(router: RouterProcess) -> None:
    websocket, rawsocket, unix, web, echo = router.urls
    clients = [Client(url) for url in (websocket, rawsocket, unix, web)]
    echoing = WebSocket(echo)
    terminate(router)
    assert clients[0].closing().code == GOING_AWAY
    assert clients[3].closing().code == GOING_AWAY
    assert echoing.closing().code == GOING_AWAY
    for client in clients[1:3]:
        client.closing()
    assert router.process.wait(WAIT) == 0
    assert not (router.folder / "router.sock").exists()


def test_a_second_sigterm_is_harmless(router: RouterProcess) -> None:
    with Client(router.urls[0]) as client:
        terminate(router)
        terminate(router)
        assert client.closing().code == GOING_AWAY
        try:
            for _ in range(100):
                terminate(router)
        except ProcessLookupError:
            pass  # it has ended
        assert router.process.wait(WAIT) == 0


def test_sigint_ends_it_as_well(router: RouterProcess) -> None:
    with Client(router.urls[0]) as client:
        router.process.send_signal(signal.SIGINT)
        assert client.closing().code == GOING_AWAY
    assert router.process.wait(WAIT) == 0


def test_who_does_not_answer_is_not_waited_for(router: RouterProcess) -> None:
    """Half a handshake, a session that does not answer the close frame, one that does not read, one that is paused."""
    half = Stream(router.urls[0])
    half.send(handshake_request(router.urls[0], "wamp.2.json")[:-2])
    request = Stream(router.urls[3])
    request.send(b"GET /")
    raw = Stream(router.urls[1])
    silent = Client(router.urls[0])
    full = Client(router.urls[0], receive_buffer=4 * KIB)
    full.subscribe("com.t")
    with Client(router.urls[0]) as publisher:
        for _ in range(8 * 64):
            publisher.publish("com.t", "x" * 16 * KIB)
        publisher.publish_acknowledged("com.t")
    terminate(router)
    assert router.process.wait(WAIT) == 0
    for stream in (half, request, raw, silent.stream, full.stream):
        stream.close()


def test_nothing_that_clients_do_meanwhile_disturbs_it(router: RouterProcess) -> None:
    """They publish, call and answer as fast as they can while the router ends."""
    callee = Client(router.urls[1])
    callee.register("com.echo")
    callers = [Client(url) for url in (router.urls[0], router.urls[2], router.urls[3])]

    def serve() -> None:
        try:
            while True:
                message = callee.receive()
                if isinstance(message, Invocation):
                    callee.answer(message.request, 1)
        except Closed:
            pass

    answered = threading.Semaphore(0)

    def call(client: Client) -> None:
        client.subscribe("com.t")
        try:
            while True:
                client.call("com.echo")
                client.publish("com.t", 1)
                client.receive()
                answered.release()
        except Closed:
            pass

    threads = [threading.Thread(target=serve, daemon=True)]
    threads += [threading.Thread(target=call, args=(client,), daemon=True) for client in callers]
    for thread in threads:
        thread.start()
    for _ in range(100):
        assert answered.acquire(timeout=WAIT)
    terminate(router)
    assert router.process.wait(WAIT) == 0
    for thread in threads:
        thread.join(WAIT)
    for client in (callee, *callers):
        client.close()


def test_the_same_port_and_socket_can_be_used_at_once_again(start: Start, tmp_path: Path) -> None:
    unix = {"type": "rawsocket", "endpoint": {"type": "unix", "path": str(tmp_path / "router.sock")}}
    first = start({"type": "websocket", "endpoint": endpoint()}, unix)
    port = first.address("ws")[1]
    with Client(first.urls[0]) as client:
        terminate(first)
        client.closing()
    first.process.wait(WAIT)
    second = start({"type": "websocket", "endpoint": {"type": "tcp", "port": port}}, unix)
    for url in second.urls:
        with Client(url) as client:
            client.publish_acknowledged("com.t")
