"""Percentiles of durations from a table of fixed size."""

import pytest

from wamprouter.cli.histogram import Histogram


def of(*durations: float) -> Histogram:
    histogram = Histogram()
    for each in durations:
        histogram.record(each)
    return histogram


def test_percentiles_are_exact_to_a_sixty_fourth() -> None:
    """And never too low."""
    histogram = of(*(milliseconds / 1e3 for milliseconds in range(1, 1001)))
    for percent in (1, 50, 90, 99, 99.9):
        exact = percent / 100
        assert exact <= histogram.percentile(percent) <= exact * (1 + 1 / 64)


def test_the_longest_is_exact() -> None:
    """No percentile is above it."""
    histogram = of(0.001, 0.0123)
    assert (0.0123, 0.0123) == (histogram.longest, histogram.percentile(100))


@pytest.mark.parametrize("duration", [0.0, 1e-9, 1e-6, 5e-4, 1.0, 3600.0, 1e9])
def test_every_duration_has_a_bucket(duration: float) -> None:
    """Those that are too short or too long have the first and the last."""
    assert 1 == of(duration).count


def test_nothing_has_no_percentiles() -> None:
    assert 0.0 == of().percentile(50)
