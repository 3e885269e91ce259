"""Realms that are made on demand."""

import pytest

from tests.support.process import ALLOW_ALL, RouterProcess, config, endpoint
from tests.support.raw import Client
from wamprouter import config as configuration
from wamprouter.realms import Realms

ROLE = {"name": "anonymous", "permissions": [ALLOW_ALL]}


class Made:
    """Stands where a realm is made: what matters here is its name and who is in it."""

    def __init__(self, realm: configuration.Realm) -> None:
        self.name = realm.name
        self.roles = [role.name for role in realm.roles]
        self.sessions: dict[int, object] = {}


def realms(max_realms: int | None = 2) -> Realms:
    fixed = configuration.Realm(name="fixed", roles=({"name": "user"},))
    template = None if max_realms is None else configuration.RealmTemplate(roles=(ROLE,), max_realms=max_realms)
    made = Realms(Made)
    made.replace({"fixed": Made(fixed)}, template)
    return made


def test_a_realm_of_the_configuration_is_found():
    assert ["user"] == realms()["fixed"].roles


def test_without_a_template_there_are_no_others():
    assert realms(None).get("com.other") is None


def test_a_realm_is_made_when_it_is_asked_for():
    found = realms().get("com.other")
    assert ("com.other", ["anonymous"]) == (found.name, found.roles)


def test_none_is_made_by_asking_whether_it_exists():
    some = realms()
    assert some.existing("com.other") is None
    assert some.get("com.other") is some.existing("com.other")
    assert ["user"] == some.existing("fixed").roles


def test_it_is_the_same_realm_for_everybody():
    some = realms()
    assert some.get("com.other") is some.get("com.other") is some["com.other"]


@pytest.mark.parametrize("name", ["", "a b", "a..b", "wamp", "wamp.realm"])
def test_no_realm_is_made_for_a_bad_name(name):
    assert realms().get(name) is None


def test_there_is_a_bound():
    some = realms(2)
    for name in ("one", "two"):
        some.get(name).sessions[1] = object()
    assert some.get("three") is None


def test_a_realm_that_nobody_is_in_makes_room():
    some = realms(2)
    some.get("one").sessions[1] = object()
    empty = some.get("two")
    assert "three" == some.get("three").name
    some["one"].sessions.clear()
    assert some.get("two") is not empty


def test_sessions_meet_in_a_realm_made_on_demand(tmp_path):
    """Both join by the same made-up name, with the meta API as everywhere."""
    template = {"roles": [ROLE]}
    transport = {"type": "websocket", "endpoint": endpoint()}
    with (
        RouterProcess(tmp_path, config(transport, realm_template=template)) as router,
        Client(router.url("ws"), join=False) as alice,
        Client(router.url("ws"), join=False) as bob,
    ):
        alice.join("com.made.up")
        bob.join("com.made.up")
        alice.subscribe("com.topic")
        bob.publish_acknowledged("com.topic", "hello")
        assert alice.event_args() == ["hello"]
