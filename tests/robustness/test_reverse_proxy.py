"""Another web server behind a path: what passes, and what a server that fails does to clients."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import eventually
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import TIMEOUT

MEGABYTE = bytes(1 << 20)

Answer = Callable[[socket.socket, bytes], None]


class Backend:
    """A server on loopback that reads one request of a connection, and does with it what its path says."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.left = threading.Event()  # somebody has gone away from "/hang"
        self.written = 0  # bytes of "/endless"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        connection.settimeout(TIMEOUT)
        with connection, contextlib.suppress(OSError):
            request = read_request(connection)
            self.requests.append(request)
            path = request.split(b" ")[1].split(b"?")[0].rpartition(b"/")[2].decode()
            getattr(self, path, self.echo)(connection, request)

    def echo(self, connection: socket.socket, request: bytes) -> None:
        head = b"HTTP/1.1 201 Made\r\nKeep-Alive: timeout=5\r\nX-Two: a\r\nX-Two: b\r\nSet-Cookie: a=1\r\n"
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(request) + request)

    def chunked(self, connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    def hang(self, connection: socket.socket, _request: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            connection.recv(1)  # until it is closed, or cut
        self.left.set()

    def broken(self, connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")

    def nonsense(self, connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"what is this?\r\n\r\n")

    def headers(self, connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            connection.sendall(b"X-%d: %s\r\n" % (number, bytes(1000)))

    def odd(self, connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n")

    def kept(self, connection: socket.socket, _request: bytes) -> None:
        """Promise to take another request of the connection, and cut it when that comes."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nkept")
        connection.recv(1)

    def endless(self, connection: socket.socket, _request: bytes) -> None:
        connection.settimeout(None)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(200):
            connection.sendall(MEGABYTE)
            self.written += 1

    def close(self) -> None:
        self._listener.close()


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536) or b"\r\n\r\n"
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            while len(body) < int(line.partition(b":")[2]):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    server = Backend()
    yield server
    server.close()


@pytest.fixture(scope="module")
def router(start_shared: Start, backend: Backend) -> RouterProcess:
    behind: dict[str, Any] = {"type": "reverseproxy", "host": "127.0.0.1", "port": backend.port}
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()[1]
    paths = {
        "/": behind,
        "ws": {"type": "websocket"},
        "app": {**behind, "path": "/inner", "body_limit": 1000, "timeout": 500},
        "few": {**behind, "max_connections": 1},
        "nobody": {**behind, "port": nobody},
    }
    return start_shared({"type": "web", "endpoint": endpoint(), "paths": paths})


@contextlib.contextmanager
def asked(router: RouterProcess, path: str, **arguments: Any) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(*router.address("http"), timeout=TIMEOUT)
    method = arguments.pop("method", "GET")
    try:
        connection.request(method, path, **arguments)
        yield connection.getresponse()
    finally:
        connection.close()


def test_a_request_is_handed_on(router: RouterProcess) -> None:
    """Method, path as it is spelled, query, headers and body arrive; the path of the proxy does not."""
    with asked(router, "/app/a%2Fb?c=%20d", method="PUT", body=b"words", headers={"X-Mine": "1"}) as response:
        assert (response.status, response.reason) == (201, "Made")
        line, *rest = response.read().split(b"\r\n")
    assert line == b"PUT /inner/a%2Fb?c=%20d HTTP/1.1"
    assert {b"X-Mine: 1", b"Content-Length: 5", b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-Proto: http"} <= set(rest)
    assert rest[-1] == b"words"


def test_headers_of_an_answer_come_back(router: RouterProcess) -> None:
    """All of them do, but for those of one connection."""
    with asked(router, "/x") as response:
        headers = response.headers
    assert headers.get_all("X-Two") == ["a", "b"]
    assert headers["Set-Cookie"] == "a=1"
    assert headers["Keep-Alive"] is None


def test_headers_of_one_connection_stay_behind(router: RouterProcess) -> None:
    """What concerns the client's connection only, or says who it is, is not believed."""
    mine = {
        "Connection": "X-Secret",
        "X-Secret": "1",
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Host": "evil",
        "TE": "x",
        "X_Forwarded_For": "10.0.0.1",
        "X-Real-IP": "10.0.0.1",
        "Forwarded": "for=10.0.0.1",
        "Proxy": "evil",
    }
    with asked(router, "/x", headers=mine) as response:
        found = response.read().lower()
    host, port = router.address("http")
    for absent in (b"x-secret", b"10.0.0.1", b"evil", b"\r\nte:"):
        assert absent not in found
    assert b"x-forwarded-host: %s:%d" % (host.encode(), port) in found


def test_the_root_has_what_is_no_other_path(router: RouterProcess) -> None:
    """A proxy at the root gets every path that is not named beside it."""
    with asked(router, "/deep/er") as response:
        assert response.read().startswith(b"GET /deep/er HTTP/1.1")
    with asked(router, "/ws") as response:
        assert response.status == 426


def test_an_answer_without_a_length(router: RouterProcess) -> None:
    """Chunks come back as what they are together."""
    with asked(router, "/chunked") as response:
        assert response.read() == b"abcde"


def test_who_has_handed_it_on(router: RouterProcess) -> None:
    """The server behind is told, and a request that has gone round and round is refused."""
    with asked(router, "/x", headers={"Via": "1.0 somebody"}) as response:
        assert b"via: 1.0 somebody\r\nvia: 1.1 wamprouter" in response.read().lower()
    with asked(router, "/x", headers={"Via": ", ".join(["1.1 wamprouter"] * 8)}) as response:
        assert response.status == 508


def test_an_answer_without_a_type_stays_without(router: RouterProcess) -> None:
    """A browser must not take for a page what its server did not call so."""
    with asked(router, "/x") as response:
        assert response.headers["Content-Type"] is None


def test_a_connection_that_is_closed_meanwhile(router: RouterProcess) -> None:
    """It loses no request: one that may be repeated is, and no other is sent on a connection that was in use before."""
    for method in ("GET", "GET", "POST", "POST", "GET"):
        with asked(router, "/kept", method=method) as response:
            assert response.read() == b"kept"


@pytest.mark.parametrize(
    "path",
    ["/app/../x", "/app/%2e%2E/x", "/app/./x", "/app/..%2Fx", "/app/a%5c..%5Cx", "http://elsewhere/app/x"],
)
def test_no_path_leads_upwards(router: RouterProcess, backend: Backend, path: str) -> None:
    """Nobody leaves the path that the configuration names."""
    before = len(backend.requests)
    with asked(router, path) as response:
        assert response.status == 400
    assert len(backend.requests) == before


def test_a_body_has_a_bound(router: RouterProcess, backend: Backend) -> None:
    """Neither a long body nor one that grows gets anywhere."""
    before = len(backend.requests)
    with asked(router, "/app/x", method="POST", body=bytes(1001)) as response:
        assert response.status == 413
    with asked(router, "/app/x", method="POST", body=iter([bytes(600), bytes(600)]), encode_chunked=True) as response:
        assert response.status == 413
    assert len(backend.requests) == before


def test_a_chunked_body_is_handed_on(router: RouterProcess) -> None:
    """It arrives with its length."""
    with asked(router, "/app/x", method="POST", body=iter([b"ab", b"cd"]), encode_chunked=True) as response:
        assert response.read().endswith(b"\r\n\r\nabcd")


def test_nobody_there(router: RouterProcess) -> None:
    """A server that is not there is a 502."""
    with asked(router, "/nobody/x") as response:
        assert response.status == 502


@pytest.mark.parametrize("path", ["/nonsense", "/headers", "/odd"])
def test_nonsense(router: RouterProcess, path: str) -> None:
    """So is one that does not speak HTTP, does not come to the end of its headers, or has a status that there is not."""
    with asked(router, path) as response:
        assert response.status == 502


def test_no_answer_in_time(router: RouterProcess, backend: Backend) -> None:
    """A server that does not answer is a 504, and is told that nobody waits any more."""
    backend.left.clear()
    with asked(router, "/app/hang") as response:
        assert response.status == 504
    assert backend.left.wait(TIMEOUT)


def test_half_an_answer_is_none(router: RouterProcess) -> None:
    """What breaks off in the middle is cut, so that nobody takes it for the whole."""
    with pytest.raises((http.client.IncompleteRead, ConnectionError)), asked(router, "/broken") as response:
        response.read()


def test_a_client_that_leaves_ends_its_request(router: RouterProcess, backend: Backend) -> None:
    """The server behind is told, and there is room for the next one."""
    backend.left.clear()
    with socket.create_connection(router.address("http"), timeout=TIMEOUT) as client:
        client.sendall(b"GET /few/hang HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually(lambda: backend.requests[-1].startswith(b"GET /hang"), "the request is handed on")
        with asked(router, "/few/x") as response:
            assert response.status == 503
    assert backend.left.wait(TIMEOUT)
    with asked(router, "/few/x") as response:
        assert response.status == 201


def test_a_client_that_does_not_read_slows_the_server_down(router: RouterProcess, backend: Backend) -> None:
    """An answer waits where it comes from, and not in the router's memory."""
    before = router.resident_bytes()
    with socket.create_connection(router.address("http"), timeout=TIMEOUT) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        eventually(lambda: backend.written > 0, "the answer begins")
        with asked(router, "/x") as response:  # meanwhile others are served
            assert response.status == 201
        assert router.resident_bytes() - before < 20 << 20
    assert backend.written < 150


def test_websocket_does_not_pass(router: RouterProcess) -> None:
    """An upgrade is refused in words."""
    with asked(router, "/x", headers={"Connection": "upgrade", "Upgrade": "websocket"}) as response:
        assert response.status == 501


_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4",
        b"Content-Length: 4\r\nContent-Length: 40",
        b"Content-Length: +40",
        b"Content-Length: 4, 40",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding:\x0bchunked",
        b"Transfer-Encoding : chunked",
        b"X: y\r\n Transfer-Encoding: chunked",
        b"X: y\rTransfer-Encoding: chunked",
    ],
)
def test_nothing_is_smuggled(router: RouterProcess, backend: Backend, head: bytes) -> None:
    """However long a body may be taken to be, nobody takes a part of it for a request."""
    with socket.create_connection(router.address("http"), timeout=TIMEOUT) as client:
        body = b"0\r\n\r\n" + _SMUGGLED if b"chunked" in head else _SMUGGLED
        client.sendall(b"POST /first HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + head + b"\r\n\r\n" + body)
        client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while client.recv(65536):
                pass
    assert not any(request.startswith(b"GET /smuggled") for request in backend.requests)
    assert not any(b"transfer-encoding" in request.lower().partition(b"\r\n\r\n")[0] for request in backend.requests)
