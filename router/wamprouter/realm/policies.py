"""Which of a procedure's callees is invoked: one function for each invocation policy, and one for partitioned calls.

Advanced profile, "Shared Registration", "Sharded Registration" and the table of "Call Re-Routing". Whoever cannot take the
call now (busy, asked before and unavailable, without a feature that it needs) is left out of ``endpoints`` before, which
is what the specification means by «assuming that it virtually does not exist». Endpoints are in the order of registering.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from wamp.protocol.options import InvokePolicy
    from wamprouter.realm.registrations import Endpoint

__all__ = ["POLICIES", "Choose", "Policy", "of_key"]

Choose: TypeAlias = Callable[[int], int]
"""Takes how many there are, and returns which one of them by chance, counted from 0."""

Policy: TypeAlias = Callable[[Sequence["Endpoint"], int, Choose], "Endpoint"]
"""Takes endpoints, at least one; the number of the one that was invoked before, 0 for none; and how to choose by chance."""


def _first(endpoints: Sequence[Endpoint], _previous: int, _choose: Choose) -> Endpoint:
    return endpoints[0]


def _last(endpoints: Sequence[Endpoint], _previous: int, _choose: Choose) -> Endpoint:
    return endpoints[-1]


def _next(endpoints: Sequence[Endpoint], previous: int, _choose: Choose) -> Endpoint:
    # By number and not by place, so that nobody is left out or asked twice when callees come and go.
    following = bisect_right(endpoints, previous, key=attrgetter("number"))
    return endpoints[following % len(endpoints)]


def _any(endpoints: Sequence[Endpoint], _previous: int, choose: Choose) -> Endpoint:
    return endpoints[choose(len(endpoints))]


POLICIES: Final[Mapping[InvokePolicy, Policy]] = {
    "single": _first,
    "first": _first,
    "last": _last,
    "roundrobin": _next,
    "random": _any,
}


def of_key(endpoints: Sequence[Endpoint], key: str) -> Endpoint:
    """Return the endpoint to which a partitioned call with this key belongs, whatever the policy.

    By rendezvous hashing: each endpoint bids for the key, the highest bid gets it. So when a callee leaves only its own
    keys move, and one that comes takes its share from everybody.
    """
    data = key.encode("utf-8", "surrogatepass")
    return max(endpoints, key=lambda endpoint: _bid(endpoint.number, data))


def _bid(number: int, key: bytes) -> bytes:
    return blake2b(key, digest_size=8, salt=number.to_bytes(8)).digest()
