"""The HTTP bridge over a real listener: publishing and calling with POST."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.support.bridge import KEY, SECRET, Http, bridge_config, query, request, response, shop_is_open
from tests.support.process import RouterProcess
from tests.support.raw import Client, Closed, Stream
from wamp.protocol.messages import Interrupt, Invocation
from wamprouter.auth.hashes import make

TOKEN = "correct horse battery staple"
OTHER = "another token of some length"
SIGNED = {"key": KEY, "secret": SECRET}
PATHS: dict[str, Any] = {
    "call": {"type": "caller", "realm": "realm1", "role": "web"},
    "publish": {"type": "publisher", "realm": "realm1", "role": "web"},
    "signed": {
        "type": "publisher",
        "realm": "realm1",
        "role": "web",
        "options": {**SIGNED, "timestamp_delta_limit": 60},
    },
    "hasty": {"type": "caller", "realm": "realm1", "role": "web", "options": {"request_timeout": 100}},
    "few": {"type": "caller", "realm": "realm1", "role": "web", "options": {"max_requests": 1}},
    "small": {"type": "caller", "realm": "realm1", "role": "web", "options": {"post_body_limit": 512}},
    "tls": {"type": "caller", "realm": "realm1", "role": "web", "options": {"require_tls": True}},
    "elsewhere": {"type": "caller", "realm": "realm1", "role": "web", "options": {"require_ip": ["10.0.0.0/8"]}},
    "tokens": {
        "type": "caller",
        "realm": "realm1",
        "role": "web",
        "options": {"tokens": [TOKEN, make(OTHER, "sha256", bytes(16))]},
    },
    "pages": {
        "type": "caller",
        "realm": "realm1",
        "role": "web",
        "options": {"cors": {"allowed_origins": ["https://*.example.com"]}},
    },
}


@pytest.fixture(scope="module")
def router(start_shared: Start, tmp_path_factory: pytest.TempPathFactory) -> RouterProcess:
    config = bridge_config(tmp_path_factory.mktemp("shop"), PATHS)
    config["transports"][0]["options"] = {"client_timeout": 1}
    return shop_is_open(start_shared(**config))


@pytest.fixture
def http(router: RouterProcess) -> Iterator[Http]:
    with Http(router) as http:
        yield http


@pytest.fixture
def client(router: RouterProcess) -> Iterator[Client]:
    with Client(router.url("ws")) as client:
        yield client


def stream(router: RouterProcess) -> Stream:
    return Stream(router.url("http"))


CALL = {"procedure": "com.shop.echo", "args": [1, "ü"], "kwargs": {"a": None}}


# -- calls


def test_a_call_is_answered_with_its_whole_result(http: Http) -> None:
    """Positional and named results."""
    answer = http.post("/call", CALL)
    assert (200, {"args": [1, "ü"], "kwargs": {"a": None}}) == (answer.status, answer.json)


def test_the_role_of_the_path_is_who_calls(http: Http) -> None:
    """It is disclosed to the callee like anybody."""
    assert ["web"] == http.post("/call", {"procedure": "com.shop.who"}).json["args"]


def test_binary_values_have_the_form_that_wamp_gives_them_in_json(http: Http) -> None:
    """There and back."""
    assert ["\0AP8="] == http.post("/call", {"procedure": "com.shop.binary"}).json["args"]
    assert ["\0AP8="] == http.post("/call", {"procedure": "com.shop.echo", "args": ["\0AP8="]}).json["args"]


@pytest.mark.parametrize(
    ("body", "status", "uri"),
    [
        ({"procedure": "com.shop.sell", "args": ["tea"]}, 422, "com.shop.error.sold_out"),
        ({"procedure": "com.shop.nothing"}, 404, "wamp.error.no_such_procedure"),
        ({"procedure": "org.other"}, 403, "wamp.error.not_authorized"),
        ({"procedure": "not a uri"}, 400, "wamp.error.invalid_uri"),
        ({"procedure": "com.shop.never", "options": {"timeout": 20}}, 504, "wamp.error.timeout"),
        ({"args": []}, 400, "wamp.error.invalid_argument"),
        ({"procedure": 1}, 400, "wamp.error.invalid_argument"),
        ({"procedure": "com.shop.echo", "kwarg": {}}, 400, "wamp.error.invalid_argument"),
        ({"procedure": "com.shop.echo", "args": {}}, 400, "wamp.error.invalid_argument"),
        ({"procedure": "com.shop.echo", "options": {"receive_progress": True}}, 400, "wamp.error.invalid_argument"),
        ({"procedure": "com.shop.echo", "args": [2**70]}, 400, "wamp.error.invalid_argument"),
        ([], 400, "wamp.error.invalid_argument"),
        (b"{", 400, "wamp.error.invalid_argument"),
        (b"", 400, "wamp.error.invalid_argument"),
        (b"\xff", 400, "wamp.error.invalid_argument"),
        (
            b'{"procedure": "com.shop.echo", "args": [' + b"[" * 200 + b"]" * 200 + b"]}",
            400,
            "wamp.error.invalid_argument",
        ),
        (b"[" * 20_000, 400, "wamp.error.invalid_argument"),
    ],
)
def test_an_error_has_its_status_and_its_uri(http: Http, body: Any, status: int, uri: str) -> None:
    """As JSON, with a text for people."""
    answer = http.post("/call", body)
    assert (status, uri) == (answer.status, answer.json["error"]), answer.json
    assert answer.json["message"]


def test_an_error_has_its_arguments(http: Http) -> None:
    """Those that the procedure has given it."""
    answer = http.post("/call", {"procedure": "com.shop.sell", "args": ["tea"]}).json
    assert ("no tea left", ["no tea left"], {"what": "tea"}) == (answer["message"], answer["args"], answer["kwargs"])


def test_a_call_that_is_not_answered_is_cancelled(http: Http) -> None:
    """After the time of the path."""
    before = http.post("/call", {"procedure": "com.shop.cancelled"}).json["args"][0]
    answer = http.post("/hasty", {"procedure": "com.shop.never"})
    assert (504, "wamp.error.timeout") == (answer.status, answer.json["error"])
    assert [before + 1] == http.post("/call", {"procedure": "com.shop.cancelled"}).json["args"]


@pytest.fixture
def callee(client: Client) -> Client:
    """One that answers when a test says so."""
    client.register("com.shop.slow")
    return client


SLOW = b'{"procedure": "com.shop.slow"}'


def test_a_call_is_cancelled_when_the_client_has_gone(router: RouterProcess, callee: Client) -> None:
    """Nobody waits for it any more."""
    waiting = stream(router)
    waiting.send(request("/call", SLOW))
    invocation = callee.expect(Invocation)
    waiting.reset()
    assert Interrupt(invocation.request, {"mode": "killnowait"}) == callee.receive()


def test_more_requests_at_once_than_there_may_be_are_refused(router: RouterProcess, http: Http, callee: Client) -> None:
    """And are told to come again, which is of use when there are fewer."""
    waiting = stream(router)
    waiting.send(request("/few", SLOW))
    invocation = callee.expect(Invocation)
    answer = http.post("/few", CALL)
    assert (503, "1") == (answer.status, answer.headers["retry-after"])
    callee.answer(invocation.request)
    assert 200 == response(waiting)[0]
    assert 200 == http.post("/few", CALL).status


# -- publications


def test_a_publication_reaches_subscribers_and_is_answered_with_its_id(http: Http, client: Client) -> None:
    """With all of its payload."""
    client.subscribe("com.shop.news")
    answer = http.post("/publish", {"topic": "com.shop.news", "args": [1], "kwargs": {"b": 2}})
    event = client.receive()
    assert (200, event.publication) == (answer.status, answer.json["id"])
    assert [1] == client.args(event)


def test_a_publication_is_for_those_who_are_eligible(http: Http, client: Client) -> None:
    """Options are taken."""
    client.subscribe("com.shop.news")
    http.post("/publish", {"topic": "com.shop.news", "args": [1], "options": {"eligible": [1]}})
    http.post("/publish", {"topic": "com.shop.news", "args": [2]})
    assert [2] == client.args(client.receive())


def test_what_the_role_may_not_publish_is_refused(http: Http) -> None:
    """With 403."""
    assert 403 == http.post("/publish", {"topic": "org.other"}).status


# -- HTTP itself


def test_other_methods_are_refused(http: Http) -> None:
    """With those that there are."""
    answer = http.get("/call")
    assert (405, "POST, PUT, OPTIONS") == (answer.status, answer.headers["allow"])


def test_a_body_of_another_type_is_refused(http: Http) -> None:
    """Which also keeps web pages of other origins from sending one without asking."""
    assert 415 == http.post("/call", b"{}", content_type="text/plain").status
    assert 415 == http.post("/call", b"{}", content_type="application/json; charset=latin-1").status


def test_there_is_nothing_below_a_path(http: Http) -> None:
    """A path is a leaf."""
    assert 404 == http.post("/call/more", CALL).status


def test_a_path_can_demand_tls_and_addresses(http: Http) -> None:
    """Before anything is done."""
    assert 403 == http.post("/tls", CALL).status
    assert 403 == http.post("/elsewhere", CALL).status


@pytest.mark.parametrize("token", [TOKEN, OTHER])
def test_a_token_that_is_known_opens_a_path(http: Http, token: str) -> None:
    """Also where only its hash is known."""
    assert 200 == http.post("/tokens", CALL, authorization=f"Bearer {token}").status


@pytest.mark.parametrize("given", ["Bearer wrong", f"Basic {TOKEN}", "Bearer", "", "Bearer \xff"])
def test_other_tokens_are_refused(http: Http, given: str) -> None:
    """And none is as good as a wrong one."""
    answer = http.post("/tokens", CALL, **({"authorization": given} if given else {}))
    assert (401, "Bearer") == (answer.status, answer.headers["www-authenticate"])


def test_pages_of_other_origins_are_refused(http: Http) -> None:
    """Those of the same origin are not, nor programs, which have none."""
    host = f"{http.connection.host}:{http.connection.port}"
    assert 403 == http.post("/call", CALL, origin="https://example.org").status
    assert 200 == http.post("/call", CALL, origin=f"http://{host}").status


def test_pages_that_are_allowed_may_read_the_answer(http: Http) -> None:
    """And are told so before, if they ask."""
    answer = http.post("/pages", CALL, origin="https://app.example.com")
    assert (200, "https://app.example.com") == (answer.status, answer.headers["access-control-allow-origin"])
    asked = http.ask("OPTIONS", "/pages", origin="https://app.example.com", access_control_request_method="POST")
    assert (204, "POST, PUT") == (asked.status, asked.headers["access-control-allow-methods"])
    assert 403 == http.ask("OPTIONS", "/pages", origin="https://example.org").status


BODY = json.dumps(CALL).encode()
CHUNKED = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:5], BODY[5:6], BODY[6:])) + b"0\r\n\r\n"


def test_a_body_may_come_in_chunks(router: RouterProcess) -> None:
    """And a request behind it is answered as well."""
    one = stream(router)
    one.send(request("/call", b"", "Transfer-Encoding: chunked") + CHUNKED + request("/call", BODY))
    assert [200, 200] == [response(one)[0] for _ in range(2)]


def test_a_body_may_come_byte_by_byte(router: RouterProcess) -> None:
    """As it is read."""
    one = stream(router)
    for byte in request("/call", BODY):
        one.send(bytes([byte]))
    assert 200 == response(one)[0]


def test_a_client_that_asks_first_is_told_to_go_on(router: RouterProcess) -> None:
    """Expect: 100-continue."""
    one = stream(router)
    one.send(request("/call", BODY, "Expect: 100-continue")[: -len(BODY)])
    assert one.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
    one.send(BODY)
    assert 200 == response(one)[0]


def test_a_client_that_asks_first_is_not_told_to_send_too_much(router: RouterProcess) -> None:
    """It hears 413 at once."""
    one = stream(router)
    one.send(request("/small", b"", "Expect: 100-continue", "Content-Length: 1000000"))
    assert 413 == response(one)[0]


@pytest.mark.parametrize(
    "sent",
    [
        request("/small", b" " * 513),
        request("/small", b"", "Content-Length: 99999999999999999"),
        request("/small", b"", "Transfer-Encoding: chunked") + b"201\r\n" + b" " * 513 + b"\r\n0\r\n\r\n",
    ],
)
def test_a_body_that_is_too_long_is_refused(router: RouterProcess, sent: bytes) -> None:
    """With 413, and the connection ends: what follows is not read."""
    one = stream(router)
    one.send(sent)
    assert 413 == response(one)[0]
    assert b"" == one.read_to_end()


def test_a_body_without_end_is_cut(router: RouterProcess) -> None:
    """It is not kept either."""
    one = stream(router)
    one.send(request("/small", b"", "Transfer-Encoding: chunked"))
    part = b"1000\r\n" + b" " * 4096 + b"\r\n"
    with pytest.raises(Closed):
        any(map(one.send, repeat(part)))


@pytest.mark.parametrize("rest", [b"", b"{"])
def test_a_slow_body_is_cut(router: RouterProcess, rest: bytes) -> None:
    """After the time that the client has for its request, however it comes."""
    one = stream(router)
    one.send(request("/call", b"", "Content-Length: 1000") + rest)
    begun = time.monotonic()
    assert b"" == one.read_to_end()
    assert time.monotonic() - begun < 5


def test_requests_that_are_sent_ahead_are_answered_in_order(router: RouterProcess) -> None:
    """A thousand of them, with bodies."""
    one = stream(router)
    bodies = [b'{"procedure": "com.shop.echo", "args": [%d]}' % number for number in range(1000)]
    one.send(b"".join(request("/call", body) for body in bodies))
    assert list(range(1000)) == [json.loads(response(one)[1])["args"][0] for _ in bodies]


@pytest.mark.parametrize(
    "sent",
    [
        request("/call", b"", "Content-Length: -1"),
        request("/call", b"", "Content-Length: 5", "Content-Length: 6"),
        request("/call", b"", "Content-Length: 5", "Transfer-Encoding: chunked"),
        request("/call", b"", "Transfer-Encoding: chunked") + b"zz\r\n",
        request("/call", b"", *(f"X{number}: x" for number in range(600))),
    ],
)
def test_a_malformed_request_is_refused(router: RouterProcess, sent: bytes) -> None:
    """And the connection ends."""
    one = stream(router)
    one.send(sent)
    assert b"HTTP/1.1 400 " == one.read_to_end()[:13]


def test_a_header_that_is_too_long_ends_the_connection(router: RouterProcess) -> None:
    """It is not kept to be answered."""
    one = stream(router)
    one.send(request("/call", b"", "X: " + "x" * 20_000))
    assert b"" == one.read_to_end()


# -- signed requests


def test_a_signed_request_is_taken(http: Http) -> None:
    """As Crossbar's clients sign it."""
    body = b'{"topic": "com.shop.news"}'
    assert 200 == http.post(f"/signed?{query(body)}", body).status


NEWS = b'{"topic": "com.shop.news"}'
# Signed in the test itself: what was signed when tests were collected would be refused as too late, whatever else it is.
WRONGLY_SIGNED: dict[str, tuple[int, Callable[[], str]]] = {
    "not at all": (401, lambda: ""),
    "other secret": (401, lambda: query(NEWS, secret="another")),
    "other key": (401, lambda: query(NEWS, key="another")),
    "other nonce": (401, lambda: query(NEWS, nonce="0")),
    "other body": (401, lambda: query(b'{"topic": "com.shop.others"}')),
    "no signature": (401, lambda: query(NEWS, signature="x")),
    "late": (401, lambda: query(NEWS, late=2000)),
    "early": (401, lambda: query(NEWS, late=-2000)),
    "no timestamp": (400, lambda: query(NEWS, timestamp="yesterday")),
    "no number": (400, lambda: query(NEWS, seq="one")),
    "two keys": (401, lambda: query(NEWS) + "&key=twice"),
}


@pytest.mark.parametrize(("status", "signed"), WRONGLY_SIGNED.values(), ids=WRONGLY_SIGNED)
def test_a_request_that_is_not_rightly_signed_is_refused(http: Http, status: int, signed: Callable[[], str]) -> None:
    """Wrong, late, early, malformed, missing."""
    answer = http.post(f"/signed?{signed()}", NEWS)
    assert (status, "wamp.error.authentication_failed") == (answer.status, answer.json["error"])


def test_a_signed_request_is_taken_once(http: Http) -> None:
    """However its parameters are cut."""
    body = b'{"topic": "com.shop.news"}'
    parameters = query(body)
    assert 200 == http.post(f"/signed?{parameters}", body).status
    assert 401 == http.post(f"/signed?{parameters}", body).status
    moved = parameters.replace("seq=1&nonce=", "seq=1X&nonce=").replace("X", parameters.split("nonce=")[1][0])
    moved = moved.replace(f"nonce={parameters.split('nonce=')[1][0]}", "nonce=")
    assert http.post(f"/signed?{moved}", body).status in (400, 401)


# -- the session of a path


def session_of(client: Client, authid: str) -> int:
    client.call("wamp.session.list", ["web"])
    sessions = client.args(client.receive())[0]
    for session in sessions:
        client.call("wamp.session.get", session)
        if client.args(client.receive())[0]["authid"] == authid:
            return int(session)
    raise AssertionError(f"no session of {authid}")


def test_a_path_goes_on_after_its_session_was_killed(http: Http, client: Client) -> None:
    """It joins again."""
    http.post("/call", CALL)
    client.call("wamp.session.kill", session_of(client, "/call"))
    client.receive()
    assert 200 == http.post("/call", CALL).status


def test_a_call_ends_with_the_session_that_has_made_it(router: RouterProcess, callee: Client) -> None:
    """Its client hears so at once, and not at the end of its time."""
    waiting = stream(router)
    waiting.send(request("/few", SLOW))
    callee.expect(Invocation)
    with Client(router.url("ws")) as other:
        other.call("wamp.session.kill", session_of(other, "/few"))
        other.receive()
    status, body = response(waiting)
    assert (502, "wamp.error.canceled") == (status, json.loads(body)["error"])


# -- reload


def test_a_reload_keeps_what_is_in_flight_and_what_was_taken(start: Start) -> None:
    """A call of a path that is gone is answered, and a signed request is not taken again."""
    callee = {"path": {"type": "caller", "realm": "realm1", "role": "web"}, "signed": PATHS["signed"]}
    config = bridge_config(None, callee)
    body = b'{"topic": "com.shop.news"}'
    parameters = query(body)
    router = start(**config)
    with Http(router) as http, Client(router.url("ws")) as client:
        assert 200 == http.post(f"/signed?{parameters}", body).status
        client.register("com.shop.slow")
        waiting = stream(router)
        waiting.send(request("/path", b'{"procedure": "com.shop.slow"}'))
        invocation = client.receive()
        del config["transports"][0]["paths"]["path"]
        config["transports"][0]["paths"]["signed"] = {**PATHS["signed"], "role": "anonymous"}
        assert router.reload(config)[0]
        assert 404 == http.post("/path", CALL).status
        client.answer(invocation.request, "done")
        status, answer = response(waiting)
        assert (200, ["done"]) == (status, json.loads(answer)["args"])
        assert 401 == http.post(f"/signed?{parameters}", body).status
        client.call("wamp.session.count", ["web"])
        assert [0] == client.args(client.receive())


# -- the end of the router


def test_requests_are_answered_when_the_router_stops(start: Start) -> None:
    """A call that is answered in time with its result, another one with an error; neither is cut."""
    config = bridge_config(None, {"call": PATHS["call"]}, drain_timeout=100)
    router = start(**config)
    with Client(router.url("ws")) as client:
        client.register("com.shop.slow")
        waiting = [stream(router) for _ in range(2)]
        for one in waiting:
            one.send(request("/call", SLOW))
        invocations = [client.expect(Invocation) for _ in waiting]
        router.process.terminate()
        client.answer(invocations[0].request, "done")
        answers = sorted(response(one) for one in waiting)
        assert [200, 502] == [status for status, _ in answers]
