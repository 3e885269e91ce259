"""kill_by_authid returns ids, kill_by_authrole and kill_all a count; none kills the caller (advanced profile, "Session Meta API")."""

from tests.support.exchange import EVENT, GOODBYE, RESULT, SUBSCRIBE

KILLED = [GOODBYE, {}, "wamp.close.killed"]


def test_by_authid(company):
    """Everybody here has another authid."""
    bob = company.join("bob")
    company.join("carol")
    [details] = company.ask("wamp.session.get", bob.session)
    heard = company.call("wamp.session.kill_by_authid", details["authid"])
    assert [KILLED] == heard["bob"]
    assert [[bob.session.value]] == company.outcome(heard["alice"][0])
    assert "carol" not in heard
    assert [[]] == company.ask("wamp.session.kill_by_authid", details["authid"])


def test_by_own_authid(company):
    """The caller is spared."""
    [details] = company.ask("wamp.session.get", company.alice.session)
    assert [[]] == company.ask("wamp.session.kill_by_authid", details["authid"])


def test_by_authrole(company):
    """Which everybody has."""
    company.join("bob")
    company.join("carol")
    heard = company.call("wamp.session.kill_by_authrole", "anonymous", reason="com.reason")
    reason = [GOODBYE, {}, "com.reason"]
    assert {"alice": [[RESULT, heard["alice"][0][1], {}, [2]]], "bob": [reason], "carol": [reason]} == heard
    assert [0] == company.ask("wamp.session.kill_by_authrole", "anonymous")


def test_all(company):
    """But the caller, who hears of it by the result only."""
    bob = company.join("bob")
    company.join("carol")
    bob.says(SUBSCRIBE, 1, {}, "com.topic")
    company.alice.says(SUBSCRIBE, 1, {"match": "prefix"}, "wamp.")
    heard = company.call("wamp.session.kill_all", message="go")
    goodbye = [GOODBYE, {"message": "go"}, "wamp.close.killed"]
    assert {"alice": [[RESULT, heard["alice"][0][1], {}, [2]]], "bob": [goodbye], "carol": [goodbye]} == heard
    assert [1] == company.ask("wamp.session.count")


def test_who_watches_hears_of_each(company):
    """After the result, once all are gone: the victims do not hear of one another."""
    bob, carol = company.join("bob"), company.join("carol")
    for watcher in (company.alice, bob, carol):
        watcher.says(SUBSCRIBE, 1, {}, "wamp.session.on_leave")
    heard = company.call("wamp.session.kill_by_authrole", "anonymous")
    assert [KILLED] == heard["bob"] == heard["carol"]
    assert [RESULT, EVENT, EVENT] == [message[0] for message in heard["alice"]]
    assert [bob.session.value, carol.session.value] == [event[4][0] for event in heard["alice"][1:]]
