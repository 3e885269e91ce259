"""Sessions of all realms, as those who run the router see and end them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.management import House, Refused
from wamprouter.config import ConfigError


def ids(found: dict[str, Any]) -> list[int]:
    return [session["session"] for session in found["sessions"]]


def test_the_latest_session_comes_first(house: House) -> None:
    """A list of sessions begins with who has joined last."""
    first, second = house.join(), house.join()
    assert [second.id, first.id] == ids(house.operator().call("router.session.list", realm="realm1"))


def test_a_page_of_sessions(house: House) -> None:
    """A page begins where it is asked to, and the total says how many there are."""
    guests = [house.join() for _ in range(5)]
    found = house.operator().call("router.session.list", "realm1", offset=1, limit=2, descending=False)
    assert (5, [guests[1].id, guests[2].id]) == (found["total"], ids(found))


def test_a_page_of_sessions_from_the_end(house: House) -> None:
    """Pages of the newest sessions follow each other without a gap."""
    guests = [house.join() for _ in range(5)]
    found = house.operator().call("router.session.list", "realm1", offset=3, limit=50)
    assert [guests[1].id, guests[0].id] == ids(found)


def test_sessions_of_all_realms(house: House) -> None:
    """Without a realm, those of all are listed, the management's own as well."""
    guest, operator = house.join(), house.operator()
    found = operator.call("router.session.list")
    assert {guest.id, operator.id} < {*ids(found)}


@pytest.mark.parametrize("words", ["oe", "anonym"])
def test_search(house: House, words: str) -> None:
    """A text is searched for in authid and role."""
    joe = house.join(name="joe")
    assert [joe.id] == ids(house.operator().call("router.session.list", search=words))


def test_the_busiest_come_first(house: House) -> None:
    """By calls, who waits for most is first."""
    callee, _, caller = house.join(), house.join(), house.join()
    callee.offer("com.slow")
    caller.ask("com.slow")
    assert caller.id == ids(house.operator().call("router.session.list", order="calls"))[0]


def test_what_is_told_of_a_session(house: House) -> None:
    """Of one session, everything is told that the router knows of it."""
    guest = house.join(name="joe", agent="tester-1")
    subscription, registration = guest.subscribe("com.topic", match="prefix"), guest.offer("com.add")
    found = house.operator().call("router.session.get", realm="realm1", session=guest.id)
    expected = {
        "session": guest.id,
        "realm": "realm1",
        "authid": "joe",
        "authrole": "anonymous",
        "authmethod": "local",
        "transport": "memory",
        "serializer": "msgpack",
        "agent": "tester-1",
        "queued": 0,
        "is_throttled": False,
        "subscriptions": [{"subscription": subscription, "topic": "com.topic", "match": "prefix"}],
        "subscriptions_total": 1,
        "registrations": [{"registration": registration, "procedure": "com.add", "match": "exact", "invoke": "single"}],
        "registrations_total": 1,
    }
    assert expected == {key: found[key] for key in expected}


def test_who_has_sent_most_comes_first(house: House) -> None:
    """Messages are counted from the time of joining."""
    talker, _ = house.join(), house.join()
    for _ in range(5):
        talker.publish("com.topic")
    first = house.operator().call("router.session.list", realm="realm1", order="received")["sessions"][0]
    assert (talker.id, 5, 1) == (first["session"], first["received"], first["sent"])


def test_a_session_is_ended(house: House) -> None:
    """Who is kicked hears GOODBYE with the reason."""
    guest = house.join()
    house.operator().call("router.session.kick", "realm1", guest.id, reason="com.example.bye")
    assert ["com.example.bye"] == guest.goodbyes()


def test_all_sessions_of_a_principal_are_ended(house: House) -> None:
    """Kicked by authid, all of that name are, and the others are not."""
    joes = [house.join(name="joe"), house.join(name="joe")]
    anna = house.join(name="anna")
    ended = house.operator().call("router.session.kick_by_authid", realm="realm1", authid="joe")
    assert ({joe.id for joe in joes}, []) == ({*ended}, anna.goodbyes())


def test_nobody_ends_himself(house: House) -> None:
    """Who kicks his own session is told that there is no other one."""
    operator = house.operator()
    with pytest.raises(Refused, match="no_such_session"):
        operator.call("router.session.kick", "admin", operator.id)


@pytest.mark.parametrize(
    ("arguments", "uri"),
    [
        ({"realm": "nowhere", "session": 1}, "wamp.error.no_such_realm"),
        ({"realm": "realm1", "session": 1}, "wamp.error.no_such_session"),
        ({"realm": "realm1"}, "wamp.error.invalid_argument"),
        ({"realm": "realm1", "session": 1, "sesion": 2}, "wamp.error.invalid_argument"),
    ],
)
def test_what_is_wrong_with_a_call(house: House, arguments: dict[str, Any], uri: str) -> None:
    """What does not exist, and what is no argument, is told as an error."""
    with pytest.raises(Refused) as refused:
        house.operator().call("router.session.get", **arguments)
    assert uri == refused.value.uri


def test_a_page_has_a_bound(house: House) -> None:
    """More than 500 entries at once are refused."""
    with pytest.raises(Refused, match="500"):
        house.operator().call("router.session.list", limit=501)


def test_strangers_reach_nothing_of_it(house: House) -> None:
    """Who may do everything in an application's realm finds no management there."""
    with pytest.raises(Refused) as refused:
        house.join().call("router.session.list")
    assert "wamp.error.no_such_procedure" == refused.value.uri


@pytest.mark.parametrize("role", ["admin", "router", "anonymous"])
def test_a_client_is_no_operator_by_the_name_of_its_role(house: House, role: str) -> None:
    """Who has a role of that name by a transport of the application gets into the admin realm by none."""
    assert "wamp.error.no_such_role" == house.stranger("admin", role)


def test_the_operators_role_is_for_operators_in_other_realms_too(house: House) -> None:
    """A client with a role of that name does not get what the section gives to operators there."""
    assert "wamp.error.no_such_role" == house.stranger("realm1", "admin")


def test_a_role_of_the_file_is_for_its_clients() -> None:
    """Where the file has such a role itself, its clients have it."""
    house = House(realms=[{"name": "realm1", "roles": [{"name": "anonymous"}, {"name": "admin"}]}])
    refusal = house.stranger("realm1", "admin")
    house.close()
    assert "" == refusal


@pytest.mark.parametrize(
    ("admin", "place"),
    [({"role": "router"}, "admin.role"), ({"realm": "realm1"}, "realms[0].roles[0].name")],
)
def test_the_routers_own_role_is_nobody_elses(admin: dict[str, Any], place: str) -> None:
    """A file that gives its name to another role is refused."""
    realms = [{"name": "realm1", "roles": [{"name": "router", "permissions": []}]}]
    with pytest.raises(ConfigError) as refused:
        House(admin, realms=realms)
    assert any(f"{place}: " in line for line in refused.value.problems)
