"""A connection that is made of requests: some bring messages, and one at a time waits for messages to take away.

HTTP is elsewhere (``wamprouter.web.longpoll``). Here a request is a function that gives its answer: a status and a body. The
requests of one client may come by any number of sockets, so the connection itself is known by its id only, which is hard to
guess, and it lives as long as its client keeps asking.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Container, Mapping
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, TypeAlias

from twisted.logger import Logger

from wamp.protocol.codec import Codec
from wamp.protocol.errors import LimitExceeded, NetworkFailure, ProtocolViolation
from wamp.protocol.messages import Abort, Message
from wamp.protocol.subprotocols import SUBPROTOCOLS, BatchFraming
from wamprouter.auth import Gate
from wamprouter.server.connections import Connections, Limits
from wamprouter.server.feeders import Feeders
from wamprouter.server.links import Throttled, Wire
from wamprouter.server.peer import Lobby, Peer
from wamprouter.server.turns import LARGE, LONG, LOOK, MESSAGES, TURN
from wamprouter.session import State

if TYPE_CHECKING:
    from wamprouter.config import LongPollOptions
    from wamprouter.realm.realm import Realm

__all__ = ["Answer", "Client", "PollConnection", "PollQueue", "PollService", "polling_limits"]

_log = Logger()

Answer: TypeAlias = Callable[[int, bytes], None]
"""Gives a request its answer, a status of HTTP and a body, once."""

OK: Final = 200
NOTHING: Final = 204
BROKEN: Final = 400  # the status that the specification has for messages that are none
SUPERSEDED: Final = 409
GONE: Final = 410
TOO_MANY: Final = 429
AWAY: Final = 503

_FAREWELL: Final = 5.0  # seconds to fetch what was said at the end, and to close
_MOST_WAITING: Final = (
    100  # requests with messages of one client that wait for their turn; each has a socket of its own
)


class Client(NamedTuple):
    """Whom a connection was opened for, as far as its first request tells."""

    address: str
    """Where it is: an IP address without its port, or "unix"."""
    peer: str
    """The same for logs: with its port, and the proxy if there is one."""
    is_secure: bool
    headers: Mapping[str, str]
    certificate: Any
    cookie: str | None
    has_new_cookie: bool


class PollWire:
    """One body for each WAMP message."""

    __slots__ = ("codec",)

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    def pack(self, message: Message, source: Codec | None) -> bytes:
        return self.codec.encode(message, source)

    def unsent(self) -> None:
        """Make nothing of it: each message stands for itself."""


class BatchedPollWire(PollWire):
    """An element of a batch for each WAMP message: a body is any number of them, one behind the other."""

    __slots__ = ("_framing",)

    def __init__(self, codec: Codec, separator: bytes) -> None:
        super().__init__(codec)
        self._framing = BatchFraming(codec.serializer, separator)

    def pack(self, message: Message, source: Codec | None) -> bytes:
        return self._framing.wrap(self.codec.encode(message, source))


_plain_wire = cache(PollWire)
_batched_wire = cache(BatchedPollWire)


class PollQueue(Feeders):
    """What waits for a client to fetch it: the link to its session. Counted in bytes, and as if no message were short."""

    __slots__ = (
        "_bytes",
        "_dirty",
        "_fetched",
        "_least",
        "_messages",
        "_offer",
        "_on_expel",
        "high_water",
        "limit",
        "owner",
        "queued",
        "sent",
        "wire",
    )

    stall: ClassVar[float] = 1.0  # a round trip of a slow network, in which nothing can be fetched

    def __init__(
        self,
        wire: Wire,
        dirty: list[Any],
        *,
        limit_bytes: int,
        limit_messages: int,
        call_later: Callable[..., object],
        offer: Callable[[], None],
        on_expel: Callable[[str], None],
    ) -> None:
        super().__init__(call_later)
        self.wire = wire
        self.limit = limit_bytes
        self.high_water = limit_bytes // 2
        self.queued = 0
        self.sent = 0
        self.owner: Throttled | None = None
        self._dirty = dirty
        self._least = limit_bytes / limit_messages
        self._offer = offer
        self._on_expel = on_expel
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._fetched = 0

    def __bool__(self) -> bool:
        return self._blocked

    def append(self, packed: bytes) -> None:
        if self._closed:
            return
        if not self._messages:
            self._dirty.append(self)
        self._messages.append(packed)
        self.sent += 1
        self._bytes += len(packed)
        self._count()

    def flush(self) -> None:
        if self._messages:
            self._offer()

    def expel(self, reason: str) -> None:
        self._on_expel(reason)

    def fetch(self, *, everything: bool) -> bytes:
        """Take out what waits, or only the message that waits for longest."""
        messages = self._messages
        if everything:
            taken = b"".join(messages)
            messages.clear()
            self._bytes = 0
        else:
            taken = messages.popleft()
            self._bytes -= len(taken)
        self._fetched += 1
        self._is_stalled = False
        self._count()
        if self._throttled and self.queued <= self.high_water // 2:
            self._release()
        return taken

    def _count(self) -> None:
        self.queued = max(self._bytes, int(len(self._messages) * self._least))
        self._blocked = bool(self._messages)

    def _progress(self) -> int:
        return self._fetched

    def discard(self) -> None:
        """Throw away what waits: nobody will fetch it."""
        self._messages.clear()
        self._bytes = 0
        self._count()

    def close(self) -> None:
        """Take nothing more, and slow down nobody. What waits can still be fetched."""
        self._closed = True
        self._release()
        self.owner = None

    def forget(self) -> None:
        """Refer to nobody any more."""
        self.discard()
        self._offer = _nobody
        self._on_expel = _nobody


def _nobody(*_: Any) -> None:
    """Nobody is at the other end of a queue that is forgotten."""


class PollService:
    """What the connections of one path have in common."""

    def __init__(
        self,
        lobby: Lobby,
        gate: Gate,
        connections: Connections,
        options: LongPollOptions,
        serializers: tuple[str, ...],
        table: dict[str, PollConnection],
        call_later: Callable[..., Any],
        make_peer: Callable[..., Peer] = Peer,
    ) -> None:
        self.lobby = lobby
        self.gate = gate
        self.connections = connections
        self.options = options
        self.limits = polling_limits(options)
        self.subprotocols = [name for name, (codec, _) in SUBPROTOCOLS.items() if codec.serializer.name in serializers]
        self.table = table
        """Those that are open, by their ids. Another form of the configuration goes on with the same one."""
        self.call_later = call_later
        self.make_peer = make_peer

    def open(self, subprotocol: str, client: Client) -> PollConnection:
        """Open a connection; raise NoRoom if there are too many."""
        place = self.connections.enter(client.address)
        connection = PollConnection(self, subprotocol, client, place)
        self.table[connection.id] = connection
        self.connections.add(connection)
        return connection


def polling_limits(options: LongPollOptions) -> Limits:
    """Return the time-outs of a connection. It cannot be pinged: its client asks, or is gone."""
    return Limits(
        handshake=0,
        hello=options.hello_timeout / 1000,
        authentication=options.authentication_timeout / 1000,
        ping_interval=options.session_timeout / 1000,
        ping_timeout=0,
    )


class PollConnection:
    """One client's connection."""

    is_shaken = True  # there is no handshake: what opens a connection is one request
    kind = "longpoll"
    ending = ""
    is_silenced = False  # a paused client goes on fetching, so that its silence is never our doing

    def __init__(self, service: PollService, subprotocol: str, client: Client, place: str) -> None:
        codec, is_batched = SUBPROTOCOLS[subprotocol]
        connections = service.connections
        self.id: Final = secrets.token_urlsafe(24)
        self.limits = service.limits
        self.address = client.address
        self.place: str | None = place
        self.cookie = client.cookie
        self.has_new_cookie = client.has_new_cookie
        self.opened_at = self.idle_since = self.heard_at = connections.now()
        self.pinged_at = 0.0
        self.is_paused = False
        self.codec = codec
        self._service = service
        self._traffic = connections.transports.of(self.kind)
        self._subprotocol = subprotocol
        self._client = client
        self._framing = BatchFraming(codec.serializer) if is_batched else None
        self._backlog: deque[tuple[bytes, Answer | None]] = deque()  # message -> whom to answer behind it
        self._waiting = 0  # how many requests are in the backlog
        self._is_due = False
        self._receiver: Answer | None = None
        self._receiver_ends: Any = None
        self._end: tuple[int, bytes] | None = None  # what every request is answered with from the end on
        options = service.options
        self.queue = PollQueue(
            _plain_wire(codec) if self._framing is None else _batched_wire(codec, self._framing.separator),
            service.lobby.dispatcher.dirty,
            limit_bytes=options.queue_limit_bytes,
            limit_messages=options.queue_limit_messages,
            call_later=service.call_later,
            offer=self._offer,
            on_expel=self.expel,
        )
        self.peer = service.make_peer(service.lobby, service.gate, self, codec, self.queue)

    # -- the client's requests

    def receive(self, answer: Answer) -> None:
        """Answer with what waits; else later, when there is something or after ``request_timeout``.

        There is one such request at a time. A new one ends the one before: its client has given that up, or lost it.
        """
        self.heard_at = self._service.connections.now()
        before = self._take_receiver()
        if before is not None:
            before(SUPERSEDED, b"another request receives here now")
        self._receiver = answer
        self._offer()
        if self._receiver is not None:
            seconds = self._service.options.request_timeout / 1000
            self._receiver_ends = self._service.call_later(seconds, self._answer_receiver, NOTHING, b"")

    def abandon(self, answer: Answer) -> None:
        """Take notice that the client has cut the socket of a request to receive."""
        if self._receiver is answer:
            self._take_receiver()

    def send(self, body: bytes, answer: Answer) -> None:
        """Take messages; answer when all of them have been handled, which is later if others wait before them."""
        self.heard_at = self._service.connections.now()
        self._traffic.received += len(body)
        if self._end is not None:
            answer(*self._end)
        elif self._waiting >= _MOST_WAITING:
            answer(TOO_MANY, b"too many requests at once")
        else:
            try:
                *messages, last = [body] if self._framing is None else self._split(self._framing, body)
            except ProtocolViolation as violation:
                self.peer.abort(violation)
                self._service.lobby.dispatcher.flush()
                answer(*self._outcome())
                return
            self._backlog.extend((message, None) for message in messages)
            self._backlog.append((last, answer))
            self._waiting += 1
            if not self._is_due and not self.is_paused:
                self.go_on()

    def _split(self, framing: BatchFraming, body: bytes) -> list[bytes]:
        messages = framing.split(body)
        if self.peer.state is State.WAITING:
            # The separator that the client uses is known from here on.
            self.queue.wire = _batched_wire(self.codec, framing.separator)
        return messages

    def close_by_client(self) -> None:
        """End the connection, because its client says so."""
        self._answer_receiver(NOTHING, b"")
        self._finish(GONE, "this connection is closed")
        self._forget()

    def _outcome(self) -> tuple[int, bytes]:
        """Return what to say of messages that have been handled."""
        return (NOTHING, b"") if self._end is None else self._end

    # -- turns

    def go_on(self) -> None:
        """Handle as many messages as belong in one turn."""
        self._is_due = False
        now = self._service.connections.now
        ends_at, spent = now() + TURN, 0.0
        backlog = self._backlog
        for left in range(MESSAGES, 0, -1):
            if not backlog or self.is_paused or (not left & LOOK and now() > ends_at):
                break
            message, answer = backlog.popleft()
            began = monotonic() if len(message) >= LARGE else 0.0
            self.peer.receive(message)
            if began:
                spent += monotonic() - began
            if answer is not None:
                self._waiting -= 1
                answer(*self._outcome())
        self._service.lobby.dispatcher.flush()
        self._wait_for_turn(spent)

    def _wait_for_turn(self, spent: float = 0.0) -> None:
        if self._is_due or self._end is not None:
            return
        turns = self._service.connections.turns
        if spent > LONG:
            self._is_due = True
            turns.pay(self, spent)
        elif self._backlog and not self.is_paused:
            self._is_due = True
            turns.add(self)

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False
        self._wait_for_turn()

    # -- what is fetched

    def _offer(self) -> None:
        """Answer who waits, if there is something to say."""
        if self._receiver is None:
            return
        if self.queue:
            self._answer_receiver(OK, self.queue.fetch(everything=self._framing is not None))
        elif self._end is not None:
            self._answer_receiver(*self._end)

    def _answer_receiver(self, status: int, body: bytes) -> None:
        receiver = self._take_receiver()
        if receiver is not None:
            self.heard_at = self._service.connections.now()
            self._traffic.sent += len(body)
            receiver(status, body)

    def _take_receiver(self) -> Answer | None:
        receiver, self._receiver = self._receiver, None
        timer, self._receiver_ends = self._receiver_ends, None
        if timer is not None and timer.active():
            timer.cancel()
        return receiver

    # -- Connection, for the peer

    def close(self, reason: str, *, violation: bool = False) -> None:
        self.ending = self.ending or ("violation" if violation else "ended")
        self._finish(BROKEN if violation else GONE, reason)

    def expel(self, reason: str) -> None:
        """Close because the client does not fetch: what it has not fetched is thrown away, but for the reason."""
        if self._end is None:
            _log.info("disconnecting a slow consumer, {peer}: {reason}", peer=self._client.peer, reason=reason)
            self.queue.discard()
            self.queue.append(self.queue.wire.pack(Abort({"message": reason}, NetworkFailure.uri), None))
            self.ending = self.ending or "slow_consumer"
            self._finish(GONE, reason)

    def dismiss(self, reason: str, *, may_return: bool = False) -> None:
        """Close because the client asks too much of us. ``may_return`` if it may do so later: then without ABORT, which
        clients take for final."""
        if self._end is None:
            self.ending = self.ending or "limit"
            if not may_return:
                self.queue.append(self.queue.wire.pack(Abort({"message": reason}, LimitExceeded.uri), None))
            self._finish(AWAY if may_return else TOO_MANY, reason)

    def _finish(self, status: int, reason: str) -> None:
        """End the session. What was said at last can be fetched for a while."""
        if self._end is not None:
            return
        self._end = (status, f"{reason}\n".encode())
        self.queue.close()
        self.peer.lost()
        backlog = list(self._backlog)
        self._backlog.clear()
        for _, answer in backlog:
            if answer is not None:
                answer(*self._end)
        self._offer()
        self._service.lobby.dispatcher.flush_soon()
        self._service.call_later(_FAREWELL, self._forget)

    def _forget(self) -> None:
        if self._service.table.pop(self.id, None) is not None:
            assert self._end is not None
            self._answer_receiver(*self._end)
            self._service.connections.discard(self)
            # Without these circles, memory is free at once and not at some later garbage collection.
            self.queue.forget()
            del self.peer

    # -- who is at the other end, for the gate

    def described(self) -> dict[str, Any]:
        client = self._client
        return {
            "type": "longpoll",
            "peer": client.peer,
            "address": client.address,
            "is_secure": client.is_secure,
            "protocol": self._subprotocol,
            "http_headers_received": dict(client.headers),
            "cbtid": self.cookie,
        }

    def certificate(self) -> Any:
        return self._client.certificate

    def channel_binding(self, kind: str) -> None:
        """There is none: each request may come by another socket."""

    def spare_pings(self) -> None:
        """There are none."""

    # -- Monitored

    @property
    def is_idle(self) -> bool:
        return self._end is None and self.peer.state is State.WAITING

    @property
    def authenticating_since(self) -> float:
        return self.peer.authenticating_since

    def is_cut(self) -> bool:
        return False

    def is_draining(self) -> bool:
        return self._receiver is not None

    def ping(self) -> None:
        """It has been silent for ``session_timeout``, and there is no other way to ask."""
        self._service.connections.timed_out += 1
        self.ending = self.ending or "timeout"
        self.drop("no request for too long")

    def revise(self, changed: Container[Realm]) -> None:
        if self._end is None:
            self.peer.revise(changed)

    def go_away(self, reason: str) -> None:
        """Close because this end goes. The client that waits is told so, and comes back."""
        self.ending = self.ending or "shutdown"
        self._finish(AWAY, reason)
        self._service.call_later(0, self._forget)  # behind the answer, which leaves in this turn

    def drop(self, reason: str) -> None:
        self.ending = self.ending or "dropped"
        _log.info("dropping {peer}: {reason}", peer=self._client.peer, reason=reason)
        self._finish(AWAY, reason)
        self._forget()
