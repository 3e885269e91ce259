"""Long-poll as HTTP: who may open, which pages may ask, what is answered, reload and stop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.support.longpoll import LongPoll, Refused, post
from tests.support.process import RouterProcess, config, endpoint
from tests.support.raw import Client
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import Hello, Welcome

OPEN = b'{"protocols": ["wamp.2.json"]}'
PAGE = "https://app.example.com"
TICKET = {"ticket": {"type": "static", "principals": {"joe": {"ticket": "a long secret", "role": "anonymous"}}}}


def web(**paths: Any) -> dict[str, Any]:
    return {"type": "web", "endpoint": endpoint(), "paths": paths}


def longpoll(**more: Any) -> dict[str, Any]:
    return {"type": "longpoll", **more}


@pytest.fixture(scope="module")
def router(start_shared: Start) -> RouterProcess:
    return start_shared(
        web(
            lp=longpoll(options={"max_message_size": 4096}),
            pages=longpoll(options={"allowed_origins": [PAGE], "allow_null_origin": False}),
            few=longpoll(serializers=["cbor"], options={"request_timeout": 50}),
            known=longpoll(auth={**TICKET, "cookie": {"type": "static"}}, cookie={"name": "who"}),
            info={"type": "nodeinfo"},
        )
    )


@pytest.fixture
def url(router: RouterProcess) -> str:
    return router.urls[0]


@pytest.fixture
def client(url: str) -> Iterator[LongPoll]:
    with LongPoll(url) as client:
        yield client
        try:
            client.close()
        except Refused:
            pass  # it has ended


# -- what is answered


@pytest.mark.parametrize("protocol", ["json", "msgpack", "cbor"])
def test_every_serializer(url: str, protocol: str) -> None:
    """As with WebSocket, whose names they have."""
    codec = CODECS[protocol]
    with LongPoll(url, f"wamp.2.{protocol}") as client:
        client.send(codec.encode(Hello("realm1", {"roles": {"caller": {}}})))
        assert isinstance(codec.decode(client.receive()), Welcome)
        client.close()


def test_who_offers_more_gets_what_comes_first(url: str) -> None:
    """Among what the path has; the client's order decides."""
    status, body, response = post(url, "open", b'{"protocols": ["wamp.3", "wamp.2.cbor.batched", "wamp.2.json"]}')
    assert (status, response.headers["content-type"]) == (200, "application/json")
    assert json.loads(body)["protocol"] == "wamp.2.cbor.batched"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"protocols": "wamp.2.json"}', b'{"protocols": [1]}', b'{"protocols": []}']
)
def test_what_does_not_ask_for_a_protocol_is_refused(url: str, body: bytes) -> None:
    """In a line that says what was expected."""
    status, text, _ = post(url, "open", body)
    assert status == 400
    assert b"protocols" in text


@pytest.mark.parametrize("path", ["", "open/more", "x/receive", "x/send", "x/close", "x/y/z", "%FF/receive", "opens"])
def test_what_is_not_there_is_not_found(url: str, path: str) -> None:
    """Ids that nobody has are among that."""
    assert post(url, path)[0] == 404


def test_a_query_is_ignored(url: str) -> None:
    """Clients make their requests different by one, so that nothing on the way keeps the answer."""
    status, _, response = post(url, "open?x=382913", OPEN)
    assert (status, response.headers["cache-control"]) == (200, "no-store")


def test_a_longer_message_is_refused(client: LongPoll) -> None:
    """With 413, before it is read; the connection stays."""
    with pytest.raises(Refused) as refusal:
        client.say(16, 1, {}, "com.topic", ["x" * 5000])
    assert refusal.value.status == 413
    assert client.join()[0] == 2


def test_what_is_no_message_is_refused(client: LongPoll) -> None:
    """With 400, and ABORT can be fetched."""
    client.join()
    with pytest.raises(Refused) as refusal:
        client.send(b"what?")
    assert refusal.value.status == 400
    assert client.hear()[0] == 3


def test_nothing_may_come_of_a_request(router: RouterProcess) -> None:
    """Then it is answered with 204 when its time is over."""
    with LongPoll(router.urls[2], "wamp.2.cbor") as client:
        assert client.receive() == b""


def test_only_posts_are_taken(url: str) -> None:
    """As for everything that a browser must not do by itself."""
    status, _, response = post(url, "open", b"", method="GET")
    assert (status, response.headers["allow"]) == (405, "POST, OPTIONS")


def test_sessions_of_both_kinds_hear_each_other(start: Start) -> None:
    """A publication by WebSocket reaches who waits for it by long-poll."""
    router = start(web(lp=longpoll(), ws={"type": "websocket"}))
    with LongPoll(router.url("http")) as subscriber, Client(router.url("ws")) as publisher:
        subscriber.join()
        subscriber.say(32, 1, {}, "com.topic")
        assert subscriber.hear()[0] == 33
        subscriber.begin_receive()
        publisher.publish("com.topic", "hello")
        assert subscriber.hear()[4] == ["hello"]


def test_a_new_socket_takes_the_place_of_an_old_one(client: LongPoll) -> None:
    """The connection is that of the id, whatever sockets come and go."""
    client.join()
    client.begin_receive()
    old = client.use_another_socket()
    client.begin_receive()
    assert old.end()[0] == 409
    old.close()
    client.say(32, 1, {}, "com.topic")
    assert client.hear()[0] == 33


def test_node_info_names_it(router: RouterProcess) -> None:
    """With its transport, because a client cannot tell by trying WebSocket."""
    _, body, _ = post(router.urls[-1].removesuffix("/info"), "info", method="GET")
    paths = {service["path"]: service["transport"] for service in json.loads(body)["services"]}
    assert paths["/lp"] == "longpoll"


# -- pages


def test_a_page_of_an_allowed_origin_may_ask(router: RouterProcess) -> None:
    """Its browser asks first, and may then send its cookies."""
    status, _, response = post(router.urls[1], "open", method="OPTIONS", origin=PAGE)
    headers = {name: value for name, value in response.headers.items() if name.lower().startswith("access-control")}
    assert (status, headers) == (
        204,
        {
            "Access-Control-Allow-Origin": PAGE,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": "content-type",
            "Access-Control-Max-Age": "600",
        },
    )
    status, _, response = post(router.urls[1], "open", OPEN, origin=PAGE)
    assert (status, response.headers["access-control-allow-origin"], response.headers["vary"]) == (200, PAGE, "origin")


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example.com", "http://app.example.com", "null", "x", "https://["]
)
def test_a_page_of_another_origin_may_not(router: RouterProcess, origin: str) -> None:
    """And nothing is opened for it."""
    status, _, response = post(router.urls[1], "open", OPEN, origin=origin)
    assert (status, response.headers["access-control-allow-origin"]) == (403, None)


def test_a_cookie_stands_for_a_login(router: RouterProcess) -> None:
    """Opening sets it; who has logged in with it need not do so again."""
    url = router.urls[3]
    _, body, response = post(url, "open", OPEN)
    cookie = SimpleCookie(response.headers["set-cookie"])["who"].value
    connection = f"{json.loads(body)['transport']}"
    details = {"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": "joe"}
    post(url, f"{connection}/send", json.dumps([1, "realm1", details]).encode())
    assert json.loads(post(url, f"{connection}/receive")[1])[0] == 4
    post(url, f"{connection}/send", b'[5,"a long secret",{}]')
    assert json.loads(post(url, f"{connection}/receive")[1])[0] == 2
    with LongPoll(url, cookie=f"who={cookie}") as client:
        assert client.join(authmethods=["cookie"])[2]["authmethod"] == "cookie"


# -- how many


def test_connections_count_for_the_client_behind_a_proxy(start: Start) -> None:
    """One for each that is open, whatever sockets its requests come by."""
    transport = web(lp=longpoll()) | {"trusted_proxies": ["127.0.0.1"]}
    router = start(transport, limits={"connections_per_address": 2})
    url = router.url("http")
    assert [200, 200, 429] == [post(url, "open", OPEN, **{"x-forwarded-for": "192.0.2.1"})[0] for _ in range(3)]
    assert post(url, "open", OPEN, **{"x-forwarded-for": "192.0.2.2"})[0] == 200


def test_a_client_that_goes_without_a_word_is_forgotten(start: Start) -> None:
    """Its session ends after ``session_timeout``."""
    router = start(web(lp=longpoll(options={"session_timeout": 300})), {"type": "rawsocket", "endpoint": endpoint()})
    with Client(router.url("rs")) as watcher:
        watcher.subscribe("wamp.session.on_leave")
        with LongPoll(router.url("http")) as client:
            _, session, _ = client.join()
        assert watcher.event_args()[0] == session


# -- reload and stop


def test_a_reload_keeps_connections(start: Start) -> None:
    """With the options that they have; new ones get others."""
    transport = web(lp=longpoll(), more=longpoll())
    router = start(transport)
    url = router.url("http")
    with LongPoll(url) as client, LongPoll(router.urls[1]) as other:
        client.join()
        client.begin_receive()
        other.begin_receive()
        transport["paths"] = {"lp": longpoll(options={"max_message_size": 2048})}
        done, lines = router.reload(config(transport))
        assert done, lines
        client.say(32, 1, {}, "com.topic")
        assert client.hear()[0] == 33
        with pytest.raises(Refused, match="this path is no longer configured"):
            other.receive()


def test_a_reload_ends_sessions_that_are_no_longer_admitted(start: Start) -> None:
    """As on every transport: with GOODBYE."""
    transport = web(lp=longpoll())
    router = start(transport)
    with LongPoll(router.url("http")) as client:
        client.join()
        client.begin_receive()
        transport["paths"] = {"lp": longpoll(auth=TICKET)}
        done, lines = router.reload(config(transport))
        assert done, lines
        assert client.hear()[::2] == [6, "wamp.error.not_authorized"]


def test_who_waits_when_the_router_stops_is_answered(start: Start) -> None:
    """With a status after which clients come back, and before the socket closes."""
    router = start(web(lp=longpoll()))
    with LongPoll(router.url("http")) as client:
        client.join()
        client.begin_receive()
        router.process.terminate()
        with pytest.raises(Refused) as refusal:
            client.receive()
        assert (refusal.value.status, refusal.value.text) == (503, "the router is shutting down")
