"""``wamp.error.unavailable`` of a callee that has announced it sends the call to another (advanced profile, "Call Re-Routing")."""

import pytest

from tests.support.exchange import (
    ABLE,
    CALL,
    CANCEL,
    ERROR,
    INVOCATION,
    REGISTER,
    RESULT,
    YIELD,
    Id,
    refused,
    without,
)

NAMES = ["bob", "carol", "dora"]
UNAVAILABLE = [ERROR, INVOCATION, 1, {}, "wamp.error.unavailable"]
FORWARDED = {"alice": [[ERROR, CALL, 7, {}, "wamp.error.unavailable"]]}
NOBODY = {"alice": [refused(CALL, 7, "wamp.error.no_available_callee")]}


def called(exchange, options=None, *, roles=ABLE, invoke="first", names=NAMES):
    """Alice calls what these share; return them by name, and who is invoked."""
    callees = {name: exchange.join(name, roles) for name in names}
    for callee in callees.values():
        callee.says(REGISTER, 1, {"invoke": invoke}, "com.add")
    callees["alice"] = exchange.join("alice", ABLE)
    return callees, next(iter(callees["alice"].says(CALL, 7, options or {}, "com.add", [1], {"a": 2})))


@pytest.mark.parametrize(
    ("invoke", "names"), [("first", NAMES), ("last", NAMES[::-1]), ("roundrobin", NAMES), ("random", None)]
)
def test_each_is_asked_once(exchange, invoke, names):
    """In the order of the policy, with the whole payload; then the caller hears that there is nobody."""
    callees, name = called(exchange, invoke=invoke)
    asked = [name]
    while (heard := callees[asked[-1]].says(*UNAVAILABLE)) != NOBODY:
        [(name, messages)] = heard.items()
        assert [[INVOCATION, 1, Id(), {}, [1], {"a": 2}]] == messages
        asked.append(name)
    assert NAMES == sorted(asked)
    assert names in (None, asked)


def test_the_one_who_can_answers(exchange):
    """The caller hears nothing of the others."""
    callees, _ = called(exchange)
    callees["bob"].says(*UNAVAILABLE)
    assert {"alice": [[RESULT, 7, {}, [3]]]} == callees["carol"].says(YIELD, 1, {}, [3])


def test_single(exchange):
    """There is nobody else."""
    callees, _ = called(exchange, invoke="single", names=["bob"])
    assert NOBODY == callees["bob"].says(*UNAVAILABLE)


@pytest.mark.parametrize("invoke", ["first", "roundrobin"])
def test_not_announced(exchange, invoke):
    """Then it is an error like any other."""
    callees, _ = called(exchange, roles=without(ABLE, "callee.call_reroute"), invoke=invoke)
    assert FORWARDED == callees["bob"].says(*UNAVAILABLE)


def test_after_progress(exchange):
    """The caller has got a part of the answer from this one."""
    callees, _ = called(exchange, {"receive_progress": True})
    callees["bob"].says(YIELD, 1, {"progress": True})
    assert FORWARDED == callees["bob"].says(*UNAVAILABLE)


def test_after_kill(exchange):
    """Nobody else is bothered with a call that its caller wants to end."""
    callees, _ = called(exchange)
    callees["alice"].says(CANCEL, 7, {"mode": "kill"})
    assert FORWARDED == callees["bob"].says(*UNAVAILABLE)


@pytest.mark.parametrize("mode", ["skip", "killnowait"])
def test_after_cancel(exchange, mode):
    """The caller has its answer."""
    callees, _ = called(exchange)
    callees["alice"].says(CANCEL, 7, {"mode": mode})
    assert {} == callees["bob"].says(*UNAVAILABLE)


@pytest.mark.parametrize("uri", ["wamp.error.unavailable.not", "com.unavailable", "wamp.error.canceled"])
def test_near_misses(exchange, uri):
    """Any other error is the answer."""
    callees, _ = called(exchange)
    assert {"alice": [[ERROR, CALL, 7, {}, uri]]} == callees["bob"].says(ERROR, INVOCATION, 1, {}, uri)
