"""Whatever is subscribed and published in whatever order: live, retained and kept events against a naive model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.realm import PUBLICATION, Meeting, anyone, pack
from wamp.protocol.messages import Event, Publish, Subscribe, Subscribed, Unsubscribe, Unsubscribed
from wamp.protocol.uris import Match
from wamprouter.realm.history import HistoryFilter
from wamprouter.realm.settings import HistoryRule, Settings

RULES = [("a.b", "exact"), ("a", "prefix"), (".b", "wildcard")]
KEPT = 6
NAMES = ("alice", "bob", "carol", "dora", "emil")
IDS = {name: number for number, name in enumerate(NAMES, 1)}
ROLES = dict(zip(NAMES, ["user", "user", "user", "admin", "admin"], strict=True))


# The model: everything that was ever published in one list, and a linear scan for every question.


def does_match(uri: str, pattern: str, match: str) -> bool:
    if match == "exact":
        return uri == pattern
    if match == "prefix":
        return uri.startswith(pattern)
    ours, theirs = uri.split("."), pattern.split(".")
    return len(ours) == len(theirs) and all(b in ("", a) for a, b in zip(ours, theirs, strict=True))


@dataclass
class Published:
    id: int
    by: str
    topic: str
    options: dict[str, Any]
    number: int

    def may_hear(self, name: str, *, ever: bool = False) -> bool:
        """``ever``: as far as it does not depend on sessions."""
        traits = {"authid": name, "authrole": ROLES[name]}
        if not ever:
            traits[""] = IDS[name]
            if name == self.by and self.options.get("exclude_me", True):
                return False
        for kind, value in traits.items():
            suffix = f"_{kind}" if kind else ""
            if value in self.options.get("exclude" + suffix, []):
                return False
            if value not in self.options.get("eligible" + suffix, [value]):
                return False
        return True

    @property
    def lists(self) -> set[str]:
        return {name for name in self.options if name.startswith(("exclude", "eligible"))} - {"exclude_me"}

    def details(self, match: str) -> dict[str, Any]:
        details: dict[str, Any] = {} if match == "exact" else {"topic": self.topic}
        if self.options.get("disclose_me"):
            details |= {"publisher": IDS[self.by], "publisher_authid": self.by, "publisher_authrole": ROLES[self.by]}
        return details


@dataclass
class Topic:
    id: int
    uri: str
    match: str
    subscribers: list[str] = field(default_factory=list)


class Model:
    def __init__(self) -> None:
        self.published: list[Published] = []
        self.topics = [Topic(number, uri, match) for number, (uri, match) in enumerate(RULES, 1)]
        self.ids = len(RULES)

    def subscribe(self, name: str, uri: str, match: str, wants_retained: bool) -> list[Any]:
        topic = next((t for t in self.topics if (t.uri, t.match) == (uri, match)), None)
        if topic is None:
            self.ids += 1
            topic = Topic(self.ids, uri, match)
            self.topics.append(topic)
        if name not in topic.subscribers:
            topic.subscribers.append(name)
        heard = [(name, Subscribed(1, topic.id))]
        if wants_retained:
            for one in self.retained(name, uri, match):
                heard.append(
                    (name, Event(topic.id, one.id, {**one.details(match), "retained": True}, pack(one.number)))
                )
        return heard

    def retained(self, name: str, uri: str, match: str) -> list[Published]:
        found: dict[str, Published | None] = {}
        for one in reversed(self.published):
            if one.topic not in found and one.options.get("retain") and does_match(one.topic, uri, match):
                if one.may_hear(name):
                    found[one.topic] = one
                elif not one.lists:
                    found[one.topic] = None  # for everybody, but its publisher: nothing before it counts
        return sorted((one for one in found.values() if one is not None), key=lambda one: one.id)

    def unsubscribe(self, name: str, uri: str, match: str) -> tuple[int, list[Any]] | None:
        for topic in self.topics:
            if (topic.uri, topic.match) == (uri, match) and name in topic.subscribers:
                topic.subscribers.remove(name)
                if not topic.subscribers and (uri, match) not in RULES:
                    self.topics.remove(topic)
                return topic.id, [(name, Unsubscribed(1))]
        return None

    def publish(self, name: str, uri: str, options: dict[str, Any]) -> list[Any]:
        one = Published(PUBLICATION + len(self.published), name, uri, options, len(self.published))
        self.published.append(one)
        return [
            (other, Event(topic.id, one.id, one.details(topic.match), pack(one.number)))
            for topic in self.topics
            if does_match(uri, topic.uri, topic.match)
            for other in topic.subscribers
            if one.may_hear(other)
        ]

    def history(self, name: str, rule: int) -> list[int]:
        uri, match = RULES[rule]
        kept = [
            one
            for one in self.published
            if does_match(one.topic, uri, match) and not {"exclude", "eligible"} & one.lists
        ]
        return [one.id for one in kept[-KEPT:] if one.may_hear(name, ever=True)]


# Both of them.

URIS = st.sampled_from(["a.b", "a.c", "ab.b", "a.b.c", "b.b"])
PATTERNS = st.sampled_from(
    [*RULES, ("", "prefix"), ("a.", "wildcard"), ("..", "wildcard"), ("a.c", "exact"), ("a.b", "prefix")]
)
PEOPLE = st.lists(st.sampled_from(NAMES), max_size=3)
SESSIONS = st.lists(st.sampled_from(list(IDS.values())), max_size=3)
GROUPS = st.lists(st.sampled_from(["user", "admin"]), max_size=2)
PUBLISHING = st.fixed_dictionaries(
    {},
    optional={
        "retain": st.booleans(),
        "exclude_me": st.booleans(),
        "disclose_me": st.booleans(),
        "exclude": SESSIONS,
        "eligible": SESSIONS,
        "exclude_authid": PEOPLE,
        "eligible_authid": PEOPLE,
        "exclude_authrole": GROUPS,
        "eligible_authrole": GROUPS,
    },
)
# Few options at a time, else hardly anybody hears anything.
OPTIONS = st.one_of(
    st.just({}),
    st.just({"retain": True}),
    PUBLISHING.map(lambda options: dict(list(options.items())[:3])),
    PUBLISHING.map(lambda options: {**dict(list(options.items())[-1:]), "retain": True}),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("subscribe"), st.sampled_from(NAMES), PATTERNS, st.booleans()),
        st.tuples(st.just("unsubscribe"), st.sampled_from(NAMES), PATTERNS, st.none()),
        st.tuples(st.just("publish"), st.sampled_from(NAMES), URIS, OPTIONS),
        st.tuples(st.just("publish"), st.sampled_from(NAMES), URIS, OPTIONS),
        st.tuples(st.just("read"), st.sampled_from(NAMES), st.integers(0, len(RULES) - 1), st.none()),
    ),
    min_size=10,
    max_size=60,
)


def in_order(heard: Any) -> list[Any]:
    """By session and subscription: in which order those of one publication come is said nowhere."""
    return sorted(heard, key=lambda pair: (pair[0], pair[1].subscription))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_the_broker_does_what_a_naive_model_does(steps):
    """The same is heard by the same, now and later."""
    rules = tuple(HistoryRule(uri, Match(match), KEPT) for uri, match in RULES)
    meeting = Meeting({role: anyone(role) for role in ("user", "admin")}, settings=Settings(history=rules))
    for name in ("dora", "emil"):
        meeting.join(name, role="admin")
    sessions = {name: session for session, name in meeting.names.items()}
    model = Model()
    for act, name, what, how in steps:
        session = sessions[name]
        if act == "subscribe":
            uri, match = what
            options = {"match": match, "get_retained": how}
            heard = meeting.send(session, Subscribe(1, options, uri))
            expected = model.subscribe(name, uri, match, how)
            assert expected == heard
        elif act == "unsubscribe":
            ended = model.unsubscribe(name, *what)
            if ended is not None:
                assert ended[1] == meeting.send(session, Unsubscribe(1, ended[0]))
        elif act == "publish":
            message = Publish(1, dict(how), what, pack(len(model.published)))
            heard = meeting.send(session, message)
            assert in_order(model.publish(name, what, how)) == in_order(heard)
        else:
            found = meeting.realm.broker.history.events(what + 1, HistoryFilter(), session)
            assert model.history(name, what) == [event["publication"] for event in found]
