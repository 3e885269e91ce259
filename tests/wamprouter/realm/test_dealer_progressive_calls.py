"""Calls whose arguments come in parts (advanced profile, "Progressive Call Invocations")."""

import pytest

from tests.support.realm import ALL_FEATURES, Meeting, pack
from wamp.protocol.errors import InvalidArgument, NetworkFailure, NotAuthorized, ProtocolViolation
from wamp.protocol.messages import Call, Cancel, Error, Interrupt, Invocation, Register, Result, Yield
from wamp.protocol.uris import Match
from wamprouter.authz.roles import Action, Role, Rule
from wamprouter.realm.settings import Settings

ABLE = ALL_FEATURES | {"caller.progressive_call_invocations", "callee.progressive_call_invocations"}
PROGRESS = {"progress": True}
STOP = Interrupt(1, {"mode": "killnowait"})


def begun(options=None, *, features=ABLE, able=ABLE, **more) -> Meeting:
    """Erin has begun to call Dora: request 7, invocation 1. Both have their features."""
    meeting = Meeting(**more)
    meeting.dora = meeting.join("dora", features=features)
    meeting.erin = meeting.join("erin", features=able)
    meeting.send(meeting.dora, Register(1, {}, "com.add"))
    meeting.first = meeting.send(meeting.erin, Call(7, {**PROGRESS, **(options or {})}, "com.add", pack(1)))
    return meeting


def test_the_first_part_begins_an_invocation():
    """Which is marked as going on."""
    assert [("dora", Invocation(1, 1, PROGRESS, pack(1)))] == begun().first


def test_more_parts_belong_to_the_same_invocation():
    """By their ids, until the last one, which is not marked."""
    meeting = begun()
    for options, details in ((PROGRESS, PROGRESS), ({"progress": False}, {})):
        heard = meeting.send(meeting.erin, Call(7, options, "com.add", pack(2)))
        assert [("dora", Invocation(1, 1, details, pack(2)))] == heard
    assert [("erin", Result(7, {}))] == meeting.send(meeting.dora, Yield(1, {}))


def test_a_part_after_the_last_is_a_violation():
    """The call is still in flight, and complete."""
    meeting = begun()
    meeting.send(meeting.erin, Call(7, {}, "com.add"))
    with pytest.raises(ProtocolViolation, match="CALL 7 is still in flight"):
        meeting.send(meeting.erin, Call(7, PROGRESS, "com.add"))


def test_a_plain_call_has_no_second_part():
    """A duplicate id is no continuation."""
    meeting = begun()
    meeting.send(meeting.erin, Call(8, {}, "com.add"))
    with pytest.raises(ProtocolViolation, match="CALL 8 is still in flight"):
        meeting.send(meeting.erin, Call(8, PROGRESS, "com.add"))


def test_a_call_goes_on_with_its_own_procedure():
    """Another one was not agreed on."""
    meeting = begun()
    with pytest.raises(ProtocolViolation, match="CALL 7 is still in flight"):
        meeting.send(meeting.erin, Call(7, PROGRESS, "com.mul"))


def test_a_caller_that_has_not_announced_it_breaks_the_rules():
    """Its session ends."""
    with pytest.raises(ProtocolViolation, match="progressive CALL"):
        begun(able=ABLE - {"caller.progressive_call_invocations"})


@pytest.mark.parametrize("missing", ["callee.progressive_call_invocations", "callee.call_canceling"])
def test_a_callee_that_has_not_announced_it_is_not_called(missing):
    """It could not be stopped, or would not know what comes. The procedure is there, hence that error."""
    refusal = Error(Call.CODE, 7, {}, "wamp.error.feature_not_supported")
    assert [("erin", refusal)] == begun(features=ABLE - {missing}).first


def test_progress_false_is_a_plain_call():
    """Nothing needs to be announced for it."""
    assert [("dora", Invocation(1, 1, {}, pack(1)))] == begun({"progress": False}, features=(), able=()).first


def test_options_are_those_of_the_first_part():
    """But for progress: what comes later is neither forwarded nor acted on, what came first holds."""
    meeting = begun({"disclose_me": True, "receive_progress": True})
    identity = {"caller": meeting.erin.id, "caller_authid": "erin", "caller_authrole": "user"}
    details = {"receive_progress": True, **identity, **PROGRESS}
    heard = meeting.send(meeting.erin, Call(7, {**PROGRESS, "timeout": 1, "disclose_me": False}, "com.add"))
    assert [("dora", Invocation(1, 1, details))] == heard
    assert None is meeting.realm.next_deadline()


def test_the_time_runs_from_the_first_part():
    """Sending more does not start it again."""
    meeting = begun({"timeout": 1000})
    meeting.wait(0.9)
    meeting.send(meeting.erin, Call(7, PROGRESS, "com.add"))
    assert [("dora", STOP), ("erin", Error(Call.CODE, 7, {}, "wamp.error.timeout"))] == meeting.wait(0.1)


def test_all_parts_go_to_the_same_callee():
    """Also if the procedure is shared."""
    meeting = Meeting()
    for name in ("dora", "erin"):
        meeting.send(meeting.join(name, features=ABLE), Register(1, {"invoke": "roundrobin"}, "com.add"))
    frank = meeting.join("frank", features=ABLE)
    heard = [meeting.send(frank, Call(request, PROGRESS, "com.add"))[0][0] for request in (1, 2, 1, 2, 1)]
    assert ["dora", "erin", "dora", "erin", "dora"] == heard


def test_of_many_callees_one_that_can_is_called():
    """Bob and Carol have not announced it."""
    meeting = Meeting()
    dora = meeting.join("dora", features=ABLE)
    for session in (meeting.bob, meeting.carol, dora):
        meeting.send(session, Register(1, {"invoke": "first"}, "com.add"))
    assert [("dora", Invocation(1, 1, PROGRESS))] == meeting.send(dora, Call(1, PROGRESS, "com.add"))


def test_parts_and_progressive_results_may_cross():
    """A stream in both directions."""
    meeting = begun({"receive_progress": True})
    assert [("erin", Result(7, PROGRESS, pack("a")))] == meeting.send(meeting.dora, Yield(1, PROGRESS, pack("a")))
    details = {"receive_progress": True, **PROGRESS}
    assert [("dora", Invocation(1, 1, details))] == meeting.send(meeting.erin, Call(7, PROGRESS, "com.add"))
    assert [("erin", Result(7, {}))] == meeting.send(meeting.dora, Yield(1, {}))


def test_a_caller_that_leaves_interrupts_its_callee():
    """As for any call."""
    meeting = begun()
    assert [("dora", STOP)] == meeting.leave(meeting.erin)


# When the call is over, and the caller does not know yet


def ended_by(meeting, end):
    ends = {
        "result": lambda: meeting.send(meeting.dora, Yield(1, {})),
        "error": lambda: meeting.send(meeting.dora, Error(Invocation.CODE, 1, {}, "com.error")),
        "callee leaves": lambda: meeting.leave(meeting.dora),
        "timeout": lambda: meeting.wait(1),
        "skip": lambda: meeting.send(meeting.erin, Cancel(7, {"mode": "skip"})),
        "killnowait": lambda: meeting.send(meeting.erin, Cancel(7, {"mode": "killnowait"})),
        "undeliverable": lambda: meeting.realm.dealer.undeliverable(meeting.dora, 1, NetworkFailure("full")),
    }
    return ends[end]()


@pytest.mark.parametrize("end", ["result", "error", "callee leaves", "timeout", "skip", "killnowait", "undeliverable"])
def test_what_is_sent_on_is_discarded(end):
    """Whatever ended it. After the last part the id is forgotten: the next CALL with it is a call."""
    meeting = begun({"timeout": 1000})
    assert ended_by(meeting, end)
    for options in (PROGRESS, PROGRESS, {}):
        assert [] == meeting.send(meeting.erin, Call(7, options, "com.add"))
    meeting.send(meeting.bob, Register(1, {}, "com.mul"))
    assert [("bob", Invocation(1, 2, {}))] == meeting.send(meeting.erin, Call(7, {}, "com.mul"))


def test_a_completed_call_whose_last_part_was_sent_is_forgotten():
    """Nothing more will come."""
    meeting = begun()
    meeting.send(meeting.erin, Call(7, {}, "com.add"))
    meeting.send(meeting.dora, Yield(1, {}))
    assert not meeting.erin.completed
    assert [("dora", Invocation(2, 1, {}))] == meeting.send(meeting.erin, Call(7, {}, "com.add"))


def test_a_refused_call_is_answered_once():
    """What is sent on is discarded like that of a completed one."""
    meeting = Meeting()
    erin = meeting.join("erin", features=ABLE)
    refusal = Error(Call.CODE, 7, {}, "wamp.error.no_such_procedure")
    assert [("erin", refusal)] == meeting.send(erin, Call(7, PROGRESS, "com.add"))
    assert [[], []] == [meeting.send(erin, Call(7, options, "com.add")) for options in (PROGRESS, {})]


def test_a_call_that_is_not_permitted_is_answered_once():
    """Though it is not the dealer that refuses it."""
    role = Role("user", [Rule("com.open.", Match.PREFIX, Action)])
    meeting = Meeting({"user": role})
    erin = meeting.join("erin", features=ABLE)
    refusal = Error(Call.CODE, 7, {}, "wamp.error.not_authorized")
    assert [("erin", refusal)] == meeting.ask(erin, Call(7, PROGRESS, "com.add"))
    assert [[], []] == [meeting.ask(erin, Call(7, options, "com.add")) for options in (PROGRESS, {})]
    assert [("erin", refusal)] == meeting.ask(erin, Call(7, {}, "com.add"))


def test_a_refusal_is_not_taken_for_an_answer():
    """A CALL that is not permitted, with the id of one in flight, would be."""
    meeting = begun()
    meeting.send(meeting.erin, Call(8, {}, "com.add"))
    for request, procedure in ((7, "com.secret"), (8, "com.add")):
        with pytest.raises(ProtocolViolation, match=f"CALL {request} is still in flight"):
            meeting.realm.refuse(meeting.erin, Call(request, {}, procedure), NotAuthorized("no"))


def test_a_part_that_is_not_permitted_any_more_ends_the_call():
    """The caller has its answer, the callee is told to stop, and what is sent on is discarded."""
    meeting = begun()
    part = Call(7, PROGRESS, "com.add")
    refusal = Error(Call.CODE, 7, {}, "wamp.error.not_authorized")
    heard = meeting.heard(meeting.realm.refuse(meeting.erin, part, NotAuthorized("no")))
    assert [("dora", STOP), ("erin", refusal)] == heard
    assert [] == meeting.send(meeting.erin, part)


def test_a_bounded_number_of_completed_calls_is_remembered():
    """The first are forgotten first."""
    meeting = begun()
    for request in range(100, 1100):
        meeting.send(meeting.erin, Call(request, PROGRESS, "com.nothing"))
    assert list(range(1100 - 256, 1100)) == list(meeting.erin.completed)


# Interrupted in between


def test_what_is_sent_on_to_a_killed_callee_is_discarded():
    """It was told to stop; the caller waits for what it says."""
    meeting = begun()
    meeting.send(meeting.erin, Cancel(7, {"mode": "kill"}))
    assert [] == meeting.send(meeting.erin, Call(7, PROGRESS, "com.add"))
    error = Error(Invocation.CODE, 1, {}, "wamp.error.canceled")
    assert [("erin", Error(Call.CODE, 7, {}, "wamp.error.canceled"))] == meeting.send(meeting.dora, error)
    assert [] == meeting.send(meeting.erin, Call(7, PROGRESS, "com.add"))


def test_a_part_that_cannot_be_delivered_ends_the_call():
    """The callee has the first ones and is told to stop, the caller that there is no answer."""
    meeting = begun()
    meeting.send(meeting.erin, Call(7, PROGRESS, "com.add"))
    heard = meeting.heard(meeting.realm.dealer.undeliverable(meeting.dora, 1, InvalidArgument("no form for it")))
    assert [("dora", STOP), ("erin", Error(Call.CODE, 7, {}, "wamp.error.invalid_argument"))] == heard
    assert [] == meeting.send(meeting.erin, Call(7, PROGRESS, "com.add"))


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_a_part_is_as_encrypted_as_the_first(is_encrypted):
    """The callee could not tell that it is: only the first part's options are forwarded."""
    options = {"enc_algo": "cryptobox"}
    meeting = begun(options if is_encrypted else None)
    part = Call(7, {**PROGRESS, **options}, "com.add")
    if is_encrypted:
        assert [("dora", Invocation(1, 1, {**options, **PROGRESS}))] == meeting.send(meeting.erin, part)
    else:
        with pytest.raises(ProtocolViolation, match="not encrypted"):
            meeting.send(meeting.erin, part)


def test_a_limited_callee_that_was_skipped_gets_no_more_parts():
    """Nor is it told of them when one cannot be delivered."""
    meeting = Meeting(settings=Settings())
    dora, erin = meeting.join("dora", features=ABLE), meeting.join("erin", features=ABLE)
    meeting.send(dora, Register(1, {"concurrency": 1}, "com.add"))
    meeting.send(erin, Call(7, PROGRESS, "com.add"))
    meeting.send(erin, Call(7, PROGRESS, "com.add"))
    meeting.send(erin, Cancel(7, {"mode": "skip"}))
    assert [] == meeting.send(erin, Call(7, PROGRESS, "com.add"))
    assert [] == meeting.realm.dealer.undeliverable(dora, 1, NetworkFailure("full"))
