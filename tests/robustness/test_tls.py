"""TLS on a real router's ports: who gets in and who does not, and everything that holds without TLS."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from OpenSSL import SSL

from tests.robustness.conftest import Start
from tests.robustness.measure import KIB, MIB, MemoryWatch, eventually, open_sockets
from tests.support.certificates import Authority
from tests.support.keyupdates import KeyUpdates
from tests.support.process import ROOT, RouterProcess, config, endpoint
from tests.support.raw import TIMEOUT, Client, Closed, RawSocket, RefusedHandshake, Stream, WebSocket, client_frame
from wamp.protocol.messages import Call, Error, Hello, Result, Welcome

LIMIT = MIB
SLACK = 16 * MIB  # reads in progress, allocator, garbage, OpenSSL
TINY = 4 * KIB
OPTIONS = {"max_message_size": 64 * KIB, "high_water": 128 * KIB, "outbound_queue_limit": LIMIT}
SERIALIZERS = pytest.mark.parametrize("serializer", ["json", "msgpack", "cbor"])
SCHEMES = pytest.mark.parametrize("scheme", ["wss", "rss"])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"))


def transports(authority: Authority, **tls: Any) -> list[dict[str, Any]]:
    """One transport of each kind, with TLS: their addresses are wss, rss, https and wss, wss."""
    (authority.folder / "index.html").write_text("<!doctype html><title>it works</title>")
    (authority.folder / "large.bin").write_bytes(bytes(4 * MIB))
    paths = {"/": {"type": "static", "directory": str(authority.folder)}, "ws": {"type": "websocket"}}
    patient = {**OPTIONS, "auto_ping_interval": 0, "hello_timeout": 60_000}
    return [
        {
            "type": "websocket",
            "endpoint": authority.endpoint(**tls),
            "options": {**patient, "close_handshake_timeout": 30_000, "compression": None},
        },
        {
            "type": "rawsocket",
            "endpoint": authority.endpoint(**tls),
            "options": {**patient, "handshake_timeout": 60_000},
        },
        {"type": "web", "endpoint": authority.endpoint(**tls), "paths": paths},
        {"type": "echo", "endpoint": authority.endpoint(**tls), "options": {**patient, "compression": None}},
    ]


@pytest.fixture(scope="module")
def router(start_shared: Start, authority: Authority) -> RouterProcess:
    return start_shared(*transports(authority))


@pytest.fixture
def own_router(start: Start, authority: Authority) -> RouterProcess:
    """For a test that counts, or waits for the log."""
    return start(*transports(authority))


@pytest.fixture
def browser(router: RouterProcess, authority: Authority) -> Iterator[http.client.HTTPSConnection]:
    host, port = router.address("https")
    connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=authority.trusting())
    yield connection
    connection.close()


# -- what works


def test_the_printed_addresses_say_that_they_are_secure(router: RouterProcess) -> None:
    assert [url.split("://")[0] for url in router.urls] == ["wss", "rss", "https", "wss", "wss"]


@SERIALIZERS
@pytest.mark.parametrize("number", [0, 1, 3])
def test_sessions_call_each_other(router: RouterProcess, authority: Authority, number: int, serializer: str) -> None:
    """Over WebSocket, RawSocket and WebSocket on a path, with messages of every size that a frame distinguishes."""
    tls = authority.trusting()
    url = router.urls[number]
    with Client(url, serializer, tls=tls) as callee, Client(url, serializer, tls=tls) as caller:
        callee.register(f"com.echo{number}{serializer}")
        for size in (0, 100, 200, 40_000):
            caller.call(f"com.echo{number}{serializer}", "x" * size)
            invocation = callee.receive()
            callee.answer(invocation.request, *callee.args(invocation))  # type: ignore[attr-defined]  # it is an INVOCATION
            assert caller.args(caller.expect(Result)) == ["x" * size]
        callee.leave()


def test_files_are_served(browser: http.client.HTTPSConnection) -> None:
    for path, length in (("/", 38), ("/large.bin", 4 * MIB)):
        browser.request("GET", path)
        response = browser.getresponse()
        assert (response.status, len(response.read())) == (200, length)


def test_an_echo_answers(router: RouterProcess, authority: Authority) -> None:
    websocket = WebSocket(router.urls[4], tls=authority.trusting())
    websocket.send(b"hello")
    assert websocket.receive() == b"hello"
    websocket.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_are_spoken_and_no_session_is_resumed(
    router: RouterProcess, authority: Authority, version: ssl.TLSVersion
) -> None:
    """Each handshake is a full one: channel bindings and client certificates rely on it."""
    context = authority.trusting()
    context.minimum_version = context.maximum_version = version
    host, port = router.address("https")
    session = None
    for _ in range(2):
        with context.wrap_socket(socket.create_connection((host, port)), server_hostname=host, session=session) as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert tls.recv(4).startswith(b"HTTP")  # TLS 1.3 sends what a session needs only after the handshake
            assert tls.version() == str(version.name).replace("_", ".")
            assert not tls.session_reused
            session = tls.session


def test_clients_are_told_that_the_router_goes_away(own_router: RouterProcess, authority: Authority) -> None:
    """Code 1001, so that they come back; and the process ends with status 0."""
    clients = [Client(url, tls=authority.trusting()) for url in (own_router.urls[0], own_router.urls[3])]
    raw = Client(own_router.urls[1], tls=authority.trusting())
    own_router.process.terminate()
    assert [client.closing().code for client in clients] == [1001, 1001]
    raw.closing()
    for client in (*clients, raw):
        client.close()


def test_a_rawsocket_client_of_autobahn_is_looked_after_by_tcp(start: Start, authority: Authority) -> None:
    """It does not know RawSocket's PING. The options of the socket below TLS are set, and it stays."""
    pinging = {"auto_ping_interval": 100, "auto_ping_timeout": 100}
    router = start({"type": "rawsocket", "endpoint": authority.endpoint(), "options": pinging})
    roles = {"caller": {"features": {"payload_transparency": True}}}
    with Client(router.url("rss"), join=False, tls=authority.trusting()) as client:
        client.send(Hello("realm1", {"roles": roles}))
        client.expect(Welcome)
        client.call("com.nowhere")
        client.expect(Error)
        # A client that is pinged goes through two intervals meanwhile.
        with Client(router.url("rss"), tls=authority.trusting()) as other:
            for _ in range(2):
                kind, payload = RawSocket.receive_frame(other.connection)  # type: ignore[arg-type]  # it is one
                assert kind == 1
                other.connection.send_frame(2, payload)
        client.call("com.nowhere")
        client.expect(Error)
        assert client.connection.pings == 0


# -- who is let in


@pytest.fixture(scope="module", params=["required", "optional"])
def asking(request: pytest.FixtureRequest, start_shared: Start, authority: Authority) -> tuple[str, RouterProcess]:
    """A router that asks for client certificates."""
    more = {"ca_certificates": [str(authority.file)], "client_certificate": request.param}
    return request.param, start_shared(*transports(authority, **more))


def is_let_in(url: str, tls: ssl.SSLContext) -> bool:
    try:
        with Client(url, tls=tls) as client:
            client.publish_acknowledged("com.t")
    except (ssl.SSLError, Closed, ConnectionError):  # with TLS 1.3 the client learns it after its own handshake
        return False
    return True


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_client_with_a_certificate_is_let_in(
    asking: tuple[str, RouterProcess], authority: Authority, number: int
) -> None:
    _, router = asking
    assert is_let_in(router.urls[number], authority.trusting(authority.issue("alice")))


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_client_without_certificate_is_let_in_where_it_is_optional(
    asking: tuple[str, RouterProcess], authority: Authority, number: int
) -> None:
    kind, router = asking
    assert is_let_in(router.urls[number], authority.trusting()) is (kind == "optional")


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_certificate_of_a_stranger_lets_nobody_in(
    asking: tuple[str, RouterProcess], authority: Authority, stranger: Authority, number: int
) -> None:
    _, router = asking
    assert not is_let_in(router.urls[number], authority.trusting(stranger.issue("mallory")))


def test_a_client_that_does_not_trust_the_router_leaves_no_trace(router: RouterProcess, stranger: Authority) -> None:
    for url in router.urls:
        with pytest.raises(ssl.SSLCertVerificationError):
            Stream(url, tls=stranger.trusting())
    assert "Traceback" not in router.log


# -- what is not TLS


NOT_TLS = {
    "a request of HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "RawSocket": b"\x7f\xf1\0\0",
    "every octet": bytes(range(256)) * 10,
    "zeros": bytes(20_000),
    "a record that lies about its length": b"\x16\x03\x01\xff\xff" + bytes(70_000),
    "a ClientHello of nonsense": b"\x16\x03\x01\x00\x40\x01\x00\x00\x3c" + bytes(range(60)),
    "an alert": b"\x15\x03\x03\x00\x02\x02\x28",
    "application data": b"\x17\x03\x03\x00\x10" + bytes(16),
}


@pytest.mark.parametrize("number", [0, 1, 2, 4])
@pytest.mark.parametrize("data", NOT_TLS.values(), ids=NOT_TLS.keys())
def test_what_is_not_tls_ends_the_connection(router: RouterProcess, number: int, data: bytes) -> None:
    """Without a word in the clear, and without a traceback in the log (which ``start_shared`` looks for)."""
    stream = Stream(router.urls[number])
    try:
        stream.send(data)
        stream.socket.shutdown(socket.SHUT_WR)
    except (Closed, OSError):
        pass  # it has had enough before the end
    answer = stream.read_to_end()
    stream.close()
    assert answer == b"" or answer[0] == 0x15, "nothing but an alert"


def test_a_connection_that_never_begins_tls_is_dropped(start: Start, authority: Authority) -> None:
    """In the time for the opening handshake, be it silent or slow; meanwhile it counts as a connection."""
    hasty = {"open_handshake_timeout": 500}
    router = start(
        {"type": "websocket", "endpoint": authority.endpoint(), "options": hasty, "max_connections": 3},
        {
            "type": "rawsocket",
            "endpoint": authority.endpoint(),
            "options": {"handshake_timeout": 500},
            "max_connections": 3,
        },
        {
            "type": "web",
            "endpoint": authority.endpoint(),
            "paths": {"ws": {"type": "websocket"}},
            "options": {"client_timeout": 1},
            "max_connections": 3,
        },
    )
    for url in router.urls:
        silent, half, eager = (Stream(url) for _ in range(3))
        half.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
        refused: list[type] = []
        try:
            Client(url, tls=authority.trusting())
        except (RefusedHandshake, ssl.SSLError, ConnectionError, Closed) as error:
            refused.append(type(error))
        assert refused, "three are there already"
        try:
            while True:  # the handshake is slow, and never done
                eager.send(b"\x16")
                time.sleep(0.05)  # which is what makes it slow
        except Closed:
            pass
        for stream in (silent, half, eager):
            assert stream.read_to_end() == b""
            stream.close()
        eventually(lambda url=url: is_let_in(url, authority.trusting()), "there is room again")  # type: ignore[misc]  # bound now


@pytest.mark.slow
def test_many_half_open_connections_cost_little_and_go_away(start: Start, authority: Authority) -> None:
    transport = {
        "type": "websocket",
        "endpoint": authority.endpoint(),
        "options": {"open_handshake_timeout": 2000},
    }
    router = start(transport)
    before = open_sockets(router)
    watch = MemoryWatch(router)
    streams = []
    for _ in range(300):
        streams.append(Stream(router.url("wss")))
        streams[-1].send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
    watch.look()
    with Client(router.url("wss"), tls=authority.trusting()) as client:
        client.publish_acknowledged("com.t")
    eventually(lambda: open_sockets(router) <= before, "all are dropped")
    for stream in streams:
        stream.close()
    assert watch.growth < 300 * 100 * KIB + SLACK


# -- flow control


def publish_many(publisher: Client, watch: MemoryWatch, count: int, size: int) -> None:
    body = "x" * size
    for number in range(count - 1):
        publisher.publish("com.flood", number, body)
        if number % 100 == 0:
            watch.look()
    publisher.publish_acknowledged("com.flood", count - 1, body)
    watch.look()


def count_events(subscriber: Client, total: int, received: list[int], pause: float = 0) -> threading.Thread:
    def read() -> None:
        while len(received) < total:
            received.append(subscriber.event_args()[0])
            if pause:
                time.sleep(pause)  # this is what makes it slow

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


@pytest.mark.slow
@SCHEMES
def test_subscribers_that_never_read_cost_no_more_than_their_queues(
    own_router: RouterProcess, authority: Authority, scheme: str
) -> None:
    """Eight of them are disconnected; another subscriber gets every event, in order; memory stays within the bound."""
    tls = authority.trusting()
    total, size = 2000, 16 * KIB  # 32 MiB for each subscriber
    slow = [Client(own_router.url(scheme), receive_buffer=TINY, tls=tls) for _ in range(8)]
    for subscriber in slow:
        subscriber.subscribe("com.flood")
    with (
        Client(own_router.url(scheme), tls=tls) as healthy,
        Client(own_router.url("wss"), tls=tls) as publisher,
    ):
        healthy.subscribe("com.flood")
        received: list[int] = []
        reader = count_events(healthy, total, received)
        watch = MemoryWatch(own_router)
        publish_many(publisher, watch, total, size)
        reader.join(30)
        watch.look()
        assert received == list(range(total))
    assert watch.growth < len(slow) * LIMIT + SLACK
    eventually(
        lambda: own_router.log.count("disconnecting a slow consumer") == len(slow), "all slow subscribers are expelled"
    )
    for subscriber in slow:
        subscriber.close()


@pytest.mark.slow
@SCHEMES
def test_a_subscriber_that_reads_slowly_slows_its_publisher_down_and_loses_nothing(
    own_router: RouterProcess, authority: Authority, scheme: str
) -> None:
    """It takes long for a buffer of the router's to get empty, and yet it is not taken for one that has stalled."""
    tls = authority.trusting()
    total, size = 640, 16 * KIB
    with (
        Client(own_router.url(scheme), receive_buffer=TINY, tls=tls) as subscriber,
        Client(own_router.url(scheme), tls=tls) as publisher,
    ):
        subscriber.subscribe("com.flood")
        received: list[int] = []
        reader = count_events(subscriber, total, received, pause=0.006)
        watch = MemoryWatch(own_router)
        publish_many(publisher, watch, total, size)
        reader.join(30)
        assert received == list(range(total))
    assert watch.growth < LIMIT + SLACK
    assert "disconnecting a slow consumer" not in own_router.log


def test_a_websocket_subscriber_that_reads_too_late_learns_why_it_was_disconnected(
    own_router: RouterProcess, authority: Authority
) -> None:
    """What was on its way arrives in whole frames, then close code 1013 with the reason."""
    tls = authority.trusting()
    with (
        Client(own_router.url("wss"), receive_buffer=TINY, tls=tls) as slow,
        Client(own_router.url("wss"), tls=tls) as publisher,
    ):
        slow.subscribe("com.flood")
        publish_many(publisher, MemoryWatch(own_router), 512, 16 * KIB)
        eventually(lambda: "disconnecting a slow consumer" in own_router.log, "the slow subscriber is expelled")
        closed = slow.closing()
        assert closed.code == 1013
        assert "does not read fast enough" in closed.reason


@pytest.mark.parametrize("number", [0, 1, 4])
def test_answers_that_nobody_reads_are_bounded(own_router: RouterProcess, authority: Authority, number: int) -> None:
    """Of calls and of an echo: 50 MB of requests, and not one byte is read."""
    tls = authority.trusting()
    url = own_router.urls[number]
    connection: Any
    if number == 4:
        connection, data = WebSocket(url, receive_buffer=TINY, tls=tls), client_frame(2, b"x" * 60_000) * 10
    else:
        connection = Client(url, receive_buffer=TINY, tls=tls)
        call = connection.codec.encode(Call(1, {}, "com.nowhere"))
        data = (client_frame(1, call) if number == 0 else len(call).to_bytes(4) + call) * 10_000
    watch = MemoryWatch(own_router)
    connection.stream.socket.settimeout(1)
    try:
        for _ in range(100):
            connection.stream.send(data)
            watch.look()
    except (Closed, TimeoutError):
        pass  # disconnected, or not read from any more: either bounds the memory
    assert watch.growth < LIMIT + SLACK
    connection.close()


def test_pages_that_nobody_reads_are_bounded(own_router: RouterProcess, authority: Authority) -> None:
    """Ten thousand requests for 4 MiB on one connection: while the first answer waits, no further request is read."""
    stream = Stream(own_router.url("https"), receive_buffer=TINY, tls=authority.trusting())
    stream.socket.settimeout(1)
    watch = MemoryWatch(own_router)
    try:
        for _ in range(100):
            stream.send(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 10_000 + b"\r\n\r\n" * 100)
            watch.look()
    except (Closed, TimeoutError):
        pass
    watch.look()
    stream.close()
    assert watch.growth < SLACK


@pytest.mark.skipif(not KeyUpdates.is_possible(), reason="needs OpenSSL as a library of the system")
def test_answers_of_tls_itself_are_bounded(own_router: RouterProcess) -> None:
    """A client asks for new keys again and again and reads nothing: TLS must answer each time (RFC 8446, section 4.6.3)."""
    client = KeyUpdates()
    client.set_connect_state()
    stream = Stream(own_router.url("rss"), receive_buffer=TINY)

    def said() -> bytes:
        data = b""
        try:
            while True:
                data += client.bio_read(1 << 14)
        except SSL.WantReadError:
            return data

    while not client.is_shaken():
        client.do_handshake()
        stream.send(said())
        if not client.is_shaken():
            client.bio_write(stream.socket.recv(1 << 16))
    watch = MemoryWatch(own_router)

    def flood() -> None:
        for _ in range(2000):
            for _ in range(500):
                client.update_keys()
            stream.send(said())
            watch.look()

    with pytest.raises(Closed):
        flood()
    stream.close()
    assert watch.growth < 4 * MIB
    eventually(lambda: "dropping a TLS peer that does not read" in own_router.log, "it is logged")


# -- the sample


def test_the_sample_starts_and_lets_in_whom_it_says(
    tmp_path: Path, authority: Authority, stranger: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``config/tls.yaml``: a value and a WebSocket for browsers, RawSocket for who has a certificate."""
    files = authority.issue()
    ports = {"HTTPS_PORT": "0", "RAWSOCKET_PORT": "0"}
    tls = {"TLS_KEY": files["key"], "TLS_CERTIFICATE": files["certificate"], "TLS_CLIENT_CA": str(authority.file)}
    for name, value in {**ports, **tls, "PUBLIC_ORIGIN": "https://app.example.com"}.items():
        monkeypatch.setenv(name, value)
    sample = yaml.safe_load((ROOT / "config/tls.yaml").read_text())
    with RouterProcess(tmp_path, sample) as router:
        realm = "com.example.app"
        page, websocket, rawsocket = router.urls
        with Client(rawsocket, "msgpack", join=False, tls=authority.trusting(authority.issue("alice"))) as service:
            service.join(realm)
            service.register("com.example.public.add")
            with Client(websocket, join=False, tls=authority.trusting()) as visitor:
                visitor.join(realm)
                visitor.call("com.example.public.add", 1, 2)
                invocation = service.receive()
                service.answer(invocation.request, 3)  # type: ignore[attr-defined]  # it is an INVOCATION
                assert visitor.args(visitor.expect(Result)) == [3]
        assert not is_let_in(rawsocket, authority.trusting())
        assert not is_let_in(rawsocket, authority.trusting(stranger.issue("mallory")))
        with pytest.raises(RefusedHandshake):
            WebSocket(websocket, "wamp.2.json", headers={"Origin": "https://evil.org"}, tls=authority.trusting())
        stream = Stream(page, tls=authority.trusting())
        stream.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = stream.read_to_end()
        stream.close()
        assert answer.endswith(b'{"realm":"com.example.app","path":"/ws"}')
        assert b"strict-transport-security: max-age=31536000" in answer.lower()
        assert b"x-frame-options" not in answer.lower()
        assert router.stop() == 0
        assert "Traceback" not in router.log


# -- what keeps a router from starting


def refused(folder: Path, transport: dict[str, Any]) -> str:
    """Return the one line that a router says that does not start."""
    (folder / "router.json").write_text(json.dumps(config(transport)))
    done = subprocess.run(
        [sys.executable, "-m", "wamprouter", "start", "--config", "router.json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'client'}:{ROOT / 'router'}"},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    return line


def test_a_file_that_is_missing_is_named(tmp_path: Path, authority: Authority) -> None:
    tls = {**authority.issue(), "key": "missing.pem"}
    line = refused(tmp_path, {"type": "websocket", "endpoint": {**endpoint(), "tls": tls}})
    path = tmp_path / "missing.pem"
    assert line == f"cannot listen on 127.0.0.1:0: TLS key {path}: cannot be read: No such file or directory"


def test_a_key_of_another_certificate_is_named(tmp_path: Path, authority: Authority) -> None:
    tls = {**authority.issue("one"), "key": authority.issue("other")["key"]}
    line = refused(tmp_path, {"type": "rawsocket", "endpoint": {**endpoint(), "tls": tls}})
    assert f"TLS key {tls['key']}: it does not belong to the certificate in {tls['certificate']}" in line


def test_an_expired_certificate_is_a_warning(start: Start, authority: Authority) -> None:
    """The router starts, and says which."""
    tls = authority.issue("old", not_before=datetime(2020, 1, 1), not_after=datetime(2021, 2, 3))
    router = start({"type": "websocket", "endpoint": {**endpoint(), "tls": tls}})
    eventually(lambda: "it expired on 2021-02-03" in router.log, "the warning is logged")
    assert tls["certificate"] in router.log
