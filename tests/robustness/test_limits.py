"""Floods: many connections, connections that come to nothing, and connections beyond the limit."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import anonymous_bytes, eventually, open_sockets
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import (
    CLOSE,
    TEXT,
    Client,
    Closed,
    RawSocket,
    RefusedHandshake,
    Stream,
    WebSocket,
    client_frame,
    handshake_request,
)

HELLO = b'[1,"realm1",{"roles":{"caller":{},"callee":{},"subscriber":{}}}]'
REGISTER = b'[64,1,{},"com.procedure.%d"]'
SUBSCRIBE = b'[32,2,{"match":"prefix"},"com.topic.%d"]'
GOODBYE = b'[6,{},"wamp.close.normal"]'


@pytest.fixture(autouse=True, scope="module")
def _enough_open_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard < 1 << 20 else 1 << 16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# -- many sessions, one after the other


def websockets(url: str, numbers: range) -> None:
    """Join that many sessions, register and subscribe in each; half of them leave in order, half are simply gone."""
    streams = [Stream(url) for _ in numbers]
    request = handshake_request(url, "wamp.2.json")
    for stream in streams:
        stream.send(request)
    for number, stream in zip(numbers, streams, strict=True):
        stream.read_until(b"\r\n\r\n")
        frames = (HELLO, REGISTER % number, SUBSCRIBE % number)
        stream.send(b"".join(client_frame(TEXT, frame) for frame in frames))
    for number, stream in zip(numbers, streams, strict=True):
        stream.read_until(b"[33,2,")
        if number % 2:
            stream.send(client_frame(TEXT, GOODBYE) + client_frame(CLOSE, b"\x03\xe8"))
    for number, stream in zip(numbers, streams, strict=True):
        if number % 2:
            stream.read_to_end()
            stream.close()
        else:
            stream.reset()


def rawsockets(url: str, numbers: range) -> None:
    """The same over RawSocket."""
    streams = [Stream(url) for _ in numbers]
    for stream in streams:
        stream.send(b"\x7f\xf1\0\0")
    for number, stream in zip(numbers, streams, strict=True):
        stream.read(4)
        frames = (HELLO, REGISTER % number, SUBSCRIBE % number)
        stream.send(b"".join(len(frame).to_bytes(4) + frame for frame in frames))
    for number, stream in zip(numbers, streams, strict=True):
        stream.read_until(b"[33,2,")
        if number % 2:
            stream.close()
        else:
            stream.reset()


@pytest.mark.slow
def test_ten_thousand_sessions_come_and_go_and_leave_nothing_behind(start: Start) -> None:
    """Memory returns to within 10 % of what it was after the first 4,000, which have filled the allocator's pools."""
    router = start(
        {"type": "websocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": endpoint()},
    )
    batch = 200

    def churn(count: int) -> None:
        for first in range(0, count, batch):
            numbers = range(first, first + batch)
            if first % (5 * batch):
                websockets(router.url("ws"), numbers)
            else:
                rawsockets(router.url("rs"), numbers)

    listening = open_sockets(router)
    churn(4000)
    eventually(lambda: open_sockets(router) == listening, "all connections of the warm-up are closed")
    before = anonymous_bytes(router)
    churn(10_000)
    eventually(lambda: open_sockets(router) == listening, "all connections are closed")
    eventually(lambda: anonymous_bytes(router) <= 1.1 * before, f"memory returns to {before} + 10 %", within=5)


# -- connections that come to nothing

IMPATIENT = {"open_handshake_timeout": 500, "hello_timeout": 500, "close_handshake_timeout": 500}
IMPATIENT_RAW = {"handshake_timeout": 500, "hello_timeout": 500}


@pytest.fixture
def impatient(start: Start) -> RouterProcess:
    return start(
        {"type": "websocket", "endpoint": endpoint(), "options": IMPATIENT},
        {"type": "rawsocket", "endpoint": endpoint(), "options": IMPATIENT_RAW},
        {
            "type": "web",
            "endpoint": endpoint(),
            "paths": {"ws": {"type": "websocket", "options": IMPATIENT}},
            "options": {"client_timeout": 1},
        },
    )


@pytest.mark.slow
def test_thousands_that_never_finish_handshake_or_hello_are_dropped(impatient: RouterProcess) -> None:
    """Meanwhile a session that has joined goes on, and afterwards new ones join."""
    websocket, rawsocket, web = impatient.urls
    first = {
        "says nothing": (websocket, b""),
        "stops within the handshake": (websocket, handshake_request(websocket, "wamp.2.json")[:-1]),
        "says no HELLO": (websocket, handshake_request(websocket, "wamp.2.json")),
        "says half a HELLO": (
            websocket,
            handshake_request(websocket, "wamp.2.json") + client_frame(TEXT, HELLO)[:-1],
        ),
        "says nothing to RawSocket": (rawsocket, b""),
        "stops within RawSocket's handshake": (rawsocket, b"\x7f\xf1\0"),
        "says no HELLO over RawSocket": (rawsocket, b"\x7f\xf1\0\0"),
        "says nothing to the web server": (web, b""),
        "stops within a request": (web, b"GET / HTTP/1.1\r\n"),
        "says no HELLO on a web server's path": (web, handshake_request(web, "wamp.2.json")),
    }
    with Client(websocket) as other:
        before = open_sockets(impatient)
        streams = []
        for _ in range(200):
            for url, data in first.values():
                stream = Stream(url)
                stream.send(data)
                streams.append(stream)
            other.publish_acknowledged("com.t")
        for stream in streams:
            stream.read_to_end()
            stream.close()
        eventually(lambda: open_sockets(impatient) == before, "all are dropped")
        other.publish_acknowledged("com.t")
    for url in (websocket, rawsocket, web):
        with Client(url) as client:
            client.publish_acknowledged("com.t")


def dripping(stream: Stream, data: Iterator[bytes]) -> None:
    """Send a little at a time, never long enough silent to look dead, until the router has enough."""
    deadline = time.monotonic() + 15
    for octets in data:
        try:
            stream.send(octets)
            stream.socket.settimeout(0.05)
            if not stream.socket.recv(1000):
                return
        except TimeoutError:
            pass  # nothing said yet
        except (Closed, ConnectionResetError):
            return
        assert time.monotonic() < deadline, "a slow client is still connected after 15 s"


def octets(data: bytes) -> Iterator[bytes]:
    for octet in data:
        yield bytes((octet,))


def headers() -> Iterator[bytes]:
    yield b"GET /ws HTTP/1.1\r\n"
    for number in range(10_000):
        yield b"X-%d: x\r\n" % number


def test_a_handshake_octet_by_octet_must_be_complete_in_time(impatient: RouterProcess) -> None:
    stream = Stream(impatient.urls[0])
    dripping(stream, octets(handshake_request(impatient.urls[0], "wamp.2.json", headers={"X-Long": "x" * 1000})))
    stream.close()


def test_a_hello_octet_by_octet_must_be_complete_in_time(impatient: RouterProcess) -> None:
    connection = WebSocket(impatient.urls[0], "wamp.2.json")
    dripping(connection.stream, octets(client_frame(TEXT, HELLO + b" " * 2000)))
    connection.close()


def test_pings_are_no_hello(impatient: RouterProcess) -> None:
    connection = RawSocket(impatient.urls[1])

    def pings() -> Iterator[bytes]:
        while True:
            yield b"\1\0\0\4ping"

    dripping(connection.stream, pings())
    connection.close()


def test_a_request_line_by_line_must_be_complete_in_time(impatient: RouterProcess) -> None:
    """The web server's time-out is for the whole request, else one client could hold its connection for ever."""
    stream = Stream(impatient.urls[2])
    dripping(stream, headers())
    stream.close()


def test_a_session_that_has_left_must_join_again_in_time(impatient: RouterProcess) -> None:
    client = Client(impatient.urls[0])
    client.leave()
    client.join()
    client.leave()
    client.closing()
    client.close()


def test_a_peer_that_does_not_answer_a_close_frame_is_cut_off(impatient: RouterProcess) -> None:
    websocket = WebSocket(impatient.urls[0], "wamp.2.json")
    websocket.send(b"garbage")
    websocket.stream.read_to_end()
    websocket.close()


# -- more than may be


def is_served(url: str) -> bool:
    """Tell whether the router takes one more connection there."""
    try:
        Client(url).close()
    except (RefusedHandshake, Closed):
        return False
    return True


@pytest.fixture
def crowded(start: Start) -> RouterProcess:
    web = {"/": {"type": "static", "directory": "."}, "ws": {"type": "websocket"}}
    return start(
        {"type": "websocket", "endpoint": endpoint(), "max_connections": 3},
        {"type": "rawsocket", "endpoint": endpoint(), "max_connections": 3},
        {"type": "web", "endpoint": endpoint(), "max_connections": 3, "paths": web},
    )


def test_a_websocket_beyond_the_limit_gets_503(crowded: RouterProcess) -> None:
    url = crowded.urls[0]
    clients = [Client(url) for _ in range(3)]
    for _ in range(5):
        with pytest.raises(RefusedHandshake) as refused:
            WebSocket(url, "wamp.2.json")
        assert refused.value.status == 503
    clients[1].close()
    eventually(lambda: is_served(url), "there is room again")
    for client in clients:
        client.close()


def test_a_rawsocket_beyond_the_limit_gets_error_4(crowded: RouterProcess) -> None:
    url = crowded.urls[1]
    clients = [Client(url) for _ in range(3)]
    for _ in range(5):
        with pytest.raises(RefusedHandshake) as refused:
            RawSocket(url)
        assert refused.value.status == 4
    clients[1].close()
    eventually(lambda: is_served(url), "there is room again")
    for client in clients:
        client.close()


def test_a_web_server_beyond_the_limit_refuses(crowded: RouterProcess) -> None:
    """Sessions and requests count together; whoever is refused sees 503 or a closed connection."""
    url = crowded.urls[3]
    clients = [Client(url) for _ in range(2)]
    page = Stream(crowded.urls[2])
    page.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    page.read_until(b"\r\n\r\n")
    assert not is_served(url)
    page.close()
    eventually(lambda: is_served(url), "there is room again")
    for client in clients:
        client.close()


def test_those_who_were_refused_do_not_stay(crowded: RouterProcess) -> None:
    """They must not take places themselves, nor keep sockets open."""
    listening = open_sockets(crowded)
    clients = [Client(crowded.urls[0]) for _ in range(3)]
    silent = [Stream(crowded.urls[0]) for _ in range(50)]
    clients[0].publish_acknowledged("com.t")
    for stream in silent:
        stream.send(handshake_request(crowded.urls[0], "wamp.2.json"))
        assert b" 503 " in stream.read_to_end()
        stream.close()
    for client in clients:
        client.close()
    eventually(lambda: open_sockets(crowded) == listening, "nothing stays open")
