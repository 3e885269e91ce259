"""What the realms route, as those who run the router see it."""

from __future__ import annotations

from typing import Any

from tests.support.management import House


def names(found: list[dict[str, Any]], field: str) -> list[str]:
    return [entry[field] for entry in found]


def test_the_realms(house: House) -> None:
    """Realms are listed with what is in each."""
    guest = house.join()
    guest.subscribe("com.topic")
    found = {entry["name"]: entry for entry in house.operator().call("router.realm.list")}
    assert {"realm1", "admin"} == found.keys()
    assert (1, 1, 0, False) == tuple(
        found["realm1"][key] for key in ("sessions", "subscriptions", "calls_in_flight", "is_on_demand")
    )


def test_the_registrations_without_those_of_the_router(house: House) -> None:
    """Neither the meta API nor the management is among them, nor counted."""
    house.join().offer("com.example.add")
    found = house.operator().call("router.registration.list", reserved=False)
    assert (["com.example.add"], 1) == (names(found["registrations"], "procedure"), found["total"])


def test_a_realm_made_on_demand() -> None:
    """A realm that somebody's joining has made is marked so."""
    house = House(realm_template={"roles": [{"name": "anonymous"}]})
    house.join("other")
    found = {entry["name"]: entry["is_on_demand"] for entry in house.operator().call("router.realm.list")}
    house.close()
    assert found["other"]


def test_the_registrations(house: House) -> None:
    """Registrations are found by a part of their procedure, with how many calls are on their way."""
    callee, caller = house.join(), house.join()
    registration = callee.offer("com.example.add", invoke="roundrobin")
    caller.ask("com.example.add")
    found = house.operator().call("router.registration.list", realm="realm1", search="example")
    [entry] = found["registrations"]
    assert entry.pop("created_at") > 1_000_000_000
    assert {
        "registration": registration,
        "realm": "realm1",
        "procedure": "com.example.add",
        "match": "exact",
        "invoke": "roundrobin",
        "callees": 1,
        "in_flight": 1,
    }.items() <= entry.items()


def test_how_often_a_procedure_was_called(house: House) -> None:
    """Calls that are answered are counted for their procedure."""
    callee, caller = house.join(), house.join()
    callee.offer("com.add")
    for _ in range(3):
        caller.ask("com.add")
        callee.finish(3)
    [entry] = house.operator().call("router.registration.list", search="com.add")["registrations"]
    assert 3 == entry["calls"]


def test_the_oldest_call_comes_first(house: House) -> None:
    """Calls in flight are listed by their age, in milliseconds."""
    callee, caller = house.join(), house.join()
    for procedure in ("com.first", "com.second"):
        callee.offer(procedure)
        caller.ask(procedure)
        house.turn(1.5)
    found = house.operator().call("router.call.list")["calls"]
    assert [("com.first", 3000.0), ("com.second", 1500.0)] == [(call["procedure"], call["age_ms"]) for call in found]


def test_all_registrations_are_counted(house: House) -> None:
    """The total counts the router's own as well, however short the page is."""
    found = house.operator().call("router.registration.list", realm="realm1", limit=2)
    assert 2 == len(found["registrations"]) < found["total"]


def test_the_subscriptions(house: House) -> None:
    """Subscriptions are listed with how many sessions share each."""
    for guest in (house.join(), house.join()):
        subscription = guest.subscribe("com.topic.", match="prefix")
    found = house.operator().call("router.subscription.list", realm="realm1")
    [entry] = found["subscriptions"]
    assert (1, subscription, "com.topic.", "prefix", 2) == (
        found["total"],
        *(entry[key] for key in ("subscription", "topic", "match", "subscribers")),
    )


def test_the_calls_in_flight(house: House) -> None:
    """A call in flight is told with both ends, by the procedure that was called and not by its pattern."""
    callee, caller = house.join(name="worker"), house.join(name="client")
    callee.offer("com.slow.", match="prefix")
    caller.ask("com.slow.one", progress=False)
    found = house.operator().call("router.call.list")
    [entry] = found["calls"]
    expected = {
        "realm": "realm1",
        "caller": caller.id,
        "caller_authid": "client",
        "callee": callee.id,
        "callee_authid": "worker",
        "request": 1 + 0,
        "state": "called",
    }
    assert expected == {key: entry[key] for key in expected}


def test_a_call_that_is_answered_is_in_flight_no_more(house: House) -> None:
    """Once it has its answer, a call is not listed."""
    callee, caller = house.join(), house.join()
    callee.offer("com.add")
    caller.ask("com.add")
    callee.finish(3)
    assert {"total": 0, "calls": []} == house.operator().call("router.call.list")
