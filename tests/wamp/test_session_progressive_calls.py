"""Calls whose arguments come in parts (advanced profile, "Progressive Call Invocations")."""

import pytest

from tests.wamp.doubles import payload, raw, registered, session_in, values
from wamp.effects import Continued, Failed, Succeeded
from wamp.exception import ApplicationError, Error, SerializationError
from wamp.protocol import messages as m
from wamp.protocol.errors import ProtocolViolation
from wamp.session import State
from wamp.types import CallOptions

FEATURE = "progressive_call_invocations"


@pytest.fixture
def session():
    session = session_in(State.JOINING)
    session.receive(m.Welcome(77, {"roles": {"broker": {}, "dealer": {"features": {FEATURE: True}}}}))
    session.established()
    return session


# -- caller


def call(session, options=None):
    return session.call("reply", "com.add", (1,), {}, options, is_progressive=True)


def test_the_first_part_opens_the_call(session):
    assert call(session) == m.Call(1, {"progress": True}, "com.add", raw([1]))


def test_further_parts_have_request_procedure_and_options_of_the_first(session):
    call(session, CallOptions(timeout=5))
    part = session.call_more(1, (2,), {"a": 3}, is_last=False)
    assert part == m.Call(1, {"timeout": 5, "progress": True}, "com.add", raw([2]), raw({"a": 3}))


def test_the_last_part_says_so(session):
    call(session, CallOptions(timeout=5))
    assert session.call_more(1, (), {}, is_last=True) == m.Call(1, {"timeout": 5}, "com.add")


def test_nothing_follows_the_last_part(session):
    call(session)
    session.call_more(1, (), {}, is_last=True)
    with pytest.raises(Error, match="takes no more parts"):
        session.call_more(1, (), {}, is_last=False)


def test_a_plain_call_has_one_part(session):
    session.call("reply", "com.add", (), {}, None)
    with pytest.raises(Error, match="takes no more parts"):
        session.call_more(1, (), {}, is_last=True)


def test_a_part_that_cannot_be_serialized_is_not_the_last_one(session):
    call(session)
    with pytest.raises(SerializationError):
        session.call_more(1, (object(),), {}, is_last=True)
    assert session.call_more(1, (2,), {}, is_last=True).options == {}


def test_the_result_settles_the_call(session):
    call(session)
    session.call_more(1, (), {}, is_last=True)
    assert session.receive(m.Result(1, {}, *payload([5]))) == Succeeded("reply", 5)


def test_a_call_that_is_settled_early_takes_no_more_parts(session):
    """Without complaint: whoever sends them has not heard of the result yet."""
    call(session)
    assert isinstance(session.receive(m.Error(m.Call.CODE, 1, {}, "com.oops")), Failed)
    assert session.call_more(1, (), {}, is_last=False) is None


def test_a_cancelled_call_takes_no_more_parts(session):
    call(session)
    session.cancel(1)
    assert session.call_more(1, (), {}, is_last=False) is None


def test_a_call_of_a_session_that_ended_takes_no_more_parts(session):
    call(session)
    session.receive(m.Goodbye({}, "wamp.close.close_realm"))
    assert session.call_more(1, (), {}, is_last=False) is None


def test_a_registration_takes_no_parts(session):
    session.register("reply", "com.add", None, None)
    assert session.call_more(1, (), {}, is_last=True) is None


def test_a_router_that_has_not_announced_it_is_not_asked():
    """It would end the session."""
    session = session_in(State.JOINED)
    with pytest.raises(Error, match="has not announced"):
        call(session)
    assert session.call("reply", "com.add", (), {}, None).request == 1


# -- callee


@pytest.fixture
def invoked(session):
    registered(session)
    return session.receive(m.Invocation(9, 5, {"progress": True}, *payload([1])))


def test_the_first_part_is_an_invocation_as_any_other(invoked):
    assert invoked.args == [1]
    assert invoked.is_progressive


def test_an_invocation_in_one_part_is_not_progressive(session):
    registered(session)
    assert not session.receive(m.Invocation(9, 5, {"progress": False})).is_progressive


def test_further_parts_go_on_with_it(session, invoked):
    effect = session.receive(m.Invocation(9, 5, {"progress": True}, *payload([2], {"a": 3})))
    assert effect == Continued(invoked, [2], {"a": 3}, is_last=False)


def test_the_last_part_is_told_from_the_others(session, invoked):
    assert session.receive(m.Invocation(9, 5, {}, *payload([2]))) == Continued(invoked, [2], {}, is_last=True)


def test_a_part_after_the_last_one_is_a_protocol_violation(session, invoked):
    session.receive(m.Invocation(9, 5, {}))
    with pytest.raises(ProtocolViolation, match="request 9, which is in progress"):
        session.receive(m.Invocation(9, 5, {}))


def test_a_part_for_another_registration_is_a_protocol_violation(session, invoked):
    registered(session, "com.sub", 6)
    with pytest.raises(ProtocolViolation, match="request 9, which is in progress"):
        session.receive(m.Invocation(9, 6, {"progress": True}))


def test_parts_come_also_after_the_procedure_was_withdrawn(session, invoked):
    """The call had begun before."""
    session.receive(m.Unregistered(0, {"registration": 5}))
    assert isinstance(session.receive(m.Invocation(9, 5, {})), Continued)


def test_it_may_be_answered_before_the_last_part(session, invoked):
    assert values(session.complete(invoked, 5)) == ([5], {})


@pytest.mark.parametrize("details", [{"progress": True}, {}])
def test_parts_that_cross_the_answer_are_dropped(session, invoked, details):
    """They must not be taken for another invocation."""
    session.complete(invoked, 5)
    assert session.receive(m.Invocation(9, 5, details)) is None


def test_after_the_last_part_the_request_is_free_again(session, invoked):
    session.refuse(invoked, ApplicationError("com.oops"))
    session.receive(m.Invocation(9, 5, {}))
    assert session.receive(m.Invocation(9, 5, {}, *payload([7]))).args == [7]


def test_not_more_than_so_many_are_remembered(session):
    """The dealer, once it has the answer, sends no last part: what is old would stay for ever."""
    registered(session)
    for request in range(1, 2000):
        session.complete(session.receive(m.Invocation(request, 5, {"progress": True})), None)
    assert session.receive(m.Invocation(1999, 5, {})) is None
    assert session.receive(m.Invocation(1, 5, {})) is not None


def test_an_interrupt_stops_it(session, invoked):
    assert session.receive(m.Interrupt(9, {"mode": "killnowait"})).invoked is invoked
