"""What matches which pattern, in which order, at what cost."""

import gc
import sys
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wamp.protocol.uris import Match
from wamprouter.realm.patterns import PatternIndex

EXACT, PREFIX, WILDCARD = Match.EXACT, Match.PREFIX, Match.WILDCARD


def index_of(*patterns: tuple[str, Match]) -> PatternIndex[str]:
    """An index where each pattern's value tells what it is: "prefix:com.myapp"."""
    index: PatternIndex[str] = PatternIndex()
    for uri, match in patterns:
        index.add(uri, match, f"{match}:{uri}")
    return index


# What matches (the examples of the advanced profile)


@pytest.mark.parametrize(
    ("uri", "matches"),
    [
        ("com.myapp.myobject1.myprocedure1", True),
        ("com.myapp.myobject1-mysubobject1", True),
        ("com.myapp.myobject1.mysubobject1.myprocedure1", True),
        ("com.myapp.myobject1", True),
        ("com.myapp.myobject2", False),
        ("com.myapp.myobject", False),
    ],
)
def test_a_prefix_matches_what_begins_with_its_characters(uri, matches):
    """Characters, not components: myobject1-mysubobject1 begins with myobject1."""
    index = index_of(("com.myapp.myobject1", PREFIX))
    assert (["prefix:com.myapp.myobject1"] if matches else []) == index.matches(uri)
    assert ("prefix:com.myapp.myobject1" if matches else None) == index.best(uri)


@pytest.mark.parametrize(
    ("uri", "matches"),
    [
        ("com.myapp.myobject1.myprocedure1", True),
        ("com.myapp.myobject2.myprocedure1", True),
        ("com.myapp.myobject1.myprocedure1.mysubprocedure1", False),
        ("com.myapp.myobject1.myprocedure2", False),
        ("com.myapp2.myobject1.myprocedure1", False),
    ],
)
def test_an_empty_component_matches_any_one_component(uri, matches):
    """The number of components is the same, and the others are equal."""
    index = index_of(("com.myapp..myprocedure1", WILDCARD))
    assert (["wildcard:com.myapp..myprocedure1"] if matches else []) == index.matches(uri)
    assert ("wildcard:com.myapp..myprocedure1" if matches else None) == index.best(uri)


@pytest.mark.parametrize(
    ("pattern", "uri", "matches"),
    [
        (".b", "a.b", True),
        (".b", "b", False),
        ("a.", "a.b", True),
        ("a.", "a", False),
        ("..", "a.b.c", True),
        ("..", "a.b", False),
        ("", "a", True),
        ("", "a.b", False),
        ("a.b", "a.b", True),
        ("a.b", "a.c", False),
    ],
)
def test_wildcards_at_the_edges(pattern, uri, matches):
    """First, last, all and no component empty."""
    assert ([f"wildcard:{pattern}"] if matches else []) == index_of((pattern, WILDCARD)).matches(uri)


def test_the_empty_prefix_matches_everything():
    """How a permission says "all"."""
    index = index_of(("", PREFIX))
    assert index.matches("a") == ["prefix:"] == index.matches("a.b.c")


def test_one_text_may_be_three_patterns():
    """The same characters with another policy are another pattern."""
    index = index_of(("a.b", EXACT), ("a.b", PREFIX), ("a.b", WILDCARD))
    assert index.matches("a.b") == ["exact:a.b", "prefix:a.b", "wildcard:a.b"]
    assert index.matches("a.bc") == ["prefix:a.b"]
    index.discard("a.b", PREFIX)
    assert index.matches("a.b") == ["exact:a.b", "wildcard:a.b"]


def test_nothing_matches_in_an_empty_index():
    """Neither for the broker nor for the dealer."""
    assert index_of().matches("a.b") == []
    assert index_of().best("a.b") is None


# Which comes first

SPEC_EXAMPLE = [
    ("a1.b2.c3.d4.e55", EXACT),
    ("a1.b2.c3", PREFIX),
    ("a1.b2.c3.d4", PREFIX),
    ("a1.b2..d4.e5", WILDCARD),
    ("a1.b2.c33..e5", WILDCARD),
    ("a1.b2..d4.e5..g7", WILDCARD),
    ("a1.b2..d4..f6.g7", WILDCARD),
]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("a1.b2.c3.d4.e55", "exact:a1.b2.c3.d4.e55"),
        ("a1.b2.c3.d98.e74", "prefix:a1.b2.c3"),
        ("a1.b2.c3.d4.e325", "prefix:a1.b2.c3.d4"),
        ("a1.b2.c55.d4.e5", "wildcard:a1.b2..d4.e5"),
        # The spec expects its wildcard 5 here, as if prefixes were cut at components: c3 is not a prefix of c33 then. Its
        # other examples say that they are not (myobject1-mysubobject1), and so do Crossbar.io and nexus.
        ("a1.b2.c33.d4.e5", "prefix:a1.b2.c3"),
        ("a1.b2.c88.d4.e5.f6.g7", "wildcard:a1.b2..d4.e5..g7"),
        ("a2.b2.c2.d2.e2", None),
    ],
)
def test_the_best_match_is_that_of_the_specs_example(uri, expected):
    """Exact, else the longest prefix, else the wildcard with the longest portion before each empty component."""
    assert expected == index_of(*SPEC_EXAMPLE).best(uri)


def test_the_longer_first_portion_wins_among_wildcards():
    """The spec's wildcard 5, without the prefix that comes before it."""
    index = index_of(*(pattern for pattern in SPEC_EXAMPLE if pattern[1] is WILDCARD))
    assert index.best("a1.b2.c33.d4.e5") == "wildcard:a1.b2.c33..e5"


def test_literals_count_from_the_left_and_not_by_number():
    """One literal component in front beats three behind."""
    assert index_of((".b.c.d", WILDCARD), ("a...", WILDCARD)).best("a.b.c.d") == "wildcard:a..."


def test_matches_are_ordered_from_the_most_specific():
    """Whatever the order in which they were added."""
    expected = [
        ("a.b.c", EXACT),
        ("a.b.c", PREFIX),
        ("a.b.", PREFIX),
        ("a", PREFIX),
        ("", PREFIX),
        ("a.b.c", WILDCARD),
        ("a.b.", WILDCARD),
        ("a..c", WILDCARD),
        ("a..", WILDCARD),
        (".b.c", WILDCARD),
        ("..", WILDCARD),
    ]
    for patterns in (expected, expected[::-1], expected[::2] + expected[1::2]):
        assert [f"{match}:{uri}" for uri, match in expected] == index_of(*patterns).matches("a.b.c")


# What is stored


@pytest.mark.parametrize("match", Match)
def test_a_value_is_found_at_its_own_pattern_only(match):
    """`get` does not match."""
    index = index_of(("a.b", match))
    assert f"{match}:a.b" == index.get("a.b", match)
    assert [index.get("a.b", other) for other in Match if other is not match] == [None, None]
    assert index.get("a", match) is None
    assert index.get("a.b.c", match) is None


@pytest.mark.parametrize("match", Match)
def test_a_value_takes_the_place_of_the_former_one(match):
    """There is one value at a pattern."""
    index = index_of(("a.b", match))
    index.add("a.b", match, "new")
    assert index.matches("a.b") == ["new"]
    assert index.get("a.b", match) == "new"
    assert len(index) == 1


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize("uri", ["a", "a.", "a.b", "a.b.c", "", ".", "x"])
def test_discarding_what_is_not_there_changes_nothing(uri, match):
    """Not a prefix of it, nor an extension, nor the place where two patterns part."""
    index = index_of(("a.bc", match), ("a.bd", match))
    index.discard(uri, match)
    assert [f"{match}:a.bc"] == index.matches("a.bc")
    assert len(index) == 2


# Against a linear scan

pieces = st.sampled_from(["a", "b", "ab", "ba"])
uris = st.lists(pieces, min_size=1, max_size=5).map(".".join)
wildcards = st.lists(st.one_of(pieces, st.just("")), min_size=1, max_size=5).map(".".join)
patterns = st.one_of(
    st.tuples(uris, st.just(EXACT)),
    # Cut anywhere, so that most have a relative that is longer or shorter by a character.
    st.tuples(st.builds(lambda uri, end: uri[:end], uris, st.integers(0, 8)), st.just(PREFIX)),
    st.tuples(wildcards, st.just(WILDCARD)),
)


def naive_match(pattern: str, match: Match, uri: str) -> bool:
    if match is EXACT:
        return pattern == uri
    if match is PREFIX:
        return uri.startswith(pattern)
    wanted, given_ = pattern.split("."), uri.split(".")
    return len(wanted) == len(given_) and all(w in ("", g) for w, g in zip(wanted, given_, strict=True))


def naive_rank(pattern: str, match: Match) -> tuple[int, list[int]]:
    """The spec's rule to the letter: longest prefix; longest literal portion before each wildcard. Smaller is better."""
    if match is WILDCARD:
        portions = [0]
        for component in pattern.split("."):
            if component:
                portions[-1] -= 1
            else:
                portions.append(0)
        return 2, portions
    return (1, [-len(pattern)]) if match is PREFIX else (0, [])


def naive_matches(stored: dict[tuple[str, Match], int], uri: str) -> list[int]:
    found = [pattern for pattern in stored if naive_match(*pattern, uri)]
    return [stored[pattern] for pattern in sorted(found, key=lambda pattern: naive_rank(*pattern))]


def assert_alike(stored: dict[tuple[str, Match], int], index: PatternIndex[int], uri: str) -> None:
    expected = naive_matches(stored, uri)
    assert expected == index.matches(uri)
    assert (expected[0] if expected else None) == index.best(uri)
    assert len(stored) == len(index)


@given(added=st.lists(patterns, max_size=40), asked=st.lists(uris, min_size=1, max_size=10))
@example(added=[("", PREFIX), ("", WILDCARD)], asked=["a"])
def test_the_index_finds_what_a_scan_finds(added, asked):
    """The same matches in the same order, and the same best one."""
    index: PatternIndex[int] = PatternIndex()
    stored: dict[tuple[str, Match], int] = {}
    for value, (uri, match) in enumerate(added):
        index.add(uri, match, value)
        stored[uri, match] = value
    for uri in asked:
        assert_alike(stored, index, uri)


@settings(max_examples=200)
@given(steps=st.lists(st.tuples(st.booleans(), patterns), max_size=60), asked=st.lists(uris, min_size=1, max_size=4))
def test_the_index_forgets_what_is_discarded_and_only_that(steps, asked):
    """After any history of additions and removals; and when all is gone, no node is left."""
    index: PatternIndex[int] = PatternIndex()
    stored: dict[tuple[str, Match], int] = {}
    for value, (adding, (uri, match)) in enumerate(steps):
        if adding:
            index.add(uri, match, value)
            stored[uri, match] = value
        else:
            index.discard(uri, match)
            stored.pop((uri, match), None)
        assert shape_is_minimal(index)
    for uri in asked:
        assert_alike(stored, index, uri)
    for uri, match in list(stored):
        index.discard(uri, match)
    assert len(index) == 0
    assert number_of_nodes(index) == 1


def nodes_of(index):
    """All nodes but the roots, and with the root of the prefixes in front: the only one that is always there."""
    stack = [child for root in index._wildcard_trees.values() for child in root.children.values()]
    stack += index._prefix_tree.children.values()
    while stack:
        node = stack.pop()
        stack += node.children.values()
        yield node


def number_of_nodes(index) -> int:
    return 1 + len(index._wildcard_trees) + sum(1 for _ in nodes_of(index))


def shape_is_minimal(index) -> bool:
    """Every node is the end of a pattern or a place where two part; so there are at most two for each pattern."""
    return all(node.value is not None or len(node.children) > 1 for node in nodes_of(index))


@pytest.mark.parametrize("match", Match)
def test_removal_gives_the_memory_back(match):
    """Patterns come and go, and it makes no difference how often (a dict keeps the room that it once needed)."""
    index: PatternIndex[int] = PatternIndex()

    def memory_when_all_have_come_and_gone() -> int:
        for i in range(3_000):
            index.add(f"com.app{i % 100}..topic{i}", match, i)
        for i in range(3_000):
            index.discard(f"com.app{i % 100}..topic{i}", match)
        gc.collect()  # also empties the interpreter's own free lists, which come and go
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        once, *_, often = [memory_when_all_have_come_and_gone() for _ in range(4)]
    finally:
        tracemalloc.stop()
    assert often - once < 3_000


# The cost, counted in lines of Python that run, so that it does not depend on the machine


def lines_run(call) -> int:
    """How many lines of Python `call` runs."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


TEN_PREFIXES = ["com.example.sensor.42.temperature"[:end] for end in range(6, 33, 3)] + [""]
TEN_WILDCARDS = ["c.d.e.f", "c.d.e.", "c.d..f", "c..e.f", ".d.e.f", "c.d..", "c...f", "..e.f", ".d..", "..."]


@pytest.mark.parametrize(
    ("match", "ten", "uri", "noise"),
    [
        (PREFIX, TEN_PREFIXES, "com.example.sensor.42.temperature", lambda i: f"com.example.sensor.{i + 1000}."),
        (PREFIX, TEN_PREFIXES, "com.example.sensor.42.temperature", lambda i: f"{i:x}" * (i % 60 + 2)),
        (WILDCARD, TEN_WILDCARDS, "c.d.e.f", lambda i: f"c..topic{i}."),
        (WILDCARD, TEN_WILDCARDS, "c.d.e.f", lambda i: f"..topic{i}.f"),
        (WILDCARD, TEN_WILDCARDS, "c.d.e.f", lambda i: ".".join(f"x{i}" if 1 << k & i else "" for k in range(9))),
    ],
)
def test_a_hundred_thousand_patterns_cost_no_more_than_ten(match, ten, uri, noise):
    """At most three times as much, when the same ten match."""
    index = index_of(*((pattern, match) for pattern in ten))
    few = lines_run(lambda: index.matches(uri)), lines_run(lambda: index.best(uri))
    assert len(index.matches(uri)) == 10
    for i in range(1, 100_000):
        index.add(noise(i), match, "noise")
    many = lines_run(lambda: index.matches(uri)), lines_run(lambda: index.best(uri))
    assert len(index.matches(uri)) == 10
    assert many[0] <= 3 * few[0]
    assert many[1] <= 3 * few[1]


def test_a_uri_is_not_even_split_when_no_wildcard_is_as_long():
    """Ten thousand components among patterns of four."""
    index = index_of(("a...", WILDCARD), ("b", PREFIX))
    assert lines_run(lambda: index.matches(".".join("a" * 10_000))) < 30


def test_patterns_and_uris_of_ten_thousand_components():
    """No recursion, and time that grows with the length only."""
    length = 10_000
    uri = ".".join("a" * length)
    index = index_of(("." * (length - 1), WILDCARD), (uri, WILDCARD), (uri, PREFIX), (uri[:-1] + "b", WILDCARD))
    assert [uri, uri, "." * (length - 1)] == [found.split(":")[1] for found in index.matches(uri)]
    assert lines_run(lambda: index.matches(uri)) < 10 * length


@pytest.mark.parametrize("match", [PREFIX, WILDCARD])
def test_a_tree_as_deep_as_the_longest_uri(match):
    """Patterns that part one after the other: deeper than Python's stack, one step for each."""
    depth = sys.getrecursionlimit() + 100
    # a.a.a.….a.b…: they agree with the URI one component longer each.
    chain = [".".join("a" * i + "b" * (depth - i)) for i in range(depth)]
    index = index_of(*((pattern, match) for pattern in chain))
    assert lines_run(lambda: index.matches(".".join("a" * depth))) < 20 * depth
    for pattern in chain:
        index.discard(pattern, match)
    assert number_of_nodes(index) == 1


def test_wildcards_that_branch_everywhere_are_bounded_by_their_number():
    """Every mixture of literal and empty for 12 components, and a URI that fails at the last one.

    The look-up could try 2**12 ways down for the URI alone, whatever is stored; it may visit only what is stored.
    """
    length = 12
    mixtures = [".".join("a" if 1 << k & i else "" for k in range(length)) + ".z" for i in range(2**length)]
    index = index_of(*((pattern, WILDCARD) for pattern in mixtures))
    uri = ".".join("a" * length) + ".y"
    assert index.matches(uri) == []
    assert lines_run(lambda: index.matches(uri)) < 2 * len(mixtures) * 20
    # A handful of them, and there is nothing to explode: with 60 components as with 12.
    index = index_of(*((".".join("a" * k + "-" * (60 - k)).replace("-", ""), WILDCARD) for k in range(60)))
    assert lines_run(lambda: index.matches(".".join("a" * 60))) < 60 * 100


def test_a_uri_that_is_not_valid_does_not_walk_twice():
    """An empty component in a URI is refused before it comes here; should it come, the work stays linear."""
    pattern = "." * 40
    assert index_of((pattern, WILDCARD), ("a" + pattern, WILDCARD)).matches(pattern) == [f"wildcard:{pattern}"]
