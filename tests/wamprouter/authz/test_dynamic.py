"""A role for which a procedure decides: what it is asked, what its answers mean, and how long they hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.realm import PUBLICATION, Meeting, anyone
from wamp.protocol.errors import NotAuthorized
from wamp.protocol.messages import Call, Error, Event, Invocation, Message, Publish, Register, Subscribe, Subscribed
from wamp.protocol.uris import Match, UriCheck
from wamprouter.authz import Action, Decision, Pending
from wamprouter.authz.dynamic import DynamicRole, noticing_authorizers
from wamprouter.callers import Answer
from wamprouter.inbox import accept, refused_publication
from wamprouter.realm.facts import Registered, Unregistered
from wamprouter.realm.history import HistoryFilter
from wamprouter.realm.registrations import Registration
from wamprouter.session import Session
from wamprouter.statistics.timing import Moment, Timing

PERMITTED, DISCLOSED, DENIED, FAILED = Decision.PERMITTED, Decision.DISCLOSED, Decision.DENIED, Decision.FAILED
EXACT, PREFIX = Match.EXACT, Match.PREFIX
YES, NO = Answer(True), Answer(False)
NOT_AUTHORIZED, AUTHORIZATION_FAILED = "wamp.error.not_authorized", "wamp.error.authorization_failed"


def kept(*, allow: bool = True, **more: Any) -> Answer:
    """An answer that holds for a while."""
    return Answer({"allow": allow, "cache": True, **more})


class Court:
    """A realm in which Sam's and Sue's role is decided by who is asked, and what is heard of that."""

    def __init__(self, **options: Any) -> None:
        self.questions: list[tuple[list[Any], Callable[[Answer], None]]] = []
        self.at_once: Answer | None = None
        self.reports: list[str] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.delivered: list[tuple[str, Message]] = []
        self.listeners: list[Callable[[list[Any]], None]] = []
        self.role = DynamicRole(
            "judged",
            "com.judge",
            realm="realm1",
            describe=lambda session: {"peer": f"home of {session.authid}"},
            ask=self._ask,
            hear=self._hear,
            deliver=self._deliver,
            later=lambda seconds, action: self.timers.append((seconds, action)),
            now=lambda: self.meeting.time,
            report=self.reports.append,
            **options,
        )
        self.meeting = Meeting({"user": anyone(), "judged": self.role})
        self.sam = self.meeting.join("sam", role="judged")
        self.sue = self.meeting.join("sue", role="judged")
        self.meeting.ask(self.meeting.bob, Register(1, {}, "com.add"))
        self.meeting.ask(self.meeting.bob, Subscribe(2, {}, "com.news"))

    def _ask(self, args: Any, done: Callable[[Answer], None]) -> None:
        if self.at_once is None:
            self.questions.append((list(args), done))
        else:
            done(self.at_once)

    def _hear(self, hear: Callable[[list[Any]], None]) -> Callable[[], None]:
        self.listeners.append(hear)
        return lambda: self.listeners.remove(hear)

    def _deliver(self, deliveries: Any) -> None:
        self.delivered += self.meeting.heard(deliveries)

    def says(self, session: Session, message: Message) -> list[tuple[str, Message]]:
        return self.meeting.heard(accept(session, message))

    def answer(self, answer: Answer) -> list[tuple[str, Message]]:
        """Answer the first question; return who hears what then."""
        self.delivered.clear()
        self.questions.pop(0)[1](answer)
        return list(self.delivered)

    def decides(
        self, answer: Answer, action: Action = Action.CALL, uri: str = "com.add", match: Match = EXACT
    ) -> Decision:
        """Return what comes of an answer to one question."""
        decided: list[Decision] = []
        pending = self.sam.role.decide(action, uri, match)
        assert isinstance(pending, Pending), pending
        pending.then(lambda decision: decided.append(decision) or [])
        self.answer(answer)
        return decided[0]

    def is_asked(self, session: Session, action: Action = Action.CALL, uri: str = "com.add") -> bool:
        """Tell whether the authorizer is asked about that now."""
        before = len(self.questions)
        session.role.decide(action, uri)
        asked = self.questions[before:]
        del self.questions[before:]
        return bool(asked)


@pytest.fixture
def court() -> Court:
    return Court()


# -- questions


def test_the_authorizer_is_told_who_wants_what(court):
    """In Crossbar's order."""
    court.says(court.sam, Call(1, {"timeout": 7, "x": [1]}, "com.add"))
    who = {
        "session": court.sam.id,
        "realm": "realm1",
        "authid": "sam",
        "authrole": "judged",
        "authmethod": "anonymous",
        "authprovider": "static",
        "transport": {"peer": "home of sam"},
    }
    assert [who, "com.add", "call", {"timeout": 7, "x": [1]}] == court.questions[0][0]


@pytest.mark.parametrize(
    ("message", "action", "options"),
    [
        (Call(1, {}, "com.it"), "call", {}),
        (Publish(1, {"acknowledge": True}, "com.it"), "publish", {"acknowledge": True}),
        (Subscribe(1, {}, "com.it"), "subscribe", {"match": "exact"}),
        (Subscribe(1, {"match": "prefix", "get_retained": True}, "com.it"), "subscribe", None),
        (Register(1, {"match": "wildcard", "invoke": "roundrobin"}, "com.it"), "register", None),
    ],
)
def test_options_come_with_it(court, message, action, options):
    """And always how a subscription or registration matches: a pattern is more than a URI."""
    court.says(court.sam, message)
    assert ["com.it", action, message.options if options is None else options] == court.questions[0][0][1:]


@pytest.mark.parametrize(
    "message",
    [Call(1, {}, "com..it"), Publish(1, {"acknowledge": True}, "wamp.x"), Register(1, {}, "wamp.session.count")],
)
def test_about_what_nobody_may_nobody_is_asked(court, message):
    """An invalid URI, and what only the router provides."""
    [(name, error)] = court.says(court.sam, message)
    assert ("sam", "wamp.error.invalid_uri", []) == (name, error.error, court.questions)


def test_a_strict_realm_is_strict_here_too():
    court = Court(uri_check=UriCheck.STRICT)
    [(_, error)] = court.says(court.sam, Call(1, {}, "com.Add"))
    assert "wamp.error.invalid_uri" == error.error


# -- answers


@pytest.mark.parametrize(
    ("value", "decision"),
    [
        (True, PERMITTED),
        (False, DENIED),
        ({"allow": True}, PERMITTED),
        ({"allow": False}, DENIED),
        ({"allow": True, "disclose": True}, DISCLOSED),
        ({"allow": True, "disclose": False, "cache": False}, PERMITTED),
        ({"allow": False, "disclose": True}, DENIED),
        ({"allow": True, "note": "an unknown key"}, PERMITTED),
        # Whatever is no clear yes is a no.
        (None, FAILED),
        (1, FAILED),
        ("true", FAILED),
        ([True], FAILED),
        ({}, FAILED),
        ({"alow": True}, FAILED),
        ({"allow": 1}, FAILED),
        ({"allow": None}, FAILED),
        ({"allow": True, "disclose": "yes"}, FAILED),
        ({"allow": True, "cache": 1}, FAILED),
        ({"disclose": True}, FAILED),
    ],
)
def test_what_an_answer_means(court, value, decision):
    assert decision is court.decides(Answer(value))


@pytest.mark.parametrize(
    "error", ["wamp.error.no_such_procedure", "wamp.error.timeout", "wamp.error.canceled", "com.whatever"]
)
def test_no_answer_is_a_no(court, error):
    """The authorizer is not there, late, gone, or raises."""
    assert FAILED is court.decides(Answer(error=error))


def test_a_yes_lets_the_request_through(court):
    assert [] == court.says(court.sam, Call(1, {}, "com.add"))
    assert [("bob", Invocation(1, 1, {}))] == court.answer(YES)


def test_a_no_is_not_authorized(court):
    court.says(court.sam, Call(1, {}, "com.add"))
    assert [("sam", Error(Call.CODE, 1, {}, NOT_AUTHORIZED))] == court.answer(NO)


def test_no_decision_is_another_error(court):
    """So that an operator looks at the authorizer and not at the permissions."""
    court.says(court.sam, Call(1, {}, "com.add"))
    assert [("sam", Error(Call.CODE, 1, {}, AUTHORIZATION_FAILED))] == court.answer(Answer("yes"))


def test_an_answer_at_once_takes_no_waiting(court):
    """Such as that there are too many questions."""
    court.at_once = Answer(error="wamp.error.unavailable")
    assert [("sam", Error(Call.CODE, 1, {}, AUTHORIZATION_FAILED))] == court.says(court.sam, Call(1, {}, "com.add"))
    court.at_once = YES
    assert [("bob", Invocation(1, 1, {}))] == court.says(court.sam, Call(2, {}, "com.add"))


def test_who_has_left_meanwhile_gets_nothing(court):
    court.says(court.sam, Call(1, {}, "com.add"))
    court.meeting.leave(court.sam)
    assert [] == court.answer(YES)


def test_a_session_s_messages_keep_their_order(court):
    """Those about which nothing needs to be asked wait as well; other sessions do not."""
    court.says(court.sam, Publish(1, {}, "com.news"))
    court.says(court.sam, Call(2, {}, "com.add"))
    court.says(court.sue, Publish(1, {}, "com.news"))
    assert ["sam", "sue"] == [args[0]["authid"] for args, _ in court.questions]
    assert [("bob", Event(1, PUBLICATION, {}))] == court.answer(YES)
    assert [("bob", Event(1, PUBLICATION + 1, {}))] == court.answer(YES)
    assert [("bob", Invocation(1, 1, {}))] == court.answer(YES)


# -- disclosure


@pytest.mark.parametrize("disclosed", [[], [Action.CALL], [Action.PUBLISH], [Action.CALL, Action.PUBLISH]])
@pytest.mark.parametrize("action", [Action.CALL, Action.PUBLISH])
def test_a_role_may_disclose_all_of_its_own(disclosed, action):
    court = Court(disclose=disclosed)
    assert (DISCLOSED if action in disclosed else PERMITTED) is court.decides(YES, action)
    assert DENIED is court.decides(NO, action)
    assert DISCLOSED is court.decides(Answer({"allow": True, "disclose": True}), action)


def test_who_is_disclosed_is_named_to_the_callee(court):
    court.says(court.sam, Call(1, {}, "com.add"))
    [(_, invocation)] = court.answer(Answer({"allow": True, "disclose": True}))
    assert ("sam", "judged") == (invocation.details["caller_authid"], invocation.details["caller_authrole"])


# -- what is remembered


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("answer", [YES, NO, Answer({"allow": True}), Answer({"allow": True, "cache": False})])
def test_nothing_is_remembered_unless_the_answer_says_so(court, action, answer):
    court.decides(answer, action)
    assert court.is_asked(court.sam, action)
    assert [] == court.timers


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(
    ("answer", "decision"),
    [(kept(), PERMITTED), (kept(allow=False), DENIED), (kept(disclose=True), DISCLOSED)],
)
def test_what_may_be_remembered_is(court, action, answer, decision):
    court.decides(answer, action)
    assert decision is court.sam.role.decide(action, "com.add")
    assert decision is court.sam.role.known(action, "com.add")
    assert 1 == court.role.questions


def test_it_is_remembered_for_who_and_what_it_was_about(court):
    """Another session, action, URI or match is another question."""
    court.decides(kept(), Action.SUBSCRIBE)
    assert court.is_asked(court.sue, Action.SUBSCRIBE)
    assert court.is_asked(court.sam, Action.REGISTER)
    assert court.is_asked(court.sam, Action.SUBSCRIBE, "com.add.more")
    assert isinstance(court.sam.role.decide(Action.SUBSCRIBE, "com.add", PREFIX), Pending)


def test_a_failure_is_never_remembered(court):
    court.decides(Answer({"allow": "yes", "cache": True}))
    assert court.is_asked(court.sam)


def test_the_inbox_finds_what_is_remembered(court):
    """It looks where a static role keeps its decisions, so that the second call costs the same."""
    court.decides(kept())
    court.decides(kept(), Action.PUBLISH, "com.news")
    assert ({"com.add": PERMITTED}, {"com.news": PERMITTED}) == (court.sam.role.calls, court.sam.role.publications)
    assert [("bob", Invocation(1, 1, {}))] == court.says(court.sam, Call(1, {}, "com.add"))
    assert [("bob", Event(1, PUBLICATION, {}))] == court.says(court.sam, Publish(2, {}, "com.news"))


def test_it_is_forgotten_in_time():
    """No decision gets older than that, and one timer does for all."""
    court = Court(cache_ttl=30)
    court.decides(kept())
    court.decides(kept(), Action.PUBLISH)
    [(seconds, clear)] = court.timers
    assert 30 == seconds
    clear()
    assert court.is_asked(court.sam)
    assert court.is_asked(court.sam, Action.PUBLISH)
    court.decides(kept())
    assert 2 == len(court.timers)


def test_zero_seconds_is_never():
    court = Court(cache_ttl=0)
    court.decides(kept())
    assert court.is_asked(court.sam)
    assert [] == court.timers


def remembered(court: Court) -> set[str]:
    return {uri for uri in ("com.a", "com.b", "com.c") if court.sam.role.known(Action.CALL, uri) is not None}


@pytest.mark.parametrize(
    ("event", "left"),
    [
        ([], set()),
        ([["com.a", "com.x"]], {"com.b", "com.c"}),
        (["com.a"], {"com.b", "com.c"}),
        (["com.a", ["com.b"]], {"com.c"}),
        ([[]], set()),
        ([{"uri": "com.a"}], set()),
        (["com.a", 7], set()),
        ([None], set()),
    ],
)
def test_an_event_makes_it_forget(court, event, left):
    """Some URIs, or everything; what is not understood is meant to be everything."""
    for uri in ("com.a", "com.b", "com.c"):
        court.decides(kept(), Action.CALL, uri)
    court.listeners[0](event)
    assert left == remembered(court)


def test_an_event_is_about_all_that_is_done_to_a_uri(court):
    """Called or subscribed to, by whatever match."""
    court.decides(kept(), Action.SUBSCRIBE, "com.a")
    court.decides(kept(), Action.SUBSCRIBE, "com.a", PREFIX)
    court.decides(kept(), Action.SUBSCRIBE, "com.b")
    court.listeners[0](["com.a"])
    assert None is court.sam.role.known(Action.SUBSCRIBE, "com.a")
    assert None is court.sam.role.known(Action.SUBSCRIBE, "com.a", PREFIX)
    assert PERMITTED is court.sam.role.known(Action.SUBSCRIBE, "com.b")


def test_an_answer_to_an_older_question_is_not_remembered(court):
    """It was asked before something changed, and may be answered from before that."""
    court.says(court.sam, Call(1, {}, "com.add"))
    court.role.forget(["com.other"])
    assert [("bob", Invocation(1, 1, {}))] == court.answer(kept())
    assert court.is_asked(court.sam)


@pytest.mark.parametrize(
    ("procedure", "match", "is_forgotten"),
    [
        ("com.judge", EXACT, True),
        ("com.", PREFIX, True),
        ("com.", Match.WILDCARD, True),
        ("com.other", EXACT, False),
        ("com.judge.more", PREFIX, False),
        (".judges", Match.WILDCARD, False),
    ],
)
def test_another_authorizer_is_asked_anew(court, procedure, match, is_forgotten):
    """Whoever registers it may decide otherwise. That one leaves changes nothing: what it said holds for its time."""
    told: list[Any] = []
    tell = noticing_authorizers([court.role], told.append)
    court.decides(kept())
    registration = Registration(9, procedure, match, "single", 0, Timing(Moment(float)))
    facts = [Unregistered(court.meeting.bob, registration), Registered(court.meeting.bob, registration)]
    tell(facts[0])
    assert not court.is_asked(court.sam)
    tell(facts[1])
    assert is_forgotten is court.is_asked(court.sam)
    assert facts == told


def test_a_role_that_is_retired_hears_nothing_more(court):
    court.decides(kept())
    court.role.retire()
    assert [] == court.listeners
    assert court.is_asked(court.sam)


def test_there_is_a_bound_for_each_session(court):
    """A client that makes up URIs does not fill the memory."""
    court.at_once = kept()
    for number in range(1000):
        court.sam.role.decide(Action(("call", "publish", "subscribe", "register")[number % 4]), f"com.{number}")
        assert court.sam.role._count() <= 256
    assert court.role._remembered == court.sam.role._count()


def test_there_is_a_bound_for_each_role(court):
    """Nor do a thousand clients."""
    court.at_once = kept()
    for number in range(600):
        session = court.meeting.join(f"sam{number}", role="judged")
        for uri in range(200):
            session.role.decide(Action.CALL, f"com.{uri}")
        court.meeting.leave(session)
        assert court.role._remembered == sum(rights._count() for rights in court.role._remembering) <= 100_000
    [(_, clear)] = court.timers
    clear()
    assert (0, 0) == (court.role._remembered, len(court.role._remembering))


def test_long_uris_are_not_remembered(court):
    court.decides(kept(), Action.CALL, "com." + "a" * 197)
    assert court.is_asked(court.sam, Action.CALL, "com." + "a" * 197)


# -- what cannot wait


def test_a_testament_needs_a_decision_that_is_remembered(court):
    """Nobody can be asked when its author has gone, so nobody is asked in vain."""
    testament = Publish(1, {}, "com.news")
    assert NOT_AUTHORIZED == refused_publication(court.sam, testament).uri
    assert [] == court.questions
    court.decides(kept(), Action.PUBLISH, "com.news")
    assert None is refused_publication(court.sam, testament)


def test_history_is_for_who_may_subscribe(court):
    """As far as that is known."""
    history = court.meeting.realm.broker.history
    with pytest.raises(NotAuthorized):
        history.events(1, HistoryFilter(), court.sam)
    assert [] == court.questions
    court.decides(kept(), Action.SUBSCRIBE, "com.news")
    assert [] == history.events(1, HistoryFilter(), court.sam)


# -- the log


def test_a_failing_authorizer_is_named_once_in_a_while(court):
    """A thousand requests a second must not become a thousand lines."""
    for _ in range(5):
        court.decides(Answer("secret"))
    [line] = court.reports
    assert "authorizer com.judge of role judged in realm realm1 did not decide: it returned str, expected" in line
    court.meeting.time = 59.9
    court.decides(Answer(error="wamp.error.timeout"))
    assert [line] == court.reports
    court.meeting.time = 60
    court.decides(Answer(error="wamp.error.timeout"))
    assert "it failed with wamp.error.timeout" in court.reports[1]
    assert "(6 requests were denied since the last such line)" in court.reports[1]
    assert (7, 7) == (court.role.questions, court.role.failures)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "it returned nothing"),
        ("secret", "it returned str"),
        ({"secret": 1}, "it returned a dictionary with no allow"),
        ({"allow": "secret", "cache": True}, "it returned a dictionary with allow: str, cache: bool"),
        ({"cache": True}, "it returned a dictionary with cache: bool"),
    ],
)
def test_only_its_kind_is_told(court, value, told):
    """Not what it is: that may be anything."""
    court.decides(Answer(value))
    assert told in court.reports[0]
    assert "secret" not in court.reports[0]


def test_subscribed_for_good(court):
    """The permission is asked for once: events are not, as for every role."""
    court.says(court.sam, Subscribe(1, {}, "com.news"))
    assert [("sam", Subscribed(1, 1))] == court.answer(YES)
    heard = court.says(court.meeting.alice, Publish(1, {}, "com.news"))
    assert {"bob", "sam"} == {name for name, _ in heard}
    assert [] == court.questions
