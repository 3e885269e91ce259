"""Whatever happens in whatever order: broker and dealer against a naive model, and every call answered exactly once."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.realm import ALL_FEATURES, PUBLICATION, Meeting, pack
from wamp.protocol.codec import CODECS
from wamp.protocol.errors import ProtocolViolation
from wamp.protocol.messages import (
    ABSENT,
    Call,
    Cancel,
    Error,
    Event,
    Interrupt,
    Invocation,
    Message,
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
from wamprouter.session import Session

# The model: what the specification says, with one list for everything and a linear scan for every question.


class Violation(Exception):
    """The sender broke the rules."""


def does_match(uri: str, pattern: str, match: str) -> bool:
    if match == "exact":
        return uri == pattern
    if match == "prefix":
        return uri.startswith(pattern)
    ours, theirs = uri.split("."), pattern.split(".")
    return len(ours) == len(theirs) and all(b in ("", a) for a, b in zip(ours, theirs, strict=True))


def precedence(pattern: str, match: str) -> tuple[Any, ...]:
    """Return what is larger for a better match."""
    if match == "wildcard":
        return (0, [bool(component) for component in pattern.split(".")])
    return (1 if match == "prefix" else 2, len(pattern))


@dataclass
class Topic:
    id: int
    uri: str
    match: str
    subscribers: list[str] = field(default_factory=list)


@dataclass
class Procedure:
    id: int
    uri: str
    match: str
    callee: str


@dataclass
class CallInFlight:
    caller: str
    request: int
    callee: str
    invocation: int
    progress: bool
    waits: bool = True
    """Whether the caller waits for an answer."""
    killed: bool = False


Heard = list[tuple[str, Message]]


class Model:
    def __init__(self, features: dict[str, set[str]]) -> None:
        self.features = features
        self.here = list(features)
        self.topics: list[Topic] = []
        self.procedures: list[Procedure] = []
        self.calls: list[CallInFlight] = []
        self.topic_ids = self.procedure_ids = 0
        self.publications = PUBLICATION - 1
        self.invocations = dict.fromkeys(features, 0)

    def handle(self, name: str, message: Any) -> Heard:
        act = getattr(self, {Yield: "answer", Error: "fail"}.get(type(message), type(message).__name__.lower()))
        heard: Heard = act(name, message)
        return heard

    def subscribe(self, name: str, message: Subscribe) -> Heard:
        match = message.options["match"]
        topic = next((t for t in self.topics if (t.uri, t.match) == (message.topic, match)), None)
        if topic is None:
            self.topic_ids += 1
            topic = Topic(self.topic_ids, message.topic, match)
            self.topics.append(topic)
        if name not in topic.subscribers:
            topic.subscribers.append(name)
        return [(name, Subscribed(message.request, topic.id))]

    def unsubscribe(self, name: str, message: Unsubscribe) -> Heard:
        for topic in self.topics:
            if topic.id == message.subscription and name in topic.subscribers:
                self._drop(topic, name)
                return [(name, Unsubscribed(message.request))]
        return [(name, Error(Unsubscribe.CODE, message.request, {}, "wamp.error.no_such_subscription"))]

    def _drop(self, topic: Topic, name: str) -> None:
        topic.subscribers.remove(name)
        if not topic.subscribers:
            self.topics.remove(topic)

    def publish(self, name: str, message: Publish) -> Heard:
        self.publications += 1
        options = message.options
        heard: Heard = []
        for topic in self.topics:
            if does_match(message.topic, topic.uri, topic.match):
                details = {} if topic.match == "exact" else {"topic": message.topic}
                for other in topic.subscribers:
                    if other == name and options.get("exclude_me", True):
                        continue
                    if other in options.get("exclude_authid", []) or other not in options.get(
                        "eligible_authid", [other]
                    ):
                        continue
                    heard.append((other, Event(topic.id, self.publications, details, message.args)))
        if options.get("acknowledge"):
            heard.append((name, Published(message.request, self.publications)))
        return heard

    def register(self, name: str, message: Register) -> Heard:
        match = message.options["match"]
        if any((p.uri, p.match) == (message.procedure, match) for p in self.procedures):
            return [(name, Error(Register.CODE, message.request, {}, "wamp.error.procedure_already_exists"))]
        self.procedure_ids += 1
        self.procedures.append(Procedure(self.procedure_ids, message.procedure, match, name))
        return [(name, Registered(message.request, self.procedure_ids))]

    def unregister(self, name: str, message: Unregister) -> Heard:
        for procedure in self.procedures:
            if (procedure.id, procedure.callee) == (message.registration, name):
                self.procedures.remove(procedure)
                return [(name, Unregistered(message.request))]
        return [(name, Error(Unregister.CODE, message.request, {}, "wamp.error.no_such_registration"))]

    def call(self, name: str, message: Call) -> Heard:
        if any((c.caller, c.request, c.waits) == (name, message.request, True) for c in self.calls):
            raise Violation
        found = [p for p in self.procedures if does_match(message.procedure, p.uri, p.match)]
        if not found:
            return [(name, Error(Call.CODE, message.request, {}, "wamp.error.no_such_procedure"))]
        procedure = max(found, key=lambda p: precedence(p.uri, p.match))
        callee = procedure.callee
        progress = message.options.get("receive_progress", False) and self.features[callee] >= ALL_FEATURES
        details: dict[str, Any] = {} if procedure.match == "exact" else {"procedure": message.procedure}
        if progress:
            details["receive_progress"] = True
        self.invocations[callee] += 1
        self.calls.append(CallInFlight(name, message.request, callee, self.invocations[callee], progress))
        return [(callee, Invocation(self.invocations[callee], procedure.id, details, message.args))]

    def cancel(self, name: str, message: Cancel) -> Heard:
        for call in self.calls:
            if (call.caller, call.request, call.waits) == (name, message.request, True) and not call.killed:
                mode = message.options["mode"] if "callee.call_canceling" in self.features[call.callee] else "skip"
                heard: Heard = []
                if mode != "skip":
                    heard.append((call.callee, Interrupt(call.invocation, {"mode": mode})))
                if mode == "kill":
                    call.killed = True
                else:
                    call.waits = False
                    heard.append((name, Error(Call.CODE, call.request, {}, "wamp.error.canceled")))
                return heard
        return []

    def _answered(self, callee: str, invocation: int) -> CallInFlight | None:
        if invocation > self.invocations[callee]:
            raise Violation
        return next((c for c in self.calls if (c.callee, c.invocation) == (callee, invocation)), None)

    def answer(self, name: str, message: Yield) -> Heard:
        call = self._answered(name, message.request)
        if call is None:
            return []
        if message.options.get("progress"):
            if not call.progress or call.killed or not call.waits:
                return []
            return [(call.caller, Result(call.request, {"progress": True}, message.args))]
        self.calls.remove(call)
        return [(call.caller, Result(call.request, {}, message.args))] if call.waits else []

    def fail(self, name: str, message: Error) -> Heard:
        call = self._answered(name, message.request)
        if call is None:
            return []
        self.calls.remove(call)
        return [(call.caller, Error(Call.CODE, call.request, {}, message.error, message.args))] if call.waits else []

    def leave(self, name: str) -> Heard:
        self.here.remove(name)
        for topic in list(self.topics):
            if name in topic.subscribers:
                self._drop(topic, name)
        self.procedures = [p for p in self.procedures if p.callee != name]
        heard: Heard = []
        for call in list(self.calls):
            if call.callee == name:
                self.calls.remove(call)
                if call.waits and call.caller != name:
                    heard.append((call.caller, Error(Call.CODE, call.request, {}, "wamp.error.canceled")))
            elif call.caller == name and call.waits:
                call.waits = False
                if "callee.call_canceling" in self.features[call.callee] and not call.killed:
                    heard.append((call.callee, Interrupt(call.invocation, {"mode": "killnowait"})))
        return heard


# Both of them, with one history.


class Both:
    """A meeting and its model: everything is done to both, and both must say the same."""

    def __init__(self) -> None:
        self.meeting = Meeting()
        # Dora and Emil cannot do everything that the others can.
        self.meeting.join("dora", features={"callee.progressive_call_results"})
        self.meeting.join("emil", features={"callee.call_canceling"})
        self.sessions = {name: session for session, name in self.meeting.names.items()}
        self.model = Model({name: set(session.features) for name, session in self.sessions.items()})

    def say(self, name: str, message: Message) -> None:
        if name not in self.model.here:
            return
        message = self.aimed(name, message)
        session = self.sessions[name]
        try:
            expected = self.model.handle(name, message)
        except Violation:
            with pytest.raises(ProtocolViolation):
                self.meeting.send(session, message)
            self.leave(name)  # as the router does with whoever breaks the rules
        else:
            assert legible(expected) == legible(self.meeting.send(session, message))

    def aimed(self, name: str, message: Any) -> Message:
        """Make a message more likely to mean something: to answer or cancel a call that there is. 5 stays as it is."""
        if message.request == 5 or not isinstance(message, Call | Cancel | Yield | Error):
            return message
        if isinstance(message, Yield | Error):
            ids = [call.invocation for call in self.model.calls if call.callee == name]
        else:
            ids = [call.request for call in self.model.calls if call.caller == name and call.waits]
            if isinstance(message, Call):
                ids = [request for request in range(1, 9) if request not in ids]
        return replace(message, request=ids[message.request % len(ids)]) if ids else message

    def leave(self, name: str) -> None:
        if name in self.model.here:
            assert legible(self.model.leave(name)) == legible(self.meeting.leave(self.sessions[name]))


def legible(heard: Heard) -> list[tuple[str, bytes]]:
    """Return it comparable whatever the order: that is tested elsewhere."""
    return sorted((name, CODECS["json"].encode(message)) for name, message in heard)


NAMES = ("alice", "bob", "carol", "dora", "emil")
URIS = st.sampled_from(["a.b", "a.c", "ab.c", "a.b.c", "a"])
PATTERNS = st.one_of(
    st.tuples(st.just("exact"), URIS),
    st.tuples(st.just("prefix"), st.sampled_from(["", "a", "a.", "a.b", "a.b.c", "x"])),
    st.tuples(st.just("wildcard"), st.sampled_from(["", ".", "a.", ".b", ".c", "a..c", "..", "a.b"])),
)
ID = st.integers(1, 5)
PAYLOAD = st.sampled_from([ABSENT, pack(), pack(1, "two")])
PEOPLE = st.lists(st.sampled_from(NAMES), max_size=3)
MODE = st.sampled_from(["skip", "kill", "killnowait"]).map(lambda mode: {"mode": mode})
PUBLISHING = st.fixed_dictionaries(
    {},
    optional={
        "acknowledge": st.booleans(),
        "exclude_me": st.booleans(),
        "exclude_authid": PEOPLE,
        "eligible_authid": PEOPLE,
    },
)


def with_pattern(kind: Any) -> st.SearchStrategy[Message]:
    return st.builds(lambda request, pattern: kind(request, {"match": pattern[0]}, pattern[1]), ID, PATTERNS)


KINDS = [
    with_pattern(Subscribe),
    with_pattern(Register),
    st.builds(Unsubscribe, ID, ID),
    st.builds(Unregister, ID, ID),
    st.builds(Publish, ID, PUBLISHING, URIS, PAYLOAD),
    st.builds(Call, ID, st.sampled_from([{}, {"receive_progress": True}]), URIS, PAYLOAD),
    st.builds(Cancel, ID, MODE),
    st.builds(Yield, ID, st.sampled_from([{}, {"progress": True}]), PAYLOAD),
    st.builds(Error, st.just(Invocation.CODE), ID, st.just({}), st.just("com.error"), PAYLOAD),
    st.just(None),  # leaves
]
FREQUENCY = [3, 2, 1, 1, 3, 12, 6, 6, 2, 1]
MESSAGES = st.sampled_from([kind for kind, times in enumerate(FREQUENCY) for _ in range(times)]).flatmap(
    KINDS.__getitem__
)
STEPS = st.lists(st.tuples(st.sampled_from(NAMES), MESSAGES), min_size=20, max_size=80)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_the_realm_does_what_a_naive_model_does(steps):
    """Any messages of any sessions in any order: the same is heard by the same, and nothing is left in the end."""
    both = Both()
    both.say("bob", Register(1, {"match": "prefix"}, ""))
    both.say("dora", Register(1, {"match": "exact"}, "a.b"))
    both.say("emil", Register(1, {"match": "wildcard"}, "a."))
    for name, message in steps:
        if message is None:
            both.leave(name)
        else:
            both.say(name, message)
    for name in NAMES:
        both.leave(name)
    assert both.meeting.is_blank()


# Every call is answered exactly once.


class History:
    """People come, register, call, cancel, answer and go, by the dice."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.meeting = Meeting()
        self.here: list[Session] = list(self.meeting.names)
        self.gone: set[Session] = set()
        self.requests: Counter[Session] = Counter()
        self.callees: dict[tuple[Session, int], Session] = {}  # accepted call -> who was invoked
        self.given_up: set[tuple[Session, int]] = set()
        """Calls whose caller left before there was an answer."""
        self.answers: Counter[tuple[Session, int]] = Counter()

    def run(self, steps: int) -> None:
        acts = [self.join, self.leave, *[self.register] * 3, *[self.call] * 6, *[self.cancel] * 2, *[self.answer] * 5]
        for _ in range(steps):
            self.dice.choice(acts)()
        # Whoever is left waits until all callees have gone.
        while self.here:
            self.leave()

    def note(self, deliveries: Any) -> None:
        for delivery in deliveries:
            message = delivery.message
            is_result = isinstance(message, Result) and not message.details.get("progress")
            if is_result or (isinstance(message, Error) and message.request_type == Call.CODE):
                (session,) = delivery.to
                assert session not in self.gone, "an answer to somebody who has left"
                self.answers[session, message.request] += 1

    def someone(self) -> Session:
        if not self.here:
            self.join()
        return self.dice.choice(self.here)

    def say(self, session: Session, message: Message) -> None:
        self.note(self.meeting.realm.handle(session, message))

    def next_request(self, session: Session) -> int:
        self.requests[session] += 1
        return self.requests[session]

    def join(self) -> None:
        able = self.dice.sample(sorted(ALL_FEATURES), self.dice.randrange(4))
        self.here.append(self.meeting.join("somebody", features=able))

    def leave(self) -> None:
        session = self.someone()
        for call, callee in self.callees.items():
            if call[0] is session and not self.answers[call]:
                assert callee not in self.gone, "a caller waits for a callee that has left"
                self.given_up.add(call)
        self.here.remove(session)
        self.gone.add(session)
        self.note(self.meeting.realm.detach(session))

    def register(self) -> None:
        session = self.someone()
        match = self.dice.choice(["exact", "prefix"])
        self.say(
            session, Register(self.next_request(session), {"match": match}, self.dice.choice(["a.b", "a.", "a.c"]))
        )

    def call(self) -> None:
        session = self.someone()
        request = self.next_request(session)
        options = self.dice.choice([{}, {"receive_progress": True}])
        [delivery] = self.meeting.realm.handle(session, Call(request, options, self.dice.choice(["a.b", "a.c", "d.e"])))
        if isinstance(delivery.message, Invocation):
            (self.callees[session, request],) = delivery.to

    def cancel(self) -> None:
        session = self.someone()
        if session.calls:
            mode = self.dice.choice(["skip", "kill", "killnowait"])
            self.say(session, Cancel(self.dice.choice(list(session.calls)), {"mode": mode}))

    def answer(self) -> None:
        session = self.someone()
        if session.invocation_ids.last:
            # Any that it was ever given, so that some are late.
            waiting = list(session.invocations) * 5
            invocation = self.dice.choice([*waiting, self.dice.randint(1, session.invocation_ids.last)])
            answer = self.dice.choice(
                [
                    Yield(invocation, {}),
                    Yield(invocation, {"progress": True}),
                    Error(Invocation.CODE, invocation, {}, "x.y"),
                ]
            )
            self.say(session, answer)


@pytest.mark.parametrize("hundred", range(10))
def test_every_call_is_answered_exactly_once(hundred):
    """A thousand histories: each accepted call has one RESULT or ERROR, unless its caller left while it was worked on."""
    for seed in range(hundred * 100, hundred * 100 + 100):
        history = History(seed)
        history.run(steps=80)
        for call in history.callees:
            expected = 0 if call in history.given_up else 1
            assert expected == history.answers[call], f"history {seed}: call {call}"
        assert history.meeting.is_blank(), f"history {seed} leaves something behind"
