"""A killed session hears GOODBYE and is nobody any more, whether it answers or not (advanced profile, "Session Meta API")."""

import pytest

from tests.support.exchange import (
    CALL,
    CLOSED,
    ERROR,
    GOODBYE,
    HELLO,
    PUBLISH,
    REGISTER,
    RESULT,
    SUBSCRIBE,
    refused,
)

KILLED = [GOODBYE, {}, "wamp.close.killed"]
AND_OUT = [GOODBYE, {}, "wamp.close.goodbye_and_out"]


def test_goodbye(company):
    """To the victim, and an empty result to the caller."""
    bob = company.join("bob")
    assert {"alice": [[RESULT, 1001 + 1, {}]], "bob": [KILLED]} == company.call("wamp.session.kill", bob.session)


def test_reason_and_message(company):
    """As the caller says."""
    bob = company.join("bob")
    heard = company.call("wamp.session.kill", bob.session, reason="com.reason", message="go away")
    assert [[GOODBYE, {"message": "go away"}, "com.reason"]] == heard["bob"]


def test_it_is_gone_before_it_answers(company):
    """Neither counted, nor found."""
    bob = company.join("bob")
    company.ask("wamp.session.kill", bob.session)
    assert [1] == company.ask("wamp.session.count")
    assert "wamp.error.no_such_session" == company.ask("wamp.session.get", bob.session)
    assert "wamp.error.no_such_session" == company.ask("wamp.session.kill", bob.session)


def test_what_it_says_is_ignored(company):
    """It publishes, registers and calls in vain."""
    bob = company.join("bob")
    company.alice.says(SUBSCRIBE, 1, {}, "com.topic")
    company.call("wamp.session.kill", bob.session)
    assert {} == bob.says(PUBLISH, 1, {"acknowledge": True}, "com.topic")
    assert {} == bob.says(REGISTER, 2, {}, "com.add")
    assert {} == bob.says(CALL, 3, {}, "wamp.session.kill", [company.alice.session])
    heard = company.alice.says(CALL, 4, {}, "com.add")
    assert {"alice": [refused(CALL, 4, "wamp.error.no_such_procedure")]} == heard


def test_its_calls_and_registrations_end(company):
    """Who waits for it is answered."""
    bob = company.join("bob")
    bob.says(REGISTER, 1, {}, "com.add")
    company.alice.says(CALL, 1, {}, "com.add")
    heard = company.call("wamp.session.kill", bob.session)
    assert [KILLED] == heard["bob"][-1:]
    assert [ERROR, RESULT] == [message[0] for message in heard["alice"]]
    assert refused(CALL, 1, "wamp.error.canceled") == heard["alice"][0]


def test_its_answer_closes_the_connection(company):
    """The end of it is the router's wish, so there is no other session on it."""
    bob = company.join("bob")
    company.call("wamp.session.kill", bob.session)
    assert {"bob": [CLOSED]} == bob.says(*AND_OUT)


def test_it_may_come_back(company):
    """On another connection, as somebody else."""
    bob = company.join("bob")
    company.call("wamp.session.kill", bob.session)
    again = company.join("bob again")
    assert again.session.value != bob.session.value


def test_breaking_the_rules_after_goodbye(company):
    """Closes without ABORT: nothing comes after GOODBYE."""
    bob = company.join("bob")
    company.call("wamp.session.kill", bob.session)
    assert {"bob": [CLOSED]} == bob.says(HELLO, "meta", {"roles": {"caller": {}}})


@pytest.mark.parametrize("reason", ["", "no uri", "a..b", 7])
@pytest.mark.parametrize("procedure", ["kill", "kill_by_authid", "kill_by_authrole", "kill_all"])
def test_invalid_reason(company, procedure, reason):
    """Then nobody is killed."""
    bob = company.join("bob")
    who = {"kill": [bob.session], "kill_by_authid": ["x"], "kill_by_authrole": ["anonymous"], "kill_all": []}
    assert "wamp.error.invalid_uri" == company.ask(f"wamp.session.{procedure}", *who[procedure], reason=reason)
    assert [2] == company.ask("wamp.session.count")


def test_own_id(company):
    """No other session has it."""
    assert "wamp.error.no_such_session" == company.ask("wamp.session.kill", company.alice.session)
    assert [1] == company.ask("wamp.session.count")


def test_another_session_on_the_same_router(company, exchange):
    """Realms do not meet, so neither does killing."""
    bob = exchange.join("bob", realm="realm1")
    assert "wamp.error.no_such_session" == company.ask("wamp.session.kill", bob.session)
    [reply] = bob.says(CALL, 1, {}, "wamp.session.get", [bob.session])["bob"]
    assert RESULT == reply[0]
