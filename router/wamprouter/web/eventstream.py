"""The format of ``text/event-stream`` (HTML standard, "Server-sent events"). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wamp.protocol.messages import ABSENT
from wamp.protocol.serializers import JSON

if TYPE_CHECKING:
    from wamp.protocol.messages import Event, Raw

__all__ = ["HEARTBEAT", "comment", "event_of", "past_event", "retry"]

HEARTBEAT = b":\n\n"
"""A line that says nothing."""


def event_of(event: Event, topic: str) -> bytes:
    """Return an event whose payload is in JSON. ``topic`` is that of its subscription, unless the event has its own."""
    details = dict(event.details)
    return _event(event.publication, str(details.pop("topic", topic)), event.args, event.kwargs, details)


def past_event(kept: dict[str, Any], topic: str) -> bytes:
    """Return an event as ``wamp.subscription.get_events`` describes it."""
    details = dict(kept.get("details") or {})
    args, kwargs = (JSON.pack(kept[name]) if kept.get(name) else ABSENT for name in ("args", "kwargs"))
    return _event(kept["publication"], str(details.pop("topic", topic)), args, kwargs, details)


def _event(publication: int, topic: str, args: Raw, kwargs: Raw, details: dict[str, Any]) -> bytes:
    parts = [b'{"topic":', JSON.pack(topic), b',"args":', args or b"[]", b',"kwargs":', kwargs or b"{}"]
    if details:
        parts += [b',"details":', JSON.pack(details)]
    # The payload is as its publisher has written it, possibly in several lines.
    lines = b"".join((*map(bytes, parts), b"}")).splitlines()
    return b"id: %d\n" % publication + b"".join(b"data: %s\n" % line for line in lines) + b"\n"


def retry(milliseconds: int) -> bytes:
    """Return how long a browser is to wait before it connects again."""
    return b"retry: %d\n\n" % milliseconds


def comment(text: str) -> bytes:
    """Return a line for people who look at the stream."""
    return b": " + " ".join(text.split()).encode() + b"\n\n"
