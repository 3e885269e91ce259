"""A realm with three people in it, for tests of the routing core: messages in, and who hears what.

Ids are predictable: sessions are 1, 2, 3 in the order of joining, subscriptions and registrations 1, 2, 3 each, invocations
1, 2, 3 for each callee, publications 9001, 9002, 9003.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any, Final

from msgspec.structs import replace

from wamp.protocol.codec import CODECS, Codec
from wamp.protocol.messages import ABSENT, Error, Message, Raw
from wamp.protocol.serializers import JSON
from wamp.protocol.uris import Match
from wamprouter.authz.roles import Action, Role, Rule
from wamprouter.inbox import accept, refused_publication
from wamprouter.realm.delivery import Delivery
from wamprouter.realm.facts import Fact
from wamprouter.realm.realm import Realm
from wamprouter.session import Session
from wamprouter.store.memory import MemoryStore

__all__ = [
    "ALL_FEATURES",
    "PUBLICATION",
    "Line",
    "Mailbox",
    "Meeting",
    "PlainWire",
    "Realms",
    "anyone",
    "named",
    "pack",
    "text_of",
]

ALL_FEATURES: Final = frozenset(
    {"caller.call_canceling", "callee.call_canceling", "callee.progressive_call_results"},
)
PUBLICATION: Final = 9001
"""The first publication's id."""


def anyone(name: str = "user") -> Role:
    """Return a role that may do everything."""
    return Role(name, [Rule("", Match.PREFIX, Action)])


def pack(*args: Any) -> Raw:
    """Return arguments as a JSON payload."""
    return JSON.pack(list(args))


def text_of(message: Any) -> str:
    """Return the text for a human in an ERROR."""
    return str(JSON.unpack(message.args)[0])


class Meeting:
    """A realm in which Alice, Bob and Carol have joined, and the facts that were told in it."""

    def __init__(self, roles: Mapping[str, Role] | None = None, **options: Any) -> None:
        self.facts: list[Fact] = []
        self.roles = roles or {"user": anyone()}
        self.wall_time = 1_800_000_000.0
        """Seconds since 1970, for whom time passes only if a test says so."""
        self.time = 0.0
        """Seconds; see ``wall_time``."""
        self.wakes: list[float] = []
        """When the realm wanted to be woken."""
        self.choice = 0
        """Which of several is chosen by chance."""
        self.realm = Realm(
            "realm1",
            self.roles,
            publications=count(PUBLICATION),
            tell=self.facts.append,
            wall_clock=lambda: self.wall_time,
            choose=lambda count: self.choice % count,
            store=MemoryStore(),
            refuse_publication=refused_publication,
            **{"now": lambda: self.time, "wake": self.wakes.append, **options},
        )
        self._session_ids = count(1)
        self.names: dict[Session, str] = {}
        self.announced: list[tuple[str, Message]] = []
        """Who has heard what of the last join."""
        self.alice = self.join("alice")
        self.bob = self.join("bob")
        self.carol = self.join("carol")
        self.facts.clear()

    def join(
        self,
        name: str,
        *,
        role: str = "user",
        codec: Codec = CODECS["json"],
        features: Iterable[str] = ALL_FEATURES,
        link: Any = None,
    ) -> Session:
        """Let somebody in. There is no link unless one is given: the core never touches it."""
        session = Session(
            next(self._session_ids),
            realm=self.realm,
            role=self.roles[role],
            codec=codec,
            link=link,
            authid=name,
            features=frozenset(features),
        )
        self.names[session] = name
        self.announced = self.heard(self.realm.attach(session))
        return session

    def send(self, session: Session, message: Message) -> list[tuple[str, Message]]:
        """Let an authorized message of a session in; return who hears what, in order."""
        return self.heard(self.realm.handle(session, message))

    def ask(self, session: Session, message: Message) -> list[tuple[str, Message]]:
        """Let a message of a session in through authorization; return who hears what, in order."""
        return self.heard(accept(session, message))

    def wait(self, seconds: float) -> list[tuple[str, Message]]:
        """Let time pass; return who hears what of it."""
        self.time += seconds
        return self.heard(self.realm.expire(self.time))

    def leave(self, session: Session) -> list[tuple[str, Message]]:
        """Let a session go; return who hears what of it."""
        return self.heard(self.realm.detach(session))

    def heard(self, deliveries: Iterable[Delivery]) -> list[tuple[str, Message]]:
        """Return deliveries as (name, message), one for each recipient."""
        return [(self.names[session], named(delivery.message)) for delivery in deliveries for session in delivery.to]

    @property
    def told(self) -> list[str]:
        """The facts in order, as ``Subscribed alice``."""
        return [f"{type(fact).__name__} {self.names[fact.session]}" for fact in self.facts]

    def is_blank(self) -> bool:
        """Tell whether nothing is left of anybody: no session, subscription, registration or call in any table."""
        broker, dealer = self.realm.broker, self.realm.dealer
        tables: list[Any] = [self.realm.sessions, broker._index, broker.subscriptions, dealer._index]
        for session in self.names:
            tables += [session.subscriptions, session.registrations, session.calls, session.invocations]
        return not any(map(len, tables))


def named(message: Message) -> Message:
    """Return an ERROR without its text for a human, so that a test can name the rest; other messages as they are."""
    if isinstance(message, Error) and message.error.startswith("wamp.error."):
        return replace(message, args=ABSENT)
    return message


class PlainWire:
    """Messages as their codec writes them, without any framing."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.packed = 0
        """How often something was packed."""

    def pack(self, message: Message, source: Codec | None) -> bytes:
        self.packed += 1
        return self.codec.encode(message, source)

    def unsent(self) -> None:
        self.packed -= 1


class Mailbox:
    """A link in memory: what is put in is queued until it is flushed, and then it is in the mailbox."""

    def __init__(self, wire: Any, dirty: list[Any], *, high_water: int = 1_000_000, limit: int = 2_000_000) -> None:
        self.wire = wire
        self.high_water = high_water
        self.limit = limit
        self.queued = self.sent = 0
        self.owner: Any = None
        self.feeders: list[Any] = []
        self.expelled = ""
        self._dirty = dirty
        self._queue: list[bytes] = []
        self._arrived: list[bytes] = []

    def append(self, packed: bytes) -> None:
        if not self._queue:
            self._dirty.append(self)
        self._queue.append(packed)
        self.sent += 1
        self.queued += len(packed)

    def flush(self) -> None:
        self._arrived += self._queue
        self._queue.clear()
        self.queued = 0

    def throttle(self, feeder: Any) -> None:
        self.feeders.append(feeder)

    def expel(self, reason: str) -> None:
        self.expelled = reason

    def take(self) -> list[bytes]:
        """Take out and return what has arrived."""
        arrived, self._arrived = self._arrived, []
        return arrived

    def empty(self) -> list[Message]:
        """The same as messages, refusals without their text."""
        return [named(self.wire.codec.decode(data)) for data in self.take()]


class Realms(dict[str, Realm]):
    """The realms of a router that makes none on demand."""

    def may_have(self, name: str) -> bool:
        return name in self

    def existing(self, name: str) -> Realm | None:
        return self.get(name)


class Line:
    """A connection in memory, as a peer sees it: how it was closed, and whether it is read."""

    kind = "websocket"
    ending = ""

    def __init__(self) -> None:
        self.closed: list[tuple[str, bool]] = []
        """Reasons, and whether it was for a violation."""
        self.is_reading = True
        self.dropped: list[str] = []
        """Reasons why the connection was cut without a word."""
        self.told_to_come_back: list[str] = []
        """Reasons why the router could not serve it at the time."""
        self.address = "127.0.0.1"
        self.cookie: str | None = None
        self.has_new_cookie = True

    def dismiss(self, reason: str, *, may_return: bool = False) -> None:
        if may_return:
            self.told_to_come_back.append(reason)
        self.closed.append((reason, False))

    def drop(self, reason: str) -> None:
        self.dropped.append(reason)

    def described(self) -> dict[str, Any]:
        return {"type": "memory", "address": self.address}

    def certificate(self) -> None:
        return None

    def channel_binding(self, _kind: str) -> None:
        return None

    def close(self, reason: str, *, violation: bool = False) -> None:
        self.closed.append((reason, violation))

    def spare_pings(self) -> None:
        """Nobody is pinged here."""

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True
