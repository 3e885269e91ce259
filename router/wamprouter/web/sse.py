"""Events as an answer that does not end: the path ``sse``.

Each stream is a session of its own, which ends with it. What a client does not read waits in the session's queue, as for any
slow subscriber: beyond the limit it is disconnected, or loses events, as the realm says, and both are counted.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from wamp.protocol.codec import CODECS
from wamp.protocol.errors import NotAuthorized
from wamp.protocol.uris import Match
from wamprouter.authz.roles import Action, Decision, Role, Rule
from wamprouter.server.connections import address_of
from wamprouter.web.bridge import Bridge, tell_error
from wamprouter.web.eventstream import HEARTBEAT, comment, event_of, past_event, retry
from wamprouter.web.exchange import BadRequest, Exchange, parameters
from wamprouter.web.headers import received
from wamprouter.web.visitors import packed

if TYPE_CHECKING:
    from wamp.protocol.messages import Event
    from wamprouter import config
    from wamprouter.web.visitors import Entrance, Outcome

__all__ = ["EventStreams"]

_JSON: Final = CODECS["json"]  # so that a payload goes out as it came in, encoded once for all streams
_HISTORY: Final = "wamp.subscription.get_events"
_MOST_EARLY: Final = 1000  # events that may come before the history that they follow
_PARAMETERS: Final = frozenset({"topic", "match", "retained", "lastEventId"})


class _Wanted(NamedTuple):
    """What a client asks for."""

    topics: list[str]
    match: Match
    retained: bool
    last: int | None
    """The publication that it has seen last."""

    @property
    def options(self) -> dict[str, Any]:
        """Return ``SUBSCRIBE.Options``."""
        return {"match": self.match.value, **({"get_retained": True} if self.retained else {})}


class EventStreams(Bridge):
    """The path: each request is a stream."""

    methods = (b"GET",)

    def __init__(self, entrance: Entrance, path: config.SsePath) -> None:
        super().__init__(entrance, path.options, most=path.options.max_streams)
        self._options = path.options
        rules = [Rule(rule.uri, Match(rule.match), [Action.SUBSCRIBE]) for rule in path.topics]
        self._offered = Role("offered", rules) if rules else None

    def carry_out(self, request: Any, exchange: Exchange) -> None:
        wanted = _wanted(request, self._options.max_topics)
        for topic in wanted.topics:
            if not self._offers(topic, wanted.match):
                raise BadRequest(f"{topic!r} is not offered here", 403, NotAuthorized.uri)
        _Stream(exchange, self.entrance, self._options, wanted).open()

    def _offers(self, topic: str, match: Match) -> bool:
        if self._offered is None:
            return True
        return self._offered.decide(Action.SUBSCRIBE, topic, match) is Decision.PERMITTED


class _Stream:
    """One stream: a session, what it has subscribed to, and the answer that goes on."""

    def __init__(self, exchange: Exchange, entrance: Entrance, options: config.SseOptions, wanted: _Wanted) -> None:
        self._exchange = exchange
        self._entrance = entrance
        self._options = options
        self._wanted = wanted
        self._topics: dict[int, str] = {}  # subscription id -> what was asked for
        self._early: dict[int, list[Event]] = {}  # subscription id -> events until its history is here
        self._has_begun = False
        self._is_paused = False
        self._timer: Any = None
        address = address_of(exchange.request.getClientAddress())
        self._visitor = entrance.visit(address, limit=options.queue_limit_bytes, codec=_JSON)
        self._visitor.hear = self._hear
        self._visitor.ended = self._end

    def open(self) -> None:
        """Subscribe to everything; then the answer begins."""
        self._exchange.gone = self._forget
        for topic in self._wanted.topics:
            self._visitor.subscribe(
                topic,
                self._wanted.options,
                partial(self._subscribed, topic),
                timeout=self._options.request_timeout / 1000,
            )

    def _subscribed(self, topic: str, outcome: Outcome) -> None:
        if outcome.error is not None:
            self._refuse(outcome)
            return
        self._topics[outcome.id] = topic
        if self._wanted.last is not None:
            self._ask_for_history(outcome.id, self._wanted.last)
        if not self._has_begun and len(self._topics) == len(self._wanted.topics):
            self._begin()

    def _refuse(self, outcome: Outcome) -> None:
        if not self._has_begun and not self._exchange.is_over:
            tell_error(self._exchange, outcome)
            self._forget()

    def _begin(self) -> None:
        self._has_begun = True
        request = self._exchange.request
        request.setHeader(b"x-accel-buffering", b"no")  # nginx would keep events until there are many
        self._exchange.begin("text/event-stream")
        request.registerProducer(self, True)
        self._exchange.write(retry(self._options.reconnect))
        self._beat()

    def _beat(self) -> None:
        if not self._is_paused:
            self._exchange.write(HEARTBEAT)
        self._timer = self._entrance.call_later(self._options.heartbeat / 1000, self._beat)

    # -- events

    def _hear(self, event: Event) -> None:
        early = self._early.get(event.subscription)
        if early is None:
            self._tell(event)
        else:
            early.append(event)
            if len(early) > _MOST_EARLY:
                self._catch_up(event.subscription, [])

    def _tell(self, event: Event) -> None:
        if event.publication != self._wanted.last:  # which a retained event may be
            self._exchange.write(event_of(event, self._topics.get(event.subscription, "")))

    def _ask_for_history(self, subscription: int, last: int) -> None:
        self._early[subscription] = []
        payload = packed([subscription], {"after_publication": last}, _JSON)

        def answer(outcome: Outcome) -> None:
            # Without a history, or a permission to read it, the stream goes on with what comes.
            kept = outcome.args[0] if outcome.error is None and outcome.args else []
            self._catch_up(subscription, kept)

        self._visitor.call(_HISTORY, payload, {}, answer, timeout=self._options.request_timeout / 1000)

    def _catch_up(self, subscription: int, kept: list[dict[str, Any]]) -> None:
        early = self._early.pop(subscription, None)
        if early is None:
            return
        for past in kept:
            self._exchange.write(past_event(past, self._topics.get(subscription, "")))
        told = {past["publication"] for past in kept}
        for event in early:
            if event.publication not in told:
                self._tell(event)

    # -- the end

    def _end(self, why: str) -> None:
        """The session has ended: so does the stream. A browser will ask for another one."""
        exchange = self._exchange
        if exchange.is_over:
            return
        if not self._has_begun:
            self._forget()
            return
        if self._is_paused:
            # It does not read, so it would not read the end either.
            exchange.request.channel.drop(why)
            return
        exchange.write(comment(why))
        exchange.request.unregisterProducer()
        self._forget()
        exchange.close()

    def _forget(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._visitor.hear = self._visitor.ended = None
        self._entrance.forget(self._visitor)

    # -- Producer

    def pauseProducing(self) -> None:
        """Wait until the client has read something."""
        self._is_paused = True
        if self._visitor.connection is not None:
            self._visitor.connection.hold()

    def resumeProducing(self) -> None:
        """Go on."""
        self._is_paused = False
        if self._visitor.connection is not None:
            self._visitor.connection.go_on()

    def stopProducing(self) -> None:
        """Nothing to do: the request is told that its client has gone."""


def _wanted(request: Any, most: int) -> _Wanted:
    """Return what a client asks for; raise BadRequest."""
    given = parameters(request)
    for name, values in given.items():
        if name not in _PARAMETERS:
            raise BadRequest(f"unknown parameter {name!r}, expected {', '.join(sorted(_PARAMETERS))}")
        if name != "topic" and len(values) > 1:
            raise BadRequest(f"{name!r} comes {len(values)} times, expected it once")
    topics = list(dict.fromkeys(given.get("topic", ())))
    if not topics:
        raise BadRequest("expected topic=… in the address")
    if len(topics) > most:
        raise BadRequest(f"got {len(topics)} topics, expected at most {most}")
    try:
        match = Match(given.get("match", ["exact"])[0])
    except ValueError:
        raise BadRequest("got another match than exact, prefix and wildcard") from None
    last = received(request, b"last-event-id") or given.get("lastEventId") or [""]
    retained = given.get("retained", ["0"])[0]
    if retained not in ("0", "1"):
        raise BadRequest("expected retained=0 or retained=1")
    # What is none of our ids is of another server, and stands for nothing here.
    number = int(last[0]) if last[0].isascii() and last[0].isdigit() and len(last[0]) <= 16 else None
    return _Wanted(topics, match, retained == "1", number)
