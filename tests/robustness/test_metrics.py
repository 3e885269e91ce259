"""What the metrics say of connections, asked as Prometheus does."""

from __future__ import annotations

import socket
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509 import load_pem_x509_certificate
from prometheus_client.parser import text_string_to_metric_families as read

from tests.robustness.conftest import Start
from tests.robustness.measure import eventually
from tests.support.certificates import Authority
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import Client, RefusedHandshake, Stream, WebSocket
from wamp.protocol.messages import Abort, Call, Hello, Yield

EXPIRY = "wamprouter_certificate_expiry_timestamp_seconds"
WEB = {"type": "web", "endpoint": endpoint(), "paths": {"metrics": {"type": "metrics"}}}


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    options = {"max_connections": 3}
    return start_shared(
        {"type": "websocket", "endpoint": endpoint(), **options}, {"type": "rawsocket", "endpoint": endpoint()}, WEB
    )


class Metrics:
    """What has been counted since this was made."""

    def __init__(self, router: RouterProcess) -> None:
        self.router = router
        self.url = router.url("http")
        self.before = self.all()

    def all(self) -> dict[Any, float]:
        with urllib.request.urlopen(self.url) as answer:
            text = answer.read().decode()
        return {
            (one.name, frozenset(one.labels.values())): one.value for family in read(text) for one in family.samples
        }

    def wait_for(self, count: float, name: str, *labels: str) -> None:
        eventually(lambda: self.grown(name, *labels) == count, f"{name} of {labels} is {count} more")

    def grown(self, name: str, *labels: str) -> float:
        """Return by how much a number has grown; its labels in any order."""
        key = (name, frozenset(labels))
        return self.all().get(key, 0) - self.before.get(key, 0)


@pytest.fixture
def metrics(router: RouterProcess) -> Metrics:
    return Metrics(router)


def url(router: RouterProcess, transport: str) -> str:
    return router.url("ws" if transport == "websocket" else "rs")


@pytest.mark.parametrize("transport", ["websocket", "rawsocket"])
def test_sessions_and_connections_are_those_of_the_clients(router, metrics, transport):
    client = Client(url(router, transport))
    group = ("realm1", "anonymous", transport, "json")
    assert 1 == metrics.grown("wamprouter_sessions", *group)
    assert 1 == metrics.grown("wamprouter_connections", transport)
    client.leave()
    assert 1 == metrics.grown("wamprouter_sessions_ended_total", "goodbye")
    client.stream.close()
    metrics.wait_for(0, "wamprouter_connections", transport)
    assert 1 == metrics.grown("wamprouter_connections_closed_total", transport, "peer")


def test_octets_are_those_of_the_connection(router, metrics):
    """RawSocket: four octets before each message, and as many for the handshake."""
    client = Client(router.url("rs"))
    before = metrics.grown("wamprouter_bytes_total", "rawsocket", "in")
    message = client.codec.encode(Call(1, {}, "com.nobody"))
    client.connection.send(message)
    client.receive()
    assert 4 + len(message) == metrics.grown("wamprouter_bytes_total", "rawsocket", "in") - before
    client.stream.close()


def test_a_handshake_that_fails_says_why(router, metrics):
    with pytest.raises(RefusedHandshake):
        WebSocket(router.url("ws"), "chat")
    metrics.wait_for(1, "wamprouter_handshakes_failed_total", "refused")
    Stream(router.url("rs")).close()
    metrics.wait_for(1, "wamprouter_handshakes_failed_total", "peer")


def test_a_full_listener_is_seen(router, metrics):
    clients = [Client(router.url("ws")) for _ in range(3)]
    with pytest.raises(RefusedHandshake):
        WebSocket(router.url("ws"), "wamp.2.json")
    metrics.wait_for(1, "wamprouter_handshakes_failed_total", "full")
    assert 1 == metrics.grown("wamprouter_refusals_total", "listener_full")
    for client in clients:
        client.stream.close()
    metrics.wait_for(0, "wamprouter_connections", "websocket")


def test_who_breaks_the_rules_is_seen(router, metrics):
    client = Client(router.url("ws"))
    client.send(Yield(7, {}))
    client.expect(Abort)
    client.closing()
    metrics.wait_for(1, "wamprouter_connections_closed_total", "websocket", "violation")
    assert 1 == metrics.grown("wamprouter_sessions_ended_total", "violation")


def test_a_refused_hello_says_why(router, metrics):
    client = Client(router.url("ws"), join=False)
    client.send(Hello("nowhere", {"roles": {"caller": {}}}))
    client.expect(Abort)
    client.closing()
    assert 1 == metrics.grown("wamprouter_joins_refused_total", "wamp.error.no_such_realm")


def test_a_certificate_says_when_it_expires(start: Start, tmp_path: Path) -> None:
    """So that somebody hears of it before the clients do."""
    secure = Authority(tmp_path).endpoint()
    router = start({"type": "websocket", "endpoint": secure}, WEB)
    certificate = load_pem_x509_certificate(Path(secure["tls"]["certificate"]).read_bytes())
    [found] = [value for key, value in Metrics(router).all().items() if key[0] == EXPIRY]
    assert certificate.not_valid_after_utc.timestamp() == found


def test_a_broken_handshake_of_tls_is_seen(start: Start, tmp_path: Path) -> None:
    """A scanner, or a client that does not trust the certificate."""
    authority = Authority(tmp_path)
    metrics = Metrics(start({"type": "rawsocket", "endpoint": authority.endpoint()}, WEB))
    with socket.create_connection(metrics.router.address("rss")) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while plain.recv(1000):
            pass
    metrics.wait_for(1, "wamprouter_handshakes_failed_total", "tls")
