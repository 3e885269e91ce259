"""Event history: what was published before, for who asks by ``wamp.subscription.get_events``.

Advanced profile, "Event History". Events are kept for a subscription, as they went to it, whether or not anybody had
subscribed. What is kept outlives sessions, so an event that names sessions in its black- or whitelist is not kept at all,
and a reader sees what its authid and authrole were eligible for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from wamp.protocol.errors import InvalidArgument, NoSuchSubscription, NotAuthorized
from wamp.protocol.ids import Id
from wamp.protocol.messages import ABSENT, Raw
from wamp.protocol.serializers import SERIALIZERS, TranscodingError, transcode
from wamprouter.authz.roles import Action, Decision
from wamprouter.store import StoredEvent

if TYPE_CHECKING:
    from wamp.protocol.serializers import Serializer
    from wamprouter.realm.broker import Subscription
    from wamprouter.realm.publication import Publication
    from wamprouter.session import Session
    from wamprouter.store import EventLog

__all__ = ["MOST", "History", "HistoryFilter"]

MOST: Final = 10_000
"""Events in one answer. Unpacking them is a tenth of a second in which nobody else is served; there is ``after_publication``
to ask for more."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""RFC 3339: a time without its zone is none."""


class HistoryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """The keyword arguments of ``wamp.subscription.get_events``. All that are given must hold."""

    reverse: bool = False
    """The latest event first."""
    limit: Annotated[int, msgspec.Meta(ge=1)] | None = None
    from_time: Time | None = None
    after_time: Time | None = None
    before_time: Time | None = None
    until_time: Time | None = None
    topic: str | None = None
    from_publication: Id | None = None
    after_publication: Id | None = None
    before_publication: Id | None = None
    until_publication: Id | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> HistoryFilter:
        """Read a filter from keyword arguments; raise InvalidArgument for what has the wrong form.

        ``None`` is as good as absent, and an integral float as good as an integer: JavaScript writes them.
        """
        given = {name: _integral(value) for name, value in arguments.items() if value is not None}
        try:
            return msgspec.convert(given, cls)
        except msgspec.ValidationError as error:
            raise InvalidArgument(str(error)) from None


def _integral(value: Any) -> Any:
    return int(value) if type(value) is float and value.is_integer() else value


class History:
    """The histories of a realm's subscriptions, of those that have one."""

    def __init__(self, subscriptions: Mapping[int, Subscription], now: Callable[[], float]) -> None:
        self._subscriptions = subscriptions
        self._now = now

    def record(self, log: EventLog, publication: Publication, details: dict[str, Any]) -> None:
        """Keep an event of a subscription, unless only some sessions were meant."""
        if publication.audience.names_sessions:
            return
        log.append(
            StoredEvent(
                publication.id,
                int(self._now() * 1000),
                publication.topic,
                details,
                None if publication.args is ABSENT else bytes(publication.args),
                None if publication.kwargs is ABSENT else bytes(publication.kwargs),
                publication.codec.serializer.name,
                publication.audience,
            )
        )

    def events(self, subscription_id: int, filters: HistoryFilter, reader: Session) -> list[dict[str, Any]]:
        """Return events of a subscription as ``wamp.subscription.get_events`` does, at most ``MOST``.

        A subscription without history has none. An event whose payload has no form in the reader's serializer is left
        out, as it would not have been delivered. Raise NoSuchSubscription for an unknown id, NotAuthorized if the reader
        may not subscribe to that, and InvalidArgument for a publication that it cannot see.
        """
        subscription = self._subscriptions.get(subscription_id)
        if subscription is None:
            raise NoSuchSubscription(f"no subscription {subscription_id} in this realm")
        decision = reader.role.known(Action.SUBSCRIBE, subscription.topic, subscription.match)
        if decision is not Decision.PERMITTED:
            raise NotAuthorized(f"role {reader.authrole} may not subscribe to {subscription.topic}")
        if subscription.log is None:
            return []
        serializer = reader.codec.serializer
        events = _selected(list(subscription.log.events()), filters, reader)
        described = (_described(event, subscription_id, serializer) for event in events)
        limit = MOST if filters.limit is None else min(filters.limit, MOST)
        return list(islice((event for event in described if event is not None), limit))


def _selected(events: Sequence[StoredEvent], filters: HistoryFilter, reader: Session) -> Iterator[StoredEvent]:
    def place(publication: int) -> int:
        for at, event in enumerate(events):
            if event.publication == publication and event.audience.admits_principal(reader):
                return at
        raise InvalidArgument(f"publication {publication} is not, or no longer, in the history of this subscription")

    first, end = 0, len(events)
    if filters.from_publication is not None:
        first = place(filters.from_publication)
    if filters.after_publication is not None:
        first = max(first, place(filters.after_publication) + 1)
    if filters.before_publication is not None:
        end = place(filters.before_publication)
    if filters.until_publication is not None:
        end = min(end, place(filters.until_publication) + 1)
    does_pass = _time_filter(filters)
    for at in range(end - 1, first - 1, -1) if filters.reverse else range(first, end):
        event = events[at]
        if (
            does_pass(event.timestamp)
            and (filters.topic is None or event.topic == filters.topic)
            and event.audience.admits_principal(reader)
        ):
            yield event


_COMPARISONS: Final = {"from_time": ge, "after_time": gt, "before_time": lt, "until_time": le}


def _time_filter(filters: HistoryFilter) -> Callable[[int], bool]:
    # The clock may have been set back: what is in time is no contiguous part of the history.
    conditions = [
        (compare, (time - _EPOCH) / _MILLISECOND)
        for name, compare in _COMPARISONS.items()
        if (time := getattr(filters, name)) is not None
    ]
    return lambda timestamp: all(compare(timestamp, limit) for compare, limit in conditions)


def _described(event: StoredEvent, subscription: int, serializer: Serializer) -> dict[str, Any] | None:
    """Return an event as the answer has it, or None if its payload has no form in the reader's serializer."""
    description = {
        "timestamp": (_EPOCH + event.timestamp * _MILLISECOND).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "subscription": subscription,
        "publication": event.publication,
        "details": event.details.copy(),
    }
    source = SERIALIZERS[event.serializer]
    try:
        for name, payload in (("args", event.args), ("kwargs", event.kwargs)):
            if payload is not None:
                description[name] = serializer.unpack(transcode(Raw(payload), source, serializer))
    except TranscodingError:
        return None
    return description
