"""Retained events and histories outlive a test, so each has a topic of its own."""

from itertools import count

import pytest

_NUMBERS = count(1)


@pytest.fixture
def topic() -> str:
    return f"com.log.t{next(_NUMBERS)}.x"
