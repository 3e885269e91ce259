"""The gate: which method is used, and that nobody learns more of a refusal than that it is one."""

import gc
import weakref
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from tests.support.auth import Door, Knock, came_of, outcome
from wamp.protocol.errors import (
    AuthenticationDenied,
    AuthenticationFailed,
    AuthenticationRequired,
    NoMatchingAuthMethod,
    NoSuchPrincipal,
    ProtocolViolation,
    WampError,
)
from wamprouter.auth import Applicant, Challenge, Grant, Later, NotReady, Step
from wamprouter.auth.principals import Denied, Unknown

JOE = Grant("joe", "user", "ticket", mark="7")


class Bell:
    """A method that tests ring: its first step, and what an answer leads to, are what they say."""

    def __init__(self, name: str, step: Step | WampError | None = JOE, *, more: tuple[str, ...] = ()) -> None:
        self.names: tuple[str, ...] = (name, *more)  # type: ignore[misc]  # each bell has its own
        self.step = step
        self.rung: list[str] = []
        """By which names it was used."""
        self.admits = True

    def hello(self, applicant: Applicant, name: str) -> Step | None:
        self.rung.append(name)
        if isinstance(self.step, WampError):
            raise self.step
        return self.step

    def still_admits(self, grant: Grant) -> bool:
        return self.admits


class Asking:
    """A method that asks one question; the answer is handed to ``decide``."""

    names: ClassVar[tuple[str, ...]] = ("ticket",)

    def __init__(self) -> None:
        self.answers: list[tuple[str, Mapping[str, Any]]] = []
        self.step: Step | WampError = JOE

    def hello(self, applicant: Applicant, name: str) -> Step:
        return Challenge(name, {"question": 1}, self.decide)

    def decide(self, signature: str, extra: Mapping[str, Any]) -> Step:
        self.answers.append((signature, extra))
        if isinstance(self.step, WampError):
            raise self.step
        return self.step

    def still_admits(self, grant: Grant) -> bool:
        return False


# Which method


@pytest.mark.parametrize("offered", [["ticket", "wampcra"], ["wampcra", "ticket"], ["x", "wampcra", "ticket", "y"]])
def test_the_order_of_preference_is_the_servers(offered):
    """Whatever that of the client is."""
    first, second = Bell("wampcra"), Bell("ticket")
    Door(first, second).knock(*offered)
    assert (["wampcra"], []) == (first.rung, second.rung)


def test_a_method_may_have_two_names():
    """Each client uses its own."""
    method = Bell("wamp-scram", more=("scram",))
    door = Door(method)
    door.knock("scram")
    door.knock("wamp-scram")
    door.knock("scram", "wamp-scram")
    assert ["scram", "wamp-scram", "wamp-scram"] == method.rung


def test_who_lacks_what_a_method_needs_is_asked_by_the_next():
    """Such as a client without a certificate, or without a key."""
    lacking, other = Bell("tls", None), Bell("ticket")
    assert JOE == Door(lacking, other).knock("ticket", "tls")


def test_who_offers_nothing_is_anonymous():
    """HELLO without authmethods, or with an empty list."""
    assert JOE == Door(Bell("ticket"), Bell("anonymous")).knock()


@pytest.mark.parametrize(
    ("methods", "offered", "error"),
    [
        ([Bell("ticket"), Bell("scram")], [], AuthenticationRequired),
        ([], [], AuthenticationRequired),
        ([Bell("ticket")], ["wampcra"], NoMatchingAuthMethod),
        ([Bell("ticket")], ["anonymous"], NoMatchingAuthMethod),
        ([Bell("ticket")], ["Ticket", "ticket ", ""], NoMatchingAuthMethod),
        ([], ["ticket"], NoMatchingAuthMethod),
        ([Bell("tls", None), Bell("ticket", None)], ["ticket", "tls"], AuthenticationRequired),
    ],
)
def test_without_a_method_the_uri_says_which_way(methods, offered, error):
    """None offered, none in common, or what the common ones need is missing (advanced profile, "Authentication")."""
    assert error is type(Door(*methods).knock(*offered))


def test_a_refusal_names_the_methods_that_there_are():
    """They are no secret: any HELLO would find them out."""
    methods = Bell("cryptosign"), Bell("ticket")
    assert "methods: cryptosign, ticket" in str(Door(*methods).knock("wampcra"))
    assert "methods: cryptosign, ticket" in str(Door(*methods).knock())
    assert "tls" in str(Door(Bell("tls", None)).knock("tls"))


# What is said of a refusal


@pytest.mark.parametrize("reason", [Denied("wrong ticket"), Denied(Unknown(NoSuchPrincipal("no principal 'joe'")))])
def test_a_wrong_name_and_a_wrong_credential_look_the_same(reason):
    """To the client; the operator's log has what really was."""
    door = Door(Bell("ticket", reason))
    refusal = door.knock("ticket", authid="joe")
    assert (AuthenticationDenied.uri, "wrong authid or credential") == (refusal.uri, str(refusal))
    assert type(refusal) is AuthenticationDenied
    assert [f"authentication of 'joe' from 192.0.2.7 by ticket refused: {reason}"] == door.remarks


def test_a_switch_names_the_unknown_principal():
    """And still not who has the wrong credential."""
    unknown = Denied(Unknown(NoSuchPrincipal("no principal 'jo'")))
    assert NoSuchPrincipal.uri == Door(Bell("ticket", unknown), names_unknown=True).knock("ticket").uri
    wrong = Door(Bell("ticket", Denied("wrong ticket")), names_unknown=True).knock("ticket")
    assert (AuthenticationDenied.uri, "wrong authid or credential") == (wrong.uri, str(wrong))


def test_a_technical_failure_is_told_as_such():
    """It is no guess, so it is not counted as one."""
    door = Door(Bell("ticket", AuthenticationFailed("the authenticator failed")))
    refusals = [door.knock("ticket") for _ in range(10)]
    assert {AuthenticationFailed.uri} == {refusal.uri for refusal in refusals}
    assert 0 == door.throttle.failures


def test_a_violation_stays_one():
    """It is not the gate's to explain."""
    violation = ProtocolViolation("nonsense")
    assert violation is Door(Bell("ticket", violation)).knock("ticket")


def test_a_line_for_the_operator_is_one_line_and_not_long():
    """A client may send an authid as long as a message, and an authenticator may say what it likes."""
    door = Door(Bell("ticket", Denied("first\nsecond")))
    door.knock("ticket", authid="a\n" * 500_000)
    [line] = door.remarks
    assert len(line) < 300
    assert "\n" not in line


# Answers


def test_an_answer_leads_to_the_next_step():
    """With AUTHENTICATE's signature and extra."""
    method = Asking()
    door = Door(method)
    asking = door.knock("ticket")
    assert ("ticket", {"question": 1}) == (asking.method, asking.extra)
    assert JOE == door.reply(asking, ("secret", {"more": 1}))
    assert [("secret", {"more": 1})] == method.answers


def test_an_answer_may_lead_to_another_question():
    """Each is waited for."""
    method = Asking()
    door = Door(method)
    asking = door.knock("ticket")
    method.step = Challenge("ticket", {"question": 2}, lambda _signature, _extra: JOE)
    second = door.reply(asking, "first")
    assert {"question": 2} == second.extra
    assert JOE == door.reply(second, "second")


def test_guesses_are_slowed_down():
    """After the third, the answer is not looked at before its time."""
    method = Asking()
    method.step = Denied("wrong")
    door = Door(method)
    for _ in range(3):
        door.reply(door.knock("ticket", authid="joe"), "guess")
    waiting = door.reply(door.knock("ticket", authid="joe"), "guess")
    assert isinstance(waiting, Later)
    assert 3 == len(method.answers)
    door.clock.advance(0.5)
    assert AuthenticationDenied.uri == came_of(waiting).uri
    assert 4 == len(method.answers)


def test_the_right_answer_is_slowed_down_as_well():
    """Or the time would tell that it is wrong before it is over."""
    method = Asking()
    door = Door(method)
    for _ in range(3):
        door.throttle.failed("192.0.2.7", "joe")
    waiting = door.reply(door.knock("ticket", authid="joe"), "secret")
    assert isinstance(waiting, Later)
    door.clock.advance(0.5)
    assert JOE == came_of(waiting)


def test_who_would_wait_too_long_is_to_come_back():
    """Which is no ABORT, at which JavaScript clients give up."""
    method = Asking()
    method.step = Denied("wrong")
    door = Door(method)
    for _ in range(20):
        refusal = door.reply(door.knock("ticket", authid="joe"), "guess")
        door.clock.advance(0.5)
    assert isinstance(refusal, NotReady)


def test_answers_sent_at_once_are_not_looked_at_at_once():
    """Also if each is decided about later: else a thousand connections were a thousand guesses."""
    method = Asking()
    door = Door(method)
    laters = [Later() for _ in range(50)]
    steps = []
    for method.step in laters:
        steps.append(door.reply(door.knock("ticket", authid="joe"), "guess"))
    assert 16 == len(method.answers)
    assert 34 == [type(step) for step in steps].count(NotReady)
    for later in laters:
        later.settle(Denied("wrong"))
    assert {} == door.throttle._undecided


def test_lookups_for_challenges_leave_room_for_answers():
    """HELLO is no guess: strangers who only say who they are must not keep that one out."""
    waiting = Bell("wampcra", Later())
    door = Door(waiting)
    for _ in range(50):
        assert isinstance(door.knock("wampcra", authid="joe"), Later)
    assert {} == door.throttle._undecided


def test_success_is_a_new_start():
    """For its authid."""
    method = Asking()
    door = Door(method)
    for _ in range(2):
        door.throttle.failed("192.0.2.7", "joe")
    assert JOE == door.reply(door.knock("ticket", authid="joe"), "secret")
    door.throttle.failed("192.0.2.7", "joe")
    assert JOE == door.reply(door.knock("ticket", authid="joe"), "secret")


# What is known later


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("end", [JOE, AuthenticationFailed("no")])
def test_a_step_may_be_known_later(how, end):
    """Before it is asked for, or after."""
    later = Later()
    door = Door(Bell("ticket", later))
    if how == "before":
        later.settle(end)
    step = door.knock("ticket")
    if how == "after":
        assert isinstance(step, Later)
        later.settle(end)
    assert end == came_of(step)


def test_what_is_known_later_may_be_a_question():
    """As with an authenticator that knows the secret."""
    later = Later()
    step = Door(Bell("wampcra", later)).knock("wampcra")
    later.settle(Challenge("wampcra", {}, lambda signature, _extra: JOE))
    asking = came_of(step)
    assert JOE == outcome(lambda: asking.answer("x", {}))


def test_what_is_settled_twice_counts_once():
    """Whoever is first."""
    later = Later()
    door = Door(Bell("ticket", later))
    step = door.knock("ticket")
    later.settle(AuthenticationFailed("too late"))
    later.settle(JOE)
    assert isinstance(came_of(step), AuthenticationFailed)


def test_a_refusal_that_comes_later_looks_the_same():
    """And is counted."""
    later = Later()
    door = Door(Bell("ticket", later))
    step = door.knock("ticket")
    later.settle(Denied("wrong"))
    assert type(came_of(step)) is AuthenticationDenied
    assert 1 == door.throttle.failures


def test_nothing_is_left_of_a_step_that_is_never_known():
    """Once whoever was asked has forgotten it."""
    door = Door(Bell("ticket", Later()))
    knock = Knock("ticket")
    gone = weakref.ref(knock)
    step = door.admit(knock)
    door.gate._methods = []
    del knock, step
    gc.collect()
    assert gone() is None


# Reload


def test_a_gate_adopts_what_another_one_says():
    """Connections go on referring to the first."""
    old, new = Door(Bell("ticket")), Door(Bell("wampcra"))
    old.gate.adopt(new.gate)
    assert JOE == old.knock("wampcra")
    assert isinstance(old.knock("ticket"), NoMatchingAuthMethod)


def test_an_attempt_that_has_begun_goes_on_as_it_began():
    """The challenge was made by the old configuration."""
    old = Door(Asking())
    asking = old.knock("ticket")
    old.gate.adopt(Door(Bell("wampcra")).gate)
    assert JOE == old.reply(asking, "secret")


def test_failed_attempts_outlive_a_reload():
    """The throttle is not the configuration's."""
    door = Door(Bell("ticket", Denied("wrong")))
    for _ in range(3):
        door.knock("ticket", authid="joe")
    method = Asking()
    door.gate.adopt(Door(method).gate)
    assert isinstance(door.reply(door.knock("ticket", authid="joe"), "secret"), Later)


def test_a_grant_is_judged_by_its_own_method():
    """Whether it would be given again."""
    ticket, other = Bell("ticket"), Bell("wampcra")
    other.admits = False
    door = Door(ticket, other)
    assert door.gate.still_admits(JOE)
    assert not door.gate.still_admits(Grant("joe", "user", "wampcra"))
    assert not door.gate.still_admits(Grant("joe", "user", "scram"))


def test_what_a_cookie_remembers_is_judged_by_the_method_it_was_learnt_by():
    """The cookie itself proves nothing."""
    assert Door(Bell("ticket")).gate.still_admits(Grant("joe", "user", "cookie", learnt_by="ticket"))
    assert not Door(Bell("ticket")).gate.still_admits(Grant("joe", "user", "cookie", learnt_by="scram"))
    assert not Door(Bell("ticket")).gate.still_admits(Grant("joe", "user", "cookie"))
