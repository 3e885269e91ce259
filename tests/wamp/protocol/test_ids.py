"""Ids in their three scopes."""

import msgspec
import pytest

from wamp.protocol.ids import MAX_ID, GlobalIds, Id, RequestIds, RouterIds, following


@pytest.mark.parametrize("value", [1, 2, MAX_ID])
def test_ids_go_from_1_to_2_to_the_53(value):
    """Both ends of the range belong to it, and so does 2**53 itself."""
    assert value == msgspec.json.decode(str(value), type=Id)


@pytest.mark.parametrize("value", ["0", "-1", str(MAX_ID + 1), "1.5", '"1"', "true", "null"])
def test_anything_else_is_not_an_id(value):
    """Not 0, not a number beyond the range, and nothing but an integer."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(value, type=Id)


def test_request_ids_start_at_1_and_go_up_by_1():
    """Session scope: incremented by 1 beginning with 1."""
    ids = RequestIds()
    assert [next(ids), next(ids), next(ids)] == [1, 2, 3]


def test_request_ids_wrap_to_1_after_the_largest():
    """Session scope: 2**53 is used, and 1 follows it."""
    ids = RequestIds(last=MAX_ID - 1)
    assert [next(ids), next(ids), next(ids)] == [MAX_ID, 1, 2]


def test_each_session_counts_for_itself():
    """Two sequences do not share anything."""
    alice, bob = RequestIds(), RequestIds()
    next(alice)
    assert next(bob) == 1


@pytest.mark.parametrize(("request_id", "expected"), [(0, 1), (1, 2), (MAX_ID - 1, MAX_ID), (MAX_ID, 1)])
def test_the_receiver_knows_which_request_id_comes_next(request_id, expected):
    """What `strict_request_ids` compares with is what `RequestIds` sends."""
    assert expected == following(request_id)
    assert expected == next(RequestIds(last=request_id))


def test_router_ids_are_small_and_sequential():
    """Router scope: free choice, so the shortest."""
    ids = RouterIds()
    assert [next(ids) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(("drawn", "expected"), [(0, 1), (2**53 - 1, MAX_ID)])
def test_global_ids_cover_the_whole_range(drawn, expected):
    """Global scope: the smallest and the largest draw of 53 bits are the smallest and the largest id."""
    ids = GlobalIds(lambda bits: {53: drawn}[bits])
    assert expected == next(ids)


@pytest.mark.parametrize("ids", [RequestIds(), RouterIds(), GlobalIds(lambda bits: 7)])
def test_every_sequence_is_an_iterator(ids):
    """So `itertools.count(100)` can stand in for any of them."""
    assert ids is iter(ids)
