"""wamp.registration.list, lookup, match, get, remove_callee (advanced profile, "Registration Meta API")."""

import re

import pytest

from tests.support.exchange import CALL, REGISTER, UNREGISTERED, Id, refused

REVOCABLE = {"callee": {"features": {"registration_revocation": True}}}


@pytest.fixture
def registered(company):
    """Bob's registrations by match."""
    bob = company.join("bob")
    ids = {}
    for request, (match, uri) in enumerate([("exact", "com.add"), ("prefix", "com.a"), ("wildcard", "com..x")], 1):
        ids[match] = bob.says(REGISTER, request, {"match": match}, uri)["bob"][0][2]
    return ids


def test_list(company, registered):
    """For each way to match."""
    [lists] = company.ask("wamp.registration.list")
    assert {"exact", "prefix", "wildcard"} == set(lists)
    assert registered["exact"] in lists["exact"]
    assert ([registered["prefix"]], [registered["wildcard"]]) == (lists["prefix"], lists["wildcard"])


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["com.add"], "exact"),
        (["com.add", {"match": "exact"}], "exact"),
        (["com.a", {"match": "prefix"}], "prefix"),
        (["com..x", {"match": "wildcard"}], "wildcard"),
        (["com.a"], None),
        (["com.b.x"], None),
    ],
)
def test_lookup(company, registered, arguments, found):
    """As it was registered, or null."""
    assert [registered.get(found)] == company.ask("wamp.registration.lookup", *arguments)


@pytest.mark.parametrize(
    ("procedure", "found"),
    [("com.add", "exact"), ("com.add.x", "prefix"), ("com.b.x", "wildcard"), ("org.add", None)],
)
def test_match(company, registered, procedure, found):
    """The one that is called, or null."""
    assert [registered.get(found)] == company.ask("wamp.registration.match", procedure)


def test_get(company, registered):
    """With the time in ISO 8601."""
    [details] = company.ask("wamp.registration.get", registered["wildcard"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", details.pop("created"))
    assert {"id": registered["wildcard"], "uri": "com..x", "match": "wildcard", "invoke": "single"} == details


@pytest.mark.parametrize("procedure", ["get", "list_callees", "count_callees"])
def test_unknown(company, procedure):
    """It is an error."""
    assert "wamp.error.no_such_registration" == company.ask(f"wamp.registration.{procedure}", 2**53)


def test_remove_callee(company):
    """It is told by an UNREGISTERED that it has not asked for."""
    bob = company.join("bob", roles=REVOCABLE)
    registration = bob.says(REGISTER, 1, {}, "com.add")["bob"][0][2]
    heard = company.call("wamp.registration.remove_callee", registration, bob.session, reason="com.reason")
    assert [[UNREGISTERED, 0, {"registration": registration, "reason": "com.reason"}]] == heard["bob"]
    heard = company.alice.says(CALL, 1, {}, "com.add")
    assert {"alice": [refused(CALL, 1, "wamp.error.no_such_procedure")]} == heard


def test_remove_callee_that_has_not_announced_it(company, registered):
    """It is not told."""
    [[bob]] = company.ask("wamp.registration.list_callees", registered["exact"])
    assert {"alice"} == set(company.call("wamp.registration.remove_callee", registered["exact"], bob))
    assert "wamp.error.no_such_session" == company.ask("wamp.registration.remove_callee", registered["prefix"], 1)


def test_the_routers_own(company):
    """They are found, and stay."""
    [own] = company.ask("wamp.registration.lookup", "wamp.session.count")
    [[router]] = company.ask("wamp.registration.list_callees", own)
    assert Id() == router
    assert "wamp.error.no_such_session" == company.ask("wamp.registration.remove_callee", own, router)
    assert "wamp.error.no_such_session" == company.ask("wamp.session.kill", router)
