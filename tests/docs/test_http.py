"""What the pages about HTTP show works as it stands there: applications behind the router's port, and requests that it makes."""

import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import pytest
import yaml

import wamp
from tests.docs.pages import DOCS, ROOT, block, blocks, configurations
from tests.docs.programs import router, wamprouter
from tests.support.process import RouterProcess

SERVE = DOCS / "howto/serve-web.md"
OUT = DOCS / "howto/http-out.md"


class Service(BaseHTTPRequestHandler):
    """Says what the weather is, and keeps what it is told."""

    heard: "Queue[tuple[str, dict[str, str], bytes]]"

    def do_GET(self):
        self._answer(json.dumps({"asked": self.path, "sky": "blue"}).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.heard.put((self.path, dict(self.headers), body))
        self._answer(b"")

    def _answer(self, body):
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nobody reads it."""


@pytest.fixture
def service():
    """Serve with a class of handlers: return the port."""
    servers = []

    def serve(handler):
        servers.append(server := ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server.server_address[1]

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def configuration(page, **replaced):
    """Return the configuration of a page, with other ports."""
    shown = next(each for each in blocks(page) if each.language == "yaml")
    assert any(found == shown for found, _ in configurations())
    text = shown.text
    for old, new in replaced.values():
        assert old in text
        text = text.replace(old, new)
    return yaml.safe_load(text)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_applications_answer_as_shown(tmp_path, service):
    """Another web server, a WSGI application, and a resource: each to its commands."""
    (tmp_path / "news.html").write_text("all is well\n")

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *_):
            """Nobody reads it."""

    for each in blocks(SERVE):
        if each.name:
            (tmp_path / each.name).write_text(each.text, "utf-8")
    shown = configuration(SERVE, port=("port: 8000", f"port: {service(Files)}"))
    with router(tmp_path, shown) as running:
        base = running.url("http").rstrip("/")
        commands = "".join(each.text for each in blocks(SERVE) if each.language == "sh")
        commands = commands.replace("http://127.0.0.1:8080", base)
        done = subprocess.run(
            ["sh", "-ec", commands], capture_output=True, text=True, timeout=20, check=True, cwd=tmp_path
        )
    page, kind, price, greeting = done.stdout.splitlines()
    assert ("all is well", "text/html") == (page, kind.partition(": ")[2])
    assert {"article": "tea", "price": 6, "path": "/shop"} == json.loads(price)
    assert "good day, Ann" == greeting


def test_requests_are_made_as_shown(tmp_path, service):
    """A call is answered, and an event arrives, with a signature that the page's own function accepts."""
    Service.heard = Queue()
    port = service(Service)
    shown = configuration(OUT, hook=("127.0.0.1:9000", f"127.0.0.1:{port}"))
    with router(tmp_path, shown) as running:
        call, publish = block(OUT, "sh").text.splitlines()
        answer = json.loads(wamprouter(call, running.url("ws")))
        assert {"asked": "/weather/Bad%20Ems?days=3", "sky": "blue"} == answer
        wamprouter(publish, running.url("ws"))
        path, headers, body = Service.heard.get(timeout=20)
    names: dict[str, object] = {}
    exec(compile(block(OUT, "python").text, "is_genuine", "exec"), names)
    is_genuine, url = names["is_genuine"], f"http://127.0.0.1:{port}{path}"
    assert is_genuine("only for a try", "POST", url, headers, body)
    assert not is_genuine("only for a try", "POST", url, headers, body + b" ")
    assert not is_genuine("only for a try", "POST", url, {**headers, "X-Wamp-Timestamp": "1700000000"}, body)
    expected = json.loads(block(OUT, "text").text)
    assert {**expected, "publication": 0} == {**json.loads(body), "publication": 0}


def test_the_sample_works(tmp_path, service):
    """``config/http.yaml``: the application's page, the weather for visitors, and an order for the hook."""
    Service.heard = Queue()
    base = f"http://127.0.0.1:{service(Service)}"
    text = (ROOT / "config/http.yaml").read_text("utf-8").replace("${HOOK_SECRET}", "s").replace("${SHOP_TICKET}", "t")
    text = text.replace("${HOOK_URL:-http://127.0.0.1:9000/hook}", f"{base}/hook")
    text = text.replace("${WEATHER_URL:-http://127.0.0.1:9000}", base).replace('"${PORT:-8080}"', "0")
    text = text.replace('"${SHOP_PORT:-8000}"', base.rpartition(":")[2])
    with RouterProcess(tmp_path, yaml.safe_load(text)) as running:
        ticket = {"ticket": {"authid": "shop", "ticket": "t"}}
        with wamp.connect(running.url("ws")) as visitor, wamp.connect(running.url("ws"), auth=ticket) as shop:
            assert visitor.call("com.example.weather", city="Ulm")["asked"] == "/weather/Ulm"
            shop.publish("com.example.order.new", 7)
            path, _, body = Service.heard.get(timeout=20)
    assert ("/hook", [7]) == (path, json.loads(body)["args"])
