"""Which node a key belongs to: the same one as long as it is there, and few keys move when nodes come and go.

Consistent hashing: every node has many points on a circle, and a key belongs to the node of the first point after its own
(advanced profile, "Sharded Subscription", names ``rkey`` and ``nkey`` and leaves open how they are matched).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from hashlib import blake2b
from typing import Final

__all__ = ["Ring"]

_POINTS: Final = 64
"""Points of a node. With so many, nodes get shares that differ by about an eighth."""


class Ring:
    """Nodes by name. One may be added several times, and is there until it was discarded as often."""

    __slots__ = ("_circle", "_counts")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}  # node -> how often it was added
        self._circle: list[tuple[bytes, str]] = []  # (point, node), sorted

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, node: str) -> None:
        """Let a node take its part of the keys."""
        count = self._counts.get(node, 0)
        self._counts[node] = count + 1
        if not count:
            for number in range(_POINTS):
                insort(self._circle, (_point(f"{number} {node}"), node))

    def discard(self, node: str) -> None:
        """Take back one ``add``; with the last one the node's keys go to others."""
        self._counts[node] -= 1
        if not self._counts[node]:
            del self._counts[node]
            self._circle = [entry for entry in self._circle if entry[1] != node]

    def node_of(self, key: str) -> str:
        """Return the node that a key belongs to; there must be one."""
        place = bisect_left(self._circle, (_point(key), ""))
        return self._circle[place % len(self._circle)][1]


def _point(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
