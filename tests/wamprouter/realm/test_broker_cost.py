"""What a publication costs must not depend on subscriptions that have nothing to do with it."""

import sys
from itertools import count
from typing import Any

from tests.support.realm import Meeting
from wamp.protocol.messages import Publish, Subscribe
from wamprouter.realm.settings import Settings

TOPIC = "com.shop.eu.berlin.sensor7.temperature"
MATCHING = [
    ("prefix", "com.shop."),
    ("prefix", "com.shop.eu"),
    ("prefix", "com.shop.eu.berlin.sensor7"),
    ("prefix", ""),
    ("wildcard", "com.shop...sensor7.temperature"),
    ("wildcard", "com.shop.eu..sensor7."),
    ("wildcard", "com..eu.berlin..temperature"),
    ("wildcard", "....."),
    ("wildcard", ".shop.eu.berlin.sensor7."),
    ("wildcard", "com.shop.eu.berlin.."),
]
"""Ten patterns that match the topic."""


def strangers(amount: int) -> list[tuple[str, str]]:
    """Patterns that do not, as much like it as patterns of one application are."""
    cities = [f"city{number}" for number in range(100)]
    found = []
    for number in count():
        city, sensor = cities[number % 100], f"sensor{number // 100 + 10}"
        found.append(("prefix", f"com.shop.eu.{city}.{sensor}."))
        found.append(("wildcard", f"com.shop..{city}.{sensor}."))
        found.append(("wildcard", f"com.shop.eu.berlin.{sensor}{number}."))
        found.append(("prefix", f"com.shop.eu.berlin.{sensor}{number}"))
        if len(found) >= amount:
            return found[:amount]
    raise AssertionError


def lines_of_a_publication(patterns: list[tuple[str, str]]) -> int:
    """Return how many lines of Python are run to publish to the topic: as good as a time, and always the same."""
    meeting = Meeting(settings=Settings(max_subscriptions=1_000_000))
    for match, pattern in patterns:
        meeting.realm.handle(meeting.alice, Subscribe(1, {"match": match}, pattern))
    lines = 0

    def trace(_frame: Any, event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        deliveries = meeting.realm.handle(meeting.bob, Publish(1, {}, TOPIC))
    finally:
        sys.settrace(before)
    assert 10 == len(deliveries)
    return lines


def test_a_hundred_thousand_patterns_cost_as_much_as_ten():
    """Ten match in either case: at most three times the work."""
    few = lines_of_a_publication(MATCHING)
    many = lines_of_a_publication(MATCHING + strangers(100_000))
    assert few < 1000
    assert many <= 3 * few
