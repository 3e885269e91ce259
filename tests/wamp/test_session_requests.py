"""Requests of a client session and their answers."""

import pytest

from tests.wamp.doubles import function, payload, raw, registered, session_in, subscribed, values
from wamp.effects import Failed, Progressed, Received, Succeeded
from wamp.exception import ApplicationError, InvalidUriError, SerializationError
from wamp.protocol import messages as m
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.messages import ABSENT
from wamp.request import Endpoint, Handler, Publication
from wamp.session import State
from wamp.types import CallOptions, CallResult, PublishOptions, RegisterOptions, SubscribeOptions


@pytest.fixture
def session():
    return session_in(State.JOINED)


# -- calls


def test_a_call_carries_its_arguments(session):
    message = session.call("reply", "com.add", (2, 3), {"a": 1}, None)
    assert message == m.Call(1, {}, "com.add", raw([2, 3]), raw({"a": 1}))


def test_a_call_without_arguments_has_no_payload(session):
    message = session.call("reply", "com.add", (), {}, None)
    assert message.args is ABSENT
    assert message.kwargs is ABSENT


def test_request_ids_count_up_over_all_kinds_of_requests(session):
    requests = [
        session.call("reply", "com.add", (), {}, None),
        session.register("reply", "com.add", Endpoint(function), None),
        session.subscribe("reply", "com.add", Handler(function), None),
        session.publish(None, "com.topic", (), {}, None),
    ]
    assert [each.request for each in requests] == [1, 2, 3, 4]


def test_what_cannot_be_serialized_uses_up_no_request_id(session):
    """Ids must have no gaps."""
    with pytest.raises(SerializationError):
        session.call("reply", "com.add", (object(),), {}, None)
    assert session.call("reply", "com.add", (), {}, None).request == 1


@pytest.mark.parametrize("uri", ["", "a b", "a..b", "com.", "com.#"])
def test_a_procedure_must_be_a_uri(session, uri):
    with pytest.raises(InvalidUriError):
        session.call("reply", uri, (), {}, None)


def test_call_options_are_sent_with_the_call(session):
    options = CallOptions(timeout=1500, on_progress=print)
    message = session.call("reply", "com.add", (), {}, options)
    assert message.options == {"timeout": 1500, "receive_progress": True}


@pytest.mark.parametrize(
    ("args", "kwargs", "result"),
    [
        ([], {}, None),
        ([5], {}, 5),
        ([[1, 2]], {}, [1, 2]),
        ([1, 2], {}, CallResult(1, 2)),
        ([], {"a": 1}, CallResult(a=1)),
        ([1], {"a": 1}, CallResult(1, a=1)),
    ],
)
def test_the_shape_of_a_result(session, args, kwargs, result):
    """Nothing is None, one value is the value, anything else is a CallResult."""
    session.call("reply", "com.add", (), {}, None)
    assert session.receive(m.Result(1, {}, *payload(args, kwargs))) == Succeeded("reply", result)


def test_with_details_a_result_is_always_a_call_result(session):
    session.call("reply", "com.add", (), {}, CallOptions(details=True))
    effect = session.receive(m.Result(1, {"callee": 9, "callee_authid": "bob"}, *payload([5])))
    assert effect.value == CallResult(5, callee=9, callee_authid="bob")


def test_a_progressive_result_leaves_the_call_in_flight(session):
    session.call("reply", "com.add", (), {}, CallOptions(on_progress=function))
    progress = m.Result(1, {"progress": True}, *payload([1], {"a": 2}))
    assert session.receive(progress) == Progressed(function, [1], {"a": 2})
    assert session.receive(m.Result(1, {}, *payload([5]))) == Succeeded("reply", 5)


def test_with_details_progress_is_a_call_result(session):
    session.call("reply", "com.add", (), {}, CallOptions(on_progress=function, details=True))
    effect = session.receive(m.Result(1, {"progress": True, "callee": 9}, *payload([1])))
    assert effect == Progressed(function, [CallResult(1, callee=9)], {})


def test_progress_that_nobody_asked_for_is_ignored(session):
    session.call("reply", "com.add", (), {}, None)
    assert session.receive(m.Result(1, {"progress": True}, *payload([1]))) is None


def test_an_error_is_an_application_error(session):
    session.call("reply", "com.add", (), {}, None)
    effect = session.receive(m.Error(m.Call.CODE, 1, {"callee": 9}, "com.oops", *payload(["text"], {"a": 1})))
    assert isinstance(effect, Failed)
    error = effect.exception
    assert isinstance(error, ApplicationError)
    assert (error.error, error.args, error.kwargs, error.callee) == ("com.oops", ("text",), {"a": 1}, 9)


def test_cancelling_a_call_sends_cancel_and_its_error_goes_to_nobody(session):
    session.call("reply", "com.add", (), {}, None)
    assert session.cancel(1) == m.Cancel(1, {})
    assert session.receive(m.Error(m.Call.CODE, 1, {}, "wamp.error.canceled")) is None


@pytest.mark.parametrize("mode", ["skip", "kill", "killnowait"])
def test_a_call_is_cancelled_in_a_mode(session, mode):
    session.call("reply", "com.add", (), {}, None)
    assert session.cancel(1, mode) == m.Cancel(1, {"mode": mode})


def test_an_unknown_mode_cancels_nothing(session):
    session.call("reply", "com.add", (), {}, None)
    with pytest.raises(ValueError, match="'abort', expected one of skip, kill, killnowait"):
        session.cancel(1, "abort")
    assert session.receive(m.Result(1, {})) == Succeeded("reply", None)


def test_the_result_of_a_cancelled_call_goes_to_nobody(session):
    """It was on its way; so was progress."""
    session.call("reply", "com.add", (), {}, CallOptions(on_progress=function))
    session.cancel(1)
    assert session.receive(m.Result(1, {"progress": True})) is None
    assert session.receive(m.Result(1, {})) is None


def test_a_settled_call_cannot_be_cancelled(session):
    session.call("reply", "com.add", (), {}, None)
    session.receive(m.Result(1, {}))
    assert session.cancel(1) is None


def test_only_calls_can_be_cancelled_at_the_router(session):
    """A registration that nobody waits for any more comes about nevertheless."""
    session.register("reply", "com.add", Endpoint(function), None)
    assert session.cancel(1) is None
    assert session.receive(m.Registered(1, 5)) is None
    assert session.receive(m.Invocation(1, 5, {})).registration.procedure == "com.add"


def test_a_cancelled_call_is_not_failed_again_at_the_end(session):
    session.call("reply", "com.add", (), {}, None)
    session.cancel(1)
    assert session.lost().replies == []


def test_a_request_that_could_not_be_sent_is_forgotten(session):
    session.call("reply", "com.add", (), {}, None)
    session.forget(1)
    assert session.lost().replies == []


# -- publications


def test_an_event_is_published_without_an_answer(session):
    assert session.publish(None, "com.topic", (1,), {}, None) == m.Publish(1, {}, "com.topic", raw([1]))
    assert session.lost().replies == []


def test_an_acknowledged_publication_has_an_id(session):
    message = session.publish("reply", "com.topic", (), {}, PublishOptions(acknowledge=True, exclude=5))
    assert message.options == {"acknowledge": True, "exclude": [5]}
    assert session.receive(m.Published(1, 9)) == Succeeded("reply", Publication(9))


# -- registrations


def test_a_procedure_is_registered_with_its_options(session):
    options = RegisterOptions(match="prefix", invoke="roundrobin", details=True)
    message = session.register("reply", "com.", Endpoint(function), options)
    assert message == m.Register(1, {"match": "prefix", "invoke": "roundrobin"}, "com.")


def test_the_uri_of_a_registration_must_fit_its_match_policy(session):
    with pytest.raises(InvalidUriError, match="exact"):
        session.register("reply", "com..add", Endpoint(function), None)
    session.register("reply", "com..add", Endpoint(function), RegisterOptions(match="wildcard"))


def test_a_registration_knows_procedure_and_endpoint(session):
    registration = registered(session, "com.add", 5)
    assert (registration.id, registration.procedure, registration.active) == (5, "com.add", True)
    assert registration.endpoint.fn is function


def test_a_withdrawn_registration_is_inactive_once_confirmed(session):
    registration = registered(session)
    message = session.unregister("gone", registration)
    assert (message, registration.active) == (m.Unregister(2, 5), True)
    assert session.receive(m.Unregistered(2)) == Succeeded("gone", None)
    assert not registration.active


def test_a_procedure_may_be_invoked_until_its_withdrawal_is_confirmed(session):
    """The INVOCATION has crossed the UNREGISTER."""
    registration = registered(session)
    session.unregister("gone", registration)
    assert session.receive(m.Invocation(1, 5, {})).registration is registration


def test_a_registration_that_the_router_revokes_is_gone(session):
    """Also for the next one with the same id."""
    registration = registered(session)
    session.receive(m.Unregistered(0, {"registration": 5, "reason": "wamp.close.normal"}))
    assert not registration.active
    assert registered(session).active


def test_a_registration_that_the_router_revokes_takes_no_more_calls(session):
    """Autobahn's stays in its table."""
    registered(session)
    session.receive(m.Unregistered(0, {"registration": 5}))
    with pytest.raises(ProtocolViolation, match="registration 5, which does not exist"):
        session.receive(m.Invocation(9, 5, {}))


# -- subscriptions


def test_a_topic_is_subscribed_with_its_options(session):
    options = SubscribeOptions(match="wildcard", get_retained=True)
    message = session.subscribe("reply", "com..topic", Handler(function), options)
    assert message == m.Subscribe(1, {"match": "wildcard", "get_retained": True}, "com..topic")


def test_an_event_goes_to_every_handler_of_its_subscription(session):
    first, second = subscribed(session), subscribed(session)
    event = m.Event(6, 9, {}, *payload([1], {"a": 2}))
    assert session.receive(event) == Received(event, [1], {"a": 2}, (first, second))


def test_a_handler_is_detached_without_the_router_while_others_are_left(session):
    first, second = subscribed(session), subscribed(session)
    assert session.unsubscribe("gone", first) == 1
    assert session.receive(m.Event(6, 9, {})).subscriptions == (second,)


def test_the_last_handler_unsubscribes(session):
    subscription = subscribed(session)
    assert session.unsubscribe("gone", subscription) == m.Unsubscribe(2, 6)
    assert not subscription.active
    assert session.receive(m.Unsubscribed(2)) == Succeeded("gone", 0)


def test_a_handler_on_its_way_keeps_the_subscription(session):
    """The router would end it for both: an UNSUBSCRIBE is of the session, not of one handler."""
    first = subscribed(session)
    asked = session.subscribe("reply", "com.topic", Handler(print), None)
    assert 1 == session.unsubscribe("gone", first)
    second = session.receive(m.Subscribed(asked.request, 6)).value
    event = m.Event(6, 9, {}, *payload([1]))
    assert (second,) == session.receive(event).subscriptions


def test_a_handler_on_its_way_to_a_pattern_keeps_no_other_subscription(session):
    first = subscribed(session)
    session.subscribe("reply", "com.topic", Handler(print), SubscribeOptions(match="prefix"))
    assert m.Unsubscribe(3, 6) == session.unsubscribe("gone", first)


def test_events_that_cross_our_unsubscribe_go_to_nobody(session):
    session.unsubscribe("gone", subscribed(session))
    assert session.receive(m.Event(6, 9, {})) is None


def test_a_subscription_that_the_router_revokes_is_gone(session):
    subscription = subscribed(session)
    session.receive(m.Unsubscribed(0, {"subscription": 6}))
    assert not subscription.active


@pytest.mark.parametrize("is_announced", [True, False])
def test_an_event_is_acknowledged_if_the_broker_can_take_it(is_announced):
    session = session_in(State.JOINING)
    features = {"x_acknowledged_event_delivery": is_announced}
    session.receive(m.Welcome(77, {"roles": {"broker": {"features": features}}}))
    session.established()
    subscribed(session)
    assert session.receive(m.Event(6, 9, {"x_acknowledged_delivery": True})).acknowledge is is_announced


# -- invocations


@pytest.fixture
def invoked(session):
    registered(session)
    return session.receive(m.Invocation(9, 5, {}, *payload([2, 3], {"a": 1})))


def test_an_invocation_is_run_with_its_arguments(invoked):
    assert (invoked.args, invoked.kwargs) == ([2, 3], {"a": 1})
    assert invoked.registration.endpoint.fn is function


@pytest.mark.parametrize(
    ("result", "args", "kwargs"),
    [
        (5, [5], {}),
        (None, [None], {}),
        ([1, 2], [[1, 2]], {}),
        (CallResult(1, 2), [1, 2], {}),
        (CallResult(a=1), [], {"a": 1}),
        (CallResult(), [], {}),
    ],
)
def test_the_shape_of_a_yield(session, invoked, result, args, kwargs):
    """A value is one positional result; a CallResult is what it holds."""
    answer = session.complete(invoked, result)
    assert isinstance(answer, m.Yield)
    assert (answer.request, *values(answer)) == (9, args, kwargs)


def test_an_invocation_is_answered_once(session, invoked):
    session.complete(invoked, 5)
    assert session.complete(invoked, 6) is None
    assert session.refuse(invoked, ValueError()) is None
    assert session.progress(invoked, (1,), {}) is None


def test_progress_comes_before_the_result(session, invoked):
    progress = session.progress(invoked, (1,), {"a": 2})
    assert (progress.options, values(progress)) == ({"progress": True}, ([1], {"a": 2}))
    assert session.complete(invoked, 5).options == {}


def test_a_result_that_cannot_be_serialized_is_an_error_that_says_so(session, invoked):
    answer = session.complete(invoked, object())
    assert (answer.request_type, answer.request, answer.error) == (68, 9, "wamp.error.invalid_payload")
    assert "the result of com.add could not be serialized" in values(answer)[0][0]


def test_an_exception_is_an_error_with_its_text(session, invoked):
    answer = session.refuse(invoked, ValueError("boom", 5))
    assert (answer.error, values(answer)) == ("wamp.error.runtime_error", (["boom", 5], {}))


def test_an_application_error_is_an_error_with_its_uri_and_payload(session, invoked):
    answer = session.refuse(invoked, ApplicationError("com.oops", "text", a=1))
    assert (answer.error, values(answer)) == ("com.oops", (["text"], {"a": 1}))


def test_a_traceback_is_sent_as_an_argument(session, invoked):
    answer = session.refuse(invoked, ValueError("boom"), "Traceback …")
    assert values(answer) == (["boom"], {"traceback": "Traceback …"})


def test_an_exception_that_cannot_be_serialized_is_sent_as_text(session, invoked):
    answer = session.refuse(invoked, ValueError(ValueError("inner")))
    assert values(answer) == (["inner"], {})


def test_an_interrupt_names_its_invocation(session, invoked):
    effect = session.receive(m.Interrupt(9, {}))
    assert effect.invoked is invoked
    assert invoked.was_interrupted


def test_an_answer_after_the_end_of_the_session_is_not_sent(session, invoked):
    session.receive(m.Goodbye({}, "wamp.close.close_realm"))
    assert session.complete(invoked, 5) is None


def test_an_answer_after_our_goodbye_is_not_sent(session, invoked):
    session.leave()
    assert session.complete(invoked, 5) is None


def test_an_answer_to_the_session_before_is_not_sent(session, invoked):
    """The new one has an invocation with the same request: it stays in flight."""
    session.receive(m.Goodbye({}, "wamp.close.close_realm"))
    session.join("realm1")
    session.receive(m.Welcome(78, {}))
    session.established()
    registered(session)
    again = session.receive(m.Invocation(9, 5, {}))
    assert session.complete(invoked, "old") is None
    assert values(session.complete(again, "new"))[0] == ["new"]


def test_an_answer_that_was_too_large_is_replaced_by_an_error(session, invoked):
    answer = session.replace(session.complete(invoked, 5), "wamp.error.payload_size_exceeded", "too large")
    assert answer == m.Error(68, 9, {}, "wamp.error.payload_size_exceeded", raw(["too large"]))
