"""Who is due when: a heap that may be asked for the earliest, and forgets at no cost.

An item that is cleared, or gets a later deadline, stays in the heap until it comes up, where it is dropped or moved back:
calls end, and progressive results put their end off, far more often than one is ever late. What is no longer due is
swept out when it is more than half of the heap, so the memory is that of the items that are due.
"""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heapify, heappop, heappush, heapreplace
from itertools import count
from typing import Final, Generic, TypeVar

__all__ = ["Deadlines"]

T = TypeVar("T", bound=Hashable)

_SMALL: Final = 64  # entries that are not worth sweeping


class Deadlines(Generic[T]):
    """Items and when each is due, in the seconds of whatever clock the caller has."""

    __slots__ = ("_due", "_heap", "_serials")

    def __init__(self) -> None:
        self._due: dict[T, float] = {}  # item -> its deadline
        self._heap: list[tuple[float, int, T]] = []
        """At least one entry for each item that is due, at its deadline or before; others are stale."""
        self._serials = count()  # so that items with the same deadline are not compared

    def __len__(self) -> int:
        """Return how many entries are kept, stale ones included."""
        return len(self._heap)

    def set(self, item: T, at: float) -> bool:
        """Let an item be due then, and not when it was before. Tell whether it has become the earliest."""
        before = self._due.get(item)
        self._due[item] = at
        if before is not None and at >= before:
            return False
        heappush(self._heap, (at, next(self._serials), item))
        self._sweep()
        return self._heap[0][2] is item

    def clear(self, item: T) -> None:
        """Let an item be due no more, if it was."""
        if self._due.pop(item, None) is not None:
            self._sweep()

    def next(self) -> float | None:
        """Return the earliest deadline, None if there is none."""
        heap = self._heap
        while heap:
            at, _, item = heap[0]
            due = self._due.get(item)
            if due == at:
                return at
            if due is None:
                heappop(heap)
            else:
                heapreplace(heap, (due, next(self._serials), item))
        return None

    def expired(self, now: float) -> list[T]:
        """Take out and return what is due by now, the earliest first."""
        found = []
        while (at := self.next()) is not None and at <= now:
            item = heappop(self._heap)[2]
            del self._due[item]
            found.append(item)
        return found

    def _sweep(self) -> None:
        if len(self._heap) > _SMALL + 2 * len(self._due):
            self._heap = [(at, next(self._serials), item) for item, at in self._due.items()]
            heapify(self._heap)
