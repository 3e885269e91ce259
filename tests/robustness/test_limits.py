"""Floods: many connections, connections that come to nothing, and connections and messages beyond the limits."""

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
from wamp.protocol.messages import Abort, Authenticate, Challenge, Hello, Publish, Published, Welcome

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
    eventually(lambda: open_sockets(router) <= listening, "all connections of the warm-up are closed")
    before = anonymous_bytes(router)
    churn(10_000)
    eventually(lambda: open_sockets(router) <= listening, "all connections are closed")
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
        eventually(lambda: open_sockets(impatient) <= before, "all are dropped")
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
    eventually(lambda: open_sockets(crowded) <= listening, "nothing stays open")


# -- more than one address may have

LIMITED = {"connections_per_address": 3, "limit_local": True}


@pytest.fixture
def popular(start: Start) -> RouterProcess:
    """Each address may have three connections, on all transports together."""
    web = {"/": {"type": "static", "directory": "."}, "ws": {"type": "websocket"}}
    proxies = {"trusted_proxies": ["127.0.0.1", "10.0.0.0/8"]}
    return start(
        {"type": "websocket", "endpoint": endpoint(), **proxies},
        {"type": "rawsocket", "endpoint": endpoint()},
        {"type": "web", "endpoint": endpoint(), "paths": web},
        {"type": "web", "endpoint": endpoint(), "paths": web, **proxies},
        limits=LIMITED,
    )


def test_all_transports_count_together(popular: RouterProcess) -> None:
    """WebSocket gets 429, RawSocket its one word for it, and an HTTP connection is closed."""
    _, raw, page, web, *_ = popular.urls
    clients = [Client(raw), Client(web)]
    stream = Stream(page)
    stream.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    stream.read_until(b"\r\n\r\n")
    with pytest.raises(RefusedHandshake) as refused:
        RawSocket(raw)
    assert refused.value.status == 4
    with pytest.raises((Closed, ConnectionResetError)):
        WebSocket(web, "wamp.2.json")
    stream.close()
    eventually(lambda: is_served(raw), "there is room again")
    for client in clients:
        client.close()


def test_half_open_connections_count(popular: RouterProcess) -> None:
    """Who has not said anything takes a place as well."""
    page = popular.urls[2]
    silent = [Stream(page) for _ in range(3)]
    eventually(lambda: not is_served(popular.urls[3]), "the places are taken")
    silent[0].close()
    eventually(lambda: is_served(popular.urls[3]), "there is room again")
    for stream in silent:
        stream.close()


def of(address: str) -> dict[str, dict[str, str]]:
    return {"headers": {"X-Forwarded-For": address}}


@pytest.mark.parametrize("number", [0, 5])
def test_clients_of_a_trusted_proxy_count_for_themselves(popular: RouterProcess, number: int) -> None:
    """On a WebSocket transport and on a path of the web server; the proxy has as many connections as it needs."""
    url = popular.urls[number]
    clients = [Client(url, **of(f"192.0.2.{client}")) for client in (1, 2) for _ in range(3)]
    for forged in ("192.0.2.1", "127.0.0.1, 192.0.2.1", "192.0.2.9, 192.0.2.1, 10.1.1.1"):
        with pytest.raises(RefusedHandshake) as refused:
            Client(url, **of(forged))
        assert refused.value.status == 429
    clients.append(Client(url, **of("192.0.2.3")))
    clients[0].close()
    eventually(lambda: is_served_for(url, "192.0.2.1"), "there is room again")
    for client in clients:
        client.close()


def is_served_for(url: str, address: str) -> bool:
    try:
        Client(url, **of(address)).close()
    except RefusedHandshake:
        return False
    return True


def test_without_a_trusted_proxy_the_header_means_nothing(popular: RouterProcess) -> None:
    """Else everybody could have as many addresses as they like."""
    url = popular.urls[3]
    clients = [Client(url, **of(f"192.0.2.{number}")) for number in range(3)]
    with pytest.raises((Closed, ConnectionResetError)):
        Client(url, **of("192.0.2.4"))
    for client in clients:
        client.close()


def test_a_header_of_nonsense_changes_nothing(popular: RouterProcess) -> None:
    """Nor does it end anything."""
    url = popular.urls[0]
    for nonsense in ("", ",", "unknown", "unix", "[::", "\x00\xff", "1" * 4000, ",".join(["10.0.0.1"] * 800)):
        Client(url, **of(nonsense)).close()


def test_who_is_on_this_machine_may_have_any_number(start: Start) -> None:
    """By default: a reverse proxy there speaks for everybody."""
    router = start(
        {"type": "rawsocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": {"type": "unix", "path": "s"}},
        limits={"connections_per_address": 1},
    )
    clients = [Client(url) for url in router.urls for _ in range(5)]
    for client in clients:
        client.close()


def test_all_transports_together_have_a_limit(start: Start) -> None:
    """However much room each of them has."""
    router = start(
        {"type": "websocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": endpoint()},
        limits={"max_connections": 4},
    )
    clients = [Client(router.urls[number % 2]) for number in range(4)]
    with pytest.raises(RefusedHandshake) as refused:
        WebSocket(router.urls[0], "wamp.2.json")
    assert refused.value.status == 503
    with pytest.raises(RefusedHandshake):
        RawSocket(router.urls[1])
    for client in clients:
        client.close()


def test_a_flood_of_connections_beyond_the_limit_takes_no_sockets(start: Start) -> None:
    """A hundred are told, when their handshakes come; all others are cut at once."""
    router = start({"type": "websocket", "endpoint": endpoint(), "max_connections": 1})
    listening = open_sockets(router)
    with Client(router.urls[0]):
        silent = [Stream(router.urls[0]) for _ in range(400)]
        eventually(lambda: open_sockets(router) <= listening + 101, "the others are cut")
        for stream in silent:
            stream.close()


# -- more messages than a session may send


def metered(on_excess: str, rate: int = 1) -> list[dict[str, object]]:
    options = {"message_rate": rate, "message_burst": 11, "on_excess": on_excess}
    return [{"type": kind, "endpoint": endpoint(), "options": options} for kind in ("websocket", "rawsocket")]


@pytest.mark.parametrize("number", [0, 1])
def test_who_sends_too_much_is_disconnected_where_that_is_wanted(start: Start, number: int) -> None:
    """HELLO and ten messages are taken; for the next one the reason comes, and others go on."""
    router = start(*metered("disconnect"))
    with Client(router.urls[number]) as client, Client(router.urls[1 - number]) as other:
        for _ in range(10):
            client.publish_acknowledged("com.t")
        client.publish("com.t")
        if number:
            abort = client.expect(Abort)
            assert abort.reason == "wamp.error.limit_exceeded"
            assert abort.details == {"message": "more than 1 messages a second"}
            client.closing()
        else:
            closed = client.closing()
            assert (closed.code, closed.reason) == (1008, "more than 1 messages a second")
        other.publish_acknowledged("com.t")


@pytest.mark.parametrize("number", [0, 1])
def test_who_sends_too_much_is_read_later_and_loses_nothing(start: Start, number: int) -> None:
    """500 messages at 1,000 a second, all of them sent at once."""
    router = start(*metered("pause", rate=1000))
    with Client(router.urls[number]) as client:
        for _ in range(500):
            client.send(Publish(client.next_request(), {"acknowledge": True}, "com.t"))
        assert [client.expect(Published).request for _ in range(500)] == list(range(1, 501))


def test_each_message_of_a_batch_counts(start: Start) -> None:
    """A batch is no way around the limit."""
    router = start(*metered("disconnect"))
    batch = WebSocket(router.urls[0], "wamp.2.json.batched")
    batch.send(HELLO + b"\x1e")
    batch.receive()
    batch.send(b"".join(b'[16,%d,{"acknowledge":true},"com.t"]\x1e' % number for number in range(1, 100)))
    assert [batch.receive()[:4] for _ in range(10)] == [b"[17,"] * 10
    assert batch.closing().code == 1008
    batch.close()


def test_a_flood_that_is_paused_can_be_cut_off_and_leaves_nothing(start: Start) -> None:
    """Its pause would last for minutes."""
    router = start(*metered("pause"))
    listening = open_sockets(router)
    for url in router.urls * 10:
        client = Client(url)
        for _ in range(200):
            client.publish("com.t")
        client.stream.reset()
    eventually(lambda: open_sockets(router) <= listening, "nothing stays open")


# -- more joins than an address may try, more sessions than a principal may have


def test_who_joins_too_often_is_asked_to_come_back_later(start: Start) -> None:
    """WebSocket closes with 1013, RawSocket without ABORT, which clients take for final; who is in stays in."""
    router = start(
        {"type": "websocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": endpoint()},
        limits={"joins_per_second": 1, "join_burst": 3, "limit_local": True},
    )
    clients = [Client(router.urls[number % 2]) for number in range(3)]
    for url, code in ((router.urls[0], 1013), (router.urls[1], 1006)):
        late = Client(url, join=False)
        late.send(Hello("realm1", {"roles": {"caller": {}}}))
        assert late.closing().code == code
        clients.append(late)
    clients[0].publish_acknowledged("com.t")
    for client in clients:
        client.close()


def test_a_principal_has_so_many_sessions(start: Start) -> None:
    """One that leaves makes room, and so does one that is simply gone."""
    router = start(
        {
            "type": "websocket",
            "endpoint": endpoint(),
            "auth": {"ticket": {"principals": {"joe": {"ticket": "a ticket", "role": "anonymous"}}}},
        },
        limits={"sessions_per_principal": 2},
    )

    def login() -> Client:
        client = Client(router.urls[0], join=False)
        client.send(Hello("realm1", {"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": "joe"}))
        client.expect(Challenge)
        client.send(Authenticate("a ticket", {}))
        return client

    def is_admitted() -> bool:
        try:
            with login() as client:
                client.expect(Welcome)
        except Closed:
            return False
        return True

    first, second, third = login(), login(), login()
    first.expect(Welcome)
    second.expect(Welcome)
    assert third.closing().code == 1013
    first.leave()
    eventually(is_admitted, "there is room again")
    second.close()
    eventually(is_admitted, "there is room again")
    for client in (first, third):
        client.close()
