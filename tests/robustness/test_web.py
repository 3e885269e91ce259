"""The web transport: files, WebSocket, echo and 404 on one port, and nothing from outside the folder."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import MIB, MemoryWatch, eventually, open_sockets
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import TIMEOUT, Client, Closed, RefusedHandshake, Stream, WebSocket, handshake_request

PAGE = b"<!doctype html><title>it works</title>"
SECRET = b"not for visitors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outer = tmp_path_factory.mktemp("outer")
    (outer / "secret.txt").write_bytes(SECRET)
    www = outer / "www"
    (www / "sub").mkdir(parents=True)
    (www / "index.html").write_bytes(PAGE)
    (www / "data.json").write_bytes(b"{}")
    (www / "large.bin").write_bytes(bytes(range(256)) * 40_000)
    (www / "sub" / "note.txt").write_bytes(b"a note")
    return www


@pytest.fixture(scope="module")
def router(start_shared: Start, folder: Path) -> RouterProcess:
    return start_shared(
        {
            "type": "web",
            "endpoint": endpoint(),
            "paths": {
                "/": {"type": "static", "directory": str(folder)},
                "ws": {"type": "websocket"},
                "echo": {"type": "echo"},
            },
        }
    )


@pytest.fixture
def browser(router: RouterProcess) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(*router.address("http"), timeout=TIMEOUT)
    yield connection
    connection.close()


def get(browser: http.client.HTTPConnection, path: str, method: str = "GET") -> tuple[int, bytes]:
    browser.request(method, path)
    response = browser.getresponse()
    return response.status, response.read()


def test_the_addresses_are_printed_one_for_each_path(router: RouterProcess) -> None:
    base = "{}:{}".format(*router.address("http"))
    assert router.urls == [f"http://{base}/", f"ws://{base}/ws", f"ws://{base}/echo"]


def test_files_are_served(browser: http.client.HTTPConnection) -> None:
    """Several on one connection, the default file for its folder, with their types."""
    assert get(browser, "/") == (200, PAGE)
    assert get(browser, "/index.html") == (200, PAGE)
    assert get(browser, "/sub/note.txt") == (200, b"a note")
    browser.request("GET", "/data.json")
    response = browser.getresponse()
    assert response.getheader("content-type") == "application/json"
    assert response.getheader("x-content-type-options") == "nosniff"
    response.read()
    assert get(browser, "/large.bin") == (200, bytes(range(256)) * 40_000)


def test_head_has_no_body(browser: http.client.HTTPConnection) -> None:
    assert get(browser, "/index.html", "HEAD") == (200, b"")


@pytest.mark.parametrize(
    "path", ["/nothing", "/sub/nothing", "/index.html/more", "/sub/", "/%00", "/a%00b", "/" + "x" * 5000]
)
def test_what_is_not_there_is_404(browser: http.client.HTTPConnection, path: str) -> None:
    """A folder without a default file is not there either: names of files are not for everyone."""
    status, body = get(browser, path)
    assert status == 404
    assert b"note.txt" not in body
    assert b"Traceback" not in body


TRAVERSALS = (
    "/../secret.txt",
    "/sub/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/sub/..%2f..%2fsecret.txt",
    "/%2e%2e%2fsecret.txt",
    "/..%5csecret.txt",
    "/..%c0%afsecret.txt",
    "/....//secret.txt",
    "//secret.txt",
    "/ws/../../secret.txt",
    "/{outer}/secret.txt",
    "/%2f{outer}%2fsecret.txt",
    "//{outer}/secret.txt",
    "/;/../secret.txt",
    "/../www-secret/secret.txt",
)


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out_of_the_folder(router: RouterProcess, folder: Path, path: str) -> None:
    """Written to the socket as it is: clients tidy such paths up."""
    beside = folder.parent / "www-secret"
    beside.mkdir(exist_ok=True)
    (beside / "secret.txt").write_bytes(SECRET)
    stream = Stream(router.url("http"))
    target = path.replace("{outer}", str(folder.parent).strip("/"))
    stream.send(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    answer = stream.read_to_end()
    stream.close()
    assert int(answer.split()[1]) in (400, 404, 426)
    assert SECRET not in answer


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "BREW"])
def test_files_are_only_read(browser: http.client.HTTPConnection, method: str) -> None:
    status, body = get(browser, "/index.html", method)
    assert status in (405, 501)
    assert b"Traceback" not in body


STRANGE = [
    "HEAD /nothing",
    "HEAD /ws",
    "HEAD /",
    "PUT /\x84",
    "GET /\xff",
    "BREW /\xe9",
    "HEAD /\xff",
    "OPTIONS *",
    "\xff /",
]


@pytest.mark.parametrize("line", STRANGE)
def test_strange_requests_leave_nothing_in_the_log(router: RouterProcess, line: str) -> None:
    """They are a client's mistakes and none of the router's: a thousand of them must not fill it."""
    before = len(router.log)
    stream = Stream(router.url("http"))
    stream.send(f"{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1"))
    answer = stream.read_to_end()
    stream.close()
    assert int(answer.split()[1]) in (200, 400, 404, 405, 426)
    assert router.log[before:] == ""


def test_what_a_path_allows_is_said_in_a_header(browser: http.client.HTTPConnection) -> None:
    browser.request("DELETE", "/index.html")
    response = browser.getresponse()
    assert response.status == 405
    assert "GET" in str(response.getheader("allow"))


@pytest.mark.parametrize("serializer", ["json", "msgpack", "cbor"])
def test_a_session_joins_on_its_path(router: RouterProcess, serializer: str) -> None:
    with Client(router.urls[1], serializer) as client:
        client.publish_acknowledged("com.t")
        client.leave()


def test_an_echo_answers_on_its_path(router: RouterProcess) -> None:
    websocket = WebSocket(router.urls[2])
    websocket.send(b"hello")
    assert websocket.receive() == b"hello"
    websocket.close()


def test_a_websocket_path_tells_a_browser_that_it_wants_an_upgrade(browser: http.client.HTTPConnection) -> None:
    browser.request("GET", "/ws")
    response = browser.getresponse()
    assert response.status == 426
    assert response.getheader("upgrade") == "websocket"
    response.read()
    assert get(browser, "/") == (200, PAGE)


@pytest.mark.parametrize("path", ["", "nothing", "sub/note.txt", "ws/more"])
def test_other_paths_do_not_speak_websocket(router: RouterProcess, path: str) -> None:
    """They answer as to any request, so that the client sees that it is no WebSocket."""
    with pytest.raises(RefusedHandshake) as refused:
        WebSocket(router.urls[0].replace("http://", "ws://") + path, "wamp.2.json")
    assert refused.value.status in (200, 404)


def test_a_handshake_that_is_wrong_is_refused(router: RouterProcess) -> None:
    with pytest.raises(RefusedHandshake) as refused:
        WebSocket(router.urls[1], "chat")
    assert refused.value.status == 400


def test_a_handshake_cut_anywhere_is_put_together(router: RouterProcess) -> None:
    request = handshake_request(router.urls[1], "wamp.2.json")
    for at in range(1, len(request), 7):
        stream = Stream(router.urls[1])
        stream.send(request[:at])
        stream.send(request[at:])
        assert b" 101 " in stream.read_until(b"\r\n\r\n")
        stream.reset()


def test_a_session_after_a_page_on_the_same_connection(router: RouterProcess) -> None:
    """A keep-alive connection that has served a page can become a WebSocket."""
    stream = Stream(router.urls[1])
    stream.send(b"GET /data.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b" 200 " in stream.read_until(b"{}")
    stream.send(handshake_request(router.urls[1], "wamp.2.json"))
    assert b" 101 " in stream.read_until(b"\r\n\r\n")
    stream.close()


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300), b"garbage\r\n\r\n", b"GET\r\n\r\n", bytes(20_000)],
    ids=["TLS", "a word", "half a request line", "zeros"],
)
def test_garbage_is_refused(router: RouterProcess, data: bytes) -> None:
    stream = Stream(router.url("http"))
    stream.send(data)
    stream.socket.shutdown(1)
    assert stream.read_to_end()[:12] in (b"", b"HTTP/1.1 400")
    stream.close()


def send_again_and_again(stream: Stream, data: bytes, watch: MemoryWatch) -> None:
    for _ in range(2000):  # 120 MB
        stream.send(data)
        watch.look()


def test_a_request_without_end_is_cut_off(router: RouterProcess) -> None:
    watch = MemoryWatch(router)
    stream = Stream(router.url("http"))
    stream.send(b"GET / HTTP/1.1\r\n")
    with pytest.raises(Closed):
        send_again_and_again(stream, b"X-Padding: " + b"x" * 60_000 + b"\r\n", watch)
    stream.close()
    assert watch.growth < 8 * MIB


def test_a_body_that_nobody_wants_does_not_fill_the_memory(router: RouterProcess) -> None:
    watch = MemoryWatch(router)
    stream = Stream(router.url("http"))
    stream.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
    try:
        for _ in range(1000):  # 64 MB
            stream.send(bytes(65536))
            watch.look()
    except Closed:
        pass  # the better answer
    stream.close()
    assert watch.growth < 16 * MIB


def test_requests_that_are_sent_ahead_are_answered_in_order(router: RouterProcess) -> None:
    """Each in a turn of its own, so that thousands of them in one read hold up nobody; and then the connection goes on."""
    paths = [b"/", b"/nothing", b"/nothing"] * 200
    stream = Stream(router.url("http"))
    with Client(router.url("ws")) as other:
        stream.send(b"".join(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in paths))
        other.publish_acknowledged("com.t")
        for path in paths:
            assert status_of_next(stream) == (200 if path == b"/" else 404)
    stream.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert status_of_next(stream) == 200
    stream.close()


def status_of_next(stream: Stream) -> int:
    """Read one response; return its status."""
    head = stream.read_until(b"\r\n\r\n").decode().lower()
    stream.read(int(head.partition("content-length: ")[2].split()[0]))
    return int(head.split()[1])


def test_who_sends_requests_ahead_and_is_gone_leaves_nothing(router: RouterProcess) -> None:
    """While its requests wait for their turns."""
    listening = open_sockets(router)
    for _ in range(20):
        stream = Stream(router.url("http"))
        stream.send(b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" * 500)
        stream.reset()
    eventually(lambda: open_sockets(router) <= listening, "nothing stays open")


def test_the_access_log_has_the_client_behind_a_trusted_proxy(start: Start) -> None:
    """And nobody else's word for it."""
    web = {
        "type": "web",
        "endpoint": endpoint(),
        "paths": {"/": {"type": "static", "directory": "."}},
        "options": {"access_log": True},
    }
    router = start({**web, "trusted_proxies": ["127.0.0.1"]}, web)
    for number, url in enumerate(router.urls):
        stream = Stream(url)
        stream.send(b"GET /%d HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n" % number)
        status_of_next(stream)
        stream.close()
    eventually(lambda: "GET /1" in router.log, "both are logged")
    first, second = (line for line in router.log.splitlines() if "GET /" in line)
    assert ("192.0.2.7" in first, "192.0.2.7" in second) == (True, False)
    assert "127.0.0.1" in second
