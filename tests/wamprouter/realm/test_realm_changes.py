"""A realm that is told something else while it runs: roles, settings, histories; and one that comes to its end."""

import pytest
from msgspec.structs import replace

from tests.support.realm import ALL_FEATURES, Meeting, anyone, pack
from wamp.protocol.messages import (
    Call,
    Error,
    Event,
    Invocation,
    Publish,
    Register,
    Registered,
    Result,
    Subscribe,
    Unregistered,
    Unsubscribed,
    Yield,
)
from wamp.protocol.uris import Match
from wamprouter.authz.roles import Action, Role, Rule
from wamprouter.realm.settings import DEFAULT, HistoryRule, Settings

REASON = "wamp.error.not_authorized"
REVOCABLE = ALL_FEATURES | {"callee.registration_revocation", "subscriber.subscription_revocation"}


def only(*uris: str) -> dict[str, Role]:
    """Return the roles of a meeting, where only these URIs are allowed."""
    return {"user": Role("user", [Rule(uri, Match.EXACT, Action) for uri in uris])}


@pytest.fixture
def meeting() -> Meeting:
    """Dora may be told of revocations. She has registered and subscribed to com.kept and com.lost, as Bob has."""
    meeting = Meeting()
    meeting.dora = meeting.join("dora", features=REVOCABLE)
    for who, invoke in ((meeting.dora, "random"), (meeting.bob, "random")):
        for number, uri in enumerate(("com.kept", "com.lost")):
            meeting.send(who, Register(2 * number + 1, {"invoke": invoke}, uri))
            meeting.send(who, Subscribe(2 * number + 2, {}, uri))
    meeting.facts.clear()
    return meeting


def revised(meeting, who):
    return meeting.heard(meeting.realm.revise(who, REASON))


def configured(meeting, *, roles=None, settings=DEFAULT):
    meeting.realm.configure(roles or {"user": anyone()}, settings, meeting.facts.append)
    meeting.realm.resize()


def test_what_is_denied_now_is_revoked(meeting):
    """She is told by the ids; what she may keep she keeps."""
    configured(meeting, roles=only("com.kept"))
    assert [
        ("dora", Unregistered(0, {"registration": 2, "reason": REASON})),
        ("dora", Unsubscribed(0, {"subscription": 2, "reason": REASON})),
    ] == revised(meeting, meeting.dora)
    assert ["com.kept"] == [one.procedure for one in meeting.dora.registrations.values()]
    assert ["com.kept"] == [one.topic for one in meeting.dora.subscriptions.values()]


def test_who_has_not_announced_it_is_told_nothing_and_loses_the_same(meeting):
    configured(meeting, roles=only("com.kept"))
    assert [] == revised(meeting, meeting.bob)
    assert ["com.kept"] == [one.procedure for one in meeting.bob.registrations.values()]
    assert ["com.kept"] == [one.topic for one in meeting.bob.subscriptions.values()]


def test_the_others_keep_what_they_share(meeting):
    """Each session is looked at by itself."""
    configured(meeting, roles=only("com.kept"))
    revised(meeting, meeting.dora)
    meeting.choice = 0
    assert [("bob", Invocation)] == [
        (name, type(message)) for name, message in meeting.send(meeting.alice, Call(1, {}, "com.lost"))
    ]


def test_it_is_told_as_facts(meeting):
    """So the meta API tells of it."""
    configured(meeting, roles=only("com.kept"))
    revised(meeting, meeting.dora)
    revised(meeting, meeting.bob)
    assert [
        "Unregistered dora",
        "Unsubscribed dora",
        "Unregistered bob",
        "RegistrationDeleted bob",
        "Unsubscribed bob",
        "SubscriptionDeleted bob",
    ] == meeting.told


def test_a_call_in_flight_comes_to_its_end(meeting):
    """Of a registration that is revoked meanwhile."""
    meeting.send(meeting.alice, Call(1, {}, "com.lost"))
    configured(meeting, roles=only("com.kept"))
    for who in (meeting.dora, meeting.bob, meeting.alice):
        revised(meeting, who)
    working = next(who for who in (meeting.dora, meeting.bob) if who.invocations)
    assert [("alice", Result(1, {}, pack(5)))] == meeting.send(working, Yield(1, {}, pack(5)))


def test_a_pattern_goes_where_a_part_of_it_is_denied(meeting):
    meeting.send(meeting.dora, Subscribe(9, {"match": "prefix"}, "com."))
    configured(meeting, roles=only("com.kept", "com.lost"))
    assert [("dora", Unsubscribed(0, {"subscription": 3, "reason": REASON}))] == revised(meeting, meeting.dora)


def test_the_new_role_decides_from_then_on(meeting):
    configured(meeting, roles=only("com.kept"))
    revised(meeting, meeting.alice)
    assert [("alice", Error(Call.CODE, 1, {}, REASON))] == meeting.ask(meeting.alice, Call(1, {}, "com.lost"))


class Asking:
    """A role for which somebody else decides, who cannot be asked here."""

    name = "user"
    trustlevel = None

    def for_session(self, _session):
        return self

    def known(self, *_):
        return None


def test_what_nobody_decides_at_once_stays(meeting):
    """Asking again would take time, in which it were neither there nor gone."""
    configured(meeting, roles={"user": Asking()})
    assert [] == revised(meeting, meeting.dora)
    assert 2 == len(meeting.dora.registrations)


# -- settings


def test_settings_can_be_taken_back_until_they_are_carried_out(meeting):
    """Nothing that is kept is lost by then."""
    history = Settings(history=(HistoryRule("com.log"),))
    configured(meeting, settings=history)
    meeting.send(meeting.alice, Publish(1, {"retain": True}, "com.log", pack(1)))
    meeting.realm.configure(only(), Settings(max_retained=0), meeting.facts.append)
    meeting.realm.configure({"user": anyone()}, history, meeting.facts.append)
    meeting.realm.resize()
    assert 1 == len(meeting.realm.broker.retention)
    assert 1 == len(list(meeting.realm.broker.lookup("com.log", Match.EXACT).log.events()))


@pytest.mark.parametrize(
    ("settings", "request_"),
    [
        (Settings(max_registrations=2), Register(9, {}, "com.more")),
        (Settings(max_subscriptions=2), Subscribe(9, {}, "com.more")),
        (Settings(max_calls=0), Call(9, {}, "com.kept")),
    ],
)
def test_a_limit_holds_for_the_next_request(meeting, settings, request_):
    """What there is beyond it stays; without it there is room again."""
    configured(meeting, settings=settings)
    [(_, answer)] = meeting.send(meeting.dora, request_)
    assert "wamp.error.limit_exceeded" == answer.error
    configured(meeting)
    [(_, answer)] = meeting.send(meeting.dora, replace(request_, request=10))
    assert not isinstance(answer, Error)


def test_a_limit_of_time_holds_for_the_next_call(meeting):
    meeting.send(meeting.alice, Call(1, {}, "com.kept"))
    configured(meeting, settings=Settings(max_call_timeout=1000))
    meeting.send(meeting.alice, Call(2, {}, "com.kept"))
    assert [("alice", Error(Call.CODE, 2, {}, "wamp.error.timeout"))] == [
        (name, message) for name, message in meeting.wait(2) if name == "alice"
    ]


# -- histories


def kept(meeting, topic="com.log", match=Match.EXACT):
    """Return how many events are kept of a topic; None if there is no history."""
    subscription = meeting.realm.broker.lookup(topic, match)
    return None if subscription is None or subscription.log is None else len(list(subscription.log.events()))


def publish(meeting, count=1):
    for number in range(count):
        meeting.send(meeting.alice, Publish(number + 1, {}, "com.log", pack(number)))


def test_a_history_begins(meeting):
    publish(meeting)
    configured(meeting, settings=Settings(history=(HistoryRule("com.log"),)))
    assert 0 == kept(meeting)
    publish(meeting, 3)
    assert 3 == kept(meeting)


def test_a_history_begins_where_somebody_has_subscribed(meeting):
    """It is the same subscription, whose subscribers go on."""
    configured(meeting, settings=Settings(history=(HistoryRule("com.kept"),)))
    heard = meeting.send(meeting.alice, Publish(1, {}, "com.kept", pack(1)))
    assert [("dora", Event), ("bob", Event)] == [(name, type(message)) for name, message in heard]
    assert 1 == kept(meeting, "com.kept")


def test_a_history_shrinks_and_grows(meeting):
    """Of what is there the latest stay."""
    configured(meeting, settings=Settings(history=(HistoryRule("com.log"),)))
    publish(meeting, 5)
    configured(meeting, settings=Settings(history=(HistoryRule("com.log", limit=2),)))
    assert 2 == kept(meeting)
    configured(meeting, settings=Settings(history=(HistoryRule("com.log", limit=3),)))
    publish(meeting, 5)
    assert 3 == kept(meeting)


def test_a_history_ends(meeting):
    """Nothing of it is there when there is one again."""
    settings = Settings(history=(HistoryRule("com.log"), HistoryRule("com.", Match.PREFIX)))
    configured(meeting, settings=settings)
    publish(meeting, 2)
    configured(meeting)
    assert [None, None] == [kept(meeting), kept(meeting, "com.", Match.PREFIX)]
    assert meeting.realm.broker.lookup("com.log", Match.EXACT) is None
    configured(meeting, settings=settings)
    assert [0, 0] == [kept(meeting), kept(meeting, "com.", Match.PREFIX)]


def test_a_history_that_ends_leaves_the_subscribers(meeting):
    configured(meeting, settings=Settings(history=(HistoryRule("com.kept"),)))
    configured(meeting)
    assert kept(meeting, "com.kept") is None
    heard = meeting.send(meeting.alice, Publish(1, {}, "com.kept", pack(1)))
    assert ["dora", "bob"] == [name for name, _ in heard]


def test_retained_events_shrink(meeting):
    for number in range(5):
        meeting.send(meeting.alice, Publish(number + 1, {"retain": True}, f"com.topic.{number}"))
    configured(meeting, settings=Settings(max_retained=2))
    assert 2 == len(meeting.realm.broker.retention)


# -- the end


def test_a_realm_that_ends_keeps_nothing_in_the_store(meeting):
    configured(meeting, settings=Settings(history=(HistoryRule("com.log"), HistoryRule("com.kept"))))
    publish(meeting)
    store = meeting.realm.broker._store
    assert 2 == len(store._logs)
    meeting.realm.close()
    assert 0 == len(store._logs)


def test_while_it_is_drained_no_call_is_taken(meeting):
    """And everything else is."""
    meeting.realm.drain()
    [(_, answer)] = meeting.send(meeting.alice, Call(1, {}, "com.kept"))
    assert "wamp.error.unavailable" == answer.error
    assert ["dora", "bob"] == [name for name, _ in meeting.send(meeting.alice, Publish(2, {}, "com.kept"))]
    [(_, answer)] = meeting.send(meeting.alice, Register(3, {}, "com.new"))
    assert isinstance(answer, Registered)


def test_who_works_on_an_answer_may_call_while_it_is_drained(meeting):
    """It may need that for the answer. When it has given it, it may not."""
    meeting.send(meeting.carol, Register(1, {}, "com.work"))
    meeting.send(meeting.alice, Call(1, {}, "com.work"))
    meeting.realm.drain()
    assert [Invocation] == [type(message) for _, message in meeting.send(meeting.carol, Call(2, {}, "com.kept"))]
    meeting.send(meeting.carol, Yield(1, {}))
    [(_, answer)] = meeting.send(meeting.carol, Call(3, {}, "com.kept"))
    assert "wamp.error.unavailable" == answer.error
