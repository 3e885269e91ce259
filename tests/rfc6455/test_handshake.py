"""The opening handshake (RFC 6455, section 4.2), on a port of its own and on a web server's path."""

from __future__ import annotations

import base64
import hashlib
import os

import pytest

from tests.rfc6455.peer import Peer, Refused, octet_by_octet
from tests.robustness.conftest import Start
from tests.support.process import RouterProcess, endpoint
from tests.support.raw import CLOSE, CONTINUATION, TEXT, Closed, Stream, client_frame

HELLO = b'[1,"realm1",{"roles":{"caller":{}}}]'


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    return start_shared(
        {"type": "websocket", "endpoint": endpoint()},
        {"type": "web", "endpoint": endpoint(), "paths": {"ws": {"type": "websocket"}, "echo": {"type": "echo"}}},
    )


@pytest.fixture(params=["own port", "web path"])
def url(router: RouterProcess, request: pytest.FixtureRequest) -> str:
    return router.urls[0 if request.param == "own port" else 1]


Headers = list[tuple[str, str]]
GOOD: Headers = [
    ("Host", "localhost"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Protocol", "wamp.2.json"),
]


def request(url: str, headers: Headers, *, method: str = "GET", version: str = "HTTP/1.1", end: str = "\r\n") -> bytes:
    path = "/" + url.split("/", 3)[3]
    lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return end.join(lines).encode("latin-1")


def with_header(name: str, *values: str) -> Headers:
    """Return good headers with that one, or several of that name, instead of what is there."""
    return [(other, value) for other, value in GOOD if other != name] + [(name, value) for value in values]


def answer(url: str, data: bytes) -> tuple[int, bytes]:
    """Return status and head of the answer."""
    stream = Stream(url)
    try:
        stream.send(data)
        head = stream.read_until(b"\r\n\r\n")
        return int(head.split()[1]), head
    finally:
        stream.close()


def test_a_good_request_is_accepted(url: str) -> None:
    """The example of section 1.3: the key that it must come out as is in the RFC."""
    status, head = answer(url, request(url, GOOD))
    assert status == 101
    assert b"sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in head.lower()
    assert b"sec-websocket-protocol: wamp.2.json" in head.lower()


ACCEPTED: dict[str, Headers] = {
    "names in lower case": [(name.lower(), value) for name, value in GOOD],
    "values in other cases": with_header("Upgrade", "WebSocket"),
    "several connection options": with_header("Connection", "keep-alive, Upgrade"),
    "connection in two headers": with_header("Connection", "keep-alive", "Upgrade"),
    "several upgrades": with_header("Upgrade", "h2c, websocket"),
    "subprotocols in two headers": with_header("Sec-WebSocket-Protocol", "unknown", "wamp.2.json"),
    "an extension that nobody knows": [*GOOD, ("Sec-WebSocket-Extensions", "x-unknown; a=1")],
    "an origin": [*GOOD, ("Origin", "https://example.com")],
    "the null origin": [*GOOD, ("Origin", "null")],
    "spaces around values": [(name, f"  {value}  ") for name, value in GOOD],
    "a host with a port": with_header("Host", "example.com:8080"),
    "an IPv6 host": with_header("Host", "[::1]:8080"),
    "other headers": [*GOOD, ("Cookie", "a=b; c=d"), ("User-Agent", "x" * 500), ("X-Empty", "")],
}


@pytest.mark.parametrize("headers", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_requests_that_are_good_in_another_way(url: str, headers: Headers) -> None:
    assert answer(url, request(url, headers))[0] == 101


REFUSED: dict[str, tuple[Headers, tuple[int, ...]]] = {
    **{
        f"no {name}": (with_header(name), (400, 426))
        for name in ("Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version")
    },
    **{
        f"{version} as version": (with_header("Sec-WebSocket-Version", version), (400, 426))
        for version in ("12", "0", "7", "14", "99", "-13", "13.0", "thirteen", "", "1" * 5000)
    },
    "another upgrade": (with_header("Upgrade", "h2c"), (400, 426)),
    "no upgrade in Connection": (with_header("Connection", "close"), (400,)),
    "two keys": (with_header("Sec-WebSocket-Key", *["dGhlIHNhbXBsZSBub25jZQ=="] * 2), (400,)),
    "two versions": (with_header("Sec-WebSocket-Version", "13", "13"), (400,)),
    "two hosts": (with_header("Host", "one", "two"), (400,)),
    "two origins": ([*GOOD, ("Origin", "https://a.com"), ("Origin", "https://b.com")], (400,)),
    "a short key": (with_header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j"), (400,)),
    "a long key": (with_header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ" * 2 + "=="), (400,)),
    "a key that is not base64": (with_header("Sec-WebSocket-Key", "!!!!!!!!!!!!!!!!!!!!!!=="), (400,)),
    "an empty key": (with_header("Sec-WebSocket-Key", ""), (400,)),
    "no subprotocol": (with_header("Sec-WebSocket-Protocol"), (400,)),
    "unknown subprotocols": (with_header("Sec-WebSocket-Protocol", "chat, superchat"), (400,)),
    "a subprotocol twice": (with_header("Sec-WebSocket-Protocol", "wamp.2.json, wamp.2.json"), (400,)),
    "a host with a port that is none": (with_header("Host", "localhost:http"), (400,)),
    "an origin that is none": ([*GOOD, ("Origin", "::::")], (400,)),
}


@pytest.mark.parametrize(("headers", "statuses"), REFUSED.values(), ids=REFUSED.keys())
def test_a_request_that_lacks_something_is_refused(url: str, headers: Headers, statuses: tuple[int, ...]) -> None:
    status, text = answer(url, request(url, headers))
    assert status in statuses
    assert b"Traceback" not in text


@pytest.mark.parametrize("version", ["12", "99"])
def test_another_version_is_told_which_one_is_spoken(url: str, version: str) -> None:
    """ "a |Sec-WebSocket-Version| header field indicating the version(s) the server is capable of" (4.2.2)."""
    _, text = answer(url, request(url, with_header("Sec-WebSocket-Version", version)))
    (versions,) = (line for line in text.split(b"\r\n") if line.lower().startswith(b"sec-websocket-version:"))
    assert "13" in versions.decode().partition(":")[2].replace(" ", "").split(",")


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS", "get", "BREW"])
def test_only_get_is_a_handshake(url: str, method: str) -> None:
    assert answer(url, request(url, GOOD, method=method))[0] in (400, 405, 501)


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.1.1", "RTSP/1.1", "HTTP"])
def test_only_http_1_1_is_a_handshake(url: str, version: str) -> None:
    """ "The HTTP version MUST be at least 1.1" (4.2.1)."""
    stream = Stream(url)
    stream.send(request(url, GOOD, version=version))
    try:
        status = int(stream.read_until(b"\r\n").split()[1])
    except Closed:
        status = 0
    stream.close()
    assert status in (0, 400, 505)


STRANGE: dict[str, bytes] = {
    "lines that end with LF": b"GET {} HTTP/1.1\nHost: a\n\n",
    "a header without a colon": b"GET {} HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n",
    "a header with an empty name": b"GET {} HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
    "a header that goes on in the next line": b"GET {} HTTP/1.1\r\nHost: a\r\nX: 1\r\n  2\r\n\r\n",
    "NUL in a header": b"GET {} HTTP/1.1\r\nHost: a\0b\r\nUpgrade: websocket\r\n\r\n",
    "NUL in the path": b"GET {}\0 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
    "an absolute URI": b"GET http://a{} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
    "a URI that cannot be parsed": b"GET http://[ HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
    "a fragment": b"GET {}#x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
    "escapes that are none": b"GET {}?%zz=%&&&;; HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
    "bytes beyond ASCII": b"GET {}?\xff\xfe HTTP/1.1\r\nHost: \xe9\r\nUpgrade: \xff\r\n\r\n",
    "a body of negative length": b"GET {} HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"GET {} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "chunks that are none": b"GET {} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a separator of lines that HTTP does not know": b"GET {} HTTP/1.1\r\nHost: a\x85Upgrade: websocket\r\n\r\n",
    "only a path": b"{}\r\n\r\n",
    "nothing": b"\r\n\r\n",
}


@pytest.mark.parametrize("data", STRANGE.values(), ids=STRANGE.keys())
def test_strange_requests_are_refused_and_no_more(router: RouterProcess, url: str, data: bytes) -> None:
    """With a status or by closing; the fixture sees to it that the log has no traceback."""
    stream = Stream(url)
    stream.send(data.replace(b"{}", b"/" + url.split("/", 3)[3].encode()))
    stream.socket.shutdown(1)  # nothing more comes: it need not wait for the rest of a body, or of a line
    text = stream.read_to_end()
    stream.close()
    assert not text or int(text.split()[1]) >= 400
    assert b"Traceback" not in text
    with Peer(url, "wamp.2.json"):
        pass


def test_a_handshake_octet_by_octet(url: str) -> None:
    with Peer(url, "wamp.2.json") as reference:
        assert reference.subprotocol == "wamp.2.json"
    stream = Stream(url)
    octet_by_octet(stream, request(url, GOOD))
    assert b" 101 " in stream.read_until(b"\r\n\r\n")
    octet_by_octet(stream, client_frame(TEXT, HELLO))
    assert stream.read(2)[0] == 0x81
    stream.close()


PIPELINED = {
    "a message": client_frame(TEXT, HELLO),
    "fragments": client_frame(TEXT, HELLO[:7], fin=False) + client_frame(CONTINUATION, HELLO[7:]),
    "a message and a close frame": client_frame(TEXT, HELLO) + client_frame(CLOSE, b"\x03\xe8"),
}


@pytest.mark.parametrize("behind", PIPELINED.values(), ids=PIPELINED.keys())
def test_frames_in_the_same_segment_as_the_handshake_are_read(url: str, behind: bytes) -> None:
    """A client should wait for the answer. One that does not is understood all the same."""
    stream = Stream(url)
    stream.send(request(url, GOOD) + behind)
    assert b" 101 " in stream.read_until(b"\r\n\r\n")
    assert stream.read(2)[0] == 0x81
    stream.close()


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_frames_of_which_a_part_comes_with_the_handshake_are_put_together(url: str, cut: int) -> None:
    stream = Stream(url)
    frame = client_frame(TEXT, HELLO)
    stream.send(request(url, GOOD) + frame[:cut])
    assert b" 101 " in stream.read_until(b"\r\n\r\n")
    stream.send(frame[cut:])
    assert stream.read(2)[0] == 0x81
    stream.close()


def test_another_request_behind_a_handshake_is_no_frame(url: str) -> None:
    """What follows a handshake is WebSocket, and a request is none: it is refused as a bad frame, not answered."""
    stream = Stream(url)
    stream.send(request(url, GOOD) * 2)
    assert b" 101 " in stream.read_until(b"\r\n\r\n")
    assert stream.read(1) == b"\x88", "no close frame"
    assert b"HTTP/1.1" not in stream.read_to_end()
    stream.close()


@pytest.mark.parametrize("size", [20_000, 100_000])
def test_a_huge_header_is_refused(url: str, size: int) -> None:
    stream = Stream(url)
    try:
        stream.send(request(url, [*GOOD, ("X-Huge", "x" * size)]))
        text = stream.read_to_end()
    except Closed:
        text = b""
    stream.close()
    assert not text or int(text.split()[1]) in (400, 413, 431)


def test_who_offers_nothing_of_ours_is_refused(url: str) -> None:
    for offered in ([], ["wamp.1"], ["wamp.2.flatbuffers", "chat"]):
        with pytest.raises(Refused) as refused:
            Peer(url, *offered)
        assert refused.value.status == 400


def test_every_key_gets_its_accept(router: RouterProcess) -> None:
    """wsproto looks at it, too; here it is computed once more."""
    for _ in range(20):
        key = base64.b64encode(os.urandom(16)).decode()
        _, head = answer(router.urls[0], request(router.urls[0], with_header("Sec-WebSocket-Key", key)))
        digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # the RFC's
        assert base64.b64encode(digest) in head
