"""What one address, and one principal, can take of the router."""

from itertools import count
from typing import Any

import pytest

from wamprouter.server import admission
from wamprouter.server.admission import Admission, AdmissionLimits, NoRoom, is_local, network_of

STRANGER = "192.0.2.1"


class Router:
    """An admission, and a clock that is turned by hand."""

    def __init__(self, **limits: Any) -> None:
        self.now = 1000.0
        self.admission = Admission(AdmissionLimits(**limits), lambda: self.now)

    def connect(self, address: str = STRANGER) -> str | None:
        """Return the place, or None if there is none."""
        try:
            return self.admission.connect(address)
        except NoRoom:
            return None

    def connects(self, address: str, most: int = 10) -> int:
        """Return how many connections of an address there may be."""
        return sum(self.connect(address) is not None for _ in range(most))

    def joins(self, address: str = STRANGER, most: int = 1000) -> int:
        """Return how often somebody may join at once."""
        return next(number for number in range(most + 1) if number == most or not self.admission.may_join(address))


# -- connections


def test_an_address_may_have_so_many_connections():
    """And another address as many."""
    router = Router(connections_per_address=3)
    assert [3, 3] == [router.connects("192.0.2.1"), router.connects("192.0.2.2")]
    assert 14 == router.admission.refused_by_address


def test_an_ipv6_client_is_its_network():
    """A subscriber has 2^64 addresses, and would have as many times the limit."""
    router = Router(connections_per_address=3)
    assert 2 == router.connects("2001:db8:0:1::1", 2)
    assert 1 == router.connects("2001:db8:0:1:ffff::2")
    assert 3 == router.connects("2001:db8:0:2::1")


def test_a_closed_connection_makes_room():
    """For one more."""
    router = Router(connections_per_address=2)
    first = router.connect()
    assert first is not None
    router.connect()
    assert router.connect() is None
    router.admission.disconnect(first)
    assert router.connect() is not None
    assert router.connect() is None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "unix"])
def test_who_is_on_this_machine_is_not_counted(address):
    """A reverse proxy there speaks for everybody."""
    assert 10 == Router(connections_per_address=3).connects(address)
    assert 100 == Router(joins_per_second=1, join_burst=1).joins(address, 100)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "unix"])
def test_unless_that_is_wanted(address):
    """Where no proxy is."""
    assert 3 == Router(connections_per_address=3, limit_local=True).connects(address)
    assert 1 == Router(joins_per_second=1, join_burst=1, limit_local=True).joins(address, 100)


def test_a_proxy_is_not_counted_but_its_client_is():
    """From when it is known."""
    router = Router(connections_per_address=1)
    first, second = router.connect(""), router.connect("")
    assert first is not None
    assert second is not None
    moved = router.admission.relocate(first, STRANGER)
    with pytest.raises(NoRoom, match="too many connections from your address"):
        router.admission.relocate(second, STRANGER)
    router.admission.disconnect(second)
    router.admission.disconnect(moved)
    assert 1 == router.connects(STRANGER)


def test_all_transports_together_may_have_so_many():
    """Whoever it is."""
    router = Router(max_connections=4, connections_per_address=3)
    assert 3 == router.connects("192.0.2.1", 3)
    assert 1 == router.connects("127.0.0.1")
    assert 0 == router.connects("192.0.2.2")
    assert (4, 19) == (router.admission.connections, router.admission.refused_by_total)


def test_each_refusal_has_its_status():
    """503 for the router's state, 429 for the client's doing."""
    router = Router(max_connections=2, connections_per_address=1)
    router.connect()
    with pytest.raises(NoRoom) as by_address:
        router.admission.connect(STRANGER)
    router.connect("192.0.2.2")
    with pytest.raises(NoRoom) as by_total:
        router.admission.connect("192.0.2.3")
    assert (429, 503) == (by_address.value.status, by_total.value.status)


def test_a_limit_of_zero_is_none():
    """Each can be switched off."""
    router = Router(connections_per_address=0, joins_per_second=0, sessions_per_principal=0)
    assert (2000, 2000) == (router.connects(STRANGER, 2000), router.joins(most=2000))
    assert all(router.admission.enter("realm1", "alice") for _ in range(20_000))


def test_nothing_is_left_of_closed_connections():
    """Of any address."""
    router = Router()
    places = [router.connect(address) for address in ("192.0.2.1", "192.0.2.1", "2001:db8::1", "unix", "")]
    for place in places:
        assert place is not None
        router.admission.disconnect(place)
    assert (0, {}) == (router.admission.connections, router.admission._by_address)


# -- joins


def test_a_burst_of_joins_is_taken():
    """As many as may come at once, and not one more."""
    router = Router(joins_per_second=50, join_burst=200)
    assert 200 == router.joins()
    assert 1 == router.admission.refused_joins


def test_then_as_many_as_the_rate_allows():
    """However often it is tried in between."""
    router = Router(joins_per_second=10, join_burst=20)
    router.joins()
    taken = 0
    for _ in range(1000):
        router.now += 0.01
        taken += router.admission.may_join(STRANGER)
    assert 100 == taken


def test_a_rest_fills_the_bucket_and_no_more():
    """The burst is the most."""
    router = Router(joins_per_second=10, join_burst=20)
    router.joins()
    router.now += 1
    assert 10 == router.joins()
    router.now += 3600
    assert 20 == router.joins()


def test_each_address_has_its_own_joins():
    """And all of an IPv6 network the same."""
    router = Router(joins_per_second=1, join_burst=5)
    assert [5, 5] == [router.joins("192.0.2.1"), router.joins("192.0.2.2")]
    assert [5, 0] == [router.joins("2001:db8::1"), router.joins("2001:db8::2")]


def test_quiet_addresses_are_forgotten():
    """Who could join as often as a stranger is one."""
    router = Router(joins_per_second=1, join_burst=5)
    for number in range(1000):
        router.now += 2
        assert router.admission.may_join(f"192.0.2.{number}")
    assert 1 == len(router.admission._paid_until)


def test_the_table_of_addresses_has_a_bound(monkeypatch):
    """Somebody may own a million networks: then the one that has been quiet for longest is forgotten."""
    monkeypatch.setattr(admission, "MOST_ADDRESSES", 100)
    router = Router(joins_per_second=1, join_burst=5)
    router.joins("192.0.2.1")
    for number in range(1000):
        router.admission.may_join(f"2001:db8:0:{number:x}::1")
        assert not router.admission.may_join("192.0.2.1"), "who goes on trying stays known"
        assert len(router.admission._paid_until) <= 100


# -- sessions of a principal


def test_a_principal_may_have_so_many_sessions():
    """In each realm."""
    router = Router(sessions_per_principal=2)
    assert [True, True, False] == [router.admission.enter("realm1", "alice") for _ in range(3)]
    assert [True, True] == [router.admission.enter("realm1", "bob"), router.admission.enter("realm2", "alice")]
    assert 1 == router.admission.refused_principals


def test_a_session_that_leaves_makes_room():
    """For one more."""
    router = Router(sessions_per_principal=1)
    router.admission.enter("realm1", "alice")
    router.admission.leave("realm1", "alice")
    assert [True, False] == [router.admission.enter("realm1", "alice") for _ in range(2)]


def test_nothing_is_left_of_sessions_that_have_left():
    """Anonymous sessions have a name of their own each."""
    router = Router()
    names = [f"anonymous-{number}" for number, _ in zip(count(), range(100), strict=False)] + ["alice", "alice"]
    for name in names:
        router.admission.enter("realm1", name)
    for name in names:
        router.admission.leave("realm1", name)
    assert {} == router.admission._by_principal


def test_limits_can_be_replaced():
    """When the configuration is read again: who is in stays in."""
    router = Router(connections_per_address=3)
    router.connects(STRANGER)
    router.admission.limits = AdmissionLimits(connections_per_address=2)
    assert router.connect() is None
    router.admission.limits = AdmissionLimits(connections_per_address=5)
    assert 2 == router.connects(STRANGER)


# -- addresses


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("unix", "unix"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8::1", "2001:db8::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("not:an:address", "not:an:address"),
    ],
)
def test_a_client_is_known_by_its_network(address, network):
    """What it can change at will does not make it another one."""
    assert network == network_of(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.255.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("unix", True),
        ("local", True),
        ("128.0.0.1", False),
        ("10.0.0.1", False),
        ("::2", False),
        ("1270.0.0.1", False),
        ("", False),
    ],
)
def test_which_addresses_are_this_machine(address, expected):
    """Loopback, Unix sockets, and components in the router."""
    assert expected is is_local(address)
