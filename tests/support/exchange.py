"""Conversations of exact messages: sessions say something to a router, and everything that anybody then hears is looked at.

The same script runs in memory and over real sockets::

    alice, bob = exchange.join("alice"), exchange.join("bob")
    assert {"alice": [[SUBSCRIBED, 1, Id()]]} == alice.says(SUBSCRIBE, 1, {}, "com.topic")

``says`` returns once the router has done everything that follows, without waiting for any time: over a socket a ping goes
behind the message, whose answer shows that all has been read and sent. Messages are plain lists as on the wire. An ``Id``
stands for an id that the router chooses: it is equal to the first one it is compared with, and from then on to that only.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.task import Clock

from tests.support.longpoll import LongPoll, Refused
from tests.support.process import ALLOW_ALL, EVERYTHING, RouterProcess, endpoint
from tests.support.raw import BINARY, CLOSE, PING, PONG, TEXT, Closed, RawSocket, WebSocket
from tests.support.realm import Line, Mailbox, PlainWire
from wamp.protocol.codec import CODECS, Codec
from wamp.protocol.ids import MAX_ID
from wamp.protocol.subprotocols import BatchFraming
from wamprouter.config import NodeConfig
from wamprouter.config.auth import ANONYMOUS
from wamprouter.node import Node
from wamprouter.server.peer import Peer

HELLO, WELCOME, ABORT, GOODBYE, ERROR = 1, 2, 3, 6, 8
PUBLISH, PUBLISHED, SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBE, UNSUBSCRIBED, EVENT = 16, 17, 32, 33, 34, 35, 36
CALL, CANCEL, RESULT = 48, 49, 50
REGISTER, REGISTERED, UNREGISTER, UNREGISTERED = 64, 65, 66, 67
INVOCATION, INTERRUPT, YIELD = 68, 69, 70
EVENT_RECEIVED = 337

CLOSED: Final = "CLOSED"
"""Heard when the router closes the connection."""

ALL: Final = {
    "caller": {"features": {"call_canceling": True, "progressive_call_results": True}},
    "callee": {"features": {"call_canceling": True, "progressive_call_results": True}},
    "publisher": {},
    "subscriber": {},
}
PLAIN: Final[dict[str, Any]] = {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}
"""Roles without any feature."""

ABLE: Final[dict[str, Any]] = {
    "caller": {
        "features": dict.fromkeys(
            (
                "call_canceling",
                "caller_identification",
                "payload_passthru_mode",
                "progressive_call_invocations",
                "progressive_call_results",
            ),
            True,
        )
    },
    "callee": {
        "features": dict.fromkeys(
            (
                "call_canceling",
                "call_reroute",
                "call_timeout",
                "payload_passthru_mode",
                "progressive_call_invocations",
                "progressive_call_results",
                "registration_revocation",
            ),
            True,
        )
    },
}
"""Roles with every feature that makes a difference to a call."""


def without(roles: dict[str, Any], *features: str) -> dict[str, Any]:
    """Return roles that have not announced these features, which are named as ``callee.call_canceling``."""
    return {
        role: {"features": {name: True for name in described.get("features", {}) if f"{role}.{name}" not in features}}
        for role, described in roles.items()
    }


META: Final = "meta"
"""The realm of those who look at who comes and goes."""

CONFIGURATION: Final[dict[str, Any]] = {
    "version": 1,
    "realms": [
        {"name": "realm1", "roles": [{"name": "anonymous", "permissions": EVERYTHING}]},
        {"name": META, "roles": [{"name": "anonymous", "permissions": EVERYTHING}]},
        {
            "name": "guarded",
            "roles": [
                {
                    "name": "anonymous",
                    "permissions": [{"uri": "com.open.", "match": "prefix", "allow": "all"}],
                }
            ],
        },
        {
            "name": "recorded",
            "roles": [{"name": "anonymous", "permissions": [ALLOW_ALL], "trustlevel": 3}],
            "options": {"history": [{"uri": "com.log.", "match": "prefix"}]},
        },
        {
            "name": "strict",
            "roles": [{"name": "anonymous", "permissions": [ALLOW_ALL]}],
            "options": {
                "strict_request_ids": True,
                "disclose_me": "deny",
                "max_calls": 2,
                "max_registrations": 2,
                "max_call_timeout": 60_000,
            },
        },
        {
            "name": "lenient",
            "roles": [{"name": "anonymous", "permissions": [ALLOW_ALL]}],
            "options": {"cancel_reply": "quiet", "call_timeout_unit": "s", "max_call_timeout": 20},
        },
        {
            "name": "disclosed",
            "roles": [
                {"name": "anonymous", "permissions": [ALLOW_ALL], "disclose": {"caller": True, "publisher": True}},
            ],
        },
        {"name": "leaderless", "roles": [{"name": "anonymous", "authorizer": "com.judge"}]},
    ],
    "transports": [
        {"type": "websocket", "endpoint": endpoint()},
        {"type": "rawsocket", "endpoint": endpoint()},
        {
            "type": "web",
            "endpoint": endpoint(),
            # A request for messages is answered at once, so that it shows when there are no more.
            "paths": {"/": {"type": "longpoll", "options": {"request_timeout": 1}}},
        },
    ],
}
"""In realm1 and meta everybody may do everything, in guarded only what is below com.open. In recorded there are a trust level and
history, in strict there is little room and no disclosure, lenient takes clients as they are and lets no call last 20 milliseconds.
In disclosed nobody stays unknown, and in leaderless an authorizer decides that is not there."""


class Id:
    """An id that the router chooses."""

    def __init__(self) -> None:
        self.value: int | None = None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Id):
            return self is other
        if self.value is None and type(other) is int and 1 <= other <= MAX_ID:
            self.value = other
        return self.value == other

    __hash__ = None  # type: ignore[assignment]  # it changes what it is equal to

    def __repr__(self) -> str:
        return "<any id>" if self.value is None else f"<id {self.value}>"


class _Text:
    """Equal to any text, for people to read."""

    def __eq__(self, other: object) -> bool:
        return type(other) is str and bool(other)

    __hash__ = None  # type: ignore[assignment]  # as for Id

    def __repr__(self) -> str:
        return "<some text>"


SOME_TEXT: Final = _Text()


def refused(kind: int, request: int, uri: str) -> list[Any]:
    """Return the ERROR with which the router refuses a request."""
    return [ERROR, kind, request, {}, uri, [SOME_TEXT]]


def aborted(uri: str = "wamp.error.protocol_violation") -> list[Any]:
    """Return what is heard of an end by ABORT."""
    return [[ABORT, {"message": SOME_TEXT}, uri], CLOSED]


class Talker:
    """One end of a connection. ``read`` returns what came since the last time; see ``Exchange``."""

    def __init__(self, exchange: Exchange, name: str, connection: Any) -> None:
        self.name = name
        self.session = Id()
        self._exchange = exchange
        self._connection = connection

    def says(self, *message: Any) -> dict[str, list[Any]]:
        """Send a message; return who hears what of it, by name and in order."""
        return self.sends(self._connection.codec.serializer.pack(_resolved(list(message))))

    def sends(self, data: Any) -> dict[str, list[Any]]:
        """Send bytes; return who hears what of it."""
        self._connection.send(bytes(data))
        return self._exchange.heard(self)

    def waits(self, seconds: float) -> dict[str, list[Any]]:
        """Wait until this one hears something, for which so much time has to pass; return who hears what."""
        self._connection.wait(seconds)
        return self._exchange.heard()

    def disappears(self) -> dict[str, list[Any]]:
        """Cut the connection without a word; return who hears what of it."""
        self._connection.cut()
        return self._exchange.heard()


def _resolved(value: Any) -> Any:
    if isinstance(value, Id):
        assert value.value is not None, "this id is not known yet"
        return value.value
    if isinstance(value, list):
        return [_resolved(item) for item in value]
    return {key: _resolved(item) for key, item in value.items()} if isinstance(value, dict) else value


class Exchange:
    """Talkers at one router, all over the same kind of connection."""

    def __init__(self, connect: Any) -> None:
        self._connect = connect
        self._talkers: list[Talker] = []

    def connect(self, name: str) -> Talker:
        """Open a connection, and say nothing yet."""
        talker = Talker(self, name, self._connect())
        self._talkers.append(talker)
        return talker

    def join(self, name: str, roles: dict[str, Any] = ALL, *, realm: str = "realm1") -> Talker:
        """Open a connection and a session on it."""
        talker = self.connect(name)
        [(kind, session, _details)] = talker.says(HELLO, realm, {"roles": roles})[name]
        assert (WELCOME, talker.session) == (kind, session)
        return talker

    def heard(self, sender: Talker | None = None) -> dict[str, list[Any]]:
        """Return what was heard by everybody who heard something, because of one or of whoever."""
        for talker in self._talkers if sender is None else [sender]:
            talker._connection.settle()
        heard = {talker.name: talker._connection.read() for talker in self._talkers}
        return {name: messages for name, messages in heard.items() if messages}

    def end(self) -> None:
        """Let everybody leave, so that nothing of them is left at the router."""
        for talker in self._talkers:
            talker._connection.cut()


# In memory


class MemoryRouter:
    """The router's own parts, composed as ever, with nobody listening."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.node = Node(NodeConfig.model_validate(CONFIGURATION), self.clock, now=self.clock.seconds)
        self.gate = self.node.gate(ANONYMOUS)  # as where the configuration says nothing about it

    def connect(self, serializer: str) -> MemoryConnection:
        return MemoryConnection(self, CODECS[serializer])


class MemoryConnection:
    def __init__(self, router: MemoryRouter, codec: Codec) -> None:
        self.codec = codec
        self._router = router
        self._line = Line()
        dispatcher = router.node.dispatcher
        self._mailbox = Mailbox(PlainWire(codec), dispatcher.dirty)
        self._peer = Peer(router.node.lobby, router.gate, self._line, codec, self._mailbox)
        self._is_open = True

    def send(self, data: bytes) -> None:
        self._peer.receive(data)

    def wait(self, seconds: float) -> None:
        self._router.clock.advance(seconds)

    def settle(self) -> None:
        self._router.clock.advance(0)
        self._router.node.dispatcher.flush()

    def read(self) -> list[Any]:
        messages = [self.codec.serializer.unpack(data) for data in self._mailbox.take()]
        if self._is_open and self._line.closed:
            self.cut()
            messages.append(CLOSED)
        return messages

    def cut(self) -> None:
        if self._is_open:
            self._is_open = False
            self._peer.lost()


# Over sockets


class SocketConnection:
    """A connection over WebSocket or RawSocket, with a ping to know when all is said."""

    def __init__(self, router: RouterProcess, scheme: str, serializer: str) -> None:
        self.codec = CODECS[serializer]
        self._wire: WebSocket | RawSocket
        if scheme == "ws":
            self._wire = WebSocket(router.url("ws"), f"wamp.2.{serializer}")
        else:
            self._wire = RawSocket(router.url("rs"), serializer)
        self._is_websocket = scheme == "ws"
        self._is_open = True
        self._messages: list[Any] = []

    def send(self, data: bytes) -> None:
        self._wire.send(data)

    def wait(self, _seconds: float) -> None:
        while self._is_open and not self._messages:
            self._read_frame()

    def settle(self) -> None:
        # Twice: a PONG may overtake the messages of the same read, but not those of the read before.
        self._ping()
        self._ping()

    def read(self) -> list[Any]:
        self._ping()
        messages, self._messages = self._messages, []
        return messages

    def _ping(self) -> None:
        if not self._is_open:
            return
        try:
            try:
                self._wire.send_frame(PING if self._is_websocket else 1)
            except Closed:
                pass  # what came before the end is still to be read
            while self._read_frame():
                pass
        except Closed:
            self._is_open = False
            self._messages.append(CLOSED)
            self._wire.close()

    def _read_frame(self) -> bool:
        """Read one frame; tell whether it was anything but the PONG."""
        kind, payload = self._wire.receive_frame()[:2]
        if self._is_websocket and kind == CLOSE:
            raise Closed
        if kind not in ((TEXT, BINARY) if self._is_websocket else (0,)):
            return kind != (PONG if self._is_websocket else 2)
        self._messages.append(self.codec.serializer.unpack(payload))
        return True

    def cut(self) -> None:
        if self._is_open:
            self._is_open = False
            self._wire.close()


class PollingConnection:
    """A connection over long-poll, plain or batched. A request that sends is answered when all that follows is done."""

    def __init__(self, router: RouterProcess, scheme: str, serializer: str) -> None:
        name, _, batched = serializer.partition(".")
        self.codec = CODECS[name]
        self._framing = BatchFraming(self.codec.serializer) if batched else None
        self._line = LongPoll(router.url(scheme), f"wamp.2.{serializer}")
        self._is_open = True
        self._messages: list[Any] = []

    def send(self, data: bytes) -> None:
        try:
            self._line.send(data if self._framing is None else self._framing.wrap(data))
        except Refused:
            pass  # what came before the end is still to be read

    def wait(self, _seconds: float) -> None:
        while self._is_open and not self._messages:
            self._receive()

    def settle(self) -> None:
        """Ask for messages, so that all talkers wait for the end of their request at the same time."""
        if self._is_open and not self._line.is_receiving:
            self._line.begin_receive()

    def read(self) -> list[Any]:
        while self._is_open and self._receive():
            pass
        messages, self._messages = self._messages, []
        return messages

    def _receive(self) -> bool:
        """Ask for messages; tell whether there were any."""
        try:
            body = self._line.receive()
        except Refused:
            self._messages.append(CLOSED)
            self.cut()
            return False
        parts = [body] if self._framing is None or not body else self._framing.split(body)
        self._messages += [self.codec.serializer.unpack(part) for part in parts if part]
        return bool(body)

    def cut(self) -> None:
        if self._is_open:
            self._is_open = False
            try:
                self._line.close()
            except Refused:
                pass  # the router has closed it
            self._line.cut()
