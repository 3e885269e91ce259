"""Who is due when, and how much is remembered."""

from hypothesis import given
from hypothesis import strategies as st

from wamprouter.realm.deadlines import Deadlines


def test_nothing_is_due_at_first():
    """There is no deadline."""
    deadlines = Deadlines()
    assert None is deadlines.next()
    assert [] == deadlines.expired(1e9)


def test_the_earliest_is_next():
    """Whatever the order they came in."""
    deadlines = Deadlines()
    told = [deadlines.set(name, at) for name, at in (("b", 2.0), ("c", 3.0), ("a", 1.0))]
    assert [True, False, True] == told
    assert 1.0 == deadlines.next()


def test_what_is_due_comes_out_once_and_in_order():
    """With the deadline itself, and not before."""
    deadlines = Deadlines()
    for name, at in (("b", 2.0), ("c", 3.0), ("a", 1.0)):
        deadlines.set(name, at)
    assert [] == deadlines.expired(0.9)
    assert ["a", "b"] == deadlines.expired(2.0)
    assert ["c"] == deadlines.expired(9.0)
    assert None is deadlines.next()


def test_what_is_cleared_is_not_due():
    """Nor is it next; clearing again is nothing."""
    deadlines = Deadlines()
    deadlines.set("a", 1.0)
    deadlines.set("b", 2.0)
    deadlines.clear("a")
    deadlines.clear("a")
    assert 2.0 == deadlines.next()
    assert ["b"] == deadlines.expired(9.0)


def test_a_deadline_moves_back():
    """And is not the earliest any more."""
    deadlines = Deadlines()
    deadlines.set("a", 1.0)
    deadlines.set("b", 2.0)
    assert not deadlines.set("a", 3.0)
    assert 2.0 == deadlines.next()
    assert ["b", "a"] == deadlines.expired(3.0)


def test_a_deadline_moves_forward():
    """Which may make it the earliest."""
    deadlines = Deadlines()
    deadlines.set("a", 1.0)
    deadlines.set("b", 2.0)
    assert deadlines.set("b", 0.5)
    assert ["b"] == deadlines.expired(0.5)
    assert ["a"] == deadlines.expired(5.0)


def test_the_same_time_is_no_conflict():
    """Items need not be comparable."""
    deadlines = Deadlines()
    first, second = object(), object()
    deadlines.set(first, 1.0)
    deadlines.set(second, 1.0)
    assert [first, second] == deadlines.expired(1.0)


def test_memory_is_that_of_what_is_due():
    """However much was due and is no more."""
    deadlines = Deadlines()
    for number in range(10_000):
        deadlines.set(number, 100.0 + number)
        if number >= 10:
            deadlines.clear(number - 10)
    assert len(deadlines) <= 64 + 2 * 10
    assert list(range(9990, 10_000)) == deadlines.expired(1e9)


def test_moving_back_and_forth_costs_no_memory():
    """One item, and all the time in the world."""
    deadlines = Deadlines()
    for number in range(10_000):
        deadlines.set("a", 1e6 - number if number % 2 else 2e6 + number)
    assert len(deadlines) <= 64 + 2
    assert ["a"] == deadlines.expired(1e9)


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["set", "clear", "expire"]), st.integers(0, 20))))
def test_deadlines_do_what_a_dictionary_does(steps):
    """Against the simplest thing that works."""
    deadlines, naive = Deadlines(), {}
    for item, act, at in steps:
        if act == "set":
            deadlines.set(item, float(at))
            naive[item] = float(at)
        elif act == "clear":
            deadlines.clear(item)
            naive.pop(item, None)
        else:
            due = {item for item, deadline in naive.items() if deadline <= at}
            assert due == set(deadlines.expired(at))
            naive = {item: deadline for item, deadline in naive.items() if item not in due}
        assert min(naive.values(), default=None) == deadlines.next()
