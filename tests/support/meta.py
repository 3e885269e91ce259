"""A realm with three people in it that offers the meta API: who asks it what, and who hears of what happens."""

from __future__ import annotations

from itertools import count
from typing import Any, Final

from tests.support.realm import Meeting
from wamp.protocol.messages import Call, Error, Event, Message, Raw, Result, Subscribe
from wamp.protocol.serializers import JSON
from wamprouter.session import Session

__all__ = ["ROUTER", "InformedMeeting"]

ROUTER: Final = 77
"""The id of the router's own session."""


class InformedMeeting(Meeting):
    """Whoever calls it gets an answer at once."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.realm.open_meta_api(ROUTER)
        self.facts.clear()
        self._requests = count(1001)
        self.own = len(self.realm._meta.session.registrations)
        """How many registrations are the router's own: they have the ids from 1 on."""

    def ask_for(self, procedure: str, *args: Any, by: Session | None = None, **kwargs: Any) -> Any:
        """Call a meta procedure; return its one result, None if it has none, or the URI of its error."""
        caller = by or self.alice
        return self.outcome(self.call(caller, procedure, *args, **kwargs)[-1][1], caller)

    def call(self, caller: Session, procedure: str, *args: Any, **kwargs: Any) -> list[tuple[str, Message]]:
        """Call a procedure; return who hears what, in order."""
        pack = caller.codec.serializer.pack
        payload = [pack(list(args)), pack(kwargs)] if kwargs else [pack(list(args))] if args else []
        return self.send(caller, Call(next(self._requests), {}, procedure, *payload))

    @staticmethod
    def outcome(answer: Message, caller: Session) -> Any:
        """Return the one result in an answer, None if there is none, or the URI of an error."""
        if isinstance(answer, Error):
            return answer.error
        assert isinstance(answer, Result)
        return caller.codec.serializer.unpack(answer.args)[0] if memoryview(answer.args) else None

    def watch(self, session: Session, *topics: str) -> None:
        """Let somebody subscribe to meta events."""
        for topic in topics:
            self.send(session, Subscribe(next(self._requests), {}, topic))

    def told_to(self, name: str, heard: list[tuple[str, Message]]) -> list[tuple[str, Any]]:
        """Return the meta events that somebody heard, as (topic, arguments)."""
        subscriptions = self.realm.broker.subscriptions
        return [
            (subscriptions[message.subscription].topic, self.values(message.args))
            for who, message in heard
            if who == name and isinstance(message, Event)
        ]

    @staticmethod
    def values(args: Raw) -> list[Any]:
        """Return the arguments of a meta event."""
        unpacked = JSON.unpack(args) if memoryview(args) else []
        assert isinstance(unpacked, list)
        return unpacked
