"""The router calls procedures itself: what it hears, in every case exactly once."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from tests.support.realm import ALL_FEATURES, Mailbox, Meeting, PlainWire
from wamp.protocol.codec import CODECS
from wamp.protocol.messages import ABSENT, Call, Error, Interrupt, Invocation, Message, Publish, Raw, Register, Yield
from wamprouter.callers import Answer, Caller
from wamprouter.inbox import accept
from wamprouter.realm.facts import SubscriptionCreated
from wamprouter.realm.settings import Settings
from wamprouter.server.dispatch import Dispatcher
from wamprouter.session import Session

ASK = "com.ask"


class Office:
    """A router with one realm, in which Bob answers, and the turns of its reactor."""

    def __init__(self, *, limit: int = 10, serializer: str = "json", **settings: Any) -> None:
        self.clock = Clock()
        self.dispatcher = Dispatcher(lambda action: self.clock.callLater(0, action))
        self.meeting = Meeting(settings=Settings(**settings), now=self.clock.seconds)
        self.realm = self.meeting.realm
        self.realm.open_meta_api(500)
        self.realms = {"realm1": self.realm}
        self.caller = Caller(self.realms.get, count(900), self.dispatcher, self.clock.callLater, limit=limit)
        self.codec = CODECS[serializer]
        self.bob = self.join("bob")
        self.answers: list[Answer] = []

    def join(self, name: str, features: frozenset[str] = ALL_FEATURES) -> Session:
        mailbox = Mailbox(PlainWire(self.codec), self.dispatcher.dirty)
        return self.meeting.join(name, codec=self.codec, link=mailbox, features=features)

    def does(self, session: Session, message: Message) -> None:
        """Let a session send something, as a peer does."""
        self.dispatcher.deliver(accept(session, message))
        self.dispatcher.flush()

    def registers(self, session: Session, procedure: str = ASK, **options: Any) -> None:
        self.does(session, Register(1, options, procedure))
        self.hears(session)

    def hears(self, session: Session) -> list[Message]:
        self.clock.advance(0)
        return session.link.empty()

    def ask(self, *args: Any, realm: str = "realm1", procedure: str = ASK, timeout: float = 5) -> None:
        self.caller.call(realm, procedure, args, self.answers.append, timeout=timeout)

    def pack(self, value: Any) -> Raw:
        return self.codec.serializer.pack(value)

    def answer(self, *args: Any, **kwargs: Any) -> None:
        """Let Bob answer the invocation that he has."""
        [invocation] = self.hears(self.bob)
        assert isinstance(invocation, Invocation)
        named = self.pack(kwargs) if kwargs else ABSENT
        self.does(self.bob, Yield(invocation.request, {}, self.pack(list(args)) if args or kwargs else ABSENT, named))
        self.clock.advance(0)

    def is_blank(self) -> bool:
        """Tell whether nothing is left of any question: neither here nor in the realm, nor a timer."""
        desks = self.caller._desks.values()
        return (
            self.caller.in_flight == 0
            and not any(desk.questions or desk.session.calls for desk in desks)
            and not self.clock.getDelayedCalls()
        )


@pytest.fixture
def office() -> Office:
    office = Office()
    office.registers(office.bob)
    return office


@pytest.mark.parametrize(
    ("args", "kwargs", "value"),
    [
        ([True], {}, True),
        (["one", "two"], {}, "one"),
        ([{"allow": True}], {}, {"allow": True}),
        ([], {}, None),
        ([], {"role": "user"}, {"role": "user"}),
        (["first"], {"role": "user"}, "first"),
        ([None], {}, None),
    ],
)
@pytest.mark.parametrize("serializer", ["json", "msgpack", "cbor"])
def test_the_value_is_the_first_result(serializer, args, kwargs, value):
    """Or else the named ones, in whatever the callee speaks."""
    office = Office(serializer=serializer)
    office.registers(office.bob)
    office.ask("what", {"is": 1})
    office.answer(*args, **kwargs)
    assert [Answer(value)] == office.answers
    assert office.is_blank()


def test_the_callee_gets_the_arguments(office):
    office.ask({"session": 7}, "com.uri", "call", {})
    [invocation] = office.hears(office.bob)
    assert [{"session": 7}, "com.uri", "call", {}] == office.codec.serializer.unpack(invocation.args)


def test_nobody_is_asked_in_the_middle_of_something(office):
    """What somebody has in hand must reach the callee first."""
    office.ask()
    assert [] == office.bob.link.empty()
    assert [Invocation] == [type(message) for message in office.hears(office.bob)]


def test_a_callee_that_wants_to_know_hears_that_it_is_the_router():
    office = Office()
    office.registers(office.bob, disclose_caller=True)
    office.ask()
    [invocation] = office.hears(office.bob)
    assert ("router", "trusted") == (invocation.details["caller_authid"], invocation.details["caller_authrole"])


def test_an_error_is_an_answer(office):
    office.ask()
    [invocation] = office.hears(office.bob)
    error = Error(Invocation.CODE, invocation.request, {}, "com.error.busy", office.pack(["come back " + "x" * 1000]))
    office.does(office.bob, error)
    office.clock.advance(0)
    [answer] = office.answers
    assert (None, "com.error.busy", "come back ") == (answer.value, answer.error, answer.text[:10])
    assert len(answer.text) == 200
    assert office.is_blank()


def test_no_such_procedure():
    office = Office()
    office.ask()
    office.clock.advance(0)
    assert ["wamp.error.no_such_procedure"] == [answer.error for answer in office.answers]
    assert office.is_blank()


def test_no_such_realm(office):
    """And none is made for it."""
    office.ask(realm="nowhere")
    assert ["wamp.error.no_such_realm"] == [answer.error for answer in office.answers]
    assert office.is_blank()


def test_what_cannot_be_expressed_is_not_asked(office):
    """Options that a client has made up may be of any kind."""
    office.ask(2**70)
    assert ["wamp.error.invalid_argument"] == [answer.error for answer in office.answers]
    assert office.is_blank()


def test_a_callee_that_leaves_is_no_silence(office):
    office.ask()
    office.hears(office.bob)
    office.dispatcher.deliver(office.realm.detach(office.bob))
    office.clock.advance(0)
    assert ["wamp.error.canceled"] == [answer.error for answer in office.answers]
    assert office.is_blank()


def test_who_is_late_is_told_to_stop(office):
    """And its answer counts no more."""
    office.ask(timeout=5)
    [invocation] = office.hears(office.bob)
    office.clock.advance(4.9)
    assert [] == office.answers
    office.clock.advance(0.2)
    assert ["wamp.error.timeout"] == [answer.error for answer in office.answers]
    assert [Interrupt(invocation.request, {"mode": "killnowait"})] == office.hears(office.bob)
    office.does(office.bob, Yield(invocation.request, {}, office.pack([True])))
    office.clock.advance(60)
    assert len(office.answers) == 1
    assert office.is_blank()


def test_the_time_is_over_before_anything_was_sent(office):
    """Then nobody is asked at all."""
    office.ask(timeout=0)
    assert [] == office.hears(office.bob)
    assert ["wamp.error.timeout"] == [answer.error for answer in office.answers]
    assert office.is_blank()


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [(b"\xc1", None), (b"\x81\x01\x02", None), (None, b"\xc1"), (b"\x90", b"\xff\xff")],
    ids=["no MessagePack", "no list", "no named results", "trailing bytes"],
)
def test_garbage_is_an_error(args, kwargs):
    """A hosted component's payload has been through no codec."""
    office = Office(serializer="msgpack")
    office.registers(office.bob)
    office.ask()
    [invocation] = office.hears(office.bob)
    payload = [ABSENT if data is None else Raw(data) for data in (args, kwargs)]
    office.does(office.bob, Yield(invocation.request, {}, *payload))
    office.clock.advance(0)
    assert ["wamp.error.invalid_argument"] == [answer.error for answer in office.answers]
    assert office.is_blank()


def test_a_result_that_cannot_be_translated_is_an_error(office):
    """JSON has numbers that MessagePack has not."""
    office.ask()
    office.answer(2**70)
    assert ["wamp.error.invalid_argument"] == [answer.error for answer in office.answers]
    assert office.is_blank()


def test_there_is_a_bound_to_what_is_in_flight():
    """Beyond it the answer is no, at once and counted."""
    office = Office(limit=3)
    office.registers(office.bob)
    for _ in range(5):
        office.ask()
    assert ["wamp.error.unavailable"] * 2 == [answer.error for answer in office.answers]
    assert (3, 2) == (office.caller.in_flight, office.caller.refused)
    for invocation in office.hears(office.bob):
        office.does(office.bob, Yield(invocation.request, {}))
    office.clock.advance(0)
    assert office.is_blank()
    office.ask()
    office.answer("again")
    assert "again" == office.answers[-1].value


def test_a_realms_limits_are_for_its_sessions():
    """The router may ask as often as sessions of the realm want something."""
    office = Office(max_calls=1, max_subscriptions=0, max_registrations=1, strict_request_ids=True)
    office.registers(office.bob)
    heard: list[Any] = []
    office.caller.subscribe("realm1", "com.topic", heard.append)
    office.ask()
    office.ask()
    assert 2 == len(office.hears(office.bob))
    office.does(office.meeting.alice, Publish(1, {}, "com.topic"))
    assert [[]] == heard


def test_nobody_sees_it(office):
    """It neither comes, nor is it counted, found or killed."""
    office.meeting.facts.clear()
    office.ask()
    office.answer(1)
    assert [] == office.meeting.facts
    assert {"alice", "bob", "carol"} == {session.authid for session in office.realm.sessions.values()}


def test_one_who_fails_does_not_keep_others_from_their_answers(office):
    """A bug is logged with its traceback."""
    logged: list[Any] = []
    globalLogPublisher.addObserver(logged.append)

    def fail(_answer: Answer) -> None:
        raise RuntimeError("a bug")

    try:
        office.caller.call("realm1", ASK, [], fail, timeout=5)
        office.ask()
        for invocation in office.hears(office.bob):
            office.does(office.bob, Yield(invocation.request, {}))
        office.clock.advance(0)
    finally:
        globalLogPublisher.removeObserver(logged.append)
    assert [Answer()] == office.answers
    assert ["a bug"] == [str(event["log_failure"].value) for event in logged if "log_failure" in event]
    assert office.is_blank()


def test_shared_registrations_take_turns(office):
    """It is called as by anybody."""
    carol = office.join("carol")
    office.registers(office.bob, "com.shared", invoke="roundrobin")
    office.registers(carol, "com.shared", invoke="roundrobin")
    for _ in range(4):
        office.ask(procedure="com.shared")
    assert (2, 2) == (len(office.hears(office.bob)), len(office.hears(carol)))


def test_a_realm_that_was_made_anew_has_a_session_of_its_own(office):
    office.ask()
    office.answer("old")
    office.realms["realm1"] = Meeting().realm
    office.ask()
    office.clock.advance(0)
    assert ["old", None] == [answer.value for answer in office.answers]
    assert "wamp.error.no_such_procedure" == office.answers[1].error


def test_realms_that_are_gone_leave_nothing_behind(office):
    """Somebody makes a thousand realms on demand, one after the other."""
    for number in range(1000):
        office.realms = {f"realm{number}": Meeting().realm}
        office.caller._find = office.realms.get
        office.ask(realm=f"realm{number}")
        office.clock.advance(0)
    assert len(office.caller._desks) <= 64


# -- topics


def published(office: Office, topic: str, *args: Any) -> None:
    office.does(office.meeting.alice, Publish(7, {}, topic, CODECS["json"].serializer.pack(list(args))))


def test_it_hears_of_topics(office):
    heard: list[Any] = []
    office.caller.subscribe("realm1", "com.topic", heard.append)
    office.clock.advance(0)
    published(office, "com.topic", ["com.a"], 2)
    published(office, "com.other", 3)
    assert [[["com.a"], 2]] == heard


def test_two_listeners_have_one_subscription(office):
    """And each ends for itself; the last one ends the subscription."""
    heard: list[Any] = []
    endings = [office.caller.subscribe("realm1", "com.topic", lambda _, n=n: heard.append(n)) for n in (1, 2)]
    office.clock.advance(0)
    assert 1 == len([fact for fact in office.meeting.facts if isinstance(fact, SubscriptionCreated)])
    published(office, "com.topic")
    endings[0]()
    office.clock.advance(0)
    published(office, "com.topic")
    endings[1]()
    endings[1]()
    office.clock.advance(0)
    published(office, "com.topic")
    assert [1, 2, 2] == heard
    assert {} == office.realm.broker.subscriptions


def test_what_a_listener_does_wrong_is_not_the_others_problem(office):
    def fail(_arguments: list[Any]) -> None:
        raise RuntimeError("a bug")

    heard: list[Any] = []
    office.caller.subscribe("realm1", "com.topic", fail)
    office.caller.subscribe("realm1", "com.topic", heard.append)
    office.clock.advance(0)
    published(office, "com.topic", 1)
    assert [[1]] == heard


def test_an_event_with_garbage_is_an_event_without_arguments():
    office = Office(serializer="msgpack")
    heard: list[Any] = []
    office.caller.subscribe("realm1", "com.topic", heard.append)
    office.clock.advance(0)
    office.does(office.bob, Publish(1, {}, "com.topic", Raw(b"\xc1")))
    assert [[]] == heard


def test_its_subscription_cannot_be_taken_away(office):
    """Who may remove subscribers does not find it among the sessions."""
    heard: list[Any] = []
    office.caller.subscribe("realm1", "com.topic", heard.append)
    office.clock.advance(0)
    [subscription] = office.realm.broker.subscriptions.values()
    [own] = subscription.subscribers
    payload = CODECS["json"].serializer.pack([subscription.id, own.id])
    alice = office.meeting.alice
    [delivery] = office.realm.handle(alice, Call(9, {}, "wamp.subscription.remove_subscriber", payload))
    assert "wamp.error.no_such_session" == delivery.message.error
    published(office, "com.topic")
    assert [[]] == heard
