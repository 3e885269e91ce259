"""Which event tells of which fact, and with what arguments (advanced profile, the three meta APIs)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from wamprouter.realm import facts
from wamprouter.realm.meta import registrations, sessions, subscriptions

__all__ = ["EVENTS", "MetaEvent"]


class MetaEvent(NamedTuple):
    topic: str
    arguments: Callable[[Any], list[Any]]
    """Fact -> positional arguments."""


def _subscription(fact: Any) -> list[Any]:
    return [fact.session.id, fact.subscription.id]


def _registration(fact: Any) -> list[Any]:
    return [fact.session.id, fact.registration.id]


EVENTS: Final[Mapping[type[facts.Fact], MetaEvent]] = {
    facts.SessionJoined: MetaEvent("wamp.session.on_join", lambda fact: [sessions.details_of(fact.session)]),
    facts.SessionLeft: MetaEvent(
        "wamp.session.on_leave", lambda fact: [fact.session.id, fact.session.authid, fact.session.authrole]
    ),
    facts.RegistrationCreated: MetaEvent(
        "wamp.registration.on_create",
        lambda fact: [fact.session.id, registrations.details_of(fact.registration)],
    ),
    facts.Registered: MetaEvent("wamp.registration.on_register", _registration),
    facts.Unregistered: MetaEvent("wamp.registration.on_unregister", _registration),
    facts.RegistrationDeleted: MetaEvent("wamp.registration.on_delete", _registration),
    facts.SubscriptionCreated: MetaEvent(
        "wamp.subscription.on_create",
        lambda fact: [fact.session.id, subscriptions.details_of(fact.subscription)],
    ),
    facts.Subscribed: MetaEvent("wamp.subscription.on_subscribe", _subscription),
    facts.Unsubscribed: MetaEvent("wamp.subscription.on_unsubscribe", _subscription),
    facts.SubscriptionDeleted: MetaEvent("wamp.subscription.on_delete", _subscription),
}
