"""RawSocket, WebSocket and HTTP on one port: each as on a port of its own, and what comes of other first octets."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.robustness.conftest import Start
from tests.robustness.measure import eventually, open_sockets
from tests.support.certificates import Authority
from tests.support.longpoll import LongPoll, post
from tests.support.process import ROOT, RouterProcess, config, endpoint
from tests.support.raw import ROLES, Client, Closed, RawSocket, RefusedHandshake, Stream, handshake_request
from wamp.protocol.messages import Authenticate, Challenge, Goodbye, Hello, Welcome

INFO = {"type": "nodeinfo"}
HELLO = json.dumps([1, "realm1", {"roles": {"caller": {}}}]).encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("www")
    (folder / "index.html").write_text("<!doctype html><title>it works</title>")
    return folder


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def everything(folder: Path, **more: Any) -> dict[str, Any]:
    paths = {"/": {"type": "static", "directory": str(folder)}, "lp": {"type": "longpoll"}, "info": INFO}
    return {
        "type": "universal",
        "endpoint": endpoint(),
        "rawsocket": {},
        "websocket": {"ws": {}},
        "web": {"paths": paths},
        **more,
    }


@pytest.fixture(scope="module")
def router(start_shared: Start, folder: Path, authority: Authority) -> RouterProcess:
    return start_shared(everything(folder), everything(folder, endpoint=authority.endpoint()))


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, authority: Authority) -> ssl.SSLContext | None:
    return authority.trusting() if request.param == "tls" else None


@pytest.fixture
def urls(router: RouterProcess, tls: ssl.SSLContext | None) -> dict[str, str]:
    """The addresses of one of the ports: by "rs", "ws", "http", "lp"."""
    own = router.urls[:5] if tls is None else router.urls[5:]
    return dict(zip(("rs", "ws", "http", "lp", "info"), own, strict=True))


# -- who is served


def test_every_address_is_told(router: RouterProcess) -> None:
    """All with the same port."""
    host, port = router.address("rs")
    base = f"{host}:{port}"
    assert router.urls[:5] == [
        f"rs://{base}",
        f"ws://{base}/ws",
        f"http://{base}/",
        f"http://{base}/lp",
        f"http://{base}/info",
    ]
    assert [url.partition(":")[0] for url in router.urls[5:]] == ["rss", "wss", "https", "https", "https"]


def test_all_of_them_meet(urls: dict[str, str], tls: ssl.SSLContext | None) -> None:
    """A caller by WebSocket, a callee by RawSocket, who waits for events by long-poll."""
    with (
        Client(urls["rs"], "msgpack", tls=tls) as callee,
        Client(urls["ws"], tls=tls) as caller,
        LongPoll(urls["lp"], tls=tls) as watcher,
    ):
        watcher.join()
        watcher.say(32, 1, {}, "com.topic")
        assert watcher.hear()[0] == 33
        callee.register("com.add")
        caller.call("com.add", 2, 3)
        watcher.begin_receive()
        callee.publish("com.topic", "news")
        assert watcher.hear()[4] == ["news"]
        watcher.close()


def test_files_are_served(router: RouterProcess) -> None:
    """As on a web transport."""
    status, body, _ = post(router.url("http"), "", method="GET")
    assert (status, body) == (200, b"<!doctype html><title>it works</title>")


def test_node_info_names_all_that_speak_wamp(router: RouterProcess) -> None:
    """RawSocket among them, which has no path."""
    _, body, _ = post(router.url("http"), "info", method="GET")
    services = json.loads(body)["services"]
    assert [(one.get("path"), one["transport"]) for one in services] == [
        ("/ws", "websocket"),
        ("/lp", "longpoll"),
        (None, "rawsocket"),
    ]


def test_what_comes_with_the_first_octet_is_not_lost(urls: dict[str, str], tls: ssl.SSLContext | None) -> None:
    """Handshake and HELLO in one write."""
    stream = Stream(urls["rs"], tls=tls)
    stream.send(b"\x7f\xf1\x00\x00" + len(HELLO).to_bytes(4, "big") + HELLO)
    assert stream.read(4)[:1] == b"\x7f"
    assert b"[2," in stream.read(4 + 3)
    stream.close()


def test_what_comes_octet_by_octet_is_put_together(urls: dict[str, str], tls: ssl.SSLContext | None) -> None:
    """The first tells, and the others follow."""
    stream = Stream(urls["ws"], tls=tls)
    for octet in handshake_request(urls["ws"], "wamp.2.json"):
        stream.send(bytes((octet,)))
    assert stream.read_until(b"\r\n").startswith(b"HTTP/1.1 101")
    stream.close()


# -- who is not


@pytest.mark.parametrize(
    "first", [b"\x00", b"\x16\x03\x01\x02\x00", b"\xff" * 50, b"7F\n", b"\x80\x80", b"\r\n\r\n\r\n"]
)
def test_what_nobody_speaks_is_a_bad_request(router: RouterProcess, first: bytes) -> None:
    """Whatever does not begin as RawSocket is taken for HTTP, and refused as such."""
    stream = Stream(router.url("rs"))
    stream.send(first + b"\r\n\r\n")
    stream.shut_down()
    try:
        answer = stream.read_to_end()
    except Closed:
        answer = b""
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    stream.close()


@pytest.mark.parametrize("handshake", [b"\x7f\xf9\x00\x00", b"\x7f\xf1\x01\x00", b"\x7f\x00\x00\x00"])
def test_a_bad_handshake_of_rawsocket_is_refused(router: RouterProcess, handshake: bytes) -> None:
    """As on a port of its own."""
    stream = Stream(router.url("rs"))
    stream.send(handshake)
    answer = stream.read_to_end()
    assert answer[:1] == b"\x7f"
    assert answer[1] & 0x0F == 0
    stream.close()


def test_who_says_nothing_is_cut(start: Start, folder: Path) -> None:
    """After ``handshake_timeout``, and the place is free again."""
    router = start(everything(folder, handshake_timeout=500, max_connections=1))
    with pytest.raises(Closed):
        Stream(router.url("rs")).read(1)
    eventually(lambda: "the opening handshake took too long" in router.log, "it is logged")
    with Client(router.url("rs")):
        pass


def test_a_connection_counts_once(start: Start, folder: Path) -> None:
    """Whatever it becomes; and one that goes gives its place back."""
    router = start(everything(folder, max_connections=2))
    sockets = open_sockets(router)
    for _ in range(2):
        refused = pytest.raises(
            (Closed, RefusedHandshake, ConnectionError)
        )  # cut before it has sent anything, or after
        with Client(router.url("rs")), Client(router.url("ws")), refused:
            RawSocket(router.url("rs"))
        eventually(lambda: open_sockets(router) <= sockets, "all are closed")


def test_what_is_not_configured_is_cut(start: Start) -> None:
    """RawSocket where there is none, and HTTP where there is nothing else."""
    router = start(
        {"type": "universal", "endpoint": endpoint(), "websocket": {"ws": {}}},
        {"type": "universal", "endpoint": endpoint(), "rawsocket": {}},
    )
    for url, greeting in ((router.url("ws"), b"\x7f\xf1\x00\x00"), (router.url("rs"), b"GET / HTTP/1.1\r\n\r\n")):
        stream = Stream(url)
        stream.send(greeting)
        with pytest.raises(Closed):
            stream.read(1)
        stream.close()


# -- reload and Unix sockets


def test_a_reload_changes_what_is_served(start: Start, folder: Path) -> None:
    """RawSocket goes and its sessions with it; the others stay, and a new path is there."""
    transport = everything(folder)
    router = start(transport)
    with Client(router.url("rs")) as raw, Client(router.url("ws")) as web:
        del transport["rawsocket"]
        transport["web"] = {"paths": {"/": {"type": "json", "value": "new"}}}
        done, lines = router.reload(config(transport))
        assert done, lines
        assert raw.expect(Goodbye).reason == "wamp.error.not_authorized"
        assert web.subscribe("com.topic").request == 1
    assert post(router.url("http"), "", method="GET")[1] == b'"new"'


def test_a_web_transport_becomes_a_universal_one(start: Start) -> None:
    """On the same port; who is connected stays connected."""
    paths = {"ws": {"type": "websocket"}}
    router = start({"type": "web", "endpoint": endpoint(), "paths": paths})
    with Client(router.url("ws")) as web:
        done, lines = router.reload(
            config({"type": "universal", "endpoint": endpoint(), "rawsocket": {}, "web": {"paths": paths}})
        )
        assert done, lines
        assert web.subscribe("com.topic").request == 1
        host, port = router.address("ws")
        with Client(f"rs://{host}:{port}") as raw:
            raw.publish_acknowledged("com.topic", "hello")
        assert web.event_args() == ["hello"]


def test_a_unix_socket_serves_both(start: Start, tmp_path: Path) -> None:
    """Its address is told once for each scheme."""
    router = start(
        {
            "type": "universal",
            "endpoint": {"type": "unix", "path": str(tmp_path / "sock")},
            "rawsocket": {},
            "websocket": {"ws": {}},
        }
    )
    assert router.urls == [f"rs+unix://{tmp_path}/sock", f"ws+unix://{tmp_path}/sock"]
    with Client(router.url("rs+unix")):
        pass


# -- the sample


def test_the_sample_starts_and_lets_in_whom_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``config/universal.yaml``: services with a ticket by RawSocket, visitors by WebSocket and by long-poll."""
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setenv("ORDERS_TICKET", "correct horse battery staple")
    sample = yaml.safe_load((ROOT / "config/universal.yaml").read_text())
    with RouterProcess(tmp_path, sample) as router:
        rawsocket, websocket, _info, longpoll = router.urls
        with (
            Client(rawsocket, join=False) as service,
            Client(websocket, join=False) as visitor,
            LongPoll(longpoll) as other,
        ):
            service.send(Hello("realm1", {"roles": ROLES, "authmethods": ["ticket"], "authid": "orders"}))
            service.expect(Challenge)
            service.send(Authenticate("correct horse battery staple", {}))
            assert service.expect(Welcome).details["authrole"] == "service"
            assert [visitor.join().details["authrole"], other.join()[2]["authrole"]] == ["visitor", "visitor"]
        assert router.stop() == 0
        assert "Traceback" not in router.log
