"""The configurations of nginx and Caddy work as the page shows them, with nothing exchanged but names, ports and certificates."""

import http.client
import json
import os
import shutil
import socket
import subprocess
from contextlib import closing

import pytest

import wamp
from tests.docs.pages import DOCS, READERS, block
from tests.docs.programs import router
from tests.support.certificates import Authority

PAGE = DOCS / "howto/reverse-proxy.md"
OPEN = json.dumps({"protocols": ["wamp.2.json"]})
HELLO = json.dumps([1, "realm1", {"roles": {"caller": {}}}])
ORIGIN = "https://example.com"

# One process, and all that it writes in the test's folder.
NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
    {server}
}}
"""


def needs(program):
    """Return a program's path; skip where it is missing, but not where .ci/run has installed it."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if found is None:
        assert not os.environ.get("WAMPROUTER_REQUIRE_BROWSER"), f"{program} is missing"
        pytest.skip(f"needs {program}")
    return found


def nginx(folder, upstream, port, files):
    """Return the command that runs nginx as the page says."""
    program = needs("nginx")
    server = block(PAGE, "nginx", "upstream").text
    for shown, real in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("127.0.0.1:8080", upstream),
        ("/etc/nginx/tls/fullchain.pem", files["certificate"]),
        ("/etc/nginx/tls/privkey.pem", files["key"]),
    ):
        assert shown in server
        server = server.replace(shown, real)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, server=server), "utf-8")
    return [program, "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]


def caddy(folder, upstream, port, files):
    """Return the command that runs Caddy as the page says."""
    program = needs("caddy")
    site = block(PAGE, "text", "reverse_proxy").text.replace("127.0.0.1:8080", upstream)
    at = f"https://localhost:{port} {{\n    tls {files['certificate']} {files['key']}\n"
    text = "{\n    admin off\n    auto_https disable_redirects\n}\n" + site.replace("example.com {\n", at)
    (folder / "Caddyfile").write_text(text, "utf-8")
    return [program, "run", "--config", "Caddyfile", "--adapter", "caddyfile"]


def free_port():
    """Return a port that was free a moment ago: proxies do not say which one the system has chosen."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


class Proxy:
    """A proxy in front of a router."""

    def __init__(self, port, authority, session):
        self.session = session
        self._port = port
        self._trust = authority.trusting()

    def connect(self, source="127.0.0.1"):
        return http.client.HTTPSConnection(
            "localhost", self._port, timeout=20, source_address=(source, 0), context=self._trust
        )

    def post(self, path, body="", source="127.0.0.1", origin=ORIGIN):
        """Send a request from an address; return the status and the answer."""
        connection = self.connect(source)
        connection.request("POST", path, body, {"Origin": origin})
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found


@pytest.fixture(scope="module", params=[nginx, caddy], ids=lambda each: each.__name__)
def proxy(request, tmp_path_factory):
    """A proxy that runs as its part of the page says, and the router as the first one does."""
    folder = tmp_path_factory.mktemp("proxy")
    authority = Authority(folder)
    configuration = READERS["yaml"](block(PAGE, "yaml").text)
    # Two connections for each client, so that it shows whom the router takes for one; here all are local.
    configuration["limits"] = {"limit_local": True, "connections_per_address": 2}
    port = free_port()
    with router(folder, configuration) as running:
        upstream = running.url("ws").removeprefix("ws://").partition("/")[0]
        words = request.param(folder, upstream, port, authority.issue())
        environ = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log, env=environ)
        try:
            url, tls = f"wss://localhost:{port}/ws", authority.trusting()
            with wamp.connect(url, wait=10, tls=tls, headers={"Origin": ORIGIN}) as session:
                yield Proxy(port, authority, session)
        finally:
            process.terminate()
            process.wait(10)


def test_a_websocket_comes_through(proxy):
    """With TLS at the proxy."""
    registered = proxy.session.register(lambda text: text.upper(), "com.example.upper")
    assert "TEA" == proxy.session.call("com.example.upper", "tea")
    registered.remove()


def test_long_poll_comes_through(proxy):
    """Each request by a connection of its own."""
    status, answer = proxy.post("/lp/open", OPEN)
    assert 200 == status
    client = f"/lp/{json.loads(answer)['transport']}"
    proxy.post(f"{client}/send", HELLO)
    status, answer = proxy.post(f"{client}/receive")
    assert (200, 2) == (status, json.loads(answer)[0])
    proxy.post(f"{client}/close")


def test_events_come_at_once(proxy):
    """No proxy waits until there is more of them."""
    connection = proxy.connect()
    connection.request("GET", "/events?topic=com.example.news")
    answer = connection.getresponse()
    with closing(connection), closing(answer):
        for text in ("first", "second"):
            proxy.session.publish("com.example.news", text)
            assert text in next(line for line in map(bytes.decode, answer) if line.startswith("data:"))


def test_limits_hold_for_each_client(proxy):
    """The router knows whom the proxy connects for."""
    found = [proxy.post("/lp/open", OPEN, source) for source in ("127.0.0.5",) * 3 + ("127.0.0.6",)]
    assert [200, 200, 429, 200] == [status for status, _ in found]


def test_pages_of_other_origins_are_refused(proxy):
    """They come through as they are."""
    assert 403 == proxy.post("/lp/open", OPEN, origin="https://evil.example")[0]
