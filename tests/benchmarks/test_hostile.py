"""What the measurement under attack makes of the times that it has taken."""

from benchmarks.hostile import Figures, figures, table


def test_percentiles_are_of_the_calls_in_milliseconds() -> None:
    seconds = [number / 1000 for number in range(1, 101)]
    assert figures("pings", seconds[::-1], 1 << 20) == Figures("pings", 100, 51.0, 100.0, 100.0, 1 << 20)


def test_one_call_is_enough() -> None:
    assert figures("pings", [0.002], 0) == Figures("pings", 1, 2.0, 2.0, 2.0, 0)


def test_what_is_above_the_bound_is_marked() -> None:
    rows = [Figures("pings", 10, 1.0, 19.9, 30.0, 1 << 20), Figures("bombs", 10, 1.0, 20.1, 30.0, 1 << 20)]
    _, good, bad = table(rows, 20.0).splitlines()
    assert "above" not in good
    assert bad.endswith("above the bound")
