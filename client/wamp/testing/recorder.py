"""What passes the router, written down; and callees that answer as the test says."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from wamp.exception import ApplicationError
from wamp.handlers import payload_of
from wamp.protocol import messages
from wamp.protocol.messages import Message
from wamp.testing.answering import Answer, Answering, packed, values
from wamprouter.authz import Action, Decision

if TYPE_CHECKING:
    from wamp.testing.router import Router
    from wamprouter.session import Session

__all__ = ["Call", "CallRecorder", "Event"]

_LIMIT: Final = 10_000
_PERMITTED: Final = (None, Decision.PERMITTED, Decision.DISCLOSED)
"""None: somebody is being asked."""


class Call(NamedTuple):
    """A call that a session has made. ``options`` are those of CALL; ``caller`` is the id of the session."""

    procedure: str
    args: list[Any]
    kwargs: dict[str, Any]
    options: dict[str, Any]
    caller: int


class Event(NamedTuple):
    """A publication of a session. ``options`` are those of PUBLISH; ``publisher`` is the id of the session."""

    topic: str
    args: list[Any]
    kwargs: dict[str, Any]
    options: dict[str, Any]
    publisher: int


class CallRecorder:
    """Records the calls and publications of the sessions that are connected in memory, and stands in for callees.

    Only URIs that begin with ``prefix`` are recorded. What the router refuses because the session may not do that is not; a
    call of a procedure that nobody has registered is. The last 10 000 of each kind are kept.
    """

    def __init__(self, router: Router, prefix: str = "") -> None:
        self._router = router
        self._prefix = prefix
        self._calls: deque[Call] = deque(maxlen=_LIMIT)
        self._events: deque[Event] = deque(maxlen=_LIMIT)
        self._answering: dict[tuple[str, str], Answering] = {}  # realm, procedure -> who answers
        router.watch(self._passed)

    def calls(self, procedure: str | None = None) -> list[Call]:
        """Return the calls of a procedure, or all, the first one first."""
        return [call for call in list(self._calls) if procedure in (None, call.procedure)]

    def events(self, topic: str | None = None) -> list[Event]:
        """Return the publications to a topic, or all, the first one first."""
        return [event for event in list(self._events) if topic in (None, event.topic)]

    def clear(self) -> None:
        """Forget what was recorded; go on answering."""
        self._calls.clear()
        self._events.clear()

    def reply(self, procedure: str, value: Any = None, *, realm: str | None = None) -> None:
        """Answer the calls of a procedure from now on with a value, or with what it returns if it is a function.

        A function gets the arguments of the call, and must not wait for another client. A ``CallResult`` has several values. Said
        again for the same procedure, it replaces the answer. Raise ApplicationError if somebody else has registered it, and
        SerializationError for a value that cannot be sent.
        """
        if callable(value):
            self._answer(procedure, value, realm)
            return
        packed(*payload_of(value))
        self._answer(procedure, partial(_returned, value), realm)

    def _answer(self, procedure: str, answer: Answer, realm: str | None) -> None:
        name = self._router.default_realm if realm is None else realm
        known = self._answering.get((name, procedure))
        if known is not None and known.is_there:
            known.answer = answer
            return
        answering = Answering(name, procedure, answer)
        self._router.admit(answering)
        if answering.failure is not None:
            raise answering.failure
        self._answering[name, procedure] = answering

    def refuse(self, procedure: str, error: str, *args: Any, realm: str | None = None, **kwargs: Any) -> None:
        """Answer the calls of a procedure from now on with an error: its URI and its arguments. Otherwise as ``reply``."""
        packed(args, kwargs)
        self._answer(procedure, partial(_raised, error, args, kwargs), realm)

    def close(self) -> None:
        """Record and answer no more. What was recorded can still be read."""
        self._router.unwatch(self._passed)
        for answering in self._answering.values():
            answering.close()
        self._answering.clear()

    def _passed(self, session: Session, message: Message) -> None:
        if isinstance(message, messages.Call):
            if self._is_wanted(session, Action.CALL, message.procedure):
                args, kwargs = values(message)
                self._calls.append(Call(message.procedure, args, kwargs, dict(message.options), session.id))
        elif isinstance(message, messages.Publish) and self._is_wanted(session, Action.PUBLISH, message.topic):
            args, kwargs = values(message)
            self._events.append(Event(message.topic, args, kwargs, dict(message.options), session.id))

    def _is_wanted(self, session: Session, action: Action, uri: str) -> bool:
        return uri.startswith(self._prefix) and session.role.known(action, uri) in _PERMITTED


def _returned(value: Any, *_: Any, **__: Any) -> Any:
    return value


def _raised(_error: str, _args: tuple[Any, ...], _kwargs: dict[str, Any], *_: Any, **__: Any) -> NoReturn:
    raise ApplicationError(_error, *_args, **_kwargs)
