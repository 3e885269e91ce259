"""One publication: all that its events are made of, for any subscription, now or later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

import msgspec
from msgspec.structs import replace

from wamp.protocol.codec import Codec
from wamp.protocol.messages import ABSENT, Event, Publish, Raw
from wamp.protocol.uris import Match
from wamprouter.realm.audience import Audience
from wamprouter.realm.passthru import carried, is_passed_through
from wamprouter.realm.tracing import add_trace

if TYPE_CHECKING:
    from wamp.protocol.options import PublishOptions
    from wamprouter.realm.broker import Subscription
    from wamprouter.session import Session

__all__ = ["OVERHEAD", "Publication", "details_weight"]

OVERHEAD: Final = 800
"""Bytes that an event takes that is kept, besides what it says: its objects, and its place in tables."""


class Publication(msgspec.Struct, gc=False):
    """What was published, by whom as far as that is told, and for whom."""

    id: int
    topic: str
    details: dict[str, Any]
    """What all of its events say, whatever the subscription. Never handed out: each event gets a copy."""
    audience: Audience
    args: Raw
    kwargs: Raw
    codec: Codec
    """What the payload is in."""
    rkey: str | None = None
    is_passed_through: bool = False
    """Whether the payload is only for subscribers that know payload passthru mode."""

    @classmethod
    def of(cls, publication: int, publisher: Session, message: Publish, options: PublishOptions) -> Self:
        """Return what a session publishes.

        The publisher is named if it asked for that, or its role's permission says so: authorization has put that into
        the options by now (advanced profile, "Publisher Identification", "Publication Trust Levels").
        """
        details = carried(message.options)
        add_trace(details, message.options)
        if options.disclose_me:
            details["publisher"] = publisher.id
            details["publisher_authid"] = publisher.authid
            details["publisher_authrole"] = publisher.authrole
        if publisher.role.trustlevel is not None:
            details["trustlevel"] = publisher.role.trustlevel
        return cls(
            publication,
            message.topic,
            details,
            Audience.of(publisher, options),
            message.args,
            message.kwargs,
            publisher.codec,
            options.rkey,
            is_passed_through(message.options),
        )

    def details_for(self, match: Match) -> dict[str, Any]:
        """Return new details of an event for a subscription: who subscribed to a pattern is told the topic."""
        return self.details.copy() if match is Match.EXACT else {**self.details, "topic": self.topic}

    def event(self, subscription: Subscription, **more: Any) -> Event:
        """Return the event for a subscription, with ``more`` in its details."""
        details = self.details_for(subscription.match)
        details.update(more)
        return Event(subscription.id, self.id, details, self.args, self.kwargs)

    @property
    def weight(self) -> int:
        """About how many bytes it takes in memory, once it is ``lasting``."""
        payload = sum(len(memoryview(part)) for part in (self.args, self.kwargs))
        return OVERHEAD + len(self.topic) + payload + details_weight(self.details) + self.audience.weight

    def lasting(self) -> Self:
        """Return the same with a payload of its own: until now it is a view of the whole message that came in."""
        return replace(self, args=_copied(self.args), kwargs=_copied(self.kwargs))


def details_weight(details: dict[str, Any]) -> int:
    """Return how many bytes the strings in the details of an event take: the codec lets nothing longer through."""
    return sum(len(value) for value in details.values() if isinstance(value, str))


def _copied(payload: Raw) -> Raw:
    return payload if payload is ABSENT else payload.copy()
