"""Procedures with many callees: who may share one, who is invoked, and how many calls each takes."""

import pytest

from tests.support.realm import ALL_FEATURES, Meeting
from wamp.protocol.errors import NetworkFailure
from wamp.protocol.messages import (
    Call,
    Cancel,
    Error,
    Invocation,
    Register,
    Registered,
    Unregister,
    Unregistered,
    Yield,
)

EXISTS = Error(Register.CODE, 1, {}, "wamp.error.procedure_already_exists")
SHARED = ["first", "last", "roundrobin", "random"]
POLICIES = ["single", *SHARED]


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


def shared(invoke: str, **options: object) -> Meeting:
    """Bob, Carol and Dora share com.add, in this order."""
    meeting = Meeting()
    for session in (meeting.bob, meeting.carol, meeting.join("dora")):
        meeting.send(session, Register(1, {"invoke": invoke, **options}, "com.add"))
    return meeting


def invoked(meeting: Meeting, *requests: int) -> list[str]:
    """Let Alice call; return who is invoked."""
    names = []
    for request in requests:
        [(name, message)] = meeting.send(meeting.alice, Call(request, {}, "com.add"))
        names.append(name if isinstance(message, Invocation) else message.error)
    return names


BUSY = "wamp.error.no_available_callee"


# Who may share


@pytest.mark.parametrize("invoke", SHARED)
def test_callees_share_a_registration(meeting, invoke):
    """It has one id."""
    heard = [
        meeting.send(session, Register(1, {"invoke": invoke}, "com.add")) for session in (meeting.bob, meeting.carol)
    ]
    assert [[("bob", Registered(1, 1))], [("carol", Registered(1, 1))]] == heard


@pytest.mark.parametrize("first", POLICIES)
@pytest.mark.parametrize("second", POLICIES)
def test_the_first_callee_determines_the_policy(meeting, first, second):
    """Others come in with the same, and with single nobody does."""
    meeting.send(meeting.bob, Register(1, {"invoke": first}, "com.add"))
    heard = meeting.send(meeting.carol, Register(1, {"invoke": second}, "com.add"))
    assert [("carol", Registered(1, 1) if first == second != "single" else EXISTS)] == heard


def test_without_a_policy_a_procedure_is_not_shared(meeting):
    """The default is single."""
    meeting.send(meeting.bob, Register(1, {}, "com.add"))
    assert [("carol", EXISTS)] == meeting.send(meeting.carol, Register(1, {"invoke": "roundrobin"}, "com.add"))


@pytest.mark.parametrize("invoke", SHARED)
def test_who_registers_again_keeps_its_registration(meeting, invoke):
    """The same id; nobody else is told, and it is invoked as one."""
    meeting.send(meeting.bob, Register(1, {"invoke": invoke}, "com.add"))
    meeting.facts.clear()
    assert [("bob", Registered(2, 1))] == meeting.send(meeting.bob, Register(2, {"invoke": invoke}, "com.add"))
    assert [] == meeting.told
    meeting.send(meeting.bob, Unregister(3, 1))
    assert None is meeting.realm.dealer.lookup("com.add", "exact")


def test_match_and_procedure_are_what_is_shared(meeting):
    """Another match is another registration."""
    meeting.send(meeting.bob, Register(1, {"invoke": "first"}, "com.add"))
    heard = meeting.send(meeting.carol, Register(1, {"invoke": "first", "match": "prefix"}, "com.add"))
    assert [("carol", Registered(1, 2))] == heard


def test_facts_tell_the_first_and_the_last_callee(meeting):
    """The registration is created once and deleted once."""
    options = {"invoke": "roundrobin"}
    meeting.send(meeting.bob, Register(1, options, "com.add"))
    meeting.send(meeting.carol, Register(1, options, "com.add"))
    meeting.send(meeting.bob, Unregister(2, 1))
    meeting.send(meeting.carol, Unregister(2, 1))
    assert [
        "RegistrationCreated bob",
        "Registered bob",
        "Registered carol",
        "Unregistered bob",
        "Unregistered carol",
        "RegistrationDeleted carol",
    ] == meeting.told


def test_a_registration_says_what_it_is(meeting):
    """As the meta API tells it."""
    meeting.wall_time = 12.5
    meeting.send(meeting.bob, Register(1, {"invoke": "last", "match": "prefix"}, "com.add"))
    meeting.send(meeting.carol, Register(1, {"invoke": "last", "match": "prefix"}, "com.add"))
    registration = meeting.realm.dealer.best("com.add.two")
    assert (1, "com.add", "prefix", "last", 12.5, [meeting.bob, meeting.carol]) == (
        registration.id,
        registration.procedure,
        registration.match,
        registration.invoke,
        registration.created,
        registration.callees,
    )


def test_what_is_not_registered_is_not_found(meeting):
    """Neither exactly nor as the best match; and no pattern is the best match for what is the router's."""
    meeting.send(meeting.bob, Register(1, {"match": "prefix"}, "wam"))
    dealer = meeting.realm.dealer
    assert (None, None, None) == (
        dealer.lookup("wam", "exact"),
        dealer.best("com.add"),
        dealer.best("wamp.session.get"),
    )


# Who is invoked


@pytest.mark.parametrize(
    ("invoke", "names"),
    [
        ("first", ["bob", "bob", "bob", "bob"]),
        ("last", ["dora", "dora", "dora", "dora"]),
        ("roundrobin", ["bob", "carol", "dora", "bob"]),
    ],
)
def test_the_policy_says_who_is_invoked(invoke, names):
    """One callee for each call."""
    assert names == invoked(shared(invoke), 1, 2, 3, 4)


def test_random_is_by_chance():
    """By the chance that the realm was given."""
    meeting = shared("random")
    names = []
    for meeting.choice in (2, 0, 1, 1):
        names += invoked(meeting, len(names) + 1)
    assert ["dora", "bob", "carol", "carol"] == names


@pytest.mark.parametrize(("invoke", "name"), [("first", "carol"), ("last", "dora"), ("roundrobin", "carol")])
def test_who_unregisters_is_not_invoked(invoke, name):
    """The others are."""
    meeting = shared(invoke)
    assert [("bob", Unregistered(2))] == meeting.send(meeting.bob, Unregister(2, 1))
    assert [name] == invoked(meeting, 1)


@pytest.mark.parametrize(("invoke", "name"), [("first", "carol"), ("last", "dora"), ("roundrobin", "carol")])
def test_who_leaves_is_not_invoked(invoke, name):
    """Hot stand-by: the next one takes over."""
    meeting = shared(invoke)
    meeting.leave(meeting.bob)
    assert [name] == invoked(meeting, 1)


def test_the_round_goes_on_where_it_was():
    """Nobody is left out because somebody has left."""
    meeting = shared("roundrobin")
    assert ["bob", "carol"] == invoked(meeting, 1, 2)
    meeting.send(meeting.bob, Unregister(2, 1))
    assert ["dora", "carol", "dora"] == invoked(meeting, 3, 4, 5)


def test_a_newcomer_is_last_in_the_round():
    """Also one that was there before."""
    meeting = shared("roundrobin")
    meeting.send(meeting.bob, Unregister(2, 1))
    meeting.send(meeting.bob, Register(3, {"invoke": "roundrobin"}, "com.add"))
    assert ["carol", "dora", "bob", "carol"] == invoked(meeting, 1, 2, 3, 4)


def test_a_shared_pattern_names_the_procedure():
    """For every callee."""
    meeting = Meeting()
    for session in (meeting.bob, meeting.carol):
        meeting.send(session, Register(1, {"invoke": "roundrobin", "match": "prefix"}, "com."))
    details = {"procedure": "com.add"}
    heard = [meeting.send(meeting.alice, Call(request, {}, "com.add")) for request in (1, 2)]
    assert [[("bob", Invocation(1, 1, details))], [("carol", Invocation(1, 1, details))]] == heard


# How many calls each takes


@pytest.mark.parametrize(
    ("invoke", "names"),
    [
        ("first", ["bob", "bob", "carol", "carol", "dora", "dora", BUSY]),
        ("last", ["dora", "dora", "carol", "carol", "bob", "bob", BUSY]),
        ("roundrobin", ["bob", "carol", "dora", "bob", "carol", "dora", BUSY]),
        ("random", ["bob", "bob", "carol", "carol", "dora", "dora", BUSY]),
    ],
)
def test_concurrency_is_honoured_by_every_policy(invoke, names):
    """Who has as many calls as it wants is passed over; if all have, the caller is told."""
    assert names == invoked(shared(invoke, concurrency=2), *range(1, 8))


@pytest.mark.parametrize("options", [{}, {"invoke": "single"}])
def test_concurrency_is_honoured_for_a_single_callee(meeting, options):
    """There is nobody to pass it over for."""
    meeting.send(meeting.bob, Register(1, {**options, "concurrency": 1}, "com.add"))
    assert ["bob", BUSY] == invoked(meeting, 1, 2)


def test_a_refused_call_is_not_in_flight(meeting):
    """Its request id may be used again."""
    meeting.send(meeting.bob, Register(1, {"concurrency": 1}, "com.add"))
    assert ["bob", BUSY] == invoked(meeting, 1, 2)
    meeting.send(meeting.bob, Yield(1, {}))
    assert ["bob"] == invoked(meeting, 2)


def test_each_callee_has_its_own_limit(meeting):
    """Or none."""
    meeting.send(meeting.bob, Register(1, {"invoke": "first", "concurrency": 1}, "com.add"))
    meeting.send(meeting.carol, Register(1, {"invoke": "first"}, "com.add"))
    assert ["bob", "carol", "carol"] == invoked(meeting, 1, 2, 3)


def test_a_limit_may_be_changed(meeting):
    """By registering again; it holds for calls from then on."""
    options = {"invoke": "first"}
    meeting.send(meeting.bob, Register(1, {**options, "concurrency": 1}, "com.add"))
    meeting.send(meeting.bob, Register(1, {**options, "concurrency": 3}, "com.add"))
    assert ["bob", "bob", "bob", BUSY] == invoked(meeting, 1, 2, 3, 4)


@pytest.mark.parametrize("concurrency", [0, -1])
def test_a_limit_is_one_or_more(meeting, concurrency):
    """Who wants no calls does not register."""
    refusal = Error(Register.CODE, 1, {}, "wamp.error.invalid_argument")
    assert [("bob", refusal)] == meeting.send(meeting.bob, Register(1, {"concurrency": concurrency}, "com.add"))


def limited(*features: str) -> Meeting:
    """Dora, who has these features, takes one call at a time, and has Alice's."""
    meeting = Meeting()
    dora = meeting.join("dora", features=features)
    meeting.send(dora, Register(1, {"concurrency": 1}, "com.add"))
    assert ["dora", BUSY] == invoked(meeting, 1, 2)
    return meeting


def dora_of(meeting: Meeting):
    return next(session for session, name in meeting.names.items() if name == "dora")


@pytest.mark.parametrize("answer", [Yield(1, {}), Yield(1, {"unknown": 1}), Error(Invocation.CODE, 1, {}, "com.error")])
def test_an_answer_makes_room(answer):
    """Whichever it is."""
    meeting = limited()
    meeting.send(dora_of(meeting), answer)
    assert ["dora"] == invoked(meeting, 2)


def test_progress_makes_no_room():
    """The callee is still at work."""
    meeting = Meeting()
    meeting.send(meeting.bob, Register(1, {"concurrency": 1}, "com.add"))
    meeting.send(meeting.alice, Call(1, {"receive_progress": True}, "com.add"))
    meeting.send(meeting.bob, Yield(1, {"progress": True}))
    assert [BUSY] == invoked(meeting, 2)


@pytest.mark.parametrize("features", [(), ALL_FEATURES])
def test_a_skipped_call_makes_room_when_the_callee_is_done(features):
    """It was not told to stop, so it is at work till then."""
    meeting = limited(*features)
    meeting.send(meeting.alice, Cancel(1, {"mode": "skip"}))
    assert [BUSY] == invoked(meeting, 2)
    assert [] == meeting.send(dora_of(meeting), Yield(1, {}))
    assert ["dora"] == invoked(meeting, 2)


def test_a_call_killed_without_waiting_makes_room_at_once():
    """The callee has been told to stop, and need not say when it has."""
    meeting = limited(*ALL_FEATURES)
    meeting.send(meeting.alice, Cancel(1, {"mode": "killnowait"}))
    assert ["dora"] == invoked(meeting, 2)


def test_a_killed_call_makes_room_when_the_callee_says_so():
    """It is waited for, also when the caller waits no more."""
    meeting = limited(*ALL_FEATURES)
    meeting.send(meeting.alice, Cancel(1, {"mode": "kill"}))
    meeting.send(meeting.alice, Cancel(1, {"mode": "skip"}))
    assert [BUSY] == invoked(meeting, 2)
    meeting.send(dora_of(meeting), Error(Invocation.CODE, 1, {}, "wamp.error.canceled"))
    assert ["dora"] == invoked(meeting, 2)


def test_a_caller_that_leaves_makes_room():
    """At once if the callee is interrupted, else when it is done."""
    for features, expected in ((ALL_FEATURES, "dora"), ((), BUSY)):
        meeting = limited(*features)
        meeting.leave(meeting.alice)
        [(_, heard)] = meeting.send(meeting.bob, Call(1, {}, "com.add"))
        assert expected == ("dora" if isinstance(heard, Invocation) else heard.error)


def test_a_call_that_cannot_be_delivered_makes_room():
    """Nobody works on it."""
    meeting = limited()
    meeting.realm.dealer.undeliverable(dora_of(meeting), 1, NetworkFailure("full"))
    assert ["dora"] == invoked(meeting, 2)


def test_an_abandoned_call_that_cannot_be_delivered_makes_room_in_silence():
    """Its caller has its answer."""
    meeting = limited()
    meeting.send(meeting.alice, Cancel(1, {"mode": "skip"}))
    assert [] == meeting.realm.dealer.undeliverable(dora_of(meeting), 1, NetworkFailure("full"))
    assert ["dora"] == invoked(meeting, 2)


def test_nothing_is_left_of_a_limited_call_that_was_abandoned():
    """When everybody has gone."""
    meeting = limited()
    meeting.send(meeting.alice, Cancel(1, {"mode": "skip"}))
    for session in list(meeting.names):
        assert [] == meeting.leave(session)
    assert meeting.is_blank()
