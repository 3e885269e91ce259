"""Whatever happens in whatever order: broker and dealer against a naive model, and every call answered exactly once."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.realm import ALL_FEATURES, PUBLICATION, Meeting, named, pack
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
from wamprouter.realm.settings import Settings
from wamprouter.session import Session

# The model: what the specification says, with one list for everything and a linear scan for every question.


UNAVAILABLE = "wamp.error.unavailable"


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
class Callee:
    name: str
    limit: int | None
    running: int = 0


@dataclass
class Procedure:
    id: int
    uri: str
    match: str
    policy: str
    callees: list[Callee] = field(default_factory=list)
    latest: Callee | None = None
    """Who was invoked last."""
    gone_before: int = 0
    """If that one has left: how many of those who are there had come before it."""


@dataclass
class CallInFlight:
    caller: str
    request: int
    callee: str
    invocation: int
    progress: bool
    seat: Callee
    procedure: Procedure
    message: Call
    timeout: float = 0
    deadline: float | None = None
    tried: list[Callee] = field(default_factory=list)
    waits: bool = True
    """Whether the caller waits for an answer."""
    killed: bool = False
    has_progressed: bool = False


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
        self.now = 0.0

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
        match, policy = message.options["match"], message.options.get("invoke", "single")
        refusal = Error(Register.CODE, message.request, {}, "wamp.error.procedure_already_exists")
        procedure = next((p for p in self.procedures if (p.uri, p.match) == (message.procedure, match)), None)
        if procedure is not None and (policy == "single" or policy != procedure.policy):
            return [(name, refusal)]
        if procedure is None:
            self.procedure_ids += 1
            procedure = Procedure(self.procedure_ids, message.procedure, match, policy)
            self.procedures.append(procedure)
        seat = next((one for one in procedure.callees if one.name == name), None)
        if seat is None:
            procedure.callees.append(Callee(name, message.options.get("concurrency")))
        else:
            seat.limit = message.options.get("concurrency")
        return [(name, Registered(message.request, procedure.id))]

    def unregister(self, name: str, message: Unregister) -> Heard:
        for procedure in self.procedures:
            if procedure.id == message.registration and any(seat.name == name for seat in procedure.callees):
                self._take_away(procedure, name)
                return [(name, Unregistered(message.request))]
        return [(name, Error(Unregister.CODE, message.request, {}, "wamp.error.no_such_registration"))]

    def _take_away(self, procedure: Procedure, name: str) -> None:
        place = [seat.name for seat in procedure.callees].index(name)
        if procedure.latest is procedure.callees[place]:
            procedure.latest, procedure.gone_before = None, place
        elif procedure.latest is None and place < procedure.gone_before:
            procedure.gone_before -= 1
        del procedure.callees[place]
        if not procedure.callees:
            self.procedures.remove(procedure)

    @staticmethod
    def choose(procedure: Procedure, tried: list[Callee]) -> Callee | None:
        """Return who is invoked. By chance it is always the first."""
        callees = procedure.callees
        # The round: those after whom it was at, then those before.
        at = procedure.gone_before if procedure.latest is None else callees.index(procedure.latest) + 1
        order = {"roundrobin": callees[at:] + callees[:at], "last": callees[::-1]}.get(procedure.policy, callees)
        for seat in order:
            if seat not in tried and (seat.limit is None or seat.running < seat.limit):
                procedure.latest = seat
                return seat
        return None

    def call(self, name: str, message: Call) -> Heard:
        if any((c.caller, c.request, c.waits) == (name, message.request, True) for c in self.calls):
            raise Violation
        found = [p for p in self.procedures if does_match(message.procedure, p.uri, p.match)]
        if not found:
            return [(name, Error(Call.CODE, message.request, {}, "wamp.error.no_such_procedure"))]
        procedure = max(found, key=lambda p: precedence(p.uri, p.match))
        seat = self.choose(procedure, [])
        if seat is None:
            return [(name, Error(Call.CODE, message.request, {}, "wamp.error.no_available_callee"))]
        call = CallInFlight(name, message.request, "", 0, False, seat, procedure, message)
        call.timeout = message.options.get("timeout", 0) / 1000
        if call.timeout:
            call.deadline = self.now + call.timeout
        self.calls.append(call)
        return self._invoke(call, seat)

    def _invoke(self, call: CallInFlight, seat: Callee) -> Heard:
        message = call.message
        seat.running += 1
        callee = call.callee = seat.name
        call.seat = seat
        call.progress = message.options.get("receive_progress", False) and self.features[callee] >= ALL_FEATURES - {
            "caller.call_canceling"
        }
        details: dict[str, Any] = {} if call.procedure.match == "exact" else {"procedure": message.procedure}
        if call.progress:
            details["receive_progress"] = True
        self.invocations[callee] += 1
        call.invocation = self.invocations[callee]
        return [(callee, Invocation(call.invocation, call.procedure.id, details, message.args))]

    def _leave_callee(self, call: CallInFlight) -> None:
        call.seat.running -= 1

    def _end(self, call: CallInFlight) -> None:
        self.calls.remove(call)
        self._leave_callee(call)

    def _answer(self, call: CallInFlight, *, stop: bool) -> Heard:
        """Let the caller wait no more; tell the callee to stop, if wanted, possible and new to it."""
        call.waits = False
        call.deadline = None
        if not stop or call.killed or "callee.call_canceling" not in self.features[call.callee]:
            return []
        self._end(call)
        return [(call.callee, Interrupt(call.invocation, {"mode": "killnowait"}))]

    def cancel(self, name: str, message: Cancel) -> Heard:
        for call in self.calls:
            if (call.caller, call.request, call.waits) == (name, message.request, True):
                mode = message.options["mode"]
                if mode == "kill" and call.killed:
                    return []
                if mode == "kill" and "callee.call_canceling" in self.features[call.callee]:
                    call.killed = True
                    return [(call.callee, Interrupt(call.invocation, {"mode": mode}))]
                heard = self._answer(call, stop=mode != "skip")
                return [*heard, (name, Error(Call.CODE, call.request, {}, "wamp.error.canceled"))]
        return []

    def wait(self, seconds: float) -> Heard:
        self.now += seconds
        heard: Heard = []
        for call in list(self.calls):
            if call.deadline is not None and call.deadline <= self.now:
                heard += self._answer(call, stop=True)
                heard.append((call.caller, Error(Call.CODE, call.request, {}, "wamp.error.timeout")))
        return heard

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
            call.has_progressed = True
            if call.timeout:
                call.deadline = self.now + call.timeout
            return [(call.caller, Result(call.request, {"progress": True}, message.args))]
        self._end(call)
        return [(call.caller, Result(call.request, {}, message.args))] if call.waits else []

    def fail(self, name: str, message: Error) -> Heard:
        call = self._answered(name, message.request)
        if call is None:
            return []
        is_open = call.waits and not call.killed and not call.has_progressed
        if message.error == UNAVAILABLE and is_open and "callee.call_reroute" in self.features[name]:
            return self._reroute(call)
        self._end(call)
        return [(call.caller, Error(Call.CODE, call.request, {}, message.error, message.args))] if call.waits else []

    def _reroute(self, call: CallInFlight) -> Heard:
        call.tried.append(call.seat)
        there = call.procedure in self.procedures and call.procedure.policy != "single"
        seat = self.choose(call.procedure, call.tried) if there else None
        if seat is None:
            self._end(call)
            return [(call.caller, Error(Call.CODE, call.request, {}, "wamp.error.no_available_callee"))]
        self._leave_callee(call)
        return self._invoke(call, seat)

    def leave(self, name: str) -> Heard:
        self.here.remove(name)
        for topic in list(self.topics):
            if name in topic.subscribers:
                self._drop(topic, name)
        for procedure in list(self.procedures):
            if any(seat.name == name for seat in procedure.callees):
                self._take_away(procedure, name)
        heard: Heard = []
        for call in list(self.calls):
            if call.callee == name:
                self._end(call)
                if call.waits and call.caller != name:
                    heard.append((call.caller, Error(Call.CODE, call.request, {}, "wamp.error.canceled")))
            elif call.caller == name and call.waits:
                heard += self._answer(call, stop=True)
        return heard


# Both of them, with one history.


class Both:
    """A meeting and its model: everything is done to both, and both must say the same."""

    def __init__(self) -> None:
        self.meeting = Meeting()
        # Dora and Emil cannot do everything that the others can, but Emil may be unavailable.
        self.meeting.join("dora", features={"callee.progressive_call_results"})
        self.meeting.join("emil", features={"callee.call_canceling", "callee.call_reroute"})
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

    def wait(self, seconds: float) -> None:
        assert legible(self.model.wait(seconds)) == legible(self.meeting.wait(seconds))
        deadlines = [call.deadline for call in self.model.calls if call.deadline is not None]
        assert min(deadlines, default=None) == self.meeting.realm.next_deadline()

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
    return sorted((name, CODECS["json"].encode(named(message))) for name, message in heard)


FEATURES = sorted(
    ALL_FEATURES
    | {
        "callee.call_reroute",
        "callee.call_timeout",
        "callee.progressive_call_invocations",
        "caller.progressive_call_invocations",
    }
)
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


def with_pattern(kind: Any, more: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Message]:
    return st.builds(
        lambda request, pattern, options: kind(request, {"match": pattern[0], **options}, pattern[1]),
        ID,
        PATTERNS,
        more,
    )


REGISTERING = st.fixed_dictionaries(
    {},
    optional={
        "invoke": st.sampled_from(["single", "first", "last", "roundrobin", "roundrobin", "random"]),
        "concurrency": st.sampled_from([1, 2]),
    },
)
CALLING = st.fixed_dictionaries(
    {}, optional={"receive_progress": st.just(True), "timeout": st.sampled_from([0, 500, 1000, 3000])}
)

KINDS = [
    with_pattern(Subscribe, st.just({})),
    with_pattern(Register, REGISTERING),
    st.builds(Unsubscribe, ID, ID),
    st.builds(Unregister, ID, ID),
    st.builds(Publish, ID, PUBLISHING, URIS, PAYLOAD),
    st.builds(Call, ID, CALLING, URIS, PAYLOAD),
    st.builds(Cancel, ID, MODE),
    st.builds(Yield, ID, st.sampled_from([{}, {"progress": True}]), PAYLOAD),
    st.builds(Error, st.just(Invocation.CODE), ID, st.just({}), st.sampled_from(["com.error", UNAVAILABLE]), PAYLOAD),
    st.just(None),  # leaves
    st.sampled_from([0.25, 0.5, 1.0]),  # seconds pass
]
FREQUENCY = [2, 4, 1, 1, 2, 12, 6, 6, 4, 1, 4]
MESSAGES = st.sampled_from([kind for kind, times in enumerate(FREQUENCY) for _ in range(times)]).flatmap(
    KINDS.__getitem__
)
STEPS = st.lists(st.tuples(st.sampled_from(NAMES), MESSAGES), min_size=20, max_size=80)


@hypothesis_settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_the_realm_does_what_a_naive_model_does(steps):
    """Any messages of any sessions in any order: the same is heard by the same, and nothing is left in the end."""
    both = Both()
    both.say("bob", Register(1, {"match": "prefix"}, ""))
    both.say("dora", Register(1, {"match": "exact"}, "a.b"))
    both.say("emil", Register(1, {"match": "wildcard", "invoke": "roundrobin"}, "a."))
    both.say("carol", Register(1, {"match": "wildcard", "invoke": "roundrobin", "concurrency": 1}, "a."))
    for name, message in steps:
        if message is None:
            both.leave(name)
        elif isinstance(message, float):
            both.wait(message)
        else:
            both.say(name, message)
    for name in NAMES:
        both.leave(name)
    assert both.meeting.is_blank()


# Every call is answered exactly once.


class History:
    """People come, register, call, go on calling, cancel, answer or not, and go, by the dice. Time passes."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.meeting = Meeting(settings=Settings(max_call_timeout=self.dice.choice([0, 0, 5000])))
        self.here: list[Session] = list(self.meeting.names)
        self.gone: set[Session] = set()
        self.requests: Counter[Session] = Counter()
        self.accepted: set[tuple[Session, int]] = set()
        """Calls that were handed to a callee."""
        self.given_up: set[tuple[Session, int]] = set()
        """Calls whose caller left before there was an answer."""
        self.open: dict[tuple[Session, int], str] = {}  # progressive call whose last part was not sent -> procedure
        self.answers: Counter[tuple[Session, int]] = Counter()

    def run(self, steps: int) -> None:
        acts = [self.join, self.leave, self.wait, self.go_on, *[self.register] * 3, *[self.call] * 6]
        acts += [*[self.cancel] * 2, *[self.answer] * 5]
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
        able = self.dice.sample(FEATURES, self.dice.randrange(len(FEATURES) + 1))
        self.here.append(self.meeting.join("somebody", features=able))

    def leave(self) -> None:
        session = self.someone()
        for request, call in session.calls.items():
            assert call.callee not in self.gone, "a caller waits for a callee that has left"
            self.given_up.add((session, request))
        self.here.remove(session)
        self.gone.add(session)
        self.note(self.meeting.realm.detach(session))

    def register(self) -> None:
        session = self.someone()
        options = {
            "match": self.dice.choice(["exact", "prefix"]),
            "invoke": self.dice.choice(["single", "first", "last", "roundrobin", "random"]),
            "forward_timeout": self.dice.choice([True, False]),
            "force_reregister": self.dice.random() < 0.1,
        }
        if self.dice.random() < 0.3:
            options["concurrency"] = self.dice.choice([1, 2])
        self.say(session, Register(self.next_request(session), options, self.dice.choice(["a.b", "a.", "a.c"])))

    def call(self) -> None:
        session = self.someone()
        request = self.next_request(session)
        options: dict[str, Any] = {}
        if self.dice.random() < 0.5:
            options["receive_progress"] = True
        if self.dice.random() < 0.5:
            options["timeout"] = self.dice.choice([0, 500, 2000])
        if self.dice.random() < 0.2:
            options |= {"runmode": "partition", "rkey": self.dice.choice("xyz")}
        if self.dice.random() < 0.5 and "caller.progressive_call_invocations" in session.features:
            options["progress"] = True
        self.meeting.choice = self.dice.randrange(100)
        message = Call(request, options, self.dice.choice(["a.b", "a.c", "d.e"]))
        [delivery] = self.meeting.realm.handle(session, message)
        if isinstance(delivery.message, Invocation):
            self.accepted.add((session, request))
            if "progress" in options:
                self.open[session, request] = message.procedure

    def go_on(self) -> None:
        """Send the next part of a progressive call, which may be over."""
        if self.open:
            session, request = self.dice.choice(list(self.open))
            procedure = self.open[session, request]
            options = self.dice.choice([{}, {"progress": True}])
            if not options:
                del self.open[session, request]
            if session not in self.gone:
                self.say(session, Call(request, options, procedure))

    def wait(self) -> None:
        self.meeting.time += self.dice.choice([0.25, 1.0, 3.0])
        self.note(self.meeting.realm.expire(self.meeting.time))

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
                    Error(Invocation.CODE, invocation, {}, UNAVAILABLE),
                ]
            )
            self.say(session, answer)


@pytest.mark.parametrize("hundred", range(10))
def test_every_call_is_answered_exactly_once(hundred):
    """A thousand histories: each accepted call has one RESULT or ERROR, unless its caller left while it was worked on."""
    for seed in range(hundred * 100, hundred * 100 + 100):
        history = History(seed)
        history.run(steps=80)
        for call in history.accepted:
            expected = 0 if call in history.given_up else 1
            assert expected == history.answers[call], f"history {seed}: call {call}"
        assert history.answers.keys() <= history.accepted, f"history {seed}: an answer to what was refused"
        assert history.meeting.is_blank(), f"history {seed} leaves something behind"
