"""Requests in flight: what a session remembers of each until the router answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from wamp.protocol import messages
from wamp.request import Endpoint, Handler, Registration

__all__ = [
    "REFUSED",
    "Pending",
    "PendingCall",
    "PendingPublish",
    "PendingRegister",
    "PendingSubscribe",
    "PendingUnregister",
    "PendingUnsubscribe",
    "Reply",
]

Reply = Any
"""What the shell wants back when a request is settled: a Deferred, a Future, a queue. Nobody here looks at it."""


class Pending(msgspec.Struct):
    """A request that the router has not answered yet. ``reply`` is None once nobody waits for it any more."""

    reply: Reply


class PendingCall(Pending):
    procedure: str
    on_progress: Callable[..., Any] | None = None
    details: bool | None = None
    parts: dict[str, Any] | None = None
    """Options of a progressive call's parts, but for ``progress``. None if no part may follow."""


class PendingPublish(Pending):
    was_encrypted: bool = False


class PendingRegister(Pending):
    procedure: str
    endpoint: Endpoint


class PendingUnregister(Pending):
    registration: Registration


class PendingSubscribe(Pending):
    topic: str
    handler: Handler
    match: str


class PendingUnsubscribe(Pending):
    subscription: int


REFUSED: Final[Mapping[int, type[Pending]]] = {
    messages.Call.CODE: PendingCall,
    messages.Publish.CODE: PendingPublish,
    messages.Register.CODE: PendingRegister,
    messages.Unregister.CODE: PendingUnregister,
    messages.Subscribe.CODE: PendingSubscribe,
    messages.Unsubscribe.CODE: PendingUnsubscribe,
}
"""ERROR.request_type -> the kind of request that it refuses."""
