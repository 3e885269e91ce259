"""Visitors: sessions for requests of HTTP, without HTTP."""

from __future__ import annotations

from collections import deque
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.task import Clock

from tests.support.realm import Meeting, Realms, anyone
from wamp.protocol.uris import Match
from wamprouter.authz.roles import Action, Role, Rule
from wamprouter.server.admission import Admission, AdmissionLimits
from wamprouter.server.dispatch import Dispatcher
from wamprouter.server.peer import Lobby
from wamprouter.web.visitors import Entrance, Outcome, packed

NOTHING = packed([], {})


class House:
    """A router with a path, and the turns of its reactor."""

    def __init__(self, role: str = "web") -> None:
        self.meeting = Meeting({"user": anyone(), "web": Role("web", [Rule("com.open.", Match.PREFIX, Action)])})
        self.clock = Clock()
        self.lobby = Lobby(
            Realms({"realm1": self.meeting.realm}),
            count(101),
            Dispatcher(lambda action: self.clock.callLater(0, action)),
            self.clock.callLater,
            lambda: 0.0,
            Admission(AdmissionLimits(), lambda: 0.0),
        )
        maker: Any = SimpleNamespace(lobby=self.lobby, reactor=self.clock)
        self.entrance = Entrance(maker, "/call", "realm1", role)
        self.outcomes: deque[Outcome] = deque()

    def call(self, procedure: str) -> None:
        self.entrance.shared.call(procedure, NOTHING, {}, self.outcomes.append, timeout=5)

    def publish(self, topic: str) -> Any:
        return self.entrance.shared.publish(topic, NOTHING, {}, self.outcomes.append, timeout=5)

    def turn(self, seconds: float = 0) -> None:
        for _ in range(6):
            self.clock.advance(0)
        self.clock.advance(seconds)

    @property
    def sessions(self) -> list[Any]:
        return [one for one in self.meeting.realm.sessions.values() if one.authprovider == "http"]


@pytest.fixture
def house() -> House:
    return House()


def test_a_session_joins_when_it_is_needed(house):
    """And is known by its path and its role; requests share it."""
    assert [] == house.sessions
    house.publish("com.open.a")
    house.publish("com.open.b")
    house.turn()
    [session] = house.sessions
    assert ("/call", "web", "http") == (session.authid, session.authrole, session.authprovider)
    assert [None, None] == [outcome.error for outcome in house.outcomes]


def test_a_request_is_refused_like_that_of_anybody(house):
    """What the role may not, and what is not there."""
    house.publish("com.closed")
    house.call("com.open.nothing")
    house.turn()
    errors = {outcome.error for outcome in house.outcomes}
    assert {"wamp.error.not_authorized", "wamp.error.no_such_procedure"} == errors


def test_who_cannot_join_is_told_why():
    """Each request tries again."""
    house = House("nobody")
    for _ in range(2):
        house.call("com.open.nothing")
        house.turn()
        outcome = house.outcomes.popleft()
        assert "wamp.error.unavailable" == outcome.error
        assert "no role 'nobody' in realm 'realm1'" in outcome.args[0]


def test_nobody_joins_a_router_that_stops(house):
    """And nobody waits for that."""
    house.lobby.is_closed = True
    house.call("com.open.nothing")
    house.turn()
    assert ["wamp.error.unavailable"] == [outcome.error for outcome in house.outcomes]


def test_a_request_behind_the_end_of_a_session_is_for_the_next_one(house):
    """It is not lost between them."""
    house.publish("com.open.a")
    house.turn()
    [first] = house.sessions
    house.entrance.shared.leave()
    house.publish("com.open.b")
    house.turn()
    house.publish("com.open.c")
    house.turn()
    assert first not in house.sessions
    assert [None, None, None] == [outcome.error for outcome in house.outcomes]


def test_an_answer_that_does_not_come_is_told_in_time(house):
    """Also while the session joins."""
    house.call("com.open.nothing")
    house.clock.advance(5)
    assert "wamp.error.timeout" == house.outcomes[0].error


def test_what_is_taken_back_is_not_answered(house):
    """And leaves nothing behind."""
    shared = house.entrance.shared
    shared.take_back(house.publish("com.open.a"))
    house.turn(10)
    assert (0, deque()) == (shared.in_flight, house.outcomes)


def test_a_retired_session_leaves_when_it_is_done(house):
    """Not before its requests have their answers."""
    house.publish("com.open.a")
    house.entrance.retire()
    house.turn()
    house.turn()
    assert [None] == [outcome.error for outcome in house.outcomes]
    assert [] == house.sessions
