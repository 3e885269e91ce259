"""Whatever the rules of a role: its decisions are those of a matcher that is too simple to be wrong.

The alphabet is so small that rules, URIs and patterns meet all the time. ``a`` begins ``ab``, so that prefixes end within a
component, and what ends in ``z`` stands in no rule: it is what nobody has thought of.
"""

from __future__ import annotations

from itertools import product

from hypothesis import example, given, settings
from hypothesis import strategies as st

from wamp.protocol.uris import Match, UriCheck
from wamprouter.authz.roles import INTRUSIVE, Action, Decision, Role, Rule
from wamprouter.realm.patterns import is_matched

EXACT, PREFIX, WILDCARD = Match.EXACT, Match.PREFIX, Match.WILDCARD
PATTERNED = (Action.SUBSCRIBE, Action.REGISTER)

WORDS = ("a", "ab", "wamp")
UNUSUAL = ("abz", "az", "wampz", "wamz", "waz", "wz", "z")
SHORT = [".".join(components) for depth in (1, 2, 3) for components in product((*WORDS, *UNUSUAL), repeat=depth)]
# Deeper than any rule, so that no wildcard matches: one such word behind each beginning is enough.
UNIVERSE = [*SHORT, *(f"{uri}.z" for uri in SHORT if uri.count(".") == 2)]

words = st.sampled_from(WORDS)
uris = st.one_of(words, st.lists(words, min_size=1, max_size=3).map(".".join))
patterns = st.one_of(
    uris.map(lambda uri: (uri, EXACT)),
    st.one_of(uris, uris.map(lambda uri: f"{uri}."), st.sampled_from(["", "w", "wa"])).map(lambda uri: (uri, PREFIX)),
    st.lists(st.one_of(words, st.just("")), min_size=1, max_size=3).map(lambda parts: (".".join(parts), WILDCARD)),
)
# Also such as are deeper than any rule.
asked_for = st.one_of(
    patterns,
    st.lists(st.one_of(words, st.just("")), min_size=3, max_size=3).map(
        lambda parts: (".".join((*parts, "")), WILDCARD)
    ),
    st.lists(words, min_size=3, max_size=3).map(lambda parts: (".".join((*parts, "z")), PREFIX)),
)
rules = st.lists(st.tuples(patterns, st.frozensets(st.sampled_from(list(Action)))), max_size=6)


# The simple matcher: it looks at every rule, and asks of each URI by itself.


def fits(uri: str, pattern: str, match: Match) -> bool:
    if match is EXACT:
        return uri == pattern
    if match is PREFIX:
        return uri[: len(pattern)] == pattern
    components, wanted = uri.split("."), pattern.split(".")
    return len(components) == len(wanted) and all(want in ("", have) for have, want in zip(components, wanted))  # noqa: B905


def rank(pattern: str, match: Match) -> tuple[int, list[int]]:
    """Return what is less for the better rule: exact, then the longest prefix, then the wildcard that is literal sooner."""
    if match is EXACT:
        return 0, []
    if match is PREFIX:
        return 1, [-len(pattern)]
    return 2, [0 if component else 1 for component in pattern.split(".")]


def may(rules: list, action: Action, uri: str) -> bool:
    """Tell whether the best of the rules that match allows it. Of two for the same URI and match the later one counts."""
    if action in (Action.PUBLISH, Action.REGISTER) and uri.split(".")[0] == "wamp":
        return False
    matching = {pattern: allowed for pattern, allowed in rules if fits(uri, *pattern)}
    if not matching:
        return False
    return action in matching[min(matching, key=lambda pattern: rank(*pattern))]


def role(rules: list, **options: object) -> Role:
    return Role("user", [Rule(uri, match, allowed) for (uri, match), allowed in rules], **options)


@given(patterns)
def test_one_pattern_is_matched_as_many_are(pattern):
    """The function for a single pattern agrees, too."""
    assert [fits(uri, *pattern) for uri in UNIVERSE] == [is_matched(uri, *pattern) for uri in UNIVERSE]


@settings(max_examples=80, deadline=None)
@given(rules)
def test_each_uri_is_decided_by_its_best_rule(rules):
    """Exact, else the longest prefix, else the most specific wildcard, else denied."""
    user = role(rules)
    for action in Action:
        wrong = [
            uri for uri in UNIVERSE if (user.decide(action, uri) is Decision.PERMITTED) is not may(rules, action, uri)
        ]
        assert [] == wrong


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(patterns, st.booleans()), max_size=6), asked_for, st.sampled_from(PATTERNED))
# Two rules permit what one of them alone would not.
@example([(("a.", PREFIX), True), (("a", EXACT), True)], ("a", PREFIX), Action.SUBSCRIBE)
# A better rule denies a part, a worse one is not asked about it.
@example([(("", PREFIX), True), (("a..ab", WILDCARD), False)], ("a", PREFIX), Action.SUBSCRIBE)
@example([(("a..", WILDCARD), True), (("a..ab", WILDCARD), False)], ("a..", WILDCARD), Action.SUBSCRIBE)
# Of what a rule denies, the best known part is permitted by another one.
@example([(("", PREFIX), True), (("a", PREFIX), False), (("a", EXACT), True)], ("", PREFIX), Action.SUBSCRIBE)
@example([(("", PREFIX), True), (("a", PREFIX), False), (("a.ab", EXACT), True)], (".ab", WILDCARD), Action.SUBSCRIBE)
# What matches a rule in number is deeper than that.
@example([(("..", WILDCARD), True)], ("...", WILDCARD), Action.SUBSCRIBE)
# Nobody's calls are caught below "wamp.".
@example([(("", PREFIX), True), (("wamp.", PREFIX), False)], ("", PREFIX), Action.REGISTER)
def test_a_pattern_is_permitted_if_and_only_if_everything_that_it_matches_is(outcomes, asked, action):
    """Nobody gets by a pattern what is denied by name, and nobody is denied a pattern of which nothing is.

    A registration catches no call to the router's own procedures, whatever it matches, so those do not count there.
    """
    pattern, match = asked
    rules = [(about, frozenset(Action) if is_allowed else frozenset()) for about, is_allowed in outcomes]
    decision = role(rules).decide(action, pattern, match)
    if decision is Decision.INVALID_URI:
        return
    matched = [uri for uri in UNIVERSE if fits(uri, pattern, match)]
    if action is Action.REGISTER and match is not EXACT:
        matched = [uri for uri in matched if uri.split(".")[0] != "wamp"]
    denied = [uri for uri in matched if not may(rules, action, uri)]
    assert (decision is Decision.PERMITTED) is not bool(denied), denied[:3]


@settings(max_examples=300, deadline=None)
@given(rules, patterns, st.sampled_from(list(Action)))
def test_an_explanation_is_of_the_same_decision(rules, asked, action):
    """What is told to be the reason is: every ruling is that of the simple matcher, and together they are the decision."""
    uri, match = asked
    user = role(rules)
    explanation = user.explain(action, uri, match)
    assert user.decide(action, uri, match) is explanation.decision
    if explanation.decision is not Decision.INVALID_URI:
        objections = [ruling.objection for ruling in explanation.rulings]
        assert (explanation.decision is Decision.DENIED) is any(objections)
        for ruling in explanation.rulings:
            known = [pattern for pattern, _ in rules if fits(ruling.sample, *pattern)]
            told = [(rule.uri, rule.match) for rule in ruling.rules]
            assert sorted(set(known), key=lambda pattern: rank(*pattern)) == told


@settings(max_examples=100, deadline=None)
@given(rules, patterns, st.integers(1, 50), st.sampled_from(PATTERNED))
def test_a_deep_pattern_is_decided_like_one_that_is_just_too_deep_for_any_rule(rules, asked, more, action):
    """Only its beginning matters then, and so only that is looked at."""
    uri, match = asked
    user = role(rules)
    if match is EXACT or uri.endswith("."):
        return
    deep = [".".join((uri, *("z" * count))) for count in (4, 4 + more)]
    assert user.decide(action, deep[0], match) is user.decide(action, deep[1], match)


def test_where_it_is_wider_than_necessary():
    """The one case: rules that name every character that may come. Nobody writes such, and no answer leaks by it."""
    characters = "0123456789_abcdefghijklmnopqrstuvwxyz"
    user = Role("user", [Rule(f"a.{one}", PREFIX, Action) for one in characters], uri_check=UriCheck.STRICT)
    assert all(user.decide(Action.SUBSCRIBE, f"a.{one}x") is Decision.PERMITTED for one in characters)
    assert Decision.DENIED is user.decide(Action.SUBSCRIBE, "a.", PREFIX)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    ("", PREFIX),
                    ("wam", PREFIX),
                    ("wamp.", PREFIX),
                    ("wamp.session.", PREFIX),
                    ("wamp.session.kill", PREFIX),
                    ("wamp.session.kill", EXACT),
                    ("wamp.session.kill_all", EXACT),
                    ("..", WILDCARD),
                    ("..kill", WILDCARD),
                    ("wamp..", WILDCARD),
                ]
            ),
            st.sampled_from([frozenset(), frozenset({Action.CALL})]),
        ),
        max_size=5,
    )
)
def test_to_act_on_others_needs_a_rule_that_says_so(rules):
    """The best rule must allow it, and be about ``wamp``; for what only asks, any rule will do."""
    user = role(rules)
    for uri in (*INTRUSIVE, "wamp.session.count", "wamp.session.list"):
        matching = {pattern: allowed for pattern, allowed in rules if fits(uri, *pattern)}
        best = min(matching, key=lambda pattern: rank(*pattern), default=None)
        is_allowed = best is not None and Action.CALL in matching[best]
        if uri in INTRUSIVE:
            is_allowed = is_allowed and best[0].split(".")[0] == "wamp"
        assert is_allowed is (user.decide(Action.CALL, uri) is Decision.PERMITTED)
