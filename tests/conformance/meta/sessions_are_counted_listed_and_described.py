"""wamp.session.count, list and get (advanced profile, "Session Meta API")."""

import pytest


def test_count(company):
    """With and without a filter by role; an empty filter lets nobody through."""
    company.join("bob")
    assert [2] == company.ask("wamp.session.count")
    assert [2] == company.ask("wamp.session.count", ["anonymous", "other"])
    assert [0] == company.ask("wamp.session.count", ["other"])
    assert [0] == company.ask("wamp.session.count", [])


def test_list(company):
    """The ids that were in WELCOME."""
    bob = company.join("bob")
    [ids] = company.ask("wamp.session.list")
    assert {company.alice.session.value, bob.session.value} == set(ids)
    assert [[]] == company.ask("wamp.session.list", ["other"])


def test_get(company):
    """Id, authid, authrole, authmethod, authprovider."""
    bob = company.join("bob")
    [details] = company.ask("wamp.session.get", bob.session)
    assert details.pop("authid")
    assert {
        "session": bob.session.value,
        "authrole": "anonymous",
        "authmethod": "anonymous",
        "authprovider": "static",
    } == details


@pytest.mark.parametrize("session", [1, 2**53])
def test_get_of_nobody(company, session):
    """It is an error."""
    assert "wamp.error.no_such_session" == company.ask("wamp.session.get", session)


def test_integral_floats(company):
    """JavaScript's MessagePack and CBOR write large ids so."""
    assert [company.alice.session.value] == [
        details["session"] for details in company.ask("wamp.session.get", float(company.alice.session.value))
    ]


@pytest.mark.parametrize("arguments", [[], ["me"], [1.5], [0], [1, 2], [None]])
def test_wrong_arguments(company, arguments):
    """They are an error of the call."""
    assert "wamp.error.invalid_argument" == company.ask("wamp.session.get", *arguments)
