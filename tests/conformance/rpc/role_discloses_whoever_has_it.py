"""An operator can have all callers and publishers of a role disclosed, whatever they ask for themselves."""

import pytest

from tests.support.exchange import CALL, EVENT, INVOCATION, PUBLISH, REGISTER, SOME_TEXT, SUBSCRIBE, Id


@pytest.mark.parametrize("options", [{}, {"disclose_me": False}, {"disclose_me": True}])
@pytest.mark.parametrize("times", [1, 2])
def test_caller(exchange, options, times):
    """The first time and when the decision is remembered."""
    alice, bob = exchange.join("alice", realm="disclosed"), exchange.join("bob", realm="disclosed")
    bob.says(REGISTER, 1, {}, "com.add")
    for request in range(1, times + 1):
        heard = alice.says(CALL, request, options, "com.add")
    details = {"caller": alice.session, "caller_authid": SOME_TEXT, "caller_authrole": "anonymous"}
    assert {"bob": [[INVOCATION, times, Id(), details]]} == heard


@pytest.mark.parametrize("options", [{}, {"disclose_me": False}, {"disclose_me": True}])
def test_publisher(exchange, options):
    """As the caller is."""
    alice, bob = exchange.join("alice", realm="disclosed"), exchange.join("bob", realm="disclosed")
    bob.says(SUBSCRIBE, 1, {}, "com.topic")
    heard = alice.says(PUBLISH, 1, options, "com.topic")
    details = {"publisher": alice.session, "publisher_authid": SOME_TEXT, "publisher_authrole": "anonymous"}
    assert {"bob": [[EVENT, Id(), Id(), details]]} == heard
