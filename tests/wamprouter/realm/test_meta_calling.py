"""Calling the router itself: arguments, serializers, permissions."""

import pytest

from tests.support.meta import InformedMeeting
from tests.support.realm import anyone
from wamp.protocol.codec import CODECS
from wamp.protocol.errors import InvalidArgument, NotAuthorized
from wamp.protocol.messages import Call, Error, Invocation, Publish, Raw, Register, Result, Subscribe
from wamp.protocol.serializers import JSON
from wamp.protocol.uris import Match
from wamprouter.authz.roles import Action, Role, Rule
from wamprouter.realm.meta.calling import Procedure
from wamprouter.realm.meta.entries import Nothing
from wamprouter.realm.realm import ROUTER_ROLES


@pytest.fixture
def meeting() -> InformedMeeting:
    return InformedMeeting({"user": anyone(), "guest": Role("guest", [Rule("com.", Match.PREFIX, Action)])})


def test_the_meta_api_is_announced():
    """By both roles where both are needed, as the specification has it."""
    broker, dealer = ROUTER_ROLES["broker"]["features"], ROUTER_ROLES["dealer"]["features"]
    assert {"session_meta_api", "subscription_meta_api"} == {name for name in broker if name.endswith("meta_api")}
    assert {"session_meta_api", "registration_meta_api", "testament_meta_api"} == {
        name for name in dealer if name.endswith("meta_api")
    }


@pytest.mark.parametrize("name", ["json", "msgpack", "cbor"])
def test_every_serializer_is_understood(meeting, name):
    """The question is read, and the answer written, in the caller's."""
    codec = CODECS[name]
    dora = meeting.join("dora", codec=codec)
    pack = codec.serializer.pack
    [delivery] = meeting.realm.handle(dora, Call(1, {}, "wamp.session.list", pack([["user"]])))
    assert codec is delivery.source
    assert [[1, 2, 3, 4]] == codec.serializer.unpack(delivery.message.args)


@pytest.mark.parametrize("name", ["json", "msgpack", "cbor"])
def test_errors_are_in_the_serializer_of_the_caller(meeting, name):
    """With words for a human."""
    codec = CODECS[name]
    dora = meeting.join("dora", codec=codec)
    [delivery] = meeting.realm.handle(dora, Call(1, {}, "wamp.session.get", codec.serializer.pack([99])))
    assert ["no session 99 in this realm"] == codec.serializer.unpack(delivery.message.args)
    assert codec is delivery.source


@pytest.mark.parametrize(
    ("procedure", "args", "kwargs"),
    [
        ("wamp.session.get", [2.0], {}),
        ("wamp.session.get", [], {"session": 2}),
        ("wamp.session.count", [], {"filter_authroles": ["user"]}),
        ("wamp.session.kill", [2, "com.reason", "message"], {}),
        ("wamp.session.kill_all", [], {}),
        ("wamp.session.kill_all", [], {"message": None}),
        ("wamp.registration.list", [], {}),
    ],
)
def test_arguments_come_by_place_or_by_name(meeting, procedure, args, kwargs):
    """As in Python; an integral float is an integer, since JavaScript writes ids so."""
    assert Result is type(meeting.call(meeting.alice, procedure, *args, **kwargs)[-1][1])


@pytest.mark.parametrize(
    ("procedure", "args", "kwargs"),
    [
        ("wamp.session.count", ["user"], {}),
        ("wamp.session.count", [[7]], {}),
        ("wamp.session.count", [["user"], 1], {}),
        ("wamp.session.count", [], {"filter": ["user"]}),
        ("wamp.session.get", [], {}),
        ("wamp.session.get", [None], {}),
        ("wamp.session.get", ["2"], {}),
        ("wamp.session.get", [2.5], {}),
        ("wamp.session.get", [0], {}),
        ("wamp.session.get", [-2], {}),
        ("wamp.session.get", [2**53 + 1], {}),
        ("wamp.session.get", [True], {}),
        ("wamp.session.get", [2], {"session": 2}),
        ("wamp.session.kill", [2], {"message": 7}),
        ("wamp.session.kill", [2], {"why": "x"}),
        ("wamp.session.kill_by_authid", [], {}),
        ("wamp.session.kill_by_authid", [2], {}),
        ("wamp.session.add_testament", ["com.topic", "x"], {}),
        ("wamp.session.add_testament", ["com.topic", [], []], {}),
        ("wamp.session.add_testament", ["com.topic", [], {}], {"publish_options": []}),
        ("wamp.registration.list", [1], {}),
        ("wamp.registration.lookup", ["com.add", "prefix"], {}),
        ("wamp.registration.lookup", ["com.add", {"match": "any"}], {}),
        ("wamp.subscription.match", [7], {}),
    ],
)
def test_wrong_arguments_are_an_error(meeting, procedure, args, kwargs):
    """And nothing happens."""
    assert InvalidArgument.uri == meeting.ask_for(procedure, *args, **kwargs)
    assert 3 == meeting.ask_for("wamp.session.count")


def test_an_encrypted_payload_is_an_error(meeting):
    """The router has no key."""
    call = Call(1, {"enc_algo": "cryptobox"}, "wamp.session.count", JSON.pack("secret"))
    [(_, error)] = meeting.send(meeting.alice, call)
    assert InvalidArgument.uri == error.error


@pytest.mark.parametrize("payload", [[Raw(b"[")], [Raw(b"[]"), Raw(b"{")]])
def test_a_malformed_payload_is_an_error(meeting, payload):
    """It comes from within: from outside it would be a violation."""
    [(_, error)] = meeting.send(meeting.alice, Call(1, {}, "wamp.session.count", *payload))
    assert InvalidArgument.uri == error.error


def test_a_procedure_that_fails_is_no_obstacle_to_others(meeting):
    """Whatever is wrong with it, the others route on."""
    procedures = meeting.realm._meta._procedures
    procedures["wamp.session.count"] = Procedure(Nothing, lambda _caller, _arguments: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        meeting.ask_for("wamp.session.count")
    assert [1, 2, 3] == meeting.ask_for("wamp.session.list")
    meeting.send(meeting.bob, Subscribe(1, {}, "com.topic"))
    assert ["bob"] == [name for name, _ in meeting.send(meeting.alice, Publish(1, {}, "com.topic"))]


def test_an_error_says_in_words_which_argument_is_wrong(meeting):
    """For who reads it."""
    deliveries = meeting.realm.handle(meeting.alice, Call(1, {}, "wamp.session.get", JSON.pack(["2"])))
    assert ["Expected `int`, got `str` - at `$.session`"] == JSON.unpack(deliveries[0].message.args)


def test_calls_of_the_router_are_calls_like_any(meeting):
    """Nothing is left of one in any table, and it is counted."""
    before = meeting.realm.tally.invoked
    meeting.ask_for("wamp.session.count")
    assert not meeting.alice.calls
    assert not meeting.realm._meta.session.invocations
    assert before + 1 == meeting.realm.tally.invoked


def test_options_of_a_call_are_no_obstacle(meeting):
    """What asks for progress or sets a time-out is answered at once all the same."""
    call = Call(1, {"timeout": 1000, "receive_progress": True, "disclose_me": True}, "wamp.session.count")
    assert [("alice", Result(1, {}, JSON.pack([3])))] == meeting.send(meeting.alice, call)


def test_the_router_is_not_in_the_way_of_others(meeting):
    """A call between clients stays one."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    [(name, invocation)] = meeting.send(meeting.alice, Call(1, {}, "com.add"))
    assert ("bob", Invocation) == (name, type(invocation))


# Permissions


@pytest.mark.parametrize("procedure", ["wamp.session.count", "wamp.session.kill", "wamp.no.such.procedure"])
def test_who_may_not_call_the_router_does_not(meeting, procedure):
    """Its procedures need permission like all others."""
    guest = meeting.join("guest", role="guest")
    assert [("guest", Error(Call.CODE, 1, {}, NotAuthorized.uri))] == meeting.ask(guest, Call(1, {}, procedure))


@pytest.mark.parametrize(
    ("topic", "match"), [("wamp.session.on_join", "exact"), ("wamp.", "prefix"), ("", "prefix"), ("..", "wildcard")]
)
def test_who_may_not_subscribe_does_not_hear_of_others(meeting, topic, match):
    """Nor by a pattern that covers more than it may."""
    guest = meeting.join("guest", role="guest")
    refusal = Error(Subscribe.CODE, 1, {}, NotAuthorized.uri)
    assert [("guest", refusal)] == meeting.ask(guest, Subscribe(1, {"match": match}, topic))
