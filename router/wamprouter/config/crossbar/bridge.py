"""The HTTP bridge of a Crossbar document: publishers, callers and webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from wamprouter.config.bridge import MIB
from wamprouter.config.crossbar.lowering import Document, Walk
from wamprouter.config.crossbar.notes import Kind
from wamprouter.config.problems import Place

__all__ = ["DEFAULTS", "options", "path"]

_ALL_PAGES: Final[Document] = {"cors": {"allowed_origins": ["*"], "allow_null_origin": True}}

DEFAULTS: Final[Mapping[str, Document]] = {
    "publisher": _ALL_PAGES,
    "caller": {**_ALL_PAGES, "error_status": 200},
    "webhook": {"allow_sha1": True},  # the one signature that Crossbar knows
}
"""Crossbar's defaults where ours differ, by the type of the path."""

_SMALLEST: Final = 512
_LARGEST: Final = 64 * MIB
_LONGEST: Final = 86_400


def path(kind: str, lowered: Document) -> Document:
    """Return a path with Crossbar's defaults."""
    given = lowered.get("options", {})
    return {**lowered, "options": {**DEFAULTS[kind], **given}} if isinstance(given, dict) else lowered


def options(table: str, walk: Walk, node: Document, at: Place, to: Place) -> Document:
    """Return the options of such a path. 0 stands for no limit in Crossbar."""
    lowered = walk.fields(table, node, at, to)
    limit = lowered.get("post_body_limit")
    if _is_number(limit) and not _SMALLEST <= limit <= _LARGEST:
        lowered["post_body_limit"] = held = min(max(limit, _SMALLEST), _LARGEST) if limit else MIB
        meant = f"{limit} bytes" if limit else "no limit"
        walk.note((*at, "post_body_limit"), Kind.DIFFERS, f"{meant} is not possible: {held} bytes hold")
    if lowered.get("timestamp_delta_limit") == 0:
        lowered["timestamp_delta_limit"] = _LONGEST
        walk.note((*at, "timestamp_delta_limit"), Kind.DIFFERS, f"no limit is not possible: {_LONGEST} seconds hold")
    return lowered


def _is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
