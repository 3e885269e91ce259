"""A component of type http: real web servers that answer, hang, break off, flood, and come back."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import queue
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import wamp
from tests.robustness.conftest import Start
from tests.robustness.measure import eventually
from tests.support.process import REALM, RouterProcess, config, endpoint
from tests.support.raw import TIMEOUT
from wamp.exception import PayloadExceededError

SECRET = "the secret of hooks"
PATIENT = {"retry_delay": 20, "max_retry_delay": 40}
WS = {"type": "websocket", "endpoint": endpoint()}


class WebService(ThreadingHTTPServer):
    """Does what the path of a request says, and keeps the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, str, Any, bytes]] = []
        self.left = threading.Event()  # somebody has gone away from "/hang"
        self.failures = 0  # how many requests of "/flaky" are still answered with 503
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def of(self, path: str) -> list[tuple[str, str, Any, bytes]]:
        return [request for request in self.requests if request[1].startswith(path)]

    def events(self, path: str) -> list[Any]:
        return [json.loads(request[3])["args"] for request in self.of(path)]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is what is tested here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WebService

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.requests.append((self.command, self.path, self.headers, body))
        name = self.path.partition("?")[0].split("/")[1]
        getattr(self, f"_{name}", self._ok)()

    do_GET = do_POST = do_PUT = do_DELETE = _do

    def _answer(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _ok(self) -> None:
        self._answer(200, json.dumps({"path": self.path}).encode())

    def _flaky(self) -> None:
        self.server.failures -= 1
        self._answer(503 if self.server.failures >= 0 else 204, b"")

    def _gone(self) -> None:
        self._answer(404, b"nothing of that name", "text/plain")

    def _moved(self) -> None:
        self._answer(302, b"", location="/elsewhere")

    def _hang(self) -> None:
        self.connection.settimeout(TIMEOUT)
        with contextlib.suppress(ConnectionError):
            self.connection.recv(1)
        self.server.left.set()
        self.close_connection = True

    def _broken(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")
        self.close_connection = True

    def _nonsense(self) -> None:
        self.wfile.write(b"what is this?\r\n\r\n")
        self.close_connection = True

    def _headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            self.wfile.write(b"X-%d: %s\r\n" % (number, b"x" * 1000))

    def _flood(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
        for _ in range(100):
            self.wfile.write(bytes(1 << 20))

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def service() -> Iterator[WebService]:
    with WebService() as server:
        yield server
        server.shutdown()


def component(service: WebService) -> dict[str, Any]:
    def procedure(name: str, path: str, **more: Any) -> dict[str, Any]:
        return {"procedure": f"com.web.{name}", "url": service.url + path, **more}

    def event(name: str, path: str, **more: Any) -> dict[str, Any]:
        return {"topic": f"com.news.{name}", "url": service.url + path, **PATIENT, **more}

    return {
        "type": "http",
        "realm": "realm1",
        "role": "anonymous",
        "events": [
            event("one", "/hook", secret=SECRET, headers={"X-Mine": "yes"}),
            event("flaky", "/flaky"),
            event("", "/all", match="prefix", topic="com.news"),
            {"topic": "com.closed", "url": "http://127.0.0.1:1/", "attempts": 2, **PATIENT},
        ],
        "procedures": [
            procedure("weather", "/weather/{city}?lang={lang}"),
            procedure("order", "/orders/{0}", method="PUT"),
            procedure("anything", "/rpc", method="POST", arguments="call", secret=SECRET),
            procedure("hang", "/hang", timeout=300),
            procedure("patient", "/hang", concurrency=1, max_waiting=0),
            *(procedure(name, f"/{name}") for name in ("gone", "moved", "broken", "nonsense", "headers", "flood")),
            {"procedure": "com.web.closed", "url": "http://127.0.0.1:1/"},
        ],
    }


@pytest.fixture(scope="module")
def router(start_shared: Start, service: WebService) -> RouterProcess:
    return start_shared(WS, components=[component(service)])


@pytest.fixture(scope="module")
def client(router: RouterProcess) -> Iterator[Any]:
    with wamp.connect(router.url("ws"), realm="realm1") as session:
        yield session


def error_of(client: Any, procedure: str, *args: Any, **kwargs: Any) -> Any:
    with pytest.raises(wamp.ApplicationError) as caught:
        client.call(procedure, *args, **kwargs)
    return caught.value


def test_a_call_becomes_a_request(client: Any, service: WebService) -> None:
    """Arguments fill the address, the others are its query; the JSON of the answer is the result."""
    assert client.call("com.web.weather", city="Bad Ems", lang="de", days=3) == {
        "path": "/weather/Bad%20Ems?lang=de&days=3"
    }
    method, _, headers, _ = service.of("/weather")[-1]
    assert (method, headers["user-agent"]) == ("GET", "wamprouter")


def test_arguments_become_a_body(client: Any, service: WebService) -> None:
    """Those that are not in the address."""
    client.call("com.web.order", 7, colour="red", many=[1, 2])
    method, path, headers, body = service.of("/orders")[-1]
    assert (method, path, headers["content-type"]) == ("PUT", "/orders/7", "application/json")
    assert json.loads(body) == {"colour": "red", "many": [1, 2]}


def test_all_arguments_become_a_body(client: Any, service: WebService) -> None:
    """Positional ones and keyword ones, signed."""
    client.call("com.web.anything", 7, b"\0\1", colour="red")
    _, _, headers, body = service.of("/rpc")[-1]
    assert json.loads(body) == {"args": [7, "\0AAE="], "kwargs": {"colour": "red"}}
    assert headers["x-hub-signature-256"] == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    signed = f"{headers['x-wamp-timestamp']}\nPOST\n{service.url}/rpc\n".encode() + body
    assert headers["x-wamp-signature"] == "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("procedure", "uri", "text"),
    [
        ("gone", "http.error.404", "the answer has the status 404 Not Found"),
        ("moved", "http.error.302", "the answer has the status 302 Found"),
        ("broken", "wamp.error.network_failure", "the web service cannot be reached"),
        ("nonsense", "wamp.error.network_failure", "the web service cannot be reached"),
        ("headers", "wamp.error.network_failure", "the web service cannot be reached"),
        ("closed", "wamp.error.network_failure", "the web service cannot be reached"),
    ],
)
def test_a_service_that_fails(client: Any, procedure: str, uri: str, text: str) -> None:
    """The caller hears what has happened, and nothing that is none of his business."""
    error = error_of(client, f"com.web.{procedure}")
    assert (error.error, error.args[0]) == (uri, text)


def test_an_answer_that_is_too_long(client: Any) -> None:
    """It is not read to its end."""
    with pytest.raises(PayloadExceededError, match="the answer is longer than 1048576 bytes"):
        client.call("com.web.flood")


def test_a_redirection_is_not_followed(client: Any, service: WebService) -> None:
    """It could lead anywhere."""
    error_of(client, "com.web.moved")
    assert service.of("/elsewhere") == []


def test_arguments_that_make_no_request(client: Any, service: WebService) -> None:
    """The service never hears of them."""
    before = len(service.requests)
    assert error_of(client, "com.web.weather", city="..", lang="de").error == "wamp.error.invalid_argument"
    assert error_of(client, "com.web.weather", "Ulm", city="Ulm", lang="de").args == (
        "com.web.weather takes keyword arguments, and 0 positional ones",
    )
    assert len(service.requests) == before


def test_a_service_that_hangs(client: Any, service: WebService) -> None:
    """The call fails in time, and the request is ended."""
    service.left.clear()
    assert error_of(client, "com.web.hang").error == "wamp.error.timeout"
    assert service.left.wait(TIMEOUT)


def test_a_caller_that_cancels(client: Any, service: WebService) -> None:
    """The request is ended, and there is room for the next one; meanwhile there is none."""
    service.left.clear()
    before = len(service.of("/hang"))
    pending = client.start_call("com.web.patient")
    eventually(lambda: len(service.of("/hang")) > before, "the request is there")
    assert error_of(client, "com.web.patient").error == "wamp.error.unavailable"
    pending.cancel()
    assert service.left.wait(TIMEOUT)


def test_an_event_becomes_a_request(client: Any, service: WebService) -> None:
    """With topic, arguments, keyword arguments and the id of the publication; signed, and with the headers of the file."""
    client.publish("com.news.one", 1, "two", three=3)
    eventually(lambda: service.of("/hook"), "it is there")
    method, _, headers, body = service.of("/hook")[-1]
    event = json.loads(body)
    assert (method, headers["content-type"], headers["x-mine"]) == ("POST", "application/json", "yes")
    assert (event["topic"], event["args"], event["kwargs"]) == ("com.news.one", [1, "two"], {"three": 3})
    assert headers["idempotency-key"] == f"wamp-{event['publication']}"
    assert headers["x-hub-signature-256"] == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def test_events_of_a_pattern(client: Any, service: WebService) -> None:
    """Each says which topic it is of."""
    client.publish("com.news.other", "x")
    eventually(lambda: ["x"] in service.events("/all"), "it is there")
    assert json.loads(service.of("/all")[-1][3])["topic"] == "com.news.other"


def test_a_service_that_comes_back(client: Any, service: WebService) -> None:
    """Events wait for it, in their order."""
    service.failures = 3
    for number in range(3):
        client.publish("com.news.flaky", number)
    eventually(lambda: service.events("/flaky")[-1:] == [[2]], "the last one is there")
    assert service.events("/flaky") == [[0], [0], [0], [0], [1], [2]]
    keys = [request[2]["idempotency-key"] for request in service.of("/flaky")]
    assert len(set(keys[:4])) == 1


def test_a_service_that_stays_away(client: Any, router: RouterProcess) -> None:
    """Its events are given up, and the log says so."""
    client.publish("com.closed", 1)
    eventually(lambda: "events of com.closed for 127.0.0.1: an event is given up" in router.log, "it is given up")


def test_from_one_router_to_another(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A path of the type webhook takes what is sent, and what is not signed with its secret is given up."""
    options = {"topic": "com.arrived", "github_secret": SECRET}
    hook = {"type": "webhook", "realm": "realm1", "role": "anonymous", "options": options}
    web = {"type": "web", "endpoint": endpoint(), "paths": {"hook": hook, "ws": {"type": "websocket"}}}
    with RouterProcess(tmp_path_factory.mktemp("there"), config(web)) as there:
        url = there.url("http")
        events = [
            {"topic": "com.sent", "url": url, "secret": SECRET},
            {"topic": "com.forged", "url": url, "secret": "another secret"},
        ]
        ours = {"type": "http", "id": "hooks", "realm": "realm1", "role": "anonymous", "events": events}
        metrics = {"type": "web", "endpoint": endpoint(), "paths": {"metrics": {"type": "metrics"}}}
        heard: queue.Queue[Any] = queue.Queue()
        with (
            RouterProcess(tmp_path_factory.mktemp("here"), config(WS, metrics, components=[ours])) as here,
            wamp.connect(here.url("ws")) as sender,
            wamp.connect(there.url("ws")) as receiver,
        ):
            receiver.subscribe(heard.put, "com.arrived")
            eventually(lambda: sender.call("wamp.subscription.match", "com.forged"), "it has subscribed")
            sender.publish("com.forged", 1)
            sender.publish("com.sent", 2)
            assert json.loads(heard.get(timeout=TIMEOUT)["body"])["args"] == [2]
            eventually(lambda: "it is answered with status 401" in here.log, "it is given up")
            assert heard.empty()
            with urllib.request.urlopen(here.url("http"), timeout=TIMEOUT) as answer:
                shown = answer.read().decode()
            assert 'wamprouter_http_events_total{component="hooks",outcome="delivered"} 1.0' in shown
            assert 'wamprouter_http_events_total{component="hooks",outcome="given_up"} 1.0' in shown
            assert 'wamprouter_http_events_waiting{component="hooks"} 0.0' in shown


def test_a_reload_with_another_service(tmp_path: Path, service: WebService) -> None:
    """The procedures of the component are answered as the new file says."""
    ours = component(service)
    with RouterProcess(tmp_path, config(WS, components=[ours])) as router:
        changed = {**ours, "procedures": [{"procedure": "com.web.gone", "url": f"{service.url}/now/here"}]}
        done, lines = router.reload({**json.loads(router.file.read_text()), "components": [changed]})
        assert (done, lines) == (True, ["component http is started", "component http is ended"])
        with wamp.connect(router.url("ws"), realm="realm1") as client:
            assert client.call("com.web.gone") == {"path": "/now/here"}
        assert "Traceback" not in router.log


def test_the_end_of_the_router(tmp_path: Path, service: WebService) -> None:
    """Events get some time to arrive; what is lost then is counted."""
    ours = {**component(service), "grace": 200}
    ours["events"] = [{"topic": "com.stuck", "url": f"{service.url}/hang"}]
    with RouterProcess(tmp_path, config(WS, components=[ours])) as router:
        before = len(service.of("/hang"))
        with wamp.connect(router.url("ws"), realm="realm1") as client:
            eventually(lambda: client.call("wamp.subscription.match", "com.stuck"), "it has subscribed")
            client.publish("com.stuck", 1)
            client.publish("com.stuck", 2)
            eventually(lambda: len(service.of("/hang")) > before, "the first one is on its way")
        began = time.monotonic()
        assert router.stop() == 0
        assert time.monotonic() - began < 3
    assert "events of com.stuck for 127.0.0.1: 2 of them are lost" in router.log
    assert "Traceback" not in router.log


def test_a_certificate_is_checked(tmp_path: Path) -> None:
    """A service whose certificate nobody of the file's has signed is not spoken to."""
    import ssl

    import trustme

    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    contexts = []
    for each in (authority, stranger):
        contexts.append(context := ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        each.issue_cert("localhost").configure_cert(context)
    services = [WebService(), WebService()]
    for web, context in zip(services, contexts, strict=True):
        web.socket = context.wrap_socket(web.socket, server_side=True)
    procedures = [
        {"procedure": f"com.{name}", "url": f"https://localhost:{web.server_address[1]}/x"}
        for name, web in zip(("known", "stranger"), services, strict=True)
    ]
    ours = {**component(services[0]), "events": [], "procedures": procedures, "ca_certificates": "ca.pem"}
    folder = tmp_path
    with (
        RouterProcess(folder, config(WS, components=[ours])) as router,
        wamp.connect(router.url("ws"), realm="realm1") as client,
    ):
        assert client.call("com.known") == {"path": "/x"}
        assert error_of(client, "com.stranger").error == "wamp.error.network_failure"
    assert "certificate verify failed" in router.log
    for web in services:
        web.shutdown()
        web.server_close()


def test_certificates_that_are_none(tmp_path: Path, service: WebService) -> None:
    """The router says in one line why it does not start."""
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(RuntimeError, match=r"component http: .*ca\.pem has no certificate"):
        RouterProcess(tmp_path, config(WS, components=[{**component(service), "ca_certificates": "ca.pem"}]))


def test_what_may_not_be(tmp_path: Path) -> None:
    """A role that may not subscribe ends the component, and the log says why."""
    realm = {**REALM, "roles": [*REALM["roles"], {"name": "nobody"}]}
    ours = {
        "type": "http",
        "realm": "realm1",
        "role": "nobody",
        "events": [{"topic": "a.b", "url": "http://127.0.0.1:1"}],
    }
    with RouterProcess(tmp_path, {"version": 1, "realms": [realm], "transports": [WS], "components": [ours]}) as router:
        eventually(lambda: "component http ends: " in router.log, "it is told")
        assert "role nobody may not subscribe a.b" in router.log
        assert "Traceback" not in router.log
