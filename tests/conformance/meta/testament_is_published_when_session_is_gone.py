"""Testaments: detached before destroyed, flushed by scope, whatever the end (advanced profile, "Session Testament")."""

import pytest

from tests.support.exchange import CALL, EVENT, GOODBYE, RESULT, SUBSCRIBE, Id, refused


def add(talker, request, *args, **kwargs):
    return talker.says(CALL, request, {}, "wamp.session.add_testament", list(args), kwargs)


def flush(talker, request, **kwargs):
    return talker.says(CALL, request, {}, "wamp.session.flush_testaments", [], kwargs)


@pytest.fixture
def bob(company):
    """Alice hears what Bob leaves behind."""
    company.alice.says(SUBSCRIBE, 1, {}, "com.gone")
    return company.join("bob")


def ends(bob, exchange, how):
    """Let Bob go; return what Alice hears."""
    heard = bob.says(GOODBYE, {}, "wamp.close.normal") if how == "goodbye" else bob.disappears()
    while "alice" not in heard:  # over a socket it is noticed a moment later
        heard = exchange.heard()
    return heard["alice"]


@pytest.mark.parametrize("how", ["goodbye", "loss"])
def test_order(bob, exchange, how):
    """The result is empty; what was added for ``detached`` comes first, each scope in the order of adding."""
    assert {"bob": [[RESULT, 1, {}]]} == add(bob, 1, "com.gone", [1], {})
    add(bob, 2, "com.gone", [2], {"name": "bob"}, scope="destroyed")
    add(bob, 3, "com.gone", [3], {}, scope="detached")
    messages = ends(bob, exchange, how)
    assert [[[3]], [[1]], [[2], {"name": "bob"}]] == [message[4:] for message in messages]


def test_kill(bob, company):
    """It is an end like any other."""
    add(bob, 1, "com.gone", ["bye"], {})
    heard = company.call("wamp.session.kill", bob.session)
    assert [EVENT, Id(), Id(), {}, ["bye"]] == heard["alice"][0]


def test_kill_all(bob, company):
    """But not when all are killed."""
    add(bob, 1, "com.gone", ["bye"], {})
    assert [RESULT] == [message[0] for message in company.call("wamp.session.kill_all")["alice"]]


def test_flush(bob, exchange):
    """One scope only."""
    add(bob, 1, "com.gone", ["detached"], {}, scope="detached")
    add(bob, 2, "com.gone", ["destroyed"], {})
    assert {"bob": [[RESULT, 3, {}]]} == flush(bob, 3)
    assert [[["detached"]]] == [message[4:] for message in ends(bob, exchange, "loss")]


def test_options(bob, company, exchange):
    """They are those of PUBLISH."""
    company.alice.says(SUBSCRIBE, 2, {}, "com.end")
    options = {"exclude": [company.alice.session.value]}
    add(bob, 1, "com.gone", [], {}, publish_options=options)
    add(bob, 2, "com.end", [], {})
    assert 1 == len(ends(bob, exchange, "loss"))


@pytest.mark.parametrize(
    "call", [lambda bob: add(bob, 1, "com.gone", [], {}, scope="x"), lambda bob: flush(bob, 1, scope="x")]
)
def test_unknown_scope(bob, call):
    """It is an error."""
    assert {"bob": [refused(CALL, 1, "wamp.error.invalid_argument")]} == call(bob)


@pytest.mark.parametrize("topic", ["wamp.session.on_join", "no uri", ""])
def test_invalid_topic(bob, topic):
    """What may not be published now is not kept."""
    assert {"bob": [refused(CALL, 1, "wamp.error.invalid_uri")]} == add(bob, 1, topic, [], {})
