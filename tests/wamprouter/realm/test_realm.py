"""A realm as a whole: which message goes where, who is in it, and how it says no."""

import pytest

from tests.support.realm import Meeting, pack, text_of
from wamp.protocol.codec import CODECS
from wamp.protocol.errors import InvalidUri, NoSuchProcedure, RequestError
from wamp.protocol.messages import (
    ABSENT,
    Call,
    Cancel,
    Error,
    EventReceived,
    Invocation,
    Publish,
    Published,
    Register,
    Registered,
    Result,
    Subscribe,
    Subscribed,
    Unregister,
    Unregistered,
    Unsubscribe,
    Unsubscribed,
    Yield,
)
from wamprouter.realm.delivery import refusal
from wamprouter.realm.realm import ROUTER_ROLES


@pytest.fixture
def meeting() -> Meeting:
    """Bob has subscribed to com.topic and registered com.add; Alice has called it twice."""
    meeting = Meeting()
    meeting.send(meeting.bob, Subscribe(1, {}, "com.topic"))
    meeting.send(meeting.bob, Register(2, {}, "com.add"))
    meeting.send(meeting.alice, Call(1, {}, "com.add"))
    meeting.send(meeting.alice, Call(2, {}, "com.add"))
    return meeting


@pytest.mark.parametrize(
    ("name", "message", "heard"),
    [
        ("alice", Publish(5, {"acknowledge": True}, "com.other"), [("alice", Published)]),
        ("alice", Subscribe(5, {}, "com.other"), [("alice", Subscribed)]),
        ("bob", Unsubscribe(5, 1), [("bob", Unsubscribed)]),
        ("alice", Call(5, {}, "com.add"), [("bob", Invocation)]),
        ("alice", Cancel(1, {"mode": "skip"}), [("alice", Error)]),
        ("bob", Yield(1, {}), [("alice", Result)]),
        ("bob", Error(Invocation.CODE, 1, {}, "com.error"), [("alice", Error)]),
        ("alice", Register(5, {}, "com.other"), [("alice", Registered)]),
        ("bob", Unregister(5, 1), [("bob", Unregistered)]),
        ("bob", EventReceived(9001), []),
    ],
)
def test_every_message_is_routed(meeting, name, message, heard):
    """To broker or dealer, whose answer comes back."""
    answer = meeting.send(getattr(meeting, name), message)
    assert heard == [(name, type(reply)) for name, reply in answer]


@pytest.mark.parametrize(
    "message",
    [
        Publish(7, {"acknowledge": True}, "com.topic"),
        Subscribe(7, {}, "com.topic"),
        Unsubscribe(7, 1),
        Call(7, {}, "com.add"),
        Register(7, {}, "com.add"),
        Unregister(7, 1),
    ],
)
def test_a_refused_request_is_answered(meeting, message):
    """With an ERROR that names the request and its type."""
    heard = meeting.heard(meeting.realm.refuse(meeting.alice, message, InvalidUri("no")))
    assert [("alice", Error(message.CODE, 7, {}, "wamp.error.invalid_uri"))] == heard


@pytest.mark.parametrize("options", [{}, {"acknowledge": False}, {"exclude_me": False}])
def test_an_unacknowledged_publication_is_never_answered(meeting, options):
    """Even if it is refused (basic profile, "Publishing")."""
    assert [] == meeting.realm.refuse(meeting.alice, Publish(7, options, "com.topic"), InvalidUri("no"))


@pytest.mark.parametrize("name", ["json", "msgpack", "cbor"])
def test_a_refusal_is_in_the_serializer_of_who_asked(meeting, name):
    """So that its text can be read."""
    codec = CODECS[name]
    dora = meeting.join("dora", codec=codec)
    delivery = refusal(dora, Call.CODE, 1, NoSuchProcedure("none"))
    assert ["none"] == codec.serializer.unpack(delivery.message.args)
    assert codec is delivery.source


def test_a_refusal_says_why_in_words(meeting):
    """The text is the first argument."""
    assert "no, because" == text_of(refusal(meeting.alice, Call.CODE, 1, RequestError("no, because")).message)


def test_a_refusal_without_words_has_no_argument(meeting):
    """Rather than an empty text."""
    assert ABSENT is refusal(meeting.alice, Call.CODE, 1, RequestError()).message.args


# Who is there


def test_a_session_is_in_the_realm_from_join_to_leave(meeting):
    """Under its id."""
    dora = meeting.join("dora")
    assert dora is meeting.realm.sessions[dora.id]
    meeting.leave(dora)
    assert dora.id not in meeting.realm.sessions


def test_joining_and_leaving_are_told(meeting):
    """Once each, also if leaving is tried twice."""
    meeting.facts.clear()
    dora = meeting.join("dora")
    meeting.leave(dora)
    meeting.leave(dora)
    assert ["SessionJoined dora", "SessionLeft dora"] == meeting.told


def test_leaving_ends_registrations_and_subscriptions_before_it_is_told(meeting):
    """Who hears of the leave finds the session gone from all tables."""
    meeting.facts.clear()
    meeting.leave(meeting.bob)
    assert [
        "Unregistered bob",
        "RegistrationDeleted bob",
        "Unsubscribed bob",
        "SubscriptionDeleted bob",
        "SessionLeft bob",
    ] == meeting.told


def test_realms_do_not_meet():
    """The same names in another realm are other things."""
    here, there = Meeting(), Meeting()
    here.send(here.bob, Subscribe(1, {}, "com.topic"))
    here.send(here.bob, Register(2, {}, "com.add"))
    assert [] == there.send(there.alice, Publish(1, {}, "com.topic"))
    refusal = Error(Call.CODE, 2, {}, "wamp.error.no_such_procedure")
    assert [("alice", refusal)] == there.send(there.alice, Call(2, {}, "com.add"))


def test_the_router_announces_what_works():
    """Exactly that, as WELCOME says it; wampy.js relies on ``features`` being there."""
    assert {
        "broker": {
            "features": {
                "event_history": True,
                "event_retention": True,
                "pattern_based_subscription": True,
                "payload_passthru_mode": True,
                "publication_trustlevels": True,
                "publisher_exclusion": True,
                "publisher_identification": True,
                "session_meta_api": True,
                "sharded_subscription": True,
                "subscriber_blackwhite_listing": True,
                "subscription_meta_api": True,
                "subscription_revocation": True,
                "x_acknowledged_event_delivery": True,
            }
        },
        "dealer": {
            "features": {
                "call_canceling": True,
                "call_reroute": True,
                "call_timeout": True,
                "call_trustlevels": True,
                "caller_identification": True,
                "pattern_based_registration": True,
                "payload_passthru_mode": True,
                "progressive_call_invocations": True,
                "progressive_call_results": True,
                "registration_meta_api": True,
                "registration_revocation": True,
                "session_meta_api": True,
                "sharded_registration": True,
                "shared_registration": True,
                "testament_meta_api": True,
            }
        },
    } == ROUTER_ROLES


def test_a_payload_is_not_looked_into(meeting):
    """The very bytes that came in go out: not a copy with other spaces."""
    args = pack(1)
    [delivery] = meeting.realm.handle(meeting.alice, Publish(1, {}, "com.topic", args))
    assert args is delivery.message.args
