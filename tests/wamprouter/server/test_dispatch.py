"""From deliveries to links: encoded once for each wire, never silent about what cannot be delivered."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.realm import PUBLICATION, Line, Mailbox, Meeting, PlainWire, pack
from wamp.protocol.codec import CODECS
from wamp.protocol.errors import NotAuthorized
from wamp.protocol.messages import (
    Call,
    Error,
    Event,
    Goodbye,
    Interrupt,
    Invocation,
    Message,
    Publish,
    Published,
    Register,
    Result,
    Subscribe,
    Subscribed,
    Yield,
)
from wamp.protocol.serializers import TranscodingError
from wamprouter.realm.settings import Settings
from wamprouter.server.dispatch import SLOW_CONSUMER, Dispatcher
from wamprouter.session import Session

JSON, MSGPACK, CBOR = CODECS["json"], CODECS["msgpack"], CODECS["cbor"]

UNTRANSLATABLE = CODECS["msgpack"].serializer.pack([{("a",): 1}])
"""A map with a list as key: MessagePack has it, JSON does not."""


class Stage:
    """Sessions with mailboxes, and a dispatcher between the realm and them."""

    def __init__(self, **options: Any) -> None:
        self.meeting = Meeting(**options)
        self.later: list[Callable[[], None]] = []
        self.dispatcher = Dispatcher(self.later.append)
        self.wires = {name: PlainWire(codec) for name, codec in CODECS.items()}

    def join(self, name: str, serializer: str = "json", **limits: int) -> Session:
        mailbox = Mailbox(self.wires[serializer], self.dispatcher.dirty, **limits)
        return self.meeting.join(name, codec=CODECS[serializer], link=mailbox)

    def send(self, session: Session, message: Message) -> None:
        self.dispatcher.deliver(self.meeting.realm.handle(session, message))

    def hears(self, session: Session) -> list[Message]:
        self.dispatcher.flush()
        heard: list[Message] = session.link.empty()
        return heard


@pytest.fixture
def stage() -> Stage:
    return Stage()


def text(*args: Any, name: str) -> Any:
    return CODECS[name].serializer.pack(list(args))


# Encoding


def test_what_is_delivered_waits_for_a_flush(stage):
    """So that all that one read leads to is written together."""
    dora = stage.join("dora")
    stage.send(dora, Subscribe(1, {}, "com.topic"))
    assert [] == dora.link.empty()
    assert [Subscribed(1, 1)] == stage.hears(dora)


def test_an_event_is_encoded_once_for_each_wire(stage):
    """However many hear it."""
    people = [stage.join(f"json{n}") for n in range(5)] + [stage.join(f"cbor{n}", "cbor") for n in range(5)]
    for session in people:
        stage.send(session, Subscribe(1, {}, "com.topic"))
    for wire in stage.wires.values():
        wire.packed = 0
    stage.send(stage.join("publisher"), Publish(1, {}, "com.topic", pack("hello")))
    assert {"json": 1, "msgpack": 0, "cbor": 1} == {name: wire.packed for name, wire in stage.wires.items()}


@pytest.mark.parametrize("source", CODECS)
@pytest.mark.parametrize("target", CODECS)
@pytest.mark.parametrize("listeners", [1, 2])
def test_everybody_hears_in_its_own_serializer(stage, source, target, listeners):
    """Whatever the publisher speaks."""
    people = [stage.join(f"listener{n}", target) for n in range(listeners)]
    for session in people:
        stage.send(session, Subscribe(1, {}, "com.topic"))
        stage.hears(session)
    stage.send(stage.join("publisher", source), Publish(1, {}, "com.topic", text("grün", b"\x00", 7, name=source)))
    for session in people:
        assert [Event(1, PUBLICATION, {}, text("grün", b"\x00", 7, name=target))] == stage.hears(session)


# What the recipient's serializer cannot express


def test_an_event_that_one_cannot_hear_is_heard_by_the_others(stage):
    """And counted for the one."""
    listeners = {name: stage.join(name, name) for name in ("json", "msgpack")}
    for session in listeners.values():
        stage.send(session, Subscribe(1, {}, "com.topic"))
        stage.hears(session)
    stage.send(stage.join("publisher", "msgpack"), Publish(1, {}, "com.topic", UNTRANSLATABLE))
    assert [] == stage.hears(listeners["json"])
    assert [Event(1, PUBLICATION, {}, UNTRANSLATABLE)] == stage.hears(listeners["msgpack"])
    assert 1 == stage.dispatcher.dropped_events


def test_an_event_that_its_only_listener_cannot_hear_is_counted(stage):
    """Nobody is disconnected for it."""
    dora = stage.join("dora")
    stage.send(dora, Subscribe(1, {}, "com.topic"))
    stage.hears(dora)
    stage.send(stage.join("publisher", "msgpack"), Publish(1, {}, "com.topic", UNTRANSLATABLE))
    assert ([], "", 1) == (stage.hears(dora), dora.link.expelled, stage.dispatcher.dropped_events)


def test_a_call_that_its_callee_cannot_read_is_an_error_for_the_caller(stage):
    """The callee hears nothing of it."""
    callee, caller = stage.join("callee"), stage.join("caller", "msgpack")
    stage.send(callee, Register(1, {}, "com.add"))
    stage.hears(callee)
    stage.send(caller, Call(1, {}, "com.add", UNTRANSLATABLE))
    assert [Error(Call.CODE, 1, {}, "wamp.error.invalid_argument")] == stage.hears(caller)
    assert ([], {}) == (stage.hears(callee), callee.invocations)


@pytest.fixture
def called(stage: Stage) -> tuple[Stage, Session, Session]:
    """A callee that speaks MessagePack works for a caller that speaks JSON and wants progress."""
    callee, caller = stage.join("callee", "msgpack"), stage.join("caller")
    stage.send(callee, Register(1, {}, "com.add"))
    stage.send(caller, Call(1, {"receive_progress": True}, "com.add"))
    stage.hears(callee)
    return stage, callee, caller


@pytest.mark.parametrize(
    "answer", [Yield(1, {}, UNTRANSLATABLE), Error(Invocation.CODE, 1, {}, "com.error", UNTRANSLATABLE)]
)
def test_an_answer_that_the_caller_cannot_read_is_an_error(called, answer):
    """One answer, so that it does not wait."""
    stage, callee, caller = called
    stage.send(callee, answer)
    assert [Error(Call.CODE, 1, {}, "wamp.error.invalid_argument")] == stage.hears(caller)


def test_progress_that_the_caller_cannot_read_ends_the_call(called):
    """With an error for the caller, and an INTERRUPT for the callee."""
    stage, callee, caller = called
    stage.send(callee, Yield(1, {"progress": True}, UNTRANSLATABLE))
    assert [Error(Call.CODE, 1, {}, "wamp.error.invalid_argument")] == stage.hears(caller)
    assert [Interrupt(1, {"mode": "killnowait"})] == stage.hears(callee)


class NarrowWire(PlainWire):
    """What a RawSocket peer asks for that takes 512 octets at most."""

    def pack(self, message: Message, source: Any) -> bytes:
        packed = super().pack(message, source)
        if len(packed) > 512:
            raise TranscodingError(f"a message of {len(packed)} octets, but the peer accepts 512")
        return packed


@pytest.mark.parametrize(
    ("kind", "uri"),
    [
        (Subscribe, "wamp.error.not_authorized"),
        (Register, "wamp.error.not_authorized"),
        (Call, "wamp.error.invalid_argument"),
    ],
)
def test_a_refusal_that_is_too_long_stays_an_answer_to_its_request(stage, kind, uri):
    """Its text repeats a long URI; without it, the ERROR fits and still names the request."""
    dora = stage.join("dora")
    dora.link.wire = NarrowWire(JSON)
    stage.dispatcher.deliver(stage.meeting.realm.refuse(dora, kind(5, {}, "com.a"), NotAuthorized("a" * 600)))
    assert [Error(kind.CODE, 5, {}, uri)] == stage.hears(dora)


def test_who_cannot_be_told_what_it_must_know_is_expelled(stage):
    """There is nothing else to say in place of an acknowledgement."""
    dora = stage.join("dora")

    class DeafWire(PlainWire):
        def pack(self, message: Message, source: Any) -> bytes:
            raise TranscodingError("too long")

    dora.link.wire = DeafWire(JSON)
    stage.send(dora, Publish(1, {"acknowledge": True}, "com.topic"))
    assert "too long" == dora.link.expelled


# Long queues


def fill(session: Session, octets: int) -> None:
    """Let so much wait for a session."""
    session.link.append(b" " * octets)


@pytest.fixture
def crowd(stage: Stage) -> tuple[Stage, Session, Session, Line]:
    """A worker with a queue from 100 to 200 octets, who has subscribed and registered; a sender, and who reads for it."""
    worker = stage.join("worker", high_water=100, limit=200)
    worker.link.owner = "worker"
    stage.send(worker, Subscribe(1, {}, "com.topic"))
    stage.send(worker, Register(2, {}, "com.add"))
    stage.hears(worker)
    sender = stage.join("sender")
    stage.dispatcher.feeder = Line()
    return stage, worker, sender, stage.dispatcher.feeder


@pytest.mark.parametrize("message", [Publish(1, {}, "com.topic"), Call(1, {}, "com.add")])
@pytest.mark.parametrize(("waiting", "is_slowed"), [(0, False), (99, False), (100, True), (150, True)])
def test_who_feeds_a_long_queue_is_slowed_down(crowd, message, waiting, is_slowed):
    """From the high-water mark on; what it sent is still delivered."""
    stage, worker, sender, feeder = crowd
    fill(worker, waiting)
    stage.send(sender, message)
    assert ([feeder] if is_slowed else []) == worker.link.feeders
    assert worker.link.queued > waiting


def test_a_fan_out_slows_down_its_publisher_too(crowd):
    """Once for each queue that is long."""
    stage, worker, sender, feeder = crowd
    other = stage.join("other")
    stage.send(other, Subscribe(1, {}, "com.topic"))
    fill(worker, 100)
    stage.send(sender, Publish(1, {}, "com.topic"))
    assert ([feeder], []) == (worker.link.feeders, other.link.feeders)


@pytest.mark.parametrize("answer", [Yield(1, {}), Error(Invocation.CODE, 1, {}, "com.error")])
def test_a_callee_is_not_slowed_down_by_a_caller_that_does_not_read(crowd, answer):
    """Others call it too: it is the caller itself that must first read some."""
    stage, worker, sender, _ = crowd
    sender.link.high_water, sender.link.owner = 100, "sender"
    stage.send(sender, Call(1, {}, "com.add"))
    fill(sender, 100)
    stage.send(worker, answer)
    assert ["sender"] == sender.link.feeders


def test_nobody_is_slowed_down_if_nobody_is_feeding(crowd):
    """A message of the router's own."""
    stage, worker, sender, _ = crowd
    stage.dispatcher.feeder = None
    fill(worker, 100)
    stage.send(sender, Publish(1, {}, "com.topic"))
    assert [] == worker.link.feeders


def test_a_call_to_a_full_queue_is_an_error(crowd):
    """Never silence (DESIGN §6)."""
    stage, worker, sender, _ = crowd
    fill(worker, 200)
    stage.send(sender, Call(1, {}, "com.add"))
    assert [Error(Call.CODE, 1, {}, "wamp.error.network_failure")] == stage.hears(sender)
    assert {} == worker.invocations


def test_an_event_for_a_full_queue_ends_its_session(crowd):
    """The default: it is told why."""
    stage, worker, sender, _ = crowd
    fill(worker, 200)
    stage.send(sender, Publish(1, {}, "com.topic"))
    assert (SLOW_CONSUMER, 1, 0) == (
        worker.link.expelled,
        stage.dispatcher.slow_consumers,
        stage.dispatcher.dropped_events,
    )


@pytest.mark.parametrize("listeners", [1, 2])
def test_an_event_for_a_full_queue_is_dropped_where_the_realm_wants_it(listeners):
    """Counted, and the session stays; others hear the event."""
    stage = Stage(settings=Settings(drop_events=True))
    people = [stage.join("slow", limit=200, high_water=100), *[stage.join(f"fast{n}") for n in range(1, listeners)]]
    for session in people:
        stage.send(session, Subscribe(1, {}, "com.topic"))
        stage.hears(session)
    fill(people[0], 200)
    stage.send(stage.join("publisher"), Publish(1, {}, "com.topic"))
    assert ("", 1) == (people[0].link.expelled, stage.dispatcher.dropped_events)
    assert {Event: 1} == stage.dispatcher.unsent
    for fast in people[1:]:
        assert [Event(1, PUBLICATION, {})] == stage.hears(fast)


def test_dropping_events_leaves_room_for_answers():
    """The last eighth of a queue is for them, so that losing events ends no session."""
    stage = Stage(settings=Settings(drop_events=True))
    dora = stage.join("dora", limit=800, high_water=100)
    stage.send(dora, Subscribe(1, {}, "com.topic"))
    stage.hears(dora)
    fill(dora, 700)
    stage.send(stage.join("publisher"), Publish(1, {}, "com.topic"))
    assert (700, 1) == (dora.link.queued, stage.dispatcher.dropped_events)
    stage.send(dora, Publish(2, {"acknowledge": True}, "com.other"))
    assert ("", True) == (dora.link.expelled, dora.link.queued > 700)


def test_a_result_for_a_full_queue_ends_the_callers_session(crowd):
    """It asked for it and does not read."""
    stage, worker, sender, _ = crowd
    sender.link.high_water, sender.link.limit = 100, 200
    stage.send(sender, Call(1, {}, "com.add"))
    fill(sender, 200)
    stage.send(worker, Yield(1, {}))
    assert SLOW_CONSUMER == sender.link.expelled


def test_an_acknowledgement_for_a_full_queue_ends_the_session():
    """Also where events are dropped."""
    stage = Stage(settings=Settings(drop_events=True))
    dora = stage.join("dora", high_water=100, limit=200)
    fill(dora, 200)
    stage.send(dora, Publish(1, {"acknowledge": True}, "com.topic"))
    assert SLOW_CONSUMER == dora.link.expelled


# Replies without a session: WELCOME, GOODBYE, ABORT


BYE = Goodbye({}, "wamp.close.goodbye_and_out")


def test_a_reply_needs_no_session(stage):
    """It goes to the link."""
    dora = stage.join("dora")
    stage.dispatcher.reply(dora.link, BYE)
    assert [BYE] == stage.hears(dora)


@pytest.mark.parametrize(("owner", "feeders"), [("dora", ["dora"]), (None, [])])
def test_who_does_not_read_replies_is_slowed_down(stage, owner, feeders):
    """If there is somebody to slow down."""
    dora = stage.join("dora", high_water=10)
    dora.link.owner = owner
    stage.dispatcher.reply(dora.link, BYE)
    assert feeders == dora.link.feeders


def test_who_never_reads_replies_is_expelled(stage):
    """At the limit."""
    dora = stage.join("dora", high_water=100, limit=200)
    fill(dora, 200)
    stage.dispatcher.reply(dora.link, BYE)
    assert (SLOW_CONSUMER, 1) == (dora.link.expelled, stage.dispatcher.slow_consumers)


# Flushing


def test_a_flush_goes_on_while_there_is_something(stage):
    """What a flush itself leads to leaves with it."""
    dora, emil = stage.join("dora"), stage.join("emil")
    flushes = dora.link.flush

    def flush_and_publish() -> None:
        flushes()
        dora.link.flush = flushes
        stage.send(emil, Publish(1, {"acknowledge": True}, "com.topic"))

    dora.link.flush = flush_and_publish
    stage.send(dora, Subscribe(1, {}, "com.topic"))
    stage.dispatcher.flush()
    assert [Published(1, PUBLICATION)] == emil.link.empty()[:1]
    assert [] == stage.dispatcher.dirty


def test_flushing_soon_is_flushing_once(stage):
    """However often it is asked for in one turn of the reactor."""
    dora = stage.join("dora")
    stage.send(dora, Subscribe(1, {}, "com.topic"))
    stage.dispatcher.flush_soon()
    stage.dispatcher.flush_soon()
    [flush] = stage.later
    flush()
    assert [Subscribed(1, 1)] == dora.link.empty()


def test_after_a_flush_another_may_be_asked_for(stage):
    """In the next turn."""
    stage.dispatcher.flush_soon()
    stage.later.pop()()
    stage.dispatcher.flush_soon()
    assert 1 == len(stage.later)


def test_results_are_translated_both_ways(stage):
    """A call from MessagePack to CBOR and back."""
    callee, caller = stage.join("callee", "cbor"), stage.join("caller", "msgpack")
    stage.send(callee, Register(1, {}, "com.add"))
    stage.hears(callee)
    stage.send(caller, Call(1, {}, "com.add", text(b"\x01", name="msgpack")))
    assert [Invocation(1, 1, {}, text(b"\x01", name="cbor"))] == stage.hears(callee)
    stage.send(callee, Yield(1, {}, text({"a": 1}, name="cbor")))
    assert [Result(1, {}, text({"a": 1}, name="msgpack"))] == stage.hears(caller)


def test_nobody_is_slowed_down_for_what_comes_after_his_read(crowd):
    """Testaments and meta events of somebody else are no fault of whoever was read last."""
    stage, _, _, _ = crowd
    stage.dispatcher.flush()
    assert stage.dispatcher.feeder is None
