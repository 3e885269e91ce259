"""The broker: topics, subscriptions and events (basic profile, "Publish and Subscribe").

One subscription stands for one (topic, match) of the realm; sessions come and go in it. An event goes once to each
matching *subscription*, so a session with overlapping ones gets it once for each (advanced profile, "Pattern-based
Subscriptions").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from wamp.protocol.errors import NoSuchSubscription
from wamp.protocol.messages import (
    Event,
    Publish,
    Published,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from wamp.protocol.options import PublishOptions, SubscribeOptions, read
from wamp.protocol.uris import Match
from wamprouter.realm import facts
from wamprouter.realm.audience import receivers
from wamprouter.realm.delivery import Delivery
from wamprouter.realm.patterns import PatternIndex

if TYPE_CHECKING:
    from wamprouter.session import Session

__all__ = ["FEATURES", "Broker", "Subscription"]

FEATURES: Final = (
    "pattern_based_subscription",
    "publisher_exclusion",
    "subscriber_blackwhite_listing",
)
"""What the broker announces: exactly what works."""

_DEFAULT_OPTIONS: Final = PublishOptions()


class Subscription:
    """A topic, or a pattern of topics, and who has subscribed to it."""

    __slots__ = ("_members", "_receivers", "id", "match", "topic")

    def __init__(self, subscription_id: int, topic: str, match: Match) -> None:
        self.id = subscription_id
        self.topic = topic
        self.match = match
        self._members: dict[Session, None] = {}  # a set that remembers the order of joining
        self._receivers: tuple[Session, ...] | None = None

    @property
    def subscribers(self) -> Sequence[Session]:
        """All subscribers in the order of their subscribing. Cached: it is read for every event."""
        if self._receivers is None:
            self._receivers = tuple(self._members)
        return self._receivers

    def __contains__(self, session: object) -> bool:
        return session in self._members

    def add(self, session: Session) -> None:
        self._members[session] = None
        self._receivers = None

    def discard(self, session: Session) -> None:
        self._members.pop(session, None)
        self._receivers = None


class Broker:
    """All subscriptions of a realm. Sessions may only send here what they were authorized for."""

    def __init__(self, *, ids: Iterator[int], publications: Iterator[int], tell: facts.Tell) -> None:
        self._ids = ids
        self._publications = publications
        self._tell = tell
        self._index: PatternIndex[Subscription] = PatternIndex()
        self.events = 0
        """How many events were handed on, counted once for each receiver."""

    def subscribe(self, session: Session, message: Subscribe) -> list[Delivery]:
        """Subscribe a session. Subscribing twice gives the same id and changes nothing."""
        match = read(SubscribeOptions, message.options).match if message.options else Match.EXACT
        subscription = self._index.get(message.topic, match)
        is_new = subscription is None
        if subscription is None:
            subscription = Subscription(next(self._ids), message.topic, match)
            self._index.add(message.topic, match, subscription)
        if session not in subscription:
            subscription.add(session)
            session.subscriptions[subscription.id] = subscription
            if is_new:
                self._tell(facts.SubscriptionCreated(session, subscription))
            self._tell(facts.Subscribed(session, subscription))
        return [Delivery(Subscribed(message.request, subscription.id), (session,))]

    def unsubscribe(self, session: Session, message: Unsubscribe) -> list[Delivery]:
        """End a session's subscription; raise NoSuchSubscription for an id that it does not hold."""
        subscription = session.subscriptions.get(message.subscription)
        if subscription is None:
            raise NoSuchSubscription(f"no subscription {message.subscription} of this session")
        self._remove(session, subscription)
        return [Delivery(Unsubscribed(message.request), (session,))]

    def publish(self, publisher: Session, message: Publish) -> list[Delivery]:
        """Return the events for all matching subscriptions, and PUBLISHED if the publisher asked for it."""
        options = read(PublishOptions, message.options) if message.options else _DEFAULT_OPTIONS
        topic = message.topic
        publication = next(self._publications)
        deliveries = []
        for subscription in self._index.matches(topic):
            to = subscription.subscribers
            if options is not _DEFAULT_OPTIONS or publisher in subscription:
                to = receivers(to, publisher, options)
                if not to:
                    continue
            details = {} if subscription.match is Match.EXACT else {"topic": topic}
            event = Event(subscription.id, publication, details, message.args, message.kwargs)
            deliveries.append(Delivery(event, to, publisher.codec))
            self.events += len(to)
        if options.acknowledge:
            deliveries.append(Delivery(Published(message.request, publication), (publisher,)))
        return deliveries

    def detach(self, session: Session) -> None:
        """Forget a session that has left."""
        for subscription in list(session.subscriptions.values()):
            self._remove(session, subscription)

    def _remove(self, session: Session, subscription: Subscription) -> None:
        subscription.discard(session)
        del session.subscriptions[subscription.id]
        self._tell(facts.Unsubscribed(session, subscription))
        if not subscription.subscribers:
            self._index.discard(subscription.topic, subscription.match)
            self._tell(facts.SubscriptionDeleted(session, subscription))
