"""How a client session begins and how it ends."""

import pytest

from tests.wamp.doubles import CODEC, WELCOME, payload, registered, session_in, subscribed
from wamp.effects import Challenged, Left, Welcomed
from wamp.exception import ApplicationError, Error, InvalidUriError, SessionNotReady
from wamp.protocol import messages as m
from wamp.session import AGENT, ROLES, State
from wamp.types import Challenge, CloseDetails


def test_hello_announces_agent_and_roles():
    assert session_in(State.IDLE).join("realm1") == m.Hello("realm1", {"agent": AGENT, "roles": ROLES})


def test_hello_carries_what_the_application_says_of_itself():
    hello = session_in(State.IDLE).join("realm1", ["ticket"], "joe", "user", {"a": 1})
    del hello.details["agent"], hello.details["roles"]
    assert hello.details == {
        "authmethods": ["ticket"],
        "authid": "joe",
        "authrole": "user",
        "authextra": {"a": 1},
    }


def test_callees_announce_that_they_can_be_cancelled():
    """A router must not send INTERRUPT to those that do not."""
    assert ROLES["callee"]["features"]["call_canceling"] is True


@pytest.mark.parametrize("realm", ["", "no spaces", "a..b", "#"])
def test_a_realm_must_be_a_uri(realm):
    with pytest.raises(InvalidUriError, match="realm"):
        session_in(State.IDLE).join(realm)


@pytest.mark.parametrize("state", [s for s in State if s not in (State.IDLE, State.OVER)])
def test_a_session_that_has_begun_cannot_join_again(state):
    with pytest.raises(Error, match="cannot join"):
        session_in(state).join("realm2")


def test_after_the_end_another_session_can_begin_on_the_same_connection():
    """It starts over: request ids count from 1, and nothing is left of the first."""
    session = session_in(State.JOINED)
    registered(session)
    session.receive(m.Goodbye({}, "wamp.close.normal"))
    session.join("realm2")
    session.receive(WELCOME)
    session.established()
    assert session.call("reply", "com.add", (), {}, None).request == 1


def test_a_challenge_is_the_applications():
    session = session_in(State.JOINING)
    effect = session.receive(m.Challenge("ticket", {"a": 1}))
    assert effect == Challenged(Challenge("ticket", {"a": 1}))
    assert session.authenticate("secret") == m.Authenticate("secret", {})
    assert session.state is State.JOINING


def test_an_answer_may_say_more_than_the_signature():
    """As SCRAM does."""
    session = session_in(State.CHALLENGED)
    assert session.authenticate("proof", {"nonce": "n"}) == m.Authenticate("proof", {"nonce": "n"})


def test_a_signature_that_comes_too_late_is_not_sent():
    """The router has given up waiting."""
    session = session_in(State.CHALLENGED)
    session.receive(m.Abort({}, "wamp.error.authentication_failed"))
    assert session.authenticate("secret") is None


def test_the_application_sees_the_welcome_before_the_session_is_there():
    session = session_in(State.JOINING)
    effect = session.receive(WELCOME)
    assert isinstance(effect, Welcomed)
    assert (effect.welcome.session, effect.welcome.realm, effect.welcome.authid) == (77, "realm1", "joe")
    assert session.id is None
    assert session.established()
    assert session.id == 77


def test_the_router_may_choose_another_realm():
    session = session_in(State.JOINING)
    session.receive(m.Welcome(77, {"realm": "realm2"}))
    session.established()
    assert session.realm == "realm2"


def test_a_session_that_ended_while_the_application_hesitated_is_not_entered():
    session = session_in(State.WELCOMED)
    session.receive(m.Goodbye({}, "wamp.close.close_realm"))
    assert not session.established()


def test_a_refused_session_says_why():
    session = session_in(State.JOINING)
    effect = session.receive(m.Abort({"message": "no such realm"}, "wamp.error.no_such_realm"))
    assert effect == Left(CloseDetails("wamp.error.no_such_realm", "no such realm"), [], None, False)


def test_a_refusal_may_say_why_in_its_arguments():
    """ABORT got arguments later; older routers use the details."""
    effect = session_in(State.JOINING).receive(m.Abort({}, "com.no", *payload(["because"])))
    assert effect.details == CloseDetails("com.no", "because")


def test_leaving_says_goodbye():
    session = session_in(State.JOINED)
    assert session.leave() == m.Goodbye({}, "wamp.close.normal")
    assert session.state is State.LEAVING
    assert session.id == 77


def test_leaving_may_give_reason_and_text():
    goodbye = session_in(State.JOINED).leave("com.enough", "I had enough")
    assert goodbye == m.Goodbye({"message": "I had enough"}, "com.enough")


@pytest.mark.parametrize("state", [s for s in State if s is not State.JOINED])
def test_there_is_nothing_to_leave_but_a_session_on_a_realm(state):
    assert session_in(state).leave() is None


@pytest.mark.parametrize("reason", ["wamp.close.goodbye_and_out", "wamp.close.normal"])
def test_when_the_router_agrees_the_session_has_closed_as_it_says(reason):
    """The specification's routers agree with goodbye_and_out, Crossbar with normal: either was asked for."""
    session = session_in(State.LEAVING)
    effect = session.receive(m.Goodbye({}, reason))
    assert effect == Left(CloseDetails(reason), [], None, was_joined=True, was_asked=True)
    assert session.id is None


def test_the_routers_goodbye_is_answered():
    effect = session_in(State.JOINED).receive(m.Goodbye({"message": "bye"}, "wamp.close.system_shutdown"))
    answer = m.Goodbye({}, "wamp.close.goodbye_and_out")
    assert effect == Left(CloseDetails("wamp.close.system_shutdown", "bye"), [], answer)


def test_the_end_fails_what_is_in_flight_with_its_reason():
    session = session_in(State.JOINED)
    session.call("call", "com.add", (), {}, None)
    session.register("register", "com.add", object(), None)
    effect = session.receive(m.Goodbye({"message": "bye"}, "wamp.close.close_realm"))
    assert [reply for reply, _ in effect.replies] == ["call", "register"]
    error = effect.replies[0][1]
    assert isinstance(error, ApplicationError)
    assert (error.error, error.args) == ("wamp.close.close_realm", ("bye",))


def test_the_end_makes_registrations_and_subscriptions_inactive():
    session = session_in(State.JOINED)
    registration, subscription = registered(session), subscribed(session)
    session.lost()
    assert (registration.active, subscription.active) == (False, False)


@pytest.mark.parametrize("state", [State.JOINING, State.CHALLENGED, State.WELCOMED, State.JOINED, State.LEAVING])
def test_a_lost_connection_ends_the_session(state):
    session = session_in(state)
    effect = session.lost()
    assert effect.details.reason == "wamp.close.transport_lost"
    assert effect.answer is None
    assert effect.was_joined is (state in (State.JOINED, State.LEAVING))
    assert session.state is State.OVER


@pytest.mark.parametrize("state", [State.IDLE, State.OVER])
def test_a_lost_connection_without_a_session_ends_none(state):
    assert session_in(state).lost() is None


def test_aborting_tells_the_router_why():
    effect = session_in(State.JOINED).abort("wamp.error.protocol_violation", "that was wrong")
    answer = m.Abort({"message": "that was wrong"}, "wamp.error.protocol_violation")
    assert effect == Left(CloseDetails("wamp.error.protocol_violation", "that was wrong"), [], answer)


def test_a_session_that_is_over_is_not_aborted_again():
    assert session_in(State.OVER).abort("wamp.error.protocol_violation", "that was wrong") is None


@pytest.mark.parametrize("state", [s for s in State if s is not State.JOINED])
def test_requests_need_a_session_on_a_realm(state):
    session = session_in(state)
    with pytest.raises(SessionNotReady, match=r"not on a realm"):
        session.call("reply", "com.add", (), {}, None)


def test_a_new_connection_starts_over_in_its_codec():
    session = session_in(State.JOINED)
    session.open(CODEC)
    assert session.state is State.IDLE
