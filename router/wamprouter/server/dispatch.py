"""Hands deliveries to the links of their sessions: encodes once for each wire, queues, flushes.

This is where a delivery can fail: a payload that the recipient's serializer cannot express, or a queue that is full.
A call is then answered with an error, an event is dropped and counted or its slow subscriber disconnected. Never silence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from wamp.protocol.errors import InvalidArgument, NetworkFailure, PayloadSizeExceeded, RequestError
from wamp.protocol.messages import ABSENT, Call, Error, Event, Invocation, Message, Result
from wamp.protocol.serializers import TranscodingError
from wamprouter.realm.delivery import Delivery
from wamprouter.server.links import MessageTooLong
from wamprouter.statistics.timing import Moment

if TYPE_CHECKING:
    from wamp.protocol.codec import Codec
    from wamprouter.server.links import Link, Throttled, Wire
    from wamprouter.session import Session

__all__ = ["Dispatcher"]

SLOW_CONSUMER: Final = "the outbound queue of this session is full: it does not read fast enough"


def _room_for_events(link: Link) -> int:
    """Where events are dropped: the last part of a queue is for answers, so that losing events ends no session."""
    return link.limit - link.limit // 8


class Dispatcher:
    """One for each router."""

    def __init__(self, call_soon: Callable[[Callable[[], None]], object], moment: Moment | None = None) -> None:
        """``moment`` passes whenever everything is flushed; without one nobody wants to know the time."""
        self.dirty: list[Any] = []
        """Links with something to send."""
        self.sent: dict[type[Message], int] = dict.fromkeys(Message.__subclasses__(), 0)
        """Messages without a payload that were put in queues, by their kind. Realms count the others, which are the frequent ones."""
        self.unsent: dict[type[Message], int] = {}
        """Messages with a payload that were in a delivery, and were not put in a queue."""
        self.dropped_events = 0
        """Events that a slow subscriber, or one with another serializer, did not get."""
        self.slow_consumers = 0
        """Sessions that were disconnected because they did not read."""
        self.feeder: Throttled | None = None
        """Whose messages are being handled: it is slowed down if they fill a queue."""
        self._call_soon = call_soon
        self._moment = Moment(float) if moment is None else moment
        self._flush_is_due = False

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Queue all messages. They leave with the next flush."""
        sent = self.sent
        for delivery in deliveries:
            to = delivery.to
            if len(to) == 1:
                session = to[0]
                link = session.link
                try:
                    packed = link.wire.pack(delivery.message, delivery.source)
                except TranscodingError as error:
                    self._untranslatable(session, delivery.message, error)
                    continue
                if delivery.source is None:
                    sent[type(delivery.message)] += 1
                if link.queued < link.high_water:
                    link.append(packed)
                else:
                    self._append_to_long_queue(session, link, delivery.message, packed)
            else:
                self._fan_out(to, delivery.message, delivery.source)

    def _fan_out(self, to: Sequence[Session], message: Message, source: Codec | None) -> None:
        if source is None:
            self.sent[type(message)] += len(to)
        packed_by_wire: dict[Wire, Any] = {}
        for session in to:
            link = session.link
            wire = link.wire
            packed = packed_by_wire.get(wire)
            if packed is None:
                try:
                    packed = packed_by_wire[wire] = wire.pack(message, source)
                except TranscodingError as error:
                    self._untranslatable(session, message, error)
                    continue
            if link.queued < link.high_water:
                link.append(packed)
            else:
                self._append_to_long_queue(session, link, message, packed)

    def reply(self, link: Link, message: Message) -> None:
        """Queue what belongs to no session yet, or no longer: WELCOME, GOODBYE, ABORT."""
        try:
            packed = link.wire.pack(message, None)
        except TranscodingError as error:  # longer than the peer has announced to accept
            link.expel(str(error))
            return
        if link.queued < link.limit:
            self.sent[type(message)] += 1
            link.append(packed)
            if link.queued > link.high_water and link.owner is not None:
                link.throttle(link.owner)
        else:
            self._expel(link)

    def _append_to_long_queue(self, session: Session, link: Link, message: Message, packed: Any) -> None:
        if isinstance(message, Event) and session.realm.settings.drop_events and link.queued >= _room_for_events(link):
            self.dropped_events += 1
            self._unsend(message)
            link.wire.unsent()
        elif link.queued < link.limit:
            link.append(packed)
            # Events and calls are held back at their source. Answers are not: whoever gives them has others to serve,
            # so it is the one who asks for them that must first read some.
            cause = self.feeder if isinstance(message, Event | Invocation) else link.owner
            if cause is not None:
                link.throttle(cause)
        elif isinstance(message, Invocation):
            self._unsend(message)
            link.wire.unsent()
            self._fail_call(session, message, NetworkFailure("the callee does not read its calls fast enough"))
        else:
            self._unsend(message)
            self._expel(link)

    def _unsend(self, message: Message) -> None:
        """Count a message of a delivery that is in no queue."""
        kind = type(message)
        self.unsent[kind] = self.unsent.get(kind, 0) + 1

    def _expel(self, link: Link) -> None:
        self.slow_consumers += 1
        link.expel(SLOW_CONSUMER)

    def _untranslatable(self, session: Session, message: Message, error: TranscodingError) -> None:
        """The recipient's serializer has no form for this payload, or it is too long; the others are served."""
        self._unsend(message)
        refusal = PayloadSizeExceeded if isinstance(error, MessageTooLong) else InvalidArgument
        problem = refusal(f"the payload cannot be delivered: {error}")
        if isinstance(message, Invocation):
            self._fail_call(session, message, problem)
        elif isinstance(message, Event):
            self.dropped_events += 1
        elif isinstance(message, Error) and message.request_type != Call.CODE:
            # A refusal of ours, whose text repeats what was asked for: longer than the peer has announced to accept.
            self.deliver([Delivery(replace(message, args=ABSENT), (session,))])
        elif isinstance(message, Result | Error):
            self.deliver(session.realm.dealer.unanswerable(session, message.request, problem))
        else:
            session.link.expel(str(error))

    def _fail_call(self, callee: Session, invocation: Invocation, error: RequestError) -> None:
        self.deliver(callee.realm.dealer.undeliverable(callee, invocation.request, error))

    def flush(self) -> None:
        """Write what was queued, once for each link. What comes after it was not caused by whoever was read last."""
        self.feeder = None
        self._moment.time = 0.0
        dirty = self.dirty
        while dirty:
            batch = dirty[:]
            dirty.clear()
            for link in batch:
                link.flush()

    def flush_soon(self) -> None:
        """Flush in the next turn of the reactor: for messages that no connection's reading has caused."""
        if not self._flush_is_due:
            self._flush_is_due = True
            self._call_soon(self._flush_now)

    def _flush_now(self) -> None:
        self._flush_is_due = False
        self.flush()
