"""The store in memory, as any store must behave."""

import msgspec
import pytest

from wamp.protocol.uris import Match
from wamprouter.realm.audience import Audience
from wamprouter.store import EventLog, StoredEvent
from wamprouter.store.memory import MemoryStore

MUCH = 1_000_000


def event(publication: int, args: bytes = b"[1]") -> StoredEvent:
    audience = Audience(exclude_authid=frozenset(["eve"]), eligible_authrole=frozenset())
    return StoredEvent(publication, 1_000, "com.log", {"topic": "com.log"}, args, None, "json", audience)


@pytest.fixture
def log() -> EventLog:
    return MemoryStore().log("realm1", "com.log", Match.EXACT, 3, MUCH)


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


def test_the_oldest_goes_first_by_bytes_too():
    """As many as there must be to make room."""
    log = MemoryStore().log("realm1", "com.log", Match.EXACT, 100, 10_000)
    for publication in range(1, 6):
        log.append(event(publication))
    large = event(6, b"[%s]" % (b"7" * 5_500))
    log.append(large)
    assert [event(3), event(4), event(5), large] == list(log.events())
    assert 10_000 >= log.bytes == sum(event.weight for event in log.events())
    assert 2 == log.forgotten


def test_an_event_larger_than_the_log_is_not_kept():
    """And drives out nothing."""
    log = MemoryStore().log("realm1", "com.log", Match.EXACT, 100, 10_000)
    log.append(event(1))
    log.append(event(2, b"[%s]" % (b"7" * 10_000)))
    assert [event(1)] == list(log.events())
    assert 1 == log.forgotten


def test_an_event_weighs_what_it_may_hold():
    """A list of names may be as long as a message."""
    names = Audience(eligible_authid=frozenset(f"somebody-{number}" for number in range(1000)))
    heavy = StoredEvent(1, 1_000, "com.log", {"ppt_scheme": "x" * 1000}, b"1" * 1000, b"2" * 1000, "json", names)
    assert heavy.weight > 3_000 + 1000 * len("somebody-000")


def test_a_log_is_found_again():
    """By realm, URI and match together."""
    store = MemoryStore()
    store.log("realm1", "com.log", Match.EXACT, 3, MUCH).append(event(1))
    assert [event(1)] == list(store.log("realm1", "com.log", Match.EXACT, 3, MUCH).events())
    for other in (
        ("realm2", "com.log", Match.EXACT),
        ("realm1", "com", Match.EXACT),
        ("realm1", "com.log", Match.PREFIX),
    ):
        assert [] == list(store.log(*other, 3, MUCH).events())


def test_an_event_can_be_written_down():
    """Plain values only: what any store on disk needs."""
    written = msgspec.msgpack.encode(event(7))
    assert event(7) == msgspec.msgpack.decode(written, type=StoredEvent)
