"""The way in: every message of an established session passes here, is authorized, and goes to the realm, in order.

The same for network peers, hosted components and tests. Authorization comes before anything that could tell a
session whether what it asks for exists. A decision may take time: then that session's later messages wait in line,
and nobody else's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import (
    AuthorizationFailed,
    DisclosureNotAllowed,
    InvalidUri,
    NotAuthorized,
    ProtocolViolation,
    RequestError,
)
from wamp.protocol.messages import Call, Message, Publish, Register, Subscribe, Yield
from wamp.protocol.options import RegisterOptions, SubscribeOptions, read
from wamp.protocol.uris import MAX_LENGTH, Match
from wamprouter.authz import Action, Decision, Pending

if TYPE_CHECKING:
    from wamprouter.realm.delivery import Delivery
    from wamprouter.server.links import Throttled
    from wamprouter.session import Session

__all__ = ["accept", "refused", "refused_publication"]

# Messages of one session behind a decision. From the first number on it is not read; what has been read by then fits below the
# second: a read is at most 64 KiB, and no message shorter than 16 octets. Only a batch in one WebSocket message may be more.
_LONG_LINE: Final = 100
_MOST_WAITING: Final = 10_000
_DISCLOSING: Final = ("disclose_me", "disclose_caller")


def accept(session: Session, message: Message) -> list[Delivery]:
    """Authorize a message and return what it leads to; raise ProtocolViolation if it breaks the rules."""
    if session.waiting is not None:
        return _wait(session, message, session.waiting)
    kind: Any = type(message)
    if session.sequence is not None:
        session.sequence.check(session, message)
    # The two frequent requests first, with their remembered decisions: no function call for them. CALLs are counted by what
    # becomes of them.
    realm = session.realm
    if kind is Call:
        decision = session.role.calls.get(message.procedure)  # type: ignore[attr-defined]  # a Call has one
        if decision is not Decision.PERMITTED or message.options:  # type: ignore[attr-defined]  # a Call has them
            return _decided(session, message, Action.CALL, message.procedure)  # type: ignore[attr-defined]  # a Call has one
    elif kind is Publish:
        realm.tally.publications += 1
        decision = session.role.publications.get(message.topic)  # type: ignore[attr-defined]  # a Publish has one
        if decision is not Decision.PERMITTED or message.options:  # type: ignore[attr-defined]  # a Publish has them
            return _decided(session, message, Action.PUBLISH, message.topic)  # type: ignore[attr-defined]  # a Publish has one
    elif kind is Yield:
        realm.tally.yields += 1
    else:
        realm.tally.receive(kind)
        if kind is Subscribe or kind is Register:
            return _asked(session, message, kind)
    return realm.handle(session, message)


def _asked(session: Session, message: Any, kind: Any) -> list[Delivery]:
    """Decide about what names a URI or a pattern of them."""
    if kind is Subscribe:
        match = read(SubscribeOptions, message.options).match
        return _decided(session, message, Action.SUBSCRIBE, message.topic, match)
    match = read(RegisterOptions, message.options).match
    return _decided(session, message, Action.REGISTER, message.procedure, match)


def _decided(session: Session, message: Any, action: Action, uri: str, match: Match = Match.EXACT) -> list[Delivery]:
    role = session.role
    decision = role.decide(action, uri, match, message.options)
    if not isinstance(decision, Pending):
        return _carry_out(session, message, action, uri, decision)
    session.waiting = Line()

    def go_on(settled: Decision) -> list[Delivery]:
        if session.role is role:
            return _carry_out(session, message, action, uri, settled)
        # The configuration has changed meanwhile: who has decided has no longer a say in it.
        return _decided(session, message, action, uri, match)

    decision.then(lambda settled: _resume(session, lambda: go_on(settled)))
    return []


def _carry_out(session: Session, message: Any, action: Action, uri: str, decision: Decision) -> list[Delivery]:
    refusal = _objection(session, message, action, uri, decision)
    if refusal is not None:
        return session.realm.refuse(session, message, refusal)
    return session.realm.handle(session, message)


class Line(deque["Message"]):
    """Messages of one session, behind one about which nobody has decided yet."""

    __slots__ = ("paused",)

    def __init__(self) -> None:
        super().__init__()
        self.paused: Throttled | None = None
        """Whose reading is paused until it is shorter."""

    def pause(self, reader: Throttled | None) -> None:
        if self.paused is None and reader is not None:
            self.paused = reader
            reader.pause_reading()

    def resume(self) -> None:
        reader, self.paused = self.paused, None
        if reader is not None:
            reader.resume_reading()


def _wait(session: Session, message: Message, waiting: Line) -> list[Delivery]:
    """Keep a message in line: the order of a session's messages holds."""
    if len(waiting) >= _MOST_WAITING:
        raise ProtocolViolation(f"more than {_MOST_WAITING} messages while one waits for its authorization")
    waiting.append(message)
    if len(waiting) == _LONG_LINE:
        waiting.pause(session.link.owner)
    return []


def _resume(session: Session, go_on: Callable[[], list[Delivery]]) -> list[Delivery]:
    """Go on with a message that is decided about now, and with those that have waited behind it."""
    waiting, session.waiting = session.waiting, None
    assert waiting is not None, "only what is pending is settled, and only once"
    realm = session.realm
    if session.id not in realm.sessions:  # it has left meanwhile
        waiting.resume()  # another session may be on that connection now
        return []
    try:
        deliveries = go_on()
        while waiting and not _is_waiting(session):
            deliveries += accept(session, waiting.popleft())
    except ProtocolViolation as violation:
        deliveries = realm.expel(session, violation.uri, str(violation))
    is_waiting = _is_waiting(session)
    if is_waiting:  # the last one must be decided about, too, and the others are in line behind it
        session.waiting = waiting
    if not is_waiting or len(waiting) < _LONG_LINE:
        waiting.resume()
    return deliveries


def _is_waiting(session: Session) -> bool:
    return session.waiting is not None


def refused(
    session: Session, message: Any, action: Action, uri: str, match: Match = Match.EXACT
) -> RequestError | None:
    """Return why a session may not send a request, or None. Whose role discloses it has it said in the options then.

    What is not decided at once is refused: this is for requests that cannot wait.
    """
    decision = session.role.known(action, uri, match)
    if decision is None:
        return NotAuthorized(f"nobody decides at once whether role {session.authrole} may {action.value} {uri}")
    return _objection(session, message, action, uri, decision)


def refused_publication(session: Session, publication: Publish) -> RequestError | None:
    """Return why a session may not publish something that it has left behind, or None."""
    return refused(session, publication, Action.PUBLISH, publication.topic)


def _objection(session: Session, message: Any, action: Action, uri: str, decision: Decision) -> RequestError | None:
    options = message.options
    if decision is Decision.DISCLOSED:
        message.options = {**options, "disclose_me": True}
    elif decision is not Decision.PERMITTED:
        return _refusal(decision, session, action, uri)
    elif not session.realm.settings.may_disclose and any(options.get(name) for name in _DISCLOSING):
        return DisclosureNotAllowed(f"realm {session.realm.name} does not disclose who calls or publishes")
    return None


def _refusal(decision: Decision, session: Session, action: Action, uri: str) -> RequestError:
    if decision is Decision.INVALID_URI:
        if len(uri) > MAX_LENGTH:
            return InvalidUri(f"a URI to {action.value} has at most {MAX_LENGTH} characters, this one has {len(uri)}")
        return InvalidUri(f"{uri!r} is not a valid URI to {action.value}")
    if decision is Decision.FAILED:
        return AuthorizationFailed(f"nobody could tell whether role {session.authrole} may {action.value} {uri}")
    return NotAuthorized(f"role {session.authrole} may not {action.value} {uri}")
