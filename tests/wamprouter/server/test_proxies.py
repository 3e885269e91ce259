"""X-Forwarded-For: who is believed, and how far."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wamprouter.server.proxies import NO_PROXIES, Proxies

PROXIES = Proxies(["127.0.0.1", "10.0.0.0/8", "2001:db8:ffff::/48", "unix"])


@pytest.mark.parametrize(
    ("peer", "header", "client"),
    [
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("unix", "192.0.2.1", "192.0.2.1"),
        ("10.1.2.3", "2001:db8::1", "2001:db8::1"),
        ("2001:db8:ffff::5", "192.0.2.1", "192.0.2.1"),
        # Through two proxies.
        ("127.0.0.1", "192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("127.0.0.1", "192.0.2.1,10.0.0.2,10.0.0.3", "192.0.2.1"),
        # A client of the proxies' own network.
        ("127.0.0.1", "10.0.0.2", "10.0.0.2"),
        # Forms that are in use.
        ("127.0.0.1", "192.0.2.1:5678", "192.0.2.1"),
        ("127.0.0.1", "[2001:db8::1]:5678", "2001:db8::1"),
        ("127.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        ("127.0.0.1", "2001:0DB8:0:0::1", "2001:db8::1"),
        ("127.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "  192.0.2.1\t", "192.0.2.1"),
        # A client of the proxy on this machine.
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_trusted_proxy_says_where_the_client_is(peer, header, client):
    """The last entry that is no proxy of ours."""
    assert client == PROXIES.client(peer, header)


@pytest.mark.parametrize(
    ("peer", "header", "client"),
    [
        # Nobody believes a stranger.
        ("192.0.2.9", "198.51.100.1", "192.0.2.9"),
        ("192.0.2.9", "127.0.0.1", "192.0.2.9"),
        # The proxy appends the truth to whatever the client has made up.
        ("127.0.0.1", "10.0.0.1, 192.0.2.9", "192.0.2.9"),
        ("127.0.0.1", "127.0.0.1, 192.0.2.9", "192.0.2.9"),
        ("127.0.0.1", "nonsense, 192.0.2.9", "192.0.2.9"),
        # Somebody in a trusted network pretends to be this machine.
        ("127.0.0.1", "127.0.0.1, 10.0.0.7", "10.0.0.7"),
        ("10.0.0.7", "127.0.0.1", "10.0.0.7"),
        ("10.0.0.7", "::1", "10.0.0.7"),
        ("10.0.0.7", "::ffff:127.0.0.1", "10.0.0.7"),
    ],
)
def test_nobody_gets_an_address_by_claiming_it(peer, header, client):
    """An entry counts for what the one who wrote it is trusted."""
    assert client == PROXIES.client(peer, header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        ",",
        ", ,",
        "unknown",
        "_hidden",
        "unix",
        "local",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.1/32",
        "192.0.2.01",
        "[",
        "[]",
        "[::1",
        "::g",
        "1" * 10_000,
        "for=192.0.2.1",
        "\x00",
        "１９２.0.2.1",
    ],
)
def test_what_is_no_address_changes_nothing(header):
    """The connection is the proxy's then."""
    assert "10.0.0.1" == PROXIES.client("10.0.0.1", header)


def test_a_header_without_an_end_is_not_read_to_its_beginning():
    """Twenty proxies are enough."""
    assert "10.0.0.1" == PROXIES.client("10.0.0.1", ",".join(["192.0.2.1"] + ["10.0.0.1"] * 100_000))


@given(st.text())
def test_no_header_is_too_bad(header):
    """It never fails, and never yields this machine."""
    assert PROXIES.client("10.0.0.1", header) not in ("unix", "local", "127.0.0.1", "::1")


def test_without_proxies_a_header_is_what_anybody_can_send():
    """So it is ignored, whoever sends it."""
    assert ["127.0.0.1", "unix"] == [NO_PROXIES.client(peer, "192.0.2.1") for peer in ("127.0.0.1", "unix")]
