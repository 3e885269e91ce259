"""Which origins a pattern lets in. The forms on both sides are those that a browser sends and an operator writes."""

import pytest
from autobahn.websocket.protocol import _is_same_origin, _url_to_origin

from wamprouter.server.origins import admits, origin_patterns


def is_allowed(pattern: str, origin: str) -> bool:
    """Ask Autobahn, with its own reading of the header."""
    return bool(_is_same_origin(_url_to_origin(origin), "http", 80, origin_patterns([pattern])))


ALLOWED = [
    ("*", "https://app.example.com"),
    ("*", "http://127.0.0.1:8080"),
    ("https://app.example.com", "https://app.example.com"),
    ("https://app.example.com", "https://app.example.com:443"),
    ("https://app.example.com/", "https://app.example.com"),
    ("https://app.example.com:443", "https://app.example.com"),
    ("http://app.example.com", "http://app.example.com"),
    ("HTTPS://App.Example.com", "https://app.example.com"),
    ("https://*.example.com", "https://app.example.com"),
    ("https://*.example.com", "https://a.b.example.com"),
    ("https://app.example.com:8443", "https://app.example.com:8443"),
    ("https://app.example.com:*", "https://app.example.com:8443"),
    ("https://app.example.com:*", "https://app.example.com"),
    ("http://localhost:8080", "http://localhost:8080"),
    ("http://[::1]:8080", "http://[::1]:8080"),
    ("http://[::1]", "http://[::1]"),
    ("app.example.com", "https://app.example.com:8443"),
    ("app.example.com:8443", "https://app.example.com:8443"),
    ("*.example.com", "http://app.example.com"),
    ("*://app.example.com", "http://app.example.com:8080"),
    ("https://*", "https://anything.example.org"),
    ("chrome-extension://abcdef", "chrome-extension://abcdef"),
]

REFUSED = [
    ("https://app.example.com", "http://app.example.com"),
    ("https://app.example.com", "https://app.example.com:8443"),
    ("https://app.example.com", "https://app.example.com.evil.org"),
    ("https://app.example.com", "https://evil.org/https://app.example.com"),
    ("https://app.example.com", "https://app.example.com@evil.org"),
    ("https://app.example.com", "https://app-example.com"),
    ("https://*.example.com", "https://example.com"),
    ("https://*.example.com", "https://evilexample.com"),
    ("https://*.example.com", "https://app.example.com:8443"),
    ("http://localhost:8080", "http://localhost:8081"),
    ("http://localhost:8080", "http://localhost:808"),
    ("http://[::1]:8080", "http://[::2]:8080"),
    ("https://app(.example.com", "https://app.example.com"),
    ("https://[a-z].example.com", "https://b.example.com"),
]


@pytest.mark.parametrize(("pattern", "origin"), ALLOWED)
def test_an_origin_is_allowed(pattern, origin):
    """As its page has it in the address bar."""
    assert is_allowed(pattern, origin)


@pytest.mark.parametrize(("pattern", "origin"), REFUSED)
def test_an_origin_is_refused(pattern, origin):
    """What resembles it is not it."""
    assert not is_allowed(pattern, origin)


@pytest.mark.parametrize(
    ("pattern", "origin", "expected"), [(*one, True) for one in ALLOWED] + [(*one, False) for one in REFUSED]
)
def test_requests_of_pages_are_judged_as_their_websockets(pattern, origin, expected):
    """Long-poll and WebSocket let the same pages in."""
    assert admits(origin_patterns([pattern]), origin, null=False) is expected


@pytest.mark.parametrize("origin", ["null", "file://", "file:///srv/page.html"])
@pytest.mark.parametrize("null", [True, False])
def test_pages_without_an_origin_have_an_option_of_their_own(origin, null):
    """Whatever stands in allowed_origins."""
    assert admits(origin_patterns(["*"]), origin, null=null) is null


@pytest.mark.parametrize("origin", ["", "x", "https://", "https://[", "https://a:b", "https://a:99999"])
def test_what_is_no_origin_is_refused(origin):
    """Also where all origins may connect."""
    assert not admits(origin_patterns(["*"]), origin, null=True)
