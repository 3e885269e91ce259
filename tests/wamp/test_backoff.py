"""Delays between attempts to connect."""

import random
from collections import Counter

from wamp.backoff import Backoff


def test_delays_grow_up_to_the_maximum():
    backoff = Backoff(initial=1, maximum=5, growth=2)
    assert [backoff.delay(1) for _ in range(5)] == [1, 2, 4, 5, 5]


def test_a_delay_is_drawn_between_a_tenth_and_all():
    """Never zero: a router that comes back is not to be flooded."""
    assert [Backoff(initial=10).delay(chance) for chance in (0, 0.5, 1)] == [1, 5.5, 10]


def test_a_good_connection_starts_over():
    backoff = Backoff(initial=1, growth=2)
    backoff.delay(1)
    backoff.delay(1)
    backoff.reset()
    assert backoff.delay(1) == 1


def test_there_is_an_end_if_one_was_asked_for():
    backoff = Backoff(max_retries=2)
    assert [backoff.delay(1) is None for _ in range(3)] == [False, False, True]


def test_there_is_no_end_by_default():
    backoff = Backoff(maximum=60)
    for _ in range(10_000):
        assert backoff.delay(1) <= 60


def test_a_delay_of_zero_is_not_taken_literally():
    assert Backoff(initial=0, maximum=0).delay(0) > 0


def test_a_fleet_comes_back_spread_out():
    """10,000 clients, the router down for five minutes: afterwards never more than 5 % of them connect in one second."""
    chance, clients, up_at = random.Random(5), 10_000, 300.0
    arrivals = Counter()
    for _ in range(clients):
        backoff, now = Backoff(), 0.0
        while now < up_at:
            now += backoff.delay(chance.random())
        arrivals[int(now - up_at)] += 1
    assert clients == sum(arrivals.values())
    assert max(arrivals.values()) <= clients * 0.05
    assert max(arrivals) < 60
