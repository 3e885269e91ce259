"""Procedures, registrations and calls: who is invoked, and that every call is answered once."""

from itertools import product

import pytest

from tests.support.realm import ALL_FEATURES, Meeting, pack, text_of
from wamp.protocol.codec import CODECS
from wamp.protocol.errors import NetworkFailure, ProtocolViolation
from wamp.protocol.messages import (
    Call,
    Cancel,
    Error,
    Interrupt,
    Invocation,
    Publish,
    Register,
    Registered,
    Result,
    Unregister,
    Unregistered,
    Yield,
)

CANCELED = Error(Call.CODE, 1, {}, "wamp.error.canceled")
PROGRESS = {"progress": True}


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


@pytest.fixture
def called(meeting: Meeting) -> Meeting:
    """Bob has registered com.add and Alice has called it: request 1, invocation 1."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.alice, Call(1, {}, "com.add"))
    return meeting


def progressive_call() -> Meeting:
    """Bob has registered com.add and Alice has called it and asked for progress."""
    meeting = Meeting()
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.alice, Call(1, {"receive_progress": True}, "com.add"))
    return meeting


def called_callee_with(*features: str, options: dict[str, object] | None = None) -> tuple[Meeting, list[object]]:
    """Dora, who announces these features, is invoked by Alice; return what is heard of it."""
    meeting = Meeting()
    dora = meeting.join("dora", features=features)
    meeting.send(dora, Register(1, {}, "com.add"))
    heard = meeting.send(meeting.alice, Call(1, options or {}, "com.add"))
    return meeting, heard


# Registering


def test_a_callee_is_told_its_registration(meeting):
    """REGISTERED names the request."""
    assert [("bob", Registered(7, 1))] == meeting.send(meeting.bob, Register(7, {}, "com.add"))


@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
@pytest.mark.parametrize("second", ["bob", "carol"])
def test_a_procedure_is_registered_once(meeting, match, second):
    """Whoever comes second is refused, also who has it already (basic profile, "Registering")."""
    meeting.send(meeting.bob, Register(1, {"match": match}, "com.add"))
    refusal = Error(Register.CODE, 2, {}, "wamp.error.procedure_already_exists")
    assert [(second, refusal)] == meeting.send(getattr(meeting, second), Register(2, {"match": match}, "com.add"))


def test_match_is_part_of_what_a_registration_is(meeting):
    """The same URI as exact procedure, prefix and wildcard is three registrations."""
    heard = [
        meeting.send(meeting.bob, Register(1, {"match": match}, "com.add")) for match in ("exact", "prefix", "wildcard")
    ]
    assert [[("bob", Registered(1, number))] for number in (1, 2, 3)] == heard


def test_a_procedure_that_was_unregistered_is_free(meeting):
    """For anybody."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.bob, Unregister(2, 1))
    assert [("carol", Registered(1, 2))] == meeting.send(meeting.carol, Register(1, {}, "com.add"))


def test_a_procedure_of_a_callee_that_left_is_free(meeting):
    """For anybody."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.leave(meeting.bob)
    assert [("carol", Registered(1, 2))] == meeting.send(meeting.carol, Register(1, {}, "com.add"))


def test_unregistering_is_confirmed(meeting):
    """UNREGISTERED names the request."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    assert [("bob", Unregistered(2))] == meeting.send(meeting.bob, Unregister(2, 1))


def test_unregistering_nothing_is_an_error(meeting):
    """An id that nobody was given is no such registration."""
    refusal = Error(Unregister.CODE, 5, {}, "wamp.error.no_such_registration")
    assert [("bob", refusal)] == meeting.send(meeting.bob, Unregister(5, 1))


def test_nobody_ends_a_registration_of_another(meeting):
    """A foreign id is no such registration, and its callee keeps it."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    refusal = Error(Unregister.CODE, 1, {}, "wamp.error.no_such_registration")
    assert [("carol", refusal)] == meeting.send(meeting.carol, Unregister(1, 1))
    assert [("bob", Invocation(1, 1, {}))] == meeting.send(meeting.alice, Call(1, {}, "com.add"))


def test_facts_come_in_the_order_of_the_meta_events(meeting):
    """A registration is created, then joined; left, then deleted."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.bob, Unregister(2, 1))
    assert [
        "RegistrationCreated bob",
        "Registered bob",
        "Unregistered bob",
        "RegistrationDeleted bob",
    ] == meeting.told


# Calling


def test_a_call_is_handed_to_the_callee(meeting):
    """With its payload as it came, and the ids of the callee's side."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    args, kwargs = pack(1, 2), pack()
    heard = meeting.send(meeting.alice, Call(77, {}, "com.add", args, kwargs))
    assert [("bob", Invocation(1, 1, {}, args, kwargs))] == heard


def test_a_delivery_knows_what_its_payload_is_written_in(meeting):
    """The sender's codec goes along, both ways."""
    dora = meeting.join("dora", codec=CODECS["cbor"])
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    [invocation] = meeting.realm.handle(dora, Call(1, {}, "com.add"))
    [result] = meeting.realm.handle(meeting.bob, Yield(1, {}))
    assert (CODECS["cbor"], CODECS["json"]) == (invocation.source, result.source)


def test_calling_nothing_is_an_error(meeting):
    """No such procedure."""
    refusal = Error(Call.CODE, 9, {}, "wamp.error.no_such_procedure")
    assert [("alice", refusal)] == meeting.send(meeting.alice, Call(9, {}, "com.add"))


def test_a_refusal_says_what_was_wrong(meeting):
    """The error's argument is a text for a human."""
    [delivery] = meeting.realm.handle(meeting.alice, Call(9, {}, "com.add"))
    assert "no callee has registered procedure com.add" == text_of(delivery.message)


def test_a_refused_call_is_not_in_flight(meeting):
    """Its request id may be used again."""
    meeting.send(meeting.alice, Call(1, {}, "com.add"))
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    assert [("bob", Invocation(1, 1, {}))] == meeting.send(meeting.alice, Call(1, {}, "com.add"))


def test_a_session_can_call_itself(called):
    """Caller and callee may be one."""
    assert [("bob", Invocation(2, 1, {}))] == called.send(called.bob, Call(1, {}, "com.add"))
    assert [("bob", Result(1, {}))] == called.send(called.bob, Yield(2, {}))


def test_invocations_are_numbered_for_each_callee(meeting):
    """INVOCATION.Request is of session scope: 1, 2, 3 for each callee, whoever calls."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.carol, Register(1, {}, "com.mul"))
    heard = [
        meeting.send(meeting.alice, Call(request, {}, procedure))[0]
        for request, procedure in enumerate(("com.add", "com.mul", "com.add"), 100)
    ]
    assert [("bob", 1), ("carol", 1), ("bob", 2)] == [(name, invocation.request) for name, invocation in heard]


def test_a_request_id_in_flight_cannot_be_used_again(called):
    """Two calls with one id could not be told apart."""
    with pytest.raises(ProtocolViolation, match="CALL 1 is still in flight"):
        called.send(called.alice, Call(1, {}, "com.add"))


def test_callers_do_not_share_request_ids(called):
    """Carol's call 1 has nothing to do with Alice's."""
    assert [("bob", Invocation(2, 1, {}))] == called.send(called.carol, Call(1, {}, "com.add"))


def test_calls_are_counted(called):
    """What statistics show."""
    called.send(called.carol, Call(1, {}, "com.add"))
    called.send(called.carol, Call(2, {}, "com.nothing"))
    assert 2 == called.realm.tally.invoked


# Answering


def test_a_result_goes_to_the_caller(called):
    """With the payload as it came, and the caller's request id."""
    args, kwargs = pack(3), pack()
    assert [("alice", Result(1, {}, args, kwargs))] == called.send(called.bob, Yield(1, {}, args, kwargs))


def test_an_error_goes_to_the_caller(called):
    """With the callee's URI and payload."""
    args, kwargs = pack("division"), pack()
    heard = called.send(called.bob, Error(Invocation.CODE, 1, {}, "com.error", args, kwargs))
    assert [("alice", Error(Call.CODE, 1, {}, "com.error", args, kwargs))] == heard


def test_answers_may_come_in_any_order(called):
    """Each goes to its own call."""
    called.send(called.carol, Call(8, {}, "com.add"))
    assert [("carol", Result(8, {}))] == called.send(called.bob, Yield(2, {}))
    assert [("alice", Result(1, {}))] == called.send(called.bob, Yield(1, {}))


@pytest.mark.parametrize("answer", [Yield(1, {}), Yield(1, PROGRESS), Error(Invocation.CODE, 1, {}, "com.error")])
def test_a_second_answer_is_discarded(called, answer):
    """The call is over; that is no violation."""
    called.send(called.bob, Yield(1, {}))
    assert [] == called.send(called.bob, answer)


@pytest.mark.parametrize("answer", [Yield(2, {}), Yield(2, PROGRESS), Error(Invocation.CODE, 2, {}, "com.error")])
def test_an_answer_to_what_was_never_asked_is_a_violation(called, answer):
    """Bob has been sent invocation 1 only."""
    with pytest.raises(ProtocolViolation, match="invocation 2, which was never sent"):
        called.send(called.bob, answer)


@pytest.mark.parametrize("answer", [Yield(1, {}), Yield(1, PROGRESS), Error(Invocation.CODE, 1, {}, "com.error")])
def test_nobody_answers_another_sessions_invocation(called, answer):
    """Carol was never invoked; and the call is still answered by Bob."""
    with pytest.raises(ProtocolViolation, match="which was never sent"):
        called.send(called.carol, answer)
    assert [("alice", Result(1, {}))] == called.send(called.bob, Yield(1, {}))


def test_nobody_answers_another_sessions_invocation_by_knowing_the_id(called):
    """Carol has been sent an invocation 1 of her own, so her answer is for that one."""
    called.send(called.carol, Register(1, {}, "com.mul"))
    called.send(called.bob, Call(5, {}, "com.mul"))
    assert [("bob", Result(5, {}))] == called.send(called.carol, Yield(1, {}))
    assert [("alice", Result(1, {}))] == called.send(called.bob, Yield(1, {}))


@pytest.mark.parametrize("code", [Call.CODE, Publish.CODE, Register.CODE, Interrupt.CODE, 0, 999])
def test_a_client_sends_errors_for_invocations_only(called, code):
    """Any other request type is a violation."""
    with pytest.raises(ProtocolViolation, match="ERROR for INVOCATION only"):
        called.send(called.bob, Error(code, 1, {}, "com.error"))


def test_a_callee_that_unregisters_still_answers(called):
    """UNREGISTER ends no invocation (basic profile, "Unregistering")."""
    called.send(called.bob, Unregister(2, 1))
    assert [("alice", Result(1, {}))] == called.send(called.bob, Yield(1, {}))


# Patterns


@pytest.mark.parametrize(
    ("match", "pattern", "details"),
    [
        ("exact", "com.math.add", {}),
        ("prefix", "com.math.add", {"procedure": "com.math.add"}),
        ("prefix", "com", {"procedure": "com.math.add"}),
        ("prefix", "", {"procedure": "com.math.add"}),
        ("wildcard", "com..add", {"procedure": "com.math.add"}),
        ("wildcard", "..", {"procedure": "com.math.add"}),
    ],
)
def test_an_invocation_names_its_procedure_only_for_patterns(meeting, match, pattern, details):
    """Who registered a pattern must be told what was called (advanced profile, "Pattern-based Registrations")."""
    meeting.send(meeting.bob, Register(1, {"match": match}, pattern))
    assert [("bob", Invocation(1, 1, details))] == meeting.send(meeting.alice, Call(1, {}, "com.math.add"))


# The example of the advanced profile, "Conflicts between Pattern-based Registrations". It thinks of prefixes in components;
# here they are characters, hence the dots at the end.
REGISTRATIONS = [
    ("exact", "a1.b2.c3.d4.e55"),
    ("prefix", "a1.b2.c3."),
    ("prefix", "a1.b2.c3.d4."),
    ("wildcard", "a1.b2..d4.e5"),
    ("wildcard", "a1.b2.c33..e5"),
    ("wildcard", "a1.b2..d4.e5..g7"),
    ("wildcard", "a1.b2..d4..f6.g7"),
]


@pytest.mark.parametrize(
    ("procedure", "registration"),
    [
        ("a1.b2.c3.d4.e55", 1),
        ("a1.b2.c3.d98.e74", 2),
        ("a1.b2.c3.d4.e325", 3),
        ("a1.b2.c55.d4.e5", 4),
        ("a1.b2.c33.d4.e5", 5),
        ("a1.b2.c88.d4.e5.f6.g7", 6),
    ],
)
def test_the_best_match_is_called(meeting, procedure, registration):
    """Exact, else the longest prefix, else the wildcard with the longer literal beginning."""
    for match, pattern in REGISTRATIONS:
        meeting.send(meeting.bob, Register(1, {"match": match}, pattern))
    [(_, invocation)] = meeting.send(meeting.alice, Call(1, {}, procedure))
    assert registration == invocation.registration


def test_only_one_of_many_matches_is_called(meeting):
    """A call has one callee, unlike an event."""
    for session, match in ((meeting.bob, "prefix"), (meeting.carol, "wildcard")):
        meeting.send(session, Register(1, {"match": match}, "com.add"))
    assert ["bob"] == [name for name, _ in meeting.send(meeting.alice, Call(1, {}, "com.add"))]


@pytest.mark.parametrize(
    ("match", "pattern"), [("prefix", ""), ("prefix", "wam"), ("prefix", "wamp.session"), ("wildcard", "..")]
)
def test_a_pattern_catches_no_call_to_the_router(meeting, match, pattern):
    """Nobody gets hold of wamp.* by registering a pattern around it."""
    meeting.send(meeting.bob, Register(1, {"match": match}, pattern))
    refusal = Error(Call.CODE, 1, {}, "wamp.error.no_such_procedure")
    assert [("alice", refusal)] == meeting.send(meeting.alice, Call(1, {}, "wamp.session.count"))


def test_an_exact_registration_may_be_the_routers_own(meeting):
    """The router's meta procedures are ordinary registrations; who may make them was decided before."""
    meeting.send(meeting.bob, Register(1, {}, "wamp.session.count"))
    assert [("bob", Invocation(1, 1, {}))] == meeting.send(meeting.alice, Call(1, {}, "wamp.session.count"))


def test_a_name_that_only_begins_like_the_routers_is_anybodys(meeting):
    """wampfoo.x is not below wamp."""
    meeting.send(meeting.bob, Register(1, {"match": "prefix"}, "wampfoo"))
    heard = meeting.send(meeting.alice, Call(1, {}, "wampfoo.x"))
    assert [("bob", Invocation(1, 1, {"procedure": "wampfoo.x"}))] == heard


# Progressive results


def test_a_callee_is_asked_for_progress(meeting):
    """If it has announced that it can, and can be stopped."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    heard = meeting.send(meeting.alice, Call(1, {"receive_progress": True}, "com.add"))
    assert [("bob", Invocation(1, 1, {"receive_progress": True}))] == heard


@pytest.mark.parametrize(
    "features",
    [(), ("callee.call_canceling",), ("callee.progressive_call_results",), ("caller.progressive_call_results",)],
)
def test_a_callee_that_cannot_is_not_asked_for_progress(features):
    """Progress needs both features, else nobody could stop it when the caller leaves."""
    _, heard = called_callee_with(*features, options={"receive_progress": True})
    assert [("dora", Invocation(1, 1, {}))] == heard


@pytest.mark.parametrize("options", [{}, {"receive_progress": False}, {"timeout": 5}])
def test_nobody_is_asked_for_progress_unasked(options):
    """The caller must want it."""
    _, heard = called_callee_with(*ALL_FEATURES, options=options)
    assert [("dora", Invocation(1, 1, {}))] == heard


def test_progress_reaches_the_caller():
    """Any number of progressive results, then the last one."""
    meeting = progressive_call()
    heard = [
        meeting.send(meeting.bob, Yield(1, options, pack(n))) for n, options in enumerate([PROGRESS, PROGRESS, {}])
    ]
    assert [
        [("alice", Result(1, PROGRESS, pack(0)))],
        [("alice", Result(1, PROGRESS, pack(1)))],
        [("alice", Result(1, {}, pack(2)))],
    ] == heard


def test_progress_may_end_with_an_error():
    """As any call may."""
    meeting = progressive_call()
    meeting.send(meeting.bob, Yield(1, PROGRESS))
    heard = meeting.send(meeting.bob, Error(Invocation.CODE, 1, {}, "com.error"))
    assert [("alice", Error(Call.CODE, 1, {}, "com.error"))] == heard


def test_progress_that_nobody_asked_for_is_discarded(called):
    """And the call stays open for its result."""
    assert [] == called.send(called.bob, Yield(1, PROGRESS))
    assert [("alice", Result(1, {}))] == called.send(called.bob, Yield(1, {}))


def test_progress_after_the_result_is_discarded():
    """The caller has been told that this was all."""
    meeting = progressive_call()
    meeting.send(meeting.bob, Yield(1, {}))
    assert [] == meeting.send(meeting.bob, Yield(1, PROGRESS))


@pytest.mark.parametrize("mode", ["skip", "kill", "killnowait"])
def test_progress_after_a_cancel_is_discarded(mode):
    """Without another INTERRUPT for each."""
    meeting = progressive_call()
    meeting.send(meeting.bob, Yield(1, PROGRESS))
    meeting.send(meeting.alice, Cancel(1, {"mode": mode}))
    assert [] == meeting.send(meeting.bob, Yield(1, PROGRESS))


# Cancelling


def interrupt(mode: str, invocation: int = 1) -> Interrupt:
    return Interrupt(invocation, {"mode": mode})


@pytest.mark.parametrize(
    ("options", "heard"),
    [
        ({"mode": "skip"}, [("alice", CANCELED)]),
        ({"mode": "killnowait"}, [("dora", interrupt("killnowait")), ("alice", CANCELED)]),
        ({"mode": "kill"}, [("dora", interrupt("kill"))]),
        ({}, [("dora", interrupt("killnowait")), ("alice", CANCELED)]),
    ],
)
def test_a_cancel_does_what_its_mode_says(options, heard):
    """skip answers, kill interrupts, killnowait does both (advanced profile, "Call Canceling")."""
    meeting, _ = called_callee_with("callee.call_canceling")
    assert heard == meeting.send(meeting.alice, Cancel(1, options))


@pytest.mark.parametrize("options", [{}, {"mode": "skip"}, {"mode": "kill"}, {"mode": "killnowait"}])
def test_a_callee_that_cannot_be_interrupted_is_skipped(options):
    """Every mode is ``skip`` then: the caller has its answer at once and the callee hears nothing."""
    meeting, _ = called_callee_with("callee.progressive_call_results", "caller.call_canceling")
    assert [("alice", CANCELED)] == meeting.send(meeting.alice, Cancel(1, options))


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        (Yield(1, {}, pack(3)), Result(1, {}, pack(3))),
        (Error(Invocation.CODE, 1, {}, "wamp.error.canceled"), CANCELED),
        (Error(Invocation.CODE, 1, {}, "com.error", pack()), Error(Call.CODE, 1, {}, "com.error", pack())),
    ],
)
def test_a_killed_call_is_answered_by_whatever_the_callee_says_first(called, answer, heard):
    """The caller waits, and gets RESULT or ERROR."""
    called.send(called.alice, Cancel(1, {"mode": "kill"}))
    assert [("alice", heard)] == called.send(called.bob, answer)


@pytest.mark.parametrize("mode", ["skip", "killnowait"])
@pytest.mark.parametrize("answer", [Yield(1, {}), Error(Invocation.CODE, 1, {}, "com.error")])
def test_what_a_callee_says_after_its_caller_was_answered_is_discarded(called, mode, answer):
    """Once, and then the call is forgotten."""
    called.send(called.alice, Cancel(1, {"mode": mode}))
    assert [] == called.send(called.bob, answer)
    assert {} == called.bob.invocations


@pytest.mark.parametrize(
    ("first", "second"), [*product(["skip", "killnowait"], ["skip", "kill", "killnowait"]), ("kill", "kill")]
)
def test_a_second_cancel_changes_nothing(called, first, second):
    """Neither a second answer nor a second INTERRUPT."""
    called.send(called.alice, Cancel(1, {"mode": first}))
    assert [] == called.send(called.alice, Cancel(1, {"mode": second}))


@pytest.mark.parametrize("second", ["skip", "killnowait"])
def test_a_caller_that_waits_for_a_killed_call_may_leave_it(called, second):
    """It has its answer then, the callee no second INTERRUPT, and what that says is discarded."""
    called.send(called.alice, Cancel(1, {"mode": "kill"}))
    assert [("alice", CANCELED)] == called.send(called.alice, Cancel(1, {"mode": second}))
    assert [] == called.send(called.bob, Yield(1, {}))


@pytest.mark.parametrize("mode", ["skip", "kill", "killnowait"])
def test_cancelling_what_is_answered_is_ignored(called, mode):
    """CANCEL and RESULT may cross on the wire."""
    called.send(called.bob, Yield(1, {}))
    assert [] == called.send(called.alice, Cancel(1, {"mode": mode}))


def test_cancelling_what_was_never_called_is_ignored(meeting):
    """There is nothing to end."""
    assert [] == meeting.send(meeting.alice, Cancel(99, {}))


def test_nobody_cancels_another_sessions_call(called):
    """Carol's CANCEL 1 means Carol's call 1."""
    assert [] == called.send(called.carol, Cancel(1, {"mode": "kill"}))
    assert [("alice", Result(1, {}))] == called.send(called.bob, Yield(1, {}))


def test_a_cancelled_request_id_is_free_again(called):
    """And the late answer of the first call is not taken for the second one's."""
    called.send(called.alice, Cancel(1, {"mode": "skip"}))
    assert [("bob", Invocation(2, 1, {}))] == called.send(called.alice, Call(1, {}, "com.add"))
    assert [] == called.send(called.bob, Yield(1, {}, pack("late")))
    assert [("alice", Result(1, {}, pack("new")))] == called.send(called.bob, Yield(2, {}, pack("new")))


def test_a_late_answer_does_not_take_a_new_call_off_its_callers_table(called):
    """The second call with the same request id can still be cancelled."""
    called.send(called.alice, Cancel(1, {"mode": "skip"}))
    called.send(called.alice, Call(1, {}, "com.add"))
    called.send(called.bob, Yield(1, {}, pack("late")))
    assert [("alice", CANCELED)] == called.send(called.alice, Cancel(1, {"mode": "skip"}))


# When the callee leaves


def test_a_callee_that_leaves_is_answered_for(called):
    """The caller gets canceled (basic profile, "Callee Leaving")."""
    assert [("alice", CANCELED)] == called.leave(called.bob)


def test_a_callee_that_leaves_is_answered_for_to_each_caller(called):
    """Once for each call."""
    called.send(called.alice, Call(2, {}, "com.add"))
    called.send(called.carol, Call(1, {}, "com.add"))
    assert [("alice", 1), ("alice", 2), ("carol", 1)] == [
        (name, error.request) for name, error in called.leave(called.bob)
    ]


def test_a_killed_call_is_answered_if_the_callee_leaves(called):
    """The caller waits for the callee, but not for ever."""
    called.send(called.alice, Cancel(1, {"mode": "kill"}))
    assert [("alice", CANCELED)] == called.leave(called.bob)


def test_a_call_with_progress_is_answered_if_the_callee_leaves():
    """Progress was no answer."""
    meeting = progressive_call()
    meeting.send(meeting.bob, Yield(1, PROGRESS))
    assert [("alice", CANCELED)] == meeting.leave(meeting.bob)


@pytest.mark.parametrize("mode", ["skip", "killnowait"])
def test_an_answered_call_is_not_answered_again_if_the_callee_leaves(called, mode):
    """Every call is answered once."""
    called.send(called.alice, Cancel(1, {"mode": mode}))
    assert [] == called.leave(called.bob)


def test_who_called_itself_and_leaves_hears_nothing(meeting):
    """There is nobody to answer."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.bob, Call(1, {}, "com.add"))
    assert [] == meeting.leave(meeting.bob)


# When the caller leaves


def test_a_callee_is_interrupted_if_its_caller_leaves(called):
    """With mode killnowait (basic profile, "Caller Leaving")."""
    assert [("bob", interrupt("killnowait"))] == called.leave(called.alice)


def test_a_callee_that_cannot_be_interrupted_is_left_alone_if_its_caller_leaves():
    """It has not announced call_canceling."""
    meeting, _ = called_callee_with()
    assert [] == meeting.leave(meeting.alice)


@pytest.mark.parametrize("answer", [Yield(1, {}), Yield(1, PROGRESS), Error(Invocation.CODE, 1, {}, "com.error")])
def test_what_a_callee_says_to_a_caller_that_has_left_is_discarded(called, answer):
    """That is no violation."""
    called.leave(called.alice)
    assert [] == called.send(called.bob, answer)


@pytest.mark.parametrize("mode", ["kill", "killnowait"])
def test_a_callee_is_interrupted_once(called, mode):
    """Not again when the caller that cancelled leaves: clients may take that for a violation."""
    called.send(called.alice, Cancel(1, {"mode": mode}))
    assert [] == called.leave(called.alice)


def test_both_ends_may_leave(called):
    """Caller first, then callee: nobody is left to hear of the call."""
    called.leave(called.alice)
    assert [] == called.leave(called.bob)


def test_leaving_twice_is_leaving_once(called):
    """The second time there is nothing to do."""
    called.leave(called.bob)
    assert [] == called.leave(called.bob)


# What cannot be delivered


FAILURE = NetworkFailure("the callee does not read")
FAILED = Error(Call.CODE, 1, {}, "wamp.error.network_failure")


def test_an_invocation_that_cannot_be_delivered_is_an_error_for_the_caller(called):
    """Never silence."""
    heard = called.heard(called.realm.dealer.undeliverable(called.bob, 1, FAILURE))
    assert [("alice", FAILED)] == heard


def test_an_invocation_that_could_not_be_delivered_is_forgotten(called):
    """By caller and callee."""
    called.realm.dealer.undeliverable(called.bob, 1, FAILURE)
    assert ({}, {}) == (called.alice.calls, called.bob.invocations)


def test_an_invocation_that_could_not_be_delivered_twice_is_one_error(called):
    """The caller has its answer."""
    called.realm.dealer.undeliverable(called.bob, 1, FAILURE)
    assert [] == called.realm.dealer.undeliverable(called.bob, 1, FAILURE)


def test_an_abandoned_invocation_that_cannot_be_delivered_is_nobodys_error(called):
    """The caller has its answer."""
    called.send(called.alice, Cancel(1, {"mode": "skip"}))
    assert [] == called.realm.dealer.undeliverable(called.bob, 1, FAILURE)


def test_a_result_that_cannot_be_delivered_is_an_error_for_the_caller(called):
    """In place of the result."""
    called.send(called.bob, Yield(1, {}))
    assert [("alice", FAILED)] == called.heard(called.realm.dealer.unanswerable(called.alice, 1, FAILURE))


def test_a_call_whose_progress_cannot_be_delivered_is_over():
    """The error is its one answer; the callee is told to stop, and what it still says is discarded."""
    meeting = progressive_call()
    meeting.send(meeting.bob, Yield(1, PROGRESS))
    heard = meeting.heard(meeting.realm.dealer.unanswerable(meeting.alice, 1, FAILURE))
    assert [("bob", interrupt("killnowait")), ("alice", FAILED)] == heard
    assert [] == meeting.send(meeting.bob, Yield(1, {}))


# Afterwards


def test_nothing_is_left_of_those_who_have_gone(meeting):
    """Every table is as empty as at the start."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    meeting.send(meeting.bob, Register(2, {"match": "prefix"}, "com"))
    meeting.send(meeting.carol, Register(1, {"match": "wildcard"}, "com.."))
    for request, procedure in enumerate(("com.add", "com.mul", "com.a.b"), 1):
        meeting.send(meeting.alice, Call(request, {}, procedure))
        meeting.send(meeting.carol, Call(request, {}, procedure))
    for session in (meeting.carol, meeting.alice, meeting.bob):
        meeting.leave(session)
    assert meeting.is_blank()
