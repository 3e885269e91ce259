"""Testaments: what is published when a session has gone."""

import pytest

from tests.support.realm import PUBLICATION, Meeting, anyone, pack
from wamp.protocol.codec import CODECS
from wamp.protocol.errors import (
    DisclosureNotAllowed,
    InvalidArgument,
    InvalidUri,
    LimitExceeded,
    NotAuthorized,
)
from wamp.protocol.messages import ABSENT, Event, Goodbye, Publish, Subscribe
from wamp.protocol.uris import Match
from wamprouter.authz.roles import Action, Decision, Role, Rule
from wamprouter.realm.settings import Settings


@pytest.fixture
def meeting() -> Meeting:
    """Alice hears everything below com. Guests may publish below com.open. only; those below com.open.known. are named."""
    rules = [Rule("com.open.", Match.PREFIX, Action), Rule("com.open.known.", Match.PREFIX, Action, Action)]
    meeting = Meeting({"user": anyone(), "guest": Role("guest", rules)})
    meeting.gustav = meeting.join("gustav", role="guest")
    meeting.send(meeting.alice, Subscribe(1, {"match": "prefix"}, "com"))
    meeting.facts.clear()
    return meeting


def add(meeting, session, topic="com.bye", *args, scope="destroyed", kwargs=None, **options):
    meeting.realm.testaments.add(session, scope, topic, list(args), kwargs or {}, options)


def topics(heard):
    return [event.details["topic"] for _, event in heard]


def test_it_is_published_when_the_session_has_left(meeting):
    """With its arguments, and nothing said of whose it is (advanced profile, "Session Testament")."""
    add(meeting, meeting.bob, "com.bye", "bob", kwargs={"why": "home"})
    kwargs = CODECS["json"].serializer.pack({"why": "home"})
    event = Event(1, PUBLICATION, {"topic": "com.bye"}, pack("bob"), kwargs)
    assert [("alice", event)] == meeting.leave(meeting.bob)


def test_a_testament_need_not_say_anything(meeting):
    """No arguments, no payload."""
    add(meeting, meeting.bob)
    [(_, event)] = meeting.leave(meeting.bob)
    assert (ABSENT, ABSENT) == (event.args, event.kwargs)
    assert event.args is event.kwargs is ABSENT


def test_keyword_arguments_alone_are_enough(meeting):
    """The positional ones are an empty list then."""
    add(meeting, meeting.bob, kwargs={"a": 1})
    [(_, event)] = meeting.leave(meeting.bob)
    assert pack() == event.args


def test_detached_comes_before_destroyed_and_each_in_order(meeting):
    """Two sets, for a router that knows no resumption (advanced profile, "Testaments in Use")."""
    for number, scope in enumerate(["destroyed", "detached", "destroyed", "detached"]):
        add(meeting, meeting.bob, f"com.t{number}", scope=scope)
    assert ["com.t1", "com.t3", "com.t0", "com.t2"] == topics(meeting.leave(meeting.bob))


def test_they_are_published_once(meeting):
    """Also if leaving is tried twice."""
    add(meeting, meeting.bob)
    assert 1 == len(meeting.leave(meeting.bob))
    assert [] == meeting.leave(meeting.bob)


def test_others_testaments_are_theirs(meeting):
    """Bob goes, Carol stays."""
    add(meeting, meeting.carol)
    assert [] == meeting.leave(meeting.bob)


def test_they_can_be_left_out(meeting):
    """Where everybody is killed, nobody would be left to hear them."""
    add(meeting, meeting.bob)
    heard = meeting.heard(meeting.realm.expel(meeting.bob, "wamp.close.killed", quietly=True))
    assert [("bob", Goodbye({}, "wamp.close.killed"))] == heard


def test_who_is_put_out_alone_leaves_its_testaments(meeting):
    """However a session goes."""
    add(meeting, meeting.bob)
    heard = meeting.heard(meeting.realm.expel(meeting.bob, "wamp.close.killed"))
    assert {"alice", "bob"} == {name for name, _ in heard}


def test_the_leaver_itself_hears_nothing(meeting):
    """It is out of its subscriptions by then, also with exclude_me false."""
    meeting.send(meeting.bob, Subscribe(1, {}, "com.bye"))
    add(meeting, meeting.bob, exclude_me=False)
    assert ["alice"] == [name for name, _ in meeting.leave(meeting.bob)]


def test_it_is_published_before_the_leave_is_told(meeting):
    """And after the subscriptions have ended."""
    meeting.send(meeting.bob, Subscribe(1, {}, "org.x"))
    meeting.facts.clear()
    add(meeting, meeting.bob)
    meeting.leave(meeting.bob)
    assert ["Unsubscribed bob", "SubscriptionDeleted bob", "SessionLeft bob"] == meeting.told


# Options


def test_publish_options_hold(meeting):
    """Lists, disclosure, retention: as if the session published."""
    meeting.send(meeting.carol, Subscribe(1, {"match": "prefix"}, "com"))
    add(meeting, meeting.bob, "com.bye", eligible_authid=["alice"], disclose_me=True, retain=True)
    [(name, event)] = meeting.leave(meeting.bob)
    assert "alice" == name
    bob = {"publisher": 2, "publisher_authid": "bob", "publisher_authrole": "user"}
    assert {"topic": "com.bye", **bob} == event.details
    assert 1 == len(meeting.realm.broker.retention)


def test_nobody_is_left_to_acknowledge_to(meeting):
    """The option is ignored, as the specification allows."""
    add(meeting, meeting.bob, acknowledge=True)
    assert ["alice"] == [name for name, _ in meeting.leave(meeting.bob)]


@pytest.mark.parametrize("options", [{"exclude_me": None}, {"eligible": [1.0]}, {"eligible": None}, {"x_unknown": [1]}])
def test_options_are_as_generous_as_those_of_a_publication(meeting, options):
    """null is absent, integral floats are integers, unknown ones are ignored."""
    add(meeting, meeting.bob, **options)
    assert ["alice"] == [name for name, _ in meeting.leave(meeting.bob)]


@pytest.mark.parametrize("options", [{"exclude_me": 1}, {"eligible": "all"}, {"eligible": [1.5]}, {"retain": "yes"}])
def test_options_of_a_wrong_type_are_refused(meeting, options):
    """At once, not when nobody is there any more to hear of it."""
    with pytest.raises(InvalidArgument):
        add(meeting, meeting.bob, **options)
    assert [] == meeting.leave(meeting.bob)


def test_arguments_without_a_form_are_refused(meeting):
    """They are kept in the serializer of the session."""
    with pytest.raises(InvalidArgument):
        add(meeting, meeting.bob, "com.bye", object())


@pytest.mark.parametrize("name", ["json", "msgpack", "cbor"])
def test_it_is_in_the_serializer_of_the_session(meeting, name):
    """And translated for others like any publication."""
    dora = meeting.join("dora", codec=CODECS[name])
    add(meeting, dora, "com.bye", "dora")
    [delivery] = meeting.realm.detach(dora)
    assert CODECS[name] is delivery.source
    assert ["dora"] == CODECS[name].serializer.unpack(delivery.message.args)


def test_passthru_needs_to_be_announced(meeting):
    """An error of the call, since there is no PUBLISH that would be a violation."""
    with pytest.raises(InvalidArgument):
        add(meeting, meeting.bob, ppt_scheme="x_mine")
    pia = meeting.join("pia", features={"publisher.payload_passthru_mode"})
    sue = meeting.join("sue", features={"subscriber.payload_passthru_mode"})
    meeting.send(sue, Subscribe(1, {}, "com.bye"))
    add(meeting, pia, "com.bye", b"sealed", ppt_scheme="x_mine")
    [(name, event)] = meeting.leave(pia)
    assert ("sue", {"ppt_scheme": "x_mine"}) == (name, event.details)


# Authorization


@pytest.mark.parametrize(
    ("topic", "error"),
    [("com.closed", NotAuthorized), ("wamp.session.on_join", InvalidUri), ("com..x", InvalidUri), ("", InvalidUri)],
)
def test_what_may_not_be_published_is_refused_at_once(meeting, topic, error):
    """A testament is no way around permissions."""
    with pytest.raises(error):
        add(meeting, meeting.gustav, topic)
    assert [] == meeting.leave(meeting.gustav)


def test_disclosure_is_refused_at_once():
    """Where the realm does not allow it."""
    meeting = Meeting(settings=Settings(may_disclose=False))
    with pytest.raises(DisclosureNotAllowed):
        add(meeting, meeting.bob, disclose_me=True)


def test_a_permission_that_is_gone_by_then_counts(meeting):
    """It is asked again when it is published; the others still are."""
    add(meeting, meeting.gustav, "com.open.one")
    add(meeting, meeting.gustav, "com.open.two")
    meeting.gustav.role.publications["com.open.one"] = Decision.DENIED
    assert ["com.open.two"] == topics(meeting.leave(meeting.gustav))


def test_a_permission_that_discloses_does_so(meeting):
    """As it stands when it is published: it is not written into the testament."""
    add(meeting, meeting.gustav, "com.open.known.a")
    add(meeting, meeting.gustav, "com.open.known.b")
    meeting.gustav.role.publications["com.open.known.b"] = Decision.PERMITTED
    (_, known), (_, unknown) = meeting.leave(meeting.gustav)
    assert "gustav" == known.details["publisher_authid"]
    assert {"topic": "com.open.known.b"} == unknown.details


# How many, and taking them back


def test_a_session_has_only_so_many():
    """Of both scopes together."""
    meeting = Meeting(settings=Settings(max_testaments=2))
    add(meeting, meeting.bob, scope="detached")
    add(meeting, meeting.bob)
    with pytest.raises(LimitExceeded):
        add(meeting, meeting.bob)
    add(meeting, meeting.carol)


@pytest.mark.parametrize(("scope", "left"), [("detached", ["com.b", "com.c"]), ("destroyed", ["com.a"])])
def test_one_scope_is_flushed(meeting, scope, left):
    """The other stays; how many were flushed is told."""
    add(meeting, meeting.bob, "com.a", scope="detached")
    add(meeting, meeting.bob, "com.b")
    add(meeting, meeting.bob, "com.c")
    assert 3 - len(left) == meeting.realm.testaments.flush(meeting.bob, scope)
    assert left == topics(meeting.leave(meeting.bob))


def test_flushing_nothing_is_no_error(meeting):
    """With and without an earlier testament."""
    flush = meeting.realm.testaments.flush
    assert 0 == flush(meeting.bob, "destroyed")
    add(meeting, meeting.bob)
    assert [0, 1, 0] == [flush(meeting.bob, scope) for scope in ("detached", "destroyed", "destroyed")]


def test_flushing_makes_room():
    """What is taken back is not counted."""
    meeting = Meeting(settings=Settings(max_testaments=1))
    add(meeting, meeting.bob)
    meeting.realm.testaments.flush(meeting.bob, "destroyed")
    add(meeting, meeting.bob)


def test_a_testament_is_a_publication_like_others(meeting):
    """It takes an id, and the next one comes after it."""
    add(meeting, meeting.bob)
    meeting.leave(meeting.bob)
    [(_, event)] = meeting.send(meeting.carol, Publish(1, {}, "com.next"))
    assert PUBLICATION + 1 == event.publication
