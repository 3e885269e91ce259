"""What is subscribed to in a realm, and by whom (advanced profile, "Subscription Meta API")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wamp.protocol.errors import NoSuchSession, NoSuchSubscription
from wamp.protocol.ids import Id
from wamp.protocol.uris import Match
from wamprouter.realm.history import HistoryFilter
from wamprouter.realm.meta.calling import Arguments, Procedure
from wamprouter.realm.meta.entries import Matching, Nothing, ids_by_match, timestamp

if TYPE_CHECKING:
    from wamprouter.realm.broker import Subscription
    from wamprouter.realm.delivery import Delivery
    from wamprouter.realm.realm import Realm
    from wamprouter.session import Session

__all__ = ["Subscriptions", "details_of"]


class _Lookup(Arguments):
    topic: str
    options: Matching = Matching()


class _Uri(Arguments):
    topic: str


class _One(Arguments):
    subscription: Id


class _RemoveSubscriber(Arguments):
    subscription: Id
    subscriber: Id
    reason: str = ""


class _GetEvents(HistoryFilter, frozen=True, forbid_unknown_fields=True):
    subscription: Id


def details_of(subscription: Subscription) -> dict[str, Any]:
    """Return what is told of a subscription."""
    return {
        "id": subscription.id,
        "created": timestamp(subscription.created),
        "uri": subscription.topic,
        "match": subscription.match.value,
    }


class Subscriptions:
    """The procedures. ``effects`` takes what they lead to for others; it is delivered before the result."""

    def __init__(self, realm: Realm, effects: list[Delivery]) -> None:
        self._realm = realm
        self._effects = effects
        self.procedures = {
            "wamp.subscription.list": Procedure(Nothing, self._list),
            "wamp.subscription.lookup": Procedure(_Lookup, self._lookup),
            "wamp.subscription.match": Procedure(_Uri, self._match),
            "wamp.subscription.get": Procedure(_One, self._get),
            "wamp.subscription.list_subscribers": Procedure(_One, self._list_subscribers),
            "wamp.subscription.count_subscribers": Procedure(_One, self._count_subscribers),
            "wamp.subscription.get_events": Procedure(_GetEvents, self._get_events),
            "wamp.subscription.remove_subscriber": Procedure(_RemoveSubscriber, self._remove_subscriber),
        }

    def _list(self, _caller: Session, _arguments: Nothing) -> list[Any]:
        return [ids_by_match(self._realm.broker.subscriptions.values())]

    def _lookup(self, _caller: Session, wanted: _Lookup) -> list[Any]:
        found = self._realm.broker.lookup(wanted.topic, wanted.options.match or Match.EXACT)
        return [None if found is None else found.id]

    def _match(self, _caller: Session, wanted: _Uri) -> list[Any]:
        """Return the ids of all that match, or null and not an empty list, as the specification has it."""
        return [[found.id for found in self._realm.broker.matching(wanted.topic)] or None]

    def _existing(self, subscription_id: int) -> Subscription:
        subscription = self._realm.broker.subscriptions.get(subscription_id)
        if subscription is None:
            raise NoSuchSubscription(f"no subscription {subscription_id} in this realm")
        return subscription

    def _get(self, _caller: Session, wanted: _One) -> list[Any]:
        return [details_of(self._existing(wanted.subscription))]

    def _list_subscribers(self, _caller: Session, wanted: _One) -> list[Any]:
        return [[subscriber.id for subscriber in self._existing(wanted.subscription).subscribers]]

    def _count_subscribers(self, _caller: Session, wanted: _One) -> list[Any]:
        return [len(self._existing(wanted.subscription).subscribers)]

    def _get_events(self, caller: Session, wanted: _GetEvents) -> list[Any]:
        """Return what was published before (advanced profile, "Event History")."""
        return [self._realm.broker.history.events(wanted.subscription, wanted, caller)]

    def _remove_subscriber(self, _caller: Session, wanted: _RemoveSubscriber) -> list[Any]:
        """Revoke a subscription (advanced profile, "Subscription Revocation")."""
        subscription = self._existing(wanted.subscription)
        subscriber = self._realm.sessions.get(wanted.subscriber)
        if subscriber is None or subscription.id not in subscriber.subscriptions:
            raise NoSuchSession(f"session {wanted.subscriber} has not subscribed to {subscription.topic}")
        self._effects += self._realm.broker.revoke(subscription, subscriber, wanted.reason)
        return []
