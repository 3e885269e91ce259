"""The way in: authorization comes before anything that could tell whether what is asked for exists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.realm import PUBLICATION, Meeting, anyone, pack
from wamp.protocol.errors import NotAuthorized, ProtocolViolation
from wamp.protocol.messages import (
    Call,
    Cancel,
    Error,
    Event,
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
from wamp.protocol.serializers import JSON
from wamp.protocol.uris import Match
from wamprouter.authz import NO_OPTIONS, Action, Decision, Pending
from wamprouter.authz.roles import Role, Rule
from wamprouter.inbox import accept, refused

NOT_AUTHORIZED = "wamp.error.not_authorized"
INVALID_URI = "wamp.error.invalid_uri"


@pytest.fixture
def meeting() -> Meeting:
    """Guests may do everything below com.open. and nothing else; Gustav is one. Users may do everything."""
    guest = Role("guest", [Rule("com.open.", Match.PREFIX, Action)])
    meeting = Meeting({"user": anyone(), "guest": guest})
    meeting.gustav = meeting.join("gustav", role="guest")
    return meeting


def requests(uri: str) -> list[object]:
    return [
        Call(1, {}, uri),
        Publish(1, {"acknowledge": True}, uri),
        Subscribe(1, {}, uri),
        Register(1, {}, uri),
    ]


@pytest.mark.parametrize(
    ("message", "heard"),
    [
        (Call(1, {}, "com.open.add"), [("bob", Invocation(1, 1, {}))]),
        (Publish(1, {"acknowledge": True}, "com.open.topic"), [("gustav", Published(1, PUBLICATION))]),
        (Subscribe(1, {}, "com.open.topic"), [("gustav", Subscribed(1, 1))]),
        (Subscribe(1, {"match": "prefix"}, "com.open."), [("gustav", Subscribed(1, 1))]),
        (Subscribe(1, {"match": "wildcard"}, "com.open."), [("gustav", Subscribed(1, 1))]),
        (Register(1, {}, "com.open.mul"), [("gustav", Registered(1, 2))]),
        (Register(1, {"match": "prefix"}, "com.open."), [("gustav", Registered(1, 2))]),
    ],
)
def test_what_is_permitted_is_done(meeting, message, heard):
    """It reaches the realm."""
    meeting.send(meeting.bob, Register(1, {}, "com.open.add"))
    assert heard == meeting.ask(meeting.gustav, message)


@pytest.mark.parametrize("message", requests("com.closed"))
@pytest.mark.parametrize("times", [1, 2])
def test_what_is_denied_is_an_error(meeting, message, times):
    """Not authorized, the first time and when the answer is remembered."""
    for _ in range(times):
        heard = meeting.ask(meeting.gustav, message)
    assert [("gustav", Error(message.CODE, 1, {}, NOT_AUTHORIZED))] == heard


@pytest.mark.parametrize("message", requests("com..closed"))
@pytest.mark.parametrize("times", [1, 2])
def test_what_is_no_uri_is_an_error_and_no_violation(meeting, message, times):
    """The session lives on."""
    for _ in range(times):
        heard = meeting.ask(meeting.alice, message)
    assert [("alice", Error(message.CODE, 1, {}, INVALID_URI))] == heard


@pytest.mark.parametrize("uri", ["com.closed", "com..closed", "wamp.session.on_join"])
def test_a_refused_publication_is_not_answered_unless_it_asks_for_it(meeting, uri):
    """PUBLISH without acknowledge is never answered."""
    assert [] == meeting.ask(meeting.gustav, Publish(1, {}, uri))


def test_a_refused_publication_reaches_nobody(meeting):
    """Not even those who may hear of the topic."""
    meeting.send(meeting.alice, Subscribe(1, {}, "com.closed"))
    assert [] == meeting.ask(meeting.gustav, Publish(1, {}, "com.closed"))


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize("kind", [Call, Register])
def test_who_may_not_learns_not_whether_it_exists(meeting, is_there, kind):
    """The answer is the same whether there is such a procedure or not."""
    if is_there:
        meeting.send(meeting.bob, Register(1, {}, "com.closed"))
    assert [("gustav", Error(kind.CODE, 1, {}, NOT_AUTHORIZED))] == meeting.ask(
        meeting.gustav, kind(1, {}, "com.closed")
    )


@pytest.mark.parametrize(
    ("match", "pattern"), [("prefix", "com."), ("prefix", ""), ("wildcard", "com..add"), ("wildcard", "com.")]
)
@pytest.mark.parametrize("kind", [Subscribe, Register])
def test_a_pattern_is_no_way_around_a_permission(meeting, kind, match, pattern):
    """It must not match anything that the role is denied."""
    heard = meeting.ask(meeting.gustav, kind(1, {"match": match}, pattern))
    assert [("gustav", Error(kind.CODE, 1, {}, NOT_AUTHORIZED))] == heard


@pytest.mark.parametrize(
    ("kind", "uri"),
    [(Register, "wamp.session.count"), (Publish, "wamp.session.on_join"), (Publish, "wamp"), (Register, "wamp.x")],
)
def test_nobody_plays_the_router(meeting, kind, uri):
    """Whatever a role may do, wamp.* is not for it to provide."""
    heard = meeting.ask(meeting.alice, kind(1, {"acknowledge": True} if kind is Publish else {}, uri))
    assert [("alice", Error(kind.CODE, 1, {}, INVALID_URI))] == heard


def test_the_refusal_names_role_and_uri(meeting):
    """For the person who has to mend the configuration."""
    [delivery] = accept(meeting.gustav, Call(1, {}, "com.closed"))
    assert ["role guest may not call com.closed"] == delivery.source.serializer.unpack(delivery.message.args)


def test_what_follows_from_something_permitted_needs_no_permission(meeting):
    """Ending, cancelling and answering what one has."""
    gustav, alice = meeting.gustav, meeting.alice
    meeting.ask(gustav, Subscribe(1, {}, "com.open.topic"))
    meeting.ask(gustav, Register(2, {}, "com.open.add"))
    meeting.ask(alice, Call(1, {}, "com.open.add"))
    assert [("gustav", Event(1, PUBLICATION, {}))] == meeting.ask(alice, Publish(2, {}, "com.open.topic"))
    assert [] == meeting.ask(gustav, EventReceived(PUBLICATION))
    assert [("alice", Result(1, {}))] == meeting.ask(gustav, Yield(1, {}))
    assert [] == meeting.ask(gustav, Cancel(3, {}))
    assert [("gustav", Unsubscribed(3))] == meeting.ask(gustav, Unsubscribe(3, 1))
    assert [("gustav", Unregistered(4))] == meeting.ask(gustav, Unregister(4, 1))


def test_a_call_by_the_rules_of_one_role_does_not_depend_on_another(meeting):
    """What users may do is not remembered for guests."""
    meeting.send(meeting.bob, Register(1, {}, "com.closed"))
    assert [("bob", Invocation(1, 1, {}))] == meeting.ask(meeting.alice, Call(1, {}, "com.closed"))
    refusal = Error(Call.CODE, 1, {}, NOT_AUTHORIZED)
    assert [("gustav", refusal)] == meeting.ask(meeting.gustav, Call(1, {}, "com.closed"))


@pytest.mark.parametrize("kind", [Call, Publish])
def test_what_was_permitted_is_remembered_to_be(meeting, kind):
    """The second time is like the first."""
    meeting.send(meeting.bob, Register(1, {}, "com.open.it"))
    meeting.send(meeting.bob, Subscribe(2, {}, "com.open.it"))
    names = [[name for name, _ in meeting.ask(meeting.gustav, kind(request, {}, "com.open.it"))] for request in (1, 2)]
    assert [["bob"], ["bob"]] == names


class Undecided(Role):
    """A role that leaves decisions about chosen URIs to somebody else, who takes his time."""

    def __init__(self, rules: list[Rule], uris: set[str]) -> None:
        super().__init__("slow", rules)
        self._uris = uris
        self.pending: list[tuple[str, Pending]] = []

    def decide(self, action, uri, match=Match.EXACT, options=NO_OPTIONS):
        if uri not in self._uris:
            return super().decide(action, uri, match, options)
        pending = Pending()
        self.pending.append((uri, pending))
        return pending

    def known(self, action, uri, match=Match.EXACT):
        return None if uri in self._uris else super().known(action, uri, match)


class Reader:
    """A link whose owner counts how often it is paused."""

    def __init__(self) -> None:
        self.owner = self
        self.pauses = 0

    def pause_reading(self) -> None:
        self.pauses += 1

    def resume_reading(self) -> None:
        self.pauses -= 1


@pytest.fixture
def slow() -> Meeting:
    """Sam's role may do everything, but about com.slow somebody must be asked."""
    role = Undecided([Rule("", Match.PREFIX, Action)], {"com.slow"})
    meeting = Meeting({"user": anyone(), "slow": role})
    meeting.sam = meeting.join("sam", role="slow")
    meeting.role = role
    return meeting


def settle(meeting: Meeting, decision: Decision = Decision.PERMITTED) -> list[object]:
    _, pending = meeting.role.pending.pop(0)
    return meeting.heard(pending.settle(decision))


def test_nothing_is_answered_before_it_is_decided(slow):
    assert slow.ask(slow.sam, Subscribe(1, {}, "com.slow")) == []
    assert settle(slow) == [("sam", Subscribed(1, 1))]


def test_what_is_denied_late_is_denied(slow):
    slow.ask(slow.sam, Subscribe(1, {}, "com.slow"))
    assert settle(slow, Decision.DENIED) == [("sam", Error(Subscribe.CODE, 1, {}, NOT_AUTHORIZED))]


def test_what_nobody_could_decide_is_denied_with_another_error(slow):
    """The application can tell that it is not its permissions that are wrong (basic profile, "Predefined URIs")."""
    slow.ask(slow.sam, Subscribe(1, {}, "com.slow"))
    refusal = Error(Subscribe.CODE, 1, {}, "wamp.error.authorization_failed")
    assert settle(slow, Decision.FAILED) == [("sam", refusal)]


def test_later_messages_of_the_session_wait(slow):
    """The order of a session's messages holds, also where the first takes longest."""
    slow.ask(slow.sam, Subscribe(1, {}, "com.slow"))
    assert slow.ask(slow.sam, Subscribe(2, {}, "com.quick")) == []
    assert settle(slow) == [("sam", Subscribed(1, 1)), ("sam", Subscribed(2, 2))]


def test_others_do_not_wait(slow):
    slow.ask(slow.sam, Subscribe(1, {}, "com.slow"))
    assert slow.ask(slow.bob, Subscribe(1, {}, "com.quick")) == [("bob", Subscribed(1, 1))]


def test_who_has_left_is_not_answered(slow):
    slow.ask(slow.sam, Subscribe(1, {}, "com.slow"))
    slow.leave(slow.sam)
    assert settle(slow) == []


def test_a_decision_is_taken_once(slow):
    slow.ask(slow.sam, Subscribe(1, {}, "com.slow"))
    _, pending = slow.role.pending[0]
    assert settle(slow) == [("sam", Subscribed(1, 1))]
    assert pending.settle(Decision.PERMITTED) == []


def test_a_violation_that_waited_puts_the_session_out(slow):
    slow.ask(slow.sam, Subscribe(1, {}, "com.slow"))
    slow.ask(slow.sam, Yield(7, {}))
    *_, (name, goodbye) = settle(slow)
    assert (name, goodbye.reason) == ("sam", "wamp.error.protocol_violation")
    assert slow.sam.id not in slow.realm.sessions


def test_a_long_line_is_not_read_on(slow):
    """It is longer than what one read can bring, so that nobody is put out for sending fast."""
    sam = slow.join("sammy", role="slow", link=Reader())
    slow.ask(sam, Subscribe(1, {}, "com.slow"))
    for request in range(2, 101):
        slow.ask(sam, Publish(request, {}, "com.quick"))
    assert 0 == sam.link.pauses
    for request in range(101, 3000):
        slow.ask(sam, Publish(request, {}, "com.quick"))
    assert 1 == sam.link.pauses
    settle(slow)
    assert 0 == sam.link.pauses


def test_a_line_that_is_decided_about_one_by_one_is_read_on_when_it_is_short(slow):
    """Each message keeps its place, and costs the same whatever is behind it."""
    sam = slow.join("sammy", role="slow", link=Reader())
    for request in range(1, 202):
        slow.ask(sam, Subscribe(request, {}, "com.slow"))
    answers = []
    for left in reversed(range(201)):
        answers += settle(slow)
        assert (left > 100) is bool(sam.link.pauses)
    assert list(range(1, 202)) == [message.request for _, message in answers]


def test_who_has_left_is_read_on(slow):
    """Somebody else may join on its connection."""
    sam = slow.join("sammy", role="slow", link=Reader())
    for request in range(1, 202):
        slow.ask(sam, Subscribe(request, {}, "com.slow"))
    slow.leave(sam)
    settle(slow)
    assert 0 == sam.link.pauses


def test_who_is_put_out_is_read_on(slow):
    """It must be read to be told."""
    sam = slow.join("sammy", role="slow", link=Reader())
    slow.ask(sam, Subscribe(1, {}, "com.slow"))
    for _ in range(200):
        slow.ask(sam, Yield(7, {}))
    settle(slow)
    assert 0 == sam.link.pauses


def test_there_is_a_bound_to_waiting(slow):
    """For whoever cannot be paused: a batch in one message, a hosted component."""
    sam = slow.join("sammy", role="slow", link=Reader())
    slow.ask(sam, Subscribe(1, {}, "com.slow"))
    for request in range(2, 10_002):
        slow.ask(sam, Subscribe(request, {}, "com.quick"))
    with pytest.raises(ProtocolViolation, match="10000"):
        slow.ask(sam, Subscribe(10_002, {}, "com.quick"))


def test_a_testament_cannot_wait(slow):
    """It is checked when it is added and once more when its author has left: there is nobody to wait for."""
    refusal = refused(slow.sam, Publish(1, {}, "com.slow"), Action.PUBLISH, "com.slow")
    assert isinstance(refusal, NotAuthorized)
    assert [] == slow.role.pending  # nobody is asked for an answer that nobody waits for


@given(
    topics=st.lists(st.sampled_from(["com.slow", "com.slower", "com.quick"]), min_size=1, max_size=30),
    delays=st.randoms(use_true_random=False),
)
def test_the_order_of_a_session_holds_whatever_the_delays(topics, delays):
    """Decisions come late and in any order; each session's own events arrive as it published them."""
    role = Undecided([Rule("", Match.PREFIX, Action)], {"com.slow", "com.slower"})
    meeting = Meeting({"user": anyone(), "slow": role})
    senders = [meeting.join(name, role="slow") for name in ("sam", "sue")]
    meeting.ask(meeting.alice, Subscribe(1, {"match": "prefix"}, "com."))
    arrived: list[tuple[str, int]] = []

    def hear(deliveries):
        for delivery in deliveries:
            if isinstance(delivery.message, Event):
                name, number = JSON.unpack(delivery.message.args)
                arrived.append((name, number))

    for number, topic in enumerate(topics):
        sender = delays.choice(senders)
        payload = pack(meeting.names[sender], number)
        hear(accept(sender, Publish(number + 1, {}, topic, payload)))
        if role.pending and delays.random() < 0.5:
            _, pending = role.pending.pop(delays.randrange(len(role.pending)))
            hear(pending.settle(Decision.PERMITTED))
    while role.pending:
        _, pending = role.pending.pop(delays.randrange(len(role.pending)))
        hear(pending.settle(Decision.PERMITTED))

    assert len(topics) == len(arrived)
    for sender in senders:
        own = [number for name, number in arrived if name == meeting.names[sender]]
        assert sorted(own) == own
