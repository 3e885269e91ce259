"""Several results at once, some of them Deferreds or coroutines."""

from __future__ import annotations

from types import CoroutineType
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, succeed

__all__ = ["all_of", "gathered", "waiting"]


def waiting(result: Any) -> Deferred[Any] | None:
    """Return a Deferred for a result that is not there yet, or None if it is."""
    if isinstance(result, Deferred):
        return result
    if isinstance(result, CoroutineType):
        return Deferred.fromCoroutine(result)
    return None


def gathered(results: list[Any]) -> Deferred[list[Any]]:
    """Return the results, once all are there; fail with the first error."""
    return all_of([waiting(result) or succeed(result) for result in results])


def all_of(deferreds: list[Deferred[Any]]) -> Deferred[list[Any]]:
    """Return the results of Deferreds, once all are there; fail with the first error."""
    return DeferredList(deferreds, consumeErrors=True).addCallback(_results)


def _results(results: list[tuple[bool, Any]]) -> Any:
    for has_succeeded, value in results:
        if not has_succeeded:
            return value
    return [value for _, value in results]
