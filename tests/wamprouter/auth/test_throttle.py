"""Who guesses is slowed down, and nobody else."""

import sys

import pytest

from wamprouter.auth import NotReady
from wamprouter.auth.throttle import Throttle

HERE, THERE = "192.0.2.7", "198.51.100.8"


class Guessing:
    """A throttle, its clock, and people who fail."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.throttle = Throttle(lambda: self.time, lambda address: "" if address == "unix" else address)

    def fail(self, times: int, address: str = HERE, authid: str | None = "joe") -> None:
        for _ in range(times):
            self.throttle.failed(address, authid)

    def wait(self, address: str = HERE, authid: str | None = "joe") -> float:
        """Return how long an attempt has to wait; infinity if it is sent away."""
        try:
            return self.throttle.reserve(address, authid)
        except NotReady:
            return float("inf")

    def succeed(self, address: str = HERE, authid: str | None = "joe") -> None:
        self.throttle.succeeded(address, authid)


@pytest.fixture
def guessing() -> Guessing:
    return Guessing()


def test_who_has_not_failed_does_not_wait(guessing):
    """However often it comes."""
    assert [0.0] * 50 == [guessing.wait() for _ in range(50)]
    assert 0 == guessing.throttle.delayed


@pytest.mark.parametrize("failures", [1, 2])
def test_people_mistype(guessing, failures):
    """The first failures have no consequences."""
    guessing.fail(failures)
    assert 0.0 == guessing.wait()


def test_the_third_failure_has_its_price(guessing):
    """Half a second, which a person hardly notices."""
    guessing.fail(3)
    assert 0.5 == guessing.wait()


@pytest.mark.parametrize(("failures", "wait"), [(3, 0.5), (4, 1.0), (5, 2.0), (6, 4.0), (7, float("inf"))])
def test_each_failure_doubles_the_penalty(guessing, failures, wait):
    """Until it is longer than we keep anybody waiting."""
    guessing.fail(failures)
    assert wait == guessing.wait()


def test_one_attempt_waits_behind_the_other(guessing):
    """Or guesses sent at once, on many connections, would be looked at at once."""
    guessing.fail(3)
    assert [0.5, 1.0, 1.5, 2.0] == [guessing.wait() for _ in range(4)]
    assert 4 == guessing.throttle.delayed


def test_who_would_wait_too_long_is_sent_away(guessing):
    """And does not make the line longer for others."""
    guessing.fail(3)
    assert 10 == [guessing.wait() < 100 for _ in range(50)].count(True)
    assert 40 == guessing.throttle.turned_away
    guessing.time += 5.0
    assert guessing.wait() < 1.0


def test_the_penalty_has_an_end(guessing):
    """Even after a thousand failures one may try four times a minute."""
    guessing.fail(1000)
    guessing.time += 16.0
    assert 0.0 == guessing.wait()


def test_what_is_long_ago_is_forgotten(guessing):
    """Ten minutes after the last failure one starts over."""
    guessing.fail(100)
    guessing.time += 599.0
    guessing.fail(1)
    guessing.time += 599.0
    guessing.fail(1)
    assert guessing.wait() > 1
    guessing.time += 601.0
    guessing.fail(2)
    assert 0.0 == guessing.wait()


def test_an_address_that_tries_many_names_is_slowed_down(guessing):
    """Whoever it says it is."""
    for number in range(10):
        guessing.fail(1, authid=f"user{number}")
    assert guessing.wait(authid="nobody") > 5
    assert guessing.wait(authid=None) > 5
    assert 0.0 == guessing.wait(THERE, "nobody")


def test_an_authid_that_is_tried_from_many_addresses_is_slowed_down(guessing):
    """From wherever."""
    for number in range(10):
        guessing.fail(1, address=f"198.51.100.{number}")
    assert guessing.wait("203.0.113.1") > 5
    assert 0.0 == guessing.wait("203.0.113.1", "anna")


def test_who_logged_in_there_before_is_not_kept_out_by_strangers_elsewhere(guessing):
    """Who guess at its authid."""
    guessing.succeed(HERE, "joe")
    guessing.fail(100, THERE, "joe")
    assert 0.0 == guessing.wait(HERE, "joe")
    assert guessing.wait("203.0.113.1", "joe") > 5


def test_who_logged_in_there_before_is_not_kept_out_by_neighbours(guessing):
    """Behind one address, as with a proxy: a stranger who tries others' names slows down only those who are new there."""
    guessing.succeed(HERE, "joe")
    guessing.fail(100, HERE, "anna")
    assert [0.0, 0.0] == [guessing.wait(HERE, "joe") for _ in range(2)]
    assert guessing.wait(HERE, "carla") > 5


def test_who_logged_in_there_before_is_not_free_to_be_guessed_at(guessing):
    """From that very address."""
    guessing.succeed(HERE, "joe")
    guessing.fail(10, HERE, "joe")
    assert guessing.wait(HERE, "joe") > 5
    assert 0.0 == guessing.wait(HERE, "anna")


def test_success_forgives_the_authid_but_not_the_address(guessing):
    """Or the owner of one account would buy free guesses at others with it."""
    guessing.fail(10, HERE, "joe")
    guessing.succeed(HERE, "mallory")
    guessing.succeed(THERE, "joe")
    assert 0.0 == guessing.wait(THERE, "joe")
    assert guessing.wait(HERE, "anna") > 5


def test_success_is_a_new_start_for_who_mistyped(guessing):
    """A week of one mistake a day does not add up."""
    guessing.succeed()
    for _ in range(5):
        guessing.fail(2)
        assert 0.0 == guessing.wait()
        guessing.succeed()


def test_an_address_of_many_is_nobodys(guessing):
    """All come from the same Unix socket, or proxy, so that one would slow down all."""
    guessing.fail(100, "unix", "joe")
    assert 0.0 == guessing.wait("unix", "anna")
    assert 0.0 == guessing.wait("unix", None)
    assert guessing.wait("unix", "joe") > 5


def test_attempts_that_are_decided_about_are_few_for_one_authid(guessing):
    """What has not failed yet slows nobody down: of slow hashes and authenticators, many could be guessed at at once."""
    keys = [guessing.throttle.begun(HERE, "joe") for _ in range(16)]
    assert float("inf") == guessing.wait()
    assert 0.0 == guessing.wait(authid="anna")
    assert 0.0 == guessing.wait(authid=None)
    guessing.throttle.ended(keys.pop())
    assert 0.0 == guessing.wait()


def test_strangers_attempts_do_not_fill_the_room_of_who_logged_in_before(guessing):
    """It has its own."""
    guessing.succeed(HERE, "joe")
    for _ in range(16):
        guessing.throttle.begun(THERE, "joe")
    assert 0.0 == guessing.wait(HERE, "joe")


def test_an_attempt_ends_where_it_began(guessing):
    """Also if its authid has become known in between."""
    key = guessing.throttle.begun(HERE, "joe")
    guessing.succeed(HERE, "joe")
    guessing.throttle.ended(key)
    assert {} == guessing.throttle._undecided


def test_without_an_authid_nothing_is_counted_at_once(guessing):
    """Tokens and keys are not guessed."""
    guessing.throttle.ended(guessing.throttle.begun(HERE, None))
    assert {} == guessing.throttle._undecided


def test_memory_has_a_bound(guessing):
    """Somebody may come as somebody else each time, or from elsewhere."""
    for number in range(25_000):
        guessing.fail(1, f"2001:db8::{number:x}", f"user{number}")
        guessing.succeed(f"2001:db8::{number:x}", f"friend{number}")
    assert 10_000 == len(guessing.throttle._records)
    assert 10_000 == len(guessing.throttle._known)


def test_a_long_authid_takes_no_room(guessing):
    """It may be as long as a message. Two that begin alike are two."""
    long = "a" * 1_000_000
    guessing.fail(10, HERE, long)
    guessing.succeed(HERE, f"{long}b")
    keys = [*guessing.throttle._records, *guessing.throttle._known]
    assert max(sys.getsizeof(part) for key in keys for part in key) < 200
    assert guessing.wait(THERE, long) > 5
    assert 0.0 == guessing.wait(THERE, f"{long}c")
    assert 0.0 == guessing.wait(HERE, f"{long}b")


def test_an_authid_may_be_half_an_emoji(guessing):
    """JSON can write what UTF-8 cannot."""
    guessing.fail(10, HERE, "\ud83d" * 100)
    assert guessing.wait(THERE, "\ud83d" * 100) > 5
