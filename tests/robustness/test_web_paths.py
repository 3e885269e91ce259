"""What a web server answers besides its own files and WebSockets; the headers of every answer; who may connect."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.robustness.conftest import Start
from tests.robustness.measure import eventually
from tests.support.certificates import Authority
from tests.support.process import REALM, RouterProcess, endpoint
from tests.support.raw import TIMEOUT, Client, RefusedHandshake, WebSocket
from wamprouter import __version__

VALUE = {"url": "ws://example.com/ws", "features": [1, 2.5, None, "ü"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("www")
    (folder / "index.html").write_text("<!doctype html><title>it works</title>")
    (folder / "app.qux").write_text("a type of its own")
    (folder / "list").mkdir()
    (folder / "list" / "<b>.txt").write_text("a name to escape")
    return folder


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for pythonpath, with a package that brings a page."""
    folder = tmp_path_factory.mktemp("lib")
    (folder / "shop" / "web" / "pages").mkdir(parents=True)
    (folder / "shop" / "__init__.py").write_text("")
    (folder / "shop" / "web" / "__init__.py").write_text("raise RuntimeError('is not needed for its files')")
    (folder / "shop" / "web" / "pages" / "index.html").write_text("<title>of a package</title>")
    return folder


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def static(folder: Path, **options: Any) -> dict[str, Any]:
    return {"type": "static", "directory": str(folder), "options": options}


@pytest.fixture(scope="module")
def router(start_shared: Start, folder: Path, package: Path) -> RouterProcess:
    nested = {
        "/": {"type": "json", "value": "the root of what is nested"},
        "files": static(folder),
        "ws": {"type": "websocket", "serializers": ["cbor"], "options": {"max_message_size": 4096}},
        "deeper": {"type": "path", "paths": {"echo": {"type": "echo"}, "info": {"type": "nodeinfo"}}},
    }
    paths = {
        "/": {"type": "nodeinfo"},
        "files": static(folder, mime_types={".QUX": "text/x-qux; charset=utf-8"}, cache_timeout=60),
        "list": static(folder / "list", enable_directory_listing=True),
        "package": {"type": "static", "package": "shop", "resource": "web/pages"},
        "value": {"type": "json", "value": VALUE},
        "private": {
            "type": "json",
            "value": VALUE,
            "options": {"allow_cross_origin": False, "discourage_caching": True, "prettify": True},
        },
        "old": {"type": "redirect", "url": '/files/?a="1"&b=<2>'},
        "ws": {"type": "websocket"},
        "nested": {"type": "path", "paths": nested},
    }
    return start_shared(
        {"type": "web", "endpoint": endpoint(), "paths": paths}, realms=[REALM], pythonpath=[str(package)]
    )


class Browser:
    """Asks for pages, one connection for all."""

    def __init__(self, router: RouterProcess, tls: ssl.SSLContext | None = None) -> None:
        if tls is None:
            self.connection = http.client.HTTPConnection(*router.address("http"), timeout=TIMEOUT)
        else:
            self.connection = http.client.HTTPSConnection(*router.address("https"), timeout=TIMEOUT, context=tls)

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        self.connection.request(method, path, headers=headers)
        response = self.connection.getresponse()
        return response, response.read()

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        response, body = self.ask(path, **headers)
        return response.status, body


def ask(router: RouterProcess, path: str, tls: ssl.SSLContext | None = None) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask once, on a connection of its own."""
    browser = Browser(router, tls)
    answer = browser.ask(path)
    browser.connection.close()
    return answer


@pytest.fixture
def browser(router: RouterProcess) -> Iterator[Browser]:
    browser = Browser(router)
    yield browser
    browser.connection.close()


# -- values, redirections, nesting


@pytest.mark.parametrize("path", ["/value", "/value/"])
def test_a_value_is_json(browser: Browser, path: str) -> None:
    response, body = browser.ask(path)
    assert response.status == 200
    assert response.getheader("content-type") == "application/json"
    assert json.loads(body) == VALUE
    assert b" " not in body


def test_a_value_is_for_pages_of_all_origins_unless_told_otherwise(browser: Browser) -> None:
    public, _ = browser.ask("/value")
    private, _ = browser.ask("/private")
    assert public.getheader("access-control-allow-origin") == "*"
    assert private.getheader("access-control-allow-origin") is None


def test_a_value_may_be_indented_and_not_kept(browser: Browser) -> None:
    response, body = browser.ask("/private")
    assert json.loads(body) == VALUE
    assert body.startswith(b'{\n  "url"')
    assert response.getheader("cache-control") == "no-store"


def test_a_redirection_leads_elsewhere(browser: Browser) -> None:
    """Status 302; the link in its page cannot break out of it."""
    response, body = browser.ask("/old")
    assert response.status == 302
    assert response.getheader("location") == '/files/?a="1"&b=<2>'
    assert b'href="/files/?a=&quot;1&quot;&amp;b=&lt;2&gt;"' in body


@pytest.mark.parametrize("path", ["/nested", "/nested/"])
def test_a_nested_root_answers_for_its_path(browser: Browser, path: str) -> None:
    assert browser.get(path) == (200, b'"the root of what is nested"')


def test_files_are_served_below_a_path(browser: Browser) -> None:
    assert browser.get("/nested/files/index.html")[0] == 200
    assert browser.get("/nested/files/")[0] == 200


def test_websockets_are_served_below_a_path(router: RouterProcess) -> None:
    base = "{}:{}".format(*router.address("http"))
    assert f"ws://{base}/nested/ws" in router.urls
    with Client(f"ws://{base}/nested/ws", "cbor") as client:
        client.publish_acknowledged("com.t")
    echo = WebSocket(f"ws://{base}/nested/deeper/echo")
    echo.send(b"hello")
    assert echo.receive() == b"hello"
    echo.close()


@pytest.mark.parametrize(
    "path",
    ["/value/more", "/old/more", "/more", "/nested/more", "/nested/deeper", "/nested/deeper/more", "/x/../value"],
)
def test_what_is_not_there_is_404(browser: Browser, path: str) -> None:
    assert browser.get(path)[0] == 404


def test_the_addresses_are_printed_one_for_each_path(router: RouterProcess) -> None:
    base = "{}:{}".format(*router.address("http"))
    assert router.urls[0] == f"http://{base}/"
    assert router.urls[-4:] == [
        f"http://{base}/nested/files",
        f"ws://{base}/nested/ws",
        f"ws://{base}/nested/deeper/echo",
        f"http://{base}/nested/deeper/info",
    ]


# -- the page about the router


def test_a_program_learns_how_to_connect(browser: Browser) -> None:
    response, body = browser.ask("/")
    assert response.getheader("content-type") == "application/json"
    offered = ["wamp.2.json", "wamp.2.msgpack", "wamp.2.cbor"]
    assert json.loads(body) == {
        "product": "wamprouter",
        "services": [
            {"path": "/ws", "transport": "websocket", "subprotocols": offered, "max_message_size": 1024**2},
            {"path": "/nested/ws", "transport": "websocket", "subprotocols": ["wamp.2.cbor"], "max_message_size": 4096},
        ],
    }


def test_what_it_says_is_what_works(router: RouterProcess, browser: Browser) -> None:
    for service in json.loads(browser.get("/nested/deeper/info")[1])["services"]:
        for subprotocol in service["subprotocols"]:
            url = "ws://{}:{}{}".format(*router.address("http"), service["path"])
            WebSocket(url, subprotocol).close()


def test_a_browser_gets_a_page(browser: Browser) -> None:
    response, body = browser.ask("/", Accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert response.getheader("content-type") == "text/html; charset=utf-8"
    assert response.getheader("vary") == "accept"
    assert b"/nested/ws" in body


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_neither_realms_nor_versions_are_told(browser: Browser, accept: str) -> None:
    _, body = browser.ask("/", Accept=accept)
    assert b"realm1" not in body
    assert b"anonymous" not in body
    assert __version__.encode() not in body


# -- files


def test_files_of_a_package_are_served(browser: Browser) -> None:
    assert browser.get("/package/") == (200, b"<title>of a package</title>")


def test_types_of_files_can_be_added(browser: Browser) -> None:
    response, _ = browser.ask("/files/app.qux")
    assert response.getheader("content-type") == "text/x-qux; charset=utf-8"
    assert response.getheader("cache-control") == "max-age=60"
    page, _ = browser.ask("/files/index.html")
    assert page.getheader("content-type") == "text/html"


def test_a_listing_escapes_names(browser: Browser) -> None:
    status, body = browser.get("/list/")
    assert status == 200
    assert b"&lt;b&gt;.txt" in body
    assert b"<b>.txt" not in body


def test_a_package_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    path = {"type": "static", "package": "no_such_package", "resource": "web"}
    with pytest.raises(RuntimeError, match="cannot serve the files of no_such_package: there is no such package"):
        RouterProcess(
            tmp_path,
            {
                "version": 1,
                "realms": [REALM],
                "transports": [{"type": "web", "endpoint": endpoint(), "paths": {"/": path}}],
            },
        )


# -- HEAD and other methods


@pytest.mark.parametrize("path", ["/", "/value", "/private", "/files/index.html", "/files/", "/list/", "/nested"])
def test_head_has_the_headers_of_get_and_no_body(browser: Browser, path: str) -> None:
    got, body = browser.ask(path)
    head, nothing = browser.ask(path, "HEAD")
    assert nothing == b""
    assert head.status == got.status == 200
    unlike = {"date"}
    assert {name.lower(): value for name, value in head.getheaders() if name.lower() not in unlike} == {
        name.lower(): value for name, value in got.getheaders() if name.lower() not in unlike
    }
    assert head.getheader("content-length") == str(len(body)) or path == "/list/"


@pytest.mark.parametrize(("path", "status"), [("/old", 302), ("/nothing", 404), ("/ws", 426)])
def test_head_of_what_is_no_page(browser: Browser, path: str, status: int) -> None:
    response, body = browser.ask(path, "HEAD")
    assert (response.status, body) == (status, b"")
    assert browser.get("/value")[0] == 200


@pytest.mark.parametrize("path", ["/", "/value", "/old", "/files/index.html"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "BREW"])
def test_pages_are_only_read(browser: Browser, path: str, method: str) -> None:
    response, _ = browser.ask(path, method)
    assert response.status in (405, 501)


# -- headers


ANYTHING = ["/", "/value", "/old", "/files/index.html", "/files", "/list/", "/ws", "/nothing", "*"]


@pytest.mark.parametrize("path", ANYTHING)
def test_every_answer_has_the_default_headers(browser: Browser, path: str) -> None:
    response, _ = browser.ask(path, "OPTIONS" if path == "*" else "GET")
    assert response.getheader("x-content-type-options") == "nosniff"
    assert response.getheader("x-frame-options") == "SAMEORIGIN"
    assert response.getheader("referrer-policy") == "strict-origin-when-cross-origin"


@pytest.mark.parametrize("path", ANYTHING)
def test_no_answer_tells_what_made_it(browser: Browser, path: str) -> None:
    response, body = browser.ask(path, "OPTIONS" if path == "*" else "GET")
    assert response.getheader("server") is None
    assert b"twisted" not in str(response.headers).lower().encode() + body.lower()


@pytest.fixture(scope="module")
def chosen(start_shared: Start, folder: Path, authority: Authority) -> RouterProcess:
    """The same with and without TLS."""
    web = {
        "type": "web",
        "paths": {"/": static(folder), "value": {"type": "json", "value": 1}, "info": {"type": "nodeinfo"}},
        "options": {
            "headers": {
                "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
                "x-frame-options": None,
                "Referrer-Policy": "no-referrer",
                "Cache-Control": "no-store",
            },
            "hsts": True,
            "hsts_max_age": 3600,
            "show_server_version": True,
        },
    }
    return start_shared({**web, "endpoint": endpoint()}, {**web, "endpoint": authority.endpoint()})


@pytest.mark.parametrize("path", ["/", "/value", "/nothing"])
def test_an_operator_may_choose_headers(chosen: RouterProcess, path: str) -> None:
    """Their own, others than the defaults, and none in place of one."""
    response, _ = ask(chosen, path)
    assert response.headers.get_all("content-security-policy") == ["default-src 'self'; frame-ancestors 'none'"]
    assert response.headers.get_all("referrer-policy") == ["no-referrer"]
    assert response.headers.get_all("cache-control") == ["no-store"]
    assert response.getheader("x-frame-options") is None
    assert response.getheader("x-content-type-options") == "nosniff"


def test_the_version_is_told_where_it_is_wanted(chosen: RouterProcess) -> None:
    response, _ = ask(chosen, "/")
    assert response.getheader("server") == f"wamprouter/{__version__}"
    _, body = ask(chosen, "/info")
    assert json.loads(body)["product"] == f"wamprouter {__version__}"


@pytest.mark.parametrize("path", ["/", "/value", "/nothing"])
def test_browsers_are_told_to_come_with_tls_where_they_can(
    chosen: RouterProcess, authority: Authority, path: str
) -> None:
    """RFC 6797, section 7.2: over TLS only."""
    secure, _ = ask(chosen, path, authority.trusting())
    plain, _ = ask(chosen, path)
    assert secure.getheader("strict-transport-security") == "max-age=3600"
    assert plain.getheader("strict-transport-security") is None
    eventually(lambda: "hsts has no effect" in chosen.log, "the operator is told")


# -- origins


@pytest.fixture(scope="module")
def guarded(start_shared: Start, authority: Authority) -> RouterProcess:
    """WebSockets for some pages only: on a port and on a path, with and without TLS, with and without null."""
    options = {"allowed_origins": ["https://app.example.com", "http://*.example.org:8080"]}
    strict = {"type": "websocket", "options": {**options, "allow_null_origin": False}}
    lenient = {"type": "websocket", "options": options}
    web = {"type": "web", "paths": {"strict": strict, "lenient": lenient}}
    return start_shared(
        {**web, "endpoint": endpoint()},
        {**web, "endpoint": authority.endpoint()},
        {**strict, "endpoint": endpoint()},
        {**strict, "endpoint": authority.endpoint()},
    )


ORIGINS = {
    None: (True, True),
    "https://app.example.com": (True, True),
    "https://app.example.com:443": (True, True),
    "http://shop.example.org:8080": (True, True),
    "null": (False, True),
    "file://": (False, True),
    "http://app.example.com": (False, False),
    "https://app.example.com:8443": (False, False),
    "https://app.example.com.evil.org": (False, False),
    "http://shop.example.org": (False, False),
    "https://evil.org": (False, False),
    "https://": (False, False),
    "nonsense": (False, False),
    "http://a.example.org:99999": (False, False),
}


def handshake_status(url: str, origin: str | None, tls: ssl.SSLContext | None) -> int:
    try:
        WebSocket(url, "wamp.2.json", headers={} if origin is None else {"Origin": origin}, tls=tls).close()
    except RefusedHandshake as refused:
        return refused.status
    return 101


@pytest.mark.parametrize(("origin", "expected"), ORIGINS.items())
def test_only_pages_of_the_allowed_origins_connect(
    guarded: RouterProcess, authority: Authority, origin: str | None, expected: tuple[bool, bool]
) -> None:
    """Over TLS as well; a program that is no browser sends no origin and is not held back."""
    strict, lenient = expected
    for url, is_allowed in zip(guarded.urls, (strict, lenient, strict, lenient, strict, strict), strict=True):
        tls = authority.trusting() if url.startswith("wss") else None
        assert handshake_status(url, origin, tls) == (101 if is_allowed else 400), url
