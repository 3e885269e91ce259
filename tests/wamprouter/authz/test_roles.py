"""What a role may do: the rule that fits best decides, and without one the answer is no."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.realm import Meeting
from wamp.protocol.uris import Match, UriCheck
from wamprouter.authz.roles import INTRUSIVE, Action, Decision, Role, Rule
from wamprouter.realm.patterns import PatternIndex

PERMITTED, DENIED, INVALID = Decision.PERMITTED, Decision.DENIED, Decision.INVALID_URI
EXACT, PREFIX, WILDCARD = Match.EXACT, Match.PREFIX, Match.WILDCARD
ALL = tuple(Action)


def role(*rules: tuple[str, Match, bool], **options: UriCheck) -> Role:
    """A role whose rules each allow everything or nothing."""
    return Role("user", [Rule(uri, match, ALL if allow else ()) for uri, match, allow in rules], **options)


@pytest.mark.parametrize("action", Action)
def test_who_has_no_rule_may_do_nothing(action):
    """Deny is the default."""
    assert DENIED is role().decide(action, "com.myapp")


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("allowed", Action)
def test_a_rule_allows_what_it_names(action, allowed):
    """And nothing else."""
    user = Role("user", [Rule("com.myapp", EXACT, [allowed])])
    assert (PERMITTED if action is allowed else DENIED) is user.decide(action, "com.myapp")


@pytest.mark.parametrize(
    ("uri", "decision"),
    [
        ("com.myapp.secret", DENIED),
        ("com.myapp.secret.more", PERMITTED),
        ("com.myapp.add", PERMITTED),
        ("com.other", DENIED),
        ("org.a.public", PERMITTED),
        ("org.a.private", DENIED),
    ],
)
def test_the_best_rule_decides(uri, decision):
    """Exact before prefix, longer before shorter prefix, prefix before wildcard: also if it says no."""
    user = role(
        ("", PREFIX, False),
        ("com.", PREFIX, False),
        ("com.myapp.", PREFIX, True),
        ("com.myapp.secret", EXACT, False),
        ("org.a.public", EXACT, True),
        ("org..private", WILDCARD, True),
    )
    assert decision is user.decide(Action.CALL, uri)


@pytest.mark.parametrize(
    ("uri", "decision"), [("org.a.public", PERMITTED), ("org.b.public", DENIED), ("org.c.public", PERMITTED)]
)
def test_the_most_specific_wildcard_decides(uri, decision):
    """The longer literal beginning wins."""
    user = role(("org..public", WILDCARD, True), ("org.b.", WILDCARD, False))
    assert decision is user.decide(Action.CALL, uri)


@pytest.mark.parametrize("uri", ["", "com..a", "com.", ".com", "com.my app", "com.#", "com.my\tapp"])
@pytest.mark.parametrize("action", Action)
def test_what_is_no_uri_is_neither_permitted_nor_denied(action, uri):
    """It is invalid, and that is another error."""
    assert INVALID is role(("", PREFIX, True)).decide(action, uri)


@pytest.mark.parametrize("uri", ["com.MyApp", "com.my-app", "com.größe"])
def test_a_strict_realm_is_pickier(uri):
    """Strict is what the spec recommends, loose what it demands."""
    everything = ("", PREFIX, True)
    assert PERMITTED is role(everything).decide(Action.CALL, uri)
    assert INVALID is role(everything, uri_check=UriCheck.STRICT).decide(Action.CALL, uri)


@pytest.mark.parametrize("uri", ["wamp.session.count", "wamp.a", "wamp"])
@pytest.mark.parametrize(
    ("action", "decision"),
    [
        (Action.CALL, PERMITTED),
        (Action.SUBSCRIBE, PERMITTED),
        (Action.PUBLISH, INVALID),
        (Action.REGISTER, INVALID),
    ],
)
def test_the_protocols_own_uris_are_used_but_not_provided(action, decision, uri):
    """Nobody pretends to be the router: no procedure and no event below wamp."""
    assert decision is role(("", PREFIX, True)).decide(action, uri)


@pytest.mark.parametrize("action", Action)
def test_what_only_begins_like_the_protocols_uris_is_anybodys(action):
    """wampfoo is an ordinary component."""
    assert PERMITTED is role(("", PREFIX, True)).decide(action, "wampfoo.x")


# Patterns: permitted if everything that they match is


@pytest.mark.parametrize(
    ("rules", "pattern", "match", "decision"),
    [
        # Covered by a prefix.
        ([("com.", PREFIX, True)], "com.", PREFIX, PERMITTED),
        ([("com.", PREFIX, True)], "com.myapp", PREFIX, PERMITTED),
        ([("com.", PREFIX, True)], "com", PREFIX, DENIED),
        ([("com.", PREFIX, True)], "", PREFIX, DENIED),
        ([("", PREFIX, True)], "", PREFIX, PERMITTED),
        ([("com.", PREFIX, True)], "com..on", WILDCARD, PERMITTED),
        ([("com.", PREFIX, True)], "com.myapp", WILDCARD, PERMITTED),
        ([("com.", PREFIX, True)], "..on", WILDCARD, DENIED),
        ([("com.my", PREFIX, True)], "com..on", WILDCARD, DENIED),
        # Covered by a wildcard.
        ([("com..on", WILDCARD, True)], "com..on", WILDCARD, PERMITTED),
        ([("com..", WILDCARD, True)], "com..on", WILDCARD, PERMITTED),
        ([("com..on", WILDCARD, True)], "com..", WILDCARD, DENIED),
        ([("com..on", WILDCARD, True)], "com.", PREFIX, DENIED),
        ([("com..on", WILDCARD, True)], "com.myapp.on", PREFIX, DENIED),
        # Only one URI of many.
        ([("com.myapp", EXACT, True)], "com.myapp", PREFIX, DENIED),
        ([("com.myapp", EXACT, True)], "com.", WILDCARD, DENIED),
        ([("com.myapp", EXACT, True)], "com.myapp", WILDCARD, PERMITTED),
        # A better rule denies a part.
        ([("com.", PREFIX, True), ("com.secret", EXACT, False)], "com.", PREFIX, DENIED),
        ([("com.", PREFIX, True), ("com.secret", EXACT, False)], "com.s", PREFIX, DENIED),
        ([("com.", PREFIX, True), ("com.secret", EXACT, False)], "com.myapp", PREFIX, PERMITTED),
        ([("com.", PREFIX, True), ("com.secret.", PREFIX, False)], "com.", PREFIX, DENIED),
        ([("com.", PREFIX, True), ("com.secret.", PREFIX, False)], "com..on", WILDCARD, DENIED),
        ([("com.", PREFIX, True), ("com.secret.", PREFIX, False)], "com.", WILDCARD, PERMITTED),
        ([("com.", PREFIX, True), ("com.secret.on", EXACT, False)], "com..on", WILDCARD, DENIED),
        ([("com.", PREFIX, True), ("com.secret.on", EXACT, False)], "com..off", WILDCARD, PERMITTED),
        ([("com..", WILDCARD, True), ("com.secret.", WILDCARD, False)], "com..on", WILDCARD, DENIED),
        ([("com..on", WILDCARD, True), ("com.my", PREFIX, False)], "com..on", WILDCARD, DENIED),
        # A worse rule denies the rest.
        ([("", PREFIX, False), ("com.", PREFIX, True)], "com.", PREFIX, PERMITTED),
        ([("", PREFIX, True), ("com.", PREFIX, False), ("com.myapp.", PREFIX, True)], "com.myapp.", PREFIX, PERMITTED),
        ([("com.", PREFIX, True), ("com..on", WILDCARD, False)], "com..on", WILDCARD, PERMITTED),
    ],
)
@pytest.mark.parametrize("action", [Action.SUBSCRIBE, Action.REGISTER])
def test_a_pattern_is_permitted_if_all_that_it_matches_is(action, rules, pattern, match, decision):
    """Nobody gets by a pattern what it may not have by name."""
    assert decision is role(*rules).decide(action, pattern, match)


@pytest.mark.parametrize(
    ("pattern", "match"), [("com..on", PREFIX), (".com", PREFIX), ("com.#", WILDCARD), ("com .a", WILDCARD)]
)
def test_what_is_no_pattern_is_invalid(pattern, match):
    """Empty components are for wildcards, and at the end of a prefix."""
    assert INVALID is role(("", PREFIX, True)).decide(Action.SUBSCRIBE, pattern, match)


def test_the_protocols_own_patterns_may_be_subscribed_to():
    """All session meta events at once; but nobody registers wamp.* by a pattern."""
    everything = role(("", PREFIX, True))
    assert PERMITTED is everything.decide(Action.SUBSCRIBE, "wamp.session.", PREFIX)
    assert INVALID is everything.decide(Action.REGISTER, "wamp.session.", PREFIX)


COMPONENTS = st.sampled_from(["a", "b", "ab"])
URIS = st.lists(COMPONENTS, min_size=1, max_size=3).map(".".join)
PATTERNS = st.one_of(
    URIS.map(lambda uri: (uri, EXACT)),
    st.tuples(URIS, st.integers(0, 6)).map(lambda cut: (cut[0][: cut[1]], PREFIX)),
    st.lists(st.one_of(COMPONENTS, st.just("")), min_size=1, max_size=3).map(lambda parts: (".".join(parts), WILDCARD)),
)
EVERY_URI = [
    ".".join(parts)
    for parts in [
        *((a,) for a in ("a", "b", "ab", "abx", "x")),
        *((a, b) for a in ("a", "b", "ab", "abx", "x") for b in ("a", "b", "ab", "abx", "x")),
        *(
            (a, b, c)
            for a in ("a", "b", "ab", "abx", "x")
            for b in ("a", "b", "ab", "abx", "x")
            for c in ("a", "b", "ab", "abx", "x")
        ),
        ("a", "a", "a", "x"),
        ("ab", "a", "b", "x"),
    ]
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(PATTERNS, st.booleans()), max_size=4), PATTERNS)
def test_a_permitted_pattern_gives_nothing_that_is_denied(rules, asked):
    """Whatever the rules and the pattern: each URI that a permitted pattern matches is permitted by itself."""
    pattern, match = asked
    user = role(*[(uri, kind, allow) for (uri, kind), allow in rules])
    if match is not EXACT and user.decide(Action.SUBSCRIBE, pattern, match) is PERMITTED:
        index: PatternIndex[str] = PatternIndex()
        index.add(pattern, match, "asked")
        denied = [
            uri for uri in EVERY_URI if index.matches(uri) and user.decide(Action.SUBSCRIBE, uri) is not PERMITTED
        ]
        assert [] == denied


# What is remembered


def test_a_decision_is_remembered():
    """It is asked for every call and every publication."""
    user = role(("com.", PREFIX, True))
    user.decide(Action.CALL, "com.add")
    user.decide(Action.PUBLISH, "org.news")
    assert ({"com.add": PERMITTED}, {"org.news": DENIED}) == (user.calls, user.publications)


def test_decisions_about_subscribing_and_registering_are_not_remembered():
    """They are rare, and about patterns too."""
    user = role(("com.", PREFIX, True))
    user.decide(Action.SUBSCRIBE, "com.add")
    user.decide(Action.REGISTER, "com.add")
    assert ({}, {}) == (user.calls, user.publications)


def test_there_is_a_bound_on_what_is_remembered():
    """A client that makes up URIs does not fill the memory."""
    user = role(("com.", PREFIX, True))
    for number in range(25_000):
        user.decide(Action.CALL, f"com.{number}")
    assert len(user.calls) <= 10_000


def test_long_uris_are_not_remembered():
    """Ten thousand URIs of a megabyte each would be ten gigabytes."""
    user = role(("com.", PREFIX, True))
    assert PERMITTED is user.decide(Action.PUBLISH, "com." + "a" * 1000)
    assert {} == user.publications


def test_what_is_remembered_can_be_forgotten():
    """When the rules have changed."""
    user = role(("com.", PREFIX, True))
    user.decide(Action.CALL, "com.add")
    user.decide(Action.PUBLISH, "com.news")
    user.forget()
    assert ({}, {}) == (user.calls, user.publications)


# Disclosure


@pytest.mark.parametrize("of_role", [[], [Action.CALL], [Action.CALL, Action.PUBLISH]])
@pytest.mark.parametrize("of_rule", [[], [Action.CALL], [Action.PUBLISH]])
@pytest.mark.parametrize("action", [Action.CALL, Action.PUBLISH])
def test_a_permission_discloses_more_than_its_role(of_role, of_rule, action):
    """Never less: what the role discloses holds for all of its permissions."""
    user = Role("user", [Rule("com.", PREFIX, ALL, of_rule)], disclose=of_role)
    expected = Decision.DISCLOSED if action in {*of_role, *of_rule} else PERMITTED
    assert expected is user.decide(action, "com.add")


def test_what_is_denied_is_not_disclosed():
    """There is nothing to disclose."""
    assert DENIED is Role("user", [], disclose=ALL).decide(Action.CALL, "com.add")


# Rules


def test_of_two_rules_for_the_same_the_later_one_counts():
    """As in Crossbar; but an exact and a prefix rule are not for the same."""
    assert DENIED is role(("com.add", EXACT, True), ("com.add", EXACT, False)).decide(Action.CALL, "com.add")
    assert PERMITTED is role(("com.add", EXACT, False), ("com.add", EXACT, True)).decide(Action.CALL, "com.add")
    assert DENIED is role(("com.add", EXACT, False), ("com.add", PREFIX, True)).decide(Action.CALL, "com.add")


@pytest.mark.parametrize("match", [PREFIX, WILDCARD])
@pytest.mark.parametrize("components", [500, 3])
def test_a_deep_pattern_costs_no_more_than_a_short_one(match, components):
    """For each rule there is a look at its beginning only."""
    user = role(*[(f"com.{number}.", PREFIX, True) for number in range(10)], ("com.", PREFIX, True))
    pattern = ".".join(["com"] + ["x" if match is PREFIX else ""] * components)
    rulings = user.explain(Action.SUBSCRIBE, pattern, match).rulings
    assert max(len(ruling.sample) for ruling in rulings) < 100
    assert PERMITTED is user.decide(Action.SUBSCRIBE, pattern, match)


# The router's own procedures


def test_what_acts_on_others_is_known():
    """Whatever the router offers that kills or removes, by its name."""
    meeting = Meeting()
    meeting.realm.open_meta_api(99)
    own = {registration.procedure for registration in meeting.realm._meta.session.registrations.values()}
    assert {uri for uri in own if "kill" in uri or "remove" in uri} == INTRUSIVE


@pytest.mark.parametrize(
    ("rule", "decision"),
    [
        (("", PREFIX, True), DENIED),
        (("..kill_all", WILDCARD, True), DENIED),
        (("wamp.", PREFIX, True), PERMITTED),
        (("wamp.session.kill_all", EXACT, True), PERMITTED),
        (("wamp..kill_all", WILDCARD, True), PERMITTED),
        (("wamp.session.", PREFIX, False), DENIED),
    ],
)
def test_to_kill_needs_a_rule_about_it(rule, decision):
    """Who may call everything was meant to call what the application offers."""
    assert decision is role(rule).decide(Action.CALL, "wamp.session.kill_all")


def test_to_ask_needs_none():
    """Counting sessions harms nobody."""
    assert PERMITTED is role(("", PREFIX, True)).decide(Action.CALL, "wamp.session.count")
