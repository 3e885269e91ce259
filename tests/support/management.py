"""A router with the section "admin" whose clock stands still, those who run it, and the clients that they look at.

Nobody comes by a network: all are sessions in memory, through the same code as a network peer.
"""

from __future__ import annotations

import copy
from itertools import count
from typing import Any

from twisted.internet.testing import MemoryReactorClock

from tests.support.process import config
from wamp.protocol.messages import (
    ABSENT,
    Abort,
    Call,
    Error,
    Event,
    Goodbye,
    Hello,
    Invocation,
    Message,
    Publish,
    Register,
    Registered,
    Result,
    Subscribe,
    Subscribed,
    Welcome,
    Yield,
)
from wamp.protocol.roles import announcement
from wamprouter.config import Auth, validate
from wamprouter.local import CODEC, LocalConnection
from wamprouter.node import Node

__all__ = ["Guest", "House", "Refused"]

FEATURES = announcement(
    {
        "caller": ["caller_identification", "call_canceling", "progressive_call_results"],
        "callee": ["call_canceling", "progressive_call_results"],
        "publisher": [],
        "subscriber": [],
    }
)


class Refused(Exception):
    """A call was answered with an error: its URI, and what it says for people."""

    def __init__(self, uri: str, text: str) -> None:
        super().__init__(uri, text)
        self.uri = uri
        self.text = text


class House:
    """The router. ``admin`` is its section, ``more`` what else is in the file."""

    def __init__(self, admin: dict[str, Any] | None = None, **more: Any) -> None:
        self.document = config(admin={"endpoint": {"type": "tcp", "port": 0}} | (admin or {}), **more)
        self.document.setdefault("transports", []).append({"type": "rawsocket", "endpoint": {"type": "tcp", "port": 0}})
        self.reactor = MemoryReactorClock()
        self.node = Node(self.read(self.document), self.reactor, now=self.reactor.seconds)
        self.node.start()
        self.turn()

    def read(self, document: dict[str, Any]) -> Any:
        return validate(copy.deepcopy(document), environ={})

    def turn(self, seconds: float = 0) -> None:
        """Let everything be done that is due, and what follows from it."""
        self.reactor.advance(seconds)
        for _ in range(20):
            self.reactor.advance(0)

    def join(self, realm: str = "realm1", role: str = "anonymous", name: str = "guest", agent: str = "") -> Guest:
        return Guest(self, realm, role, name, agent)

    def operator(self, role: str = "admin", name: str = "admin", realm: str = "admin") -> Guest:
        return self.join(realm, role, name)

    def stranger(self, realm: str, role: str) -> str:
        """Let a client that a transport has given that role ask for a realm; return the URI with which it is refused."""
        auth = Auth.model_validate({"anonymous": {"type": "static", "role": role}})
        link = LocalConnection(
            self.node.lobby, lambda action: self.reactor.callLater(0, action), "stranger", gate=self.node.gate(auth)
        )
        heard: list[Message] = []
        link.open(_Ear(heard))
        link.send(Hello(realm, {"roles": FEATURES}))
        self.turn()
        return str(heard[0].reason) if isinstance(heard[0], Abort) else ""

    def close(self) -> None:
        for listener in self.node.listeners:
            listener.close_at_once()


class _Ear:
    """Hears."""

    def __init__(self, heard: list[Message]) -> None:
        self.onMessage = heard.append

    def onOpen(self, transport: Any) -> None:
        pass

    def onClose(self, wasClean: bool) -> None:
        pass


class Guest:
    """A session, which keeps what it hears."""

    def __init__(self, house: House, realm: str, role: str, name: str, agent: str) -> None:
        self.house = house
        self.heard: list[Message] = []
        self.is_closed = False
        self.requests = count(1)
        self.connection = LocalConnection(
            house.node.lobby, lambda action: house.reactor.callLater(0, action), name, role
        )
        self.connection.open(self)
        details: dict[str, Any] = {"roles": FEATURES}
        self.send(Hello(realm, details | ({"agent": agent} if agent else {})))
        [welcome] = self.take(Welcome)
        self.id = welcome.session

    def onOpen(self, transport: Any) -> None:
        """Say HELLO later, when there is somebody to tell."""

    def onMessage(self, message: Any) -> None:
        self.heard.append(message)

    def onClose(self, wasClean: bool) -> None:
        self.is_closed = True

    def send(self, message: Message) -> None:
        self.connection.send(message)
        self.house.turn()

    def take(self, kind: type[Any]) -> list[Any]:
        """Return what was heard of that kind, and forget it."""
        found = [message for message in self.heard if isinstance(message, kind)]
        self.heard = [message for message in self.heard if not isinstance(message, kind)]
        return found

    def call(self, procedure: str, *args: Any, **kwargs: Any) -> Any:
        """Call a procedure; return its one value. Raise Refused."""
        request = self.ask(procedure, *args, **kwargs)
        return self.answer(request)

    def ask(self, procedure: str, *args: Any, **kwargs: Any) -> int:
        """Send a CALL; return its request."""
        request = next(self.requests)
        self.send(Call(request, {}, procedure, _packed(list(args)), _packed(kwargs)))
        return request

    def answer(self, request: int) -> Any:
        [answer] = [one for one in self.take(Result | Error) if one.request == request]
        values = [] if answer.args is ABSENT else CODEC.serializer.unpack(answer.args)
        if isinstance(answer, Error):
            raise Refused(answer.error, values[0] if values else "")
        return values[0] if values else None

    def offer(self, procedure: str, **options: Any) -> int:
        """Register a procedure, which the test answers; return the id."""
        self.send(Register(next(self.requests), options, procedure))
        [registered] = self.take(Registered)
        return int(registered.registration)

    def finish(self, *args: Any) -> None:
        """Answer the invocation that came first."""
        invocations = self.take(Invocation)
        self.heard += invocations[1:]
        self.send(Yield(invocations[0].request, {}, _packed(list(args))))

    def subscribe(self, topic: str, **options: Any) -> int:
        self.send(Subscribe(next(self.requests), options, topic))
        [subscribed] = self.take(Subscribed)
        return int(subscribed.subscription)

    def publish(self, topic: str, *args: Any, **kwargs: Any) -> None:
        self.send(Publish(next(self.requests), {}, topic, _packed(list(args)), _packed(kwargs)))

    def events(self) -> list[Any]:
        """Return the first argument of each event that was heard."""
        return [CODEC.serializer.unpack(event.args)[0] for event in self.take(Event)]

    def goodbyes(self) -> list[str]:
        return [goodbye.reason for goodbye in self.take(Goodbye)]


def _packed(value: Any) -> Any:
    return CODEC.serializer.pack(value) if value else ABSENT
