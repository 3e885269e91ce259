"""What the meta APIs of registrations and subscriptions share: both have ids, URIs and ways to match."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from wamp.protocol.uris import Match
from wamprouter.realm.meta.calling import Arguments

__all__ = ["Matching", "Nothing", "ids_by_match", "timestamp"]


class Nothing(Arguments):
    """No arguments."""


class Matching(msgspec.Struct, frozen=True):
    """Of the options of REGISTER or SUBSCRIBE, the one that tells apart what has the same URI."""

    match: Match | None = None


class _Matched(Protocol):
    id: int
    match: Match


def ids_by_match(entries: Iterable[_Matched]) -> dict[str, list[int]]:
    """Return the ids for each match policy, in the order of ``entries``."""
    ids: dict[str, list[int]] = {match.value: [] for match in Match}
    for entry in entries:
        ids[entry.match.value].append(entry.id)
    return ids


def timestamp(moment: float) -> str:
    """Return seconds since 1970 as ISO 8601, to the millisecond."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
