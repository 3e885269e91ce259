"""Options and details: what is sent, what is refused, what they look like."""

from datetime import timedelta

import autobahn.wamp.types
import pytest

from wamp import types
from wamp.types import (
    CallDetails,
    CallOptions,
    CallResult,
    CloseDetails,
    EncodedPayload,
    EventDetails,
    PublishOptions,
    RegisterOptions,
    SessionDetails,
    SessionIdent,
    SubscribeOptions,
    TransportDetails,
)


@pytest.mark.parametrize("kind", [CallOptions, PublishOptions, RegisterOptions, SubscribeOptions])
def test_options_that_are_not_given_are_not_sent(kind):
    assert kind().message_attr() == {}


@pytest.mark.parametrize(("timeout", "sent"), [(1, 1), (1500, 1500), (0.5, 1), (99.2, 100)])
def test_a_timeout_is_sent_in_whole_milliseconds(timeout, sent):
    """Rounded up: 0 would mean no timeout."""
    assert CallOptions(timeout=timeout).message_attr() == {"timeout": sent}


@pytest.mark.parametrize(
    ("timeout", "sent"),
    [
        (timedelta(seconds=1.5), 1500),
        (timedelta(microseconds=1), 1),
        (timedelta(microseconds=1001), 2),
        (timedelta(days=1), 86_400_000),
        (timedelta.max, 86_400_000 * 1_000_000_000),
    ],
)
def test_a_timeout_may_be_given_as_a_timedelta(timeout, sent):
    """Rounded up to whole milliseconds as well."""
    assert CallOptions(timeout=timeout).message_attr() == {"timeout": sent}


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), timedelta(), timedelta(microseconds=-1)])
def test_a_timeout_must_be_positive(timeout):
    with pytest.raises(ValueError, match="timeout"):
        CallOptions(timeout=timeout)


def test_on_progress_must_be_callable():
    with pytest.raises(TypeError, match="on_progress"):
        CallOptions(on_progress="print")


@pytest.mark.parametrize("name", sorted(types._RECEIVERS))
@pytest.mark.parametrize("value", ["one", ["one", "two"], []])
def test_receivers_are_sent_as_lists(name, value):
    sent = PublishOptions(**{name: value}).message_attr()
    assert sent == {name: value if isinstance(value, list) else [value]}


@pytest.mark.parametrize("kind", [CallOptions, PublishOptions])
def test_callers_and_publishers_may_ask_to_be_disclosed(kind):
    assert kind(disclose_me=True).message_attr() == {"disclose_me": True}


@pytest.mark.parametrize("kind", [RegisterOptions, SubscribeOptions])
def test_an_unknown_match_policy_is_refused(kind):
    with pytest.raises(ValueError, match=r"match is 'regex', expected one of exact, prefix, wildcard"):
        kind(match="regex")


def test_an_unknown_invocation_policy_is_refused():
    with pytest.raises(ValueError, match=r"invoke is 'all'"):
        RegisterOptions(invoke="all")


def test_a_concurrency_below_one_is_refused():
    with pytest.raises(ValueError, match="concurrency"):
        RegisterOptions(concurrency=0)


@pytest.mark.parametrize("kind", [RegisterOptions, SubscribeOptions])
def test_details_are_passed_as_argument_details(kind):
    assert kind(details=True).details_arg == "details"
    assert kind(details_arg="info").details_arg == "info"
    assert kind().details_arg is None


@pytest.mark.parametrize("kind", [RegisterOptions, SubscribeOptions])
def test_details_have_one_name(kind):
    with pytest.raises(ValueError, match="not both"):
        kind(details=True, details_arg="info")


def test_a_call_result_keeps_what_says_who_answered_apart():
    result = CallResult(1, a=2, callee=9)
    assert (result.results, result.kwresults, result.callee) == ((1,), {"a": 2}, 9)
    assert repr(result).startswith("CallResult(results=(1,), kwresults={'a': 2}")


def test_call_results_are_compared_by_value():
    assert CallResult(1) == CallResult(1)
    assert CallResult(1) != CallResult(1, callee=9)
    assert CallResult(1) != 1


def test_details_can_be_marshalled():
    assert CloseDetails("com.x", "bye").marshal() == {"reason": "com.x", "message": "bye"}
    details = SessionDetails(realm="realm1", transport=TransportDetails(peer="here")).marshal()
    assert (details["realm"], details["transport"]["peer"], details["authid"]) == ("realm1", "here", None)
    assert SessionDetails().marshal()["transport"] is None


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("Accept", {}),
        ("Deny", {}),
        ("EncodedPayload", {"payload": b"", "enc_algo": "x_own"}),
        ("HelloDetails", {}),
        ("SessionIdent", {"authrole": "user"}),  # whose default Autobahn refuses itself
    ],
)
def test_types_are_constructed_as_those_of_autobahn(name, given):
    """The same parameters, in the same order, with the same defaults."""
    ours, theirs = getattr(types, name)(**given), getattr(autobahn.wamp.types, name)(**given)
    fields = theirs.__slots__
    assert [getattr(theirs, each) for each in fields] == [getattr(ours, each) for each in fields]
    assert fields == type(ours).__struct_fields__[: len(fields)]


@pytest.mark.parametrize(("payload", "algorithm"), [("text", "x_own"), (bytearray(), "x_own"), (b"", None)])
def test_an_encoded_payload_is_bytes_with_an_algorithm(payload, algorithm):
    with pytest.raises(TypeError, match="EncodedPayload"):
        EncodedPayload(payload, algorithm)


def test_a_session_is_identified_by_details():
    call = CallDetails(None, caller=1, caller_authid="joe", caller_authrole="user")
    event = EventDetails(None, 9, publisher=2, publisher_authid="ann", publisher_authrole="admin")
    assert SessionIdent(1, "joe", "user") == SessionIdent.from_calldetails(call)
    assert SessionIdent(2, "ann", "admin") == SessionIdent.from_eventdetails(event)
    assert SessionIdent(1, "joe", "user").marshal() == {"session": 1, "authid": "joe", "authrole": "user"}


def test_what_came_through_other_routers_is_its_first_senders():
    forwarded = [{"session": 1, "authid": "joe", "authrole": "user"}, {"session": 2}]
    assert SessionIdent(1, "joe", "user") == SessionIdent.from_calldetails(CallDetails(None, forward_for=forwarded))
    assert SessionIdent(1, "joe", "user") == SessionIdent.from_eventdetails(
        EventDetails(None, 9, forward_for=forwarded)
    )
