"""What an operator may set of a realm's behaviour, as the routing core sees it."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from wamp.protocol.uris import Match

__all__ = ["DEFAULT", "HistoryRule", "Settings"]


class HistoryRule(msgspec.Struct, frozen=True):
    """Topics whose events are kept for ``wamp.subscription.get_events``, and how many of them."""

    uri: str
    match: Match = Match.EXACT
    limit: int = 1000
    """Events kept for each subscription; the oldest goes first."""
    limit_bytes: int = 16 * 1024**2
    """Bytes that they may take in memory, about."""


class Settings(msgspec.Struct, frozen=True):
    """Everything has the default that the specification, or caution, suggests."""

    drop_events: bool = False
    """Whether a slow subscriber loses events; if not, it is disconnected."""
    may_disclose: bool = True
    """Whether callers and publishers may ask for their own identity to be disclosed (``disclose_me``)."""
    call_timeout_unit: Literal["ms", "s"] = "ms"
    """What ``CALL.Options.timeout`` counts. The specification says milliseconds, Crossbar takes seconds."""
    max_call_timeout: int = 0
    """Milliseconds after which every call times out, also one that asks for more or for nothing; 0 for no such limit."""
    cancel_reply: Literal["auto", "spec", "quiet"] = "auto"
    """Whether the caller gets its ERROR at once when it cancels: as the specification says, or quietly never. ``auto`` is
    quiet for autobahn-js only, which takes that ERROR for a protocol violation."""
    strict_request_ids: bool = False
    """Whether request ids that are not 1, 2, 3, ... are a protocol violation. Many clients in the field are not so strict."""
    history: tuple[HistoryRule, ...] = ()
    max_retained: int = 10_000
    """Topics that have a retained event; beyond it the one that was published longest ago is forgotten."""
    max_retained_bytes: int = 64 * 1024**2
    """Bytes that retained events may take in memory, about."""
    max_subscriptions: int = 10_000
    """Subscriptions of one session."""
    max_registrations: int = 10_000
    """Registrations of one session."""
    max_calls: int = 10_000
    """Calls in flight of one session, as a caller."""
    max_testaments: int = 100
    """Testaments of one session."""


DEFAULT: Final = Settings()
