"""A realm: a broker, a dealer, and the sessions that meet there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from wamp.protocol.errors import RequestError
from wamp.protocol.ids import RouterIds
from wamp.protocol.messages import (
    Call,
    Cancel,
    Error,
    EventReceived,
    Message,
    Publish,
    Register,
    Subscribe,
    Unregister,
    Unsubscribe,
    Yield,
)
from wamp.protocol.roles import announcement
from wamprouter.realm import broker, dealer, facts
from wamprouter.realm.delivery import Delivery, refusal
from wamprouter.realm.settings import DEFAULT, Settings

if TYPE_CHECKING:
    from wamprouter.authz.roles import Role
    from wamprouter.session import Session

__all__ = ["ROUTER_ROLES", "Realm"]

ROUTER_ROLES: Final = announcement({"broker": broker.FEATURES, "dealer": dealer.FEATURES})
"""``WELCOME.Details.roles``."""


class Realm:
    """One routing namespace. Sessions of different realms never meet."""

    def __init__(
        self,
        name: str,
        roles: Mapping[str, Role],
        *,
        publications: Iterator[int],
        tell: facts.Tell,
        settings: Settings = DEFAULT,
    ) -> None:
        self.name = name
        self.roles = roles
        self.settings = settings
        self.sessions: dict[int, Session] = {}  # session id -> Session
        self._tell = tell
        self.broker = broker.Broker(ids=RouterIds(), publications=publications, tell=tell)
        self.dealer = dealer.Dealer(ids=RouterIds(), tell=tell)
        self._routes: Mapping[type[Message], Callable[[Session, Any], list[Delivery]]] = {
            Publish: self.broker.publish,
            Subscribe: self.broker.subscribe,
            Unsubscribe: self.broker.unsubscribe,
            Call: self.dealer.call,
            Cancel: self.dealer.cancel,
            Yield: self.dealer.yield_,
            Error: self.dealer.error,
            Register: self.dealer.register,
            Unregister: self.dealer.unregister,
            EventReceived: self._event_received,
        }

    def attach(self, session: Session) -> None:
        """Let a session in."""
        self.sessions[session.id] = session
        self._tell(facts.SessionJoined(session))

    def detach(self, session: Session) -> list[Delivery]:
        """Forget a session that has left or is lost, and return what others must hear of it."""
        if self.sessions.pop(session.id, None) is None:
            return []
        deliveries = self.dealer.detach(session)
        self.broker.detach(session)
        self._tell(facts.SessionLeft(session))
        return deliveries

    def handle(self, session: Session, message: Message) -> list[Delivery]:
        """Return what an authorized message leads to; raise ProtocolViolation if it breaks the rules."""
        try:
            return self._routes[type(message)](session, message)
        except RequestError as error:
            return self.refuse(session, message, error)

    @staticmethod
    def refuse(session: Session, message: Any, error: RequestError) -> list[Delivery]:
        """Answer a request with an error. A publication that asks for no acknowledgement never gets one."""
        if type(message) is Publish and not message.options.get("acknowledge"):
            return []
        return [refusal(session, message.CODE, message.request, error)]

    @staticmethod
    def _event_received(_session: Session, _message: EventReceived) -> list[Delivery]:
        """Nothing waits for acknowledgements of events yet: none are asked for."""
        return []
