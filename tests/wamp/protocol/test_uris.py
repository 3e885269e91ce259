"""Which URIs are well-formed, for each check and match policy."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wamp.protocol.uris import MAX_LENGTH, RULES, Match, UriCheck, is_reserved, is_valid, is_valid_realm

LOOSE, STRICT = UriCheck.LOOSE, UriCheck.STRICT
EXACT, PREFIX, WILDCARD = Match.EXACT, Match.PREFIX, Match.WILDCARD

# The regular expressions as the spec prints them, with fullmatch instead of ^ and $ (which allow a final newline).
SPEC = {
    (LOOSE, EXACT): re.compile(r"([^\s\.#]+\.)*([^\s\.#]+)"),
    (LOOSE, WILDCARD): re.compile(r"(([^\s\.#]+\.)|\.)*([^\s\.#]+)?"),
    (STRICT, EXACT): re.compile(r"([0-9a-z_]+\.)*([0-9a-z_]+)"),
    (STRICT, WILDCARD): re.compile(r"(([0-9a-z_]+\.)|\.)*([0-9a-z_]+)?"),
}

any_uri = st.text("ab_Z0-.# \n", max_size=12)


@pytest.mark.parametrize("check", UriCheck)
@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize("uri", ["com", "com.myapp.mytopic1", "wamp.session.on_join", "1.2.3", "_._"])
def test_an_ordinary_uri_is_valid_everywhere(uri, check, match):
    """Lower-case letters, digits and underscores, with dots between them; also as a pattern."""
    assert is_valid(uri, check=check, match=match)


@pytest.mark.parametrize("uri", ["com.MyApp", "com.my-app", "com.grün", "com.my/app", "com.a:b", "tag:x@y", "com.\x00"])
def test_only_loose_accepts_other_characters(uri):
    """The loose rule excludes dots, # and whitespace and nothing else."""
    assert is_valid(uri, check=LOOSE)
    assert not is_valid(uri, check=STRICT)


@pytest.mark.parametrize("check", UriCheck)
@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize(
    "uri", ["com.a#b", "#", "com.a b", "com.a\tb", "com.a\n", "\ncom.a", "com.a\u00a0b", "com.\u2003"]
)
def test_no_uri_has_a_hash_or_whitespace(uri, check, match):
    """# is reserved for routers; whitespace is whatever Unicode calls so, also at the very end."""
    assert not is_valid(uri, check=check, match=match)


@pytest.mark.parametrize("check", UriCheck)
@pytest.mark.parametrize(
    ("uri", "valid_as"),
    [
        ("com.myapp.", {PREFIX, WILDCARD}),
        ("", {PREFIX, WILDCARD}),
        ("com..myapp", {WILDCARD}),
        (".myapp", {WILDCARD}),
        (".", {WILDCARD}),
        ("...", {WILDCARD}),
        ("com.myapp..", {WILDCARD}),
    ],
)
def test_empty_components_are_for_patterns(uri, valid_as, check):
    """None in an exact URI, the last one in a prefix, any in a wildcard."""
    assert valid_as == {match for match in Match if is_valid(uri, check=check, match=match)}


def test_loose_and_exact_are_the_defaults():
    """What HELLO, CALL and PUBLISH need unless the realm says otherwise."""
    assert is_valid("com.MyApp")
    assert not is_valid("com..MyApp")


@pytest.mark.parametrize("rule", SPEC)
@given(uri=any_uri)
@example(uri="")
def test_the_rules_agree_with_the_spec(rule, uri):
    """Possessive quantifiers are a matter of speed, not of meaning."""
    assert (SPEC[rule].fullmatch(uri) is None) == (RULES[rule](uri) is None)


@pytest.mark.parametrize("check", UriCheck)
@given(uri=any_uri)
@example(uri="")
@example(uri=".")
def test_a_prefix_is_valid_if_some_uri_begins_with_it(check, uri):
    """The prefix rule follows from the exact one."""
    some_uri_begins_with_it = is_valid(uri, check=check) or is_valid(uri + "x", check=check)
    assert some_uri_begins_with_it == is_valid(uri, check=check, match=PREFIX)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("uri", ["a" * 1_000_000 + " ", "a." * 500_000 + " ", "." * 1_000_000 + "#"])
def test_a_hostile_uri_is_refused_in_linear_time(rule, uri):
    """A million characters and a flaw at the end; anything that backtracks would run into the time-out."""
    assert not RULES[rule](uri)


@pytest.mark.parametrize("uri", ["wamp", "wamp.", "wamp.session.count", "wamp..x"])
def test_the_first_component_wamp_is_reserved(uri):
    """Applications neither register nor publish there."""
    assert is_reserved(uri)


@pytest.mark.parametrize("uri", ["wampfoo", "wampfoo.bar", "com.wamp", "com.wamp.x", "WAMP.x", "wam", "", ".wamp"])
def test_a_first_component_that_only_looks_like_wamp_is_free(uri):
    """Not a prefix of characters: a whole component, as it is spelt."""
    assert not is_reserved(uri)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("realm1", True),
        ("com.example.Realm-1", True),
        ("", False),
        ("my realm", False),
        ("a..b", False),
        ("a#", False),
    ],
)
def test_a_realm_is_named_by_a_uri(name, valid):
    """Whatever uri_check a realm has for its topics, its own name is judged before it is known, so loosely."""
    assert valid == is_valid_realm(name)


@pytest.mark.parametrize(("word", "match"), [("exact", EXACT), ("prefix", PREFIX), ("wildcard", WILDCARD)])
def test_match_policies_read_as_on_the_wire(word, match):
    """`Options.match` is the enum's value."""
    assert match is Match(word)
    assert word == f"{match}"


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize("check", UriCheck)
def test_a_uri_has_a_longest_length(check, match):
    """Whoever chooses them would otherwise choose how much memory they take."""
    longest = "com." + "x" * (MAX_LENGTH - 4)
    assert is_valid(longest, check=check, match=match)
    assert not is_valid(longest + "x", check=check, match=match)
