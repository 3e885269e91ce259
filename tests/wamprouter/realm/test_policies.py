"""Which of many callees is invoked, without anybody being called."""

from collections import Counter
from dataclasses import dataclass

import pytest

from wamprouter.realm.policies import POLICIES, of_key


@dataclass(frozen=True)
class Numbered:
    """All that a policy looks at of an endpoint."""

    number: int


ONE, TWO, FIVE = Numbered(1), Numbered(2), Numbered(5)
ALL = [ONE, TWO, FIVE]


def never(_count):
    raise AssertionError("nothing is left to chance")


@pytest.mark.parametrize(
    ("invoke", "previous", "chosen"),
    [
        ("single", 0, ONE),
        ("first", 0, ONE),
        ("first", 1, ONE),
        ("last", 0, FIVE),
        ("last", 5, FIVE),
        ("roundrobin", 0, ONE),
        ("roundrobin", 1, TWO),
        ("roundrobin", 2, FIVE),
        ("roundrobin", 3, FIVE),
        ("roundrobin", 5, ONE),
        ("roundrobin", 9, ONE),
    ],
)
def test_policies(invoke, previous, chosen):
    """First, last, and whoever comes after the one before, also if that has left."""
    assert chosen is POLICIES[invoke](ALL, previous, never)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_random_asks_whoever_gives_chance(place):
    """Which is told how many there are."""
    asked = []

    def choose(count):
        asked.append(count)
        return place

    assert ALL[place] is POLICIES["random"](ALL, 0, choose)
    assert [3] == asked


# Keys

KEYS = [f"customer {number}" for number in range(3000)]


def shares(endpoints):
    return {key: of_key(endpoints, key) for key in KEYS}


def test_a_key_has_one_endpoint():
    """Whatever the order in which endpoints are looked at."""
    assert shares(ALL) == shares(ALL[::-1])


def test_keys_are_spread():
    """Each of three endpoints has about a third."""
    assert all(900 < count < 1100 for count in Counter(shares(ALL).values()).values())


def test_only_the_keys_of_who_leaves_move():
    """The others stay where they are."""
    before, after = shares(ALL), shares([ONE, FIVE])
    assert {TWO} == {before[key] for key in KEYS if before[key] != after[key]}
    assert TWO not in after.values()


def test_who_comes_takes_from_everybody():
    """And nothing moves between those who were there."""
    before, after = shares([ONE, TWO]), shares(ALL)
    assert {FIVE} == {after[key] for key in KEYS if before[key] != after[key]}


def test_a_key_may_be_any_text():
    """Also what UTF-8 has no form for."""
    assert of_key(ALL, "\ud800") in ALL
