"""The line about a session that has ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twisted.logger import formatEvent, globalLogPublisher

from tests.support.management import House
from tests.support.process import REALM
from wamp.protocol.messages import Goodbye
from wamprouter.farewells import MOST, PERIOD, Farewells


class Ending:
    """A router whose endings are logged, and what the log has."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_read = True
        self.house = House(realms=[REALM])
        farewells = Farewells(self.house.reactor.seconds, lambda: self.is_read)
        self.house.node.lobby.ended = farewells.note
        globalLogPublisher.addObserver(self._take)

    def _take(self, event: Any) -> None:
        if event.get("log_namespace") == "wamprouter.farewells":
            self.lines.append(formatEvent(event))

    def end(self, count: int = 1) -> None:
        for _ in range(count):
            self.house.join(name="joe").connection.abort()

    def close(self) -> None:
        globalLogPublisher.removeObserver(self._take)
        self.house.close()


@pytest.fixture
def ending() -> Iterator[Ending]:
    made = Ending()
    yield made
    made.close()


def test_it_says_who_it_was_and_how_long_and_how_much(ending):
    guest = ending.house.join(name="joe")
    guest.subscribe("com.news")
    ending.house.turn(90)
    guest.send(Goodbye({}, "wamp.close.normal"))
    [line] = ending.lines
    assert line == (
        f"session {guest.id} of joe (anonymous) in realm1, from local, ended after 90.0 s: goodbye; "
        "2 messages received, 2 sent"
    )


def test_of_a_flood_only_the_first_have_one(ending):
    """And what is left out is said, once when it begins."""
    ending.end(MOST + 20)
    assert len(ending.lines) == MOST + 1
    assert ending.lines[-1] == f"more sessions end; they have no lines for {PERIOD:g} s"


def test_later_it_is_said_how_many_had_none(ending):
    ending.end(MOST + 20)
    ending.house.turn(PERIOD)
    ending.end()
    assert ending.lines[-2] == "20 sessions that ended before have no lines"
    assert ending.lines[-1].startswith("session ")


def test_nothing_is_composed_for_nobody(ending):
    """At level warn a thousand ends cost nothing."""
    ending.is_read = False
    ending.end()
    assert ending.lines == []
