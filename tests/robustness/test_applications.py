"""WSGI applications and resources of one's own, served by the router's web server."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import eventually
from tests.support.process import RouterProcess, config, endpoint
from tests.support.raw import TIMEOUT

FLASK = """
import threading
import flask

app = flask.Flask(__name__)
gate = threading.Event()
served = [0]
waiting = []

@app.route("/hello/<name>", methods=["GET", "POST"])
def hello(name):
    return {"name": name, "root": flask.request.script_root, "body": flask.request.get_data(as_text=True)}

@app.route("/fail")
def fail():
    raise RuntimeError("as it happens")

@app.route("/wait")
def wait():
    waiting.append(1)
    gate.wait(20)
    return "waited"

@app.route("/leave")
def leave():
    wait()
    raise RuntimeError("after its client has left")

@app.route("/open")
def open_():
    gate.set()
    return "opened"

@app.route("/close")
def close():
    gate.clear()
    return "closed"

@app.route("/client")
def client():
    return f"[{flask.request.remote_addr or ''}]"

@app.route("/long")
def long():
    def pieces():
        for _ in range(200):
            served[0] += 1
            yield bytes(1 << 20)
    return flask.Response(pieces())

@app.route("/waiting")
def how_many_wait():
    return str(len(waiting))

@app.route("/served")
def how_many():
    return str(served[0])
"""
DJANGO = """
import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import path

settings.configure(DEBUG=False, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="for tests")
django.setup()
urlpatterns = [path("hello/<str:name>", lambda request, name: JsonResponse({"name": name}))]

from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""
OWN = """
from twisted.web.resource import Resource

class Greeting(Resource):
    isLeaf = True

    def __init__(self, extra):
        super().__init__()
        self.word = extra["word"]

    def render_GET(self, request):
        return self.word.encode()

    def render_POST(self, request):
        return request.content.read()[::-1]

class Failing:
    def __init__(self, extra):
        raise RuntimeError("not today")

number = 7
"""


def wsgi(module: str, name: str, **options: Any) -> dict[str, Any]:
    return {"type": "wsgi", "module": module, "object": name, **options}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    for name, text in (("shop_flask", FLASK), ("shop_django", DJANGO), ("shop_own", OWN)):
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def router(start_shared: Start, library: Path) -> RouterProcess:
    paths = {
        "/": wsgi("shop_flask", "app", maxthreads=5),
        "django": wsgi("shop_django", "application"),
        "narrow": wsgi("shop_flask", "app", maxthreads=1, max_waiting=0, body_limit=10),
        "own": {"type": "resource", "classname": "shop_own.Greeting", "extra": {"word": "good day"}},
        "ws": {"type": "websocket"},
    }
    return start_shared({"type": "web", "endpoint": endpoint(), "paths": paths}, pythonpath=[str(library)])


def ask(router: RouterProcess, path: str, method: str = "GET", body: Any = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*router.address("http"), timeout=TIMEOUT)
    try:
        connection.request(method, path, body=body, encode_chunked=not isinstance(body, bytes | None))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_flask_at_the_root(router: RouterProcess) -> None:
    """An application at the root has every path that is no other, and other paths are served beside it."""
    assert json.loads(ask(router, "/hello/Ann")[1]) == {"name": "Ann", "root": "", "body": ""}
    assert ask(router, "/ws")[0] == 426
    assert ask(router, "/nothing")[0] == 404


def test_flask_below_a_path(router: RouterProcess) -> None:
    """It is told below which path it is, and bodies arrive however they come."""
    found = json.loads(ask(router, "/narrow/hello/Bob", "POST", b"words")[1])
    assert found == {"name": "Bob", "root": "/narrow", "body": "words"}
    assert json.loads(ask(router, "/hello/Bob", "POST", iter([b"in ", b"two"]))[1])["body"] == "in two"
    assert ask(router, "/narrow/hello/Bob", "POST", b"too many words")[0] == 413


def test_django(router: RouterProcess) -> None:
    """Django's application is served as well."""
    assert json.loads(ask(router, "/django/hello/Ann")[1]) == {"name": "Ann"}


def test_requests_that_wait_have_a_bound(router: RouterProcess) -> None:
    """Who finds no thread, and no place to wait for one, hears that; then there is room again."""
    answers: list[int] = []
    working = threading.Thread(target=lambda: answers.append(ask(router, "/narrow/wait")[0]))
    working.start()
    eventually(lambda: ask(router, "/waiting")[1] == b"1", "somebody waits")
    assert ask(router, "/narrow/hello/Ann")[0] == 503
    assert ask(router, "/open")[0] == 200
    working.join(TIMEOUT)
    assert answers == [200]
    eventually(lambda: ask(router, "/narrow/hello/Ann")[0] == 200, "there is room")


def test_a_client_that_does_not_read_holds_its_thread(router: RouterProcess) -> None:
    """An answer is not made faster than it is read, and a client that leaves sets its thread free."""
    with socket.create_connection(router.address("http"), timeout=TIMEOUT) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        eventually(lambda: int(ask(router, "/served")[1]) > 0, "it is being made")
        assert int(ask(router, "/served")[1]) < 20
    assert ask(router, "/hello/Ann")[0] == 200


def test_a_resource_of_ones_own(router: RouterProcess) -> None:
    """It is made with what the configuration says, and takes bodies."""
    assert ask(router, "/own") == (200, b"good day")
    assert ask(router, "/own", "POST", b"abc") == (200, b"cba")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (wsgi("shop_none", "app"), "shop_none.app: no module named 'shop_none'"),
        (wsgi("shop_own", "number"), "shop_own.number is no WSGI application: it cannot be called"),
        ({"type": "resource", "classname": "shop_own.number"}, "shop_own.number is not a class"),
        (
            {"type": "resource", "classname": "shop_own.Failing"},
            "shop_own.Failing cannot be made: RuntimeError('not today')",
        ),
        (
            {"type": "resource", "classname": "builtins.str"},
            "builtins.str is no resource of twisted.web: it has no render",
        ),
    ],
)
def test_what_cannot_be_had_is_one_line(
    router: RouterProcess, library: Path, path: dict[str, Any], problem: str
) -> None:
    """A reload is refused in words, and nothing has changed."""
    before = json.loads(router.file.read_text())
    transport = before["transports"][0]
    done, lines = router.reload({**before, "transports": [{**transport, "paths": {**transport["paths"], "bad": path}}]})
    assert (done, lines) == (False, [problem])
    router.file.write_text(json.dumps(before))
    assert ask(router, "/hello/Ann")[0] == 200


def test_the_end_of_the_router_waits_for_nobody(tmp_path: Path, library: Path) -> None:
    """An application that does not answer keeps no router from ending; one that fails when its client has left is told once."""
    web = {"type": "web", "endpoint": endpoint(), "paths": {"/": wsgi("shop_flask", "app")}}
    with RouterProcess(tmp_path, config(web, pythonpath=[str(library)])) as router:
        with socket.create_connection(router.address("http"), timeout=TIMEOUT) as client:
            client.sendall(b"GET /leave HTTP/1.1\r\nHost: x\r\n\r\n")
            eventually(lambda: ask(router, "/waiting")[1] == b"1", "it is being answered")
        assert ask(router, "/open")[0] == 200
        eventually(lambda: "after its client has left" in router.log, "it has failed")
        assert "Request.finish" not in router.log
        assert ask(router, "/close")[0] == 200
        with socket.create_connection(router.address("http"), timeout=TIMEOUT) as client:
            client.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
            eventually(lambda: ask(router, "/waiting")[1] == b"2", "it is being answered")
            assert router.stop() == 0


def test_an_application_on_a_unix_socket(tmp_path: Path, library: Path) -> None:
    """It is served as well, and told the client's address by a proxy that is trusted."""
    web = {
        "type": "web",
        "endpoint": {"type": "unix", "path": "web.sock"},
        "trusted_proxies": ["unix"],
        "paths": {"/": wsgi("shop_flask", "app")},
    }
    with RouterProcess(tmp_path, config(web, pythonpath=[str(library)])):
        found = []
        for more in (b"", b"X-Forwarded-For: 192.0.2.7\r\n", b"X_Forwarded_For: 192.0.2.7\r\n"):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(tmp_path / "web.sock"))
                client.sendall(b"GET /client HTTP/1.0\r\nHost: x\r\n" + more + b"\r\n")
                found.append(client.makefile("rb").read().rpartition(b"\r\n\r\n")[2])
    assert found == [b"[]", b"[192.0.2.7]", b"[]"]


def test_an_application_fails_and_goes(tmp_path: Path, library: Path) -> None:
    """What it raises ends one request; after a reload without it, its threads end."""
    web = {
        "type": "web",
        "endpoint": endpoint(),
        "id": "web",
        "paths": {"app": wsgi("shop_flask", "app"), "x": {"type": "nodeinfo"}},
    }
    with RouterProcess(tmp_path, config(web, pythonpath=[str(library)])) as router:
        assert ask(router, "/app/fail")[0] == 500
        eventually(lambda: "RuntimeError: as it happens" in router.log, "it is logged")
        assert ask(router, "/app/hello/Ann")[0] == 200
        threads = Path(f"/proc/{router.pid}/task")
        before = len(list(threads.iterdir()))
        assert router.reload(config({**web, "paths": {"x": {"type": "nodeinfo"}}}, pythonpath=[str(library)]))[0]
        assert ask(router, "/app/hello/Ann")[0] == 404
        eventually(lambda: len(list(threads.iterdir())) < before, "its threads end")
