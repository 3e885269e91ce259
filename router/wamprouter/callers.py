"""The router's own session in a realm, with which it asks others: dynamic authorizers and authenticators.

It goes the way of every session, through authorization (which permits it everything) and dealer, so that registrations
are shared, time-outs are told and callees that leave are noticed as for anybody. It is not in the realm's table of sessions:
nobody sees it come, counts it or can kill it. A callee that wants to know who calls (``disclose_caller``) reads the authid
``router`` and the role ``trusted``.

Everything happens in a turn of its own, never in the middle of routing: what a question leads to must not overtake
deliveries that are still in somebody's hands.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
from twisted.logger import Logger

from wamp.protocol.errors import CallTimeout, InvalidArgument, NoSuchRealm, ProtocolViolation, Unavailable
from wamp.protocol.ids import RequestIds
from wamp.protocol.messages import (
    ABSENT,
    Call,
    Cancel,
    Error,
    Event,
    Message,
    Raw,
    Result,
    Subscribe,
    Subscribed,
    Unsubscribe,
)
from wamp.protocol.serializers import TranscodingError
from wamp.protocol.uris import Match
from wamprouter.authz import NO_OPTIONS, Access, Action, Decision
from wamprouter.inbox import accept
from wamprouter.local import CODEC, WIRE
from wamprouter.session import Session

if TYPE_CHECKING:
    from wamprouter.realm.realm import Realm
    from wamprouter.server.dispatch import Dispatcher
    from wamprouter.server.links import Throttled

__all__ = ["Answer", "Caller", "Hear"]

_log = Logger()

_MOST_IN_FLIGHT: Final = (
    10_000  # calls of the whole router; each has a peer waiting, so there are rarely as many as peers
)
_LONGEST_TEXT: Final = 200  # characters of a callee's error text: it is shown to people
_FEATURES: Final = frozenset({"caller.call_canceling"})

Hear = Callable[[list[Any]], None]
"""Takes the positional arguments of an event."""


class Answer(msgspec.Struct):
    """What came of a call: a value, or the URI of an error."""

    value: Any = None
    """The first positional result. If there is none, the named results as a dictionary, and None without any."""
    error: str | None = None
    text: str = ""
    """What the error says for a human, if anything."""


class _Trusted:
    """The router is not asked whether it may."""

    name = "trusted"
    access = Access.ROUTER
    trustlevel: int | None = None

    def __init__(self) -> None:
        self.calls: dict[str, Decision] = {}
        self.publications: dict[str, Decision] = {}

    def for_session(self, _session: Session) -> _Trusted:
        return self

    def forget(self) -> None:
        """Nothing is remembered."""

    def decide(
        self, _action: Action, _uri: str, _match: Match = Match.EXACT, _options: Mapping[str, Any] = NO_OPTIONS
    ) -> Decision:
        return Decision.PERMITTED

    def known(self, action: Action, uri: str, match: Match = Match.EXACT) -> Decision:
        return self.decide(action, uri, match)


class _OwnSession(Session):
    __slots__ = ()
    is_own = True


class _Question:
    """A call, and who waits for what comes of it."""

    __slots__ = ("done", "payload", "procedure", "request", "timer")

    def __init__(self, procedure: str, payload: Raw, done: Callable[[Answer], None]) -> None:
        self.procedure = procedure
        self.payload = payload
        self.done: Callable[[Answer], None] | None = done
        """None when it is over."""
        self.request: int | None = None
        """None until it is sent."""
        self.timer: Any = None


class _Desk:
    """The session in one realm, and the link to it: takes what the realm has for it, and sorts it."""

    wire = WIRE
    queued = 0  # nothing waits here: answers are as many as questions, and events are heard at once
    high_water = limit = sys.maxsize
    sent = 0  # not counted
    owner: Throttled | None = None

    def __init__(self, realm: Realm, session_id: int, arrived: Callable[[_Question, Message], None]) -> None:
        self.realm = realm
        self.session = _OwnSession(
            session_id,
            realm=realm,
            role=_Trusted(),
            codec=CODEC,
            link=self,
            authid="router",
            authmethod="internal",
            authprovider="router",
            features=_FEATURES,
        )
        self.requests = RequestIds()
        self.questions: dict[int, _Question] = {}  # CALL.Request -> question
        self.listeners: dict[str, list[Hear]] = {}  # topic -> who hears of it
        self.topics: dict[int, str] = {}  # subscription id -> topic
        self._subscribing: dict[int, str] = {}  # SUBSCRIBE.Request -> topic
        self._arrived = arrived

    def subscribe(self, topic: str) -> Subscribe:
        """Return the SUBSCRIBE of a topic."""
        request = next(self.requests)
        self._subscribing[request] = topic
        return Subscribe(request, {}, topic)

    def unsubscribe(self, topic: str) -> Unsubscribe | None:
        """Return the UNSUBSCRIBE of a topic, None if it is not subscribed to."""
        subscription = next((known for known, its_topic in self.topics.items() if its_topic == topic), None)
        if subscription is None:
            return None
        del self.topics[subscription]
        return Unsubscribe(next(self.requests), subscription)

    def hear(self, topic: str, arguments: list[Any]) -> None:
        """Tell an event to whoever listens."""
        for hear in list(self.listeners.get(topic, ())):
            try:
                hear(arguments)
            except Exception:  # noqa: BLE001  # a bug of ours, which must not end the delivery of others' messages
                _log.failure("while hearing of {topic}", topic=topic)

    # -- Link

    def append(self, packed: Any) -> None:
        message: Message = packed
        if isinstance(message, Event):
            topic = self.topics.get(message.subscription)
            if topic is not None:
                self.hear(topic, _arguments(message))
        elif isinstance(message, Result) or (isinstance(message, Error) and message.request_type == Call.CODE):
            question = self.questions.pop(message.request, None)
            if question is not None:
                self._arrived(question, message)
        elif isinstance(message, Subscribed):
            self.topics[message.subscription] = self._subscribing.pop(message.request)
        elif isinstance(message, Error):
            self._subscribing.pop(message.request, None)
            _log.error("realm {realm} refused the router: {error}", realm=self.realm.name, error=message.error)

    def flush(self) -> None:
        """Nothing to do: everything is taken as it comes."""

    def throttle(self, feeder: Throttled) -> None:
        """The router is always listening."""

    def expel(self, reason: str) -> None:
        _log.error("the router's session in realm {realm}: {reason}", realm=self.realm.name, reason=reason)


class Caller:
    """Calls procedures, and hears of topics, on behalf of the router. There is one for each router."""

    def __init__(
        self,
        find: Callable[[str], Realm | None],
        session_ids: Iterator[int],
        dispatcher: Dispatcher,
        call_later: Callable[[float, Callable[[], None]], Any],
        *,
        limit: int = _MOST_IN_FLIGHT,
    ) -> None:
        """``find`` returns an existing realm by its name. ``call_later`` returns something that can be cancelled."""
        self._find = find
        self._session_ids = session_ids
        self._dispatcher = dispatcher
        self._call_later = call_later
        self._limit = limit
        self._desks: dict[str, _Desk] = {}  # name of a realm -> the session in it
        self._sweep_at = 64
        self._due: list[Callable[[], None]] = []  # what is done in the next turn
        self._is_due = False
        self.in_flight = 0
        """Calls without an answer yet."""
        self.refused = 0
        """Calls that were not made, because too many were in flight."""

    def call(
        self,
        realm: str,
        procedure: str,
        args: Sequence[Any],
        done: Callable[[Answer], None],
        *,
        timeout: float,
    ) -> None:
        """Call a procedure; tell ``done`` what comes of it, exactly once and possibly before this returns.

        After ``timeout`` seconds it is ``wamp.error.timeout``, and the callee is told to stop. If it leaves it is
        ``wamp.error.canceled``, with too many calls in flight ``wamp.error.unavailable``, and for a realm that does not exist
        ``wamp.error.no_such_realm``: none is made for a call.
        """
        if self.in_flight >= self._limit:
            self.refused += 1
            done(Answer(error=Unavailable.uri, text=f"the router has {self._limit} calls in flight"))
            return
        desk = self._desk(realm)
        if desk is None:
            done(Answer(error=NoSuchRealm.uri, text=f"no realm {realm!r} on this router"))
            return
        try:
            payload = CODEC.serializer.pack(list(args))
        except TranscodingError as error:
            done(Answer(error=InvalidArgument.uri, text=str(error)[:_LONGEST_TEXT]))
            return
        question = _Question(procedure, payload, done)
        self.in_flight += 1
        question.timer = self._call_later(timeout, partial(self._give_up, desk, question))
        self._soon(partial(self._ask, desk, question))

    def subscribe(self, realm: str, topic: str, hear: Hear) -> Callable[[], None]:
        """Hear of a topic from the next turn on; return what ends it.

        The realm must exist then. Nobody can take the subscription away, since the session cannot be found.
        """
        self._soon(partial(self._subscribe, realm, topic, hear))
        return lambda: self._soon(partial(self._unsubscribe, realm, topic, hear))

    def leave(self, realm: Realm) -> None:
        """Forget the session in a realm that is no more."""
        desk = self._desks.get(realm.name)
        if desk is not None and desk.realm is realm:
            del self._desks[realm.name]

    # -- turns

    def _soon(self, action: Callable[[], None]) -> None:
        self._due.append(action)
        if not self._is_due:
            self._is_due = True
            self._call_later(0, self._turn)

    def _turn(self) -> None:
        for _ in range(2):  # what is asked may be answered at once: there is no such procedure
            due, self._due = self._due, []
            for action in due:
                try:
                    action()
                except Exception:  # noqa: BLE001  # the outermost loop: what failed for one must not keep others waiting
                    _log.failure("in a turn of the router's own session")
        self._is_due = bool(self._due)
        if self._due:
            self._call_later(0, self._turn)
        self._dispatcher.flush()

    def _send(self, desk: _Desk, message: Message) -> None:
        self._dispatcher.deliver(accept(desk.session, message))

    def _desk(self, name: str) -> _Desk | None:
        realm = self._find(name)
        desk = self._desks.get(name)
        if realm is None:
            self._desks.pop(name, None)
            return None
        if desk is None or desk.realm is not realm:
            if len(self._desks) >= self._sweep_at:  # realms that are made on demand are forgotten, too
                self._desks = {known: desk for known, desk in self._desks.items() if self._find(known) is desk.realm}
                self._sweep_at = max(64, 2 * len(self._desks))
            desk = self._desks[name] = _Desk(realm, next(self._session_ids), self._arrived)
        return desk

    # -- questions

    def _ask(self, desk: _Desk, question: _Question) -> None:
        if question.done is None:  # a very short time-out
            return
        question.request = next(desk.requests)
        desk.questions[question.request] = question
        self._send(desk, Call(question.request, {}, question.procedure, question.payload))

    def _arrived(self, question: _Question, message: Message) -> None:
        self._soon(lambda: self._conclude(question, _answer(message)))

    def _give_up(self, desk: _Desk, question: _Question) -> None:
        if question.request is not None and desk.questions.pop(question.request, None) is not None:
            self._send(desk, Cancel(question.request, {"mode": "killnowait"}))
        self._conclude(question, Answer(error=CallTimeout.uri, text="no answer in time"))
        self._dispatcher.flush()

    def _conclude(self, question: _Question, answer: Answer) -> None:
        done, question.done = question.done, None
        if done is None:
            return
        self.in_flight -= 1
        if question.timer.active():
            question.timer.cancel()
        try:
            done(answer)
        except Exception:  # noqa: BLE001  # a bug of ours, which must not keep others from their answers
            _log.failure("while taking the answer of {procedure}", procedure=question.procedure)

    # -- topics

    def _subscribe(self, realm: str, topic: str, hear: Hear) -> None:
        desk = self._desk(realm)
        if desk is None:
            return
        listeners = desk.listeners.setdefault(topic, [])
        listeners.append(hear)
        if len(listeners) == 1:
            self._send(desk, desk.subscribe(topic))

    def _unsubscribe(self, realm: str, topic: str, hear: Hear) -> None:
        desk = self._desks.get(realm)
        if desk is None or hear not in desk.listeners.get(topic, ()):
            return
        desk.listeners[topic].remove(hear)
        if not desk.listeners[topic]:
            del desk.listeners[topic]
            message = desk.unsubscribe(topic)
            if message is not None:
                self._send(desk, message)


def _answer(message: Message) -> Answer:
    try:
        values = _positional(message)
        if isinstance(message, Error):
            text = values[0] if values and isinstance(values[0], str) else ""
            return Answer(error=message.error, text=text[:_LONGEST_TEXT])
        return Answer(value=values[0] if values else _named(message))
    except ProtocolViolation as error:  # of a hosted component, whose payloads no codec has looked at
        return Answer(error=InvalidArgument.uri, text=f"a malformed answer: {error}"[:_LONGEST_TEXT])


def _arguments(event: Event) -> list[Any]:
    """Return the positional arguments of an event; none if they are malformed, as only a hosted component's can be."""
    try:
        return _positional(event)
    except ProtocolViolation:
        return []


def _positional(message: Any) -> list[Any]:
    values = [] if message.args is ABSENT else CODEC.serializer.unpack(message.args)
    if not isinstance(values, list):
        raise ProtocolViolation("the positional arguments are no list")
    return values


def _named(message: Any) -> Any:
    return None if message.kwargs is ABSENT else CODEC.serializer.unpack(message.kwargs) or None
