"""Which of several nodes gets an event with a resource key."""

from collections import Counter

import pytest

from tests.support.realm import Meeting
from wamp.protocol.messages import Publish, Subscribe, Unsubscribe
from wamprouter.realm.sharding import Ring

KEYS = [f"sn{number}" for number in range(3000)]


def ring(*nodes: str) -> Ring:
    made = Ring()
    for node in nodes:
        made.add(node)
    return made


def owners(made: Ring) -> dict[str, str]:
    return {key: made.node_of(key) for key in KEYS}


# The ring


def test_a_key_belongs_to_the_same_node_each_time():
    """Whatever the order in which nodes came."""
    assert owners(ring("a", "b", "c")) == owners(ring("c", "a", "b"))


def test_one_node_has_all_keys():
    """The circle is closed."""
    assert {"a"} == set(owners(ring("a")).values())


def test_nodes_have_similar_shares():
    """None has less than half of what it should, nor more than the double."""
    shares = Counter(owners(ring("a", "b", "c", "d", "e")).values())
    assert 5 == len(shares)
    assert all(300 < share < 1200 for share in shares.values())


def test_a_new_node_takes_keys_and_nobody_else_does():
    """All others stay where they are."""
    before, after = owners(ring("a", "b", "c")), owners(ring("a", "b", "c", "d"))
    assert {"d"} == {after[key] for key in KEYS if before[key] != after[key]}


def test_the_keys_of_a_node_that_goes_are_shared_out():
    """And come back with it."""
    made = ring("a", "b", "c")
    before = owners(made)
    made.discard("b")
    assert all(
        owner == "b" or owner == after for owner, after in zip(before.values(), owners(made).values(), strict=True)
    )
    assert 2 == len(made)
    made.add("b")
    assert before == owners(made)


def test_a_node_is_there_as_long_as_it_was_added():
    """Several sessions may be on one."""
    made = ring("a", "b", "b")
    made.discard("b")
    assert {"a", "b"} == set(owners(made).values())
    made.discard("b")
    assert {"a"} == set(owners(made).values())


def test_any_text_is_a_key():
    """A lone surrogate too: JSON can write it."""
    assert "a" == ring("a").node_of("\ud800")


# Subscriptions


@pytest.fixture
def meeting() -> Meeting:
    """Alice and Bob are on node1, Carol is on node2, Dora gave no node key. Paul publishes."""
    meeting = Meeting()
    meeting.dora, meeting.paul = meeting.join("dora"), meeting.join("paul")
    for session, node in ((meeting.alice, "node1"), (meeting.bob, "node1"), (meeting.carol, "node2")):
        meeting.send(session, Subscribe(1, {"nkey": node}, "com.topic"))
    meeting.send(meeting.dora, Subscribe(1, {}, "com.topic"))
    return meeting


def hearing(meeting, **options):
    return {name for name, _ in meeting.send(meeting.paul, Publish(1, options, "com.topic"))}


def key_of(node: str) -> str:
    return next(key for key, owner in owners(ring("node1", "node2")).items() if owner == node)


def test_a_resource_key_belongs_to_one_node(meeting):
    """All of its sessions get the event, none of another's (advanced profile, "Sharded Subscription")."""
    assert {"alice", "bob", "dora"} == hearing(meeting, rkey=key_of("node1"))
    assert {"carol", "dora"} == hearing(meeting, rkey=key_of("node2"))


@pytest.mark.parametrize("options", [{}, {"exclude_me": False}])
def test_without_one_everybody_gets_the_event(meeting, options):
    """As ever."""
    assert {"alice", "bob", "carol", "dora"} == hearing(meeting, **options)


def test_without_node_keys_a_resource_key_says_nothing(meeting):
    """A subscription that is not sharded is for all."""
    meeting.send(meeting.dora, Subscribe(2, {"match": "prefix"}, "com"))
    meeting.send(meeting.carol, Subscribe(2, {"match": "prefix"}, "com"))
    heard = meeting.send(meeting.paul, Publish(1, {"rkey": key_of("node1")}, "com.other"))
    assert {"carol", "dora"} == {name for name, _ in heard}


def test_when_a_node_has_gone_others_get_its_keys(meeting):
    """With its last session."""
    key = key_of("node1")
    meeting.send(meeting.alice, Unsubscribe(2, 1))
    assert {"bob", "dora"} == hearing(meeting, rkey=key)
    meeting.leave(meeting.bob)
    assert {"carol", "dora"} == hearing(meeting, rkey=key)
    meeting.leave(meeting.carol)
    assert {"dora"} == hearing(meeting, rkey=key)


def test_lists_do_not_move_a_key(meeting):
    """It belongs to its node, also where that is excluded."""
    assert {"dora"} == hearing(meeting, rkey=key_of("node2"), exclude_authid=["carol"])


def test_a_retained_event_belongs_to_its_node_too(meeting):
    """The other node would not have got it."""
    hearing(meeting, rkey=key_of("node2"), retain=True)
    asking = {"get_retained": True}
    counts = [
        len(meeting.send(session, Subscribe(2, asking, "com.topic"))) for session in (meeting.alice, meeting.carol)
    ]
    assert [1, 2] == counts
