"""What happened in a realm, told to whoever wants to know: logs, statistics, the meta API.

Facts are told after the deed and change nothing. Broker, dealer and realm are given a ``Tell`` to pass them to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from wamprouter.realm.broker import Subscription
    from wamprouter.realm.dealer import Registration
    from wamprouter.session import Session

__all__ = [
    "EventAcknowledged",
    "Fact",
    "Registered",
    "RegistrationCreated",
    "RegistrationDeleted",
    "SessionJoined",
    "SessionKilled",
    "SessionLeft",
    "Subscribed",
    "SubscriptionCreated",
    "SubscriptionDeleted",
    "Tell",
    "Unregistered",
    "Unsubscribed",
]


class Fact(msgspec.Struct):
    """Something that has happened to, or because of, a session."""

    session: Session


class SessionJoined(Fact):
    pass


class SessionLeft(Fact):
    pass


class SessionKilled(Fact):
    """The realm has put it out, and has a GOODBYE for it: whatever it still sends must not be read."""


class _SubscriptionFact(Fact):
    subscription: Subscription


class SubscriptionCreated(_SubscriptionFact):
    pass


class Subscribed(_SubscriptionFact):
    pass


class Unsubscribed(_SubscriptionFact):
    pass


class SubscriptionDeleted(_SubscriptionFact):
    pass


class EventAcknowledged(Fact):
    """A subscriber has received an event that was delivered to it with the wish to know that."""

    publication: int


class _RegistrationFact(Fact):
    registration: Registration


class RegistrationCreated(_RegistrationFact):
    pass


class Registered(_RegistrationFact):
    pass


class Unregistered(_RegistrationFact):
    pass


class RegistrationDeleted(_RegistrationFact):
    pass


Tell: TypeAlias = Callable[[Fact], None]
