"""What lists have in common: realms by name, pages, and words that are searched for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import nlargest, nsmallest
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, TypeVar

from msgspec import Meta

from wamp.protocol.errors import NoSuchRealm
from wamprouter.realm.meta.calling import Arguments

if TYPE_CHECKING:
    from wamprouter.node import Node
    from wamprouter.realm.realm import Realm

__all__ = ["MOST", "Page", "best", "existing_realm", "matching", "realms", "sliced"]

T = TypeVar("T")

MOST: Final = 500
"""Entries of one page, and of one list within an entry."""

_MOST_PASSED_OVER: Final = 1_000_000

Offset: TypeAlias = Annotated[int, Meta(ge=0, le=_MOST_PASSED_OVER)]
Limit: TypeAlias = Annotated[int, Meta(ge=0, le=MOST)]


class Page(Arguments):
    """Which entries are wanted: those of one realm or of all, in which a text occurs, and how many."""

    realm: str | None = None
    search: str | None = None
    offset: Offset = 0
    limit: Limit = 50


def realms(node: Node, name: str | None) -> list[Realm]:
    """Return the realms that are meant, all without a name. Raise NoSuchRealm."""
    return list(node.realms) if name is None else [existing_realm(node, name)]


def existing_realm(node: Node, name: str) -> Realm:
    """Return a realm by its name. None is made. Raise NoSuchRealm."""
    realm = node.realms.existing(name)
    if realm is None:
        raise NoSuchRealm(f"no realm {name!r} on this router")
    return realm


def sliced(entries: Iterable[T], offset: int, limit: int) -> Iterator[T]:
    """Yield a page of what is in order already."""
    return islice(entries, offset, offset + limit)


def best(entries: Iterable[T], key: Callable[[T], Any], offset: int, limit: int, *, descending: bool) -> list[T]:
    """Return a page of what is in no order: no more is sorted than comes before the end of it."""
    choose = nlargest if descending else nsmallest
    return choose(offset + limit, entries, key)[offset:]


def matching(entries: Iterable[T], search: str | None, text: Callable[[T], str]) -> Iterable[T]:
    """Return the entries in whose text the words occur, all without any words."""
    return entries if not search else [entry for entry in entries if search in text(entry)]
