"""What there is on a realm, for those who type: the URIs of its procedures and topics, as the meta API lists them."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Literal

from wamp.asyncio.client import Client
from wamp.exception import ApplicationError

__all__ = ["META_PROCEDURES", "Kind", "uris"]

Kind = Literal["registration", "subscription"]

MOST: Final = 1000
"""Registrations or subscriptions that are looked at: each is a call of its own."""

META_PROCEDURES: Final = tuple(
    f"wamp.{subject}.{verb}"
    for subject, verbs in {
        "session": "count list get kill kill_by_authid kill_by_authrole kill_all add_testament flush_testaments",
        "registration": "list lookup match get list_callees count_callees remove_callee",
        "subscription": "list lookup match get list_subscribers count_subscribers remove_subscriber get_events",
    }.items()
    for verb in verbs.split()
)
"""Procedures that no session has registered (advanced profile, "Session Meta API" and its like)."""


async def uris(session: Client, kind: Kind) -> list[str]:
    """Return the URIs and patterns of all registrations or subscriptions, as far as we may know of them."""
    try:
        listed = await session.call(f"wamp.{kind}.list")
    except ApplicationError:  # a realm that does not let us
        return []
    ids = [each for match in ("exact", "prefix", "wildcard") for each in listed.get(match, ())]
    found = await asyncio.gather(*(_uri(session, kind, each) for each in ids[:MOST]))
    return sorted({uri for uri in found if uri})


async def _uri(session: Client, kind: Kind, number: Any) -> str | None:
    try:
        details = await session.call(f"wamp.{kind}.get", number)
    except ApplicationError:  # it is gone
        return None
    uri = details.get("uri")
    return uri if isinstance(uri, str) else None
