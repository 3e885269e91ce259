"""The client session's state table, row by row: what the router may send when."""

import pytest

from tests.wamp.doubles import payload, registered, session_in, subscribed
from wamp.protocol import messages as m
from wamp.protocol.errors import ProtocolViolation
from wamp.session import TABLE, State

SAMPLES = {
    m.Hello: m.Hello("realm1", {}),
    m.Welcome: m.Welcome(77, {}),
    m.Abort: m.Abort({}, "wamp.error.no_such_realm"),
    m.Challenge: m.Challenge("ticket", {}),
    m.Authenticate: m.Authenticate("secret", {}),
    m.Goodbye: m.Goodbye({}, "wamp.close.close_realm"),
    m.Error: m.Error(m.Call.CODE, 1, {}, "com.oops"),
    m.Publish: m.Publish(1, {}, "com.topic"),
    m.Published: m.Published(1, 9),
    m.Subscribe: m.Subscribe(1, {}, "com.topic"),
    m.Subscribed: m.Subscribed(1, 9),
    m.Unsubscribe: m.Unsubscribe(1, 6),
    m.Unsubscribed: m.Unsubscribed(0, {"subscription": 6}),
    m.Event: m.Event(6, 9, {}),
    m.Call: m.Call(1, {}, "com.add"),
    m.Cancel: m.Cancel(1, {}),
    m.Result: m.Result(1, {}),
    m.Register: m.Register(1, {}, "com.add"),
    m.Registered: m.Registered(1, 9),
    m.Unregister: m.Unregister(1, 5),
    m.Unregistered: m.Unregistered(0, {"registration": 5}),
    m.Invocation: m.Invocation(1, 5, {}),
    m.Interrupt: m.Interrupt(1, {}),
    m.Yield: m.Yield(1, {}),
    m.EventReceived: m.EventReceived(9),
}

REALM = {m.Error, m.Published, m.Subscribed, m.Unsubscribed, m.Event, m.Result, m.Registered, m.Unregistered}
REALM |= {m.Invocation, m.Interrupt, m.Goodbye, m.Abort}

ACCEPTED = {
    State.IDLE: set(),
    State.JOINING: {m.Welcome, m.Challenge, m.Abort},
    State.CHALLENGED: {m.Abort},
    State.WELCOMED: {m.Abort, m.Goodbye},
    State.JOINED: REALM,
    State.LEAVING: REALM,
    State.OVER: REALM | {m.Welcome, m.Challenge},
}


def test_every_message_has_a_sample():
    assert set(m.MESSAGES.values()) == set(SAMPLES)


@pytest.mark.parametrize("state", State)
def test_a_state_accepts_exactly_these_messages(state):
    assert ACCEPTED[state] == {message for of, message in TABLE if of is state}


@pytest.mark.parametrize(
    ("state", "message"),
    [(state, message) for state in State for message in SAMPLES if message not in ACCEPTED[state]],
    ids=lambda value: value.name if isinstance(value, State) else value.__name__,
)
def test_anything_else_is_a_protocol_violation(state, message):
    """And it changes nothing: what to do about it is for the shell to say."""
    session = session_in(state)
    with pytest.raises(ProtocolViolation, match=message.__name__.upper()):
        session.receive(SAMPLES[message])
    assert state is session.state


@pytest.mark.parametrize("message", sorted(ACCEPTED[State.OVER], key=lambda each: each.__name__))
def test_what_arrives_after_the_end_is_ignored(message):
    """It was on its way when the session ended."""
    assert session_in(State.OVER).receive(SAMPLES[message]) is None


@pytest.mark.parametrize("state", [State.JOINED, State.LEAVING])
@pytest.mark.parametrize("message", [m.Published, m.Subscribed, m.Registered, m.Result, m.Error])
def test_an_answer_to_no_request_is_a_protocol_violation(state, message):
    session = session_in(state)
    with pytest.raises(ProtocolViolation, match="request 1"):
        session.receive(SAMPLES[message])


@pytest.mark.parametrize("message", [m.Unregistered(1), m.Unsubscribed(1)])
def test_a_confirmation_of_no_request_is_a_protocol_violation(message):
    with pytest.raises(ProtocolViolation, match="request 1"):
        session_in(State.JOINED).receive(message)


def test_an_answer_of_another_kind_than_the_request_is_a_protocol_violation():
    """SUBSCRIBED cannot answer a CALL; the call stays in flight."""
    session = session_in(State.JOINED)
    session.call("reply", "com.add", (), {}, None)
    with pytest.raises(ProtocolViolation, match="SUBSCRIBED for request 1"):
        session.receive(m.Subscribed(1, 9))
    assert session.receive(m.Result(1, {})).reply == "reply"


def test_an_error_of_another_kind_than_the_request_is_a_protocol_violation():
    session = session_in(State.JOINED)
    session.call("reply", "com.add", (), {}, None)
    with pytest.raises(ProtocolViolation, match="ERROR for request 1"):
        session.receive(m.Error(m.Register.CODE, 1, {}, "com.oops"))


@pytest.mark.parametrize("request_type", [0, m.Hello.CODE, m.Invocation.CODE, 999])
def test_an_error_for_what_is_no_request_of_a_client_is_a_protocol_violation(request_type):
    with pytest.raises(ProtocolViolation, match=f"type {request_type}"):
        session_in(State.JOINED).receive(m.Error(request_type, 1, {}, "com.oops"))


def test_an_event_of_an_unknown_subscription_is_a_protocol_violation():
    with pytest.raises(ProtocolViolation, match="subscription 6"):
        session_in(State.JOINED).receive(SAMPLES[m.Event])


def test_an_invocation_of_an_unknown_registration_is_a_protocol_violation():
    with pytest.raises(ProtocolViolation, match="registration 5"):
        session_in(State.JOINED).receive(SAMPLES[m.Invocation])


def test_an_invocation_with_the_request_of_a_running_one_is_a_protocol_violation():
    session = session_in(State.JOINED)
    registered(session)
    session.receive(m.Invocation(1, 5, {}))
    with pytest.raises(ProtocolViolation, match="request 1"):
        session.receive(m.Invocation(1, 5, {}))


def test_a_registration_id_that_is_taken_is_a_protocol_violation():
    session = session_in(State.JOINED)
    registered(session, "com.add", 5)
    with pytest.raises(ProtocolViolation, match="id 5"):
        registered(session, "com.sub", 5)


def test_a_payload_that_is_malformed_is_a_protocol_violation():
    """The codec checks it on the wire; a transport in memory has none."""
    session = session_in(State.JOINED)
    session.call("reply", "com.add", (), {}, None)
    with pytest.raises(ProtocolViolation, match="malformed"):
        session.receive(m.Result(1, {}, m.Raw(b"[1")))


@pytest.mark.parametrize("message", [m.Unregistered(0), m.Unregistered(0, {"registration": 99}), m.Unsubscribed(0)])
def test_a_revocation_of_what_is_gone_already_is_no_violation(message):
    """It has crossed our own UNREGISTER or UNSUBSCRIBE."""
    assert session_in(State.JOINED).receive(message) is None


def test_an_interrupt_of_what_has_answered_is_no_violation():
    assert session_in(State.JOINED).receive(SAMPLES[m.Interrupt]) is None


def test_an_invocation_that_crosses_our_goodbye_is_not_run():
    """Its answer could not be sent any more."""
    session = session_in(State.JOINED)
    registered(session)
    session.leave()
    assert session.receive(m.Invocation(1, 5, {})) is None


def test_results_and_events_that_cross_our_goodbye_are_delivered():
    session = session_in(State.JOINED)
    subscribed(session)
    session.call("reply", "com.add", (), {}, None)
    session.leave()
    assert session.receive(m.Result(2, {}, *payload([3]))).value == 3
    assert session.receive(m.Event(6, 9, {}, *payload([1]))).args == [1]
