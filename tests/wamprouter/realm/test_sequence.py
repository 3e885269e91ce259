"""Realms that insist on request ids in their sequence (setting ``strict_request_ids``)."""

import pytest

from tests.support.realm import ALL_FEATURES, Meeting
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.ids import MAX_ID
from wamp.protocol.messages import (
    Call,
    Cancel,
    EventReceived,
    Publish,
    Register,
    Subscribe,
    Unregister,
    Unsubscribe,
    Yield,
)
from wamprouter.realm.sequence import RequestSequence
from wamprouter.realm.settings import Settings

ABLE = ALL_FEATURES | {"caller.progressive_call_invocations", "callee.progressive_call_invocations"}
REQUESTS = [
    lambda request: Publish(request, {}, "com.topic"),
    lambda request: Subscribe(request, {}, "com.topic"),
    lambda request: Unsubscribe(request, 99),
    lambda request: Call(request, {}, "com.add"),
    lambda request: Register(request, {}, "com.add"),
    lambda request: Unregister(request, 99),
]


@pytest.fixture
def meeting() -> Meeting:
    meeting = Meeting(settings=Settings(strict_request_ids=True))
    meeting.dora = meeting.join("dora", features=ABLE)
    meeting.erin = meeting.join("erin", features=ABLE)
    return meeting


def test_requests_are_counted_together(meeting):
    """Whatever they ask for, and refused or not."""
    for request, kind in enumerate(REQUESTS, 1):
        meeting.ask(meeting.alice, kind(request))


@pytest.mark.parametrize("kind", REQUESTS)
@pytest.mark.parametrize("request_id", [2, MAX_ID])
def test_a_gap_is_a_violation(meeting, kind, request_id):
    """Of every kind of request."""
    with pytest.raises(ProtocolViolation, match=f"request {request_id}, where 1 is the next one"):
        meeting.ask(meeting.alice, kind(request_id))


@pytest.mark.parametrize("kind", REQUESTS)
def test_an_id_is_used_once(meeting, kind):
    """Also when it is answered."""
    meeting.ask(meeting.alice, kind(1))
    with pytest.raises(ProtocolViolation):
        meeting.ask(meeting.alice, kind(1))


def test_what_is_no_request_is_not_counted(meeting):
    """CANCEL has the id of its CALL, an answer that of the router."""
    meeting.ask(meeting.dora, Register(1, {}, "com.add"))
    meeting.ask(meeting.erin, Call(1, {}, "com.add"))
    meeting.ask(meeting.erin, Cancel(1, {}))
    meeting.ask(meeting.dora, Yield(1, {}))
    meeting.ask(meeting.dora, EventReceived(77))
    meeting.ask(meeting.dora, Subscribe(2, {}, "com.topic"))


def test_a_progressive_call_goes_on_with_its_id(meeting):
    """While it is in flight, and when the caller cannot know yet that it is not ("Verification of CALL Request IDs")."""
    meeting.ask(meeting.dora, Register(1, {}, "com.add"))
    meeting.ask(meeting.erin, Call(1, {"progress": True}, "com.add"))
    meeting.ask(meeting.erin, Call(2, {}, "com.add"))
    meeting.ask(meeting.erin, Call(1, {"progress": True}, "com.add"))
    meeting.ask(meeting.dora, Yield(1, {}))
    assert [] == meeting.ask(meeting.erin, Call(1, {}, "com.add"))
    with pytest.raises(ProtocolViolation):
        meeting.ask(meeting.erin, Call(1, {}, "com.add"))


def test_a_call_in_flight_is_no_other(meeting):
    """The dealer says so."""
    meeting.ask(meeting.dora, Register(1, {}, "com.add"))
    meeting.ask(meeting.erin, Call(1, {}, "com.add"))
    with pytest.raises(ProtocolViolation, match="CALL 1 is still in flight"):
        meeting.ask(meeting.erin, Call(1, {}, "com.add"))


def test_after_the_largest_id_comes_the_first(meeting):
    """As the specification says."""
    sequence = RequestSequence()
    sequence._watermark = MAX_ID - 1
    sequence.check(meeting.alice, Subscribe(MAX_ID, {}, "com.topic"))
    sequence.check(meeting.alice, Subscribe(1, {}, "com.topic"))


def test_other_realms_do_not_care():
    """Many clients in the field do not count so."""
    meeting = Meeting()
    for request, kind in zip((7, 7, 3, MAX_ID, 1, 1), REQUESTS, strict=True):
        meeting.ask(meeting.alice, kind(request))
