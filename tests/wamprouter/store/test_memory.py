"""The store in memory, as any store must behave."""

import msgspec
import pytest

from wamp.protocol.uris import Match
from wamprouter.realm.audience import Audience
from wamprouter.store import EventLog, StoredEvent
from wamprouter.store.memory import MemoryStore


def event(publication: int) -> StoredEvent:
    audience = Audience(exclude_authid=frozenset(["eve"]), eligible_authrole=frozenset())
    return StoredEvent(publication, 1_000, "com.log", {"topic": "com.log"}, b"[1]", None, "json", audience)


@pytest.fixture
def log() -> EventLog:
    return MemoryStore().log("realm1", "com.log", Match.EXACT, 3)


def test_a_new_log_is_empty(log):
    """Nothing is remembered."""
    assert [] == list(log.events())


def test_events_come_in_the_order_of_their_keeping(log):
    """Not of their ids."""
    for publication in (5, 3, 9):
        log.append(event(publication))
    assert [event(5), event(3), event(9)] == list(log.events())


def test_the_oldest_goes_first(log):
    """Beyond the limit."""
    for publication in range(1, 6):
        log.append(event(publication))
    assert [event(3), event(4), event(5)] == list(log.events())


def test_a_log_is_found_again():
    """By realm, URI and match together."""
    store = MemoryStore()
    store.log("realm1", "com.log", Match.EXACT, 3).append(event(1))
    assert [event(1)] == list(store.log("realm1", "com.log", Match.EXACT, 3).events())
    for other in (
        ("realm2", "com.log", Match.EXACT),
        ("realm1", "com", Match.EXACT),
        ("realm1", "com.log", Match.PREFIX),
    ):
        assert [] == list(store.log(*other, 3).events())


def test_an_event_can_be_written_down():
    """Plain values only: what any store on disk needs."""
    written = msgspec.msgpack.encode(event(7))
    assert event(7) == msgspec.msgpack.decode(written, type=StoredEvent)
