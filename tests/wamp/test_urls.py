"""URLs of routers."""

import pytest

from wamp.targets import target
from wamp.urls import Address, parse_url


@pytest.mark.parametrize(
    ("url", "is_websocket", "is_secure", "host", "port"),
    [
        ("ws://127.0.0.1:8080/ws", True, False, "127.0.0.1", 8080),
        ("ws://example.com", True, False, "example.com", 80),
        ("wss://example.com/ws?a=b", True, True, "example.com", 443),
        ("ws://[::1]:8080/ws", True, False, "::1", 8080),
        ("rs://localhost:8081", False, False, "localhost", 8081),
        ("rs://localhost:8081/", False, False, "localhost", 8081),
        ("rs://localhost", False, False, "localhost", 80),
        ("rss://example.com", False, True, "example.com", 443),
    ],
)
def test_network_addresses(url, is_websocket, is_secure, host, port):
    assert parse_url(url) == Address(is_websocket, is_secure, host, port, None, url)


@pytest.mark.parametrize(
    ("url", "path", "handshake"),
    [
        ("unix:///run/router.sock", "/run/router.sock", ""),
        ("rs+unix:///run/router.sock", "/run/router.sock", ""),
        ("rs://unix:/run/router.sock", "/run/router.sock", ""),
        ("ws://unix:/run/router.sock", "/run/router.sock", "ws://localhost/"),
        ("ws+unix:///run/router.sock", "/run/router.sock", "ws://localhost/"),
        ("ws+unix:///run/router.sock:/ws", "/run/router.sock", "ws://localhost/ws"),
    ],
)
def test_unix_sockets(url, path, handshake):
    address = parse_url(url)
    assert (address.socket_path, address.is_websocket, address.url) == (path, bool(handshake), handshake)
    assert not address.is_secure


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("127.0.0.1:8080", "expected for example ws://"),
        ("http://127.0.0.1:8080", "scheme 'http', expected one of ws, wss, rs, rss, unix"),
        ("ws://", "no host"),
        ("ws://host:0/", "invalid port"),
        ("ws://host:99999/", "invalid port"),
        ("ws://host:port/", "invalid port"),
        ("ws://host/#fragment", "more than"),
        ("rs://host:80/path", "more than"),
        ("rs://host:80?query", "more than"),
        ("unix://run/router.sock", "absolute path"),
        ("rs://unix:router.sock", "absolute path"),
    ],
)
def test_what_is_wrong_is_said(url, text):
    with pytest.raises(ValueError, match=text):
        parse_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "ws://127.0.0.1:8080/ws",
        "wss://example.com/ws",
        "rs://127.0.0.1:8081",
        "rss://example.com:443",
        "rs+unix:///run/router.sock",
        "ws+unix:///run/router.sock:/ws",
        "memory://one",
    ],
)
def test_a_way_is_told_by_its_url(url):
    assert url == target(url).describe()
