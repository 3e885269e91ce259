"""Crossbar files of each group of fields, and one of the shape of Crossbar's starter, start as they are and serve a call."""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.certificates import Authority
from tests.support.longpoll import LongPoll
from tests.support.raw import TIMEOUT, Client, WebSocket
from tests.wamprouter.config.crossbar.running import FILES, Running, calls_through, copied, result_of
from wamp.protocol.messages import (
    Abort,
    Authenticate,
    Challenge,
    Error,
    Event,
    Hello,
    Invocation,
    Register,
    Result,
    Welcome,
)

NAMES = sorted(folder.name for folder in FILES.iterdir() if folder.is_dir())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[list[Running]]:
    running: list[Running] = []
    yield running
    for router in running:
        router.stop()


def started(name: str, folder: Path, running: list[Running], **environment: str) -> Running:
    router = Running(copied(name, folder), **environment)
    running.append(router)
    return router


def answer(url: str, path: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_there_is_a_file_for_each_group_of_fields() -> None:
    assert NAMES == sorted(
        [
            "auth",
            "authorizer",
            "components",
            "container",
            "controller",
            "default",
            "endpoints",
            "guest",
            "permissions",
            "rawsocket",
            "realms",
            "testee",
            "tls",
            "universal",
            "web",
            "websocket",
            "workers",
        ]
    )


def test_the_starter(start: list[Running], tmp_path: Path) -> None:
    """Anonymous peers may do everything, so that it listens on loopback only, and says what to write to change that."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "index.html").write_text("it works")
    router = started("default", tmp_path, start)
    calls_through(router.url("rs://127.0.0.1:"), serializer="msgpack")
    calls_through(router.url("/ws"))
    assert answer(router.url("/ws"), "/") == (200, b"it works")
    (line,) = [line for line in router.warnings if "loopback only" in line]
    assert '"interface": "0.0.0.0"' in line
    assert '"insecure": true' in line
    assert "config.json:30:23: workers[0].transports[0].endpoint: " in line
    assert line.endswith("(and at 1 more place)")


def test_the_controller(start: list[Running], tmp_path: Path) -> None:
    router = started("controller", tmp_path, start)
    calls_through(router.url("ws://"))
    assert [line for line in router.warnings if "controller.manhole: ignored: there is no manhole" in line]
    assert "secret" not in "".join(router.lines)


def test_workers(start: list[Running], tmp_path: Path) -> None:
    """Two router workers are one process with both their realms, and what a worker's environment says holds there."""
    router = started("workers", tmp_path, start, NO_THIRD="yes")
    assert result_of(router.url("ws://"), "com.example.greet") == ["hello"]
    with Client(router.url("rs://"), join=False) as callee:
        callee.join("realm2")
        callee.register("com.example.there")
    assert [line for line in router.warnings if "another worker has this id too: it becomes door-2" in line]


def test_realms(start: list[Running], tmp_path: Path) -> None:
    """A limit of the store holds where a topic has none of its own."""
    router = started("realms", tmp_path, start)
    url = router.url("ws://")
    calls_through(url)
    with Client(url) as client:
        subscription = client.subscribe("com.example.news").subscription
        for number in range(3):
            client.publish_acknowledged("com.example.news", number)
        client.call("wamp.subscription.get_events", subscription)
        (events,) = client.args(client.expect(Result))
        assert [event["args"] for event in events] == [[1], [2]]
        client.send(Register(client.next_request(), {}, "com.example.With-Capitals"))
        assert client.expect(Error).error == "wamp.error.invalid_uri"


def test_permissions(start: list[Running], tmp_path: Path) -> None:
    router = started("permissions", tmp_path, start)
    url = router.url("ws://")
    calls_through(url, "com.any.status")
    with Client(url) as callee, Client(url) as caller:
        callee.register("com.example.add2")
        caller.call("com.example.add2")
        assert callee.expect(Invocation).details["caller"] == caller.session
        callee.register("com.example.other")
        caller.call("com.example.other")
        assert caller.expect(Error).error == "wamp.error.not_authorized"
        callee.subscribe("com.today.news")
        caller.publish("com.today.news")
        assert callee.expect(Event).details["publisher"] == caller.session


def test_an_authorizer(start: list[Running], tmp_path: Path) -> None:
    router = started("authorizer", tmp_path, start)
    url = router.url("ws://")
    calls_through(url)
    with Client(url) as client:
        client.send(Register(client.next_request(), {}, "org.example.denied"))
        assert client.expect(Error).error == "wamp.error.not_authorized"


def test_endpoints(start: list[Running], tmp_path: Path) -> None:
    router = started("endpoints", tmp_path, start)
    calls_through(router.url("ws://127.0.0.1:"))
    calls_through(router.url("rs+unix://"), serializer="cbor")


def test_tls(start: list[Running], tmp_path: Path) -> None:
    """Files beside the configuration; a client certificate logs in by its fingerprint."""
    folder = copied("tls", tmp_path)
    authority = Authority(folder)
    authority.issue()
    own = authority.issue("worker")
    pem = ssl.PEM_cert_to_DER_cert(Path(own["certificate"]).read_text())
    router = Running(folder, FINGERPRINT=hashlib.sha1(pem, usedforsecurity=False).hexdigest())
    start.append(router)
    calls_through(router.url("wss://"), tls=authority.trusting())
    with Client(router.url("rss://"), join=False, tls=authority.trusting(own)) as worker:
        worker.send(Hello("realm1", {"roles": {"callee": {}}, "authmethods": ["tls"], "authid": "worker"}))
        assert worker.expect(Welcome).details["authrole"] == "backend"


def test_websocket_options(start: list[Running], tmp_path: Path) -> None:
    router = started("websocket", tmp_path, start)
    url = router.url("ws://")
    calls_through(url)
    calls_through(url, serializer="cbor")
    with Client(url) as callee, Client(url) as caller:
        callee.register("com.example.large")
        caller.call("com.example.large", "x" * 20 * 1024**2)
        callee.answer(callee.expect(Invocation).request)
        caller.expect(Result)
    assert [line for line in router.warnings if "the router has no " in line and "ubjson" in line]


def test_rawsocket(start: list[Running], tmp_path: Path) -> None:
    router = started("rawsocket", tmp_path, start)
    calls_through(router.url("rs://"), serializer="cbor")
    with Client(router.url("rs://"), join=False) as client:
        assert client.join().details["authid"] == "somebody"


def test_web(start: list[Running], tmp_path: Path) -> None:
    router = started("web", tmp_path, start)
    url = router.url("/ws")
    calls_through(url)
    calls_through(router.url("/deeper/ws"))
    assert answer(url, "/") == (200, (FILES / "web" / "web" / "index.html").read_bytes())
    status, body = answer(url, "/config")
    assert (status, json.loads(body)) == (200, {"answer": 42})
    assert answer(url, "/deeper")[0] == 200
    assert answer(url, "/docs")[0] in (302, 303, 307, 308)
    assert answer(url, "/info")[0] == 200
    for path in ("publish", "call", "hook"):
        assert answer(url, f"/{path}")[0] == 405, path  # which want POST
    assert answer(url, "/app/deep") == (200, b"/deep")
    assert answer(url, "/own") == (200, b"{}")
    assert answer(url, "/old")[0] == 502  # nobody is there
    assert answer(url, "/hook/any")[0] == 404
    with LongPoll(router.url("/lp")) as client:
        assert client.join()[0] == 2


def test_universal(start: list[Running], tmp_path: Path) -> None:
    """One port for RawSocket, WebSocket and files; and one for RawSocket alone."""
    router = started("universal", tmp_path, start)
    calls_through(router.url("/ws"))
    calls_through(router.url("rs://"), serializer="cbor")
    calls_through(router.url("rs://", 1), serializer="msgpack")
    assert answer(router.url("/ws"), "/")[0] == 200
    assert router.url("/ws") == router.url("rs://").replace("rs:", "ws:") + "/ws"
    (line,) = [line for line in router.warnings if "universal" in line or "MQTT" in line]
    assert "ignored: the router does not speak MQTT" in line


def test_auth(start: list[Running], tmp_path: Path) -> None:
    router = started("auth", tmp_path, start, TICKET="from the environment")
    url = router.url("/ws")
    with Client(url) as client, Client(url, join=False) as worker:
        client.send(Register(client.next_request(), {}, "com.example.add2"))
        assert client.expect(Error).error == "wamp.error.not_authorized"
        log_in(worker, "worker", "from the environment")
        worker.register("com.example.add2")
        client.call("com.example.add2")
        worker.answer(worker.expect(Invocation).request, 5)
        assert client.args(client.expect(Result)) == [5]
    with Client(url, join=False) as stranger:
        stranger.send(ticket_hello("worker"))
        stranger.expect(Challenge)
        stranger.send(Authenticate("wrong", {}))
        assert isinstance(stranger.receive(), Abort)
    with Client(router.url("/dynamic"), join=False) as dynamic:
        log_in(dynamic, "anybody", "open sesame")
        dynamic.register("com.example.there")
    assert "from the environment" not in "".join(router.lines)


def ticket_hello(authid: str) -> Hello:
    return Hello("realm1", {"roles": {"caller": {}, "callee": {}}, "authmethods": ["ticket"], "authid": authid})


def log_in(client: Client, authid: str, ticket: str) -> None:
    client.send(ticket_hello(authid))
    client.expect(Challenge)
    client.send(Authenticate(ticket, {}))
    client.expect(Welcome)


def test_components(start: list[Running], tmp_path: Path) -> None:
    """Classes, of Autobahn as well as ours, and functions; the role "trusted" is there without being named."""
    router = started("components", tmp_path, start)
    assert result_of(router.url("ws://"), "com.example.add2", 2, 3) == [1005]
    assert result_of(router.url("ws://"), "com.example.extra") == ["the extra"]


def test_a_container(start: list[Running], tmp_path: Path) -> None:
    """Its components get the roles that the transports they would connect to give."""
    router = started("container", tmp_path, start)
    assert result_of(router.url("ws://"), "com.example.seven") == [7]
    assert result_of(router.url("ws://"), "com.example.role") == ["backend"]


def test_a_guest(start: list[Running], tmp_path: Path) -> None:
    """A process that the router starts, feeds, listens to and ends."""
    router = started("guest", tmp_path, start, LEFT_OUT="1")
    (line,) = [line for line in router.lines if "guest service runs as process" in line]
    pid = int(line.rsplit(" ", 1)[1])
    router.wait_for("guest service: the question is ?")
    with Client(router.url("rs+unix://")) as caller:
        caller.call("com.example.answer")
        assert caller.args(caller.expect(Result)) == ["42", False]
    assert router.stop() == 0
    assert not Path(f"/proc/{pid}").exists()
    log = "".join(router.lines)
    assert "guest service has ended" in log
    assert "guest service: no escapes: \\x1b[2J" in log


def test_the_testee(start: list[Running], tmp_path: Path) -> None:
    router = started("testee", tmp_path, start)
    calls_through(router.url("ws://"))
    echo = WebSocket(router.url("ws://", 1))
    echo.send(b"hello")
    assert echo.receive() == b"hello"
    echo.close()
