"""The broker: topics, subscriptions and events (basic profile, "Publish and Subscribe").

One subscription stands for one (topic, match) of the realm; sessions come and go in it. An event goes once to each
matching *subscription*, so a session with overlapping ones gets it once for each (advanced profile, "Pattern-based
Subscriptions").

What is published without options to subscriptions without history, which is nearly everything, takes the short way
through ``Broker.publish``; all else becomes a ``Publication``, which can also be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import LimitExceeded, NoSuchSubscription
from wamp.protocol.messages import (
    Event,
    EventReceived,
    Publish,
    Published,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
)
from wamp.protocol.options import PublishOptions, SubscribeOptions, read
from wamp.protocol.uris import Match
from wamprouter.realm import facts, passthru
from wamprouter.realm.delivery import Delivery
from wamprouter.realm.history import History
from wamprouter.realm.patterns import PatternIndex
from wamprouter.realm.publication import Publication
from wamprouter.realm.retention import Retention
from wamprouter.realm.sharding import Ring

if TYPE_CHECKING:
    from wamprouter.realm.settings import HistoryRule, Settings
    from wamprouter.session import Session
    from wamprouter.statistics.tally import Tally
    from wamprouter.store import EventLog, EventStore

__all__ = ["FEATURES", "MOST_UNACKNOWLEDGED", "Broker", "Subscription"]

FEATURES: Final = (
    "event_history",
    "event_retention",
    "pattern_based_subscription",
    "payload_passthru_mode",
    "publication_trustlevels",
    "publisher_exclusion",
    "publisher_identification",
    "sharded_subscription",
    "subscriber_blackwhite_listing",
    "subscription_revocation",
    "x_acknowledged_event_delivery",
)
"""What the broker announces: exactly what works."""

MOST_UNACKNOWLEDGED: Final = 1000
"""Publications that one session has not acknowledged; of those before nobody will be told. It is twice the usual window of
a client that works in batches, and some KB."""

_PASSTHRU: Final = f"subscriber.{passthru.FEATURE}"
_REVOCATION: Final = "subscriber.subscription_revocation"
# Autobahn's clients announce it for the publisher, although it is the subscriber who acknowledges.
_ACKNOWLEDGING: Final = {"subscriber.x_acknowledged_event_delivery", "publisher.x_acknowledged_event_delivery"}

_DEFAULT_PUBLISH: Final = PublishOptions()
_DEFAULT_SUBSCRIBE: Final = SubscribeOptions()


class Subscription:
    """A topic, or a pattern of topics, and who has subscribed to it."""

    __slots__ = (
        "_members",
        "_nodes",
        "_receivers",
        "_ring",
        "acknowledging",
        "created",
        "id",
        "is_plain",
        "log",
        "match",
        "topic",
    )

    def __init__(self, subscription_id: int, topic: str, match: Match, created: float) -> None:
        self.id = subscription_id
        self.topic = topic
        self.match = match
        self.created = created
        """Seconds since 1970."""
        self.log: EventLog | None = None
        """Its history, if it has one. Then it stays when nobody subscribes."""
        self.is_plain = True
        """Whether its events are for its subscribers only, and the same for all of them."""
        self._members: dict[Session, None] = {}  # a set that remembers the order of joining
        self._receivers: tuple[Session, ...] | None = None
        self.acknowledging: set[Session] | None = None
        """Those of the subscribers who want to acknowledge events."""
        self._nodes: dict[Session, str] | None = None  # session -> nkey
        self._ring: Ring | None = None

    @property
    def subscribers(self) -> Sequence[Session]:
        """All subscribers in the order of their subscribing. Cached: it is read for every event."""
        if self._receivers is None:
            self._receivers = tuple(self._members)
        return self._receivers

    def __contains__(self, session: object) -> bool:
        return session in self._members

    def keep_in(self, log: EventLog | None) -> None:
        """Give it a history, or none."""
        self.log = log
        self.is_plain = log is None and self.acknowledging is None

    def add(self, session: Session, options: SubscribeOptions = _DEFAULT_SUBSCRIBE) -> None:
        self._members[session] = None
        self._receivers = None
        if options.x_acknowledged_delivery and not _ACKNOWLEDGING.isdisjoint(session.features):
            if self.acknowledging is None:
                self.acknowledging = set()
            self.acknowledging.add(session)
            self.is_plain = False
        if options.nkey is not None:
            if self._nodes is None or self._ring is None:
                self._nodes, self._ring = {}, Ring()
            self._nodes[session] = options.nkey
            self._ring.add(options.nkey)

    def discard(self, session: Session) -> None:
        self._members.pop(session, None)
        self._receivers = None
        if self.acknowledging is not None:
            self.acknowledging.discard(session)
            if not self.acknowledging:
                self.acknowledging = None
                self.is_plain = self.log is None
        if self._nodes is not None and self._ring is not None and session in self._nodes:
            self._ring.discard(self._nodes.pop(session))
            if not self._nodes:
                self._nodes = self._ring = None

    def shard(self, rkey: str | None) -> Sequence[Session]:
        """Return the subscribers that an event with a resource key is for: all but those of other nodes.

        A key belongs to one of the node keys that subscribers have given, the same as long as that is there. Without a
        resource key an event is for everybody, and who gave no node key gets every event (advanced profile, "Sharded
        Subscription").
        """
        nodes = self._nodes
        if rkey is None or nodes is None or self._ring is None:
            return self.subscribers
        node = self._ring.node_of(rkey)
        return [session for session in self.subscribers if nodes.get(session, node) == node]


class Broker:
    """All subscriptions of a realm. Sessions may only send here what they were authorized for."""

    def __init__(
        self,
        *,
        realm: str,
        ids: Iterator[int],
        publications: Iterator[int],
        tell: facts.Tell,
        tally: Tally,
        settings: Settings,
        wall_clock: Callable[[], float],
        store: EventStore,
    ) -> None:
        self._ids = ids
        self._publications = publications
        self._tell = tell
        self._wall_clock = wall_clock
        self._realm = realm
        self._store = store
        self._index: PatternIndex[Subscription] = PatternIndex()
        self.subscriptions: dict[int, Subscription] = {}
        """By id, in the order of their creation."""
        self.retention = Retention(settings.max_retained, settings.max_retained_bytes)
        self.history = History(self.subscriptions, wall_clock)
        self._tally = tally
        self.configure(settings)
        self.resize(settings)

    def configure(self, settings: Settings) -> None:
        """Take new settings. That can be taken back: what is kept stays until ``resize``."""
        self._max_subscriptions = settings.max_subscriptions

    def resize(self, settings: Settings) -> None:
        """Keep as many events as the settings say: of what is there already, what there is room for."""
        self.retention.resize(settings.max_retained, settings.max_retained_bytes)
        rules: dict[tuple[str, Match], HistoryRule] = {}
        for rule in settings.history:
            rules.setdefault((rule.uri, rule.match), rule)  # of two alike, the first counts
        for subscription in [one for one in self.subscriptions.values() if one.log is not None]:
            if (subscription.topic, subscription.match) not in rules:
                self._end_history(subscription)
        for rule in rules.values():
            log = self._store.log(self._realm, rule.uri, rule.match, rule.limit, rule.limit_bytes)
            subscription = self.lookup(rule.uri, rule.match) or self._create(rule.uri, rule.match)
            subscription.keep_in(log)

    def _end_history(self, subscription: Subscription) -> None:
        subscription.keep_in(None)
        self._store.discard(self._realm, subscription.topic, subscription.match)
        if not subscription.subscribers:
            self._index.discard(subscription.topic, subscription.match)
            del self.subscriptions[subscription.id]

    def close(self) -> None:
        """Let go of what is kept outside of the realm, which is no more."""
        for subscription in list(self.subscriptions.values()):
            if subscription.log is not None:
                self._end_history(subscription)

    # -- subscriptions

    def lookup(self, topic: str, match: Match) -> Subscription | None:
        """Return the subscription to exactly this topic or pattern."""
        return self._index.get(topic, match)

    def matching(self, topic: str) -> list[Subscription]:
        """Return the subscriptions that get what is published to a topic."""
        return self._index.matches(topic)

    def is_awaited(self, topic: str) -> bool:
        """Tell whether anybody, or a history, gets what is published to a topic."""
        return bool(self._index.matches(topic))

    def _create(self, topic: str, match: Match) -> Subscription:
        subscription = Subscription(next(self._ids), topic, match, self._wall_clock())
        self._index.add(topic, match, subscription)
        self.subscriptions[subscription.id] = subscription
        return subscription

    def subscribe(self, session: Session, message: Subscribe) -> list[Delivery]:
        """Subscribe a session; raise LimitExceeded if it has as many subscriptions as it may.

        Subscribing twice gives the same id and changes nothing; retained events come each time that they are asked for.
        """
        options = read(SubscribeOptions, message.options) if message.options else _DEFAULT_SUBSCRIBE
        match = options.match
        subscription = self._index.get(message.topic, match)
        if subscription is None or session not in subscription:
            if len(session.subscriptions) >= self._max_subscriptions and not session.is_own:
                raise LimitExceeded(f"this session has {self._max_subscriptions} subscriptions, as many as it may")
            is_new = subscription is None
            if subscription is None:
                subscription = self._create(message.topic, match)
            subscription.add(session, options)
            session.subscriptions[subscription.id] = subscription
            if is_new:
                self._tell(facts.SubscriptionCreated(session, subscription))
            self._tell(facts.Subscribed(session, subscription))
        deliveries = [Delivery(Subscribed(message.request, subscription.id), (session,))]
        if options.get_retained:
            deliveries += self._retained(session, subscription)
        return deliveries

    def _retained(self, session: Session, subscription: Subscription) -> list[Delivery]:
        """Return what a subscriber would have got last (advanced profile, "Event Retention")."""

        def hears(publication: Publication) -> bool:
            return (
                publication.audience.admits(session)
                and (not publication.is_passed_through or _PASSTHRU in session.features)
                and session in subscription.shard(publication.rkey)
            )

        deliveries = []
        for publication in self.retention.events(subscription.topic, subscription.match, hears):
            deliveries += self._deliveries(subscription, publication, (session,), retained=True)
        return deliveries

    def unsubscribe(self, session: Session, message: Unsubscribe) -> list[Delivery]:
        """End a session's subscription; raise NoSuchSubscription for an id that it does not hold."""
        subscription = session.subscriptions.get(message.subscription)
        if subscription is None:
            raise NoSuchSubscription(f"no subscription {message.subscription} of this session")
        self._remove(session, subscription)
        return [Delivery(Unsubscribed(message.request), (session,))]

    def revoke(self, subscription: Subscription, session: Session, reason: str = "") -> list[Delivery]:
        """End a session's subscription for it; raise NoSuchSubscription if it has none.

        Only who has announced that is told (advanced profile, "Subscription Revocation").
        """
        if session not in subscription:
            raise NoSuchSubscription(f"session {session.id} has no subscription {subscription.id}")
        self._remove(session, subscription)
        if _REVOCATION not in session.features:
            return []
        details: dict[str, Any] = {"subscription": subscription.id}
        if reason:
            details["reason"] = reason
        return [Delivery(Unsubscribed(0, details), (session,))]

    def detach(self, session: Session) -> None:
        """Forget a session that has left."""
        for subscription in list(session.subscriptions.values()):
            self._remove(session, subscription)
        session.unacknowledged = None

    def _remove(self, session: Session, subscription: Subscription) -> None:
        subscription.discard(session)
        del session.subscriptions[subscription.id]
        self._tell(facts.Unsubscribed(session, subscription))
        if not subscription.subscribers and subscription.log is None:
            self._index.discard(subscription.topic, subscription.match)
            del self.subscriptions[subscription.id]
            self._tell(facts.SubscriptionDeleted(session, subscription))

    # -- events

    def publish(self, publisher: Session, message: Publish) -> list[Delivery]:
        """Return the events for all matching subscriptions, and PUBLISHED if the publisher asked for it."""
        if message.options or publisher.role.trustlevel is not None:
            return self._publish(publisher, message, read(PublishOptions, message.options))
        topic = message.topic
        publication = next(self._publications)
        deliveries = []
        for subscription in self._index.matches(topic):
            if not subscription.is_plain:
                whole = Publication.of(publication, publisher, message, _DEFAULT_PUBLISH)
                deliveries += self._events(subscription, whole)
                continue
            to = subscription.subscribers
            if publisher in subscription:
                to = [session for session in to if session is not publisher]
                if not to:
                    continue
            details = {} if subscription.match is Match.EXACT else {"topic": topic}
            event = Event(subscription.id, publication, details, message.args, message.kwargs)
            deliveries.append(Delivery(event, to, publisher.codec))
            self._tally.events += len(to)
        return deliveries

    def _publish(self, publisher: Session, message: Publish, options: PublishOptions) -> list[Delivery]:
        passthru.check_sender(publisher, "publisher", message.options)
        publication = Publication.of(next(self._publications), publisher, message, options)
        if options.retain:
            self.retention.keep(publication)
        deliveries = []
        for subscription in self._index.matches(message.topic):
            deliveries += self._events(subscription, publication)
        if options.acknowledge:
            deliveries.append(Delivery(Published(message.request, publication.id), (publisher,)))
        return deliveries

    def _events(self, subscription: Subscription, publication: Publication) -> list[Delivery]:
        """Keep a publication in a subscription's history, and return the events for its subscribers."""
        if subscription.log is not None:
            self.history.record(subscription.log, publication, publication.details_for(subscription.match))
        to = publication.audience.among(subscription.shard(publication.rkey))
        if publication.is_passed_through:
            able = [session for session in to if _PASSTHRU in session.features]
            self._tally.withheld_events += len(to) - len(able)
            to = able
        return self._deliveries(subscription, publication, to)

    def _deliveries(
        self, subscription: Subscription, publication: Publication, to: Sequence[Session], **more: Any
    ) -> list[Delivery]:
        deliveries = []
        acknowledging = subscription.acknowledging
        if acknowledging is not None:
            # Who is to acknowledge must be told so, hence gets another event than the others.
            waited_for = [session for session in to if session in acknowledging]
            if waited_for:
                to = [session for session in to if session not in acknowledging]
                for session in waited_for:
                    _await(session, publication.id)
                event = publication.event(subscription, x_acknowledged_delivery=True, **more)
                deliveries.append(Delivery(event, waited_for, publication.codec))
                self._tally.events += len(waited_for)
        if to:
            deliveries.append(Delivery(publication.event(subscription, **more), to, publication.codec))
            self._tally.events += len(to)
        return deliveries

    def event_received(self, session: Session, message: EventReceived) -> list[Delivery]:
        """Take the acknowledgement of an event; what was not asked for is ignored."""
        waiting = session.unacknowledged
        if waiting is not None and message.publication in waiting:
            waiting[message.publication] -= 1
            if not waiting[message.publication]:
                del waiting[message.publication]
            self._tell(facts.EventAcknowledged(session, message.publication))
        return []


def _await(session: Session, publication: int) -> None:
    if session.unacknowledged is None:
        session.unacknowledged = {}
    waiting = session.unacknowledged
    waiting[publication] = waiting.get(publication, 0) + 1
    if len(waiting) > MOST_UNACKNOWLEDGED:
        del waiting[next(iter(waiting))]
