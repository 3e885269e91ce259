"""From addresses to Twisted endpoints, without connecting anywhere."""

import sys

import pytest
from twisted.internet.endpoints import HostnameEndpoint, SSL4ClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactorClock

from wamp.targets import target
from wamp.twisted.endpoints import client_endpoint


def endpoint(url, **options):
    return client_endpoint(MemoryReactorClock(), target(url, **options))


@pytest.mark.parametrize("url", ["ws://localhost:8080/ws", "rs://localhost:8081"])
def test_a_host_is_looked_up_for_both_versions_of_ip(url):
    assert isinstance(endpoint(url), HostnameEndpoint)


@pytest.mark.parametrize("url", ["unix:///run/router.sock", "ws://unix:/run/router.sock"])
def test_a_path_is_a_unix_socket(url):
    reactor = MemoryReactorClock()
    client_endpoint(reactor, target(url)).connect(Factory())
    assert reactor.unixClients[0][0] == "/run/router.sock"


def test_a_proxy_is_connected_to_in_place_of_the_host():
    assert isinstance(endpoint("wss://example.com", proxy={"host": "proxy", "port": 3128}), HostnameEndpoint)


def test_tls_that_is_not_installed_is_said_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "twisted.internet.ssl", None)
    with pytest.raises(ImportError, match=r"pip install 'twisted\[tls\]'"):
        endpoint("wss://localhost/ws")


def test_a_context_factory_is_used_as_it_is():
    assert isinstance(endpoint("wss://localhost/ws", tls=object()), SSL4ClientEndpoint)


def test_tls_options_need_an_address_with_tls():
    with pytest.raises(ValueError, match="use wss:// or rss://"):
        endpoint("ws://localhost/ws", tls=object())


def test_an_address_with_tls_verifies_by_default():
    pytest.importorskip("OpenSSL")
    assert not isinstance(endpoint("rss://localhost"), HostnameEndpoint)
