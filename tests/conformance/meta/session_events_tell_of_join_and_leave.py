"""wamp.session.on_join has the details, on_leave three arguments (advanced profile, "Session Meta API")."""

import pytest

from tests.support.exchange import EVENT, GOODBYE, HELLO, META, PLAIN, SUBSCRIBE, SUBSCRIBED, WELCOME, Id


def watch(company, topic):
    subscription = Id()
    assert {"alice": [[SUBSCRIBED, 1, subscription]]} == company.alice.says(SUBSCRIBE, 1, {}, topic)
    return subscription


def test_join(company, exchange):
    """The same as wamp.session.get says."""
    subscription = watch(company, "wamp.session.on_join")
    heard = exchange.connect("bob").says(HELLO, META, {"roles": PLAIN})
    [[kind, session, _details]] = heard["bob"]
    assert WELCOME == kind
    [details] = company.ask("wamp.session.get", session)
    assert [[EVENT, subscription, Id(), {}, [details]]] == heard["alice"]


@pytest.mark.parametrize("is_clean", [True, False])
def test_leave(company, exchange, is_clean):
    """By GOODBYE or by losing the connection."""
    bob = company.join("bob")
    [details] = company.ask("wamp.session.get", bob.session)
    subscription = watch(company, "wamp.session.on_leave")
    heard = bob.says(GOODBYE, {}, "wamp.close.normal") if is_clean else bob.disappears()
    while "alice" not in heard:  # over a socket the loss is noticed a moment later
        heard = exchange.heard()
    arguments = [bob.session.value, details["authid"], "anonymous"]
    assert [[EVENT, subscription, Id(), {}, arguments]] == heard["alice"]
