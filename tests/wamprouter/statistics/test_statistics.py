"""The numbers of a router are those of what its clients did."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import pytest

from tests.support.management import Guest, House, Refused
from tests.support.process import EVERYTHING
from wamp.protocol.messages import Call, Cancel, Error, Goodbye, Invocation, Publish, Yield
from wamp.protocol.uris import Match
from wamprouter import statistics
from wamprouter.statistics import BOUNDS
from wamprouter.statistics.attendance import Group

LISTENER = {"name": "listener", "permissions": [{"uri": "com.", "match": "prefix", "allow": {"subscribe": True}}]}
REALM = {"name": "realm1", "roles": [{"name": "anonymous", "permissions": EVERYTHING}, LISTENER]}


@pytest.fixture
def house() -> Iterator[House]:
    made = House(realms=[REALM])
    yield made
    made.close()


def shown(house: House) -> Any:
    """Return a snapshot, as it would arrive somewhere."""
    return json.loads(json.dumps(house.node.statistics.snapshot()))


def realm1(house: House) -> Any:
    return next(row for row in shown(house)["realms"] if row["realm"] == "realm1")


def called(house: House, procedure: str) -> Any:
    return next(row for row in shown(house)["calls"] if (row["realm"], row["procedure"]) == ("realm1", procedure))


def grown(before: Any, after: Any) -> dict[str, int]:
    """Return by how much which of the numbers have grown."""
    return {key: count - before.get(key, 0) for key, count in after.items() if count != before.get(key, 0)}


def serving(house: House, procedure: str = "com.work") -> Guest:
    worker = house.join(name="worker")
    worker.offer(procedure)
    return worker


def test_a_snapshot_has_what_its_description_says(house):
    """Whoever shows it goes by that."""
    described = re.findall(r'^ {8}"(\w+)":', statistics.__doc__, re.MULTILINE)
    assert sorted(described) == sorted(shown(house))


def test_sessions_are_counted_by_what_they_have_in_common(house):
    """Without looking at each of them."""
    for role in ("anonymous", "anonymous", "listener"):
        house.join(role=role)
    rows = [row for row in shown(house)["sessions"]["by"] if row["realm"] == "realm1"]
    common = {"realm": "realm1", "transport": "memory", "serializer": "msgpack"}
    assert [{**common, "role": "anonymous", "open": 2}, {**common, "role": "listener", "open": 1}] == rows


def test_what_nobody_is_in_any_more_is_shown_no_more(house):
    house.join(role="listener").send(Goodbye({}, "wamp.close.normal"))
    assert not [row for row in shown(house)["sessions"]["by"] if row["role"] == "listener"]
    assert Group("realm1", "listener", "memory", "msgpack") not in house.node.statistics.attendance.open


def test_sessions_end_for_reasons(house):
    """By GOODBYE, with the connection, because somebody has put them out, or because they broke the rules."""
    guests = [house.join() for _ in range(4)]
    guests[0].send(Goodbye({}, "wamp.close.normal"))
    guests[1].connection.abort()
    house.join().call("wamp.session.kill", guests[2].id)
    guests[3].send(Error(48, 1, {}, "com.nobody.asked"))
    assert {"goodbye": 1, "lost": 1, "killed": 1, "violation": 1} == shown(house)["sessions"]["ended"]


def test_calls_are_counted_with_those_that_are_refused(house):
    serving(house)
    guest = house.join()
    before = realm1(house)["calls"]
    guest.ask("com.work")
    with pytest.raises(Refused):
        guest.call("com.nobody")
    with pytest.raises(Refused):
        house.join(role="listener").call("com.work")
    assert 3 == realm1(house)["calls"] - before


def test_calls_in_flight_are_those_that_nobody_has_answered(house):
    worker = serving(house)
    guest = house.join()
    requests = [guest.ask("com.work") for _ in range(3)]
    assert 3 == realm1(house)["calls_in_flight"]
    worker.finish()
    guest.send(Cancel(requests[1], {"mode": "killnowait"}))
    assert 1 == realm1(house)["calls_in_flight"]
    guest.connection.abort()
    house.turn()
    assert 0 == realm1(house)["calls_in_flight"]


def test_the_time_of_a_call_is_that_until_its_answer(house):
    worker = serving(house)
    guest = house.join()
    for seconds in (0.0002, 0.3, 0.3):
        guest.ask("com.work")
        house.turn(seconds)
        worker.finish()
    found = called(house, "com.work")
    assert (3, pytest.approx(0.6002)) == (found["count"], found["seconds"])
    assert {0.0005: 1, 0.5: 2} == {BOUNDS[at]: count for at, count in enumerate(found["buckets"]) if count}


def test_errors_are_counted_by_uri_and_an_applications_own_together(house):
    """Of which it may have any number."""
    worker = serving(house)
    guest = house.join()
    before = realm1(house)["errors"]
    for uri in ("com.failed.1", "com.failed.2"):
        guest.ask("com.work")
        [invocation] = worker.take(Invocation)
        worker.send(Error(Invocation.CODE, invocation.request, {}, uri))
    with pytest.raises(Refused):
        guest.call("com.nobody")
    assert {"other": 2, "wamp.error.no_such_procedure": 1} == grown(before, realm1(house)["errors"])


def test_a_publication_that_is_refused_silently_is_counted(house):
    """Its publisher does not hear of it, so somebody else should."""
    before = shown(house)["refusals"]["not_authorized"]
    house.join(role="listener").publish("com.news")
    assert 1 == shown(house)["refusals"]["not_authorized"] - before


def test_events_are_counted_for_each_receiver(house):
    for _ in range(3):
        house.join().subscribe("com.news")
    guest = house.join()
    before = realm1(house)
    guest.publish("com.news", 1)
    guest.publish("com.nobody.hears", 1)
    after = realm1(house)
    assert (2, 3) == tuple(after[name] - before[name] for name in ("publications", "events"))


def test_messages_are_counted_by_their_kind(house):
    worker, guest = serving(house), house.join()
    before = shown(house)["messages"]
    guest.subscribe("com.news")
    guest.send(Publish(9, {"acknowledge": True, "exclude_me": False}, "com.news"))
    guest.ask("com.work")
    worker.finish()
    with pytest.raises(Refused):
        guest.call("com.nobody")
    guest.send(Goodbye({}, "wamp.close.normal"))
    after = shown(house)["messages"]
    expected = {"SUBSCRIBE": 1, "PUBLISH": 1, "CALL": 2, "YIELD": 1, "GOODBYE": 1}
    assert expected == grown(before["in"], after["in"])
    expected = {"SUBSCRIBED": 1, "PUBLISHED": 1, "EVENT": 1, "INVOCATION": 1, "RESULT": 1, "ERROR": 1, "GOODBYE": 1}
    assert expected == grown(before["out"], after["out"])


def test_results_of_the_meta_api_are_messages_too(house):
    guest = house.join()
    before = shown(house)["messages"]["out"]
    guest.call("wamp.session.count")
    assert {"INVOCATION": 1, "RESULT": 1} == grown(before, shown(house)["messages"]["out"])


def test_calls_of_the_router_itself_are_counted_together(house):
    """Its procedures would be most of those that are shown apart."""
    guest = house.join()
    guest.call("wamp.session.count")
    guest.call("wamp.session.list")
    assert 2 == called(house, "wamp.*")["count"]
    assert not any(row["procedure"].startswith("wamp.session") for row in shown(house)["calls"])


def test_only_so_many_procedures_are_shown_apart(house):
    """However many a client registers: the calls of the others are counted together."""
    worker = house.join()
    for number in range(60):
        worker.offer(f"com.work.{number}")
    house.join().ask("com.work.59")
    worker.finish()
    assert 50 == sum(row["procedure"].startswith("com.") for row in shown(house)["calls"])
    assert 1 == called(house, "other")["count"]


def test_the_operator_says_which_procedures_are_shown_in_any_case():
    """Whoever came first."""
    house = House({"procedures": ["com.important"]}, realms=[REALM])
    worker = house.join()
    for number in range(60):
        worker.offer(f"com.work.{number}")
    worker.offer("com.important")
    assert 0 == called(house, "com.important")["count"]
    house.close()


def test_the_event_loop_is_watched_from_the_first_time_that_somebody_asks(house):
    assert 0 == shown(house)["event_loop"]["lag"]
    house.reactor.advance(2)
    assert pytest.approx(1.5) == shown(house)["event_loop"]["lag"]


def test_a_procedure_that_is_registered_again_goes_on_counting(house):
    first = serving(house)
    house.join().ask("com.work")
    first.finish()
    first.connection.abort()
    second = serving(house)
    house.join().ask("com.work")
    second.finish()
    assert 2 == called(house, "com.work")["count"]


def test_only_so_many_realms_are_shown_apart():
    """Of realms that are made on demand there may be thousands."""
    roles = [{"name": "anonymous", "permissions": EVERYTHING}]
    house = House(realm_template={"roles": roles, "max_realms": 200})
    for number in range(150):
        house.join(realm=f"tenant{number}")
    rows = {row["realm"]: row["sessions"] for row in shown(house)["realms"]}
    assert 101 == len(rows)
    assert 150 == sum(count for name, count in rows.items() if name.startswith("tenant") or name == "other")
    house.close()


def test_a_result_that_nobody_waits_for_is_not_sent(house):
    worker = serving(house)
    guest = house.join()
    request = guest.ask("com.work")
    guest.send(Cancel(request, {"mode": "killnowait"}))
    before = shown(house)["messages"]["out"]
    worker.finish()
    assert {} == grown(before, shown(house)["messages"]["out"])


def test_a_snapshot_is_made_in_no_time_whoever_is_there(house):
    """It is made while nothing else happens."""
    attendance = house.node.statistics.attendance
    for number in range(100):
        attendance.open[Group(f"realm{number}", "user", "websocket", "json")] = 100
    for number in range(100):
        tally = house.node.statistics.tallies.of(f"realm{number}")
        tally.timing(f"com.work.{number}", Match.EXACT)
    times = []
    for _ in range(5):
        began = perf_counter()
        house.node.statistics.snapshot()
        times.append(perf_counter() - began)
    assert min(times) < 0.005


def test_calls_that_take_equally_long_are_put_in_their_place_together(house):
    """Which makes no difference to what is counted."""
    worker = serving(house)
    guest = house.join()
    for request in (101, 102, 103):
        guest.connection.send(Call(request, {}, "com.work"))
    house.turn(0.02)
    for invocation in worker.take(Invocation):
        worker.connection.send(Yield(invocation.request, {}))
    house.turn()
    found = called(house, "com.work")
    assert (3, pytest.approx(0.06)) == (found["count"], found["seconds"])
