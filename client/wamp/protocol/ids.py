"""Ids in the three scopes of the spec (WAMP basic profile, "IDs").

Every sequence here is an ``Iterator[int]``: ``next(ids)`` draws an id, and ``itertools.count(100)`` stands in for it in a
test. Where randomness comes from is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec

__all__ = ["MAX_ID", "GlobalIds", "Id", "RequestIds", "RouterIds", "following"]

MAX_ID = 2**53
"""The largest id: up to here every integer is exact in an IEEE 754 double, the only number JavaScript has."""

Id = Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)]
"""An id of any scope, as a field of a message. 0 is not one: it is false in too many languages."""


def following(request: int) -> int:
    """Return the session-scope id that comes after ``request``, which is 1 after the largest; ``following(0)`` is the first."""
    return request % MAX_ID + 1


class RequestIds(Iterator[int]):
    """Session scope: 1, 2, 3, ... and 1 again after the largest. One for each session and direction."""

    __slots__ = ("last",)

    def __init__(self, last: int = 0) -> None:
        self.last = last

    def __next__(self) -> int:
        self.last = last = self.last % MAX_ID + 1
        return last


class RouterIds(RequestIds):
    """Router scope: subscriptions and registrations.

    The spec leaves the choice to the router. Ours are small and sequential: JavaScript clients send integers from 2**32 up
    as floats, and every message that carries a small one is shorter.
    """

    __slots__ = ()


class GlobalIds(Iterator[int]):
    """Global scope: sessions and publications, drawn uniformly from all ids.

    ``random_bits(n)`` returns an integer of ``n`` random bits: ``random.SystemRandom().getrandbits`` or ``secrets.randbits``
    for sessions. 53 bits are exactly the numbers below the largest id, so that no draw is thrown away.
    """

    __slots__ = ("_random_bits",)

    def __init__(self, random_bits: Callable[[int], int]) -> None:
        self._random_bits = random_bits

    def __next__(self) -> int:
        return self._random_bits(53) + 1
