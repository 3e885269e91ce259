"""Which module lowers which kind of object; the rest is lowered field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wamprouter.config.crossbar import realms, transports
from wamprouter.config.crossbar.lowering import Document, Walk
from wamprouter.config.problems import Place

__all__ = ["lower"]

_LOWERED_BY: Mapping[str, Callable[[Walk, Document, Place, Place], Any]] = {
    "permission": realms.permission,
    "endpoint": transports.endpoint,
    "path": transports.path,
    "websocket options": transports.websocket_options,
    "deflate": transports.deflate,
    "web options": transports.web_options,
    "static options": transports.static_options,
    "auth": transports.auth,
    "cookie": transports.cookie,
}


def lower(walk: Walk, table: str, node: Document, at: Place, to: Place) -> Any:
    """Return an object of Crossbar's in our form."""
    special = _LOWERED_BY.get(table)
    return special(walk, node, at, to) if special is not None else walk.fields(table, node, at, to)
