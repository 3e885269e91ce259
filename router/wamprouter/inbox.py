"""The way in: every message of an established session passes here, is authorized, and goes to the realm, in order.

The same for network peers, hosted components and tests. Authorization comes before anything that could tell a
session whether what it asks for exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import DisclosureNotAllowed, InvalidUri, NotAuthorized, RequestError
from wamp.protocol.messages import Call, Message, Publish, Register, Subscribe
from wamp.protocol.options import RegisterOptions, SubscribeOptions, read
from wamp.protocol.uris import Match
from wamprouter.authz.roles import Action, Decision

if TYPE_CHECKING:
    from wamprouter.realm.delivery import Delivery
    from wamprouter.session import Session

__all__ = ["accept", "refused"]

_DISCLOSING: Final = ("disclose_me", "disclose_caller")


def accept(session: Session, message: Message) -> list[Delivery]:
    """Authorize a message and return what it leads to; raise ProtocolViolation if it breaks the rules."""
    kind: Any = type(message)
    if session.sequence is not None:
        session.sequence.check(session, message)
    # The two frequent requests first, with their remembered decisions: no function call for them.
    if kind is Call:
        decision = session.role.calls.get(message.procedure)  # type: ignore[attr-defined]  # a Call has one
        if decision is not Decision.PERMITTED or message.options:  # type: ignore[attr-defined]  # a Call has them
            return _decided(session, message, Action.CALL, message.procedure)  # type: ignore[attr-defined]  # a Call has one
    elif kind is Publish:
        decision = session.role.publications.get(message.topic)  # type: ignore[attr-defined]  # a Publish has one
        if decision is not Decision.PERMITTED or message.options:  # type: ignore[attr-defined]  # a Publish has them
            return _decided(session, message, Action.PUBLISH, message.topic)  # type: ignore[attr-defined]  # a Publish has one
    elif kind is Subscribe:
        match = read(SubscribeOptions, message.options).match  # type: ignore[attr-defined]  # a Subscribe has them
        return _decided(session, message, Action.SUBSCRIBE, message.topic, match)  # type: ignore[attr-defined]  # it has one
    elif kind is Register:
        match = read(RegisterOptions, message.options).match  # type: ignore[attr-defined]  # a Register has them
        return _decided(session, message, Action.REGISTER, message.procedure, match)  # type: ignore[attr-defined]  # it has one
    return session.realm.handle(session, message)


def _decided(session: Session, message: Any, action: Action, uri: str, match: Match = Match.EXACT) -> list[Delivery]:
    refusal = refused(session, message, action, uri, match)
    if refusal is not None:
        return session.realm.refuse(session, message, refusal)
    return session.realm.handle(session, message)


def refused(
    session: Session, message: Any, action: Action, uri: str, match: Match = Match.EXACT
) -> RequestError | None:
    """Return why a session may not send a request, or None. Whose role discloses it has it said in the options then."""
    decision = session.role.decide(action, uri, match)
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
        return InvalidUri(f"{uri!r} is not a valid URI to {action.value}")
    return NotAuthorized(f"role {session.authrole} may not {action.value} {uri}")
