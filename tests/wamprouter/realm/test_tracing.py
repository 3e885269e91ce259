"""The trace that a call or an event belongs to goes with it (W3C, "Trace Context")."""

import pytest

from tests.support.realm import ALL_FEATURES, PUBLICATION, Meeting, pack
from wamp.protocol.messages import Call, Error, Event, Invocation, Publish, Register, Subscribe, Yield

ABLE = ALL_FEATURES | {
    "callee.call_reroute",
    "caller.progressive_call_invocations",
    "callee.progressive_call_invocations",
}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = {"_traceparent": PARENT, "_tracestate": "vendor=opaque,other=x"}


@pytest.fixture
def meeting() -> Meeting:
    """Dora and Erin offer com.add, in this order; Carol has subscribed to a pattern of topics, and Bob to one."""
    meeting = Meeting()
    for name in ("dora", "erin"):
        session = meeting.join(name, features=ABLE)
        setattr(meeting, name, session)
        meeting.send(session, Register(1, {"invoke": "first"}, "com.add"))
    meeting.send(meeting.bob, Subscribe(1, {}, "com.topic"))
    meeting.send(meeting.carol, Subscribe(1, {"match": "prefix"}, "com."))
    return meeting


def test_a_callee_gets_the_trace_of_the_call(meeting):
    """Both parts, as they came."""
    heard = meeting.send(meeting.alice, Call(1, TRACE, "com.add", pack(1)))
    assert [("dora", Invocation(1, 1, TRACE, pack(1)))] == heard


def test_subscribers_get_the_trace_of_the_event(meeting):
    """Whatever they have subscribed to."""
    heard = meeting.send(meeting.alice, Publish(1, TRACE, "com.topic", pack(1)))
    assert [
        ("bob", Event(1, PUBLICATION, TRACE, pack(1))),
        ("carol", Event(2, PUBLICATION, {**TRACE, "topic": "com.topic"}, pack(1))),
    ] == sorted(heard)


def test_a_retained_event_has_its_trace(meeting):
    """Whoever subscribes later sees where it came from."""
    meeting.send(meeting.alice, Publish(1, {**TRACE, "retain": True}, "com.topic"))
    [_, (_, event)] = meeting.send(meeting.dora, Subscribe(2, {"get_retained": True}, "com.topic"))
    assert {**TRACE, "retained": True} == event.details


def test_a_result_has_no_trace(meeting):
    """The caller has made it."""
    meeting.send(meeting.alice, Call(1, TRACE, "com.add"))
    [(_, result)] = meeting.send(meeting.dora, Yield(1, TRACE))
    assert {} == result.details


def test_each_part_of_a_call_has_its_trace(meeting):
    """That of the first one, as all options."""
    meeting.send(meeting.erin, Call(1, {**TRACE, "progress": True}, "com.add"))
    [(_, invocation)] = meeting.send(meeting.erin, Call(1, {}, "com.add"))
    assert TRACE == invocation.details


def test_another_callee_gets_the_trace_as_well(meeting):
    """Where the first one is not available."""
    meeting.send(meeting.alice, Call(1, TRACE, "com.add"))
    heard = meeting.send(meeting.dora, Error(Invocation.CODE, 1, {}, "wamp.error.unavailable"))
    assert [("erin", Invocation(1, 1, TRACE))] == heard


@pytest.mark.parametrize(
    "parent",
    [
        "",
        1,
        ["00"],
        PARENT.upper(),
        f"{PARENT}\n",
        f"{PARENT}-{'0' * 5000}",
        f"ff{PARENT[2:]}",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
    ],
)
def test_a_trace_of_the_wrong_form_is_left_out(meeting, parent):
    """The call is made without it, as the recommendation demands."""
    [(_, invocation)] = meeting.send(meeting.alice, Call(1, {**TRACE, "_traceparent": parent}, "com.add"))
    assert {} == invocation.details


@pytest.mark.parametrize("state", ["", "x" * 513, "a=b\nc", "a=ü", 1])
def test_a_state_of_the_wrong_form_is_left_out(meeting, state):
    """The trace itself is good."""
    [(_, invocation)] = meeting.send(meeting.alice, Call(1, {**TRACE, "_tracestate": state}, "com.add"))
    assert {"_traceparent": PARENT} == invocation.details


def test_a_state_alone_is_nothing(meeting):
    """It belongs to no trace."""
    [(_, invocation)] = meeting.send(meeting.alice, Call(1, {"_tracestate": "a=b"}, "com.add"))
    assert {} == invocation.details


def test_no_other_option_of_ones_own_is_handed_on(meeting):
    """Only what has a bound."""
    [(_, invocation)] = meeting.send(meeting.alice, Call(1, {"_other": "x"}, "com.add"))
    assert {} == invocation.details
